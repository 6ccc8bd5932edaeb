// SPDX-License-Identifier: GPL-2.0
/*
 * The backings this kernel has, and which of them a pool gets.
 */

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/movable_pool.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "fault.h"
#include "inode.h"
#include "internal.h"

struct workqueue_struct *mp_backings_wq;

static const struct mp_backing * const mp_backings[] = {
	&mp_backing_none,
#ifdef MP_HAVE_MIGRATION
	&mp_backing_cache,
#endif
#ifdef MP_HAVE_NONLRU
	&mp_backing_nonlru,
#endif
#ifdef MP_HAVE_BALLOON_BACKING
	&mp_backing_balloon,
#endif
};

static char *mp_backing_wanted = "";
module_param_named(backing, mp_backing_wanted, charp, 0444);
MODULE_PARM_DESC(backing, "for debugging: what pools of kernel data use, by name");

/* Has it pages with handles? */
static bool mp_backing_has_data(const struct mp_backing *backing)
{
	return backing->add;
}

/* As the parameter says; NULL if it does not, or not what there is. */
static const struct mp_backing *mp_backing_by_name(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(mp_backings); i++)
		if (mp_backing_has_data(mp_backings[i]) &&
		    !strcmp(mp_backings[i]->name, mp_backing_wanted))
			return mp_backings[i];
	return NULL;
}

/* Return: 0, or -EINVAL after saying which names there are. */
static int mp_backing_check_wanted(void)
{
	int i;

	if (!*mp_backing_wanted || mp_backing_by_name())
		return 0;
	pr_err("no backing \"%s\" here; there is:\n", mp_backing_wanted);
	for (i = 0; i < ARRAY_SIZE(mp_backings); i++)
		if (mp_backing_has_data(mp_backings[i]))
			pr_err("  %-8s%s\n", mp_backings[i]->name,
			       mp_backings[i]->about);
	return -EINVAL;
}

#ifdef MP_HAVE_MIGRATION
static const struct mp_backing *mp_backing_for_data(const char **why)
{
	if (*mp_backing_wanted) {
		*why = "asked for when the module was loaded";
		return mp_backing_by_name();
	}
#ifdef MP_HAVE_NONLRU
	*why = "kernel data, by this kernel's non-LRU page migration";
	return &mp_backing_nonlru;
#else
	*why = "kernel data; this kernel has no non-LRU migration for modules";
	return &mp_backing_cache;
#endif
}
#endif

#ifdef MP_HAVE_MIGRATION
static const struct mp_backing *mp_backing_for_balloon(const char **why)
{
#if defined(MP_HAVE_NONLRU)
	*why = "balloon, by this kernel's non-LRU page migration";
	return &mp_backing_nonlru;
#elif defined(MP_HAVE_BALLOON_BACKING)
	*why = "balloon; this kernel has non-LRU migration for its own alone";
	return &mp_backing_balloon;
#else
	pr_warn_once("kernel without CONFIG_BALLOON_MIGRATION, or 6.17 to 6.19: pages of balloons never move\n");
	*why = "kernel without CONFIG_BALLOON_MIGRATION, or 6.17 to 6.19";
	return &mp_backing_none;
#endif
}
#endif

/**
 * mp_backing_choose() - the mechanism for the pages of a new pool
 * @flags: MOVABLE_POOL_*
 * @why: set to the reason, for people
 *
 * Return: the backing; a pool that cannot move is told so once, in the log.
 * NULL if there is none that can do it.
 */
const struct mp_backing *mp_backing_choose(unsigned int flags, const char **why)
{
	if (flags & MOVABLE_POOL_UNMOVABLE) {
		*why = "exempt by the driver";
		return &mp_backing_none;
	}
#ifdef MP_HAVE_MIGRATION
	if (flags & MOVABLE_POOL_MAPPED) {
		*why = "mapped: page cache is, and the VM moves it";
		return &mp_backing_cache;
	}
	if (flags & MOVABLE_POOL_BALLOON)
		return mp_backing_for_balloon(why);
	if (flags & MOVABLE_POOL_PAGE_CACHE) {
		*why = "asked for by the driver";
		return &mp_backing_cache;
	}
	return mp_backing_for_data(why);
#else
	if (flags & MOVABLE_POOL_MAPPED)
		return NULL;
	pr_warn_once("kernel built without " MP_LACKS ": pages never move\n");
	*why = "kernel built without " MP_LACKS;
	return &mp_backing_none;
#endif
}

static void mp_backings_undo(int n)
{
	while (n--)
		mp_backings[n]->exit(mp_backings[n]);
	destroy_workqueue(mp_backings_wq);
	mp_inodes_exit();
}

/* With a reserved thread: what it frees is what reclaim may hope for. */
struct workqueue_struct *mp_workqueue_new(const char *name, unsigned int flags)
{
	if (mp_fail(MP_FAIL_WORKQUEUE))
		return NULL;
	return alloc_workqueue("%s", WQ_MEM_RECLAIM | flags, 0, name);
}

int mp_backings_init(void)
{
	int i, err = mp_backing_check_wanted();

	if (err)
		return err;
	mp_backings_wq = mp_workqueue_new("movable_pool", WQ_UNBOUND);
	if (!mp_backings_wq)
		return -ENOMEM;
	err = mp_inodes_init();
	if (err) {
		destroy_workqueue(mp_backings_wq);
		return err;
	}
	for (i = 0; i < ARRAY_SIZE(mp_backings) && !err; i++)
		err = mp_fail(MP_FAIL_BACKING) ? -ENOMEM :
		      mp_backings[i]->init(mp_backings[i]);
	/* The one that failed has nothing to undo. */
	if (err)
		mp_backings_undo(i - 1);
	return err;
}

/* Return: freed pages that wait for their page lock. */
long mp_backings_orphans(void)
{
	long nr = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(mp_backings); i++)
		nr += mp_backings[i]->nr_orphans(mp_backings[i]);
	return nr;
}

static unsigned long mp_backings_orphan_pfn(void)
{
	unsigned long pfn = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(mp_backings) && !pfn; i++)
		if (mp_backings[i]->orphan_pfn)
			pfn = mp_backings[i]->orphan_pfn(mp_backings[i]);
	return pfn;
}

/*
 * Until the last orphan is done the VM may call us for it.  Its page lock is
 * somebody else's and may be held for long; never give up, never free early.
 * Its pool has no name any more: that went with the link.
 */
void mp_backings_exit(void)
{
	unsigned long warn = jiffies + MP_TELL_EVERY;
	long nr;

	while ((nr = mp_backings_orphans()) > 0) {
		if (time_after(jiffies, warn)) {
			warn = jiffies + MP_TELL_EVERY;
			pr_warn("unloading waits for %ld freed pages whose page lock is held: pfn %#lx\n",
				nr, mp_backings_orphan_pfn());
		}
		schedule_timeout_uninterruptible(1);
	}
	mp_backings_undo(ARRAY_SIZE(mp_backings));
}
