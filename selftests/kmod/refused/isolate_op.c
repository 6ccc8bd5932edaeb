// SPDX-License-Identifier: GPL-2.0
/*
 * The VM's callbacks are the framework's: a driver has no isolate to get wrong.
 *
 * refused: has no member named 'isolate_page'
 */
#include <linux/movable_pool.h>

void refused(struct movable_pool_ops *ops);
void refused(struct movable_pool_ops *ops)
{
	ops->migrate = NULL;
#ifdef MISTAKE
	ops->isolate_page = NULL;
#endif
}
