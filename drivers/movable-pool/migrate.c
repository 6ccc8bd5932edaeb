// SPDX-License-Identifier: GPL-2.0
/*
 * The VM's side: isolate, migrate, putback, as the backings pass them on.
 *
 * All run with the page locked, so owners that free meanwhile cut the link
 * under the link lock and leave the page on the deferred list.  A page without
 * link (an orphan) has no handle and no pool: it is left to that list.
 *
 *	begin	LIVE -> MOVING, with the link there and the page unpinned
 *	copy	the driver's op or copy_highpage()
 *	end	publish the new frame: MOVING -> LIVE, or
 *	abort	MOVING -> LIVE in the old one, or, when the owner has called
 *	die	free_async() meanwhile, MOVING|dying -> EMPTY
 */

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/movable_pool.h>
#include <linux/pagemap.h>
#include <linux/wait_bit.h>

#include "internal.h"
#include "link.h"
#include "wait_point.h"
#include "word.h"

/* A move in progress, on its mover's stack. */
struct mp_move {
	struct mp_backing *backing;
	struct movable_pool *pool;
	struct movable_page *mp;
	struct page *src;
	struct page *dst;
	u64 word;		/* the handle's, state MOVING */
};

/*
 * Under the link lock: may the pool's page move at all?  After shutdown nothing
 * may look at a handle any more: with a driver that forgot destroy() it lies in
 * memory that may be gone.  memory_failure() leaves the flag on pages it cannot
 * handle, ours among them, and compaction does not look at it: a copy would
 * consume the error.
 */
static bool mp_move_allowed(struct movable_pool *pool, struct page *page)
{
	return !READ_ONCE(pool->shutdown) && !PageHWPoison(page);
}

/* Why not; for the books. */
static void mp_move_refused(struct movable_pool *pool, u64 word)
{
	if (mp_word_pins(word))
		mp_count(pool, MP_REFUSED_PINNED);
}

static bool mp_isolate_linked(struct movable_pool *pool,
			      struct movable_page *mp, struct page *page)
{
	u64 word;

	if (!mp_move_allowed(pool, page))
		return false;
	word = mp_word_read(mp);
	if (!mp_word_movable(word)) {
		mp_move_refused(pool, word);
		return false;
	}
	mp_link_set_isolated(page);
	mp_count(pool, MP_ISOLATED);
	return true;
}

/**
 * mp_core_isolate() - may the VM take hold of a page?
 * @page: locked, marked by the backing
 *
 * Advisory: the owner may pin or free the page at any time afterwards.
 *
 * Context: May sleep (in wait points only).
 * Return: whether it may.
 */
bool mp_core_isolate(struct page *page)
{
	struct movable_page *mp;
	unsigned long irqflags;
	bool ok = false;

	mp_wait_point(MP_WAIT_ISOLATE_ENTER, page);
	irqflags = mp_link_lock(page);
	mp = mp_link_handle(page);
	if (mp)
		ok = mp_isolate_linked(mp_link_pool(page), mp, page);
	mp_link_unlock(page, irqflags);
	if (ok)
		mp_wait_point(MP_WAIT_ISOLATE_DONE, page);
	return ok;
}

/**
 * mp_core_putback() - the VM gives an isolated page back unmoved
 * @page: locked
 *
 * Return: false if the page is an orphan, which the backing then unmarks.
 */
bool mp_core_putback(struct page *page)
{
	unsigned long irqflags;
	bool linked;

	mp_wait_point(MP_WAIT_PUTBACK_ENTER, page);
	irqflags = mp_link_lock(page);
	linked = mp_link_handle(page);
	if (linked) {
		mp_link_clear_isolated(page);
		mp_count(mp_link_pool(page), MP_PUTBACK);
	}
	mp_link_unlock(page, irqflags);
	return linked;
}

/* LIVE -> MOVING, under the link lock, which keeps handle and pool alive. */
static int mp_move_start(struct mp_move *move)
{
	u64 word;

	if (!mp_move_allowed(move->pool, move->src))
		return -EBUSY;
	/* Before an owner can give up the page's share: destroy() sees us. */
	mp_pool_enter(move->pool);
	word = mp_word_read(move->mp);
	do {
		if (!mp_word_movable(word)) {
			mp_move_refused(move->pool, word);
			mp_pool_leave(move->pool);
			return -EAGAIN;
		}
		move->word = mp_word_with(word, MOVABLE_PAGE_MOVING);
	} while (!mp_word_change(move->mp, &word, move->word));
	return 0;
}

/* Return: 0, -EAGAIN, -EBUSY, or -ENOENT for an orphan. */
static int mp_move_begin(struct mp_move *move)
{
	unsigned long irqflags = mp_link_lock(move->src);
	int err = -ENOENT;

	move->mp = mp_link_handle(move->src);
	if (move->mp) {
		move->pool = mp_link_pool(move->src);
		err = mp_move_start(move);
	}
	mp_link_unlock(move->src, irqflags);
	return err;
}

/*
 * The owner has called free_async() on the page in motion: finish that.  The
 * source becomes an orphan; the VM is told that all went well and frees the
 * destination, of which nobody has a reference but the VM.
 */
