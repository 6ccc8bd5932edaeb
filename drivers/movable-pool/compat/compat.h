/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_COMPAT_H
#define _MOVABLE_POOL_COMPAT_H

/*
 * What the core needs from kernels that spell it differently.  This folder is
 * the only one that knows kernel versions.
 */

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/memcontrol.h>

/* Fills the NULL entries of @pages; returns how many are there. */
static inline unsigned int mp_compat_alloc_bulk(gfp_t gfp, unsigned int n,
						struct page **pages)
{
	return alloc_pages_bulk_array(gfp, n, pages);
}

/* A move would drop the charge. */
static inline bool mp_compat_page_charged(struct page *page)
{
	return page_memcg_check(page);
}

/*
 * A kernel address that every thread may use and that may be held over a
 * sleep.  kmap_local_page() is neither; where there is no high memory all this
 * is page_address().
 */
static inline void *mp_compat_map(struct page *page)
{
	return kmap(page);
}

static inline void mp_compat_unmap(struct page *page)
{
	kunmap(page);
}

#endif /* _MOVABLE_POOL_COMPAT_H */
