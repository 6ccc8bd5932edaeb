/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_MERGE_H
#define _SELFTESTS_MP_MERGE_H

/* What the kernel makes of anonymous memory: huge pages, and shared ones. */

#include <sys/mman.h>

#include "mp_file.h"

#define MP_HUGE		(2UL << 20)
#define MP_THP		"/sys/kernel/mm/transparent_hugepage/"
#define MP_KSM		"/sys/kernel/mm/ksm/"

/* Small pages that are all the same, for mp_collapse() or mp_merge(). */
static inline char *mp_map_small(size_t size)
{
	char *p = mmap(NULL, size + MP_HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (p == MAP_FAILED)
		return NULL;
	p = (char *)(((unsigned long)p + MP_HUGE - 1) & ~(MP_HUGE - 1));
	madvise(p, size, MADV_NOHUGEPAGE);
	for (i = 0; i < size; i += mp_page_size())
		p[i] = 1;
	return p;
}

/* PREEMPT_RT has none. */
static inline int mp_has_thp(void)
{
	return !access(MP_THP, F_OK);
}

static inline void mp_khugepaged_pace(const char *ms, const char *pages)
{
	mp_write_file(MP_THP "khugepaged/scan_sleep_millisecs", ms);
	mp_write_file(MP_THP "khugepaged/alloc_sleep_millisecs", ms);
	mp_write_file(MP_THP "khugepaged/pages_to_scan", pages);
}

/* Return: how many huge pages khugepaged has made of @p, after some waiting. */
static inline long mp_collapse(char *p, size_t size, long want)
{
	long before = mp_read_long(MP_THP "khugepaged/pages_collapsed");
	long done = 0;
	int tries = 600;

	mp_write_file(MP_THP "enabled", "madvise");
	madvise(p, size, MADV_HUGEPAGE);
	mp_khugepaged_pace("20", "16384");
	while (done < want && tries--) {
		usleep(50000);
		done = mp_read_long(MP_THP "khugepaged/pages_collapsed") -
		       before;
	}
	mp_khugepaged_pace("10000", "4096");
	return done;
}

/* Return: how many pages KSM has found to be the same, after some waiting. */
static inline long mp_merge(char *p, size_t size, long want)
{
	int tries = 600;
	long done = 0;

	madvise(p, size, MADV_MERGEABLE);
	mp_write_file(MP_KSM "sleep_millisecs", "10");
	mp_write_file(MP_KSM "pages_to_scan", "5000");
	mp_write_file(MP_KSM "run", "1");
	while (done < want && tries--) {
		usleep(50000);
		done = mp_read_long(MP_KSM "pages_sharing");
	}
	mp_write_file(MP_KSM "run", "2");
	return done;
}

#endif /* _SELFTESTS_MP_MERGE_H */
