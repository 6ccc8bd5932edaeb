// SPDX-License-Identifier: GPL-2.0
/*
 * Loose pages: how they come, move and go (loose.h).
 *
 * A freed page whose lock could not be had becomes an orphan: its owner has cut
 * the link and gone; what is left is the page, its mark and the pool's
 * reference, now the list's.  The list is threaded through the pages
 * themselves, so adding cannot fail and is safe in any context.
 *
 * The worker holds no lock and only tries page locks (on 5.10 a sleeper on the
 * lock of a marked page may never be woken, see 356ea3865687), so nothing that
 * reclaim waits for can wait for it.  The VM's callbacks never touch the list.
 */

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "fault.h"
#include "internal.h"
#include "link.h"
#include "loose.h"
#include "wait_point.h"

#define MP_ORPHAN_MAX_DELAY	msecs_to_jiffies(100)

/* The mark may be somebody else's: nothing of the page is followed. */
bool mp_loose_owns(const struct movable_pool *pool, struct page *page)
{
	return pool->backing->loose->marked(page) && !PagePrivate(page) &&
	       mp_link_loose_pool(page) == pool;
}

/*
 * A page that only we own is locked by others for a moment at most (memory
 * failure handling), and by no migration batch, for it is not marked yet.
 */
bool mp_loose_lock_wait(struct page *page, gfp_t gfp)
{
	if (!gfpflags_allow_blocking(gfp))
		return false;
	lock_page(page);
	return true;
}

int mp_loose_add(struct movable_pool *pool, struct page *page, long index,
		 gfp_t gfp)
{
	return mp_loose_add_inline(pool, page, gfp);
}

void mp_loose_let_go(const struct mp_backing *backing, struct page *page)
{
	mp_loose_unmark(backing->loose, page);
	unlock_page(page);
	put_page(page);
}

void mp_loose_strand(const struct mp_backing *backing, struct page *page)
{
	backing->loose->strand(page);
	unlock_page(page);
}

static bool mp_orphan_finish(struct mp_loose *loose, struct page *page)
{
	mp_wait_point(MP_WAIT_DEFERRED_PAGE, page);
	if (!trylock_page(page))
		return false;
	if (loose->marked(page))
		loose->unmark(page);
	unlock_page(page);
	put_page(page);
	return true;
}

static void mp_orphan_work(struct work_struct *work)
{
	struct mp_loose *loose = container_of(to_delayed_work(work),
					      struct mp_loose, work);
	struct llist_node *node, *next;
	unsigned int delay;
	struct page *page;
	bool again = false;

	llist_for_each_safe(node, next, llist_del_all(&loose->orphans)) {
		page = mp_link_node_page(node);
		if (mp_orphan_finish(loose, page)) {
			atomic_long_dec(&loose->nr);
		} else {
			WRITE_ONCE(loose->stuck, page_to_pfn(page));
			llist_add(node, &loose->orphans);
			again = true;
		}
		cond_resched();
	}
	if (!again)
		return;
	delay = READ_ONCE(loose->delay);
	WRITE_ONCE(loose->delay, min_t(unsigned int, 2 * delay,
				       MP_ORPHAN_MAX_DELAY));
	queue_delayed_work(mp_backings_wq, &loose->work, delay);
}

/* The link is cut; the pool's reference becomes the list's.  Any context. */
static void mp_orphan_add(struct mp_loose *loose, struct page *page)
{
	atomic_long_inc(&loose->nr);
	llist_add(mp_link_node(page), &loose->orphans);
	/* Not behind the back-off that an older page has come to. */
	WRITE_ONCE(loose->delay, 1);
	mod_delayed_work(mp_backings_wq, &loose->work, 0);
}

static unsigned int mp_loose_released(bool isolated)
{
	return isolated ? MP_RELEASED_ISOLATED : 0;
}

/* Somebody has it locked. */
unsigned int mp_loose_release_locked(const struct mp_backing *backing,
				     struct page *page)
{
	unsigned long irqflags = mp_link_lock(page);
	bool isolated = mp_link_cut_loose(page);

	mp_link_unlock(page, irqflags);
	mp_wait_point(MP_WAIT_FREE_CUT, page);
	mp_orphan_add(backing->loose, page);
	return mp_loose_released(isolated) | MP_RELEASED_LATER;
}

unsigned int mp_loose_release(const struct mp_backing *backing,
			      struct page *page, bool may_sleep)
{
	return mp_loose_release_inline(backing, page);
}

/* With the VM's page lock. */
unsigned int mp_loose_orphan(const struct mp_backing *backing,
			     struct page *page)
{
	bool isolated = mp_link_cut(page);

	mp_orphan_add(backing->loose, page);
	return mp_loose_released(isolated) | MP_RELEASED_LATER;
}

/*
 * The destination is complete, reference and mark and link, before anybody can
 * come to it by the handle; until then its lock keeps others away.
 */
int mp_loose_replace(const struct mp_backing *backing, struct page *dst,
		     struct page *src)
{
	get_page(dst);
	mp_link_move_loose(dst, src);
	mp_loose_mark(backing->loose, dst);
	put_page(src);
	return 0;
}

/*
 * What the VM's callback does besides.  Without a mark, which is cleared under
 * the page lock, a page that the VM has isolated is one that was freed.
 */
int mp_loose_supplant(const struct mp_backing *backing, struct page *dst,
		      struct page *src)
{
	int err = mp_fail(MP_FAIL_SUPPLANT) ? -EAGAIN :
		  mp_loose_replace(backing, dst, src);

	if (!err)
		backing->loose->unmark(src);
	return err;
}

long mp_loose_nr_orphans(const struct mp_backing *backing)
{
	return atomic_long_read(&backing->loose->nr);
}

unsigned long mp_loose_orphan_pfn(const struct mp_backing *backing)
{
	return mp_loose_nr_orphans(backing) ? READ_ONCE(backing->loose->stuck) :
					      0;
}

int mp_loose_init(const struct mp_backing *backing)
{
	struct mp_loose *loose = backing->loose;

	init_llist_head(&loose->orphans);
	INIT_DELAYED_WORK(&loose->work, mp_orphan_work);
	atomic_long_set(&loose->nr, 0);
	loose->delay = 1;
	return 0;
}

/* No orphan is left, but the work may just be ending. */
void mp_loose_exit(const struct mp_backing *backing)
{
	cancel_delayed_work_sync(&backing->loose->work);
}
