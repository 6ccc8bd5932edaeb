// SPDX-License-Identifier: GPL-2.0
/*
 * Fills memory with a subject's pages, and leaves holes.
 *
 * All that is free is held, page by page.  Frame numbers alone choose which of
 * these pages are to be the subject's, so they are the same ones for all.  Each
 * is freed, and the subject allocates: it gets this page, for what was freed
 * last is allocated first.  Then the others are freed.
 */

#include <linux/jhash.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched.h>

#include "fill.h"
#include "free.h"

/* Takes what is free, and asks nobody to make more. */
#define HOLD_GFP	((GFP_HIGHUSER_MOVABLE & ~__GFP_RECLAIM) | __GFP_NOWARN)
/* Of the pages held, for those who allocate meanwhile: one of so many. */
#define RESERVE		32
#define PAUSE_EVERY	64	/* pages */

/* The same frames each time.  By jhash(), for what is even is not random. */
static u32 bench_fill_dice(unsigned long number, u32 throw)
{
	return jhash_1word(number, throw);
}

/* All zones keep some, or whoever has none allocates from another. */
static void bench_fill_reserve(struct list_head *held)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, held, lru) {
		if (bench_fill_dice(page_to_pfn(page), 0) % RESERVE)
			continue;
		list_del(&page->lru);
		__free_page(page);
	}
}

static void bench_fill_hold(struct list_head *held)
{
	struct page *page;
	unsigned long n;

	for (n = 0; (page = alloc_page(HOLD_GFP)); n++) {
		list_add(&page->lru, held);
		if (!(n % PAUSE_EVERY))
			cond_resched();
	}
	bench_fill_reserve(held);
}

static void bench_fill_let_go(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		__free_page(page);
		cond_resched();
	}
}

/* The subject shall have it. */
static bool bench_fill_chosen(const struct bench_fill *fill, unsigned long pfn)
{
	u32 block = pfn >> pageblock_order;

	if (fill->percent)
		return bench_fill_dice(pfn, 1) % 100 < fill->percent;
	return (bench_fill_dice(block, 1) ^ pfn) % pageblock_nr_pages == 0;
}

/* From @held to @chosen; those of one zone, which are allocated from first. */
static bool bench_fill_choose(const struct bench_fill *fill,
			      struct list_head *held,
			      struct list_head *chosen)
{
	struct page *page, *next;
	struct zone *zone = NULL;

	list_for_each_entry_safe_reverse(page, next, held, lru) {
		zone = zone ?: page_zone(page);
		if (page_zone(page) == zone &&
		    bench_fill_chosen(fill, page_to_pfn(page)))
			list_move(&page->lru, chosen);
		cond_resched();
	}
	return !list_empty(chosen);
}

/* @page, which is nobody's, becomes the subject's. */
static int bench_fill_give(struct bench_fill *fill, struct page *page)
{
	const struct bench_subject *subject = fill->subject;
	unsigned long i = fill->count;
	int err;

	if (subject->take) {
		subject->take(i, page);
	} else {
		__free_page(page);
		err = bench_call(subject, BENCH_ALLOC, i, i + 1);
		if (err)
			return err;
	}
	fill->count++;
	if (subject->page && subject->page(i) != page)
		fill->astray++;
	return bench_call(subject, BENCH_PUBLISH, i, i + 1);
}

static int bench_fill_place(struct bench_fill *fill, struct list_head *chosen)
{
	struct page *page, *next;
	int err = 0;

	list_for_each_entry_safe(page, next, chosen, lru) {
		list_del(&page->lru);
		err = bench_fill_give(fill, page);
		if (err)
			break;
		cond_resched();
	}
	return err;
}

/**
 * bench_fill_begin() - fill memory with pages of a subject
 * @fill: what comes of it
 * @subject: whose
 * @percent: of memory, at most 100; 0: a page of each pageblock
 *
 * Context: May sleep.  With more than one CPU pages go astray.
 * Return: 0; -ENOSPC if nothing was free; or the subject's error, and it has no
 * pages.
 */
int bench_fill_begin(struct bench_fill *fill,
		     const struct bench_subject *subject, unsigned int percent)
{
	LIST_HEAD(chosen);
	LIST_HEAD(held);
	int err;

	*fill = (struct bench_fill){ .percent = percent };
	/* While there is room: its arrays shall not be where the holes are. */
	err = subject->begin ? subject->begin(bench_free_pages()) : 0;
	if (err)
		return err;
	fill->subject = subject;
	bench_fill_hold(&held);
	err = bench_fill_choose(fill, &held, &chosen) ?
		      bench_fill_place(fill, &chosen) : -ENOSPC;
	bench_fill_let_go(&chosen);
	bench_fill_let_go(&held);
	if (err)
		bench_fill_end(fill);
	return err;
}

void bench_fill_print(const struct bench_fill *fill, struct seq_file *file)
{
	seq_printf(file, "%s fill %u %lu %lu\n", fill->subject->name,
		   fill->percent, fill->count, fill->astray);
}

/**
 * bench_fill_end() - free all of it
 * @fill: which has begun, and not ended
 *
 * Context: May sleep; the same process as bench_fill_begin().
 */
void bench_fill_end(struct bench_fill *fill)
{
	const struct bench_subject *subject = fill->subject;

	bench_free(subject, 0, fill->count);
	if (subject->end)
		subject->end();
	fill->subject = NULL;
}
