// SPDX-License-Identifier: GPL-2.0
/*
 * Moves.  The VM's side of them, isolate, migrate, putback, as the backings
 * pass them on, and the owner's, with a new page of its own and on its own
 * demand; what pages of balloon pools do is in balloon_loose.c.
 *
 * All run with the page locked, so owners that free meanwhile cut the link
 * under the link lock and leave the page an orphan: it has no handle and no
 * pool any more, and is left to its backing's worker, or to the VM (typed.c).
 *
 *	begin	LIVE -> MOVING, with the link there and the page unpinned
 *	unmap	in the owner's moves: out of page tables, into which the VM
 *		puts migration entries before it calls us
 *	copy	the driver's op or copy_highpage()
 *	end	the backing puts the new page in the old one's place; publish
 *		the new frame: MOVING -> LIVE, or
 *	abort	MOVING -> LIVE in the old one, or, when the owner has called
 *	die	free_async() meanwhile, MOVING|dying -> EMPTY
 */

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/movable_pool.h>
#include <linux/pagemap.h>
#include <linux/wait_bit.h>

#include "balloon.h"
#include "compat/compat.h"
#include "fault.h"
#include "internal.h"
#include "link.h"
#include "old_page.h"
#include "trace.h"
#include "wait_point.h"
#include "word.h"

/* A move in progress, on its mover's stack. */
struct mp_move {
	const struct mp_backing *backing;
	struct movable_pool *pool;
	struct movable_page *mp;
	struct page *src;
	struct page *dst;
	unsigned long *link;	/* of @src */
	enum migrate_mode mode;
	u32 began;		/* as mp_trace_clock(); 0: nobody listened */
	struct mp_order *order;	/* the owner's, NULL: the VM moves the page */
	u64 word;		/* the handle's, state MOVING */
};

/*
 * What is for those who trace has functions of its own, so that it costs others
 * nothing but the look: no register is kept free for a call that is not made.
 */

/* An attempt has ended, as counted. */
static __cold noinline void mp_move_trace(const struct mp_move *move,
					  enum mp_event event)
{
	trace_mp_migrate(move->pool, move->dst, move->src, move->mode,
			 move->order, event, move->began);
}

static __cold noinline void mp_move_trace_moved(const struct mp_move *move)
{
	trace_mp_moved(move->pool, move->dst, move->src);
}

/* Into the books, and to who wants to know why. */
static __cold void mp_move_refuse(struct mp_move *move, enum mp_event event)
{
	mp_count(move->pool, event);
	if (trace_mp_migrate_enabled())
		mp_move_trace(move, event);
	if (move->order)
		move->order->refused = event;
}

static void mp_move_take(struct mp_move *move)
{
	if (move->order)
		move->order->taken = true;
}

/*
 * Under the link lock: may the pool's page move at all?  After shutdown nothing
 * may look at a handle any more: with a driver that forgot destroy() it lies in
 * memory that may be gone.  Compaction does not look at what memory_failure()
 * has marked: a copy would consume the error.
 */
static bool mp_move_allowed(struct movable_pool *pool, struct page *page)
{
	return !READ_ONCE(pool->shutdown) && !PageHWPoison(page);
}

/* Not now, says the handle; why, for the books. */
static enum mp_event mp_word_refusal(u64 word)
{
	return mp_word_pins(word) ? MP_REFUSED_PINNED : MP_REFUSED_UNREADY;
}

static __always_inline bool
mp_isolate_linked(struct movable_pool *pool, struct movable_page *mp,
		  struct page *page, unsigned long *link, bool traced)
{
	u64 word;

	if (!mp_move_allowed(pool, page))
		return false;
	word = mp_word_read(mp);
	if (!mp_word_movable(word)) {
		mp_count(pool, MP_ATTEMPTED);
		mp_count(pool, mp_word_refusal(word));
		if (traced)
			trace_mp_isolate(pool, page, mp_word_refusal(word));
		return false;
	}
	mp_link_set_isolated(link);
	mp_count(pool, MP_ISOLATED);
	if (traced)
		trace_mp_isolate(pool, page, MP_ISOLATED);
	return true;
}

