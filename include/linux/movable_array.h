/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOVABLE_ARRAY_H
#define _LINUX_MOVABLE_ARRAY_H

/**
 * DOC: Arrays of handles
 *
 * A driver with a buffer of n pages has an array of n handles, and does to all
 * of them what it could do to each, in one call::
 *
 *	struct movable_page *pages = kvcalloc(n, sizeof(*pages), GFP_KERNEL);
 *
 *	err = movable_array_alloc(pool, pages, n, GFP_KERNEL);
 *	err = movable_array_publish(pages, n);
 *	err = movable_array_pin(pages, n);
 *	movable_array_unpin(pages, n);
 *	err = movable_array_free(pages, n);
 *
 * What can fail for reasons that are not the driver's fault, alloc, pin and
 * vmap, is done to all handles or to none.  publish and free, which cannot be
 * undone, are done to each handle for which that is possible; they return the
 * first error there was.  Any part of the array is an array.
 *
 * n may be 0, but for vmap; then there is nothing to do.  For handles that are
 * not in an array there are movable_page_alloc_bulk() and movable_page_vmap().
 */

#include <linux/movable_pool.h>

int __must_check movable_array_alloc(struct movable_pool *pool,
				     struct movable_page *mps, unsigned int n,
				     gfp_t gfp);
int movable_array_publish(struct movable_page *mps, unsigned int n);
int __must_check movable_array_pin(struct movable_page *mps, unsigned int n);
int __must_check movable_array_trypin(struct movable_page *mps,
				      unsigned int n);
void movable_array_unpin(struct movable_page *mps, unsigned int n);
int __must_check movable_array_free(struct movable_page *mps, unsigned int n);

void *movable_array_vmap(struct movable_page *mps, unsigned int n);
void movable_array_vunmap(void *addr, struct movable_page *mps,
			  unsigned int n);

#endif /* _LINUX_MOVABLE_ARRAY_H */
