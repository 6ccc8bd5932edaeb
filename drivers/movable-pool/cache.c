// SPDX-License-Identifier: GPL-2.0
/*
 * Backing: page cache of a private inode, one for each pool.
 *
 * The VM moves page cache everywhere, so this is how kernel data moves where
 * modules may not have non-LRU migration, and how pages move that are also
 * mapped.  The price: the VM believes that page cache can be had again, and
 * drops it in more ways than it moves it.  What keeps the contents:
 *
 * - every page has PG_private, with the link as its private, and is not let go
 *   (mp_cache_evict()) while the link is there.  Soft offline and reclaim evict
 *   clean page cache, and ask (mapping_evict_folio(), in its older forms too);
 * - the mapping is unevictable: reclaim passes it by;
 * - PG_dirty stays clear: there is nowhere to write to, and NUMA balancing
 *   skips dirty pages;
 * - the inode has no type and no name: nobody else can truncate it.
 *
 * Private is detached before the page leaves the mapping, always: a page with
 * PG_private and without a mapping is taken for one with buffer heads.
 *
 * Places in the mapping are numbered upwards, in mapped pools by the driver,
 * and never used twice.  So an orphan, whose link is cut, is known by its
 * number: it has a mark of the mapping's, which a page that leaves the cache
 * takes along, and whoever evicts it first does no harm.  Memory for the
 * mapping's tree is 9 bytes a page where neighbours in number live, 0.6 KiB at
 * most for one left over.
 */

#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/movable_pool.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/xarray.h>

#include "cache.h"
#include "fault.h"
#include "inode.h"
#include "internal.h"
#include "link.h"
#include "wait_point.h"

/* A number is also an offset in bytes, which is signed. */
#define MP_INDEX_MAX \
	((long)min_t(u64, LLONG_MAX >> PAGE_SHIFT, LONG_MAX))

#define MP_ORPHAN	PAGECACHE_TAG_TOWRITE

#define MP_REAP_MAX_DELAY	msecs_to_jiffies(100)

/**
 * struct mp_cache - one pool's inode; outlives the pool while it has orphans
 * @inode: its i_private is the pool
 * @next: the next page's number; when there is none left, no page can be added
 * @used: of mapped pools instead: a bit for each place that had a page
 * @reap: frees the orphans
 * @delay: jiffies to its next try
 * @end: when the pool is gone: frees the last orphans, and the inode
 * @closed: the pool is gone
 * @ended: told when the cache goes, by @end; set by who closes it, or NULL
 * @node: in the list of all
 */
struct mp_cache {
	struct inode *inode;
	atomic_long_t next;
	unsigned long *used;
	struct delayed_work reap;
	unsigned int delay;
	struct delayed_work end;
	bool closed;
	struct completion *ended;
	struct list_head node;
};

static DEFINE_MUTEX(mp_caches_lock);
static LIST_HEAD(mp_caches);

static struct address_space *mp_cache_mapping(const struct mp_cache *cache)
{
	return cache->inode->i_mapping;
}

static bool mp_cache_owns(const struct movable_pool *pool, struct page *page)
{
	if (READ_ONCE(page->mapping) != mp_cache_mapping(pool->cache) ||
	    !PagePrivate(page))
		return false;
	/* Pairs with mp_cache_attach(): private is ours, not of the past. */
	smp_rmb();
	return true;
}

static bool mp_orphan_here(struct address_space *mapping, unsigned long index)
{
	return xa_get_mark(&mapping->i_pages, index, MP_ORPHAN);
}

/*
 * A hint, but a good one: truncation waits for a page lock, which is harmless
 * in the worker but keeps other orphans waiting, too.
 */
static bool mp_orphan_locked(struct address_space *mapping,
			     unsigned long index)
{
	struct page *page;
	bool locked;

	rcu_read_lock();
	page = xa_load(&mapping->i_pages, index);
	locked = page && PageLocked(page);
	rcu_read_unlock();
	return locked;
}

/* The end of the orphans that sit side by side from @index on. */
static unsigned long mp_orphan_run(struct address_space *mapping,
				   unsigned long index)
{
	while (mp_orphan_here(mapping, index) &&
	       !mp_orphan_locked(mapping, index))
		index++;
	return index;
}

static struct page *mp_orphan_next(struct address_space *mapping,
				   unsigned long *index)
{
	return xa_find(&mapping->i_pages, index, ULONG_MAX, MP_ORPHAN);
}

