// SPDX-License-Identifier: GPL-2.0
/*
 * A page's way into the pool and out of it: alloc, adopt, publish, free.
 *
 * A page is linked and marked as movable from the start, isolate() refuses it
 * until it is published.  So publish is one atomic operation that needs no
 * page lock and cannot fail in a correct driver, and pages that a driver never
 * published are still found by destroy() and debugfs.
 */

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/movable_pool.h>
#include <linux/pagemap.h>

#include "compat/compat.h"
#include "fault.h"
#include "internal.h"
#include "link.h"
#include "loose.h"
#include "set.h"
#include "trace.h"
#include "unpublished.h"
#include "wait_point.h"
#include "word.h"

/* Pages taken from the page allocator at a time by bulk allocation. */
#define MP_BULK		32

/*
 * Close the books on a page whose link is cut; the pool may go right after.
 * @released: MP_RELEASED_*
 */
static __always_inline void mp_page_leave_inline(struct movable_pool *pool,
						 unsigned int released)
{
	if (released & MP_RELEASED_ISOLATED)
		mp_count(pool, MP_RELEASED);
	if (released & MP_RELEASED_LATER)
		mp_count(pool, MP_DEFERRED);
	mp_count(pool, MP_FREED);
	/* Ordered: destroy() may free what the lines above have touched. */
	atomic_long_dec_return(&pool->nr_pages);
}

void mp_page_leave(struct movable_pool *pool, unsigned int released)
{
	mp_page_leave_inline(pool, released);
}

/*
 * What a move could not keep, or the VM does not do for these pages: it never
 * moves a memcg charge with them (mm/migrate.c, all versions), moves order-0
 * pages only, and may pick a destination in any zone: that is for the pool's
 * policy to say.  __GFP_RECLAIMABLE beside __GFP_MOVABLE is no mobility the
 * page allocator knows.
 */
#define MP_GFP_BAD	(__GFP_ACCOUNT | __GFP_COMP | __GFP_DMA | \
			 __GFP_DMA32 | __GFP_RECLAIMABLE)

static __cold void mp_gfp_refuse(gfp_t gfp)
{
	mp_misuse("refused gfp %#x: a move keeps no memcg charge, order, zone\n",
		  (__force unsigned int)(gfp & MP_GFP_BAD));
}

static inline bool mp_gfp_allowed(gfp_t gfp)
{
	if (likely(!(gfp & MP_GFP_BAD)))
		return true;
	mp_gfp_refuse(gfp);
	return false;
}

static gfp_t mp_page_gfp(struct movable_pool *pool, gfp_t gfp)
{
	return (gfp & ~__GFP_MOVABLE) | pool->gfp;
}

/*
 * From here to mp_page_give() or mp_page_back_out() the handle is dying without
 * a page: whoever uses it meanwhile is told that it has none.
 */
static inline int mp_page_claim(struct movable_pool *pool,
				struct movable_page *mp)
{
	u64 old = 0;

	if (likely(mp_word_change(mp, &old,
				  MOVABLE_PAGE_EMPTY | MP_WORD_DYING)))
		return 0;
	mp_misuse("%s: alloc for a handle that has a page\n", pool->name);
	return -EEXIST;
}

static __cold int mp_page_kind_wrong(struct movable_pool *pool)
{
	if (pool->flags & MOVABLE_POOL_BALLOON)
		mp_misuse("%s: a balloon's pages have no handles\n",
			  pool->name);
	else
		mp_misuse("%s: pages of mapped pools, and no others, have a place in them\n",
			  pool->name);
	return -EINVAL;
}

/* Has the pool pages of this kind? */
static inline int mp_page_kind(struct movable_pool *pool, long index)
{
	unsigned int kind = index == MP_INDEX_NEXT ? 0 : MOVABLE_POOL_MAPPED;

	if (likely((pool->flags & (MOVABLE_POOL_BALLOON |
				   MOVABLE_POOL_MAPPED)) == kind))
		return 0;
	return mp_page_kind_wrong(pool);
}

/* Take a share of the pool for a page to come. */
static inline int mp_page_share(struct movable_pool *pool)
{
	unsigned long nr = atomic_long_inc_return(&pool->nr_pages);
	unsigned long limit = READ_ONCE(pool->share_limit);

	if (likely(nr <= limit))
		return 0;
	atomic_long_dec(&pool->nr_pages);
	return limit ? -ENOSPC : -ESHUTDOWN;
}

static __always_inline int mp_page_enter(struct movable_pool *pool,
					 struct movable_page *mp, long index)
{
	int err = mp_page_kind(pool, index) ?: mp_page_share(pool);

