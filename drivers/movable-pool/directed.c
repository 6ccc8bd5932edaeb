// SPDX-License-Identifier: GPL-2.0
/*
 * Directed moves: what migrate_pages(2) is for processes
 * (linux/movable_move.h).
 *
 * The pages are gone over in passes, as mm/migrate.c does: at first all, then
 * those that were in use.  Page locks are only tried, as everywhere on the
 * owner's side, so a move waits for nobody and may be had in any order.
 *
 * What is known of a page between passes is its handle (directed_list.c).  Of a
 * set, where it is now is in its word.  Of a whole pool it is a name, looked up
 * anew among the pages that the pool has by then.
 *
 * A reference to a page is in the way of other movers: it is taken when the new
 * page is there, and by then, of a set, the word is looked at again.
 */

#include <linux/err.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/movable_move.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "directed.h"
#include "internal.h"
#include "target.h"
#include "wait_point.h"
#include "word.h"

/* As NR_MAX_MIGRATE_ASYNC_RETRY and NR_MAX_MIGRATE_PAGES_RETRY of the VM. */
#define MP_PASSES_ASYNC		3
#define MP_PASSES_SYNC		10

#define MP_PROGRESS_STEP	256

static void mp_item_end(struct mp_directed *d, struct mp_item *item,
			enum mp_item_fate fate)
{
	item->fate = fate;
	d->done++;
}

/* Not now: there may be another pass. */
static void mp_item_wait(struct mp_item *item, enum movable_left_why why)
{
	item->why = why;
}

static void mp_item_leave(struct mp_directed *d, struct mp_item *item,
			  enum movable_left_why why)
{
	item->why = why;
	mp_item_end(d, item, MP_ITEM_LEFT);
}

static enum movable_left_why mp_refused_why(enum mp_event event)
{
	switch (event) {
	case MP_REFUSED_PINNED:
		return MOVABLE_LEFT_PINNED;
	case MP_REFUSED_REFERENCED:
		return MOVABLE_LEFT_REFERENCED;
	case MP_REFUSED_DRIVER:
	case MP_FAILED_DRIVER:
		return MOVABLE_LEFT_DRIVER;
	case MP_REFUSED_TARGET:
		return MOVABLE_LEFT_TARGET;
	default:
		return MOVABLE_LEFT_UNREADY;
	}
}

static void mp_item_outcome(struct mp_directed *d, struct mp_item *item,
			    const struct mp_order *order, int err)
{
	if (!err)
		mp_item_end(d, item, MP_ITEM_MOVED);
	else if (err == -ENOENT)
		/* Freed, or moved away by the VM: look again where it is. */
		mp_item_wait(item, MOVABLE_LEFT_MOVING);
	else if (err == -EAGAIN)
		mp_item_wait(item, mp_refused_why(order->refused));
	else
		mp_item_leave(d, item, mp_refused_why(order->refused));
}

/* Both are locked.  Return: whether @dst was taken. */
static bool mp_direct_locked(struct mp_directed *d, struct mp_item *item,
			     struct page *dst, struct page *src)
{
	struct mp_order order = {
		.pool = d->pool,
		.mp = item->mp,
		.mode = d->move->mode,
	};
	int err = -ENOENT;

	/* Under the lock: it may have been let go since it was found. */
	if (d->pool->backing->owns(d->pool, src))
		err = mp_core_direct(&order, dst, src);
	mp_item_outcome(d, item, &order, err);
	return order.taken;
}

/* Return: whether @dst was taken, whose lock only memory failure can have. */
static bool mp_direct_to(struct mp_directed *d, struct mp_item *item,
			 struct page *dst, struct page *src)
{
	bool taken = false;

	mp_item_wait(item, MOVABLE_LEFT_LOCKED);
	if (!trylock_page(src))
		return false;
	if (trylock_page(dst)) {
		taken = mp_direct_locked(d, item, dst, src);
		unlock_page(dst);
	}
	unlock_page(src);
	return taken;
}

/* Is it still there, and nobody moving it? */
static struct page *mp_direct_get(struct mp_directed *d, struct mp_item *item,
				  unsigned long pfn)
{
	if (!d->whole && !mp_word_rests_at(mp_word_read(item->mp), pfn))
		return NULL;
	return mp_walk_at(d->pool, pfn);
}