/*
 * Processes may have them mapped: all at once here, and any that come to map
 * one again meanwhile, page by page.
 */
static void mp_orphans_truncate(struct address_space *mapping,
				unsigned long index, unsigned long end)
{
	loff_t start = (loff_t)index << PAGE_SHIFT;
	loff_t bytes = (loff_t)(end - index) << PAGE_SHIFT;

	if (mapping_mapped(mapping))
		unmap_mapping_range(mapping, start, bytes, 0);
	truncate_inode_pages_range(mapping, start, start + bytes - 1);
}

/* Return: whether some are left, because they are locked. */
static bool mp_orphans_reap(struct address_space *mapping)
{
	unsigned long index, end;
	bool again = false;
	struct page *page;

	for (index = 0; (page = mp_orphan_next(mapping, &index)); index = end) {
		mp_wait_point(MP_WAIT_DEFERRED_PAGE, page);
		end = mp_orphan_run(mapping, index);
		if (end == index) {
			again = true;
			end++;
			continue;
		}
		mp_orphans_truncate(mapping, index, end);
		cond_resched();
	}
	return again;
}

static void mp_cache_reap(struct work_struct *work)
{
	struct mp_cache *cache = container_of(to_delayed_work(work),
					      struct mp_cache, reap);
	unsigned int delay;

	if (!mp_orphans_reap(mp_cache_mapping(cache)))
		return;
	delay = READ_ONCE(cache->delay);
	WRITE_ONCE(cache->delay, min_t(unsigned int, 2 * delay,
				       MP_REAP_MAX_DELAY));
	queue_delayed_work(mp_backings_wq, &cache->reap, delay);
}

static void mp_cache_free(struct mp_cache *cache)
{
	iput(cache->inode);
	kvfree(cache->used);
	kfree(cache);
}

/* Nobody adds orphans any more.  The only one to free an opened cache. */
static void mp_cache_end(struct work_struct *work)
{
	struct mp_cache *cache = container_of(to_delayed_work(work),
					      struct mp_cache, end);
	struct completion *ended = cache->ended;

	cancel_delayed_work_sync(&cache->reap);
	if (mp_orphans_reap(mp_cache_mapping(cache))) {
		queue_delayed_work(mp_backings_wq, &cache->end,
				   MP_REAP_MAX_DELAY);
		return;
	}
	/* Who counts orphans looks into the inodes of the list. */
	mutex_lock(&mp_caches_lock);
	list_del(&cache->node);
	mutex_unlock(&mp_caches_lock);
	mp_cache_free(cache);
	if (ended)
		complete(ended);
}

/*
 * The link is cut and @index was the page's place.  Any context.  Return: false
 * if somebody has evicted it already.
 */
static bool mp_orphan_add(struct mp_cache *cache, unsigned long index)
{
	struct xarray *pages = &mp_cache_mapping(cache)->i_pages;
	unsigned long irqflags;
	bool there;

	xa_lock_irqsave(pages, irqflags);
	there = xa_load(pages, index);
	if (there)
		__xa_set_mark(pages, index, MP_ORPHAN);
	xa_unlock_irqrestore(pages, irqflags);
	if (!there)
		return false;
	/* Not behind the back-off that an older page has come to. */
	WRITE_ONCE(cache->delay, 1);
	mod_delayed_work(mp_backings_wq, &cache->reap, 0);
	return true;
}

/*
 * Without a link the VM may have it; ask it to.  It tries the page lock, and
 * leaves a page alone that others have references to: per-CPU lists of the LRU
 * keep one to new pages.
 */
static bool mp_cache_evict_now(struct mp_cache *cache, unsigned long index)
{
	return invalidate_mapping_pages(mp_cache_mapping(cache), index, index);
}

/* Once the link is cut the page may vanish any time: only its place counts. */
static unsigned int mp_cache_release(const struct mp_backing *backing,
				     struct page *page, bool may_sleep)
{
	struct mp_cache *cache = mp_link_pool(page)->cache;
	unsigned long index = *mp_compat_index(page);
	unsigned long irqflags = mp_link_lock(page);

	mp_link_cut(page);
	mp_link_unlock(page, irqflags);
	mp_wait_point(MP_WAIT_FREE_CUT, page);
	if (may_sleep && mp_cache_evict_now(cache, index))
		return 0;
	return mp_orphan_add(cache, index) ? MP_RELEASED_LATER : 0;
}