	if (err)
		return err;
	err = mp_page_claim(pool, mp);
	if (err)
		atomic_long_dec(&pool->nr_pages);
	return err;
}

/* There is no page after all. */
static void mp_page_back_out(struct movable_pool *pool, struct movable_page *mp)
{
	mp_word_clear(mp);
	atomic_long_dec_return(&pool->nr_pages);
}

static __always_inline int mp_page_add(struct movable_pool *pool,
				       struct page *page, long index,
				       gfp_t gfp)
{
	if (likely(pool->backing->add == mp_loose_add))
		return mp_loose_add_inline(pool, page, gfp);
	return pool->backing->add(pool, page, index, gfp);
}

/* Give @page, the caller's alone, to @mp.  On error it stays the caller's. */
static __always_inline int mp_page_give(struct movable_pool *pool,
					struct movable_page *mp,
					struct page *page, long index,
					gfp_t gfp)
{
	u64 word = MOVABLE_PAGE_PRIVATE | pool->word_async;
	int err = mp_page_add(pool, page, index, gfp);

	if (err)
		return err;
	/* All before the word names the page: free() may follow at once. */
	mp_link_set(page, mp, pool);
	mp_count(pool, MP_ALLOCATED);
	mp_count(pool, MP_UNPUBLISHED);
	mp_unpublished_begin(pool, page);
	trace_mp_alloc(pool, page);
	mp_word_set(mp, mp_word_at(word, page_to_pfn(page)));
	unlock_page(page);
	return 0;
}

static inline struct page *mp_page_new(struct movable_pool *pool, gfp_t gfp)
{
	if (unlikely(pool->restricted))
		return mp_policy_alloc(pool, NUMA_NO_NODE, gfp);
	if (mp_fail(MP_FAIL_ALLOC_PAGE))
		return NULL;
	return alloc_page(gfp);
}

static __always_inline int mp_page_alloc_claimed(struct movable_pool *pool,
						 struct movable_page *mp,
						 struct page *page, long index,
						 gfp_t gfp)
{
	int err;

	if (!page)
		page = mp_page_new(pool, gfp);
	if (!page)
		return -ENOMEM;
	err = mp_page_give(pool, mp, page, index, gfp);
	if (err)
		put_page(page);
	return err;
}

/* @page: one that the caller has got already, or NULL. */
static __always_inline int mp_page_alloc_one(struct movable_pool *pool,
					     struct movable_page *mp,
					     struct page *page, long index,
					     gfp_t gfp)
{
	int err = mp_page_enter(pool, mp, index);

	if (likely(!err)) {
		err = mp_page_alloc_claimed(pool, mp, page, index, gfp);
		if (err)
			mp_page_back_out(pool, mp);
	} else if (page) {
		put_page(page);
	}
	return err;
}

/* movable_page_alloc() of mapped pools. */
int mp_page_alloc_at(struct movable_pool *pool, struct movable_page *mp,
		     long index, gfp_t gfp)
{
	if (!mp_gfp_allowed(gfp))
		return -EINVAL;
	return mp_page_alloc_one(pool, mp, NULL, index,
				 mp_page_gfp(pool, gfp));
}

/**
 * movable_page_alloc() - give an empty handle a page
 * @pool: pool that will own the page
 * @mp: empty handle
 * @gfp: as for alloc_page(); the pool adds __GFP_MOVABLE itself
 *
 * The page belongs to the handle but does not move until it is published.  Do
 * that soon: memory hot-unplug retries until it is, as it does for a pin.
 *
 * Context: As @gfp says: any, or may sleep.  Not under a lock that a driver op
 * takes unless @gfp excludes direct reclaim and compaction.
 * Return: 0; -ENOMEM; -ENOSPC at the pool's page limit; -EEXIST for a handle
 * that has a page; -EINVAL for a @gfp with __GFP_ACCOUNT, __GFP_COMP or a zone
 * that a move would not keep, or with __GFP_RECLAIMABLE, or a pool whose pages
 * have no handles or have places (linux/movable_balloon.h, movable_mapped.h);
 * -EOPNOTSUPP for a @gfp that may not sleep, if the backing is page cache;
 * -ESHUTDOWN during movable_pool_destroy(); -EBUSY if the new page is locked by
 * memory failure handling and @gfp forbids to wait for that.
 */
int movable_page_alloc(struct movable_pool *pool, struct movable_page *mp,
		       gfp_t gfp)
{
	if (!mp_gfp_allowed(gfp))
		return -EINVAL;
	return mp_page_alloc_one(pool, mp, NULL, MP_INDEX_NEXT,
				 mp_page_gfp(pool, gfp));
}
EXPORT_SYMBOL_GPL(movable_page_alloc);

