// SPDX-License-Identifier: GPL-2.0
/*
 * Long-term pins: who has them, since when.  How a page comes to have one is
 * place.c's.
 *
 * debugfs shows them, oldest first, and with debug on where they came from.
 */

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kallsyms.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/movable_move.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "fault.h"
#include "internal.h"
#include "longterm.h"
#include "stack.h"
#include "trace.h"

/* So many are shown at most, and so many with their stacks. */
#define MP_LONGTERM_SHOWN	10000U
#define MP_LONGTERM_STACKS	64U
/* There may be more when the list is read than when room was made for it. */
#define MP_LONGTERM_SPARE	16U

/**
 * struct mp_longterm - the long-term pins of a pool
 * @lock: protects the list, @nr and @pool
 * @pins: oldest first
 * @nr: how many they are
 * @pool: NULL when it is gone, and what is still in the list has been said
 * @refs: the pool's, and one of each pin: whoever forgot one may come late
 */
struct mp_longterm {
	spinlock_t lock;	/* leaf; of @pins, @nr, @pool */
	struct list_head pins;
	unsigned int nr;
	struct movable_pool *pool;
	refcount_t refs;
};

/**
 * struct movable_pin - a long-term pin
 * @node: in the list
 * @list: of the pool it is of; once listed, holds a reference
 * @mp: the handle
 * @since: jiffies
 * @caller: who asked for it
 * @stack: with debug on, or NULL
 * @pid: the task, as it was then
 * @comm: the same
 */
struct movable_pin {
	struct list_head node;
	struct mp_longterm *list;
	struct movable_page *mp;
	unsigned long since;
	void *caller;
	struct mp_stack *stack;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

static void mp_longterm_free(struct movable_pin *pin)
{
	mp_stack_put(pin->stack);
	kfree(pin);
}

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
	pin->stack = mp_stack_save();
	pin->pid = task_pid_nr(current);
	get_task_comm(pin->comm, current);
	return pin;
}

/* The pool is held, and with it its list. */
static void mp_longterm_list(struct movable_pin *pin, struct mp_longterm *list)
{
	unsigned long irqflags;

	refcount_inc(&list->refs);
	pin->list = list;
	spin_lock_irqsave(&list->lock, irqflags);
	pin->since = jiffies;
	list_add_tail(&pin->node, &list->pins);
	WRITE_ONCE(list->nr, list->nr + 1);
	spin_unlock_irqrestore(&list->lock, irqflags);
}

