// SPDX-License-Identifier: GPL-2.0
/*
 * Freed pages that wait for their page lock.
 *
 * The owner has cut the link and gone; what is left is the page, its mark and
 * the pool's reference, now this list's.  The list is threaded through the
 * pages themselves, so adding cannot fail and is safe in any context.
 *
 * The worker holds no lock and only tries page locks (on 5.10 a sleeper on the
 * lock of a marked page may never be woken, see 356ea3865687), so nothing that
 * reclaim waits for can wait for it.  The VM's callbacks never touch the list.
 */

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "internal.h"
#include "link.h"
#include "wait_point.h"

#define MP_DEFERRED_MAX_DELAY	msecs_to_jiffies(100)

static struct mp_backing * const mp_backings[] = {
	&mp_backing_data,
	&mp_backing_none,
};

static struct workqueue_struct *mp_deferred_wq;

static bool mp_deferred_finish(struct mp_backing *backing, struct page *page)
{
	mp_wait_point(MP_WAIT_DEFERRED_PAGE, page);
	if (!trylock_page(page))
		return false;
	if (backing->marked(page))
		backing->unmark(page);
	unlock_page(page);
	put_page(page);
	return true;
}

static void mp_deferred_work(struct work_struct *work)
{
	struct mp_backing *backing = container_of(to_delayed_work(work),
						  struct mp_backing,
						  deferred.work);
	struct mp_deferred *deferred = &backing->deferred;
	struct llist_node *node, *next;
	unsigned int delay;
	bool again = false;

	llist_for_each_safe(node, next, llist_del_all(&deferred->pages)) {
		if (mp_deferred_finish(backing, mp_link_node_page(node))) {
			atomic_long_dec(&deferred->nr);
		} else {
			llist_add(node, &deferred->pages);
			again = true;
		}
		cond_resched();
	}
	if (!again)
		return;
	delay = READ_ONCE(deferred->delay);
	WRITE_ONCE(deferred->delay, min_t(unsigned int, 2 * delay,
					  MP_DEFERRED_MAX_DELAY));
	queue_delayed_work(mp_deferred_wq, &deferred->work, delay);
}

/**
 * mp_deferred_add() - leave a freed page to the worker
 * @backing: the page's
 * @page: its link is cut; the caller's reference becomes the list's
 *
 * Context: Any.
 */
void mp_deferred_add(struct mp_backing *backing, struct page *page)
{
	struct mp_deferred *deferred = &backing->deferred;

	atomic_long_inc(&deferred->nr);
	llist_add(mp_link_node(page), &deferred->pages);
	/* Not behind the back-off that an older page has come to. */
	WRITE_ONCE(deferred->delay, 1);
	mod_delayed_work(mp_deferred_wq, &deferred->work, 0);
}

/* Return: how many pages wait, of all backings. */
long mp_deferred_nr(void)
{
	long nr = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(mp_backings); i++)
		nr += atomic_long_read(&mp_backings[i]->deferred.nr);
	return nr;
}

static void mp_deferred_setup(struct mp_deferred *deferred)
{
	init_llist_head(&deferred->pages);
	INIT_DELAYED_WORK(&deferred->work, mp_deferred_work);
	atomic_long_set(&deferred->nr, 0);
	deferred->delay = 1;
}

int mp_deferred_init(void)
{
	int i;

	/* A reserved thread: what it frees is what reclaim may hope for. */
	mp_deferred_wq = alloc_workqueue("movable_pool",
					 WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!mp_deferred_wq)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(mp_backings); i++)
		mp_deferred_setup(&mp_backings[i]->deferred);
	return 0;
}

/*
 * Until the last orphan is done the VM may call us for it.  Its page lock is
 * somebody else's and may be held for long; never give up, never free early.
 */
void mp_deferred_exit(void)
{
	unsigned long warn = jiffies + 10 * HZ;
	long nr;
	int i;

	while ((nr = mp_deferred_nr()) > 0) {
		if (time_after(jiffies, warn)) {
			warn = jiffies + 10 * HZ;
			pr_warn("unloading waits for %ld freed pages whose page lock is held\n",
				nr);
		}
		schedule_timeout_uninterruptible(1);
	}
	for (i = 0; i < ARRAY_SIZE(mp_backings); i++)
		cancel_delayed_work_sync(&mp_backings[i]->deferred.work);
	destroy_workqueue(mp_deferred_wq);
}
