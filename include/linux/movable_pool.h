/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOVABLE_POOL_H
#define _LINUX_MOVABLE_POOL_H

/**
 * DOC: The contract
 *
 * A pool owns pages which the kernel may move: compaction, memory hot-unplug,
 * CMA and soft offline take a page of the pool, copy it elsewhere and give the
 * old frame to somebody else.  A driver embeds one &struct movable_page (eight
 * bytes, the size of the page pointer it replaces) in each of its objects and
 * never keeps a &struct page, pfn or kernel address of its own:
 *
 * 1. alloc() gives an empty handle a page.  The page does not move yet.
 * 2. publish(): the contents are ready, from now on the page may move.
 * 3. pin() holds the page where it is, unpin() lets it go; map() and unmap()
 *    are the same with a kernel address.  Only a pinned page may be touched.
 *    Keep pins short: a pinned page blocks whoever wants its frame.
 * 4. free() takes the page back; the handle is empty and its memory the
 *    driver's again when the call returns.  The VM may hold the page isolated
 *    or be about to move it: that is the pool's business, not the driver's.
 * 5. destroy() ends the pool.  No driver op runs after it has returned.
 *
 * What a driver promises: the memory of a handle stays valid from alloc() to
 * the end of free() (or to ops->freed()); a page is not touched without a pin;
 * nobody keeps a reference to the page beyond the pin (such a page is left
 * alone, a copy would lose a write); module_exit() calls destroy().
 *
 * A pool holds no reference on its driver's module and no list of its pages;
 * order-0 pages only, for the VM moves no others this way.
 *
 * Which call in which context, and what excludes what, is tabulated in
 * Documentation/locking.rst; why each rule is there, in
 * Documentation/design.rst.
 */

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/migrate_mode.h>
#include <linux/mm_types.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/types.h>

struct movable_pool;

/**
 * MOVABLE_POOL_IMPORT() - let a module call the framework
 *
 * Its functions are exported to a namespace.  A module that does not say this,
 * once, beside MODULE_LICENSE(), does not pass modpost, nor would the kernel
 * load it.  It is what MODULE_IMPORT_NS() comes to, which takes an identifier
 * on some kernels and a string on others.
 */
#define MOVABLE_POOL_IMPORT()	MODULE_INFO(import_ns, "MOVABLE_POOL")

/**
 * struct movable_page - handle of one page of a pool, embedded in an object
 * @word: pfn, pin count and state in one atomic word; the framework's alone
 *
 * All zeroes is an empty handle: kzalloc() is initialisation enough.
 */
struct movable_page {
	atomic64_t word;
};

static_assert(sizeof(struct movable_page) == 8);

/* Most pins a page can have at a time; one more is -EOVERFLOW. */
#define MOVABLE_PAGE_MAX_PINS	((1u << 18) - 1)

/**
 * movable_page_init() - make a handle empty
 * @mp: handle in memory that is not known to be zero
 *
 * Context: Any.  Never on a handle that has a page.
 */
static inline void movable_page_init(struct movable_page *mp)
{
	atomic64_set(&mp->word, 0);
}

/**
 * enum movable_page_state - where a handle is in its life
 * @MOVABLE_PAGE_EMPTY: no page
 * @MOVABLE_PAGE_PRIVATE: has a page that the VM may not move yet
 * @MOVABLE_PAGE_LIVE: published; moves when nobody has it pinned
 * @MOVABLE_PAGE_MOVING: being copied right now; pins wait
 */
enum movable_page_state {
	MOVABLE_PAGE_EMPTY,
	MOVABLE_PAGE_PRIVATE,
	MOVABLE_PAGE_LIVE,
	MOVABLE_PAGE_MOVING,
};

