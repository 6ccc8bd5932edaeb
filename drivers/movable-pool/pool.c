// SPDX-License-Identifier: GPL-2.0
/*
 * Pools: create, destroy, and the module that holds them.
 *
 * A pool takes no reference on its driver's module: it would keep a driver
 * that creates its pool in module_init from ever being unloaded.  Instead
 * destroy() waits until no op runs and no page is left, and a notifier sees to
 * drivers that forgot to call it.
 */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/movable_pool.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait_bit.h>

#include "balloon.h"
#include "debug.h"
#include "fault.h"
#include "internal.h"
#include "longterm.h"
#include "word.h"

#define MP_NAME_MAX	32

static const struct movable_pool_ops mp_no_ops;

static DEFINE_MUTEX(mp_pools_lock);
static LIST_HEAD(mp_pools);
static atomic64_t mp_pool_ids;	/* does not begin again: names */

/* The last mover has left a pool that may be gone: no more than its address. */
void mp_pool_left(atomic_t *busy)
{
	wake_up_var(busy);
}

static int mp_pool_movers(struct movable_pool *pool)
{
	return atomic_read_acquire(&pool->busy) & ~MP_POOL_SHUT;
}

/**
 * mp_pool_hold() - keep a pool from being destroyed, without a page of it
 * @pool: is there
 *
 * Context: Any.
 * Return: 0, to be followed by mp_pool_leave(); -ESHUTDOWN during destroy().
 */
int mp_pool_hold(struct movable_pool *pool)
{
	mp_pool_enter(pool);
	/* Pairs with that in mp_pool_end(): it sees us busy or we shutdown. */
	smp_mb();
	if (!READ_ONCE(pool->shutdown))
		return 0;
	mp_pool_leave(pool);
	return -ESHUTDOWN;
}

/**
 * mp_pool_of_frame() - whose page is in a frame?
 * @pfn: any
 * @page: set to the page, with a reference
 *
 * Context: May sleep.
 * Return: the pool, to be followed by mp_pool_leave(), or NULL.
 */
struct movable_pool *mp_pool_of_frame(unsigned long pfn, struct page **page)
{
	struct movable_pool *pool, *found = NULL;

	mutex_lock(&mp_pools_lock);
	list_for_each_entry(pool, &mp_pools, node) {
		*page = mp_walk_at(pool, pfn);
		if (!*page)
			continue;
		if (!mp_pool_hold(pool))
			found = pool;
		else
			put_page(*page);
		break;
	}
	mutex_unlock(&mp_pools_lock);
	return found;
}

/*
 * A driver may hand on what users ask for, so what is wrong with it is not said
 * as often as they like.
 */
static bool mp_attr_balloon_valid(const struct movable_pool_attr *attr)
{
	if (attr->flags & MOVABLE_POOL_BALLOON) {
		if (!(attr->flags & MOVABLE_POOL_PAGE_CACHE) &&
		    !attr->max_pages)
			return true;
		pr_err_ratelimited("%s: a balloon is no page cache and has no limit\n",
				   attr->name);
		return false;
	}
	if (!(attr->flags & MOVABLE_POOL_ADJUST))
		return true;
	pr_err_ratelimited("%s: only balloons adjust how much memory there is\n",
			   attr->name);
	return false;
}

static bool mp_attr_mapped_valid(const struct movable_pool_attr *attr)
{
	if (!(attr->flags & MOVABLE_POOL_MAPPED) ||
	    (attr->flags == MOVABLE_POOL_MAPPED && attr->max_pages))
		return true;
	pr_err_ratelimited("%s: a mapped pool has a size, max_pages, and no other flags\n",
			   attr->name);
	return false;
}

static bool mp_attr_valid(const struct movable_pool_attr *attr)
{
	if (!attr || !attr->name || !*attr->name ||
	    strlen(attr->name) > MP_NAME_MAX || strchr(attr->name, '/')) {
		pr_err_ratelimited("a pool needs a name of 1 to %d characters without '/'\n",
				   MP_NAME_MAX);
		return false;
	}
	if (attr->flags & ~MOVABLE_POOL_FLAGS) {
		pr_err_ratelimited("%s: unknown pool flags %#x\n", attr->name,
				   attr->flags &
				   ~(unsigned int)MOVABLE_POOL_FLAGS);
		return false;
	}
	if (attr->flags & MOVABLE_POOL_UNMOVABLE &&
	    attr->flags & MOVABLE_POOL_PAGE_CACHE) {
		pr_err_ratelimited("%s: unmovable and page cache exclude each other\n",
				   attr->name);
		return false;
	}
	return mp_attr_mapped_valid(attr) && mp_attr_balloon_valid(attr) &&
	       mp_policy_valid(attr);
}

