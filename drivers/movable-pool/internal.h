/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_INTERNAL_H
#define _MOVABLE_POOL_INTERNAL_H

/*
 * Locks, outermost first (Documentation/locking.rst has the table by call):
 *
 *	driver's locks
 *	  op map (lockdep only): waiting for MOVING, or being in a driver op
 *	    page lock: only ever trylocked by owners and the deferred worker
 *	      link lock (link.h): leaf, spins, interrupts off
 *
 * Fields of struct page the framework uses:
 *
 *		  loose pages (loose.h)		page cache (cache.c)
 *	index	  link word, alloc to cut	the page's number in the mapping
 *	private	  pool, alloc to cut; then	link word, while PG_private
 *		  the orphans' list
 *	mapping	  the VM's mark; 0 for those	the inode's, which leads to the
 *		  with a page type (typed.c)	pool
 *		  and those that never move,
 *		  which have PG_checked (none.c)
 *	lru	  the VM's while the page is	the VM's
 *		  isolated; else a balloon
 *		  pool's list, or unused
 *	flags	  PG_locked by trylock; never	PG_private, PG_uptodate; never
 *		  PG_private			PG_dirty
 *	refcount  one is the pool's, until	one is the cache's, one
 *		  the page is let go		PG_private's
 *
 * Why no callback can run in text that is gone: typed.c asks the kernel, which
 * knows.  For the others: the VM calls us only with the page locked.  A page is
 * let go, by its pool or as an orphan, only with its lock taken outside a
 * callback: its callbacks have returned.  The source of a finished move is let
 * go inside one, but then the destination, now the pool's, stays locked until
 * that callback has returned.  A driver's op runs between mp_pool_enter() and
 * mp_pool_leave(), which destroy() waits for.
 */

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/list.h>
#include <linux/movable_pool.h>
#include <linux/percpu.h>

#include "backing.h"
#include "conduct.h"

#undef pr_fmt
#define pr_fmt(fmt) "movable_pool: " fmt

struct dentry;
struct mp_balloon_kernel;
struct mp_balloon_list;
struct mp_cache;
struct mp_longterm;
struct mp_set;
struct mp_shrinker;
struct inode;

/* Events counted per CPU; struct movable_pool_stats says what they mean. */
enum mp_event {
	MP_ALLOCATED,
	MP_FREED,
	MP_UNPUBLISHED,		/* goes up and down */
	MP_ISOLATED,
	MP_MIGRATED,
	MP_PUTBACK,
	MP_RELEASED,
	MP_ATTEMPTED,
	MP_DIRECTED,
	MP_REFUSED_PINNED,
	MP_REFUSED_REFERENCED,
	MP_REFUSED_DRIVER,
	MP_FAILED_DRIVER,
	MP_REFUSED_UNREADY,
	MP_REFUSED_TARGET,
	MP_DEFERRED,
	MP_POISONED,
	MP_SHRUNK,
	MP_NR_EVENTS,
};

struct mp_counters {
	unsigned long event[MP_NR_EVENTS];
};

/**
 * struct movable_pool - the pool
 * @backing: the kernel's mechanism that moves its pages
 * @why: this one; for people
 * @cache: the page cache backing's (cache.c)
 * @inode: of mapped pools: what processes map
 * @balloon: of balloon pools: the pages (balloon_loose.c)
 * @kernel_balloon: the same, where they are the kernel's (balloon_kernel.c)
 * @ops: the driver's
 * @counters: the books
 * @nr_pages: pages owned, those being allocated included.  The pool lives at
 *	least until this is 0; an owner gives up a page's share last of all.
 * @busy: movers at work; raised while the mover's page still counts in
 *	@nr_pages, so destroy() looks at it last: with @nr_pages 0 no mover can
 *	begin, and those that have begun are seen.  And MP_POOL_SHUT
 * @max_pages: limit of @nr_pages
 * @share_limit: the same, of any pool: 0 when destroy() has begun
 * @flags: MOVABLE_POOL_*
 * @shutdown: destroy() has begun
 * @restricted: @policy forbids some pages
 * @word_async: MP_WORD_ASYNC if the driver has ops->freed
 * @gfp: what the backing wants in every allocation
 * @policy: where pages may be (policy.c)
 * @longterm: long-term pins (longterm.c)
 * @shrinker: the driver's, if it has one (shrinker.c)
 * @conduct: what the driver does that it should not (conduct.c)
 * @priv: the driver's
 * @owner: the module whose ops these are; no reference is held
 * @name: the driver's name for it and a number
 * @node: in the list of all pools
 * @unpublished: pages that are not, with debug on (unpublished.c)
 * @dir: in debugfs
 */