/* @dst: the new page.  Return: whether it was taken. */
static bool mp_direct_from(struct mp_directed *d, struct mp_item *item,
			   unsigned long pfn, struct page *dst)
{
	struct page *src = mp_direct_get(d, item, pfn);
	bool taken;

	if (!src) {
		mp_item_wait(item, MOVABLE_LEFT_MOVING);
		return false;
	}
	mp_wait_point(MP_WAIT_DIRECTED_PAGE, src);
	taken = mp_direct_to(d, item, dst, src);
	put_page(src);
	return taken;
}

static void mp_item_no_target(struct mp_directed *d, struct mp_item *item,
			      int err)
{
	if (err == -EAGAIN)
		mp_item_wait(item, MOVABLE_LEFT_TARGET);
	else
		mp_item_leave(d, item, err == -EINVAL ? MOVABLE_LEFT_TARGET :
							MOVABLE_LEFT_NO_MEMORY);
}

/* The page was at @pfn, on that node, a moment ago. */
static void mp_direct_page(struct mp_directed *d, struct mp_item *item,
			   unsigned long pfn, int nid)
{
	struct page *dst;

	if (mp_target_stays(&d->target, nid)) {
		mp_item_end(d, item, MP_ITEM_STAYED);
		return;
	}
	dst = mp_target_new(&d->target, item->mp, pfn, nid);
	if (IS_ERR(dst))
		mp_item_no_target(d, item, PTR_ERR(dst));
	else if (mp_direct_from(d, item, pfn, dst))
		put_page(dst);
	else
		mp_target_unused(&d->target, dst);
}

/*
 * Return: the node of the frame if a page of the pool is there, or -ENOENT.  A
 * hint, which needs no reference.
 */
static int mp_direct_node(struct mp_directed *d, unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	if (!page || !d->pool->backing->owns(d->pool, page))
		return -ENOENT;
	return page_to_nid(page);
}

static bool mp_direct_go_on(struct mp_directed *d)
{
	const struct movable_move *move = d->move;

	cond_resched();
	if (!d->err && fatal_signal_pending(current))
		d->err = -EINTR;
	if (!d->err && move->progress && !(++d->steps % MP_PROGRESS_STEP) &&
	    !move->progress(d->done, d->nr, move->priv))
		d->err = -ECANCELED;
	return !d->err;
}

/*
 * A set: the handle's memory is there, and says where the page is.
 */

/* No page of the pool is where the word says. */
static enum movable_left_why mp_set_absence(u64 word, u64 now)
{
	if (mp_word_state(now) == MOVABLE_PAGE_MOVING)
		return MOVABLE_LEFT_MOVING;
	if (mp_word_dying(now))
		return MOVABLE_LEFT_EMPTY;
	/* It has moved, or come, since. */
	return word == now ? MOVABLE_LEFT_FOREIGN : MOVABLE_LEFT_MOVING;
}

static void mp_set_found(struct mp_directed *d, struct mp_item *item, u64 word)
{
	int nid = mp_direct_node(d, mp_word_pfn(word));

	if (nid < 0)
		mp_item_wait(item, mp_set_absence(word,
						  mp_word_read(item->mp)));
	else
		mp_direct_page(d, item, mp_word_pfn(word), nid);
}

static void mp_set_item(struct mp_directed *d, struct mp_item *item)
{
	u64 word = mp_word_read(item->mp);

	switch (mp_word_state(word)) {
	case MOVABLE_PAGE_EMPTY:
		mp_item_leave(d, item, MOVABLE_LEFT_EMPTY);
		break;
	case MOVABLE_PAGE_MOVING:
		mp_item_wait(item, MOVABLE_LEFT_MOVING);
		break;
	default:
		mp_set_found(d, item, word);
	}
}

static void mp_set_pass(struct mp_directed *d)
{
	unsigned long i;

	for (i = 0; i < d->nr && mp_direct_go_on(d); i++)
		if (d->items[i].fate == MP_ITEM_PENDING)
			mp_set_item(d, &d->items[i]);
}

