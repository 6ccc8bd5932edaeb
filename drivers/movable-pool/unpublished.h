/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_UNPUBLISHED_H
#define _MOVABLE_POOL_UNPUBLISHED_H

/* Pages that are not published yet, listed with debug on. */

#include <linux/mm.h>

#include "debug.h"

struct movable_pool;
struct seq_file;

/* debug.c */
int mp_unpublished_prepare(void);
void mp_unpublished_open(void);
void mp_unpublished_close(void);

/* debugfs.c.  Return: 0 or -ENOMEM. */
int mp_unpublished_show(struct seq_file *m, struct movable_pool *pool);

void mp_unpublished_add(struct movable_pool *pool, struct page *page);
void mp_unpublished_remove(unsigned long pfn);
bool mp_unpublished_listed(unsigned long pfn);

/*
 * @page is the pool's from now on, and nobody has its handle yet.  Any context
 * that pages can be allocated in.
 */
static __always_inline void mp_unpublished_begin(struct movable_pool *pool,
						 struct page *page)
{
	if (mp_debugging())
		mp_unpublished_add(pool, page);
}

/*
 * The page is freed from now on; it is still there, and its pool.  May be said
 * more than once.  Any context.  Who publishes it says mp_unpublished_remove().
 */
static __always_inline void mp_unpublished_end(struct page *page)
{
	if (mp_debugging())
		mp_unpublished_remove(page_to_pfn(page));
}

#endif /* _MOVABLE_POOL_UNPUBLISHED_H */
