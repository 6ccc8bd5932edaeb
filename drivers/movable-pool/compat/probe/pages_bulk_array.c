// SPDX-License-Identifier: GPL-2.0
/* Into an array by this name from 5.13 to 6.13. */
#include <linux/gfp.h>

unsigned long probe(struct page **pages);
unsigned long probe(struct page **pages)
{
	return alloc_pages_bulk_array(GFP_KERNEL, 1, pages);
}