static unsigned int mp_bulk_new(struct movable_pool *pool, gfp_t gfp,
				unsigned int n, struct page **pages)
{
	/* The page allocator would choose by no policy but its own. */
	if (pool->restricted || mp_fail(MP_FAIL_ALLOC_BULK))
		return 0;
	return mp_compat_alloc_bulk(gfp, n, pages);
}

/*
 * Up to MP_BULK pages, from the set's @first on; falls back to single ones
 * where bulk comes short.
 */
static int mp_alloc_chunk(struct movable_pool *pool, const struct mp_set *set,
			  unsigned int first, unsigned int n, gfp_t gfp,
			  unsigned int *done)
{
	struct page *pages[MP_BULK] = {};
	unsigned int i;
	int err = 0;

	mp_bulk_new(pool, gfp, n, pages);
	for (i = 0; i < n; i++) {
		err = mp_page_alloc_one(pool, mp_set_at(set, first + i),
					pages[i], MP_INDEX_NEXT, gfp);
		if (err)
			break;
	}
	*done += i;
	/* The one that failed has been dropped with its share. */
	for (i++; i < n; i++)
		if (pages[i])
			put_page(pages[i]);
	return err;
}

/**
 * mp_page_alloc_set() - give the handles of a set a page each
 * @pool: pool that will own the pages
 * @set: empty handles
 * @gfp: as for movable_page_alloc()
 * @done: set to how many got one, counted from the first
 *
 * Context: As for movable_page_alloc().
 * Return: 0, or why the one after these got none, as movable_page_alloc().
 */
int mp_page_alloc_set(struct movable_pool *pool, const struct mp_set *set,
		      gfp_t gfp, unsigned int *done)
{
	int err = 0;

	*done = 0;
	if (!mp_gfp_allowed(gfp))
		return -EINVAL;
	gfp = mp_page_gfp(pool, gfp);
	while (!err && *done < set->n)
		err = mp_alloc_chunk(pool, set, *done,
				     min_t(unsigned int, set->n - *done,
					   MP_BULK), gfp, done);
	return err;
}

/**
 * movable_page_alloc_bulk() - give many empty handles a page each
 * @pool: pool that will own the pages
 * @mps: empty handles
 * @n: how many
 * @gfp: as for movable_page_alloc()
 *
 * Context: As for movable_page_alloc().
 * Return: how many got one, counted from the first; the others are unchanged.
 */
unsigned int movable_page_alloc_bulk(struct movable_pool *pool,
				     struct movable_page **mps, unsigned int n,
				     gfp_t gfp)
{
	struct mp_set set = { .each = mps, .n = n };
	unsigned int done;

	mp_page_alloc_set(pool, &set, gfp, &done);
	return done;
}
EXPORT_SYMBOL_GPL(movable_page_alloc_bulk);

/* Neither mapped to user space nor of a type, which use the same word. */
static bool mp_page_plain(struct page *page)
{
	return atomic_read(&page->_mapcount) == -1;
}

/* An order-0 page in nobody's hands but the caller's, charged to nobody. */
bool mp_page_adoptable(struct page *page)
{
	return !PageCompound(page) && !PageReserved(page) && !PageSlab(page) &&
	       !PageLRU(page) && !PagePrivate(page) && mp_page_plain(page) &&
	       !PageHWPoison(page) && !page->mapping &&
	       !mp_compat_page_charged(page);
}

/**
 * movable_page_adopt() - give an empty handle a page that the driver has
 * @pool: pool that will own the page
 * @mp: empty handle
 * @page: order-0 page (split_page() makes such) with one reference, the
 *	caller's, which becomes the pool's; its contents are kept
 *
 * Allocate such pages with GFP_HIGHUSER_MOVABLE: others sit in pageblocks that
 * hold unmovable memory, where moving them gains nothing.
 *
 * Context: Any but NMI, with PREEMPT_RT and debug on as
 * movable_page_free_async(); where the backing is page cache, may sleep.
 * Return: 0; -EINVAL for a page that is compound, mapped, in the page cache,
 * poisoned or charged to a memcg; -ERANGE for one that the pool's policy
 * forbids; -EBUSY while somebody else has a reference or the page lock, which
 * may be a passing scanner of memory: try again; otherwise as
 * movable_page_alloc().  On error the page is the caller's.
 */
int movable_page_adopt(struct movable_pool *pool, struct movable_page *mp,
		       struct page *page)
{
	int err;

