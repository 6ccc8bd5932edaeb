// SPDX-License-Identifier: GPL-2.0
/*
 * Long-term pins: who has them, since when.  How a page comes to have one is
 * place.c's.
 *
 * debugfs shows them, oldest first.
 */

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kallsyms.h>
#include <linux/list.h>
#include <linux/movable_move.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "fault.h"
#include "internal.h"
#include "longterm.h"

/**
 * struct movable_pin - a long-term pin
 * @node: in the pool's list, empty once that is destroyed
 * @pool: the pool, NULL likewise
 * @mp: the handle
 * @since: jiffies
 * @caller: who asked for it
 * @pid: the task, as it was then
 * @comm: the same
 */
struct movable_pin {
	struct list_head node;
	struct movable_pool *pool;
	struct movable_page *mp;
	unsigned long since;
	void *caller;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/* All pools' lists; outlives each of them.  A leaf. */
static DEFINE_SPINLOCK(mp_longterm_lock);

static struct movable_pin *mp_longterm_new(struct movable_page *mp,
					   void *caller)
{
	struct movable_pin *pin = NULL;

	if (!mp_fail(MP_FAIL_LONGTERM))
		pin = kzalloc(sizeof(*pin), GFP_KERNEL_ACCOUNT);
	if (!pin)
		return NULL;
	pin->mp = mp;
	pin->caller = caller;
	pin->pid = task_pid_nr(current);
	get_task_comm(pin->comm, current);
	return pin;
}

static void mp_longterm_list(struct movable_pin *pin,
			     struct movable_pool *pool)
{
	unsigned long irqflags;

	spin_lock_irqsave(&mp_longterm_lock, irqflags);
	pin->pool = pool;
	pin->since = jiffies;
	list_add_tail(&pin->node, &pool->longterm);
	spin_unlock_irqrestore(&mp_longterm_lock, irqflags);
}

/* The pool is held: destroy() waits, and finds the pin in the list. */
static int mp_longterm_pin(struct movable_pin *pin, struct movable_pool *pool)
{
	int err = mp_pool_hold(pool);

	if (err)
		return err;
	err = mp_place_pin(pool, pin->mp);
	if (!err)
		mp_longterm_list(pin, pool);
	mp_pool_leave(pool);
	return err;
}

/**
 * movable_page_pin_longterm() - hold a page in place for long
 * @pool: the page's
 * @mp: handle with a published page; its memory stays until this returns, even
 *	if the page is freed meanwhile
 *
 * The page first moves out of ZONE_MOVABLE and CMA, where its frame could be
 * wanted; a page that is mapped into processes, too.  It is then pinned, as by
 * movable_page_pin(): movable_page_page() is the page.  More than one is
 * allowed; a page that had one before need not move again.
 *
 * Others' moves of the page are waited for, others' pins, references and page
 * locks for 100 ms.
 *
 * Context: May sleep, and reclaims.  Not in a driver op, nor under a lock that
 * one takes.  Not in reclaim.
 * Return: the pin, for movable_page_unpin_longterm(); or ERR_PTR() with nothing
 * changed: -ENOMEM; -ENOENT if there is no page; -EHWPOISON if a memory failure
 * has hit it; -EBUSY when it could not be moved: not published; in use by
 * others; refused by ops->migrate; of another pool; or in ZONE_MOVABLE and of
 * one whose pages do not move; -EINTR after a fatal signal; -EOVERFLOW at
 * MOVABLE_PAGE_MAX_PINS; -ESHUTDOWN during movable_pool_destroy(); -EDEADLK in
 * a driver op.
 */
struct movable_pin *movable_page_pin_longterm(struct movable_pool *pool,
					      struct movable_page *mp)
{
	struct movable_pin *pin;
	int err;

	might_sleep();
	mp_op_might_wait();
	if (mp_op_running()) {
		mp_misuse("a long-term pin in a driver op\n");
		return ERR_PTR(-EDEADLK);
	}
	pin = mp_longterm_new(mp, __builtin_return_address(0));
	if (!pin)
		return ERR_PTR(-ENOMEM);
	err = mp_longterm_pin(pin, pool);
	if (!err)
		return pin;
	kfree(pin);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(movable_page_pin_longterm);

/* Return: whether the pool is still there. */
static bool mp_longterm_unlist(struct movable_pin *pin)
{
	unsigned long irqflags;
	bool listed;

	spin_lock_irqsave(&mp_longterm_lock, irqflags);
	listed = pin->pool;
	list_del(&pin->node);
	spin_unlock_irqrestore(&mp_longterm_lock, irqflags);
	return listed;
}

/**
 * movable_page_unpin_longterm() - let a page move again
 * @pin: the pin; NULL and ERR_PTR() are ignored
 *
 * Context: Any but NMI; with PREEMPT_RT as movable_page_free_async().
 */
void movable_page_unpin_longterm(struct movable_pin *pin)
{
	if (IS_ERR_OR_NULL(pin))
		return;
	if (mp_longterm_unlist(pin))
		movable_page_unpin(pin->mp);
	else
		mp_misuse("unpin of a page whose pool was destroyed\n");
	kfree(pin);
}
EXPORT_SYMBOL_GPL(movable_page_unpin_longterm);

void mp_longterm_init(struct movable_pool *pool)
{
	INIT_LIST_HEAD(&pool->longterm);
}

/*
 * The pool goes.  What is still pinned has been reported page by page; here it
 * is said by whom.
 */
void mp_longterm_end(struct movable_pool *pool)
{
	struct movable_pin *pin, *next;
	unsigned long irqflags;

	spin_lock_irqsave(&mp_longterm_lock, irqflags);
	list_for_each_entry_safe(pin, next, &pool->longterm, node) {
		pr_err_ratelimited("%s: destroyed with a long-term pin of %s[%d], by %pS\n",
				   pool->name, pin->comm, pin->pid,
				   pin->caller);
		list_del_init(&pin->node);
		pin->pool = NULL;
	}
	spin_unlock_irqrestore(&mp_longterm_lock, irqflags);
}

/* Pinned, so the handle is there. */
static void mp_longterm_show_one(struct seq_file *m,
				 const struct movable_pin *pin)
{
	seq_printf(m, "%lu %lu %s %d %ps\n", (jiffies - pin->since) / HZ,
		   movable_page_pfn(pin->mp), pin->comm, pin->pid,
		   pin->caller);
}

/* The list may be long; it is the oldest that are of interest. */
void mp_longterm_show(struct seq_file *m, struct movable_pool *pool)
{
	const struct movable_pin *pin;
	unsigned long irqflags;

	spin_lock_irqsave(&mp_longterm_lock, irqflags);
	list_for_each_entry(pin, &pool->longterm, node) {
		if (seq_has_overflowed(m))
			break;
		mp_longterm_show_one(m, pin);
	}
	spin_unlock_irqrestore(&mp_longterm_lock, irqflags);
}
