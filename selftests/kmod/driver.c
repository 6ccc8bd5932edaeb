// SPDX-License-Identifier: GPL-2.0
/* The driver ops of a pool under test: they follow a script and keep a log. */

#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "mp_test.h"

/* Which verbs an op can be told to do, allowed in it or not. */
static int mp_test_act_on(struct mp_test_item *item, unsigned int verb)
{
	struct mp_test_call call = { .verb = verb };

	switch (verb) {
	case MP_TEST_PIN:
	case MP_TEST_TRYPIN:
	case MP_TEST_FREE:
	case MP_TEST_FREE_ASYNC:
		call.first = item->index;
		call.count = 1;
		mp_test_verb_run(item->pool, &call);
		return call.err;
	case MP_TEST_LOCK:
		mutex_lock(&item->pool->driver_lock);
		mutex_unlock(&item->pool->driver_lock);
		return 0;
	case MP_TEST_DESTROY:
		movable_pool_destroy(item->pool->pool);
		return 0;
	}
	return -EDOM;
}

/* @own is NULL in ops->moved: the handle may be gone. */
static void mp_test_act(struct mp_test_pool *pool, struct mp_test_item *own,
			unsigned int in)
{
	struct mp_test_script *script = &pool->script;
	struct mp_test_item *item = own;
	int err;

	if (script->act == MP_TEST_ALLOC || script->act_in != in)
		return;
	if (script->act_index != MP_TEST_OWN)
		item = READ_ONCE(pool->act_pool->items[script->act_index]);
	err = item ? mp_test_act_on(item, script->act) : -ENXIO;
	spin_lock_irq(&pool->lock);
	pool->log.acts++;
	pool->log.act_err = err;
	spin_unlock_irq(&pool->lock);
}

static void mp_test_sleep(struct mp_test_pool *pool, unsigned int in)
{
	struct mp_test_script *script = &pool->script;
	unsigned int where = script->sleep_in ?: MP_TEST_HAS_MIGRATE;
	unsigned int ms;

	if (where != in)
		return;
	spin_lock_irq(&pool->lock);
	ms = script->sleep_ms;
	if (script->sleep_times && !--script->sleep_times)
		script->sleep_ms = 0;
	spin_unlock_irq(&pool->lock);
	if (ms)
		msleep(ms);
}

/* What the script wants ops->migrate to return. */
static int mp_test_next_result(struct mp_test_pool *pool, bool meant)
{
	struct mp_test_script *script = &pool->script;
	int result = script->then;

	if (!meant)
		return 0;
	spin_lock_irq(&pool->lock);
	if (script->times) {
		script->times--;
		result = script->result;
	}
	spin_unlock_irq(&pool->lock);
	return result;
}

/* @src: where the handle says that the page is */
static bool mp_test_migrate_odd(struct movable_page *mp, struct page *dst,
				struct page *src)
{
	return !PageLocked(dst) || !PageLocked(src) || dst == src ||
	       movable_page_pins(mp) ||
	       movable_page_state(mp) != MOVABLE_PAGE_MOVING ||
	       movable_page_pfn(mp) != page_to_pfn(src);
}

static void mp_test_log_migrate(struct mp_test_log *log,
				enum migrate_mode mode, bool odd)
{
	log->migrate++;
	log->odd += odd;
	if (mode < ARRAY_SIZE(log->mode))
		log->mode[mode]++;
}

/*
 * Like a device that is told of the new frame: the old one is worth nothing any
 * more.  A move that ends otherwise than it should loses the contents.
 */
static void mp_test_hand_over(struct page *dst, struct page *src)
{
	copy_highpage(dst, src);
	clear_highpage(src);
}

static int mp_test_migrate(struct movable_page *mp, struct page *dst,
			   struct page *src, enum migrate_mode mode)
{
	struct mp_test_item *item = mp_test_item_of(mp);
	struct mp_test_pool *pool = item->pool;
	unsigned int only = pool->script.only;
	bool meant = only == MP_TEST_ANY || only == item->index;
	int result = mp_test_next_result(pool, meant);

	spin_lock_irq(&pool->lock);
	mp_test_log_migrate(&pool->log, mode,
			    mp_test_migrate_odd(mp, dst, src));
	spin_unlock_irq(&pool->lock);
	if (meant) {
		mp_test_act(pool, item, MP_TEST_HAS_MIGRATE);
		mp_test_sleep(pool, MP_TEST_HAS_MIGRATE);
	}
	if (!result)
		mp_test_hand_over(dst, src);
	return result;
}

/* What was done from @dst to @src is undone.  Never refuses. */
static void mp_test_undo(struct movable_page *mp, struct page *dst,
			 struct page *src)
{
	struct mp_test_pool *pool = mp_test_item_of(mp)->pool;

	spin_lock_irq(&pool->lock);
	pool->log.undone++;
	pool->log.odd += mp_test_migrate_odd(mp, src, dst);
	spin_unlock_irq(&pool->lock);
	mp_test_hand_over(dst, src);
}

