// SPDX-License-Identifier: GPL-2.0
/*
 * The page that a move has left: with debug on it is overwritten, so that who
 * has kept an address, or a device a frame, reads rubbish at once, and not only
 * when somebody else has got the frame.
 *
 * The handle has been published elsewhere, and the backing has let go of the
 * page: nobody comes to it any more by the handle, by page tables or by the
 * page cache.  That nobody had a reference but pool and mover is what the move
 * was allowed for; who has got one since, a scanner of memory or who came late
 * to a lookup, sees that it is not the page he wanted.  It still is nobody
 * else's: the mover's own reference goes after this.
 *
 * After ops->moved, in which a driver may unmap the frame for its device, and
 * with it have a bounce buffer written back.  A page that stays, for a move was
 * refused or undone, does not come here.
 */

#include <linux/mm.h>

#include "compat/compat.h"
#include "old_page.h"

/* Memory that has failed since is left alone. */
void mp_old_page_spoil(struct page *page)
{
	if (!PageHWPoison(page))
		mp_compat_fill(page, MP_OLD_PAGE_BYTE);
}
