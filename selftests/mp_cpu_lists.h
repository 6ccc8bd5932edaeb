/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_CPU_LISTS_H
#define _SELFTESTS_MP_CPU_LISTS_H

/*
 * Free pages that /proc/meminfo does not count, and compaction does not find:
 * the page allocator keeps them in lists of each CPU, which since 6.7 grow with
 * what is freed there; and what is freed, but not free.
 */

#include <stdlib.h>
#include <string.h>

#include "mp_file.h"

/* Return: pages, of all zones. */
static inline long mp_pages_on_cpu_lists(void)
{
	static char text[1 << 16];
	const char *at = text;
	long n = 0;

	mp_read_file("/proc/zoneinfo", text, sizeof(text));
	while ((at = strstr(at, " count:"))) {
		at += strlen(" count:");
		n += strtol(at, NULL, 10);
	}
	return n;
}

/* Return: kB that nobody has. */
static inline long mp_free_kb(void)
{
	return mp_read_field("/proc/meminfo", "MemFree") +
	       mp_pages_on_cpu_lists() * mp_page_kb();
}

/* With what transparent huge pages ask for they hold 7000 pages of 1 GiB. */
#define MP_RESERVE	"/proc/sys/vm/min_free_kbytes"

/* Return: the reserve as it was, kB, to be written there again, or -errno. */
static inline long mp_cpu_lists_shorten(void)
{
	long was = mp_read_long(MP_RESERVE);

	return mp_write_long(MP_RESERVE, 4096) ?: was;
}

/* Return: kB in which KASAN, if there is one, keeps what was freed last. */
static inline long mp_kasan_keeps_kb(void)
{
	return mp_read_field("/proc/meminfo", "MemTotal") / 32;
}

#endif /* _SELFTESTS_MP_CPU_LISTS_H */
