// SPDX-License-Identifier: GPL-2.0
/* memset_page(): since 5.13 */
#include <linux/highmem.h>

void probe(struct page *page);
void probe(struct page *page)
{
	memset_page(page, 0, 0, PAGE_SIZE);
}
