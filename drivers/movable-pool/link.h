/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_LINK_H
#define _MOVABLE_POOL_LINK_H

/*
 * The link: how a page leads back to its handle and pool.
 *
 * The link word holds the handle's address, the link lock in bit 0 and, in
 * bit 1, that the VM has the page isolated.  Where it is:
 *
 *	loose pages	page->index; page->private holds the pool and, once the
 *			link is cut, the page's place among the orphans, or 0
 *	page cache	page->private, under PG_private; the pool is the
 *			inode's, page->index is the place in its mapping
 *
 * A page of a balloon pool has no handle: bit 2 says so, and its link changes
 * under the page lock alone (balloon_loose.c).
 *
 * PG_private is never set on loose pages, and on the others from when they are
 * added to the cache until after the link is cut, so it tells the two apart.
 *
 * A handle may be dereferenced through the link only with the page lock AND
 * the link lock held.  So whoever holds either of them may cut the link, and
 * may let go of the handle at once: the owner cuts under the page lock when it
 * can have that without sleeping, else, and in typed.c always, under the link
 * lock.
 *
 * The link lock is a leaf, spins, and excludes interrupts because owners free
 * from interrupts.  Nothing under it may sleep, with PREEMPT_RT either: no
 * spinlock_t, no wake-up, no put_page().  Order: page lock -> link lock.
 * Waiters for the lock bit do not change the word, so its holder may store to
 * it plainly.
 *
 * Knowing the pool (mp_link_pool()) without a lock takes a page that cannot
 * move: the handle is pinned or dying, or the page is locked.
 */

#include <linux/bit_spinlock.h>
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/movable_pool.h>

#include "compat/compat.h"

#define MP_LINK_LOCK_BIT	0
#define MP_LINK_LOCK		BIT(MP_LINK_LOCK_BIT)
#define MP_LINK_ISOLATED	BIT(1)
#define MP_LINK_BALLOON		BIT(2)
#define MP_LINK_FLAGS		(MP_LINK_LOCK | MP_LINK_ISOLATED | \
				 MP_LINK_BALLOON)

static_assert(__alignof__(struct movable_page) > MP_LINK_FLAGS);

static __always_inline unsigned long *mp_link_word(struct page *page)
{
	return PagePrivate(page) ? &page->private : mp_compat_index(page);
}

static __always_inline unsigned long *mp_link_word_loose(struct page *page)
{
	return mp_compat_index(page);
}

static inline unsigned long mp_link_lock(struct page *page)
{
	unsigned long irqflags;

	local_irq_save(irqflags);
	bit_spin_lock(MP_LINK_LOCK_BIT, mp_link_word(page));
	return irqflags;
}

static inline void mp_link_unlock(struct page *page, unsigned long irqflags)
{
	bit_spin_unlock(MP_LINK_LOCK_BIT, mp_link_word(page));
	local_irq_restore(irqflags);
}

/* The same for moves, which have interrupts on and the word at hand. */
static __always_inline void mp_link_lock_irq(unsigned long *link)
{
	lockdep_assert_irqs_enabled();
	local_irq_disable();
	bit_spin_lock(MP_LINK_LOCK_BIT, link);
}

static __always_inline void mp_link_unlock_irq(unsigned long *link)
{
	bit_spin_unlock(MP_LINK_LOCK_BIT, link);
	local_irq_enable();
}

static inline struct movable_page *mp_link_handle_of(unsigned long word)
{
	return (void *)(word & ~MP_LINK_FLAGS);
}

static inline struct movable_page *mp_link_handle(struct page *page)
{
	return mp_link_handle_of(READ_ONCE(*mp_link_word(page)));
}

/*
 * Page cache, locked: has it an owner?  One that has just cut the link has let
 * go of the link lock by then, and with it of the page.  Without PG_private it
 * has been let go, but somebody's reference kept it from leaving the cache.
 */
static inline bool mp_link_owned(struct page *page)
{
	unsigned long irqflags;
	bool owned;

	if (!PagePrivate(page))
		return false;
	irqflags = mp_link_lock(page);
	owned = mp_link_handle(page);
	mp_link_unlock(page, irqflags);
	return owned;
}

