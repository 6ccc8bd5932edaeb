/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SAMPLES_DEMO_MEMORY_H
#define _SAMPLES_DEMO_MEMORY_H

/* A picture of physical memory, and of a pool's pages in it. */

#include <glob.h>
#include <stdbool.h>

#include "demo.h"

struct block {
	unsigned int free, ours, user, fixed;
};

/* A file of the only pool of that name. */
static inline const char *pool_file(const char *pool, const char *name)
{
	static char path[256];
	char pattern[128];
	glob_t g;

	snprintf(pattern, sizeof(pattern),
		 "/sys/kernel/debug/movable_pool/%s-*", pool);
	if (glob(pattern, 0, NULL, &g))
		die("debugfs has no pool");
	snprintf(path, sizeof(path), "%s/%s", g.gl_pathv[0], name);
	globfree(&g);
	return path;
}

static inline unsigned long pool_stat(const char *pool, const char *name)
{
	return value_of(pool_file(pool, "stats"), name);
}

static inline void report_books(const char *pool)
{
	static const char * const names[] = {
		"pages", "isolated", "migrated", "putback", "released",
		"attempted", "refused_pinned", "refused_referenced",
		"refused_driver", "failed_driver", "refused_unready",
		"refused_target", "directed",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		printf("stat %s %lu\n", names[i], pool_stat(pool, names[i]));
}

/*
 * Free pages in a per-CPU list look like pages in use.  All work is done on
 * CPU 1; taking it offline gives its list back to the page allocator.
 */
static inline void drain_cpu_lists(void)
{
	run_on(0);
	put("/sys/devices/system/cpu/cpu1/online", "0");
	put("/sys/devices/system/cpu/cpu1/online", "1");
	run_on(1);
}

static inline void mark_ours(const char *pool, unsigned char *ours,
			     size_t nr_pages)
{
	FILE *f = fopen(pool_file(pool, "pages"), "r");
	unsigned long pfn;

	if (!f)
		die("pages of the pool");
	while (fscanf(f, "%lu %*s %*u", &pfn) == 1)
		if (pfn < nr_pages)
			ours[pfn] = 1;
	fclose(f);
}

static inline void count_page(struct block *b, uint64_t flags, bool ours)
{
	if (flags & KPF_ABSENT)
		return;
	if (ours)
		b->ours++;
	else if (flags & KPF_FREE)
		b->free++;
	else if (flags & KPF_USER)
		b->user++;
	else
		b->fixed++;
}

/*
 * Report every pageblock.  Possible are as many free blocks as the free pages
 * would fill that do not share a block with a page nobody can move.
 */
static inline void report_memory(const char *pool, const char *when)
{
	uint64_t *flags;
	size_t nr_pages = read_all("/proc/kpageflags", &flags);
	size_t nr_blocks = (nr_pages + BLOCK - 1) / BLOCK, i;
	struct block *blocks = calloc(nr_blocks, sizeof(*blocks));
	unsigned char *ours = calloc(nr_pages, 1);
	size_t free_blocks = 0, usable = 0;

	if (!blocks || !ours)
		die("malloc");
	mark_ours(pool, ours, nr_pages);
	for (i = 0; i < nr_pages; i++)
		count_page(&blocks[i / BLOCK], flags[i], ours[i]);

	printf("map %s", when);
	for (i = 0; i < nr_blocks; i++) {
		struct block *b = &blocks[i];

		printf(" %u,%u,%u,%u", b->free, b->ours, b->user, b->fixed);
		free_blocks += b->free == BLOCK;
		usable += b->fixed ? 0 : b->free;
	}
	printf("\nfree_blocks %s %zu\n", when, free_blocks);
	printf("possible_blocks %s %zu\n", when, usable / BLOCK);
	free(flags);
	free(blocks);
	free(ours);
}

#endif /* _SAMPLES_DEMO_MEMORY_H */
