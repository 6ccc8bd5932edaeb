// SPDX-License-Identifier: GPL-2.0
/*
 * Balloons of loose pages (loose.h): where modules have non-LRU migration, and
 * where pages never move.
 *
 * The pages are on a list, by page->lru; isolate takes a page off it, for lru
 * is the VM's from then on, putback and the end of a move put one on it.  The
 * link of such a page has no handle but MP_LINK_BALLOON, and the pool as others
 * do.  All this changes with the page locked, by add(), by take(), which passes
 * by pages whose lock it cannot have, and by the VM's callbacks, which come
 * with the page locked.  So under a page's lock pool and place are known, and
 * when take() has got the last page no callback is running: the destination of
 * a move stays locked until its callback has returned.
 *
 * The exception is a move that ends with no page in the balloon.  There the
 * source becomes an orphan, so that unloading waits, and the pool is left last
 * (mp_pool_leave()), so that destroy() does.
 *
 * Locks: page lock -> the balloon's lock, a leaf.  take() has them the other
 * way round and only tries the page lock.
 */

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "balloon.h"
#include "compat/compat.h"
#include "compat/compat_balloon.h"
#include "fault.h"
#include "internal.h"
#include "link.h"
#include "loose.h"
#include "trace.h"
#include "wait_point.h"

/**
 * struct mp_balloon_list - the pages of a balloon that the VM does not have
 * @lock: of @pages; leaf, process context
 * @pages: by page->lru
 */
struct mp_balloon_list {
	spinlock_t lock;	/* of @pages */
	struct list_head pages;
};

static int mp_balloon_list_open(struct movable_pool *pool)
{
	struct mp_balloon_list *list = NULL;

	if (!mp_fail(MP_FAIL_ALLOC_BALLOON))
		list = kzalloc(sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	spin_lock_init(&list->lock);
	INIT_LIST_HEAD(&list->pages);
	pool->balloon = list;
	return 0;
}

static void mp_balloon_list_close(struct movable_pool *pool)
{
	kfree(pool->balloon);
}

/* @page is locked and nobody's. */
static void mp_balloon_mark(struct movable_pool *pool, struct page *page)
{
	const struct mp_loose *loose = pool->backing->loose;

	mp_link_set_balloon(page, pool);
	if (loose->offline)
		mp_compat_set_offline(page);
	loose->mark(page);
	mp_compat_balloon_in(page);
}

/* @page is locked; but for the VM's mark, which take() and migrate clear. */
static void mp_balloon_unmark(struct movable_pool *pool, struct page *page)
{
	mp_link_cut(page);
	if (pool->backing->loose->offline)
		mp_compat_clear_offline(page);
	mp_compat_balloon_out(page);
}

static void mp_balloon_list_put(struct movable_pool *pool, struct page *page)
{
	struct mp_balloon_list *list = pool->balloon;

	spin_lock(&list->lock);
	list_add(&page->lru, &list->pages);
	spin_unlock(&list->lock);
}

/* A new page is locked by a passing scanner at most. */
static void mp_balloon_list_add(struct movable_pool *pool, struct page *page)
{
	lock_page(page);
	mp_balloon_mark(pool, page);
	mp_balloon_list_put(pool, page);
	unlock_page(page);
	mp_compat_balloon_inflated(1);
}

static unsigned int mp_balloon_list_take(struct movable_pool *pool,
					 struct page **pages, unsigned int n)
{
	struct mp_balloon_list *list = pool->balloon;
	struct page *page, *next;
	unsigned int taken = 0;

	spin_lock(&list->lock);
	list_for_each_entry_safe(page, next, &list->pages, lru) {
		if (taken == n)
			break;
		if (!trylock_page(page))
			continue;
		list_del(&page->lru);
		mp_balloon_unmark(pool, page);
		if (pool->backing->loose->unmark)
			pool->backing->loose->unmark(page);
		unlock_page(page);
		pages[taken++] = page;
	}
	spin_unlock(&list->lock);
	mp_compat_balloon_deflated(taken);
	return taken;
}

const struct mp_balloon mp_balloon_loose = {
	.open = mp_balloon_list_open,
	.close = mp_balloon_list_close,
	.add = mp_balloon_list_add,
	.take = mp_balloon_list_take,
};

/**
 * mp_balloon_isolate() - may the VM take hold of a page?
 * @page: locked, with mp_link_balloon()
 *
 * Return: true, but for a pool that is being destroyed: what that waits for
 * shall not begin again.
 */
bool mp_balloon_isolate(struct page *page)
{
	struct movable_pool *pool = mp_link_pool(page);
	struct mp_balloon_list *list = pool->balloon;

	if (READ_ONCE(pool->shutdown) || PageHWPoison(page)) {
		mp_count(pool, MP_ATTEMPTED);
		mp_count(pool, MP_REFUSED_UNREADY);
		trace_mp_isolate(pool, page, MP_REFUSED_UNREADY);
		return false;
	}
	spin_lock(&list->lock);
	list_del(&page->lru);
	spin_unlock(&list->lock);
	mp_count(pool, MP_ISOLATED);
	trace_mp_isolate(pool, page, MP_ISOLATED);
	return true;
}

/**
 * mp_balloon_putback() - the VM gives an isolated page back unmoved
 * @page: locked, with mp_link_balloon()
 */
void mp_balloon_putback(struct page *page)
{
	struct movable_pool *pool = mp_link_pool(page);

	mp_count(pool, MP_PUTBACK);
	trace_mp_putback(pool, page);
	mp_balloon_list_put(pool, page);
}

/* The backing clears its mark of @src. */
static void mp_balloon_replace(struct movable_pool *pool, struct page *dst,
			       struct page *src)
{
	mp_balloon_adjust_move(pool, dst, src);
	mp_balloon_unmark(pool, src);
	put_page(src);
	get_page(dst);
	mp_balloon_mark(pool, dst);
	mp_count(pool, MP_MIGRATED);
	mp_compat_balloon_migrated();
	mp_balloon_list_put(pool, dst);
}

/* The driver has given @src back, but could not give away @dst. */
static void mp_balloon_lose(struct movable_pool *pool,
			    const struct mp_backing *backing, struct page *src)
{
	mp_balloon_unmark(pool, src);
	mp_balloon_adjust(pool, src, 1);
	trace_mp_free(pool, src);
	backing->orphan(backing, src);
	mp_compat_balloon_deflated(1);
	mp_page_leave(pool, MP_RELEASED_ISOLATED);
}

/**
 * mp_balloon_migrate() - take one page for another
 * @backing: the caller
 * @dst: new page, locked, only the VM's
 * @src: the page, locked and isolated, with mp_link_balloon()
 * @mode: as the VM says
 *
 * Who else has a reference to @src does not matter: nothing is copied.
 *
 * Context: May sleep.
 * Return: as mp_core_migrate().
 */
int mp_balloon_migrate(const struct mp_backing *backing, struct page *dst,
		       struct page *src, enum migrate_mode mode)
{
	struct movable_pool *pool = mp_link_pool(src);
	int err;

	mp_pool_enter(pool);
	err = mp_balloon_exchange(pool, dst, src, mode);
	if (!err)
		mp_balloon_replace(pool, dst, src);
	else if (err == -ENOENT)
		mp_balloon_lose(pool, backing, src);
	mp_pool_leave(pool);
	return err;
}