	if (!mp_page_adoptable(page)) {
		mp_misuse("%s: cannot adopt pfn %#lx: not an order-0 page of one owner\n",
			  pool->name, page_to_pfn(page));
		return -EINVAL;
	}
	if (!mp_policy_allows(pool, page))
		return -ERANGE;
	if (page_count(page) != 1 || PageLocked(page))
		return -EBUSY;
	err = mp_page_enter(pool, mp, MP_INDEX_NEXT);
	if (err)
		return err;
	err = mp_page_give(pool, mp, page, MP_INDEX_NEXT,
			   pool->backing->sleeps ? GFP_KERNEL : 0);
	if (err)
		mp_page_back_out(pool, mp);
	return err;
}
EXPORT_SYMBOL_GPL(movable_page_adopt);

static __cold int mp_publish_refused(u64 word)
{
	if (mp_word_state(word) == MOVABLE_PAGE_EMPTY || mp_word_dying(word)) {
		mp_misuse("publish of a handle without a page\n");
		return -ENOENT;
	}
	mp_misuse("page published twice\n");
	return -EALREADY;
}

/* @watched: it may be among the unpublished ones. */
static __always_inline int mp_page_publish(struct movable_page *mp, u64 word,
					   bool watched)
{
	struct movable_pool *pool;

	for (;;) {
		if (unlikely((word & (MP_WORD_STATE | MP_WORD_DYING)) !=
			     MOVABLE_PAGE_PRIVATE))
			return mp_publish_refused(word);
		/* Private: it cannot move, so this is its page and pool. */
		pool = mp_link_pool(pfn_to_page(mp_word_pfn(word)));
		/* Once it is live, others may free it and destroy the pool. */
		if (watched && mp_debugging())
			mp_unpublished_remove(mp_word_pfn(word));
		mp_uncount(pool, MP_UNPUBLISHED);
		if (mp_word_change(mp, &word,
				   mp_word_with(word, MOVABLE_PAGE_LIVE)))
			return 0;
		mp_count(pool, MP_UNPUBLISHED);
	}
}

/*
 * For who looks on: tracers, and the list of unpublished pages.  Told before,
 * while nobody but the caller can take the page, or the pool, away.  Apart: a
 * call in between would have all others save registers.
 */
static __cold noinline int mp_page_publish_watched(struct movable_page *mp,
						   u64 word)
{
	struct page *page = pfn_to_page(mp_word_pfn(word));

	if ((word & (MP_WORD_STATE | MP_WORD_DYING)) == MOVABLE_PAGE_PRIVATE)
		trace_mp_publish(mp_link_pool(page), page);
	return mp_page_publish(mp, word, true);
}

/**
 * movable_page_publish() - let the page move from now on
 * @mp: handle with a page whose contents are ready
 *
 * May be called with the page pinned; it then moves after the last unpin.
 *
 * Context: Any but NMI: with debug on, for a raw spinlock.
 * Return: 0; -EALREADY if it is published; -ENOENT if it has no page.
 */
int movable_page_publish(struct movable_page *mp)
{
	u64 word = mp_word_read(mp);

	if (mp_debugging() || trace_mp_publish_enabled())
		return mp_page_publish_watched(mp, word);
	return mp_page_publish(mp, word, false);
}
EXPORT_SYMBOL_GPL(movable_page_publish);

static __always_inline unsigned int
mp_page_let_go(const struct mp_backing *backing, struct page *page,
	       bool may_sleep)
{
	if (likely(backing->release == mp_loose_release))
		return mp_loose_release_inline(backing, page);
	return backing->release(backing, page, may_sleep);
}

/*
 * The owner's end of a page.  @mp is dying and was PRIVATE or LIVE in @word,
 * so its page neither moves nor goes away before the backing lets go of it.
 *
 * The page lock is never waited for: a migration batch (>= 6.3) holds it over
 * direct reclaim and over other pages' driver ops, which may be what called us
 * or what waits for the caller's locks.
 */
static __always_inline void
mp_page_release(struct movable_page *mp, u64 word, bool may_sleep,
		void (*freed)(struct movable_page *mp))
{
	struct page *page = pfn_to_page(mp_word_pfn(word));
	struct movable_pool *pool = mp_link_pool(page);
	unsigned int released;

	mp_wait_point(MP_WAIT_FREE_DYING, page);
	if (mp_word_state(word) == MOVABLE_PAGE_PRIVATE) {
		mp_unpublished_end(page);
		mp_uncount(pool, MP_UNPUBLISHED);
	}
	trace_mp_free(pool, page);
	released = mp_page_let_go(pool->backing, page, may_sleep);
	mp_word_clear(mp);
	if (freed)
		freed(mp);
	mp_page_leave_inline(pool, released);
}

