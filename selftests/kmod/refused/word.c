// SPDX-License-Identifier: GPL-2.0
/*
 * The handle's word is nobody's to read: it has no address in it, nor a flag.
 *
 * refused: invalid operands to binary &
 */
#include <linux/movable_pool.h>

bool refused(struct movable_page *mp);
bool refused(struct movable_page *mp)
{
	if (movable_page_state(mp) == MOVABLE_PAGE_LIVE)
		return true;
#ifdef MISTAKE
	if (mp->word & 1)
		return true;
#endif
	return false;
}
