/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_LOOSE_H
#define _MOVABLE_POOL_LOOSE_H

/*
 * Loose pages: on no list of the VM's, with one reference, the pool's, and a
 * mark by which the VM, or we, tell them from others.  The backings that have
 * such pages differ in the mark alone, but for typed.c, where nothing has to be
 * unmarked: it has no orphans, and uses mark and marked only.
 */

#include <linux/atomic.h>
#include <linux/indirect_call_wrapper.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/workqueue.h>

#include "backing.h"
#include "balloon.h"
#include "fault.h"
#include "internal.h"
#include "link.h"
#include "wait_point.h"

/**
 * struct mp_loose - what one backing's loose pages have, and its orphans
 * @mark: make @page known as movable; page locked, link initialised
 * @unmark: it is movable no more; page locked
 * @strand: unmark, and let the VM see that the frame stays in use
 * @marked: may @page be ours?  Any page.  Only true with a reference held, and
 *	with a pool in its link, does it mean that the link words are ours
 * @offline: pages of balloon pools are PageOffline besides, so that neither
 *	hibernation nor kdump reads them; not possible where the mark is a type
 * @orphans: pages that wait for their page lock, one reference each
 * @work: tries those locks
 * @delay: jiffies to the next try
 * @nr: of orphans
 * @stuck: the frame of one whose lock could not be had
 */
struct mp_loose {
	void (*mark)(struct page *page);
	void (*unmark)(struct page *page);
	void (*strand)(struct page *page);
	bool (*marked)(struct page *page);
	bool offline;
	struct llist_head orphans;
	struct delayed_work work;
	unsigned int delay;
	atomic_long_t nr;
	unsigned long stuck;
};

/* The one there is whose pages move is called directly, for speed. */
#ifdef MP_HAVE_NONLRU
void mp_nonlru_mark(struct page *page);
#endif
/* Pages with a type are not unmarked. */
#if defined(MP_HAVE_NONLRU) && !defined(MP_HAVE_NONLRU_TYPED)
#define MP_HAVE_NONLRU_UNMARK
void mp_nonlru_unmark(struct page *page);
#endif

static __always_inline void mp_loose_mark(const struct mp_loose *loose,
					  struct page *page)
{
#ifdef MP_HAVE_NONLRU
	INDIRECT_CALL_1(loose->mark, mp_nonlru_mark, page);
#else
	loose->mark(page);
#endif
}

static __always_inline void mp_loose_unmark(const struct mp_loose *loose,
					    struct page *page)
{
#ifdef MP_HAVE_NONLRU_UNMARK
	INDIRECT_CALL_1(loose->unmark, mp_nonlru_unmark, page);
#else
	loose->unmark(page);
#endif
}

int mp_loose_init(const struct mp_backing *backing);
void mp_loose_exit(const struct mp_backing *backing);
bool mp_loose_owns(const struct movable_pool *pool, struct page *page);
int mp_loose_add(struct movable_pool *pool, struct page *page, long index,
		 gfp_t gfp);
unsigned int mp_loose_release(const struct mp_backing *backing,
			      struct page *page, bool may_sleep);
void mp_loose_let_go(const struct mp_backing *backing, struct page *page);
unsigned int mp_loose_orphan(const struct mp_backing *backing,
			     struct page *page);
void mp_loose_strand(const struct mp_backing *backing, struct page *page);
int mp_loose_replace(const struct mp_backing *backing, struct page *dst,
		     struct page *src);
int mp_loose_supplant(const struct mp_backing *backing, struct page *dst,
		      struct page *src);
unsigned int mp_loose_release_locked(const struct mp_backing *backing,
				     struct page *page);
long mp_loose_nr_orphans(const struct mp_backing *backing);
unsigned long mp_loose_orphan_pfn(const struct mp_backing *backing);

bool mp_loose_lock_wait(struct page *page, gfp_t gfp);

/* mp_loose_add() and mp_loose_release(), inlined where every page comes by. */
static __always_inline int mp_loose_add_inline(struct movable_pool *pool,
					       struct page *page, gfp_t gfp)
{
	if (unlikely(mp_fail(MP_FAIL_PAGE_LOCK) || !trylock_page(page)) &&
	    !mp_loose_lock_wait(page, gfp))
		return -EBUSY;
	WRITE_ONCE(*mp_link_word_loose(page), 0);
	mp_loose_mark(pool->backing->loose, page);
	return 0;
}

/*
 * With the page lock nobody else is on the link; without, the link lock keeps
 * out the VM's side, which may be about to look at the handle.
 */
static __always_inline unsigned int
mp_loose_release_inline(const struct mp_backing *backing, struct page *page)
{
	bool isolated;

	if (unlikely(!trylock_page(page)))
		return mp_loose_release_locked(backing, page);
	isolated = mp_link_cut_loose(page);
	mp_wait_point(MP_WAIT_FREE_CUT, page);
	mp_loose_unmark(backing->loose, page);
	unlock_page(page);
	put_page(page);
	return isolated ? MP_RELEASED_ISOLATED : 0;
}

/* What all backings with loose pages have in common. */
#define MP_LOOSE_OPS \
	.balloon = &mp_balloon_loose, \
	.owns = mp_loose_owns, \
	.add = mp_loose_add, \
	.release = mp_loose_release, \
	.let_go = mp_loose_let_go, \
	.orphan = mp_loose_orphan, \
	.strand = mp_loose_strand, \
	.replace = mp_loose_replace, \
	.supplant = mp_loose_supplant, \
	.nr_orphans = mp_loose_nr_orphans, \
	.orphan_pfn = mp_loose_orphan_pfn

#endif /* _MOVABLE_POOL_LOOSE_H */