struct movable_pool {
	const struct mp_backing *backing;
	const char *why;
	struct mp_cache *cache;
	struct inode *inode;
	struct mp_balloon_list *balloon;
	struct mp_balloon_kernel *kernel_balloon;
	const struct movable_pool_ops *ops;
	struct mp_counters __percpu *counters;
	atomic_long_t nr_pages;
	atomic_t busy;
	unsigned long max_pages;
	unsigned long share_limit;
	unsigned int flags;
	bool shutdown;
	bool restricted;
	u64 word_async;
	gfp_t gfp;
	struct movable_policy policy;
	struct mp_longterm *longterm;
	struct mp_shrinker *shrinker;
	struct mp_conduct conduct;
	void *priv;
	struct module *owner;
	char *name;
	struct list_head node;
	struct list_head unpublished;
	struct dentry *dir;
};

/* Who waits for others says so, in jiffies. */
#define MP_TELL_EVERY	(10 * HZ)

static inline void mp_count(struct movable_pool *pool, enum mp_event event)
{
	this_cpu_inc(pool->counters->event[event]);
}

static inline void mp_count_many(struct movable_pool *pool,
				 enum mp_event event, unsigned int n)
{
	this_cpu_add(pool->counters->event[event], n);
}

static inline void mp_uncount(struct movable_pool *pool, enum mp_event event)
{
	this_cpu_dec(pool->counters->event[event]);
}

/*
 * The driver broke the contract: a sentence each time, with a stack the first
 * time, and the call returns an error with nothing changed.  WARN_ONCE() would
 * say it once for each place where the compiler has inlined it (x86, 7.2).
 * While unit tests run they hear it each time, instead of the log.
 */
#ifdef MOVABLE_POOL_KUNIT
__printf(1, 2) bool mp_kunit_heard(const char *format, ...);
#else
#define mp_kunit_heard(...)	false
#endif

#define mp_misuse(...) do { \
	static atomic_t mp_said; \
	if (mp_kunit_heard(__VA_ARGS__)) \
		break; \
	WARN(!atomic_xchg(&mp_said, 1), "movable_pool: " __VA_ARGS__); \
	pr_err_ratelimited(__VA_ARGS__); \
} while (0)

/* It may have its reasons, or the machine had no time for it: no stack. */
#define mp_advise(...) do { \
	if (!mp_kunit_heard(__VA_ARGS__)) \
		pr_warn_ratelimited(__VA_ARGS__); \
} while (0)

/**
 * struct mp_order - a move that a page's owner wants, not the VM
 * @pool: the page's
 * @mp: its handle; what the page leads to must be this
 * @mode: for the driver's op
 * @longterm: the new frame is one for long-term pins, and the page has one when
 *	it is there
 * @refused: if the move is refused: the MP_REFUSED_* or MP_FAILED_* counted
 * @taken: the destination was the pool's, if only for a moment, or is lost: no
 *	plain page of the caller's any more, who just drops his reference
 */
struct mp_order {
	struct movable_pool *pool;
	struct movable_page *mp;
	enum migrate_mode mode;
	bool longterm;
	enum mp_event refused;
	bool taken;
};