static void mp_pool_free(struct movable_pool *pool)
{
	mp_conduct_forget(pool);
	mp_longterm_end(pool);
	free_percpu(pool->counters);
	kfree(pool->name);
	kfree_rcu(pool, conduct.rcu);
}

/* It may be a user who asks for one: what it takes is charged to his memcg. */
static struct movable_pool *mp_pool_alloc(const struct movable_pool_attr *attr)
{
	struct movable_pool *pool = NULL;

	if (!mp_fail(MP_FAIL_ALLOC_POOL))
		pool = kzalloc(sizeof(*pool), GFP_KERNEL_ACCOUNT);
	if (!pool)
		return NULL;
	mp_conduct_watch(pool);
	INIT_LIST_HEAD(&pool->unpublished);
	if (!mp_fail(MP_FAIL_ALLOC_STATS))
		pool->counters = alloc_percpu_gfp(struct mp_counters,
						  GFP_KERNEL_ACCOUNT);
	if (!pool->counters || mp_longterm_begin(pool)) {
		mp_pool_free(pool);
		return NULL;
	}
	return pool;
}

/* Gives the pool its number and name and puts it in the list. */
static int mp_pool_register(struct movable_pool *pool, const char *name)
{
	u64 id = atomic64_inc_return(&mp_pool_ids) - 1;

	if (!mp_fail(MP_FAIL_ALLOC_NAME))
		pool->name = kasprintf(GFP_KERNEL_ACCOUNT, "%s-%llu", name, id);
	if (!pool->name)
		return -ENOMEM;
	mp_debugfs_add(pool);
	mutex_lock(&mp_pools_lock);
	list_add_tail(&pool->node, &mp_pools);
	mutex_unlock(&mp_pools_lock);
	return 0;
}

static void mp_pool_close(struct movable_pool *pool)
{
	if (pool->flags & MOVABLE_POOL_BALLOON)
		pool->backing->balloon->close(pool);
	else if (pool->backing->close)
		pool->backing->close(pool);
}

static int mp_pool_open(struct movable_pool *pool, const char *name)
{
	int err = 0;

	if (pool->flags & MOVABLE_POOL_BALLOON)
		err = pool->backing->balloon->open(pool);
	else if (pool->backing->open)
		err = pool->backing->open(pool);
	if (err)
		return err;
	err = mp_pool_register(pool, name);
	if (err)
		mp_pool_close(pool);
	return err;
}

/**
 * __movable_pool_create() - movable_pool_create() for a given module
 * @attr: what the driver says about the pool
 * @owner: module whose ops and handles the pool will use
 *
 * Context: May sleep.
 * Return: the pool, or ERR_PTR(), as movable_pool_create().
 */
struct movable_pool *__movable_pool_create(const struct movable_pool_attr *attr,
					   struct module *owner)
{
	struct movable_pool *pool;
	int err;

	if (!mp_attr_valid(attr))
		return ERR_PTR(-EINVAL);
	pool = mp_pool_alloc(attr);
	if (!pool)
		return ERR_PTR(-ENOMEM);
	pool->backing = mp_backing_choose(attr->flags, &pool->why);
	if (!pool->backing) {
		pr_err_ratelimited("%s: this kernel cannot move mapped pages: built without page migration\n",
				   attr->name);
		mp_pool_free(pool);
		return ERR_PTR(-EOPNOTSUPP);
	}
	pool->ops = attr->ops ?: &mp_no_ops;
	pool->flags = attr->flags;
	pool->max_pages = attr->max_pages;
	pool->share_limit = attr->max_pages ?: ULONG_MAX;
	if (attr->policy)
		pool->policy = *attr->policy;
	pool->restricted = mp_policy_restricts(&pool->policy);
	pool->priv = attr->priv;
	pool->owner = owner;
	pool->word_async = pool->ops->freed ? MP_WORD_ASYNC : 0;
	/* Handles reach pages by map(), so any zone the VM moves in will do. */
	pool->gfp = __GFP_HIGHMEM;
	if (pool->backing != &mp_backing_none)
		pool->gfp |= __GFP_MOVABLE;
	/* What others had in it is not for processes to see. */
	if (attr->flags & MOVABLE_POOL_MAPPED)
		pool->gfp |= __GFP_ZERO;
	err = mp_pool_open(pool, attr->name);
	if (err) {
		mp_pool_free(pool);
		return ERR_PTR(err);
	}
	return pool;
}
EXPORT_SYMBOL_GPL(__movable_pool_create);

/* From now on nothing new begins. */
void mp_pool_shut(struct movable_pool *pool)
{
	WRITE_ONCE(pool->shutdown, true);
	WRITE_ONCE(pool->share_limit, 0);
	atomic_or(MP_POOL_SHUT, &pool->busy);
}

