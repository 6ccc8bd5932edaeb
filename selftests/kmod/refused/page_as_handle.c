// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver keeps is a handle, and a page is none.
 *
 * refused: passing argument 1 of 'movable_page_free' from incompatible
 */
#include <linux/movable_pool.h>

int refused(struct movable_page *mp, struct page *page);
int refused(struct movable_page *mp, struct page *page)
{
#ifdef MISTAKE
	return movable_page_free(page);
#else
	return movable_page_free(mp);
#endif
}
