/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MEMMAP_FRAMES_H
#define _MEMMAP_FRAMES_H

/*
 * What the kernel says of each frame that no pool owns, counted by pageblock.
 *
 * Of /proc/kpageflags only bits that Documentation/admin-guide/mm/pagemap.rst
 * promises are used; those from 32 on, for kernel hackers, are not.
 */

#include <fcntl.h>
#include <unistd.h>

#include "owned.h"

#define KPAGEFLAGS	"/proc/kpageflags"
#define KPAGECOUNT	"/proc/kpagecount"

#define KPF(bit)	(1ULL << (bit))
#define KPF_UPTODATE	KPF(3)
#define KPF_LRU		KPF(5)
#define KPF_SLAB	KPF(7)
#define KPF_BUDDY	KPF(10)
#define KPF_MMAP	KPF(11)
#define KPF_ANON	KPF(12)
#define KPF_HUGE	KPF(17)
#define KPF_UNEVICTABLE	KPF(18)
#define KPF_HWPOISON	KPF(19)
#define KPF_NOPAGE	KPF(20)
#define KPF_THP		KPF(22)
#define KPF_OFFLINE	KPF(23)
#define KPF_ZERO_PAGE	KPF(24)
#define KPF_PGTABLE	KPF(26)

#define FRAMES_AT_ONCE	(1UL << 14)

enum kind {
	KIND_FREE,
	KIND_ANON,	/* memory of processes */
	KIND_MAPPED,	/* of files, and processes have it mapped */
	KIND_FILE,	/* of files, and nobody has */
	KIND_HUGE,	/* hugetlb */
	KIND_SLAB,
	KIND_TABLE,	/* page tables */
	KIND_DRIVER,	/* a driver's, that processes have mapped */
	KIND_KERNEL,	/* all else, and free ones that a CPU keeps */
	KIND_OFFLINE,	/* in a balloon, or unplugged by pages */
	KIND_POISONED,
	KINDS,
	KIND_ABSENT,
};

static const char * const kind_names[KINDS] = {
	[KIND_FREE] = "free",
	[KIND_ANON] = "anon",
	[KIND_MAPPED] = "mapped",
	[KIND_FILE] = "file",
	[KIND_HUGE] = "huge",
	[KIND_SLAB] = "slab",
	[KIND_TABLE] = "table",
	[KIND_DRIVER] = "driver",
	[KIND_KERNEL] = "kernel",
	[KIND_OFFLINE] = "offline",
	[KIND_POISONED] = "poisoned",
};

/*
 * A page of a file that is on its way to the LRU has no KPF_LRU yet, but it is
 * up to date, which a driver's that is mapped is not.
 */
static inline bool frame_of_file(uint64_t flags)
{
	return flags & (KPF_LRU | KPF_UNEVICTABLE | KPF_THP) ||
	       (flags & KPF_MMAP && flags & KPF_UPTODATE);
}

static inline enum kind frame_kind(uint64_t flags, uint64_t mapped)
{
	if (flags & KPF_NOPAGE)
		return KIND_ABSENT;
	if (flags & KPF_HWPOISON)
		return KIND_POISONED;
	if (flags & KPF_BUDDY)
		return KIND_FREE;
	if (flags & KPF_OFFLINE)
		return KIND_OFFLINE;
	if (flags & KPF_SLAB)
		return KIND_SLAB;
	if (flags & KPF_PGTABLE)
		return KIND_TABLE;
	if (flags & KPF_HUGE)
		return KIND_HUGE;
	if (flags & KPF_ZERO_PAGE)
		return KIND_KERNEL;
	if (flags & KPF_ANON)
		return KIND_ANON;
	if (frame_of_file(flags))
		return mapped ? KIND_MAPPED : KIND_FILE;
	return mapped ? KIND_DRIVER : KIND_KERNEL;
}

/* Blocks in a row that have the same in them. */
struct frames_run {
	unsigned long first, nr;
	unsigned int pages[KINDS];
};

static inline bool frames_any(const unsigned int *pages)
{
	int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (pages[kind])
			return true;
	return false;
}

/* "blocks FIRST COUNT kind=pages ...", of each block */
static inline void frames_write(const struct frames_run *run)
{
	int kind;

	if (!run->nr || !frames_any(run->pages))
		return;
	printf("blocks %lu %lu", run->first, run->nr);
	for (kind = 0; kind < KINDS; kind++)
		if (run->pages[kind])
			printf(" %s=%u", kind_names[kind], run->pages[kind]);
	printf("\n");
}

static inline void frames_add(struct frames_run *run, unsigned long block,
			      const unsigned int *pages)
{
	if (run->nr && !memcmp(run->pages, pages, sizeof(run->pages))) {
		run->nr++;
		return;
	}
	frames_write(run);
	run->first = block;
	run->nr = 1;
	memcpy(run->pages, pages, sizeof(run->pages));
}

static inline int frames_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(errno == EACCES ? "%s is for root alone" : "%s", path);
	return fd;
}

/* Return: how many words there are from frame @first on, up to @nr. */
static inline size_t frames_read(int fd, unsigned long first, size_t nr,
				 uint64_t *words)
{
	size_t done = 0;
	ssize_t got;

	do {
		got = pread(fd, (char *)words + done, nr * 8 - done,
			    first * 8 + done);
		if (got < 0)
			die("reading of frame %lu", first);
		done += got;
	} while (got && done < nr * 8);
	return done / 8;
}

static inline void frames_count(const struct owned *owned, unsigned long first,
				size_t nr, const uint64_t *flags,
				const uint64_t *mapped, unsigned int *pages)
{
	enum kind kind;
	size_t i;

	memset(pages, 0, KINDS * sizeof(*pages));
	for (i = 0; i < nr; i++) {
		if (owned_has(owned, first + i))
			continue;
		kind = frame_kind(flags[i], mapped[i]);
		if (kind != KIND_ABSENT)
			pages[kind]++;
	}
}

/* @block: pages in a pageblock.  Return: one more than the last frame. */
static inline unsigned long frames_capture(const struct owned *owned,
					   unsigned long block)
{
	size_t chunk = block > FRAMES_AT_ONCE ? block : FRAMES_AT_ONCE;
	uint64_t *flags = text_room(NULL, chunk, sizeof(*flags));
	uint64_t *mapped = text_room(NULL, chunk, sizeof(*mapped));
	int fd = frames_open(KPAGEFLAGS), counts = frames_open(KPAGECOUNT);
	struct frames_run run = { 0 };
	unsigned int pages[KINDS];
	unsigned long first = 0;
	size_t nr, i, part;

	do {
		nr = frames_read(fd, first, chunk, flags);
		part = frames_read(counts, first, nr, mapped);
		memset(mapped + part, 0, (nr - part) * sizeof(*mapped));
		for (i = 0; i < nr; i += block) {
			part = nr - i < block ? nr - i : block;
			frames_count(owned, first + i, part, flags + i,
				     mapped + i, pages);
			frames_add(&run, (first + i) / block, pages);
		}
		first += nr;
	} while (nr == chunk);
	frames_write(&run);
	close(counts);
	close(fd);
	free(mapped);
	free(flags);
	return first;
}

#endif /* _MEMMAP_FRAMES_H */
