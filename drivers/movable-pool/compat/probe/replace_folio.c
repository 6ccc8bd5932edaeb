// SPDX-License-Identifier: GPL-2.0
/* replace_page_cache_folio(): since 6.3; with pages before. */
#include <linux/pagemap.h>

void probe(struct folio *old, struct folio *new);
void probe(struct folio *old, struct folio *new)
{
	replace_page_cache_folio(old, new);
}
