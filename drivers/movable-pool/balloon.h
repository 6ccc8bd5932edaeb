/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_BALLOON_H
#define _MOVABLE_POOL_BALLOON_H

/*
 * The seam between balloon pools and what keeps their pages: the balloon itself
 * (balloon_loose.c), or the kernel's balloon infrastructure where that is the
 * only one whose pages move (balloon_kernel.c).
 *
 * A page is in the balloon, or isolated, which is to say in the VM's hands, or
 * out.  @nr_pages of the pool counts the first two.  How much memory there is
 * (MOVABLE_POOL_ADJUST) is counted where pages go in and out; who moves them
 * counts what that changes.
 */

#include <linux/migrate_mode.h>
#include <linux/types.h>

struct movable_pool;
struct mp_backing;
struct page;

/**
 * struct mp_balloon - how pages of a balloon pool are kept
 * @open: a new pool.  Return: 0 or -ENOMEM
 * @close: the pool has no page any more; no callback of its pages runs or will
 *	run when it returns.  May sleep
 * @add: a page, new, order-0 and nobody else's, counted already; may sleep
 * @take: up to n, none that the VM has.  Return: how many
 */
struct mp_balloon {
	int (*open)(struct movable_pool *pool);
	void (*close)(struct movable_pool *pool);
	void (*add)(struct movable_pool *pool, struct page *page);
	unsigned int (*take)(struct movable_pool *pool, struct page **pages,
			     unsigned int n);
};

extern const struct mp_balloon mp_balloon_loose;

/* balloon.c */
void mp_balloon_adjust(struct movable_pool *pool, struct page *page,
		       long count);
void mp_balloon_adjust_move(struct movable_pool *pool, struct page *dst,
			    struct page *src);
int mp_balloon_exchange(struct movable_pool *pool, struct page *dst,
			struct page *src, enum migrate_mode mode);
void mp_balloon_drain(struct movable_pool *pool, bool driver_is_there);

/* balloon_loose.c: the VM's calls, for pages with mp_link_balloon() */
bool mp_balloon_isolate(struct page *page);
int mp_balloon_migrate(const struct mp_backing *backing, struct page *dst,
		       struct page *src, enum migrate_mode mode);
void mp_balloon_putback(struct page *page);

#endif /* _MOVABLE_POOL_BALLOON_H */