/* The page is locked, so it stays until unlock_page(). */
static void mp_cache_let_go(const struct mp_backing *backing, struct page *page)
{
	struct movable_pool *pool = page->mapping->host->i_private;
	unsigned long index = *mp_compat_index(page);

	unlock_page(page);
	mp_orphan_add(pool->cache, index);
}

static unsigned int mp_cache_orphan(const struct mp_backing *backing,
				    struct page *page)
{
	struct mp_cache *cache = mp_link_pool(page)->cache;

	mp_link_cut(page);
	mp_orphan_add(cache, *mp_compat_index(page));
	return MP_RELEASED_LATER;
}

/*
 * The page leaves the cache with a reference of ours that is never dropped.
 * Unlike a loose page it stays on the LRU, where the VM tries to move it, in
 * vain.
 */
static void mp_cache_strand(const struct mp_backing *backing, struct page *page)
{
	get_page(page);
	mp_cache_let_go(backing, page);
}

/* With an empty link.  The caller's reference becomes PG_private's. */
static void mp_cache_attach(struct page *page)
{
	WRITE_ONCE(page->private, 0);
	/* Pairs with mp_cache_owns(). */
	smp_wmb();
	SetPagePrivate(page);
}

/* Processes' pages are charged to who allocates them. */
static int mp_cache_put_in(struct movable_pool *pool, struct page *page,
			   long index, gfp_t gfp)
{
	struct address_space *mapping = mp_cache_mapping(pool->cache);

	if (mp_fail(MP_FAIL_CACHE_ADD))
		return -ENOMEM;
	if (pool->flags & MOVABLE_POOL_MAPPED)
		return mp_compat_cache_add(mapping, page, index, gfp);
	return mp_compat_cache_add_uncharged(mapping, page, index, gfp);
}

static int mp_cache_add_at(struct movable_pool *pool, struct page *page,
			   long index, gfp_t gfp)
{
	unsigned long *used = pool->cache->used;
	int err;

	if ((unsigned long)index >= pool->max_pages)
		return -EINVAL;
	if (test_and_set_bit(index, used))
		return -EEXIST;
	err = mp_cache_put_in(pool, page, index, gfp);
	if (err)
		clear_bit(index, used);
	return err;
}

static int mp_cache_add_next(struct movable_pool *pool, struct page *page,
			     gfp_t gfp)
{
	long index = atomic_long_fetch_add_unless(&pool->cache->next, 1,
						  MP_INDEX_MAX);

	if (index == MP_INDEX_MAX)
		return -ENOSPC;
	return mp_cache_put_in(pool, page, index, gfp);
}

static int mp_cache_add(struct movable_pool *pool, struct page *page,
			long index, gfp_t gfp)
{
	int err;

	if (!gfpflags_allow_blocking(gfp)) {
		pr_err_ratelimited("%s: page cache is not allocated with gfp %#x, which forbids to sleep\n",
				   pool->name, (__force unsigned int)gfp);
		return -EOPNOTSUPP;
	}
	/* By memory failure handling, for a moment; adding sets the lock. */
	if (mp_fail(MP_FAIL_PAGE_LOCK) || PageLocked(page)) {
		lock_page(page);
		unlock_page(page);
	}
	if (index == MP_INDEX_NEXT)
		err = mp_cache_add_next(pool, page, gfp);
	else
		err = mp_cache_add_at(pool, page, index, gfp);
	if (err)
		return err;
	mp_cache_attach(page);
	SetPageUptodate(page);
	return 0;
}

static int mp_cache_replace(const struct mp_backing *backing, struct page *dst,
			    struct page *src)
{
	int err = mp_fail(MP_FAIL_REPLACE) ? -EAGAIN :
		  mp_compat_cache_replace(src->mapping, dst, src);

	if (err)
		return err;
	get_page(dst);
	mp_cache_attach(dst);
	mp_link_move(dst, src);
	mp_compat_cache_move_state(dst, src);
	put_page(src);
	return 0;
}

/*
 * Out of page tables, under the page lock: who touches the page then waits for
 * that in its fault, and looks again which page it is.  No migration entries,
 * which only the VM can make: what page tables say besides, soft-dirty bits
 * and mlock counts, comes anew with the fault.  It takes a lock that sleeps.
 */
