// SPDX-License-Identifier: GPL-2.0
/*
 * What CPUs keep for themselves: batches of pages on their way to the LRU or
 * off it, with a reference to each, which look like somebody's.
 *
 * lru_add_drain_all() is not for modules.  As it does, a work runs on each CPU,
 * and CPUs may come and go: one that has gone has emptied its batches, and its
 * work runs on another.  So no lock of CPU hotplug is taken.  The workqueue has
 * a thread in reserve, for callers that have one themselves.
 */

#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "backing.h"
#include "cache.h"
#include "compat/compat.h"

static DEFINE_MUTEX(mp_settle_lock);
static DEFINE_PER_CPU(struct work_struct, mp_settle_works);
static struct workqueue_struct *mp_settle_wq;

static void mp_settle_here(struct work_struct *work)
{
	mp_compat_cache_drain();
}

/**
 * mp_settle() - wait until no CPU's batches hold pages
 *
 * Context: May sleep, until each CPU has run a thread of normal priority.  No
 * page lock is held.
 */
void mp_settle(void)
{
	int cpu;

	mutex_lock(&mp_settle_lock);
	for_each_online_cpu(cpu)
		queue_work_on(cpu, mp_settle_wq,
			      per_cpu_ptr(&mp_settle_works, cpu));
	/* One that has gone since, too; the others have nothing to do. */
	for_each_possible_cpu(cpu)
		flush_work(per_cpu_ptr(&mp_settle_works, cpu));
	mutex_unlock(&mp_settle_lock);
}

int mp_settle_init(void)
{
	int cpu;

	mp_settle_wq = mp_workqueue_new("movable_pool_settle",
					mp_compat_wq_percpu());
	if (!mp_settle_wq)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		INIT_WORK(per_cpu_ptr(&mp_settle_works, cpu), mp_settle_here);
	return 0;
}

void mp_settle_exit(void)
{
	destroy_workqueue(mp_settle_wq);
}
