/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_DEBUG_H
#define _SELFTESTS_MP_DEBUG_H

/* Debug checks of movable_pool_test.ko.  0 or more, or -errno. */

#include "mp_books.h"
#include "mp_file.h"

#define MP_DEBUG	"/sys/module/movable_pool_test/parameters/debug"
/* What is in an old page, and the stale reader's first word of one. */
#define MP_DEBUG_OLD	0xdbdbdbdbdbdbdbdbULL

static inline int mp_debug_set(int on)
{
	return mp_write_file(MP_DEBUG, on ? "1" : "0");
}

/* Return: whether it is on, as the parameter says. */
static inline int mp_debug_is_on(void)
{
	char text[8];
	int n = mp_read_file(MP_DEBUG, text, sizeof(text));

	return n < 0 ? n : *text == 'Y';
}

/* A file of the only pool of this name.  Return: its length. */
static inline int mp_debug_read(const char *pool, const char *file, char *text,
				int size)
{
	char pattern[128], path[256];

	snprintf(pattern, sizeof(pattern), MP_DEBUGFS "%s-*/%s", pool, file);
	if (mp_find_file(pattern, path, sizeof(path)) != 1)
		return -ENOENT;
	return mp_read_file(path, text, size);
}

/**
 * struct mp_unpublished - a line of a pool's list
 * @seconds: -1 if that is not known
 * @pfn: frame
 * @zone: its name
 * @task: who has allocated it, "-" if that is not known
 * @pid: -1 if that is not known
 * @caller: the function
 */
struct mp_unpublished {
	long seconds;
	unsigned long pfn;
	char zone[16];
	char task[32];
	int pid;
	char caller[64];
};

/* Return: whether the line is as it should be. */
static inline int mp_unpublished_parse(const char *line,
				       struct mp_unpublished *entry)
{
	char seconds[16], pid[16];

	if (sscanf(line, "%15s %lu %15s %31s %15s %63s", seconds, &entry->pfn,
		   entry->zone, entry->task, pid, entry->caller) != 6)
		return 0;
	entry->seconds = strcmp(seconds, "unknown") ? atol(seconds) : -1;
	entry->pid = strcmp(pid, "-") ? atoi(pid) : -1;
	return 1;
}

/*
 * Return: how many pages are listed; the first @max are in @entries.  -EILSEQ
 * for a line that is odd, but for a remark at the end.
 */
static inline int mp_unpublished(const char *pool,
				 struct mp_unpublished *entries, int max)
{
	static char text[1 << 17];
	int n = mp_debug_read(pool, "unpublished", text, sizeof(text));
	struct mp_unpublished rest;
	char *line, *at = text;

	if (n < 0)
		return n;
	for (n = 0; (line = strsep(&at, "\n")) && *line && *line != '#'; n++)
		if (!mp_unpublished_parse(line, n < max ? &entries[n] : &rest))
			return -EILSEQ;
	return n;
}

#endif /* _SELFTESTS_MP_DEBUG_H */
