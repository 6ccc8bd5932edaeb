// SPDX-License-Identifier: GPL-2.0
/* balloon_page_delete() in two steps: in stable updates of 2026. */
#include <linux/balloon_compaction.h>
#include <linux/mm.h>

void probe(struct page *page);
void probe(struct page *page)
{
	balloon_page_finalize(page);
}
