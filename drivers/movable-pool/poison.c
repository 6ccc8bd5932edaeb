// SPDX-License-Identifier: GPL-2.0
/*
 * Hard memory failures: pages whose memory cannot be read any more.
 *
 * memory_failure() marks the frame (PG_hwpoison).  Page cache it takes off the
 * LRU and out of page tables, and asks whose it is; of other pages that modules
 * own it thinks nothing, and tells nobody.  We learn of them
 *
 * - from the VM, of page cache, with the page still locked (cache.c);
 * - by the tracepoint memory_failure_event, which comes last, for every frame.
 *   A module may not name it, but may look for it.  Where there are no
 *   tracepoints,
 * - when the VM wants to isolate the page (migrate.c).
 *
 * A bit of the handle's word then keeps pins away, and its owner is told.  Pins
 * pay nothing for it: the bit is tested together with another.  The page stays
 * the pool's until its owner frees it, with its pins if it has any: handle and
 * frame belong together, and there is no other page to give.  The frame goes to
 * nobody then, the page allocator sees to that (free_pages_prepare()).
 */

#include <linux/mm.h>
#include <linux/movable_pool.h>
#include <linux/pagemap.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "internal.h"
#include "link.h"
#include "word.h"

/* No machine survives more at a time; others are found when isolated. */
#define MP_POISON_MAX	16
#define MP_POISON_DELAY	msecs_to_jiffies(10)

/*
 * Frames that were hit and nobody has looked at.  A raw lock, for tracepoints
 * exclude preemption, with PREEMPT_RT, too.
 */
static DEFINE_RAW_SPINLOCK(mp_poison_lock);
static unsigned long mp_poison_pfns[MP_POISON_MAX];
static unsigned int mp_poison_first, mp_poison_nr;

static void mp_poison_add(unsigned long pfn)
{
	unsigned long irqflags;

	raw_spin_lock_irqsave(&mp_poison_lock, irqflags);
	if (mp_poison_nr < MP_POISON_MAX)
		mp_poison_pfns[(mp_poison_first + mp_poison_nr++) %
			       MP_POISON_MAX] = pfn;
	raw_spin_unlock_irqrestore(&mp_poison_lock, irqflags);
}

static unsigned int mp_poison_waiting(void)
{
	unsigned long irqflags;
	unsigned int n;

	raw_spin_lock_irqsave(&mp_poison_lock, irqflags);
	n = mp_poison_nr;
	raw_spin_unlock_irqrestore(&mp_poison_lock, irqflags);
	return n;
}

/* The one that waits longest. */
static bool mp_poison_take(unsigned long *pfn)
{
	unsigned long irqflags;
	bool taken;

	raw_spin_lock_irqsave(&mp_poison_lock, irqflags);
	taken = mp_poison_nr;
	if (taken) {
		*pfn = mp_poison_pfns[mp_poison_first++];
		mp_poison_first %= MP_POISON_MAX;
		mp_poison_nr--;
	}
	raw_spin_unlock_irqrestore(&mp_poison_lock, irqflags);
	return taken;
}

/* Return: false if it is known, or there is no page any more. */
static bool mp_poison_word(struct movable_page *mp)
{
	u64 word = mp_word_read(mp);

	do {
		if (mp_word_state(word) == MOVABLE_PAGE_EMPTY ||
		    word & MP_WORD_CLOSED)
			return false;
	} while (!mp_word_change(mp, &word, word | MP_WORD_POISONED));
	return true;
}

/*
 * Under the page lock, so the page is not MOVING.  Return: the pool, entered,
 * if this is news.
 */
static struct movable_pool *mp_poison_mark(struct page *page)
{
	unsigned long irqflags = mp_link_lock(page);
	struct movable_page *mp = mp_link_handle(page);
	struct movable_pool *pool = NULL;

	if (mp)
		pool = mp_link_pool(page);
	/* After shutdown nobody looks at a handle; see mp_move_allowed(). */
	if (pool && (READ_ONCE(pool->shutdown) || !mp_poison_word(mp)))
		pool = NULL;
	if (pool)
		mp_pool_enter(pool);
	mp_link_unlock(page, irqflags);
	return pool;
}

