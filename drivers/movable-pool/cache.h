/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_CACHE_H
#define _MOVABLE_POOL_CACHE_H

/*
 * The page cache backing, and what it needs from kernels that spell the page
 * cache differently (compat/cache-*.c).
 */

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/migrate_mode.h>
#include <linux/types.h>

struct page;

/* Up: the VM's calls, with the page (both pages) locked. */
int mp_cache_migrate(struct page *dst, struct page *src,
		     enum migrate_mode mode);
bool mp_cache_evict(struct page *page);
void mp_cache_invalidate(struct page *page);
int mp_cache_poisoned(struct page *page);

/* settle.c */
void mp_settle(void);
int mp_settle_init(void);
void mp_settle_exit(void);

/* Down: operations that lead to those above; the page is never dirty. */
extern const struct address_space_operations mp_compat_cache_aops;

int mp_compat_cache_init(void);
void mp_compat_cache_exit(void);

/*
 * Add a page that only the caller has, and charge its memcg for it, or none.
 * May sleep.  Return: 0 with the page locked, on its way to the LRU, and a
 * reference for the cache added; -ENOMEM, also at the memcg's limit.
 */
int mp_compat_cache_add(struct address_space *mapping, struct page *page,
			unsigned long index, gfp_t gfp);
int mp_compat_cache_add_uncharged(struct address_space *mapping,
				  struct page *page, unsigned long index,
				  gfp_t gfp);

/*
 * Put @dst in the cache in place of @src, if that has the expected references:
 * the cache's, PG_private's and the VM's.  Return: 0 or -EAGAIN.
 */
int mp_compat_cache_replace(struct address_space *mapping, struct page *dst,
			    struct page *src);

/*
 * The same for @dst that is on no list of the VM's, and @src that is on the LRU
 * and stays there until its last reference is gone.  The charge goes along.
 * Private is detached, and nobody else has a reference: nothing can fail.
 */
void mp_compat_cache_supplant(struct page *dst, struct page *src);

/* What this CPU has not put on the LRU yet, a reference each.  Any context. */
void mp_compat_cache_drain(void);

/*
 * After mp_compat_cache_replace(): flags, LRU state and memcg; PG_private of
 * @src is cleared.
 */
void mp_compat_cache_move_state(struct page *dst, struct page *src);

#endif /* _MOVABLE_POOL_CACHE_H */
