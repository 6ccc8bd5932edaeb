/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOVABLE_BALLOON_H
#define _LINUX_MOVABLE_BALLOON_H

/**
 * DOC: Balloon pools
 *
 * A balloon takes pages from the kernel to give their memory to somebody else,
 * a hypervisor say.  Which pages these are nobody cares, and nobody looks at
 * what is in them.  So a pool with MOVABLE_POOL_BALLOON has no handles, no pins
 * and no contents:
 *
 * 1. alloc() gets pages from the kernel.  They are the driver's.
 * 2. add() puts them in the balloon; from now on they may move.
 * 3. To move one the VM offers another: ops->exchange() tells whoever has the
 *    memory that the one is in the balloon now, and the other is not.
 * 4. take() gets some back, any; free them with put_page().  Pages that the VM
 *    has in its hands cannot be had: take() may come short, take_wait() sleeps
 *    until there are some.
 * 5. movable_pool_destroy(), with the balloon empty.
 *
 * Pages travel in arrays, for &page->lru is the VM's, and a page that is in a
 * list already would be found out too late.  Statistics, debugfs and the
 * module's end are as for all pools (linux/movable_pool.h); no page limit.
 */

#include <linux/movable_pool.h>

unsigned int movable_balloon_alloc(struct movable_pool *pool,
				   struct page **pages, unsigned int n);
unsigned int movable_balloon_add(struct movable_pool *pool,
				 struct page **pages, unsigned int n);
unsigned int movable_balloon_take(struct movable_pool *pool,
				  struct page **pages, unsigned int n);
unsigned int movable_balloon_take_wait(struct movable_pool *pool,
				       struct page **pages, unsigned int n);
unsigned long movable_balloon_pages(const struct movable_pool *pool);

#endif /* _LINUX_MOVABLE_BALLOON_H */