static __always_inline bool mp_isolate_by_link(struct page *page,
					       unsigned long *link, bool traced)
{
	struct movable_page *mp;
	bool ok = false;

	mp_link_lock_irq(link);
	mp = mp_link_handle_of(READ_ONCE(*link));
	if (mp)
		ok = mp_isolate_linked(mp_link_loose_pool(page), mp, page,
				       link, traced);
	mp_link_unlock_irq(link);
	return ok;
}

static __cold noinline bool mp_isolate_traced(struct page *page,
					      unsigned long *link)
{
	return mp_isolate_by_link(page, link, true);
}

static bool mp_isolate(struct page *page, unsigned long *link)
{
	if (trace_mp_isolate_enabled())
		return mp_isolate_traced(page, link);
	return mp_isolate_by_link(page, link, false);
}

/**
 * mp_core_isolate() - may the VM take hold of a page?
 * @page: locked, marked by the backing, a loose one
 *
 * Advisory: the owner may pin or free the page at any time afterwards.
 *
 * Context: Process, interrupts on.  May sleep (in wait points only).
 * Return: whether it may.
 */
bool mp_core_isolate(struct page *page)
{
	unsigned long *link = mp_link_word_loose(page);
	bool ok;

	mp_wait_point(MP_WAIT_ISOLATE_ENTER, page);
	if (unlikely(mp_link_balloon(link))) {
		ok = mp_balloon_isolate(page);
	} else {
		if (unlikely(PageHWPoison(page)))
			mp_poison_found(page);
		ok = mp_isolate(page, link);
	}
	if (ok)
		mp_wait_point(MP_WAIT_ISOLATE_DONE, page);
	return ok;
}

/* Return: false if the page is an orphan. */
static __always_inline bool mp_putback_by_link(struct page *page,
					       unsigned long *link, bool traced)
{
	bool linked;

	mp_link_lock_irq(link);
	linked = mp_link_handle_of(READ_ONCE(*link));
	if (linked) {
		mp_link_clear_isolated(link);
		mp_count(mp_link_loose_pool(page), MP_PUTBACK);
		if (traced)
			trace_mp_putback(mp_link_loose_pool(page), page);
	}
	mp_link_unlock_irq(link);
	return linked;
}

static __cold noinline bool mp_putback_traced(struct page *page,
					      unsigned long *link)
{
	return mp_putback_by_link(page, link, true);
}

/**
 * mp_core_putback() - the VM gives an isolated page back unmoved
 * @page: locked, a loose one
 *
 * Return: false if the page is an orphan, which the backing then unmarks.
 */
bool mp_core_putback(struct page *page)
{
	unsigned long *link = mp_link_word_loose(page);

	mp_wait_point(MP_WAIT_PUTBACK_ENTER, page);
	if (mp_link_balloon(link)) {
		mp_balloon_putback(page);
		return true;
	}
	if (trace_mp_putback_enabled())
		return mp_putback_traced(page, link);
	return mp_putback_by_link(page, link, false);
}

/*
 * Retrying at once is useless where a pin is there to stay.  A frame that was
 * allocated for one is nowhere where anybody waits for it, so whether it is a
 * short pin that it has now does not matter.
 */
static int mp_move_pinned(u64 word)
{
	return mp_word_placed(word) && mp_word_pins(word) ? -EBUSY : -EAGAIN;
}

/* LIVE -> MOVING, under the link lock, which keeps handle and pool alive. */
static int mp_move_start(struct mp_move *move)
{
	u64 word;

	mp_count(move->pool, MP_ATTEMPTED);
	if (!mp_move_allowed(move->pool, move->src)) {
		mp_move_refuse(move, MP_REFUSED_UNREADY);
		return -EBUSY;
	}
	/* Not -EAGAIN: the VM would come with the same destination again. */
	if (!mp_policy_allows(move->pool, move->dst)) {
		mp_move_refuse(move, MP_REFUSED_TARGET);
		return -EBUSY;
	}
	word = mp_word_read(move->mp);
	do {
		if (!mp_word_movable(word)) {
			mp_move_refuse(move, mp_word_refusal(word));
			return mp_move_pinned(word);
		}
		move->word = mp_word_with(word, MOVABLE_PAGE_MOVING);
	} while (!mp_word_change(move->mp, &word, move->word));
	return 0;
}

