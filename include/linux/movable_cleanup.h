/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOVABLE_CLEANUP_H
#define _LINUX_MOVABLE_CLEANUP_H

/**
 * DOC: What ends with its scope
 *
 * Where the kernel has linux/cleanup.h; elsewhere nothing is defined here::
 *
 *	CLASS(movable_page_map, at)(mp);
 *
 *	if (IS_ERR(at.addr))
 *		return PTR_ERR(at.addr);
 *	... the page is mapped until the end of the block ...
 *
 * movable_page_pin, movable_page_trypin and, of arrays, movable_array_pin are
 * the same without an address, and with .err instead of it.  What could not be
 * pinned is not unpinned.
 *
 * What movable_pool_create() returns, errors included, is destroyed unless
 * no_free_ptr() has taken it out::
 *
 *	struct movable_pool *pool __free(movable_pool_destroy) =
 *		movable_pool_create(&attr);
 */

#include <linux/err.h>
#include <linux/movable_array.h>
#include <linux/movable_pool.h>

#ifdef __has_include
#if __has_include("linux/cleanup.h")
#include <linux/cleanup.h>
#endif
#endif

#ifdef DEFINE_CLASS

/**
 * struct movable_mapped_scope - a page mapped for a scope
 * @mp: its handle
 * @addr: its address, or ERR_PTR() as movable_page_map() returns
 */
struct movable_mapped_scope {
	struct movable_page *mp;
	void *addr;
};

/**
 * struct movable_pinned_scope - pages pinned for a scope
 * @mps: the first of their handles
 * @n: how many
 * @err: 0, or as movable_page_pin() returns: none is
 */
struct movable_pinned_scope {
	struct movable_page *mps;
	unsigned int n;
	int err;
};

static inline struct movable_mapped_scope
movable_mapped_scope(struct movable_page *mp)
{
	return (struct movable_mapped_scope){ mp, movable_page_map(mp) };
}

static inline struct movable_pinned_scope
movable_pinned_scope(struct movable_page *mps, unsigned int n, int err)
{
	return (struct movable_pinned_scope){ mps, n, err };
}

static inline void movable_mapped_scope_end(struct movable_mapped_scope *scope)
{
	if (!IS_ERR(scope->addr))
		movable_page_unmap(scope->mp);
}

static inline void movable_pinned_scope_end(struct movable_pinned_scope *scope)
{
	if (!scope->err)
		movable_array_unpin(scope->mps, scope->n);
}

DEFINE_CLASS(movable_page_map, struct movable_mapped_scope,
	     movable_mapped_scope_end(&_T),
	     movable_mapped_scope(mp), struct movable_page *mp)

DEFINE_CLASS(movable_page_pin, struct movable_pinned_scope,
	     movable_pinned_scope_end(&_T),
	     movable_pinned_scope(mp, 1, movable_page_pin(mp)),
	     struct movable_page *mp)

DEFINE_CLASS(movable_page_trypin, struct movable_pinned_scope,
	     movable_pinned_scope_end(&_T),
	     movable_pinned_scope(mp, 1, movable_page_trypin(mp)),
	     struct movable_page *mp)

DEFINE_CLASS(movable_array_pin, struct movable_pinned_scope,
	     movable_pinned_scope_end(&_T),
	     movable_pinned_scope(mps, n, movable_array_pin(mps, n)),
	     struct movable_page *mps, unsigned int n)

DEFINE_FREE(movable_pool_destroy, struct movable_pool *,
	    movable_pool_destroy(_T))

#endif /* DEFINE_CLASS */

#endif /* _LINUX_MOVABLE_CLEANUP_H */
