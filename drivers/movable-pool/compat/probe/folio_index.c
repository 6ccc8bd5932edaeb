// SPDX-License-Identifier: GPL-2.0
/* The name of page->index since 6.16. */
#include <linux/mm_types.h>

unsigned long probe(struct page *page);
unsigned long probe(struct page *page)
{
	return page->__folio_index;
}
