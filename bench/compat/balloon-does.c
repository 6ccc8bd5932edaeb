// SPDX-License-Identifier: GPL-2.0
/* The driver exchanges the pages: up to 6.19, as virtio_balloon does it. */

#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/vmstat.h>

#include "../balloon.h"
#include "inode.h"

/* Both are locked; @src is isolated, so it is in no list of the balloon's. */
static int balloon_migrate(struct balloon_dev_info *info, struct page *dst,
			   struct page *src, enum migrate_mode mode)
{
	unsigned long flags;

	get_page(dst);
	spin_lock_irqsave(&info->pages_lock, flags);
	balloon_page_insert(info, dst);
	info->isolated_pages--;
	__count_vm_event(BALLOON_MIGRATE);
#ifndef MP_HAVE_BALLOON_FINALIZE
	balloon_page_delete(src);
#endif
	spin_unlock_irqrestore(&info->pages_lock, flags);
#ifdef MP_HAVE_BALLOON_FINALIZE
	balloon_page_finalize(src);
#endif
	put_page(src);
	return MIGRATEPAGE_SUCCESS;
}

int bench_balloon_open(struct balloon_dev_info *info)
{
	info->migratepage = balloon_migrate;
#ifdef MP_HAVE_NONLRU_AOPS
	info->inode = bench_inode_new(&balloon_aops);
	return PTR_ERR_OR_ZERO(info->inode);
#else
	return 0;
#endif
}

void bench_balloon_close(struct balloon_dev_info *info)
{
#ifdef MP_HAVE_NONLRU_AOPS
	bench_inode_end(info->inode);
#endif
}