static int mp_test_op_migrate(struct movable_page *mp, struct page *dst,
			      struct page *src, enum migrate_mode mode)
{
	struct mp_test_pool *pool = mp_test_item_of(mp)->pool;
	int result = 0;

	atomic_inc(&pool->running);
	if (movable_page_pfn(mp) == page_to_pfn(dst))
		mp_test_undo(mp, dst, src);
	else
		result = mp_test_migrate(mp, dst, src, mode);
	atomic_dec(&pool->running);
	return result;
}

static int mp_test_op_exchange(struct movable_pool *real, struct page *dst,
			       struct page *src, enum migrate_mode mode)
{
	struct mp_test_pool *pool = movable_pool_priv(real);
	int result;

	atomic_inc(&pool->running);
	result = mp_test_next_result(pool, true);
	spin_lock_irq(&pool->lock);
	mp_test_log_migrate(&pool->log, mode, false);
	spin_unlock_irq(&pool->lock);
	mp_test_act(pool, NULL, MP_TEST_HAS_MIGRATE);
	mp_test_sleep(pool, MP_TEST_HAS_MIGRATE);
	mp_test_balloon_exchanged(pool, dst, src, result);
	atomic_dec(&pool->running);
	return result;
}

static void mp_test_op_moved(struct movable_pool *real, unsigned long old_pfn,
			     unsigned long new_pfn)
{
	struct mp_test_pool *pool = movable_pool_priv(real);

	atomic_inc(&pool->running);
	spin_lock_irq(&pool->lock);
	pool->log.moved++;
	pool->log.old_pfn = old_pfn;
	pool->log.new_pfn = new_pfn;
	if (old_pfn == new_pfn || !pfn_valid(old_pfn) || !pfn_valid(new_pfn))
		pool->log.odd++;
	spin_unlock_irq(&pool->lock);
	mp_test_act(pool, NULL, MP_TEST_HAS_MOVED);
	mp_test_sleep(pool, MP_TEST_HAS_MOVED);
	atomic_dec(&pool->running);
}

/* Any context. */
static void mp_test_op_freed(struct movable_page *mp)
{
	struct mp_test_item *item = mp_test_item_of(mp);
	struct mp_test_pool *pool = item->pool;
	bool odd = movable_page_state(mp) != MOVABLE_PAGE_EMPTY;
	unsigned long irqflags;

	spin_lock_irqsave(&pool->lock, irqflags);
	pool->log.freed++;
	if (odd || !item->async)
		pool->log.odd++;
	spin_unlock_irqrestore(&pool->lock, irqflags);
	atomic_inc(&pool->running);
	atomic_inc(&item->freed);
	if (item->dispose & (MP_TEST_BURY | MP_TEST_KFREE))
		mp_test_item_dispose(item, item->dispose);
	else	/* the last store to it: now it is the owner's */
		smp_store_release(&item->async, false);
	atomic_dec(&pool->running);
}

static void mp_test_op_poisoned(struct movable_pool *real, unsigned long pfn)
{
	struct mp_test_pool *pool = movable_pool_priv(real);

	atomic_inc(&pool->running);
	spin_lock_irq(&pool->lock);
	pool->log.poisoned++;
	pool->log.poisoned_pfn = pfn;
	if (!pfn_valid(pfn) || !PageHWPoison(pfn_to_page(pfn)))
		pool->log.odd++;
	spin_unlock_irq(&pool->lock);
	mp_test_act(pool, NULL, MP_TEST_HAS_POISONED);
	atomic_dec(&pool->running);
}

void mp_test_driver_ops(struct movable_pool_ops *ops, unsigned int has)
{
	if (has & MP_TEST_HAS_MIGRATE)
		ops->migrate = mp_test_op_migrate;
	if (has & MP_TEST_HAS_MOVED)
		ops->moved = mp_test_op_moved;
	if (has & MP_TEST_HAS_FREED)
		ops->freed = mp_test_op_freed;
	if (has & MP_TEST_HAS_POISONED)
		ops->poisoned = mp_test_op_poisoned;
	if (has & MP_TEST_HAS_EXCHANGE)
		ops->exchange = mp_test_op_exchange;
}

/* Takes over the caller's reference to @act_pool. */
void mp_test_driver_script(struct mp_test_pool *pool,
			   const struct mp_test_script *script,
			   struct mp_test_pool *act_pool)
{
	static const struct mp_test_script quiet = { .only = MP_TEST_ANY };

	spin_lock_irq(&pool->lock);
	pool->script = script ? *script : quiet;
	swap(pool->act_pool, act_pool);
	spin_unlock_irq(&pool->lock);
	if (act_pool)
		mp_test_pool_put(act_pool);
}

void mp_test_driver_log(struct mp_test_pool *pool, struct mp_test_log *log)
{
	u32 number = log->pool;

	spin_lock_irq(&pool->lock);
	*log = pool->log;
	log->graves = mp_test_graves_disturbed(pool);
	spin_unlock_irq(&pool->lock);
	log->pool = number;
}
