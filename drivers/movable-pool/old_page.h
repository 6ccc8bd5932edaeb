/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_OLD_PAGE_H
#define _MOVABLE_POOL_OLD_PAGE_H

/* The page that a move has left. */

#include "debug.h"

struct page;

/*
 * What is in each byte of it, with debug on.  No byte of linux/poison.h; eight
 * of them are no address of x86-64 or arm64.
 */
#define MP_OLD_PAGE_BYTE	0xdb

void mp_old_page_spoil(struct page *page);

/* The move has ended, the driver was told: nobody may look at @page. */
static __always_inline void mp_old_page_end(struct page *page)
{
	if (mp_debugging())
		mp_old_page_spoil(page);
}

#endif /* _MOVABLE_POOL_OLD_PAGE_H */