/* The pool is held: destroy() waits, and finds the pin in the list. */
static int mp_longterm_pin(struct movable_pin *pin, struct movable_pool *pool)
{
	int err = mp_pool_hold(pool);

	if (err)
		return err;
	err = mp_place_pin(pool, pin->mp);
	if (!err)
		mp_longterm_list(pin, pool->longterm);
	trace_mp_pin_longterm(pool, pin->mp, pin->caller, err);
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
 * changed: -ENOMEM without a frame to move to, or memory for the pin itself;
 * -ENOENT if there is no page; -EHWPOISON if a memory failure has hit it;
 * -EBUSY when it could not be moved: not published; in use by others; refused
 * by ops->migrate; of another pool; or in ZONE_MOVABLE and of one whose pages
 * do not move; -EINTR after a fatal signal; -EOVERFLOW at
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
	mp_longterm_free(pin);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(movable_page_pin_longterm);

static void mp_longterm_put(struct mp_longterm *list)
{
	if (refcount_dec_and_test(&list->refs))
		kfree(list);
}

/* Return: whether the pool is still there, as it is while the lock is held. */
static bool mp_longterm_unlist(struct movable_pin *pin)
{
	struct mp_longterm *list = pin->list;
	unsigned long irqflags;
	bool there;

	spin_lock_irqsave(&list->lock, irqflags);
	there = list->pool;
	if (there)
		trace_mp_unpin_longterm(list->pool, pin->mp, pin->caller,
					pin->since);
	list_del(&pin->node);
	WRITE_ONCE(list->nr, list->nr - 1);
	spin_unlock_irqrestore(&list->lock, irqflags);
	mp_longterm_put(list);
	return there;
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
	mp_longterm_free(pin);
}
EXPORT_SYMBOL_GPL(movable_page_unpin_longterm);

/* Return: 0, or -ENOMEM.  mp_longterm_end() undoes it. */
int mp_longterm_begin(struct movable_pool *pool)
{
	struct mp_longterm *list = NULL;

	if (!mp_fail(MP_FAIL_ALLOC_PINS))
		list = kzalloc(sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	spin_lock_init(&list->lock);
	INIT_LIST_HEAD(&list->pins);
	list->pool = pool;
	refcount_set(&list->refs, 1);
	pool->longterm = list;
	return 0;
}

/*
 * The pool goes, if it has ever begun.  What is still pinned has been reported
 * page by page; here it is said by whom.
 */
void mp_longterm_end(struct movable_pool *pool)
{
	struct mp_longterm *list = pool->longterm;
	const struct movable_pin *pin;
	unsigned long irqflags;

	if (!list)
		return;
	spin_lock_irqsave(&list->lock, irqflags);
	list_for_each_entry(pin, &list->pins, node)
		pr_err_ratelimited("%s: destroyed with a long-term pin of %s[%d], by %pS\n",
				   pool->name, pin->comm, pin->pid,
				   pin->caller);
	list->pool = NULL;
	spin_unlock_irqrestore(&list->lock, irqflags);
	pool->longterm = NULL;
	mp_longterm_put(list);
}

/*
 * Pinned, so the handle is there; but for a driver that went without destroy():
 * see mp_move_allowed().
 */
static unsigned long mp_longterm_pfn(const struct movable_pool *pool,
				     const struct movable_pin *pin)
{
	return READ_ONCE(pool->shutdown) ? 0 : movable_page_pfn(pin->mp);
}

/* A pin as it was, with a reference to its stack. */
struct mp_longterm_copy {
	struct movable_pin pin;
	unsigned long pfn;
};

/**
 * struct mp_longterm_view - the oldest pins of a pool, as they were
 * @copies: oldest first
 * @nr: of them
 * @max: room for so many
 * @others: how many there were besides
 */
struct mp_longterm_view {
	struct mp_longterm_copy *copies;
	unsigned int nr;
	unsigned int max;
	unsigned int others;
};

static void mp_longterm_look_at(struct mp_longterm_view *view,
				const struct movable_pool *pool)
{
	struct mp_longterm *list = pool->longterm;
	const struct movable_pin *pin;
	unsigned long irqflags;

	spin_lock_irqsave(&list->lock, irqflags);
	list_for_each_entry(pin, &list->pins, node) {
		if (view->nr == view->max)
			break;
		mp_stack_get(pin->stack);
		view->copies[view->nr++] = (struct mp_longterm_copy) {
			.pin = *pin,
			.pfn = mp_longterm_pfn(pool, pin),
		};
	}
	view->others = list->nr - view->nr;
	spin_unlock_irqrestore(&list->lock, irqflags);
}

/* Names of functions are looked up without the lock. */
static void mp_longterm_show_copy(struct seq_file *m,
				  const struct mp_longterm_copy *copy)
{
	const struct movable_pin *pin = &copy->pin;

	seq_printf(m, "%lu %lu %s %d %ps\n", (jiffies - pin->since) / HZ,
		   copy->pfn, pin->comm, pin->pid, pin->caller);
}

static void mp_longterm_show_view(struct seq_file *m,
				  const struct mp_longterm_view *view,
				  bool stacks)
{
	unsigned int i;

	for (i = 0; i < view->nr; i++) {
		mp_longterm_show_copy(m, &view->copies[i]);
		if (stacks)
			mp_stack_show(m, view->copies[i].pin.stack);
		mp_stack_put(view->copies[i].pin.stack);
		cond_resched();
	}
	if (view->others)
		seq_printf(m, "# and %u others\n", view->others);
}

/* Return: 0 or -ENOMEM. */
int mp_longterm_show(struct seq_file *m, struct movable_pool *pool, bool stacks)
{
	struct mp_longterm_view view = {
		.max = min(READ_ONCE(pool->longterm->nr) + MP_LONGTERM_SPARE,
			   stacks ? MP_LONGTERM_STACKS : MP_LONGTERM_SHOWN),
	};

	if (!mp_fail(MP_FAIL_LONGTERM_VIEW))
		view.copies = kvmalloc_array(view.max, sizeof(*view.copies),
					     GFP_KERNEL);
	if (!view.copies)
		return -ENOMEM;
	mp_longterm_look_at(&view, pool);
	mp_longterm_show_view(m, &view, stacks);
	kvfree(view.copies);
	return 0;
}
