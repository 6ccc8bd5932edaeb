/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FILE_H
#define _SELFTESTS_MP_FILE_H

/* Small files of /proc and /sys.  0 or more, or -errno. */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline int mp_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static inline int mp_write_long(const char *path, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	return mp_write_file(path, text);
}

/* Return: bytes read; @text is always a string. */
static inline int mp_read_file(const char *path, char *text, int size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int done = 0, n = 0;

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	while (done < size - 1 &&
	       (n = read(fd, text + done, size - 1 - done)) > 0)
		done += n;
	if (n < 0)
		done = -errno;
	text[done > 0 ? done : 0] = '\0';
	close(fd);
	return done;
}

static inline long mp_read_long(const char *path)
{
	char text[64];
	int n = mp_read_file(path, text, sizeof(text));

	return n < 0 ? n : strtol(text, NULL, 0);
}

static inline long mp_page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* What /proc counts in kB. */
static inline long mp_page_kb(void)
{
	return mp_page_size() / 1024;
}

/* The number after @key in a "key number" file. */
static inline long mp_read_field(const char *path, const char *key)
{
	char *text = malloc(1 << 20);
	long value = -ENOENT;
	char *line;
	int n;

	if (!text)
		return -ENOMEM;
	n = mp_read_file(path, text, 1 << 20);
	if (n < 0)
		value = n;
	for (line = text; n >= 0 && line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, strlen(key)) &&
		    strchr(": \t", line[strlen(key)])) {
			value = strtol(line + strlen(key) + 1, NULL, 10);
			break;
		}
	}
	free(text);
	return value;
}

/* Return: how many paths match @pattern; the last one is in @path. */
static inline int mp_find_file(const char *pattern, char *path, int size)
{
	glob_t found;
	int n = 0;

	path[0] = '\0';
	if (!glob(pattern, 0, NULL, &found)) {
		n = found.gl_pathc;
		snprintf(path, size, "%s", found.gl_pathv[n - 1]);
		globfree(&found);
	}
	return n;
}

#endif /* _SELFTESTS_MP_FILE_H */