/*
 * A whole pool: handles are names.
 */

static void mp_whole_item(struct mp_directed *d, struct mp_item *item,
			  unsigned long pfn)
{
	int nid = mp_direct_node(d, pfn);

	if (nid < 0)
		mp_item_wait(item, MOVABLE_LEFT_MOVING);
	else
		mp_direct_page(d, item, pfn, nid);
}

static void mp_whole_pass(struct mp_directed *d)
{
	struct movable_page *mp;
	struct mp_item *item;
	unsigned long pfn;

	for (pfn = 0; (mp = mp_walk_next_handle(d->pool, &pfn)); pfn++) {
		item = mp_list_find(d, mp);
		/* One that came later is where its owner wants it. */
		if (item && item->fate == MP_ITEM_PENDING)
			mp_whole_item(d, item, pfn);
		if (!mp_direct_go_on(d))
			return;
	}
}

/*
 * Passes
 */

static bool mp_items_referenced(struct mp_directed *d)
{
	unsigned long i;

	for (i = 0; i < d->nr; i++)
		if (d->items[i].fate == MP_ITEM_PENDING &&
		    d->items[i].why == MOVABLE_LEFT_REFERENCED)
			return true;
	return false;
}

/* Pins are short, and so is whatever else there is to wait for. */
static void mp_direct_rest(struct mp_directed *d)
{
	if (d->move->mode == MIGRATE_ASYNC)
		return;
	if (d->pool->backing->settle && mp_items_referenced(d))
		d->pool->backing->settle();
	schedule_timeout_killable(1);
}

static void mp_direct_pass(struct mp_directed *d)
{
	nodes_clear(d->target.full);
	if (d->whole)
		mp_whole_pass(d);
	else
		mp_set_pass(d);
}

static void mp_direct_passes(struct mp_directed *d)
{
	int passes = d->move->mode == MIGRATE_ASYNC ? MP_PASSES_ASYNC :
						      MP_PASSES_SYNC;

	while (passes-- && d->done < d->nr && !d->err) {
		mp_direct_pass(d);
		if (passes && d->done < d->nr && !d->err)
			mp_direct_rest(d);
	}
}

/* Why a page was left that was not found where it was looked for last. */
static enum movable_left_why mp_item_last_why(const struct mp_directed *d,
					      const struct mp_item *item)
{
	if (!item->why)
		return MOVABLE_LEFT_STOPPED;
	if (!d->whole && item->why == MOVABLE_LEFT_MOVING &&
	    mp_word_state(mp_word_read(item->mp)) == MOVABLE_PAGE_EMPTY)
		return MOVABLE_LEFT_EMPTY;
	return item->why;
}

/* Of a whole pool, one that the pool has not any more is nobody's loss. */
static void mp_item_close(struct mp_directed *d, struct mp_item *item)
{
	if (item->fate != MP_ITEM_PENDING)
		return;
	if (d->whole && !item->seen)
		mp_item_end(d, item, MP_ITEM_GONE);
	else
		mp_item_leave(d, item, mp_item_last_why(d, item));
}

static void mp_item_report(const struct mp_item *item,
			   struct movable_moved *moved)
{
	switch (item->fate) {
	case MP_ITEM_MOVED:
		moved->moved++;
		break;
	case MP_ITEM_STAYED:
		moved->stayed++;
		break;
	case MP_ITEM_LEFT:
		if (moved->nr_left < moved->max_left)
			moved->left[moved->nr_left] = (struct movable_left) {
				.mp = item->mp,
				.why = item->why,
			};
		moved->nr_left++;
		break;
	}
}

static void mp_direct_report(struct mp_directed *d,
			     struct movable_moved *moved)
{
	unsigned long i;

	if (d->whole)
		mp_list_census(d);
	for (i = 0; i < d->nr; i++) {
		mp_item_close(d, &d->items[i]);
		mp_item_report(&d->items[i], moved);
	}
	if (d->move->progress && d->err != -ECANCELED)
		d->move->progress(d->done, d->nr, d->move->priv);
}

/*
 * The two calls
 */

