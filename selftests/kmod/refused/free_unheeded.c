// SPDX-License-Identifier: GPL-2.0
/*
 * The object of a page that could not be freed is not the driver's yet.
 *
 * refused: ignoring return value of 'movable_page_free'
 */
#include <linux/movable_pool.h>
#include <linux/slab.h>

void refused(struct movable_page *mp);
void refused(struct movable_page *mp)
{
#ifdef MISTAKE
	movable_page_free(mp);
	kfree(mp);
#else
	if (!movable_page_free(mp))
		kfree(mp);
#endif
}
