/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_ELSEWHERE_H
#define _SELFTESTS_MP_ELSEWHERE_H

/*
 * Pages whose frames can be had.  alloc_contig_range() refuses a frame if in
 * its block there is memory that was in use before the page allocator began;
 * that is taken from the end of memory first, so ZONE_MOVABLE has such blocks,
 * too.  Whoever takes all that is left free in them has everything else
 * elsewhere.
 */

#include <linux/kernel-page-flags.h>
#include <sched.h>
#include <sys/mman.h>

#include "mp_driver.h"
#include "mp_file.h"

/* linux/kernel-page-flags.h of the kernel alone */
#define MP_KPF_RESERVED		32

/* On each CPU, for each has pages of its own to give first. */
#define MP_ELSEWHERE_PAGES	1536

static inline int mp_block_look(__u64 block)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	__u64 flags[MP_BLOCK];
	int reserved, i;

	reserved = pread(fd, flags, sizeof(flags), block * sizeof(flags)) !=
		   sizeof(flags);
	for (i = 0; i < MP_BLOCK && !reserved; i++)
		reserved = !!(flags[i] & (1ULL << MP_KPF_RESERVED |
					  1ULL << KPF_NOPAGE));
	close(fd);
	return reserved;
}

/* Such memory stays what it is: one look at a block is enough. */
static inline int mp_block_is_reserved(__u64 pfn)
{
	static enum { UNKNOWN, RESERVED, FREE } seen[1024];
	__u64 block = pfn / MP_BLOCK;

	if (block >= 1024)
		return mp_block_look(block);
	if (seen[block] == UNKNOWN)
		seen[block] = mp_block_look(block) ? RESERVED : FREE;
	return seen[block] == RESERVED;
}

/* Gives back what is of use to others: runs of pages at once. */
static inline void mp_elsewhere_return(char *memory, const __u64 *entries)
{
	const __u64 frame = (1ULL << 55) - 1;
	size_t page = mp_page_size();
	int i, first = 0;

	for (i = 0; i <= MP_ELSEWHERE_PAGES; i++) {
		if (i < MP_ELSEWHERE_PAGES &&
		    !mp_block_is_reserved(entries[i] & frame))
			continue;
		if (i > first)
			madvise(memory + first * page, (i - first) * page,
				MADV_DONTNEED);
		first = i + 1;
	}
}

/* All is taken before any is given back, or it would be taken again. */
static inline void mp_elsewhere_take(void)
{
	size_t page = mp_page_size(), bytes = MP_ELSEWHERE_PAGES * page;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entries[MP_ELSEWHERE_PAGES] = {};
	int i;

	madvise(memory, bytes, MADV_NOHUGEPAGE);
	for (i = 0; i < MP_ELSEWHERE_PAGES; i++)
		memory[i * page] = 1;
	if (pread(fd, entries, sizeof(entries), (unsigned long)memory / page *
		  sizeof(entries[0])) == sizeof(entries))
		mp_elsewhere_return(memory, entries);
	close(fd);
}

/* Once for a process, which keeps it until it ends. */
static inline void mp_elsewhere(void)
{
	static int done;
	cpu_set_t all, one;
	int cpu;

	if (done++ || sched_getaffinity(0, sizeof(all), &all))
		return;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		mp_elsewhere_take();
	}
	sched_setaffinity(0, sizeof(all), &all);
}

#endif /* _SELFTESTS_MP_ELSEWHERE_H */