static bool mp_cache_unmap(struct page *page, enum migrate_mode mode)
{
	loff_t at = (loff_t)*mp_compat_index(page) << PAGE_SHIFT;

	if (mp_compat_page_mapped(page)) {
		if (mode == MIGRATE_ASYNC)
			return false;
		unmap_mapping_range(page->mapping, at, PAGE_SIZE, 0);
	}
	/* Munlocking, for one, has left a reference on this CPU. */
	if (page_count(page) != mp_backing_cache.refs)
		mp_compat_cache_drain();
	return !mp_compat_page_mapped(page);
}

/*
 * The owner puts a page in another's place.  Private is detached before the old
 * one loses its mapping, as always.  That page is on the LRU, so this is not
 * what the VM does (folio_migrate_flags() is for one that is isolated).
 */
static int mp_cache_supplant(const struct mp_backing *backing,
			     struct page *dst, struct page *src)
{
	if (mp_fail(MP_FAIL_SUPPLANT) || page_count(src) != backing->refs)
		return -EAGAIN;
	SetPageUptodate(dst);
	get_page(dst);
	mp_cache_attach(dst);
	mp_link_move(dst, src);
	ClearPagePrivate(src);
	src->private = 0;
	put_page(src);
	mp_compat_cache_supplant(dst, src);
	return 0;
}

/**
 * mp_cache_migrate() - the VM moves a page of ours
 * @dst: as mp_core_migrate()
 * @src: as mp_core_migrate()
 * @mode: as mp_core_migrate()
 *
 * Return: as mp_core_migrate(); -EBUSY for an orphan, which the worker frees
 * once the VM has let go of it.
 */
int mp_cache_migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	int err = -ENOENT;

	if (PagePrivate(src))
		err = mp_core_migrate(&mp_backing_cache, dst, src, mode);
	return err == -ENOENT ? -EBUSY : err;
}

/**
 * mp_cache_evict() - may the page leave the cache?
 * @page: locked, in the cache
 *
 * Return: true, with private detached, if nobody needs its contents.
 */
bool mp_cache_evict(struct page *page)
{
	if (!PagePrivate(page))
		return true;
	if (mp_link_owned(page))
		return false;
	ClearPagePrivate(page);
	page->private = 0;
	put_page(page);
	return true;
}

/**
 * mp_cache_invalidate() - the page leaves the cache
 * @page: locked, has PG_private
 */
void mp_cache_invalidate(struct page *page)
{
	/* Nobody but us can truncate, and we only truncate orphans. */
	WARN_ON_ONCE(!mp_cache_evict(page));
}

/**
 * mp_cache_poisoned() - a memory failure has hit a page
 * @page: locked, in the cache; off the LRU and out of page tables by now
 *
 * Return: -EBUSY: it stays in the cache until its owner frees it, so that
 * processes do not find a hole there but the failure.
 */
int mp_cache_poisoned(struct page *page)
{
	if (PagePrivate(page))
		mp_poison_found(page);
	return -EBUSY;
}

static int mp_cache_open_mapped(struct movable_pool *pool,
				struct mp_cache *cache)
{
	if (pool->max_pages > MP_INDEX_MAX)
		return -ENOMEM;
	/* It may be a user who asks: for too much there is no warning. */
	if (!mp_fail(MP_FAIL_ALLOC_PLACES))
		cache->used = kvcalloc(BITS_TO_LONGS(pool->max_pages),
				       sizeof(long),
				       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!cache->used)
		return -ENOMEM;
	cache->inode = mp_inode_new_mapped(&mp_compat_cache_aops,
					   (loff_t)pool->max_pages <<
					   PAGE_SHIFT);
	pool->inode = cache->inode;
	return cache->inode ? 0 : -ENOMEM;
}

static int mp_cache_open_inode(struct movable_pool *pool,
			       struct mp_cache *cache)
{
	if (pool->flags & MOVABLE_POOL_MAPPED)
		return mp_cache_open_mapped(pool, cache);
	cache->inode = mp_inode_new(&mp_compat_cache_aops);
	return cache->inode ? 0 : -ENOMEM;
}