/**
 * struct movable_pool_ops - what a driver may want to do itself; all optional
 * @migrate: copy @src to @dst instead of the framework, which uses
 *	copy_highpage().  Both pages are locked, nobody has the page pinned.
 *	Return 0; -EAGAIN if the VM should try again soon; -EBUSY if it should
 *	leave the page alone in this pass (the veto).  Any other error counts as
 *	-EBUSY.  On an error the page stays where it is, live and movable.  May
 *	sleep, but with MIGRATE_ASYNC not for long.  Page cache only, rarely:
 *	somebody got a reference to @src while it was copied, and the op is
 *	called once more, with the two exchanged and MIGRATE_SYNC, and has to
 *	undo what it did; it may not refuse that.
 * @moved: a page has moved and its new frame is in use; by now the handle may
 *	have been freed, so only the frames are named.  May sleep.
 * @freed: a handle given to movable_page_free_async() is the driver's again,
 *	kfree() of the object included.  Runs before that call returns or later
 *	in another thread; must not sleep.
 * @poisoned: a memory failure has hit the page in this frame: its contents are
 *	lost.  Pins of it are -EHWPOISON from now on, and who has one should not
 *	read any more; it does not move, and once the page is freed nobody gets
 *	its frame.  Told once.  By now the handle may have been freed, so the
 *	frame is named: see movable_page_lookup().  Must not sleep.
 * @exchange: balloon pools, which have no use for the others but @poisoned (and
 *	these none for it): @dst is in the balloon now and @src is not; nothing
 *	is copied.  Both pages are locked.  Return as @migrate does, or -ENOENT:
 *	@src is out of the balloon, but @dst could not be put in.  May sleep.
 *
 * In an op movable_page_trypin() and movable_page_free_async() are allowed.
 * movable_page_pin(), movable_page_free(), movable_pool_destroy() and
 * allocations that enter direct reclaim or compaction are not: the thread
 * holds page locks that these might wait for.
 */
struct movable_pool_ops {
	int (*migrate)(struct movable_page *mp, struct page *dst,
		       struct page *src, enum migrate_mode mode);
	void (*moved)(struct movable_pool *pool, unsigned long old_pfn,
		      unsigned long new_pfn);
	void (*freed)(struct movable_page *mp);
	void (*poisoned)(struct movable_pool *pool, unsigned long pfn);
	int (*exchange)(struct movable_pool *pool, struct page *dst,
			struct page *src, enum migrate_mode mode);
};

/* Flags of a pool. */
#define MOVABLE_POOL_UNMOVABLE	BIT(0)	/* exempt: its pages never move */
#define MOVABLE_POOL_PAGE_CACHE	BIT(1)	/* backed by page cache, if it moves */
#define MOVABLE_POOL_BALLOON	BIT(2)	/* linux/movable_balloon.h */
#define MOVABLE_POOL_ADJUST	BIT(3)	/* a balloon's pages leave MemTotal */
#define MOVABLE_POOL_MAPPED	BIT(4)	/* linux/movable_mapped.h */
#define MOVABLE_POOL_FLAGS	(MOVABLE_POOL_UNMOVABLE | \
				 MOVABLE_POOL_PAGE_CACHE | \
				 MOVABLE_POOL_BALLOON | \
				 MOVABLE_POOL_ADJUST | MOVABLE_POOL_MAPPED)

/**
 * struct movable_policy - where the pages of a pool may be
 * @nodes: these nodes; none for any node
 * @dma_mask: at most at this physical address, as dma_get_mask() gives it; 0
 *	for anywhere
 * @zone: __GFP_DMA or __GFP_DMA32: in no higher zone; 0 for any
 *
 * Allocations and directed moves (linux/movable_move.h) follow it, and a
 * destination of the VM's that is elsewhere is refused, so a pool with a policy
 * can make memory harder to compact, unplug or give to CMA.
 */
struct movable_policy {
	nodemask_t nodes;
	u64 dma_mask;
	gfp_t zone;
};

/**
 * struct movable_pool_attr - what a driver says about a new pool
 * @name: shown in messages and debugfs, need not be unique; copied
 * @ops: driver ops or NULL; must outlive the pool
 * @flags: MOVABLE_POOL_*; unknown bits are refused
 * @max_pages: most pages the pool may own, 0 for no limit; of a mapped pool the
 *	size, which it must have
 * @policy: where the pages may be, NULL for anywhere; copied.  Not of balloons
 * @priv: for movable_pool_priv()
 */
struct movable_pool_attr {
	const char *name;
	const struct movable_pool_ops *ops;
	const struct movable_policy *policy;
	unsigned int flags;
	unsigned long max_pages;
	void *priv;
};

