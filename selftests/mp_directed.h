/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_DIRECTED_H
#define _SELFTESTS_MP_DIRECTED_H

/* Directed moves by mp_test.ko, and what they leave. */

#include "mp_driver.h"

/* enum migrate_mode of include/linux/migrate_mode.h */
enum { MP_ASYNC, MP_SYNC_LIGHT, MP_SYNC };

/* enum movable_left_why of include/linux/movable_move.h */
enum {
	MP_LEFT_PINNED = 1,
	MP_LEFT_REFERENCED,
	MP_LEFT_LOCKED,
	MP_LEFT_MOVING,
	MP_LEFT_UNREADY,
	MP_LEFT_DRIVER,
	MP_LEFT_TARGET,
	MP_LEFT_NO_MEMORY,
	MP_LEFT_EMPTY,
	MP_LEFT_FOREIGN,
	MP_LEFT_STOPPED,
};

#define MP_PASSES		10	/* directed.c */
#define MP_PASSES_ASYNC		3
#define MP_PROGRESS_STEP	256
#define MP_LEFT_MAX		64	/* that a test looks at */

/**
 * struct mp_directed - a directed move and its end
 * @req: what the driver was asked and has answered; @req.err is what the call
 *	returned, or why it could not be made
 * @left: the first of the pages that were left
 */
struct mp_directed {
	struct mp_test_move req;
	struct mp_test_left left[MP_LEFT_MAX];
};

/* @move->req is filled in.  Return: what the framework's call returned. */
static inline int mp_directed_run(int fd, struct mp_directed *move)
{
	int err;

	move->req.left = (__u64)(unsigned long)move->left;
	if (!move->req.max_left)
		move->req.max_left = MP_LEFT_MAX;
	err = mp_ioctl(fd, MP_TEST_IOC_MOVE, &move->req);
	if (err)
		move->req.err = err;
	return move->req.err;
}

/* Some objects to frames that the driver allocates on the node. */
static inline struct mp_directed mp_directed_to(int fd, int pool,
						unsigned int first,
						unsigned int count,
						unsigned int node)
{
	struct mp_directed move = {
		.req = {
			.pool = pool,
			.first = first,
			.count = count,
			.mode = MP_SYNC,
			.frames = MP_TEST_FRAMES_OURS,
			.node = node,
		},
	};

	mp_directed_run(fd, &move);
	return move;
}

/* The same somewhere on the first node. */
static inline struct mp_directed mp_directed_away(int fd, int pool,
						  unsigned int first,
						  unsigned int count)
{
	return mp_directed_to(fd, pool, first, count, 0);
}

/* The whole pool to nodes; @from 0: from wherever it is. */
static inline struct mp_directed mp_directed_nodes(int fd, int pool,
						   __u64 from, __u64 to)
{
	struct mp_directed move = {
		.req = {
			.pool = pool,
			.whole = 1,
			.mode = MP_SYNC,
			.has = MP_TEST_MOVE_TO |
			       (from ? MP_TEST_MOVE_FROM : 0),
			.to = to,
			.from = from,
		},
	};

	mp_directed_run(fd, &move);
	return move;
}

/* Whether exactly this object was left, for that reason. */
static inline int mp_left_only(const struct mp_directed *move,
			       unsigned int index, unsigned int why)
{
	return move->req.nr_left == 1 && move->left[0].index == index &&
	       move->left[0].why == why;
}

/* Moves of both kinds. */
static inline long mp_moves(const struct mp_test_stats *stats)
{
	return stats->migrated + stats->directed;
}

#endif /* _SELFTESTS_MP_DIRECTED_H */
