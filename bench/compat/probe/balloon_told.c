// SPDX-License-Identifier: GPL-2.0
/* One that does it itself: since 7.0, when it got this member, too. */
#include <linux/balloon.h>
#include <linux/mm.h>

#if !defined(CONFIG_BALLOON_MIGRATION) && !defined(CONFIG_BALLOON_COMPACTION)
#error "its pages do not move"
#endif

void probe(struct balloon_dev_info *info);
void probe(struct balloon_dev_info *info)
{
	info->adjust_managed_page_count = false;
}
