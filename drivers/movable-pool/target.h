/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_TARGET_H
#define _MOVABLE_POOL_TARGET_H

/* Where pages of a directed move go. */

#include <linux/movable_move.h>
#include <linux/nodemask.h>

/**
 * struct mp_target - the frames for a directed move
 * @pool: whose pages
 * @move: what the owner wants
 * @full: nodes that had no memory in this pass
 */
struct mp_target {
	const struct movable_pool *pool;
	const struct movable_move *move;
	nodemask_t full;
};

int mp_target_check(const struct movable_move *move);
bool mp_target_stays(const struct mp_target *target, int nid);
struct page *mp_target_new(struct mp_target *target, struct movable_page *mp,
			   unsigned long pfn, int nid);
void mp_target_unused(struct mp_target *target, struct page *page);

#endif /* _MOVABLE_POOL_TARGET_H */
