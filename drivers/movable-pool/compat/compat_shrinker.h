/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_COMPAT_SHRINKER_H
#define _MOVABLE_POOL_COMPAT_SHRINKER_H

/* Shrinkers, in the three ways kernels have had them registered. */

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

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

/*
 * This thread, which may be one that reclaims, has freed pages that are on no
 * list of the VM's.  What it is not told is no progress to it: it goes on till
 * nothing is left, and then to the OOM killer.
 */
static inline void mp_compat_reclaimed(unsigned long pages)
{
#ifdef MP_HAVE_RECLAIMED_PAGES			/* since 6.4 */
	mm_account_reclaimed_pages(pages);
#else
	if (current->reclaim_state)
		current->reclaim_state->reclaimed_slab += pages;
#endif
}

#endif /* _MOVABLE_POOL_COMPAT_SHRINKER_H */
