/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_SHRINKER_H
#define _MOVABLE_POOL_SHRINKER_H

#include <linux/movable_shrinker.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include "compat/compat_shrinker.h"

/**
 * struct mp_shrinker - a pool's shrinker
 * @kernel: the kernel's
 * @pool: whose
 * @ops: the driver's
 * @lock: one thread is in ops->scan
 * @scanner: that thread, NULL if there is none
 */
struct mp_shrinker {
	struct mp_compat_shrinker kernel;
	struct movable_pool *pool;
	const struct movable_shrinker_ops *ops;
	struct mutex lock;	/* ops->scan */
	struct task_struct *scanner;
};

unsigned long mp_shrinker_count(struct mp_shrinker *shrinker);
unsigned long mp_shrinker_scan(struct mp_shrinker *shrinker, unsigned long nr,
			       gfp_t gfp);

#endif /* _MOVABLE_POOL_SHRINKER_H */
