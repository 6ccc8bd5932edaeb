/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_COMPAT_SG_H
#define _MOVABLE_POOL_COMPAT_SG_H

/* Scatterlists of pages with a limit for each segment. */

#include <linux/err.h>
#include <linux/scatterlist.h>

/* @table: all zeroes.  @max_segment: bytes, whole pages, at least one. */
static inline int mp_compat_sg_fill(struct sg_table *table, struct page **pages,
				    unsigned int n, unsigned int max_segment)
{
	unsigned long size = (unsigned long)n << PAGE_SHIFT;

#ifdef MP_HAVE_SG_SEGMENT			/* since 5.15 */
	return sg_alloc_table_from_pages_segment(table, pages, n, 0, size,
						 max_segment, GFP_KERNEL);
#else
	struct scatterlist *last;

	last = __sg_alloc_table_from_pages(table, pages, n, 0, size,
					   max_segment, NULL, 0, GFP_KERNEL);
	if (!IS_ERR(last))
		return 0;
	/* It leaves what it had when it ran out of memory. */
	sg_free_table(table);
	return PTR_ERR(last);
#endif
}

#endif /* _MOVABLE_POOL_COMPAT_SG_H */
