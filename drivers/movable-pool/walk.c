// SPDX-License-Identifier: GPL-2.0
/*
 * From page frames to handles.
 *
 * A pool has no list of its pages.  The few who must enumerate walk the frames
 * of all nodes, which takes time in proportion to memory and may miss a page
 * that moves meanwhile: repeat until the pool's own count agrees.
 *
 * A reference keeps a frame from being reused, so once a page is seen marked
 * while one is held, its link words are ours or cut.
 */

#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/movable_pool.h>
#include <linux/nodemask.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "internal.h"
#include "link.h"
#include "trace.h"
#include "unpublished.h"
#include "wait_point.h"
#include "word.h"

/* Without a reference owns() is a hint, which saves taking one to others'. */
static struct page *mp_walk_get(struct movable_pool *pool, struct page *page)
{
	if (!pool->backing->owns(pool, page) || !get_page_unless_zero(page))
		return NULL;
	if (pool->backing->owns(pool, page))
		return page;
	put_page(page);
	return NULL;
}

/* Drops the reference.  Return: whose page it is, if it still is. */
static struct movable_page *mp_walk_handle(struct movable_pool *pool,
					   struct page *page)
{
	struct movable_page *mp = mp_link_handle(page);

	/* Both words belong together, or the link was cut between. */
	if (!pool->backing->owns(pool, page))
		mp = NULL;
	put_page(page);
	return mp;
}

/**
 * movable_page_lookup() - is this page mine?
 * @pool: the pool
 * @page: any page the caller knows to exist (an online pfn)
 *
 * Context: Any but NMI, for its reference may be the last one; with PREEMPT_RT
 * as movable_page_free_async().
 * Return: the handle if the page belongs to @pool, else NULL, as always for a
 * balloon pool, whose pages have none.  The answer may
 * be old when it arrives unless the caller excludes free() and has the page
 * pinned.
 */
struct movable_page *movable_page_lookup(struct movable_pool *pool,
					 struct page *page)
{
	if (pool->flags & MOVABLE_POOL_BALLOON)
		return NULL;
	page = mp_walk_get(pool, page);
	return page ? mp_walk_handle(pool, page) : NULL;
}
EXPORT_SYMBOL_GPL(movable_page_lookup);

static unsigned long mp_walk_end(void)
{
	unsigned long end = 0;
	int nid;

	for_each_online_node(nid)
		end = max(end, node_end_pfn(nid));
	return end;
}

/**
 * mp_walk_at() - the page in a frame, if it is the pool's
 * @pool: the pool
 * @pfn: any
 *
 * Context: As movable_page_lookup().
 * Return: the page with a reference, not locked, or NULL.
 */
struct page *mp_walk_at(struct movable_pool *pool, unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page ? mp_walk_get(pool, page) : NULL;
}

/* A walker comes to the first frame of each block, whoever has it. */
static bool mp_walk_goes_on(bool (*on)(struct movable_pool *pool),
			    struct movable_pool *pool, unsigned long pfn)
{
	if (pfn % pageblock_nr_pages)
		return true;
	cond_resched();
	return !on || on(pool);
}

/*
 * The next page from @pfn on, which is set to where it is: with a reference,
 * not locked; NULL at the end of memory, or when @on says so.  May sleep.
 *
 * Memory that is being removed at the same time is as ill a guest here as in
 * /proc/kpageflags: get_online_mems() is not for modules.
 */
static struct page *mp_walk(struct movable_pool *pool, unsigned long *pfn,
			    bool (*on)(struct movable_pool *pool))
{
	unsigned long end = mp_walk_end();
	struct page *page;

	while (*pfn < end && mp_walk_goes_on(on, pool, *pfn)) {
		page = pfn_to_online_page(*pfn);
		if (page) {
			page = mp_walk_get(pool, page);
			if (page)
				return page;
			++*pfn;
		} else {
			*pfn = ALIGN(*pfn + 1, pageblock_nr_pages);
		}
	}
	return NULL;
}

static struct page *mp_walk_next(struct movable_pool *pool, unsigned long *pfn)
{
	return mp_walk(pool, pfn, NULL);
}

/* destroy() waits for whoever reads its pool's files. */
static bool mp_walk_is_read(struct movable_pool *pool)
{
	return !READ_ONCE(pool->shutdown) && !fatal_signal_pending(current);
}

/**
 * mp_walk_read() - the next page of a pool, for those who read debugfs
 * @pool: the pool
 * @pfn: where to begin; set to where the page is
 *
 * Context: May sleep.
 * Return: the page with a reference, not locked; NULL at the end of memory, and
 * soon after destroy() has begun or the reader is killed.
 */
struct page *mp_walk_read(struct movable_pool *pool, unsigned long *pfn)
{
	return mp_walk(pool, pfn, mp_walk_is_read);
}

/**
 * mp_walk_first() - one page of a pool, for people
 * @pool: the pool
 *
 * Context: May sleep.
 * Return: its frame; 0 if none was found.
 */
unsigned long mp_walk_first(struct movable_pool *pool)
{
	unsigned long pfn = 0;
	struct page *page = mp_walk_next(pool, &pfn);

	if (!page)
		return 0;
	put_page(page);
	return pfn;
}