static int mp_move_die(struct mp_move *move)
{
	void (*freed)(struct movable_page *mp) = move->pool->ops->freed;
	bool isolated = mp_link_cut(move->src);
	struct mp_op op;

	mp_count(move->pool, MP_DEFERRED);
	mp_deferred_add(move->backing, move->src);
	mp_word_clear(move->mp);
	/* Pinners that waited learn that there is no page. */
	smp_mb();
	wake_up_var(&move->mp->word);
	mp_op_enter(&op);
	freed(move->mp);
	mp_op_exit(&op);
	mp_page_leave(move->pool, isolated);
	mp_pool_leave(move->pool);
	return 0;
}

static int mp_move_abort(struct mp_move *move, int err)
{
	u64 word = move->word;

	if (!mp_word_change(move->mp, &word,
			    mp_word_with(word, MOVABLE_PAGE_LIVE)))
		return mp_move_die(move);
	wake_up_var(&move->mp->word);
	mp_pool_leave(move->pool);
	return err;
}

/* What the VM may hear from a driver: 0, -EAGAIN or -EBUSY. */
static int mp_move_verdict(struct movable_pool *pool, int err)
{
	if (err > 0 || err < -MAX_ERRNO) {
		mp_misuse("%s: ops->migrate returned %d\n", pool->name, err);
		err = -EBUSY;
	}
	if (err == -EAGAIN) {
		mp_count(pool, MP_REFUSED_DRIVER);
	} else if (err) {
		mp_count(pool, MP_FAILED_DRIVER);
		err = -EBUSY;
	}
	return err;
}

static int mp_move_copy(struct mp_move *move, enum migrate_mode mode)
{
	const struct movable_pool_ops *ops = move->pool->ops;
	struct mp_op op;
	int err;

	if (!ops->migrate) {
		copy_highpage(move->dst, move->src);
		return 0;
	}
	mp_op_enter(&op);
	err = ops->migrate(move->mp, move->dst, move->src, mode);
	mp_op_exit(&op);
	return mp_move_verdict(move->pool, err);
}

/*
 * Publish the new frame.  The destination's link is complete, its lock held,
 * before the word names it; the mark and the pool's reference follow before
 * that lock is released, so an owner who frees at once waits for them.  Return:
 * false if the owner has made the handle dying: the destination is as it was.
 */
static bool mp_move_publish(struct mp_move *move)
{
	u64 word = move->word;
	u64 live = mp_word_with(word, MOVABLE_PAGE_LIVE);
	unsigned long irqflags;
	bool published;

	mp_link_init(move->dst);
	irqflags = mp_link_lock(move->dst);
	mp_link_set(move->dst, move->mp, move->pool);
	published = mp_word_change(move->mp, &word,
				   mp_word_at(live, page_to_pfn(move->dst)));
	if (published) {
		get_page(move->dst);
		move->backing->mark(move->dst);
	} else {
		mp_link_cut(move->dst);
	}
	mp_link_unlock(move->dst, irqflags);
	return published;
}

/* From the publication on the handle is only an address: it may be freed. */
static int mp_move_end(struct mp_move *move)
{
	unsigned long old_pfn = page_to_pfn(move->src);
	struct movable_pool *pool = move->pool;
	struct mp_op op;

	if (!mp_move_publish(move))
		return mp_move_die(move);
	wake_up_var(&move->mp->word);
	mp_wait_point(MP_WAIT_MIGRATE_PUBLISHED, move->src);
	if (mp_link_cut(move->src))
		mp_count(pool, MP_MIGRATED);
	put_page(move->src);
	if (pool->ops->moved) {
		mp_op_enter(&op);
		pool->ops->moved(pool, old_pfn, page_to_pfn(move->dst));
		mp_op_exit(&op);
	}
	mp_pool_leave(pool);
	return 0;
}

/**
 * mp_core_migrate() - move a page's contents to a new page
 * @backing: the caller
 * @dst: new page, locked, only the VM's
 * @src: the page, locked
 * @mode: as the VM says
 *
 * A copy is made only if nobody but pool and VM has a reference to the page:
 * who has one may write through it, and the write would be lost.  With MOVING
 * set no new reference can come from a pin, so one look is enough.
 *
 * Context: May sleep.
 * Return: 0: the backing unmarks @src; -EAGAIN, -EBUSY: nothing changed.
 */
int mp_core_migrate(struct mp_backing *backing, struct page *dst,
		    struct page *src, enum migrate_mode mode)
{
	struct mp_move move = { .backing = backing, .src = src, .dst = dst };
	int err;

	mp_wait_point(MP_WAIT_MIGRATE_ENTER, src);
	err = mp_move_begin(&move);
	if (err)
		return err == -ENOENT ? 0 : err;
	mp_wait_point(MP_WAIT_MIGRATE_MOVING, src);
	if (page_count(src) != backing->refs) {
		mp_count(move.pool, MP_REFUSED_REFERENCED);
		return mp_move_abort(&move, -EAGAIN);
	}
	/* What the last holder wrote before its put_page() is what we copy. */
	smp_rmb();
	err = mp_move_copy(&move, mode);
	if (err)
		return mp_move_abort(&move, err);
	mp_wait_point(MP_WAIT_MIGRATE_COPIED, src);
	return mp_move_end(&move);
}
