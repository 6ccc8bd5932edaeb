// SPDX-License-Identifier: GPL-2.0
/*
 * Scatterlists of pinned pages.
 */

#include <linux/mm.h>
#include <linux/movable_sg.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/compat_sg.h"
#include "fault.h"
#include "internal.h"
#include "set.h"

static int mp_sg_fill(struct sg_table *table, struct page **pages,
		      unsigned int n, unsigned int max_segment)
{
	memset(table, 0, sizeof(*table));
	if (mp_fail(MP_FAIL_SG_TABLE))
		return -ENOMEM;
	return mp_compat_sg_fill(table, pages, n, max_segment);
}

static int mp_sg_pin(struct sg_table *table, const struct mp_set *set,
		     struct page **pages, unsigned int max_segment)
{
	int err = mp_pin_set(set, pages);

	if (err)
		return err;
	err = mp_sg_fill(table, pages, set->n, max_segment);
	if (err)
		mp_unpin_set(set);
	return err;
}

/**
 * movable_sg_pin() - a scatterlist of the pages of an array
 * @table: filled in; no table that is in use
 * @mps: handles with pages
 * @n: how many, at least one
 * @max_segment: most bytes in a segment, as dma_get_max_seg_size() gives it;
 *	rounded down to whole pages, at least one; UINT_MAX for any number
 *
 * The pages are pinned until movable_sg_unpin().  Those that happen to lie side
 * by side in memory are one segment.
 *
 * Context: May sleep.  Not in a driver op, nor under a lock that one takes.
 * Return: 0; with none pinned and no table: -EINVAL for @n 0 or a @max_segment
 * that is less than a page; -ENOMEM; or as movable_page_pin() returns.
 */
int movable_sg_pin(struct sg_table *table, struct movable_page *mps,
		   unsigned int n, unsigned int max_segment)
{
	struct mp_set set = { .array = mps, .n = n };
	struct page **pages = NULL;
	int err;

	max_segment &= PAGE_MASK;
	if (!n || !max_segment)
		return -EINVAL;
	if (!mp_fail(MP_FAIL_SG_PAGES))
		pages = kvmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	err = mp_sg_pin(table, &set, pages, max_segment);
	kvfree(pages);
	return err;
}
EXPORT_SYMBOL_GPL(movable_sg_pin);

/**
 * movable_sg_unpin() - end a scatterlist
 * @table: that movable_sg_pin() has filled in, no longer mapped for a device
 * @mps: the same handles
 * @n: how many
 *
 * Context: Any but NMI, so also where a device says that it has done; with
 * PREEMPT_RT no hard interrupt, nor under a raw spinlock.
 */
void movable_sg_unpin(struct sg_table *table, struct movable_page *mps,
		      unsigned int n)
{
	sg_free_table(table);
	movable_array_unpin(mps, n);
}
EXPORT_SYMBOL_GPL(movable_sg_unpin);
