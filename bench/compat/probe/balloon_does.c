// SPDX-License-Identifier: GPL-2.0
/* A balloon infrastructure that has the driver exchange the pages. */
#include <linux/balloon_compaction.h>
#include <linux/mm.h>

#ifndef CONFIG_BALLOON_COMPACTION
#error "its pages do not move"
#endif

int probe(struct balloon_dev_info *info, struct page *page);
int probe(struct balloon_dev_info *info, struct page *page)
{
	balloon_page_insert(info, page);
	return MIGRATEPAGE_SUCCESS;
}