/* By its owner, only the page that was meant. */
static bool mp_move_meant(struct mp_move *move)
{
	const struct mp_order *order = move->order;

	return !order || (order->mp == move->mp &&
			  order->pool == mp_link_pool(move->src));
}

/*
 * The pool is entered before an owner can give up the page's share: destroy()
 * sees us.  It is left outside of the link lock, for that may wake somebody.
 * Return: 0, -EAGAIN, -EBUSY, or -ENOENT for an orphan.
 */
static int mp_move_begin(struct mp_move *move)
{
	int err = -ENOENT;

	mp_link_lock_irq(move->link);
	move->mp = mp_link_handle_of(READ_ONCE(*move->link));
	if (move->mp && mp_move_meant(move)) {
		move->pool = mp_link_pool(move->src);
		mp_pool_enter(move->pool);
		err = mp_move_start(move);
	}
	mp_link_unlock_irq(move->link);
	if (err && move->pool)
		mp_pool_leave(move->pool);
	return err;
}

/*
 * The owner has called free_async() on the page in motion: finish that.  @page
 * is the one that is the pool's now; it becomes an orphan.
 */
static __cold void mp_move_die(struct mp_move *move, struct page *page,
			       unsigned int released)
{
	void (*freed)(struct movable_page *mp) = move->pool->ops->freed;
	struct mp_op op;

	trace_mp_free(move->pool, page);
	released |= move->backing->orphan(move->backing, page);
	mp_word_clear(move->mp);
	/* Pinners that waited learn that there is no page. */
	smp_mb();
	wake_up_var(&move->mp->word);
	mp_op_enter(&op, move->pool, "freed", page);
	freed(move->mp);
	mp_op_exit(&op);
	mp_page_leave(move->pool, released);
	mp_pool_leave(move->pool);
}

/* Return: @err, or -ENOENT: the source is an orphan now. */
static __cold int mp_move_abort(struct mp_move *move, int err)
{
	u64 word = move->word;

	if (!mp_word_change(move->mp, &word,
			    mp_word_with(word, MOVABLE_PAGE_LIVE))) {
		mp_move_die(move, move->src, 0);
		return -ENOENT;
	}
	wake_up_var(&move->mp->word);
	mp_pool_leave(move->pool);
	return err;
}

/* What the VM may hear from a driver: 0, -EAGAIN or -EBUSY. */
static int mp_move_verdict(struct mp_move *move, int err)
{
	mp_conduct_answer(move->pool, err);
	if (err > 0 || err < -MAX_ERRNO) {
		mp_misuse("%s: ops->migrate returned %d\n", move->pool->name,
			  err);
		err = -EBUSY;
	}
	if (err == -EAGAIN) {
		mp_move_refuse(move, MP_REFUSED_DRIVER);
	} else if (err) {
		mp_move_refuse(move, MP_FAILED_DRIVER);
		err = -EBUSY;
	}
	return err;
}

static noinline int mp_move_op(struct mp_move *move, struct page *dst,
			       struct page *src)
{
	struct mp_conduct_call call;
	struct mp_op op;
	int err;

	mp_op_enter(&op, move->pool, "migrate", src);
	mp_conduct_begin(&call);
	err = move->pool->ops->migrate(move->mp, dst, src, move->mode);
	mp_conduct_end(move->pool, &call, move->mode);
	mp_op_exit(&op);
	return err;
}

static int mp_move_ask(struct mp_move *move)
{
	if (mp_fail(MP_FAIL_MIGRATE_AGAIN))
		return -EAGAIN;
	if (mp_fail(MP_FAIL_MIGRATE_BUSY))
		return -EBUSY;
	return mp_move_op(move, move->dst, move->src);
}

/* The way back.  Return: whether the driver went it, as it must. */
static bool mp_move_back(struct mp_move *move)
{
	if (!move->pool->ops->migrate)
		return true;
	return !mp_fail(MP_FAIL_UNDO) &&
	       !mp_move_op(move, move->src, move->dst);
}

