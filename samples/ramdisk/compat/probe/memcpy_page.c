// SPDX-License-Identifier: GPL-2.0
/* Copies to and from a page that may have no address: since 5.12. */
#include <linux/highmem.h>

void probe(struct page *page, char *buffer);
void probe(struct page *page, char *buffer)
{
	memcpy_to_page(page, 0, buffer, 1);
	memcpy_from_page(buffer, page, 0, 1);
	memzero_page(page, 0, 1);
}
