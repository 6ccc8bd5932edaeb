// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/vmstat.h>

void probe(struct page *page);
void probe(struct page *page)
{
	inc_node_page_state(page, NR_BALLOON_PAGES);
}
