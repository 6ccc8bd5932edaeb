// SPDX-License-Identifier: GPL-2.0
/*
 * Backing: the kernel's balloon infrastructure, for balloon pools where modules
 * have no non-LRU migration of their own: stock kernels from 7.0 on.
 *
 * It keeps the pages (struct balloon_dev_info), isolates them, puts them back
 * and marks them, by a page type that is right for balloons and nothing else
 * (PageOffline).  We are called for one thing, to exchange two pages.  So:
 *
 * - isolation cannot be vetoed, and the books of isolations stay at 0;
 * - page->lru and page->private are the infrastructure's;
 * - after our callback has returned it still works on the page, and counts it
 *   as isolated until it is done.  So a pool without pages may go when nothing
 *   is isolated any more and its lock, global and inside, was had once more.
 */

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "balloon.h"
#include "compat/balloon_infra.h"
#include "fault.h"
#include "internal.h"
#include "trace.h"
#include "wait_point.h"

/**
 * struct mp_balloon_kernel - the kernel's view of a pool
 * @info: what its infrastructure knows
 * @pool: whose it is
 */
struct mp_balloon_kernel {
	struct balloon_dev_info info;
	struct movable_pool *pool;
};

/* The source is given back when this has returned. */
static int mp_balloon_kernel_ended(struct movable_pool *pool,
				   struct page *dst, struct page *src, int err)
{
	if (!err) {
		mp_balloon_adjust_move(pool, dst, src);
		mp_count(pool, MP_MIGRATED);
	} else if (err == -ENOENT) {
		mp_balloon_adjust(pool, src, 1);
		trace_mp_free(pool, src);
		mp_page_leave(pool, 0);
	}
	return err;
}

/* The page is isolated: it counts, so the pool is there. */
static int mp_balloon_kernel_migrate(struct balloon_dev_info *info,
				     struct page *dst, struct page *src,
				     enum migrate_mode mode)
{
	struct mp_balloon_kernel *balloon =
		container_of(info, struct mp_balloon_kernel, info);
	struct movable_pool *pool = balloon->pool;
	int err;

	mp_wait_point(MP_WAIT_MIGRATE_ENTER, src);
	mp_pool_enter(pool);
	err = mp_balloon_exchange(pool, dst, src, mode);
	err = mp_balloon_kernel_ended(pool, dst, src, err);
	mp_pool_leave(pool);
	return err;
}

static int mp_balloon_kernel_open(struct movable_pool *pool)
{
	struct mp_balloon_kernel *balloon = NULL;

	if (!mp_fail(MP_FAIL_ALLOC_BALLOON))
		balloon = kzalloc(sizeof(*balloon), GFP_KERNEL);
	if (!balloon)
		return -ENOMEM;
	balloon_devinfo_init(&balloon->info);
	balloon->info.migratepage = mp_balloon_kernel_migrate;
	balloon->pool = pool;
	pool->kernel_balloon = balloon;
	return 0;
}

static void mp_balloon_kernel_close(struct movable_pool *pool)
{
	struct mp_balloon_kernel *balloon = pool->kernel_balloon;
	LIST_HEAD(none);

	while (READ_ONCE(balloon->info.isolated_pages))
		schedule_timeout_uninterruptible(1);
	/* Whoever has counted that down is inside its lock. */
	balloon_page_list_dequeue(&balloon->info, &none, 0);
	kfree(balloon);
}

static void mp_balloon_kernel_add(struct movable_pool *pool, struct page *page)
{
	balloon_page_enqueue(&pool->kernel_balloon->info, page);
}

static unsigned int mp_balloon_kernel_take(struct movable_pool *pool,
					   struct page **pages, unsigned int n)
{
	struct page *page, *next;
	unsigned int taken = 0;
	LIST_HEAD(some);

	balloon_page_list_dequeue(&pool->kernel_balloon->info, &some, n);
	list_for_each_entry_safe(page, next, &some, lru) {
		list_del(&page->lru);
		pages[taken++] = page;
	}
	return taken;
}

static const struct mp_balloon mp_balloon_kernel = {
	.open = mp_balloon_kernel_open,
	.close = mp_balloon_kernel_close,
	.add = mp_balloon_kernel_add,
	.take = mp_balloon_kernel_take,
};

/* It is the infrastructure that knows; for the list in debugfs alone. */
static bool mp_balloon_kernel_owns(const struct movable_pool *pool,
				   struct page *page)
{
	return PageOffline(page) && READ_ONCE(page->private) ==
	       (unsigned long)&pool->kernel_balloon->info;
}

static int mp_balloon_kernel_init(const struct mp_backing *backing)
{
	return 0;
}

static void mp_balloon_kernel_exit(const struct mp_backing *backing)
{
}

static long mp_balloon_kernel_nr_orphans(const struct mp_backing *backing)
{
	return 0;
}

/* Its pages have no handles: what is for those is not there. */
const struct mp_backing mp_backing_balloon = {
	.name = "balloon",
	.about = "the kernel's balloon infrastructure",
	.balloon = &mp_balloon_kernel,
	.init = mp_balloon_kernel_init,
	.exit = mp_balloon_kernel_exit,
	.owns = mp_balloon_kernel_owns,
	.nr_orphans = mp_balloon_kernel_nr_orphans,
};
