/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_HELD_H
#define _SELFTESTS_MP_HELD_H

/* Is a mapped page held where it is, and what do the books say of that? */

#include "mp_books.h"
#include "mp_lever.h"
#include "mp_mapped.h"

/* Most tries of one eviction, as eagain_for_ever_is_bounded_R19 has it. */
#define MP_HELD_TRIES	60

/**
 * struct mp_held - what came of somebody's wanting the frame, once
 * @err: what he was told
 * @stayed: the page is where it was
 * @moved: pages of the pool that moved meanwhile
 * @pinned: moves refused for a pin
 * @referenced: moves refused for a reference
 * @other: moves refused for something else
 */
struct mp_held {
	int err;
	int stayed;
	long moved;
	long pinned;
	long referenced;
	long other;
};

static inline int mp_held_lever_evict(const struct mp_mapped *mapped, __u64 pfn)
{
	return mp_evict(mapped->fd, pfn, 1);
}

static inline int mp_held_lever_soft_offline(const struct mp_mapped *mapped,
					     __u64 pfn)
{
	return mp_soft_offline(pfn);
}

static inline struct mp_held
mp_held_by(const struct mp_mapped *mapped, unsigned int index,
	   int (*lever)(const struct mp_mapped *mapped, __u64 pfn))
{
	struct mp_test_stats a = mp_stats_at_rest(mapped->fd, mapped->pool), b;
	__u64 pfn = mp_pfn(mapped->fd, mapped->pool, index);
	struct mp_held held;

	held.err = lever(mapped, pfn);
	held.stayed = mp_pfn(mapped->fd, mapped->pool, index) == pfn;
	b = mp_stats_at_rest(mapped->fd, mapped->pool);
	held.moved = b.migrated - a.migrated;
	held.pinned = b.refused_pinned - a.refused_pinned;
	held.referenced = b.refused_referenced - a.refused_referenced;
	held.other = mp_refused(&b) - mp_refused(&a) - held.pinned -
		     held.referenced;
	return held;
}

static inline struct mp_held mp_held(const struct mp_mapped *mapped,
				     unsigned int index)
{
	return mp_held_by(mapped, index, mp_held_lever_evict);
}

/* Who let go of it may take a moment for it.  Return: whether it has moved. */
static inline int
mp_held_moves_by(const struct mp_mapped *mapped, unsigned int index,
		 int (*lever)(const struct mp_mapped *mapped, __u64 pfn))
{
	__u64 pfn = mp_pfn(mapped->fd, mapped->pool, index);
	int tries = 100;

	while (lever(mapped, pfn) && tries--)
		usleep(20000);
	return tries >= 0 && mp_pfn(mapped->fd, mapped->pool, index) != pfn;
}

static inline int mp_held_moves(const struct mp_mapped *mapped,
				unsigned int index)
{
	return mp_held_moves_by(mapped, index, mp_held_lever_evict);
}

/* For the books, refused for @why alone, and not without end. */
#define MP_EXPECT_HELD(held, why) do { \
	struct mp_held mp_is = held; \
	long mp_why = mp_is.why; \
	EXPECT_NE(0, mp_is.err); \
	EXPECT_EQ(1, mp_is.stayed); \
	EXPECT_EQ(0, mp_is.moved); \
	EXPECT_LE(1, mp_why); \
	EXPECT_GE(MP_HELD_TRIES, mp_why); \
	EXPECT_EQ(mp_why, mp_is.pinned + mp_is.referenced + mp_is.other); \
} while (0)

#endif /* _SELFTESTS_MP_HELD_H */
