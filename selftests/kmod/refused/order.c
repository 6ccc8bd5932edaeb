// SPDX-License-Identifier: GPL-2.0
/*
 * The VM moves single pages: there is no order to ask for.
 *
 * refused: too many arguments to function 'movable_page_alloc'
 */
#include <linux/movable_pool.h>

int refused(struct movable_pool *pool, struct movable_page *mp);
int refused(struct movable_pool *pool, struct movable_page *mp)
{
#ifdef MISTAKE
	return movable_page_alloc(pool, mp, GFP_KERNEL, 2);
#else
	return movable_page_alloc(pool, mp, GFP_KERNEL);
#endif
}
