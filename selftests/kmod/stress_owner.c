// SPDX-License-Identifier: GPL-2.0
/*
 * An owner: a thread that makes a pool, lives with it for a while, gives all of
 * it back, looks whether the books balance, and makes the next.
 */

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/movable_balloon.h>
#include <linux/movable_mapped.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "mp_stress.h"

#define MP_STRESS_PATIENCE_MS	20000	/* for the VM to let go of pages */

static const unsigned int stress_flags[] = {
	[MP_STRESS_CACHE] = MOVABLE_POOL_PAGE_CACHE,
	[MP_STRESS_MAPPED] = MOVABLE_POOL_MAPPED,
	[MP_STRESS_BALLOON] = MOVABLE_POOL_BALLOON,
};

/* A file that stays when its pool is gone: there is nothing behind it. */
static const struct file_operations mp_stress_mapped_fops = {
	.owner = THIS_MODULE,
	.mmap = movable_mapped_mmap,
};

/* The object is its owner's again. */
static void mp_stress_op_freed(struct movable_page *mp)
{
	struct mp_stress_object *object;

	object = container_of(mp, struct mp_stress_object, mp);
	if (movable_page_state(mp) != MOVABLE_PAGE_EMPTY)
		mp_stress_wrong(object->owner, "freed, but not empty");
	if (!object->async)
		mp_stress_wrong(object->owner, "freed without being asked");
	/* Pairs with mp_stress_is_away(); the last store to it. */
	smp_store_release(&object->async, false);
}

static void mp_stress_choose_ops(struct mp_stress_owner *owner)
{
	struct movable_pool_ops *ops = &owner->ops;

	memset(ops, 0, sizeof(*ops));
	if (owner->kind == MP_STRESS_BALLOON) {
		ops->exchange = mp_stress_op_exchange;
		return;
	}
	ops->freed = mp_stress_op_freed;
	if (mp_stress_one_in(owner, 2))
		ops->migrate = mp_stress_op_migrate;
}

static int mp_stress_pool_open(struct mp_stress_owner *owner)
{
	struct movable_pool_attr attr = {
		.name = "stress",
		.ops = &owner->ops,
		.flags = stress_flags[owner->kind],
		.max_pages = owner->kind == MP_STRESS_BALLOON ? 0 : owner->nr,
		.priv = owner,
	};
	struct movable_pool *pool;

	mp_stress_choose_ops(owner);
	pool = movable_pool_create(&attr);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	owner->cached = !strcmp(movable_pool_backing(pool), "cache");
	owner->left = owner->nr;
	owner->late = NULL;
	mutex_lock(&owner->lock);
	owner->life++;
	owner->pool = pool;
	mutex_unlock(&owner->lock);
	owner->acts[MP_STRESS_CREATE]++;
	return 0;
}

static bool mp_stress_unseen(struct mp_stress_owner *owner)
{
	const char *backing = movable_pool_backing(owner->pool);

	return !strcmp(backing, "cache") || !strcmp(backing, "balloon");
}

static unsigned long mp_stress_refused(const struct movable_pool_stats *s)
{
	return s->refused_pinned + s->refused_referenced + s->refused_driver +
	       s->failed_driver + s->refused_unready + s->refused_target;
}

/* Return: what is wrong with the books of a pool without pages, or NULL. */
static const char *mp_stress_books(struct mp_stress_owner *owner,
				   const struct movable_pool_stats *s)
{
	unsigned long ends = s->migrated + s->putback + s->released;

	if (s->pages || s->unpublished)
		return "has pages in the end";
	if (s->allocated != s->freed)
		return "pages in are not pages out";
	if (s->attempted != s->migrated + s->directed + mp_stress_refused(s))
		return "attempted is not migrated + directed + refused";
	if (mp_stress_unseen(owner) ? s->isolated + s->putback + s->released :
				      s->isolated != ends)
		return "isolated is not migrated + putback + released";
	return NULL;
}

/* The VM gives back what it holds in its own time. */
static void mp_stress_balance(struct mp_stress_owner *owner,
			      struct movable_pool_stats *stats)
{
	unsigned int ms = 0;
	const char *wrong;

	do {
		movable_pool_stats(owner->pool, stats);
		wrong = mp_stress_books(owner, stats);
		if (wrong)
			msleep(20);
		ms += 20;
	} while (wrong && ms < MP_STRESS_PATIENCE_MS);
	if (wrong)
		mp_stress_wrong(owner, "%s", wrong);
}

