/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_COMPAT_SHRINKER_H
#define _MOVABLE_POOL_COMPAT_SHRINKER_H

/* Shrinkers, in the three ways kernels have had them registered. */

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/shrinker.h>

struct mp_shrinker;

struct mp_compat_shrinker {
#ifdef MP_HAVE_SHRINKER_ALLOC			/* since 6.7 */
	struct shrinker *shrinker;
#else
	struct shrinker shrinker;
#endif
};

/* Return: 0 or -ENOMEM. */
int mp_compat_shrinker_add(struct mp_shrinker *shrinker, const char *name);
/* Waits for those who are in it. */
void mp_compat_shrinker_remove(struct mp_shrinker *shrinker);

#endif /* _MOVABLE_POOL_COMPAT_SHRINKER_H */