static void mp_pool_say_busy(struct movable_pool *pool)
{
	struct mp_op op;

	if (mp_op_of(pool, &op))
		pr_warn("%s: destroy waits for ops->%s of %s: pfn %#lx, thread %d\n",
			pool->name, op.name,
			pool->owner ? module_name(pool->owner) : "the kernel",
			op.pfn, op.pid);
	else
		pr_warn("%s: destroy waits for %d moves\n", pool->name,
			mp_pool_movers(pool));
}

/* Waits end with the driver's own ops; say where if one takes its time. */
static void mp_pool_wait_busy(struct movable_pool *pool)
{
	while (!wait_var_event_timeout(&pool->busy, !mp_pool_movers(pool),
				       MP_TELL_EVERY))
		mp_pool_say_busy(pool);
}

/*
 * Free what is left.  A page that could not be had now is locked by the VM,
 * which may be in reclaim, or is just being freed: come back for it.
 */
static void mp_pool_drain(struct movable_pool *pool, bool handles_valid)
{
	unsigned long warn = jiffies + MP_TELL_EVERY;
	unsigned long left, released = 0;
	unsigned int delay = 1;
	long nr;

	while ((nr = atomic_long_read_acquire(&pool->nr_pages))) {
		released += mp_walk_release(pool, handles_valid, &left);
		if (!atomic_long_read(&pool->nr_pages))
			continue;
		if (time_after(jiffies, warn)) {
			warn = jiffies + MP_TELL_EVERY;
			pr_warn("%s: destroy waits for %ld locked pages: pfn %#lx\n",
				pool->name, nr, left);
		}
		schedule_timeout_uninterruptible(delay);
		delay = min(2 * delay, (unsigned int)HZ);
	}
	/* Of a driver that is gone, its notifier has said more than this. */
	if (released && handles_valid)
		mp_misuse("%s: destroyed with %lu pages still allocated\n",
			  pool->name, released);
}

static void mp_pool_end(struct movable_pool *pool, bool handles_valid)
{
	mp_shrinker_end(pool);
	mp_pool_shut(pool);
	/* Pairs with the RMW in mp_page_share(): it sees no share or we it. */
	smp_mb();
	mp_debugfs_remove(pool);
	/* Pages given to free_async() in motion are the movers' to free. */
	mp_pool_wait_busy(pool);
	if (pool->flags & MOVABLE_POOL_BALLOON)
		mp_balloon_drain(pool, handles_valid);
	else
		mp_pool_drain(pool, handles_valid);
	/* Last: whoever freed the last page may still be in an op. */
	mp_pool_wait_busy(pool);
	mp_pool_close(pool);
	mp_pool_free(pool);
}

/**
 * movable_pool_destroy() - end a pool
 * @pool: the pool; NULL and ERR_PTR() are ignored
 *
 * The driver has freed all pages.  Those it has not are freed here, loudly,
 * their handles made empty; the frame of one that is still pinned is lost
 * rather than reused.  Waits, with a message every 10 s, for moves that are in
 * progress; of pages the driver has not freed, for their page locks, and if
 * they are pinned and isolated, until the VM gives them back.  Pages that were
 * freed while the VM has them isolated are not waited for.
 *
 * Of a mapped pool, it ends what processes have mapped, and waits for the page
 * locks that this takes; of a pool with a shrinker (linux/movable_shrinker.h)
 * for the shrinker's ops; of each for those who read its files in debugfs, and
 * for the directory that these are in, under whose lock others allocate.
 *
 * When it returns no op of the pool runs or will run: the driver's module may
 * go.
 *
 * Context: May sleep.  Not in reclaim, nor an OOM notifier.  Not in a driver
 * op, nor under a lock that one takes.
 */
void movable_pool_destroy(struct movable_pool *pool)
{
	if (IS_ERR_OR_NULL(pool))
		return;
	might_sleep();
	mp_op_might_wait();
	mp_op_not_in_reclaim();
	if (mp_op_running() || mp_shrinker_here(pool)) {
		mp_misuse("%s: destroy in a driver op would wait for itself\n",
			  pool->name);
		return;
	}
	mutex_lock(&mp_pools_lock);
	list_del(&pool->node);
	mutex_unlock(&mp_pools_lock);
	mp_pool_end(pool, true);
}
EXPORT_SYMBOL_GPL(movable_pool_destroy);

/**
 * movable_pool_priv() - the driver's own pointer
 * @pool: the pool
 *
 * Context: Any.
 * Return: attr.priv of movable_pool_create().
 */
void *movable_pool_priv(const struct movable_pool *pool)
{
	return pool->priv;
}
EXPORT_SYMBOL_GPL(movable_pool_priv);

