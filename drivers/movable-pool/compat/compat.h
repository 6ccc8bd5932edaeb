/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_COMPAT_H
#define _MOVABLE_POOL_COMPAT_H

/*
 * What the core needs from kernels that spell it differently.  This folder is
 * the only one that knows how kernels differ; MP_HAVE_* come from compiling
 * compat/probe/ against the kernel at hand, not from its version.
 */

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/pagemap.h>
#include <linux/workqueue.h>

/* Fills the NULL entries of @pages; returns how many are there. */
static inline unsigned int mp_compat_alloc_bulk(gfp_t gfp, unsigned int n,
						struct page **pages)
{
#if defined(MP_HAVE_PAGES_BULK)			/* since 6.14 */
	return alloc_pages_bulk(gfp, n, pages);
#elif defined(MP_HAVE_PAGES_BULK_ARRAY)		/* 5.13 to 6.13 */
	return alloc_pages_bulk_array(gfp, n, pages);
#else						/* one at a time */
	return 0;
#endif
}

/* A move would drop the charge. */
static inline bool mp_compat_page_charged(struct page *page)
{
#if defined(MP_HAVE_PAGE_MEMCG_CHECK)		/* since 5.11 */
	return page_memcg_check(page);
#elif defined(CONFIG_MEMCG)
	return page->mem_cgroup;
#else
	return false;
#endif
}

/* The word that page cache uses for the place in its mapping. */
static inline unsigned long *mp_compat_index(struct page *page)
{
#ifdef MP_HAVE_FOLIO_INDEX			/* since 6.16 */
	return &page->__folio_index;
#else
	return &page->index;
#endif
}

/*
 * The copy the VM itself makes of pages it moves.  Return: 0, or, where the
 * kernel can survive that, an error if @src has an uncorrectable one.
 */
static inline int mp_compat_copy(struct page *dst, struct page *src)
{
#ifdef MP_HAVE_FOLIO_MC_COPY			/* since 6.11 */
	return folio_mc_copy(page_folio(dst), page_folio(src));
#else
	copy_highpage(dst, src);
	return 0;
#endif
}

/* @byte all over the page. */
static inline void mp_compat_fill(struct page *page, int byte)
{
#ifdef MP_HAVE_MEMSET_PAGE			/* since 5.13 */
	memset_page(page, 0, byte, PAGE_SIZE);
#else
	void *addr = kmap_atomic(page);

	memset(addr, byte, PAGE_SIZE);
	flush_dcache_page(page);
	kunmap_atomic(addr);
#endif
}

/* Return: 0, or -EINTR with @page not locked: a fatal signal has come. */
static inline int mp_compat_lock_killable(struct page *page)
{
#ifdef MP_HAVE_FOLIO_LOCK_KILLABLE		/* since 5.16 */
	return folio_lock_killable(page_folio(page));
#else
	return lock_page_killable(page);
#endif
}

/* For a queue of works that run where they were queued. */
static inline unsigned int mp_compat_wq_percpu(void)
{
#ifdef MP_HAVE_WQ_PERCPU			/* 6.18, and stable kernels */
	return WQ_PERCPU;
#else						/* all but WQ_UNBOUND */
	return 0;
#endif
}

/* Has any process it in its page tables? */
static inline bool mp_compat_page_mapped(struct page *page)
{
#ifdef MP_HAVE_FOLIO_MAPPED			/* since 5.16 */
	return folio_mapped(page_folio(page));
#else
	return page_mapped(page);
#endif
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
