// SPDX-License-Identifier: GPL-2.0
/*
 * A page that could not be pinned may move: the driver has to look.
 *
 * refused: ignoring return value of 'movable_page_pin'
 */
#include <linux/movable_pool.h>

int refused(struct movable_page *mp);
int refused(struct movable_page *mp)
{
#ifdef MISTAKE
	movable_page_pin(mp);
	return 0;
#else
	return movable_page_pin(mp);
#endif
}