/* Those of a page that free() has without ado are LIVE, unalloc's PRIVATE. */
#define MP_WORD_FREE_MASK	(MP_WORD_STATE | MP_WORD_DYING | MP_WORD_PINS)

/**
 * mp_page_unalloc() - take back what alloc() has just given to a handle
 * @mp: handle that nobody has used since
 * @may_sleep: whether the caller may
 *
 * Context: As @may_sleep says.
 * Return: false if somebody has: published, pinned or freed it.
 */
bool mp_page_unalloc(struct movable_page *mp, bool may_sleep)
{
	u64 word = mp_word_read(mp);

	do {
		if ((word & MP_WORD_FREE_MASK) != MOVABLE_PAGE_PRIVATE)
			return false;
	} while (!mp_word_change(mp, &word, word | MP_WORD_DYING));
	mp_page_release(mp, word, may_sleep, NULL);
	return true;
}

static int mp_free_refused(u64 word)
{
	if (mp_word_state(word) == MOVABLE_PAGE_EMPTY || mp_word_dying(word)) {
		mp_misuse("free of a handle without a page, or freed twice\n");
		return -ENOENT;
	}
	return mp_word_pins(word) ? -EBUSY : 0;
}

/* Wait until the page is not moving; @word is the handle's then. */
static noinline int mp_free_wait(struct movable_page *mp, u64 *word)
{
	int err;

	for (;;) {
		err = mp_free_refused(*word);
		if (err || mp_word_state(*word) != MOVABLE_PAGE_MOVING)
			return err;
		mp_wait_point(MP_WAIT_FREE_WAIT, NULL);
		err = mp_wait_moving(mp);
		if (err)
			return err;
		*word = mp_word_read(mp);
	}
}

/**
 * movable_page_free() - take a page back from the pool and free it
 * @mp: handle with a page, published or not, that nobody has pinned
 *
 * The VM may have the page isolated, or locked: the page is then given back a
 * little later, but the handle is empty and its memory the driver's when the
 * call returns.
 *
 * Context: May sleep, but only while the page is being moved: never for a page
 * lock, so it is safe in reclaim (shrinkers, OOM notifiers).  Not in an op.
 * Return: 0; -EBUSY if pinned, nothing changed; -ENOENT if there is no page;
 * -EDEADLK in a driver op when it would have had to wait.
 */
int movable_page_free(struct movable_page *mp)
{
	u64 word;
	int err;

	/* Elsewhere it would be a chance to be preempted, for each page. */
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_sleep();
	mp_op_might_wait();
	word = mp_word_read(mp);
	do {
		if (unlikely((word & MP_WORD_FREE_MASK) !=
			     MOVABLE_PAGE_LIVE)) {
			err = mp_free_wait(mp, &word);
			if (err)
				return err;
		}
	} while (!mp_word_change(mp, &word, word | MP_WORD_DYING));
	mp_page_release(mp, word, true, NULL);
	return 0;
}
EXPORT_SYMBOL_GPL(movable_page_free);

/* Only for a handle that is dying and not moving: its page has its pool. */
static void (*mp_freed_op(u64 word))(struct movable_page *mp)
{
	return mp_link_pool(pfn_to_page(mp_word_pfn(word)))->ops->freed;
}

/**
 * movable_page_free_async() - free a page from any context
 * @mp: handle with a page that nobody has pinned
 *
 * The object stays the pool's until ops->freed(@mp), which comes exactly once
 * for each call that returned 0: before it returns, or, if the page is being
 * moved, from the mover.  Locks that ops->freed takes must not be held here.
 *
 * A device must have stopped using the page before this call: the frame may be
 * somebody else's before ops->freed runs, and a move for which ops->migrate has
 * returned 0 is undone.
 *
 * Context: Any but NMI; with PREEMPT_RT neither hard interrupts nor under a raw
 * spinlock, where put_page() must not be called.  Allowed in driver ops.
 * Return: 0; -EBUSY if pinned, nothing changed; -ENOENT if there is no page;
 * -EOPNOTSUPP if the driver has no ops->freed.
 */
int movable_page_free_async(struct movable_page *mp)
{
	u64 word = mp_word_read(mp);
	int err;

	do {
		err = mp_free_refused(word);
		if (!err && !(word & MP_WORD_ASYNC))
			err = -EOPNOTSUPP;
		if (err)
			return err;
	} while (!mp_word_change(mp, &word, word | MP_WORD_DYING));
	if (mp_word_state(word) != MOVABLE_PAGE_MOVING)
		mp_page_release(mp, word, false, mp_freed_op(word));
	return 0;
}
EXPORT_SYMBOL_GPL(movable_page_free_async);