/**
 * mp_walk_next_handle() - the next page of a pool, by name
 * @pool: the pool
 * @pfn: where to begin; set to where the page is
 *
 * Nothing is held: a reference is in the way of movers, so there is one no
 * longer than the name takes to be read.
 *
 * Context: May sleep.
 * Return: the handle, which may be gone and is not to be looked into; NULL at
 * the end of memory.
 */
struct movable_page *mp_walk_next_handle(struct movable_pool *pool,
					 unsigned long *pfn)
{
	struct movable_page *mp;
	struct page *page;

	for (; (page = mp_walk_next(pool, pfn)); ++*pfn) {
		mp = mp_walk_handle(pool, page);
		if (mp)
			return mp;
	}
	return NULL;
}

/**
 * mp_walk_word() - the word of a page's handle
 * @pool: the pool
 * @page: locked, the pool's when it was locked
 * @word: set to it
 * @handle: NULL, or set to the handle, not to be followed: it may be gone
 *
 * Under both locks, as for every look at a handle through the link.  Of a
 * driver that went without destroy() handles may be gone: mp_move_allowed().
 *
 * Context: Any.
 * Return: false if the page has been freed meanwhile, or the pool is shut.
 */
bool mp_walk_word(struct movable_pool *pool, struct page *page, u64 *word,
		  const struct movable_page **handle)
{
	unsigned long irqflags = mp_link_lock(page);
	struct movable_page *mp = mp_link_handle(page);
	bool ours = mp && mp_link_pool(page) == pool &&
		    !READ_ONCE(pool->shutdown);

	if (ours)
		*word = mp_word_read(mp);
	if (handle)
		*handle = mp;
	mp_link_unlock(page, irqflags);
	return ours;
}

/*
 * The frame of a pinned page is lost, which the VM can be told (strand()) only
 * while it does not have the page isolated; it gives it back soon, for no move
 * is allowed any more.
 */
static bool mp_leftover_strandable(struct page *page, u64 word)
{
	return !mp_word_pins(word) || !mp_link_isolated(mp_link_word(page));
}

/*
 * destroy() on a page that its driver left behind.  The page is locked, so no
 * mover has it; the link lock keeps out an owner who is freeing it right now,
 * and whoever finds the handle dying has lost to that owner.
 */
static bool mp_leftover_cut(struct movable_pool *pool, struct page *page,
			    bool handle_valid, unsigned int *pins,
			    unsigned int *released)
{
	unsigned long irqflags = mp_link_lock(page);
	struct movable_page *mp = mp_link_handle(page);
	u64 word = 0;
	bool cut = false;

	if (!mp || mp_link_pool(page) != pool)
		goto unlock;
	if (handle_valid) {
		word = mp_word_read(mp);
		do {
			if (mp_word_dying(word) ||
			    !mp_leftover_strandable(page, word))
				goto unlock;
		} while (!mp_word_change(mp, &word, word | MP_WORD_DYING));
		mp_word_clear(mp);
	}
	if (mp_word_state(word) == MOVABLE_PAGE_PRIVATE)
		mp_uncount(pool, MP_UNPUBLISHED);
	*pins = mp_word_pins(word);
	*released = mp_link_cut(page) ? MP_RELEASED_ISOLATED : 0;
	cut = true;
unlock:
	mp_link_unlock(page, irqflags);
	return cut;
}

static bool mp_leftover_release(struct movable_pool *pool, struct page *page,
				bool handle_valid)
{
	unsigned int pins = 0, released;

	mp_wait_point(MP_WAIT_DESTROY_WALK, page);
	if (!trylock_page(page))
		return false;
	/* Under the lock: it may have been let go since it was found. */
	if (!pool->backing->owns(pool, page) ||
	    !mp_leftover_cut(pool, page, handle_valid, &pins, &released)) {
		unlock_page(page);
		return false;
	}
	mp_unpublished_end(page);
	trace_mp_free(pool, page);
	/* Whoever pinned it may still write to it: better lost than reused. */
	if (pins) {
		pool->backing->strand(pool->backing, page);
		pr_err_ratelimited("%s: pfn %#lx has %u pins at destroy, its frame is lost\n",
				   pool->name, page_to_pfn(page), pins);
	} else {
		pool->backing->let_go(pool->backing, page);
	}
	mp_page_leave(pool, released);
	return true;
}

/**
 * mp_walk_release() - free what a driver left in its pool, once over memory
 * @pool: being destroyed
 * @handles_valid: the driver's memory is still there; its handles are emptied
 * @left: set to the frame of one that could not be had, 0 for none
 *
 * Context: May sleep.
 * Return: how many pages were freed; fewer than there are when some are locked.
 */
unsigned long mp_walk_release(struct movable_pool *pool, bool handles_valid,
			      unsigned long *left)
{
	unsigned long pfn, released = 0;
	struct page *page;

	*left = 0;
	for (pfn = 0; (page = mp_walk_next(pool, &pfn)); pfn++) {
		if (mp_leftover_release(pool, page, handles_valid))
			released++;
		else
			*left = pfn;
		put_page(page);
	}
	return released;
}
