// SPDX-License-Identifier: GPL-2.0
/* Into an array by this name since 6.14. */
#include <linux/gfp.h>

unsigned long probe(struct page **pages);
unsigned long probe(struct page **pages)
{
	return alloc_pages_bulk(GFP_KERNEL, 1, pages);
}
