/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_WARNING_H
#define _SELFTESTS_MP_WARNING_H

/*
 * Kernel warnings that a test provokes.  The bench fails a run for any other,
 * and for an expected one that does not come; a test may ask for itself, too.
 *
 * The framework says its sentence each time (ten times in five seconds) and,
 * once after it was loaded, as a WARNING with a stack, which the bench notices:
 * a module's WARN_ONCE() cannot be armed again.
 */

#include "mp_file.h"

#define MP_KMSG		"/dev/kmsg"

static inline int mp_kmsg_say(const char *text, const char *more)
{
	char line[256];

	snprintf(line, sizeof(line), "%s%s", text, more);
	return mp_write_file(MP_KMSG, line);
}

/* Return: a reader, @whence SEEK_END of what the kernel says from now on. */
static inline int mp_kmsg_listen(int whence)
{
	int fd = open(MP_KMSG, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	lseek(fd, 0, whence);
	return fd;
}

/* Return: whether the kernel has said @sentence; closes the reader. */
static inline int mp_kmsg_heard(int fd, const char *sentence)
{
	char record[8192];
	int heard = 0, n;

	do {
		n = read(fd, record, sizeof(record) - 1);
		if (n < 0)
			continue;
		record[n] = '\0';
		heard |= strstr(record, sentence) &&
			 !strstr(record, "mp-expect");
	} while (n > 0 || (n < 0 && errno == EPIPE));
	close(fd);
	return heard;
}

/* Return: how many lines the kernel has said; closes the reader. */
static inline int mp_kmsg_count(int fd)
{
	char record[8192];
	int lines = 0, n;

	do {
		n = read(fd, record, sizeof(record));
		lines += n > 0;
	} while (n > 0 || (n < 0 && errno == EPIPE));
	close(fd);
	return lines;
}

/**
 * struct mp_warning - a sentence the kernel shall say
 * @sentence: plain text, and a regular expression that matches it
 * @listener: of what it says from now on
 * @spent: it has said so before, the stack will not come again
 */
struct mp_warning {
	const char *sentence;
	int listener;
	int spent;
};

static inline struct mp_warning mp_warning_begin(const char *sentence)
{
	struct mp_warning warning = { .sentence = sentence };

	warning.spent = mp_kmsg_heard(mp_kmsg_listen(SEEK_SET), sentence);
	if (!warning.spent)
		mp_kmsg_say("mp-expect-begin: ", sentence);
	warning.listener = mp_kmsg_listen(SEEK_END);
	return warning;
}

/* Return: whether the kernel said it. */
static inline int mp_warning_end(struct mp_warning *warning)
{
	int heard = mp_kmsg_heard(warning->listener, warning->sentence);

	if (!warning->spent)
		mp_kmsg_say("mp-expect-end", "");
	return heard;
}

/* @statement must provoke @said. */
#define MP_EXPECT_WARNING(said, statement) do { \
	struct mp_warning mp_warning = mp_warning_begin(said); \
	statement; \
	EXPECT_EQ(1, mp_warning_end(&mp_warning)) { \
		TH_LOG("no warning \"%s\"", mp_warning.sentence); \
	} \
} while (0)

#endif /* _SELFTESTS_MP_WARNING_H */
