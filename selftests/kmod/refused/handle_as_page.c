// SPDX-License-Identifier: GPL-2.0
/*
 * A handle has no reference to hand over, or to put.
 *
 * refused: passing argument 1 of 'put_page' from incompatible
 */
#include <linux/mm.h>
#include <linux/movable_pool.h>

void refused(struct movable_page *mp);
void refused(struct movable_page *mp)
{
#ifdef MISTAKE
	put_page(mp);
#else
	movable_page_unpin(mp);
#endif
}