static void mp_poison_run_op(struct movable_pool *pool, unsigned long pfn)
{
	struct mp_op op;

	if (!pool->ops->poisoned)
		return;
	mp_op_enter(&op, pool, "poisoned", pfn_to_page(pfn));
	pool->ops->poisoned(pool, pfn);
	mp_op_exit(&op);
}

/* The pool is entered.  Counted last: what is in the books its owner knows. */
static void mp_poison_tell(struct movable_pool *pool, unsigned long pfn)
{
	pr_err_ratelimited("%s: a memory failure has hit pfn %#lx, its contents are lost\n",
			   pool->name, pfn);
	mp_poison_run_op(pool, pfn);
	mp_count(pool, MP_POISONED);
}

/**
 * mp_poison_found() - a memory failure has hit a page
 * @page: locked, of one of our backings and not of a balloon; maybe an orphan
 *
 * Context: Process; does not sleep.
 */
void mp_poison_found(struct page *page)
{
	struct movable_pool *pool = mp_poison_mark(page);

	if (!pool)
		return;
	mp_poison_tell(pool, page_to_pfn(page));
	mp_pool_leave(pool);
}

/* Return: false to come again, for the page lock is somebody's. */
static bool mp_poison_found_in(struct movable_pool *pool, struct page *page)
{
	if (pool->flags & MOVABLE_POOL_BALLOON) {
		/* No handle and no contents: nothing to keep anybody from. */
		mp_poison_tell(pool, page_to_pfn(page));
		return true;
	}
	if (!trylock_page(page))
		return false;
	/* Under the lock: it may have been let go since it was found. */
	if (pool->backing->owns(pool, page))
		mp_poison_found(page);
	unlock_page(page);
	return true;
}

static bool mp_poison_look(unsigned long pfn)
{
	struct page *page;
	struct movable_pool *pool = mp_pool_of_frame(pfn, &page);
	bool done = true;

	if (!pool)
		return true;
	if (PageHWPoison(page))
		done = mp_poison_found_in(pool, page);
	put_page(page);
	mp_pool_leave(pool);
	return done;
}

static void mp_poison_work(struct work_struct *work)
{
	unsigned int n = mp_poison_waiting();
	bool again = false;
	unsigned long pfn;

	while (n-- && mp_poison_take(&pfn)) {
		if (mp_poison_look(pfn))
			continue;
		mp_poison_add(pfn);
		again = true;
	}
	if (again)
		queue_delayed_work(mp_backings_wq, to_delayed_work(work),
				   MP_POISON_DELAY);
}

static DECLARE_DELAYED_WORK(mp_poison_looker, mp_poison_work);

#ifdef CONFIG_TRACEPOINTS
static struct tracepoint *mp_poison_event;

/* In the thread that handles the failure, with preemption off. */
static void mp_poison_probe(void *data, unsigned long pfn, int type,
			    int result)
{
	mp_poison_add(pfn);
	mod_delayed_work(mp_backings_wq, &mp_poison_looker, 0);
}

static void mp_poison_find_event(struct tracepoint *event, void *priv)
{
	if (!strcmp(event->name, "memory_failure_event"))
		mp_poison_event = event;
}

static void mp_poison_listen(void)
{
	for_each_kernel_tracepoint(mp_poison_find_event, NULL);
	if (mp_poison_event &&
	    tracepoint_probe_register(mp_poison_event, mp_poison_probe, NULL))
		mp_poison_event = NULL;
}

static void mp_poison_stop_listening(void)
{
	if (!mp_poison_event)
		return;
	tracepoint_probe_unregister(mp_poison_event, mp_poison_probe, NULL);
	tracepoint_synchronize_unregister();
}
#else
static inline void mp_poison_listen(void) { }
static inline void mp_poison_stop_listening(void) { }
#endif

/* Without the tracepoint we learn less, and later. */
void mp_poison_init(void)
{
	mp_poison_listen();
}

void mp_poison_exit(void)
{
	mp_poison_stop_listening();
	cancel_delayed_work_sync(&mp_poison_looker);
}
