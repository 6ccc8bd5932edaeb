// SPDX-License-Identifier: GPL-2.0
/*
 * Backing: non-LRU page migration of a page type, PGTY_movable_pool: kernels
 * from 6.17 on that have kernel-patches/.  The upstream form: the others are
 * for kernels that lack it.
 *
 * The VM's rules for it, from mm/migrate.c of 7.2:
 *
 * - type and PG_movable_ops are never cleared by us; they go when the page is
 *   back in the buddy allocator;
 * - so the VM calls the operations of pages that were freed meanwhile, too.  A
 *   migrate of such a page returns 0;
 * - isolate, migrate and putback are called with the page locked, the VM has
 *   one reference to an isolated page besides the owner's;
 * - page->lru is the VM's while the page is isolated; page->mapping is 0.
 *
 * mm/movable_pool.c answers for pages whose page->private is 0, which is to say
 * those whose link is cut, and knows when nobody is in our text any more.  So
 * there is nothing for which a free would need the page lock: it cuts the link
 * under the link lock and drops the pool's reference at once.  No page is ever
 * an orphan, and unloading waits for running callbacks alone.
 */

#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/movable_pool_pages.h>
#include <linux/pagemap.h>

#include "fault.h"
#include "internal.h"
#include "link.h"
#include "loose.h"
#include "wait_point.h"

/* An adopted page may have any flags, and PG_reclaim is "isolated" now. */
void mp_nonlru_mark(struct page *page)
{
	__SetPageMovablePool(page);
	ClearPageMovableOpsIsolated(page);
	SetPageMovableOps(page);
}

static bool mp_typed_marked(struct page *page)
{
	return PageMovablePool(page);
}

/* Whoever is in a callback with the page holds a reference of its own. */
static unsigned int mp_typed_released(struct page *page, bool isolated)
{
	put_page(page);
	return isolated ? MP_RELEASED_ISOLATED : 0;
}

/* The link lock keeps out a callback that is about to look at the handle. */
static unsigned int mp_typed_release(const struct mp_backing *backing,
				     struct page *page, bool may_sleep)
{
	unsigned long irqflags = mp_link_lock(page);
	bool isolated = mp_link_cut(page);

	mp_link_unlock(page, irqflags);
	mp_wait_point(MP_WAIT_FREE_CUT, page);
	return mp_typed_released(page, isolated);
}

static void mp_typed_let_go(const struct mp_backing *backing,
			    struct page *page)
{
	unlock_page(page);
	put_page(page);
}

/* In a callback: the VM's reference outlives the pool's. */
static unsigned int mp_typed_orphan(const struct mp_backing *backing,
				    struct page *page)
{
	return mp_typed_released(page, mp_link_cut(page));
}

/*
 * The type stays: the frame goes on looking movable to unplug, which tries to
 * isolate it in vain until somebody interrupts it.
 */
static void mp_typed_strand(const struct mp_backing *backing,
			    struct page *page)
{
	unlock_page(page);
}

/* The type stays: to the VM the old page is one that was freed. */
static int mp_typed_supplant(const struct mp_backing *backing,
			     struct page *dst, struct page *src)
{
	return mp_fail(MP_FAIL_SUPPLANT) ? -EAGAIN :
	       mp_loose_replace(backing, dst, src);
}

static long mp_typed_nr_orphans(const struct mp_backing *backing)
{
	return 0;
}

static bool mp_typed_isolate(struct page *page, isolate_mode_t mode)
{
	return mp_core_isolate(page);
}

static int mp_typed_migrate(struct page *dst, struct page *src,
			    enum migrate_mode mode)
{
	int err = mp_core_migrate(&mp_backing_nonlru, dst, src, mode);

	/* It was freed: nothing is left to move. */
	return err == -ENOENT ? 0 : err;
}

static void mp_typed_putback(struct page *page)
{
	mp_core_putback(page);
}

static const struct movable_operations mp_typed_ops = {
	.isolate_page = mp_typed_isolate,
	.migrate_page = mp_typed_migrate,
	.putback_page = mp_typed_putback,
};

static int mp_typed_init(const struct mp_backing *backing)
{
	return movable_pool_register_ops(&mp_typed_ops);
}

/* No link is left, and after this nobody is in the functions above. */
static void mp_typed_exit(const struct mp_backing *backing)
{
	movable_pool_unregister_ops(&mp_typed_ops);
}

static struct mp_loose mp_typed_loose = {
	.mark = mp_nonlru_mark,
	.marked = mp_typed_marked,
};

const struct mp_backing mp_backing_nonlru = {
	.name = "typed",
	.about = "non-LRU migration, page type PGTY_movable_pool",
	.refs = 2,		/* the pool's and the mover's */
	.loose = &mp_typed_loose,
	.balloon = &mp_balloon_loose,
	.init = mp_typed_init,
	.exit = mp_typed_exit,
	.owns = mp_loose_owns,
	.add = mp_loose_add,
	.release = mp_typed_release,
	.let_go = mp_typed_let_go,
	.orphan = mp_typed_orphan,
	.strand = mp_typed_strand,
	.replace = mp_loose_replace,
	.supplant = mp_typed_supplant,
	.nr_orphans = mp_typed_nr_orphans,
};
