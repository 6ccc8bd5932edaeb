/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOVABLE_MOVE_H
#define _LINUX_MOVABLE_MOVE_H

/**
 * DOC: Directed moves and long-term pins
 *
 * What migrate_pages(2) is for processes, for the pages of a pool: their owner
 * wants them on these nodes, or in frames of its own choice.
 *
 * 1. movable_pages_move() is for a set of handles, movable_pool_move() for all
 *    pages of a pool.  They go over them in passes, and again over those that
 *    were in use just then.
 * 2. What does not move is left where it is, live and movable, and named with
 *    the reason.  No reference is kept to it.
 * 3. A move by its owner is a move like the VM's: ops->migrate and ops->moved
 *    are called, pins hold a page, contents survive, also when the VM has the
 *    page isolated.  Pages that processes have mapped are taken out of their
 *    page tables first; who touches one waits, and reaches the new page.
 * 4. movable_page_pin_longterm() moves a page to where nobody will want its
 *    frame, neither unplug nor CMA, and holds it there.
 *
 * Handles must stay valid during a move (free() is allowed), and the pool must
 * not be destroyed.  Documentation/directed.rst has the rest.
 */

#include <linux/migrate_mode.h>
#include <linux/movable_pool.h>
#include <linux/nodemask.h>

/**
 * enum movable_left_why - why a page was not moved
 * @MOVABLE_LEFT_PINNED: a pin held it in every pass
 * @MOVABLE_LEFT_REFERENCED: somebody had a reference, as to a page that a
 *	process has pinned; with MIGRATE_ASYNC also: processes have it mapped
 * @MOVABLE_LEFT_LOCKED: somebody had its page lock, the VM perhaps
 * @MOVABLE_LEFT_MOVING: the VM, or another move by the owner, was moving it
 * @MOVABLE_LEFT_UNREADY: not published, being freed, poisoned
 * @MOVABLE_LEFT_DRIVER: ops->migrate would not
 * @MOVABLE_LEFT_TARGET: the new frame was not an order-0 page of one owner, or
 *	was in use in every pass, or the pool's policy forbids it
 * @MOVABLE_LEFT_NO_MEMORY: there was no new frame
 * @MOVABLE_LEFT_EMPTY: the handle has no page
 * @MOVABLE_LEFT_FOREIGN: it is a page of another pool
 * @MOVABLE_LEFT_STOPPED: not tried: a signal or the caller ended it before, or
 *	no pass over memory has met it
 */
enum movable_left_why {
	MOVABLE_LEFT_PINNED = 1,
	MOVABLE_LEFT_REFERENCED,
	MOVABLE_LEFT_LOCKED,
	MOVABLE_LEFT_MOVING,
	MOVABLE_LEFT_UNREADY,
	MOVABLE_LEFT_DRIVER,
	MOVABLE_LEFT_TARGET,
	MOVABLE_LEFT_NO_MEMORY,
	MOVABLE_LEFT_EMPTY,
	MOVABLE_LEFT_FOREIGN,
	MOVABLE_LEFT_STOPPED,
};

/**
 * struct movable_left - a page that was not moved
 * @mp: its handle; of movable_pool_move() only a name, for what nobody keeps
 *	from being freed
 * @why: the last reason
 */
struct movable_left {
	struct movable_page *mp;
	enum movable_left_why why;
};

/**
 * struct movable_move - where pages shall go, and how
 * @mode: MIGRATE_ASYNC never sleeps for a lock or for memory, and gives up
 *	early; MIGRATE_SYNC_LIGHT and MIGRATE_SYNC reclaim memory, are more
 *	patient, and may wait until each CPU has emptied its batches of pages.
 *	No mode waits for a page lock, or longer for a pin
 * @to: the nodes; pages that are on one of them stay
 * @from: NULL, or only pages on these nodes move, and keep their relative
 *	placement, as migrate_pages(2) has it: from the n-th node of @from to
 *	the n-th of @to, counted in a circle.  A node that is its own
 *	destination keeps its pages
 * @alloc: instead of @to and @from: returns a new order-0 page for the one that
 *	@mp has in frame @pfn, with one reference, which becomes the pool's, or
 *	NULL: that page stays.  Must not look into @mp of movable_pool_move()
 * @unused: takes a page of @alloc's back that nothing has moved to; NULL:
 *	put_page()
 * @progress: called now and then, with the pages dealt with and how many there
 *	are; returns false to stop here
 * @priv: for these three
 */
struct movable_move {
	enum migrate_mode mode;
	const nodemask_t *to;
	const nodemask_t *from;
	struct page *(*alloc)(struct movable_page *mp, unsigned long pfn,
			      void *priv);
	void (*unused)(struct page *page, void *priv);
	bool (*progress)(unsigned long done, unsigned long total, void *priv);
	void *priv;
};

/**
 * struct movable_moved - what has become of it
 * @moved: pages that moved
 * @stayed: that were where they should be, or not on the nodes to leave
 * @nr_left: that should have moved and did not
 * @left: the first @max_left of these, in the order of the handles; NULL if
 *	@max_left is 0.  The caller's memory, as is the next
 * @max_left: how many there is room for
 */
struct movable_moved {
	unsigned long moved;
	unsigned long stayed;
	unsigned long nr_left;
	struct movable_left *left;
	unsigned long max_left;
};

int movable_pages_move(struct movable_pool *pool, struct movable_page **mps,
		       unsigned long n, const struct movable_move *move,
		       struct movable_moved *moved);
int movable_pool_move(struct movable_pool *pool,
		      const struct movable_move *move,
		      struct movable_moved *moved);

struct movable_pin;

struct movable_pin * __must_check
movable_page_pin_longterm(struct movable_pool *pool, struct movable_page *mp);
void movable_page_unpin_longterm(struct movable_pin *pin);

#endif /* _LINUX_MOVABLE_MOVE_H */
