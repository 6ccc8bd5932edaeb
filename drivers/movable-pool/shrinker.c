// SPDX-License-Identifier: GPL-2.0
/*
 * A pool's shrinker: the driver frees pages when the kernel needs memory.
 *
 * The driver's ops run where the kernel reclaims.  Freeing a page is safe there
 * (page.c): it waits for a page in motion, but never for a page lock.  In a
 * thread that is itself moving a page, whose driver op allocates though it must
 * not, even that could be a wait for oneself: there is nothing to be had then.
 *
 * Threads that reclaim at once wait for each other.  Whoever went on instead,
 * with nothing, would soon be at the OOM killer while others free pages.  The
 * one that is waited for waits for the copy of a page at most, or ops->migrate
 * of its driver, and its mover is not in reclaim.  It allocates without
 * __GFP_FS, and so comes to no shrinker of ours: drop_caches runs ops->scan
 * outside of reclaim, and two threads that came from there to the other's pool
 * would wait for each other for ever.
 */

#include <linux/movable_shrinker.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include "fault.h"
#include "internal.h"
#include "shrinker.h"

/*
 * Of a driver that forgot destroy() what the ops look at may be gone, as with
 * handles: see mp_move_allowed().  A good one's shrinker ends before.
 */
static bool mp_shrinker_shut(const struct mp_shrinker *shrinker)
{
	return READ_ONCE(shrinker->pool->shutdown);
}

/* @shrinker lives at least until mp_compat_shrinker_remove() has waited. */
unsigned long mp_shrinker_count(struct mp_shrinker *shrinker)
{
	if (mp_shrinker_shut(shrinker))
		return 0;
	return shrinker->ops->count(shrinker->pool);
}

/* Return: how many pages; the kernel's own shrinkers may say SHRINK_STOP. */
static unsigned long mp_shrinker_run(struct mp_shrinker *shrinker,
				     unsigned long nr)
{
	unsigned int flags = memalloc_nofs_save();
	unsigned long freed = shrinker->ops->scan(shrinker->pool, nr);

	memalloc_nofs_restore(flags);
	return freed == SHRINK_STOP ? 0 : freed;
}

static unsigned long mp_shrinker_scan_locked(struct mp_shrinker *shrinker,
					     unsigned long nr)
{
	struct movable_pool *pool = shrinker->pool;
	unsigned long freed;

	/* It may have gone while this one waited for the lock. */
	if (mp_shrinker_shut(shrinker))
		return 0;
	WRITE_ONCE(shrinker->scanner, current);
	freed = mp_shrinker_run(shrinker, nr);
	WRITE_ONCE(shrinker->scanner, NULL);
	this_cpu_add(pool->counters->event[MP_SHRUNK], freed);
	mp_compat_reclaimed(freed);
	return freed;
}

/* Return: how many pages were freed. */
unsigned long mp_shrinker_scan(struct mp_shrinker *shrinker, unsigned long nr,
			       gfp_t gfp)
{
	unsigned long freed;

	if (!(gfp & __GFP_FS) || mp_op_running())
		return 0;
	/* Who is to be killed shall not wait: that, too, frees memory. */
	if (mutex_lock_killable(&shrinker->lock))
		return 0;
	freed = mp_shrinker_scan_locked(shrinker, nr);
	mutex_unlock(&shrinker->lock);
	return freed;
}

/* Is this thread in ops->scan of @pool? */
bool mp_shrinker_here(const struct movable_pool *pool)
{
	const struct mp_shrinker *shrinker = READ_ONCE(pool->shrinker);

	return shrinker && READ_ONCE(shrinker->scanner) == current;
}

static int mp_shrinker_register(struct mp_shrinker *shrinker, const char *name)
{
	if (mp_fail(MP_FAIL_SHRINKER_ADD))
		return -ENOMEM;
	return mp_compat_shrinker_add(shrinker, name);
}

static struct mp_shrinker *
mp_shrinker_new(struct movable_pool *pool,
		const struct movable_shrinker_ops *ops)
{
	struct mp_shrinker *shrinker = NULL;

	if (!mp_fail(MP_FAIL_ALLOC_SHRINKER))
		shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);
	if (!shrinker)
		return NULL;
	shrinker->pool = pool;
	shrinker->ops = ops;
	mutex_init(&shrinker->lock);
	return shrinker;
}

/**
 * movable_pool_shrinker_add() - free pages of a pool when memory is short
 * @pool: the pool, which has no shrinker yet
 * @ops: the driver's; must outlive the shrinker
 *
 * The ops may be called before this returns.  The caller excludes that it, or
 * movable_pool_shrinker_remove(), runs twice at a time for one pool.
 *
 * Context: May sleep.  Not in reclaim, nor under a lock that the ops take.
 * Return: 0; -ENOMEM; -EINVAL without both ops; -EEXIST if the pool has one.
 */
int movable_pool_shrinker_add(struct movable_pool *pool,
			      const struct movable_shrinker_ops *ops)
{
	struct mp_shrinker *shrinker;
	int err;

	if (!ops || !ops->count || !ops->scan) {
		mp_misuse("%s: a shrinker needs both ops\n", pool->name);
		return -EINVAL;
	}
	if (pool->shrinker) {
		mp_misuse("%s: a pool has one shrinker\n", pool->name);
		return -EEXIST;
	}
	mp_op_not_in_reclaim();
	shrinker = mp_shrinker_new(pool, ops);
	if (!shrinker)
		return -ENOMEM;
	/* Before the ops may run: those that end the pool are refused there. */
	WRITE_ONCE(pool->shrinker, shrinker);
	err = mp_shrinker_register(shrinker, pool->name);
	if (err) {
		WRITE_ONCE(pool->shrinker, NULL);
		kfree(shrinker);
	}
	return err;
}
EXPORT_SYMBOL_GPL(movable_pool_shrinker_add);

/* Wait until nobody is in its ops, and nobody will be. */
void mp_shrinker_end(struct movable_pool *pool)
{
	struct mp_shrinker *shrinker = pool->shrinker;

	if (!shrinker)
		return;
	mp_compat_shrinker_remove(shrinker);
	WRITE_ONCE(pool->shrinker, NULL);
	kfree(shrinker);
}

/**
 * movable_pool_shrinker_remove() - the driver frees no more pages on demand
 * @pool: the pool; without a shrinker, nothing is done
 *
 * When it returns no op of the shrinker runs or will run: what they use may be
 * taken apart.
 *
 * Context: May sleep.  Not in reclaim, nor under a lock that the ops take.
 */
void movable_pool_shrinker_remove(struct movable_pool *pool)
{
	might_sleep();
	if (!pool->shrinker)
		return;
	mp_op_not_in_reclaim();
	if (mp_shrinker_here(pool)) {
		mp_misuse("%s: a shrinker that removes itself would wait for itself\n",
			  pool->name);
		return;
	}
	mp_shrinker_end(pool);
}
EXPORT_SYMBOL_GPL(movable_pool_shrinker_remove);
