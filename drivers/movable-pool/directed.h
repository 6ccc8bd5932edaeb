/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_DIRECTED_H
#define _MOVABLE_POOL_DIRECTED_H

/*
 * A directed move (directed.c), and the list of pages that it is about
 * (directed_list.c).
 */

#include <linux/movable_move.h>
#include <linux/types.h>

#include "target.h"

/* What has become of a page. */
enum mp_item_fate {
	MP_ITEM_PENDING,
	MP_ITEM_MOVED,
	MP_ITEM_STAYED,
	MP_ITEM_LEFT,
	MP_ITEM_GONE,		/* of a whole pool: not the pool's any more */
};

/**
 * struct mp_item - a page to be moved
 * @mp: its handle, of a whole pool a name
 * @fate: enum mp_item_fate
 * @why: enum movable_left_why, if pending or left
 * @seen: of a whole pool: found in the census
 */
struct mp_item {
	struct movable_page *mp;
	u8 fate;
	u8 why;
	bool seen;
};

/**
 * struct mp_directed - a directed move at work
 * @pool: whose pages
 * @move: what the owner wants
 * @whole: all of them, known by name
 * @target: where they go
 * @items: the pages; of a whole pool sorted by name
 * @nr: how many
 * @room: for so many
 * @done: not pending any more
 * @steps: tries, for the next report
 * @err: what has ended it before its end
 */
struct mp_directed {
	struct movable_pool *pool;
	const struct movable_move *move;
	bool whole;
	struct mp_target target;
	struct mp_item *items;
	unsigned long nr;
	unsigned long room;
	unsigned long done;
	unsigned long steps;
	int err;
};

int mp_list_set(struct mp_directed *d, struct movable_page **mps,
		unsigned long n);
int mp_list_whole(struct mp_directed *d);
struct mp_item *mp_list_find(struct mp_directed *d, struct movable_page *mp);
void mp_list_census(struct mp_directed *d);
void mp_list_free(struct mp_directed *d);

#endif /* _MOVABLE_POOL_DIRECTED_H */