/* pool.c */
void mp_pool_shut(struct movable_pool *pool);
void mp_pool_left(atomic_t *busy);
int mp_pool_hold(struct movable_pool *pool);

struct movable_pool *mp_pool_of_frame(unsigned long pfn, struct page **page);

/* In @busy: destroy() waits for the movers, or will. */
#define MP_POOL_SHUT	BIT(30)

/* A mover is at work; under the link lock of one of the pool's pages. */
static inline void mp_pool_enter(struct movable_pool *pool)
{
	atomic_inc(&pool->busy);
}

/* The mover's last touch of the pool, which may be gone right after. */
static inline void mp_pool_leave(struct movable_pool *pool)
{
	if (unlikely(atomic_dec_return(&pool->busy) == MP_POOL_SHUT))
		mp_pool_left(&pool->busy);
}

/* poison.c */
void mp_poison_found(struct page *page);
void mp_poison_init(void);
void mp_poison_exit(void);

/* op.c: running the driver's ops, and knowing that one runs */
struct mp_op {
	struct hlist_node node;
	struct task_struct *task;
	const struct movable_pool *pool;
	const char *name;
	unsigned long pfn;
	pid_t pid;
};

void mp_op_init(void);
void mp_op_enter(struct mp_op *op, const struct movable_pool *pool,
		 const char *name, struct page *page);
void mp_op_exit(struct mp_op *op);
bool mp_op_running(void);
bool mp_op_of(const struct movable_pool *pool, struct mp_op *found);
#ifdef CONFIG_LOCKDEP
void mp_op_might_wait(void);
#else
static inline void mp_op_might_wait(void) { }
#endif
void mp_op_not_in_reclaim(void);

/* pin.c */
int mp_wait_moving(struct movable_page *mp);
int mp_pin_again(struct movable_page *mp);

/* page.c */
int mp_page_alloc_at(struct movable_pool *pool, struct movable_page *mp,
		     long index, gfp_t gfp);
int mp_page_alloc_set(struct movable_pool *pool, const struct mp_set *set,
		      gfp_t gfp, unsigned int *done);
bool mp_page_unalloc(struct movable_page *mp, bool may_sleep);
void mp_page_leave(struct movable_pool *pool, unsigned int released);
bool mp_page_adoptable(struct page *page);

/* policy.c */
bool mp_policy_valid(const struct movable_pool_attr *attr);
bool mp_policy_restricts(const struct movable_policy *policy);
bool mp_policy_allows_page(const struct movable_pool *pool, struct page *page);
struct page *mp_policy_alloc(const struct movable_pool *pool, int nid,
			     gfp_t gfp);

/* Any page that does not go away meanwhile. */
static inline bool mp_policy_allows(const struct movable_pool *pool,
				    struct page *page)
{
	return likely(!pool->restricted) || mp_policy_allows_page(pool, page);
}

/* shrinker.c */
bool mp_shrinker_here(const struct movable_pool *pool);
void mp_shrinker_end(struct movable_pool *pool);

/* walk.c */
struct page *mp_walk_at(struct movable_pool *pool, unsigned long pfn);
struct page *mp_walk_read(struct movable_pool *pool, unsigned long *pfn);
struct movable_page *mp_walk_next_handle(struct movable_pool *pool,
					 unsigned long *pfn);
unsigned long mp_walk_first(struct movable_pool *pool);
bool mp_walk_word(struct movable_pool *pool, struct page *page, u64 *word,
		  const struct movable_page **handle);
unsigned long mp_walk_release(struct movable_pool *pool, bool handles_valid,
			      unsigned long *left);

/* debugfs.c */
void mp_debugfs_init(void);
void mp_debugfs_exit(void);
void mp_debugfs_add(struct movable_pool *pool);
void mp_debugfs_remove(struct movable_pool *pool);
struct dentry *mp_debugfs_root(void);

#endif /* _MOVABLE_POOL_INTERNAL_H */
