/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_CONDUCT_H
#define _MOVABLE_POOL_CONDUCT_H

/*
 * How drivers conduct themselves: what no error can be returned for, but what
 * the framework sees, and says.
 */

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/migrate_mode.h>
#include <linux/sched.h>
#include <linux/types.h>

struct movable_page;
struct movable_pool;

/**
 * struct mp_conduct - of the ops of a pool
 * @agains: -EAGAIN of ops->migrate, in a row
 * @since: jiffies, at the first of them
 * @told_again: this row of them has been told
 * @told_slept: that ops->migrate sleeps has been told
 * @node: in the list of all pools whose memory is there
 * @rcu: of the pool's memory, for those who read that list
 */
struct mp_conduct {
	atomic_t agains;
	unsigned long since;
	bool told_again;
	bool told_slept;
	struct list_head node;
	struct rcu_head rcu;
};

/**
 * struct mp_conduct_call - of one call of ops->migrate
 * @start: jiffies
 * @sleeps: of this thread until then
 */
struct mp_conduct_call {
	unsigned long start;
	unsigned long sleeps;
};

static inline void mp_conduct_begin(struct mp_conduct_call *call)
{
	call->start = jiffies;
	call->sleeps = current->nvcsw;
}

void mp_conduct_slept(struct movable_pool *pool,
		      const struct mp_conduct_call *call);

/* After ops->migrate.  A thread that was not there by its own will slept. */
static inline void mp_conduct_end(struct movable_pool *pool,
				  const struct mp_conduct_call *call,
				  enum migrate_mode mode)
{
	if (mode == MIGRATE_ASYNC && current->nvcsw != call->sleeps)
		mp_conduct_slept(pool, call);
}

void mp_conduct_watch(struct movable_pool *pool);
void mp_conduct_forget(struct movable_pool *pool);
void mp_conduct_answer(struct movable_pool *pool, int err);
void mp_conduct_unpin(struct movable_page *mp, unsigned long pfn);

#endif /* _MOVABLE_POOL_CONDUCT_H */
