/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_HOST_H
#define _SELFTESTS_MP_HOST_H

/*
 * Asking QEMU, whose machine protocol the bench speaks for us (tools/qmp.py): a
 * line is printed, the answer is a line of JSON on the same serial line.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MP_HOST_ANSWER	4096
#ifndef MP_HOST_PATIENCE
#define MP_HOST_PATIENCE 60000	/* ms, of the guest's time */
#endif

/* MiB, as the bench has told us; 0 if it has not. */
static inline unsigned long mp_host_memory(void)
{
	const char *text = getenv("mp_memory");

	return text ? strtoul(text, NULL, 10) : 0;
}

static inline int mp_host_line(void)
{
	const char *report = getenv("mp_report");
	char path[64];

	snprintf(path, sizeof(path), "/dev/%s", report ?: "");
	return open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
}

/* Return: 0, or -errno if no whole line comes. */
static inline int mp_host_read(int fd, char *answer)
{
	struct pollfd event = { .fd = fd, .events = POLLIN };
	size_t used = 0;

	while (used < MP_HOST_ANSWER - 1) {
		if (poll(&event, 1, MP_HOST_PATIENCE) != 1)
			return -ETIMEDOUT;
		if (read(fd, answer + used, 1) != 1)
			return -EIO;
		if (answer[used] == '\n') {
			answer[used] = '\0';
			return 0;
		}
		used++;
	}
	return -EMSGSIZE;
}

static inline void mp_host_say(const char *format, va_list args)
{
	char line[1024];
	char *quote = line;

	vsnprintf(line, sizeof(line), format, args);
	while ((quote = strchr(quote, '\'')))
		*quote = '"';
	printf("mp-ask: %s\n", line);
	fflush(stdout);
}

/**
 * mp_host_ask() - have QEMU do something and say how it went
 * @answer: MP_HOST_ANSWER bytes, for JSON
 * @format: a command of QMP, and its arguments in JSON, but with single quotes
 *
 * Return: 0, -EREMOTEIO if QEMU says that it is an error, or another error.
 */
__attribute__((format(printf, 2, 3)))
static inline int mp_host_ask(char *answer, const char *format, ...)
{
	int fd = mp_host_line(), err;
	va_list args;

	if (fd < 0)
		return -errno;
	va_start(args, format);
	mp_host_say(format, args);
	va_end(args);
	err = mp_host_read(fd, answer);
	close(fd);
	if (!err && !strncmp(answer, "{\"error\"", 8))
		err = -EREMOTEIO;
	return err;
}

/* The number that follows the first @key, or -ENOENT. */
static inline long long mp_host_number(const char *answer, const char *key)
{
	char quoted[80];
	const char *place;

	snprintf(quoted, sizeof(quoted), "\"%s\": ", key);
	place = strstr(answer, quoted);
	return place ? strtoll(place + strlen(quoted), NULL, 10) : -ENOENT;
}

/* How often QEMU has traced @event, or -errno. */
static inline long long mp_host_traced(const char *event)
{
	char answer[MP_HOST_ANSWER];
	int err = mp_host_ask(answer, "trace-count {'event': '%s'}", event);

	return err ?: mp_host_number(answer, "return");
}

#endif /* _SELFTESTS_MP_HOST_H */
