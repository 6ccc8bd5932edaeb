// SPDX-License-Identifier: GPL-2.0
/* What it costs to move a page: whole pageblocks of a subject's are evicted. */

#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/timekeeping.h>

#include "bench.h"
#include "compat/compat.h"

#define MOST_BLOCKS	16

static int bench_block_order(const void *one, const void *other)
{
	unsigned long a = *(const unsigned long *)one;
	unsigned long b = *(const unsigned long *)other;

	return a < b ? -1 : a > b;
}

/* Which blocks have all pages the subject's: those in the list often enough. */
static unsigned int bench_full(unsigned long *blocks, unsigned long count)
{
	unsigned long i, first = 0;
	unsigned int full = 0;

	sort(blocks, count, sizeof(*blocks), bench_block_order, NULL);
	for (i = 0; i < count && full < MOST_BLOCKS; i++) {
		if (blocks[i] != blocks[first])
			first = i;
		if (i - first + 1 == pageblock_nr_pages)
			blocks[full++] = blocks[i];
	}
	return full;
}

/* One in which somebody has a page at this moment is not counted. */
static int bench_evict(unsigned long block, struct bench_figures *figures)
{
	unsigned long pfn = block << pageblock_order;
	u64 start = ktime_get_ns();
	int err = bench_compat_contig(pfn, pageblock_nr_pages);

	if (err)
		return err == -EBUSY ? 0 : err;
	bench_figures_add(figures, ktime_get_ns() - start);
	free_contig_range(pfn, pageblock_nr_pages);
	cond_resched();
	return 0;
}

/* The pages are there, and none has moved. */
static int bench_move_blocks(const struct bench_subject *subject,
			     unsigned long *blocks, unsigned long count,
			     struct seq_file *file)
{
	struct bench_figures figures;
	unsigned int full, i;
	int err;

	for (i = 0; i < count; i++) {
		struct page *page = subject->page(i);

		if (!page)
			return -ENOENT;
		blocks[i] = page_to_pfn(page) >> pageblock_order;
	}
	full = bench_full(blocks, count);
	if (!full)
		return -ENOSPC;
	err = bench_figures_begin(&figures, full);
	for (i = 0; i < full && !err; i++)
		err = bench_evict(blocks[i], &figures);
	if (!err && !figures.n)
		err = -EBUSY;
	if (!err)
		bench_figures_print(&figures, file, subject, "move",
				    pageblock_nr_pages);
	bench_figures_end(&figures);
	return err;
}

static int bench_move_some(const struct bench_subject *subject,
			   unsigned long *blocks, unsigned long count,
			   struct seq_file *file)
{
	int err = bench_call(subject, BENCH_ALLOC, 0, count);

	if (err)
		return err;
	err = bench_call(subject, BENCH_PUBLISH, 0, count) ?:
	      bench_move_blocks(subject, blocks, count, file);
	bench_call(subject, BENCH_FREE, 0, count);
	return err;
}

/**
 * bench_move() - what it costs to move a page
 * @subject: who is measured
 * @count: pages to have, so that there are blocks full of them
 * @file: gets a line as from bench_cost()
 *
 * Context: May sleep.
 * Return: 0; -EOPNOTSUPP if its pages do not move; -ENOSPC if no pageblock is
 * full of its pages; -EBUSY if none could be emptied; or an error.  All pages
 * are freed.
 */
int bench_move(const struct bench_subject *subject, unsigned long count,
	       struct seq_file *file)
{
	unsigned long *blocks;
	int err;

	if (!subject->page)
		return -EOPNOTSUPP;
	blocks = kvcalloc(count, sizeof(*blocks), GFP_KERNEL);
	if (!blocks)
		return -ENOMEM;
	err = subject->begin ? subject->begin(count) : 0;
	if (!err) {
		err = bench_move_some(subject, blocks, count, file);
		if (subject->end)
			subject->end();
	}
	kvfree(blocks);
	return err;
}