/* Of any page: what would be its pool if it is a loose one of ours. */
static inline struct movable_pool *mp_link_loose_pool(struct page *page)
{
	/* Pairs with mp_link_set(): whoever sees the pool sees the handle. */
	return (void *)smp_load_acquire(&page->private);
}

static inline struct movable_pool *mp_link_pool(struct page *page)
{
	if (PagePrivate(page))
		return READ_ONCE(page->mapping)->host->i_private;
	return mp_link_loose_pool(page);
}

/* A new page, locked, nobody has its handle yet. */
static inline void mp_link_set(struct page *page, struct movable_page *mp,
			       struct movable_pool *pool)
{
	if (PagePrivate(page)) {
		WRITE_ONCE(page->private, (unsigned long)mp);
		return;
	}
	WRITE_ONCE(*mp_link_word_loose(page), (unsigned long)mp);
	/* Pairs with mp_link_loose_pool(). */
	smp_store_release(&page->private, (unsigned long)pool);
}

/* A new page of a balloon pool, locked. */
static inline void mp_link_set_balloon(struct page *page,
				       struct movable_pool *pool)
{
	WRITE_ONCE(*mp_link_word(page), MP_LINK_BALLOON);
	/* Pairs with mp_link_loose_pool(). */
	smp_store_release(&page->private, (unsigned long)pool);
}

/*
 * Under the page lock: is it one of a balloon pool?  In page cache, too, bit 2
 * of a handle's address is 0.
 */
static inline bool mp_link_balloon(const unsigned long *link)
{
	return READ_ONCE(*link) & MP_LINK_BALLOON;
}

/*
 * Cut the link, under the page lock or the link lock (whose bit stays).
 * Return: whether the VM had the page isolated.
 */
static inline bool mp_link_cut_word(unsigned long *link)
{
	unsigned long word = READ_ONCE(*link);

	WRITE_ONCE(*link, word & MP_LINK_LOCK);
	return word & MP_LINK_ISOLATED;
}

static inline bool mp_link_cut_loose(struct page *page)
{
	WRITE_ONCE(page->private, 0);
	return mp_link_cut_word(mp_link_word_loose(page));
}

static inline bool mp_link_cut(struct page *page)
{
	return PagePrivate(page) ? mp_link_cut_word(&page->private) :
				   mp_link_cut_loose(page);
}

/*
 * To a new page, in a move: both pages are locked, the handle is MOVING, and
 * @dst is ready to have a link (mp_link_word()).
 */
static inline void mp_link_move(struct page *dst, struct page *src)
{
	struct movable_page *mp = mp_link_handle(src);
	struct movable_pool *pool = mp_link_pool(src);

	mp_link_cut(src);
	mp_link_set(dst, mp, pool);
}

static inline void mp_link_move_loose(struct page *dst, struct page *src)
{
	unsigned long *link = mp_link_word_loose(dst);
	struct movable_pool *pool = mp_link_loose_pool(src);

	WRITE_ONCE(*link, READ_ONCE(*mp_link_word_loose(src)) & ~MP_LINK_FLAGS);
	mp_link_cut_loose(src);
	/* Pairs with mp_link_loose_pool(). */
	smp_store_release(&dst->private, (unsigned long)pool);
}

/* Under the page lock and the link lock, the link is there. */
static inline bool mp_link_isolated(const unsigned long *link)
{
	return READ_ONCE(*link) & MP_LINK_ISOLATED;
}

static inline void mp_link_set_isolated(unsigned long *link)
{
	WRITE_ONCE(*link, *link | MP_LINK_ISOLATED);
}

static inline void mp_link_clear_isolated(unsigned long *link)
{
	WRITE_ONCE(*link, *link & ~MP_LINK_ISOLATED);
}

/* A loose page whose link is cut waits among the orphans. */
static inline struct llist_node *mp_link_node(struct page *page)
{
	return (struct llist_node *)&page->private;
}

static inline struct page *mp_link_node_page(struct llist_node *node)
{
	return container_of((unsigned long *)node, struct page, private);
}

#endif /* _MOVABLE_POOL_LINK_H */