static int mp_cache_open(struct movable_pool *pool)
{
	struct mp_cache *cache = NULL;
	int err;

	if (!mp_fail(MP_FAIL_ALLOC_CACHE))
		cache = kzalloc(sizeof(*cache), GFP_KERNEL_ACCOUNT);
	if (!cache)
		return -ENOMEM;
	err = mp_cache_open_inode(pool, cache);
	if (err) {
		mp_cache_free(cache);
		return err;
	}
	cache->inode->i_private = pool;
	cache->delay = 1;
	INIT_DELAYED_WORK(&cache->reap, mp_cache_reap);
	INIT_DELAYED_WORK(&cache->end, mp_cache_end);
	mutex_lock(&mp_caches_lock);
	list_add(&cache->node, &mp_caches);
	mutex_unlock(&mp_caches_lock);
	pool->cache = cache;
	return 0;
}

/*
 * The frame of an orphan of @which, or of any cache for NULL; 0 for none.
 * @which may be gone: it is looked for in the list.
 */
static unsigned long mp_cache_waits_for(const struct mp_cache *which)
{
	unsigned long index, pfn = 0;
	struct mp_cache *cache;
	struct page *page;

	mutex_lock(&mp_caches_lock);
	list_for_each_entry(cache, &mp_caches, node) {
		if (which && cache != which)
			continue;
		index = 0;
		page = mp_orphan_next(mp_cache_mapping(cache), &index);
		if (page) {
			pfn = page_to_pfn(page);
			break;
		}
	}
	mutex_unlock(&mp_caches_lock);
	return pfn;
}

/*
 * What is left in the inode are orphans, which do not lead to the pool.  Those
 * of a mapped pool are waited for: processes may reach them.
 */
static void mp_cache_close(struct movable_pool *pool)
{
	DECLARE_COMPLETION_ONSTACK(ended);
	bool mapped = pool->flags & MOVABLE_POOL_MAPPED;
	struct mp_cache *cache = pool->cache;

	/* Pairs with movable_mapped_mmap(). */
	WRITE_ONCE(cache->inode->i_private, NULL);
	mutex_lock(&mp_caches_lock);
	cache->closed = true;
	mutex_unlock(&mp_caches_lock);
	cache->ended = mapped ? &ended : NULL;
	queue_delayed_work(mp_backings_wq, &cache->end, 0);
	if (!mapped)
		return;
	while (!wait_for_completion_timeout(&ended, MP_TELL_EVERY))
		pr_warn("%s: destroy waits for the locks of freed pages: pfn %#lx\n",
			pool->name, mp_cache_waits_for(cache));
	mp_inode_unpin_mapped();
}

static long mp_cache_nr_of(struct mp_cache *cache)
{
	struct address_space *mapping = mp_cache_mapping(cache);
	unsigned long index;
	long nr = cache->closed;

	for (index = 0; mp_orphan_next(mapping, &index); index++)
		nr++;
	return nr;
}

/* Closed inodes count as one each: they wait for the worker, too. */
static long mp_cache_nr_orphans(const struct mp_backing *backing)
{
	struct mp_cache *cache;
	long nr = 0;

	mutex_lock(&mp_caches_lock);
	list_for_each_entry(cache, &mp_caches, node)
		nr += mp_cache_nr_of(cache);
	mutex_unlock(&mp_caches_lock);
	return nr;
}

static unsigned long mp_cache_orphan_pfn(const struct mp_backing *backing)
{
	return mp_cache_waits_for(NULL);
}

static int mp_cache_init(const struct mp_backing *backing)
{
	int err = mp_settle_init();

	if (err)
		return err;
	err = mp_compat_cache_init();
	if (err)
		mp_settle_exit();
	return err;
}

static void mp_cache_exit(const struct mp_backing *backing)
{
	mp_compat_cache_exit();
	mp_settle_exit();
}

const struct mp_backing mp_backing_cache = {
	.name = "cache",
	.about = "page cache of a private inode",
	.refs = 3,		/* the cache's, PG_private's, the mover's */
	.sleeps = true,
	.cached = true,
	.init = mp_cache_init,
	.exit = mp_cache_exit,
	.open = mp_cache_open,
	.close = mp_cache_close,
	.owns = mp_cache_owns,
	.add = mp_cache_add,
	.release = mp_cache_release,
	.let_go = mp_cache_let_go,
	.orphan = mp_cache_orphan,
	.strand = mp_cache_strand,
	.replace = mp_cache_replace,
	.unmap = mp_cache_unmap,
	.supplant = mp_cache_supplant,
	.settle = mp_settle,
	.nr_orphans = mp_cache_nr_orphans,
	.orphan_pfn = mp_cache_orphan_pfn,
};