static int mp_move_copy(struct mp_move *move)
{
	if (move->pool->ops->migrate)
		return mp_move_verdict(move, mp_move_ask(move));
	if (!mp_fail(MP_FAIL_COPY) && !mp_compat_copy(move->dst, move->src))
		return 0;
	mp_move_refuse(move, MP_REFUSED_UNREADY);
	return -EBUSY;
}

/*
 * Whoever has got a reference since they were counted keeps the page from being
 * replaced.  A driver that has turned to the new page must turn back, and may
 * take its time for that.  If it does not, the frame it may go on using is lost
 * rather than reused.
 */
static __cold int mp_move_undo(struct mp_move *move, int err)
{
	mp_move_refuse(move, MP_REFUSED_REFERENCED);
	move->mode = MIGRATE_SYNC;
	if (!mp_move_back(move)) {
		mp_misuse("%s: ops->migrate refused to undo a move, pfn %#lx is lost\n",
			  move->pool->name, page_to_pfn(move->dst));
		get_page(move->dst);
		mp_move_take(move);
	}
	return mp_move_abort(move, err);
}

/* The word when all is done.  A frame is placed only if this move did that. */
static u64 mp_move_after(struct mp_move *move)
{
	u64 word = mp_word_with(move->word & ~MP_WORD_PLACED,
				MOVABLE_PAGE_LIVE);

	if (move->order && move->order->longterm)
		word = (word | MP_WORD_PLACED) + MP_WORD_PIN;
	return mp_word_at(word, page_to_pfn(move->dst));
}

/*
 * The destination is the pool's, but for the word that names it: its lock keeps
 * the VM away, and owners cannot know it.  Return: false if the owner has made
 * the handle dying.
 */
static bool mp_move_publish(struct mp_move *move)
{
	u64 word = move->word;

	return mp_word_change(move->mp, &word, mp_move_after(move));
}

/*
 * The VM is told that all went well and frees the source.  The isolation ends
 * with the page it was of.
 */
static __cold int mp_move_stillborn(struct mp_move *move, bool isolated)
{
	mp_move_refuse(move, MP_REFUSED_UNREADY);
	mp_move_die(move, move->dst, isolated ? MP_RELEASED_ISOLATED : 0);
	return move->order ? -ENOENT : 0;
}

static int mp_move_replace(struct mp_move *move)
{
	const struct mp_backing *backing = move->backing;

	if (move->order)
		return backing->supplant(backing, move->dst, move->src);
	return backing->replace(backing, move->dst, move->src);
}

/*
 * Balances the attempt, and the isolation, if there was one.  To the VM, which
 * may have isolated a page that its owner moves, it is a page that was freed.
 */
static void mp_move_count(struct mp_move *move, bool isolated)
{
	mp_count(move->pool, move->order ? MP_DIRECTED : MP_MIGRATED);
	if (trace_mp_migrate_enabled())
		mp_move_trace(move, MP_MIGRATED);
	if (move->order && isolated)
		mp_count(move->pool, MP_RELEASED);
}

static noinline void mp_move_tell(struct mp_move *move)
{
	struct movable_pool *pool = move->pool;
	struct mp_op op;

	mp_op_enter(&op, pool, "moved", move->src);
	pool->ops->moved(pool, page_to_pfn(move->src), page_to_pfn(move->dst));
	mp_op_exit(&op);
}

/* From the publication on the handle is only an address: it may be freed. */
static int mp_move_end(struct mp_move *move)
{
	bool isolated = mp_link_isolated(move->link);
	int err = mp_move_replace(move);

	if (err)
		return mp_move_undo(move, err);
	mp_move_take(move);
	if (trace_mp_moved_enabled())
		mp_move_trace_moved(move);
	if (!mp_move_publish(move))
		return mp_move_stillborn(move, isolated);
	wake_up_var(&move->mp->word);
	mp_wait_point(MP_WAIT_MIGRATE_PUBLISHED, move->src);
	mp_move_count(move, isolated);
	if (move->pool->ops->moved)
		mp_move_tell(move);
	mp_old_page_end(move->src);
	mp_pool_leave(move->pool);
	return 0;
}

