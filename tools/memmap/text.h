/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MEMMAP_TEXT_H
#define _MEMMAP_TEXT_H

/* Text files of the kernel, and how this program ends without success. */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 1, 2), noreturn))
static inline void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fprintf(stderr, "capture: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, err ? ": %s\n" : "\n", strerror(err));
	exit(1);
}

static inline FILE *text_open(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		die(errno == EACCES ? "%s is for root alone" : "%s", path);
	return file;
}

/* Return: the number after @key in the line, or -1 if it is another line. */
static inline long text_number(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

static inline void *text_room(void *old, size_t nr, size_t size)
{
	void *room = reallocarray(old, nr, size);

	if (!room)
		die("memory for %zu entries", nr);
	return room;
}

#endif /* _MEMMAP_TEXT_H */