/**
 * struct movable_pool_stats - the books of a pool
 * @pages: pages the pool owns now
 * @unpublished: of these, not published yet
 * @allocated: pages that came in, adopted ones included
 * @freed: pages that went out; @pages = @allocated - @freed
 * @isolated: pages the VM took hold of
 * @migrated: of the isolated: moved
 * @putback: of the isolated: given back unmoved
 * @released: of the isolated: freed or moved by the owner meanwhile.  At rest
 *	@isolated = @migrated + @putback + @released, but for page cache,
 *	which is not isolated by us: of these counts only @migrated counts
 * @attempted: moves asked of us, by the VM or by the owner.  At rest @attempted
 *	= @migrated + @directed + the six that follow
 * @directed: pages that moved because their owner wanted it
 * @refused_pinned: moves refused because of a pin
 * @refused_referenced: because somebody kept a reference to the page
 * @refused_driver: because the driver's op said -EAGAIN
 * @failed_driver: because the driver's op returned another error
 * @refused_unready: not published yet, being freed, or poisoned
 * @refused_target: because the pool's policy forbids the destination
 * @deferred: frees finished later because the page was locked
 * @poisoned: pages that memory failures have hit
 * @shrunk: pages that the driver's shrinker has freed (movable_shrinker.h)
 *
 * The counters are sums over CPUs: exact when nothing happens, near otherwise.
 */
struct movable_pool_stats {
	unsigned long pages;
	unsigned long unpublished;
	unsigned long allocated;
	unsigned long freed;
	unsigned long isolated;
	unsigned long migrated;
	unsigned long putback;
	unsigned long released;
	unsigned long attempted;
	unsigned long directed;
	unsigned long refused_pinned;
	unsigned long refused_referenced;
	unsigned long refused_driver;
	unsigned long failed_driver;
	unsigned long refused_unready;
	unsigned long refused_target;
	unsigned long deferred;
	unsigned long poisoned;
	unsigned long shrunk;
};

struct movable_pool *__movable_pool_create(const struct movable_pool_attr *attr,
					   struct module *owner);
void movable_pool_destroy(struct movable_pool *pool);
void *movable_pool_priv(const struct movable_pool *pool);
const char *movable_pool_backing(const struct movable_pool *pool);
void movable_pool_stats(const struct movable_pool *pool,
			struct movable_pool_stats *stats);

/**
 * movable_pool_create() - create a pool
 * @attr: what the driver says about it; only read during the call
 *
 * What the pool itself takes is charged to the caller's memory cgroup; of its
 * pages only those are that processes map.
 *
 * Context: May sleep.
 * Return: the pool, or ERR_PTR(): -EINVAL for unknown flags, a policy that no
 * page can follow or a name that is not 1 to 32 characters without '/';
 * -ENOMEM; -EOPNOTSUPP for a mapped pool where the kernel is built without page
 * migration.
 */
#define movable_pool_create(attr) __movable_pool_create(attr, THIS_MODULE)

int __must_check movable_page_alloc(struct movable_pool *pool,
				    struct movable_page *mp, gfp_t gfp);
unsigned int movable_page_alloc_bulk(struct movable_pool *pool,
				     struct movable_page **mps, unsigned int n,
				     gfp_t gfp);
int __must_check movable_page_adopt(struct movable_pool *pool,
				    struct movable_page *mp, struct page *page);
int movable_page_publish(struct movable_page *mp);
int __must_check movable_page_free(struct movable_page *mp);
int __must_check movable_page_free_async(struct movable_page *mp);

void *movable_page_vmap(struct movable_page **mps, unsigned int n);
void movable_page_vunmap(void *addr, struct movable_page **mps, unsigned int n);
struct page *movable_page_page(const struct movable_page *mp);

enum movable_page_state movable_page_state(const struct movable_page *mp);
unsigned long movable_page_pfn(const struct movable_page *mp);
unsigned int movable_page_pins(const struct movable_page *mp);
struct movable_page *movable_page_lookup(struct movable_pool *pool,
					 struct page *page);

/* pin, trypin, unpin, map, unmap */
#include <linux/movable_pool_inline.h>

#endif /* _LINUX_MOVABLE_POOL_H */
