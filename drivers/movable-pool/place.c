// SPDX-License-Identifier: GPL-2.0
/*
 * A pin on a page in a frame that nobody will want: for long-term pins
 * (longterm.c).
 *
 * A short pin is in the way of unplug and CMA for a moment; one that lasts
 * would keep a block, or a range, for ever.  So the page first moves to a frame
 * allocated without __GFP_MOVABLE, as pin_user_pages(FOLL_LONGTERM) does with
 * pages of processes: neither ZONE_MOVABLE nor CMA gives such frames.  A module
 * cannot ask whether a frame is in CMA, so every page moves, but for those that
 * a bit in the word says have moved before (word.h).
 *
 * Until the page is at its new frame it has no pin: that would be in the way of
 * another thread that does the same, and of a free().  The move itself adds the
 * pin, with the publication, so nobody comes between.  What keeps the pool is
 * that the caller has entered it, what keeps the handle, the caller.
 */

#include <linux/jiffies.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "fault.h"
#include "internal.h"
#include "longterm.h"
#include "wait_point.h"
#include "word.h"

/* For others' pins, references and page locks to go. */
#define MP_PLACE_PATIENCE	msecs_to_jiffies(100)

/* Pinned, so that its link, if it is one of that pool's, does not change. */
static bool mp_place_ours(struct movable_pool *pool, struct movable_page *mp)
{
	return pool->backing->owns(pool, movable_page_page(mp));
}

/* A page of such a pool was allocated where it should be, or adopted. */
static int mp_place_unmovable(struct movable_pool *pool,
			      struct movable_page *mp)
{
	int err = mp_pin_again(mp);

	if (err)
		return err;
	if (mp_place_ours(pool, mp) &&
	    page_zonenum(movable_page_page(mp)) != ZONE_MOVABLE)
		return 0;
	movable_page_unpin(mp);
	return -EBUSY;
}

/* On its node if that has room, as good a place otherwise. */
static struct page *mp_place_new(struct movable_pool *pool, unsigned long pfn)
{
	gfp_t gfp = GFP_KERNEL | __GFP_HIGHMEM | __GFP_RETRY_MAYFAIL;
	struct page *page = pfn_to_online_page(pfn);

	if (mp_fail(MP_FAIL_LONGTERM_PAGE))
		return NULL;
	return mp_policy_alloc(pool, page ? page_to_nid(page) : NUMA_NO_NODE,
			       gfp);
}

/* As mp_core_direct(), and -EAGAIN if either lock is not to be had. */
static int mp_place_locked(struct mp_order *order, struct page *dst,
			   struct page *src)
{
	int err = -EAGAIN;

	if (!trylock_page(src))
		return err;
	/* Under the lock: it may have been let go since it was found. */
	if (!order->pool->backing->owns(order->pool, src)) {
		err = -ENOENT;
	} else if (trylock_page(dst)) {
		err = mp_core_direct(order, dst, src);
		unlock_page(dst);
	}
	unlock_page(src);
	/* It may only have been moved away: its word is looked at again. */
	return err == -ENOENT ? -EAGAIN : err;
}

static int mp_place_to(struct mp_order *order, unsigned long pfn,
		       struct page *dst)
{
	struct page *src = NULL;
	int err;

	/* A reference to one that is being moved is in the way. */
	if (mp_word_rests_at(mp_word_read(order->mp), pfn))
		src = mp_walk_at(order->pool, pfn);
	if (!src)
		return -EAGAIN;
	mp_wait_point(MP_WAIT_DIRECTED_PAGE, src);
	err = mp_place_locked(order, dst, src);
	put_page(src);
	return err;
}

static int mp_place_move(struct mp_order *order, unsigned long pfn)
{
	struct page *dst = mp_place_new(order->pool, pfn);
	int err;

	if (!dst)
		return -ENOMEM;
	err = mp_place_to(order, pfn, dst);
	put_page(dst);
	return err;
}

/* It has such a frame: a pin will do, unless the VM has just moved it. */
static int mp_place_placed(struct mp_order *order)
{
	int err = mp_pin_again(order->mp);

	if (err)
		return err;
	if (!mp_word_placed(mp_word_read(order->mp)))
		err = -EAGAIN;
	else if (!mp_place_ours(order->pool, order->mp))
		err = -EBUSY;
	if (err)
		movable_page_unpin(order->mp);
	return err;
}

/* Return: 0 with the page pinned, -EAGAIN, or an error that stands. */
static int mp_place_try(struct mp_order *order)
{
	u64 word = mp_word_read(order->mp);

	if (mp_word_state(word) == MOVABLE_PAGE_EMPTY || mp_word_dying(word))
		return -ENOENT;
	if (mp_word_poisoned(word))
		return -EHWPOISON;
	if (mp_word_placed(word))
		return mp_place_placed(order);
	if (mp_word_state(word) == MOVABLE_PAGE_PRIVATE)
		return -EBUSY;
	if (mp_word_state(word) == MOVABLE_PAGE_MOVING || mp_word_pins(word))
		return -EAGAIN;
	return mp_place_move(order, mp_word_pfn(word));
}

/* Return: whether somebody was moving it.  That ends by itself. */
static bool mp_place_waited(struct movable_page *mp)
{
	return mp_word_state(mp_word_read(mp)) == MOVABLE_PAGE_MOVING &&
	       !mp_wait_moving(mp);
}

static void mp_place_rest(const struct mp_order *order)
{
	const struct mp_backing *backing = order->pool->backing;

	if (order->refused == MP_REFUSED_REFERENCED && backing->settle)
		backing->settle();
	schedule_timeout_killable(1);
}

static int mp_place_movable(struct movable_pool *pool, struct movable_page *mp)
{
	unsigned long end = jiffies + MP_PLACE_PATIENCE;
	struct mp_order order;
	bool last;
	int err;

	for (;;) {
		/* It may have been a long time until here. */
		last = time_after(jiffies, end);
		order = (struct mp_order) {
			.pool = pool,
			.mp = mp,
			.mode = MIGRATE_SYNC,
			.longterm = true,
		};
		err = mp_place_try(&order);
		if (err != -EAGAIN)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		/* What a move takes is not counted as patience. */
		if (mp_place_waited(mp)) {
			end = jiffies + MP_PLACE_PATIENCE;
			continue;
		}
		if (last)
			return -EBUSY;
		mp_place_rest(&order);
	}
}

/**
 * mp_place_pin() - pin a page where it may stay
 * @pool: the page's, held
 * @mp: its handle, which stays meanwhile
 *
 * Context: May sleep, and reclaims.
 * Return: 0, or as movable_page_pin_longterm(), with nothing changed.
 */
int mp_place_pin(struct movable_pool *pool, struct movable_page *mp)
{
	if (movable_page_state(mp) == MOVABLE_PAGE_EMPTY) {
		mp_misuse("long-term pin of a handle without a page\n");
		return -ENOENT;
	}
	return pool->backing == &mp_backing_none ?
	       mp_place_unmovable(pool, mp) : mp_place_movable(pool, mp);
}
