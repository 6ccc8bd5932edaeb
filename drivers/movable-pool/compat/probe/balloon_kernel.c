// SPDX-License-Identifier: GPL-2.0
/*
 * A balloon infrastructure whose pages have a page type, and that itself puts
 * the page it was given on its list: since 7.0.  Until 6.19 drivers did that.
 */
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "../balloon_infra.h"

#if !defined(CONFIG_BALLOON_MIGRATION) && !defined(CONFIG_BALLOON_COMPACTION)
#error "its pages do not move"
#endif

int probe(struct balloon_dev_info *info, struct page *page,
	  struct list_head *pages);
int probe(struct balloon_dev_info *info, struct page *page,
	  struct list_head *pages)
{
	balloon_devinfo_init(info);
	/* Came with the change. */
	info->adjust_managed_page_count = false;
	return PageMovableOps(page) + balloon_page_list_dequeue(info, pages, 0);
}
