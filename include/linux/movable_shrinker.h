/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOVABLE_SHRINKER_H
#define _LINUX_MOVABLE_SHRINKER_H

/**
 * DOC: Giving pages back under memory pressure
 *
 * A driver with pages that it could do without, a cache, says how many these
 * are and frees some of them when the kernel is short of memory; pages of its
 * own beside the pool's, too::
 *
 *	static const struct movable_shrinker_ops shrinker_ops = {
 *		.count = my_count,
 *		.scan = my_scan,
 *	};
 *
 *	err = movable_pool_shrinker_add(pool, &shrinker_ops);
 *
 * It ends with movable_pool_shrinker_remove(), or else with the pool.
 */

#include <linux/movable_pool.h>

/**
 * struct movable_shrinker_ops - what a driver could do without; both needed
 * @count: how many pages it could free now, as far as a look tells; called by
 *	any number of threads
 * @scan: free up to @nr of them with movable_page_free(), or _free_async(), and
 *	return how many pages that were; SHRINK_STOP is as good as 0.  Runs in
 *	one thread at a time; others that reclaim wait for it.  GFP_NOFS is
 *	implied in what it allocates (memalloc_nofs_save())
 *
 * They run in the thread that needs memory, only for allocations with __GFP_FS,
 * and never in one that is moving a page.  So lockdep knows all there is to
 * know: a lock that is held over an allocation with GFP_KERNEL may not be taken
 * in them, but trylocked.  movable_pool_destroy() and
 * movable_pool_shrinker_remove() wait for them; neither may be called in them,
 * nor under a lock that they take.
 */
struct movable_shrinker_ops {
	unsigned long (*count)(struct movable_pool *pool);
	unsigned long (*scan)(struct movable_pool *pool, unsigned long nr);
};

int __must_check
movable_pool_shrinker_add(struct movable_pool *pool,
			  const struct movable_shrinker_ops *ops);
void movable_pool_shrinker_remove(struct movable_pool *pool);

#endif /* _LINUX_MOVABLE_SHRINKER_H */
