// SPDX-License-Identifier: GPL-2.0
/* Tables of pages with a limit for each segment go by this name since 5.15. */
#include <linux/scatterlist.h>

int probe(struct sg_table *table, struct page **pages);
int probe(struct sg_table *table, struct page **pages)
{
	return sg_alloc_table_from_pages_segment(table, pages, 1, 0, PAGE_SIZE,
						 PAGE_SIZE, GFP_KERNEL);
}