/**
 * movable_pool_backing() - the kernel's mechanism that moves a pool's pages
 * @pool: the pool
 *
 * Documentation/backings.rst tells what differs between them.
 *
 * Context: Any.
 * Return: "aops", "mops" or "typed", non-LRU migration in its three forms;
 * "cache", page cache; "balloon", the kernel's balloon infrastructure; or
 * "none": the pages do not move.
 */
const char *movable_pool_backing(const struct movable_pool *pool)
{
	return pool->backing->name;
}
EXPORT_SYMBOL_GPL(movable_pool_backing);

static unsigned long mp_event_sum(const struct movable_pool *pool,
				  enum mp_event event)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(pool->counters,
					     cpu)->event[event]);
	return sum;
}

/**
 * movable_pool_stats() - read the books of a pool
 * @pool: the pool
 * @stats: filled in
 *
 * Context: Any.
 */
void movable_pool_stats(const struct movable_pool *pool,
			struct movable_pool_stats *stats)
{
	/* Up on one CPU, down on another: the sum may pass below 0. */
	long unpublished = mp_event_sum(pool, MP_UNPUBLISHED);

	*stats = (struct movable_pool_stats) {
		.pages = atomic_long_read(&pool->nr_pages),
		.unpublished = max_t(long, 0, unpublished),
		.allocated = mp_event_sum(pool, MP_ALLOCATED),
		.freed = mp_event_sum(pool, MP_FREED),
		.isolated = mp_event_sum(pool, MP_ISOLATED),
		.migrated = mp_event_sum(pool, MP_MIGRATED),
		.putback = mp_event_sum(pool, MP_PUTBACK),
		.released = mp_event_sum(pool, MP_RELEASED),
		.attempted = mp_event_sum(pool, MP_ATTEMPTED),
		.directed = mp_event_sum(pool, MP_DIRECTED),
		.refused_pinned = mp_event_sum(pool, MP_REFUSED_PINNED),
		.refused_referenced = mp_event_sum(pool, MP_REFUSED_REFERENCED),
		.refused_driver = mp_event_sum(pool, MP_REFUSED_DRIVER),
		.failed_driver = mp_event_sum(pool, MP_FAILED_DRIVER),
		.refused_unready = mp_event_sum(pool, MP_REFUSED_UNREADY),
		.refused_target = mp_event_sum(pool, MP_REFUSED_TARGET),
		.deferred = mp_event_sum(pool, MP_DEFERRED),
		.poisoned = mp_event_sum(pool, MP_POISONED),
		.shrunk = mp_event_sum(pool, MP_SHRUNK),
	};
}
EXPORT_SYMBOL_GPL(movable_pool_stats);

static struct movable_pool *mp_pool_take_owned_by(struct module *owner)
{
	struct movable_pool *pool, *found = NULL;

	mutex_lock(&mp_pools_lock);
	list_for_each_entry(pool, &mp_pools, node) {
		if (pool->owner != owner)
			continue;
		/* No move may begin in any of them while the first ends. */
		mp_pool_shut(pool);
		found = pool;
	}
	if (found)
		list_del(&found->node);
	mutex_unlock(&mp_pools_lock);
	return found;
}

/*
 * A driver goes, its module_exit has run, its text is still there.  Its memory
 * may not be: handles are not touched any more, not even for their pins.  What
 * the VM did between module_exit and here cannot be mended.
 */
static int mp_module_notify(struct notifier_block *nb, unsigned long state,
			    void *data)
{
	struct movable_pool *pool;

	if (state != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	while ((pool = mp_pool_take_owned_by(data))) {
		mp_misuse("module %s goes without destroying its pool %s\n",
			  module_name((struct module *)data), pool->name);
		mp_pool_end(pool, false);
	}
	return NOTIFY_DONE;
}

static struct notifier_block mp_module_nb = {
	.notifier_call = mp_module_notify,
};

static int __init mp_init_backings(void)
{
	int err = mp_backings_init();

	if (err)
		return err;
	err = mp_fail(MP_FAIL_NOTIFIER) ? -ENOMEM :
	      register_module_notifier(&mp_module_nb);
	if (err)
		mp_backings_exit();
	else
		mp_poison_init();
	return err;
}

static int __init mp_init(void)
{
	int err;

	mp_faults_init();
	mp_op_init();
	err = mp_init_backings();
	if (err) {
		mp_faults_exit();
		return err;
	}
	mp_debug_init();
	mp_debugfs_init();
	return 0;
}

/* Pools pin this module by the symbols their drivers use: none is left. */
static void __exit mp_exit(void)
{
	mp_debugfs_exit();
	mp_debug_exit();
	mp_poison_exit();
	unregister_module_notifier(&mp_module_nb);
	mp_backings_exit();
	mp_faults_exit();
}

module_init(mp_init);
module_exit(mp_exit);
MODULE_DESCRIPTION("Pages of drivers that the kernel may move");
MODULE_LICENSE("GPL");