static int mp_direct_check(struct movable_pool *pool,
			   const struct movable_move *move)
{
	if (mp_op_running()) {
		mp_misuse("%s: a directed move in a driver op\n", pool->name);
		return -EDEADLK;
	}
	if (pool->flags & MOVABLE_POOL_BALLOON || !pool->backing->supplant ||
	    pool->backing == &mp_backing_none)
		return -EOPNOTSUPP;
	return mp_target_check(move);
}

static void mp_moved_clear(struct movable_moved *moved)
{
	moved->moved = 0;
	moved->stayed = 0;
	moved->nr_left = 0;
}

static int mp_direct_run(struct mp_directed *d, struct movable_moved *moved)
{
	mp_direct_passes(d);
	mp_direct_report(d, moved);
	return d->err;
}

/* @mps: NULL for the whole pool. */
static int mp_direct_listed(struct movable_pool *pool,
			    struct movable_page **mps, unsigned long n,
			    const struct movable_move *move,
			    struct movable_moved *moved)
{
	struct mp_directed d = {
		.pool = pool,
		.move = move,
		.whole = !mps,
		.target = {
			.pool = pool,
			.move = move,
		},
	};
	int err = mps ? mp_list_set(&d, mps, n) : mp_list_whole(&d);

	if (!err)
		err = mp_direct_run(&d, moved);
	mp_list_free(&d);
	return err;
}

static int mp_direct(struct movable_pool *pool, struct movable_page **mps,
		     unsigned long n, const struct movable_move *move,
		     struct movable_moved *moved)
{
	int err;

	might_sleep();
	mp_op_might_wait();
	mp_moved_clear(moved);
	err = mp_direct_check(pool, move) ?: mp_pool_hold(pool);
	if (err)
		return err;
	if (n)
		err = mp_direct_listed(pool, mps, n, move, moved);
	mp_pool_leave(pool);
	return err;
}

/**
 * movable_pages_move() - move pages to where their owner wants them
 * @pool: theirs
 * @mps: their handles, which stay valid meanwhile; may be freed, pinned and
 *	moved by the VM
 * @n: how many
 * @move: where to, and how
 * @moved: what has become of them, also when this fails with -EINTR or
 *	-ECANCELED; all zeroes on other errors, and after a signal that came
 *	before the pages of a pool were known
 *
 * Memory for the list is 16 bytes for each page, for the time of the call;
 * while the list of a whole pool grows, three times that.  With MIGRATE_ASYNC
 * it is asked for without waiting and, on most kernels, in one piece, so more
 * than some ten thousand pages may be too many: -ENOMEM.
 *
 * Context: May sleep.  Not in a driver op, nor under a lock that one takes.
 * Not in reclaim.
 * Return: 0, when all have moved or been left; -EINVAL for a @move without
 * nodes, with nodes that have no memory, with nodes and @alloc, with @unused
 * but no @alloc, or of a mode that is none; -EOPNOTSUPP for pools whose pages
 * do not move, or have no handles; -ENOMEM; -EINTR after a fatal signal,
 * -ECANCELED when @progress said so: pages not tried yet are left as
 * MOVABLE_LEFT_STOPPED; -ESHUTDOWN during movable_pool_destroy(); -EDEADLK in a
 * driver op.
 */
int movable_pages_move(struct movable_pool *pool, struct movable_page **mps,
		       unsigned long n, const struct movable_move *move,
		       struct movable_moved *moved)
{
	return mp_direct(pool, mps, n, move, moved);
}
EXPORT_SYMBOL_GPL(movable_pages_move);

/**
 * movable_pool_move() - move all pages of a pool
 * @pool: the pool
 * @move: as movable_pages_move()
 * @moved: as movable_pages_move()
 *
 * Each pass walks over all memory.  Pages that come meanwhile are not looked
 * at, unless their handles are where handles were that had pages; those that
 * are freed are not counted.
 *
 * Context: As movable_pages_move().
 * Return: As movable_pages_move().
 */
int movable_pool_move(struct movable_pool *pool,
		      const struct movable_move *move,
		      struct movable_moved *moved)
{
	return mp_direct(pool, NULL, atomic_long_read(&pool->nr_pages), move,
			 moved);
}
EXPORT_SYMBOL_GPL(movable_pool_move);
