/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_CPU_LISTS_H
#define _SELFTESTS_MP_CPU_LISTS_H

/*
 * Free pages that /proc/meminfo does not count: the page allocator keeps them
 * in lists of each CPU, which since 6.7 grow with what is freed there.
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

#endif /* _SELFTESTS_MP_CPU_LISTS_H */