/* All counters of the books are unsigned long, and nothing else is there. */
static void mp_stress_add_stats(struct movable_pool_stats *sum,
				const struct movable_pool_stats *more)
{
	const unsigned long *from = (const unsigned long *)more;
	unsigned long *to = (unsigned long *)sum;
	unsigned int i;

	for (i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static void mp_stress_pool_close(struct mp_stress_owner *owner)
{
	struct movable_pool *pool = owner->pool;
	struct movable_pool_stats stats;
	unsigned int i;

	mp_stress_let_go(owner);
	for (i = 0; owner->objects && i < owner->nr; i++) {
		mp_stress_object_end(&owner->objects[i]);
		owner->objects[i].used = false;
		cond_resched();
	}
	if (owner->kind == MP_STRESS_BALLOON)
		mp_stress_balloon_end(owner);
	mp_stress_balance(owner, &stats);
	mutex_lock(&owner->lock);
	mp_stress_add_stats(&owner->past, &stats);
	owner->pool = NULL;
	mutex_unlock(&owner->lock);
	movable_pool_destroy(pool);
	owner->acts[MP_STRESS_DESTROY]++;
}

static void mp_stress_step(struct mp_stress_owner *owner)
{
	if (owner->kind == MP_STRESS_BALLOON)
		mp_stress_balloon_step(owner);
	else
		mp_stress_object_step(owner);
	cond_resched();
}

/* A mapped pool has lived when there are hardly any new places. */
static bool mp_stress_outlived(struct mp_stress_owner *owner)
{
	return owner->kind == MP_STRESS_MAPPED && owner->left < owner->nr / 8;
}

static void mp_stress_pool_live(struct mp_stress_owner *owner)
{
	u64 steps = owner->nr * (1ULL + mp_stress_random(owner) % 8);

	while (steps-- && !kthread_should_stop() && !mp_stress_outlived(owner))
		mp_stress_step(owner);
}

static int mp_stress_thread(void *arg)
{
	struct mp_stress_owner *owner = arg;
	int err;

#ifdef CONFIG_FAULT_INJECTION
	/* For failslab and the like, if somebody sets them going. */
	current->make_it_fail = 1;
#endif
	/* Balloons come and go so fast that others would have little time. */
	set_user_nice(current, owner->kind == MP_STRESS_BALLOON ?
			       MAX_NICE : owner->stress->nice);
	while (!kthread_should_stop()) {
		err = mp_stress_pool_open(owner);
		if (!err) {
			mp_stress_pool_live(owner);
			/* Somebody waits for the end. */
			if (kthread_should_stop())
				set_user_nice(current, 0);
			mp_stress_pool_close(owner);
		} else if (err == -ENOMEM) {
			owner->acts[MP_STRESS_NO_MEMORY]++;
			msleep(20);
		} else {
			mp_stress_wrong(owner, "no pool: %d", err);
			msleep(100);
		}
	}
	return 0;
}

int mp_stress_owner_start(struct mp_stress_owner *owner, u64 seed)
{
	struct task_struct *task;

	prandom_seed_state(&owner->random,
			   seed * MP_STRESS_OWNERS + owner->number);
	task = kthread_run(mp_stress_thread, owner, "mp_stress/%u",
			   owner->number);
	if (IS_ERR(task))
		return PTR_ERR(task);
	owner->task = task;
	return 0;
}

void mp_stress_owner_stop(struct mp_stress_owner *owner)
{
	if (owner->task)
		kthread_stop(owner->task);
	owner->task = NULL;
}

int mp_stress_owner_fd(struct mp_stress_owner *owner,
		       struct mp_stress_mapped *mapped)
{
	mutex_lock(&owner->lock);
	mapped->fd = -EAGAIN;
	if (owner->pool)
		mapped->fd = movable_mapped_fd(owner->pool, NULL,
					       &mp_stress_mapped_fops, NULL,
					       O_RDWR);
	mapped->pages = owner->nr;
	mapped->life = owner->life * MP_STRESS_OWNERS + owner->number;
	mutex_unlock(&owner->lock);
	return min(mapped->fd, 0);
}

void mp_stress_owner_report(struct mp_stress_owner *owner,
			    struct mp_stress_report *report)
{
	struct movable_pool_stats s = {};
	unsigned int i;

	mutex_lock(&owner->lock);
	if (owner->pool)
		movable_pool_stats(owner->pool, &s);
	mp_stress_add_stats(&s, &owner->past);
	mutex_unlock(&owner->lock);
	for (i = 0; i < MP_STRESS_ACTS; i++)
		report->acts[i] += READ_ONCE(owner->acts[i]);
	report->words += READ_ONCE(owner->words);
	report->bad += READ_ONCE(owner->bad);
	report->undone += atomic_read(&owner->undone);
	report->allocated += s.allocated;
	report->freed += s.freed;
	report->isolated += s.isolated;
	report->migrated += s.migrated;
	report->putback += s.putback;
	report->released += s.released;
	report->attempted += s.attempted;
	report->directed += s.directed;
	report->refused += mp_stress_refused(&s);
	report->deferred += s.deferred;
}