/*
 * The references that pool and mover have.  The VM, too, if the owner moves a
 * page that it has isolated; page cache is isolated without us, and stays.
 */
static int mp_move_refs(struct mp_move *move)
{
	return move->backing->refs +
	       (move->order && mp_link_isolated(move->link));
}

/* Nobody but these can come to the page, or write to it. */
static bool mp_move_alone(struct mp_move *move)
{
	if (move->order && move->backing->unmap &&
	    !move->backing->unmap(move->src, move->mode))
		return false;
	return page_count(move->src) == mp_move_refs(move);
}

/*
 * The state is MOVING.  A copy is made only if nobody but pool and mover has a
 * reference to the page: who has one may write through it, and the write would
 * be lost.  With MOVING set no new reference can come from a pin, so one look
 * is enough.
 */
static int mp_move_run(struct mp_move *move)
{
	int err;

	mp_wait_point(MP_WAIT_MIGRATE_MOVING, move->src);
	if (!mp_move_alone(move)) {
		mp_move_refuse(move, MP_REFUSED_REFERENCED);
		return mp_move_abort(move, -EAGAIN);
	}
	/* What the last holder wrote before its put_page() is what we copy. */
	smp_rmb();
	err = mp_move_copy(move);
	if (err)
		return mp_move_abort(move, err);
	mp_wait_point(MP_WAIT_MIGRATE_COPIED, move->src);
	return mp_move_end(move);
}

/* Whoever wants it: once in the text, with all its steps. */
static noinline int mp_move(struct mp_move *move)
{
	int err = mp_move_begin(move);

	return err ?: mp_move_run(move);
}

static __cold noinline int mp_move_timed(struct mp_move *move)
{
	move->began = mp_trace_clock();
	return mp_move(move);
}

/**
 * mp_core_migrate() - the VM moves a page's contents to a new page
 * @backing: the caller
 * @dst: new page, locked, only the VM's
 * @src: the page, locked
 * @mode: as the VM says
 *
 * Context: May sleep.
 * Return: 0: @src is not the pool's any more; -EAGAIN, -EBUSY: nothing changed;
 * -ENOENT: @src is an orphan.
 */
int mp_core_migrate(const struct mp_backing *backing, struct page *dst,
		    struct page *src, enum migrate_mode mode)
{
	struct mp_move move = {
		.backing = backing,
		.src = src,
		.dst = dst,
		.link = mp_link_word(src),
		.mode = mode,
		.pool = NULL,
		.mp = NULL,
		.order = NULL,
		.word = 0,
		.began = 0,
	};

	mp_wait_point(MP_WAIT_MIGRATE_ENTER, src);
	if (unlikely(mp_link_balloon(move.link)))
		return mp_balloon_migrate(backing, dst, src, mode);
	if (trace_mp_migrate_enabled())
		return mp_move_timed(&move);
	return mp_move(&move);
}

/**
 * mp_core_direct() - the owner moves a page's contents to a new page
 * @order: what is wanted, and why it was refused
 * @dst: new page, locked, only the caller's
 * @src: the page, locked, the pool's, with a reference of the caller's
 *
 * The VM may have isolated the page.  It then finds one without link, as it
 * does one that was freed meanwhile.
 *
 * Context: May sleep; with MIGRATE_ASYNC in the driver's op alone.
 * Return: 0: @dst is the pool's, @src is not; -EAGAIN, -EBUSY: nothing changed;
 * -ENOENT: not @order's page, or freed meanwhile; either may be the backing's
 * now.  The references are the caller's in any case.
 */
int mp_core_direct(struct mp_order *order, struct page *dst, struct page *src)
{
	struct mp_move move = {
		.backing = order->pool->backing,
		.src = src,
		.dst = dst,
		.link = mp_link_word(src),
		.mode = order->mode,
		.order = order,
	};

	if (trace_mp_migrate_enabled())
		return mp_move_timed(&move);
	return mp_move(&move);
}
