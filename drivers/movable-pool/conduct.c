// SPDX-License-Identifier: GPL-2.0
/*
 * How drivers conduct themselves.  Nothing here keeps a driver from anything:
 * it is too late for that, or it may have its reasons.
 */

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/movable_pool.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>

#include "conduct.h"
#include "internal.h"
#include "link.h"
#include "word.h"

/* With MIGRATE_ASYNC an op may wait for a lock, but not for a device. */
#define MP_CONDUCT_SLEEP	msecs_to_jiffies(100)
/* So many, for so long: what is in the way is not gone soon. */
#define MP_CONDUCT_AGAINS	100
#define MP_CONDUCT_LONG		HZ

/*
 * Every pool, from before it is to after it was: what leads to none of these
 * leads to no pool.  Read under RCU, in any context and by all who unpin: a
 * lock there would keep apart those whose races debug kernels are to find.
 */
static DEFINE_SPINLOCK(mp_conduct_lock);
static LIST_HEAD(mp_conduct_pools);

void mp_conduct_watch(struct movable_pool *pool)
{
	spin_lock(&mp_conduct_lock);
	list_add_rcu(&pool->conduct.node, &mp_conduct_pools);
	spin_unlock(&mp_conduct_lock);
}

/* Its memory stays for a grace period. */
void mp_conduct_forget(struct movable_pool *pool)
{
	spin_lock(&mp_conduct_lock);
	list_del_rcu(&pool->conduct.node);
	spin_unlock(&mp_conduct_lock);
}

static bool mp_conduct_pool(const struct movable_pool *pool)
{
	const struct movable_pool *other;
	bool is = false;

	rcu_read_lock();
	list_for_each_entry_rcu(other, &mp_conduct_pools, conduct.node) {
		is = other == pool;
		if (is)
			break;
	}
	rcu_read_unlock();
	return is;
}

/* The thread has slept in ops->migrate; for long? */
void mp_conduct_slept(struct movable_pool *pool,
		      const struct mp_conduct_call *call)
{
	unsigned long took = jiffies - call->start;

	if (took < MP_CONDUCT_SLEEP || READ_ONCE(pool->conduct.told_slept))
		return;
	WRITE_ONCE(pool->conduct.told_slept, true);
	mp_advise("%s: ops->migrate slept and took %u ms with MIGRATE_ASYNC\n",
		  pool->name, jiffies_to_msecs(took));
}

static void mp_conduct_again(struct movable_pool *pool)
{
	struct mp_conduct *conduct = &pool->conduct;
	int agains = atomic_inc_return(&conduct->agains);
	unsigned long lasts = jiffies - READ_ONCE(conduct->since);

	if (agains == 1) {
		WRITE_ONCE(conduct->since, jiffies);
		WRITE_ONCE(conduct->told_again, false);
	} else if (agains >= MP_CONDUCT_AGAINS && lasts >= MP_CONDUCT_LONG &&
		   !READ_ONCE(conduct->told_again)) {
		WRITE_ONCE(conduct->told_again, true);
		mp_advise("%s: ops->migrate said -EAGAIN %d times in %u ms: is it -EBUSY?\n",
			  pool->name, agains, jiffies_to_msecs(lasts));
	}
}

/* What ops->migrate has answered: a row of -EAGAIN ends with anything else. */
void mp_conduct_answer(struct movable_pool *pool, int err)
{
	if (err == -EAGAIN)
		mp_conduct_again(pool);
	else if (atomic_read(&pool->conduct.agains))
		atomic_set(&pool->conduct.agains, 0);
}

/* Of the pool's address only that it is one can be told. */
static bool mp_conduct_linked(struct movable_page *mp, struct page *page)
{
	return mp_link_handle(page) == mp &&
	       (PagePrivate(page) || mp_conduct_pool(mp_link_loose_pool(page)));
}

/*
 * The caller's pin keeps page and link where they are, unless a memory failure
 * has taken the page away.  Has he written to what is not his?
 */
void mp_conduct_unpin(struct movable_page *mp, unsigned long pfn)
{
	if ((pfn_valid(pfn) && mp_conduct_linked(mp, pfn_to_page(pfn))) ||
	    mp_word_poisoned(mp_word_read(mp)))
		return;
	mp_misuse("pfn %#lx: index, private or PG_private were overwritten\n",
		  pfn);
}
