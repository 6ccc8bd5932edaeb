// SPDX-License-Identifier: GPL-2.0
/*
 * Being in a driver op.
 *
 * An op runs with page locks held and its page MOVING.  Waiting there for
 * another page that is MOVING may be waiting for oneself or for a thread that
 * waits for us.  With lockdep every call that could wait says so each time, so
 * the wrong order is reported though nothing hangs; without lockdep the call
 * that would hang notices that its thread is in an op and fails.
 */

#include <linux/hash.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>

#include "internal.h"

#define MP_OP_BITS	6

/*
 * The threads in an op, found by task; a thread is in one at most.  Of which
 * page it is said for people alone.
 */
static struct mp_op_bucket {
	spinlock_t lock;	/* leaf */
	struct hlist_head ops;
} mp_op_buckets[1 << MP_OP_BITS];

#ifdef CONFIG_LOCKDEP
static struct lock_class_key mp_op_key;
static struct lockdep_map mp_op_map =
	STATIC_LOCKDEP_MAP_INIT("movable_pool_op", &mp_op_key);
#define mp_op_acquire()	lock_map_acquire(&mp_op_map)
#define mp_op_release()	lock_map_release(&mp_op_map)
#else
#define mp_op_acquire()	do { } while (0)
#define mp_op_release()	do { } while (0)
#endif

static struct mp_op_bucket *mp_op_bucket(struct task_struct *task)
{
	return &mp_op_buckets[hash_ptr(task, MP_OP_BITS)];
}

/* Direct compaction runs ops in reclaim: teach lockdep once, at load. */
void mp_op_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(mp_op_buckets); i++)
		spin_lock_init(&mp_op_buckets[i].lock);
	fs_reclaim_acquire(GFP_KERNEL);
	mp_op_might_wait();
	fs_reclaim_release(GFP_KERNEL);
}

void mp_op_enter(struct mp_op *op, const struct movable_pool *pool,
		 const char *name, struct page *page)
{
	struct mp_op_bucket *bucket = mp_op_bucket(current);

	op->task = current;
	op->pool = pool;
	op->name = name;
	op->pfn = page_to_pfn(page);
	op->pid = task_pid_nr(current);
	spin_lock(&bucket->lock);
	hlist_add_head(&op->node, &bucket->ops);
	spin_unlock(&bucket->lock);
	mp_op_acquire();
}

void mp_op_exit(struct mp_op *op)
{
	struct mp_op_bucket *bucket = mp_op_bucket(current);

	mp_op_release();
	spin_lock(&bucket->lock);
	hlist_del(&op->node);
	spin_unlock(&bucket->lock);
}

/* Is this thread in a driver op? */
bool mp_op_running(void)
{
	struct mp_op_bucket *bucket = mp_op_bucket(current);
	struct mp_op *op;
	bool found = false;

	spin_lock(&bucket->lock);
	hlist_for_each_entry(op, &bucket->ops, node)
		found |= op->task == current;
	spin_unlock(&bucket->lock);
	return found;
}

static bool mp_op_in(struct mp_op_bucket *bucket,
		     const struct movable_pool *pool, struct mp_op *found)
{
	struct mp_op *op;
	bool is = false;

	spin_lock(&bucket->lock);
	hlist_for_each_entry(op, &bucket->ops, node) {
		is = op->pool == pool;
		if (is) {
			*found = *op;
			break;
		}
	}
	spin_unlock(&bucket->lock);
	return is;
}

/* Does an op of @pool run?  Then @found is what one was when it was seen. */
bool mp_op_of(const struct movable_pool *pool, struct mp_op *found)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(mp_op_buckets); i++)
		if (mp_op_in(&mp_op_buckets[i], pool, found))
			return true;
	return false;
}

#ifdef CONFIG_LOCKDEP
/* Said by every call that can wait for an op to end. */
void mp_op_might_wait(void)
{
	mp_op_acquire();
	mp_op_release();
}
#endif

/*
 * Said by every call that can wait for a page lock, unknown to lockdep, or for
 * a shrinker; or that ends a pool, whose directory in debugfs is taken out of
 * one that create() allocates in, under its lock.
 */
void mp_op_not_in_reclaim(void)
{
	fs_reclaim_acquire(GFP_KERNEL);
	fs_reclaim_release(GFP_KERNEL);
}
