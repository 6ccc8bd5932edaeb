// SPDX-License-Identifier: GPL-2.0
/* Non-LRU migration by a page type of our own: kernels with kernel-patches/. */
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/movable_pool_pages.h>

#ifndef CONFIG_MOVABLE_POOL_PAGES
#error "the patch is there, but configured out"
#endif

int probe(struct page *page, const struct movable_operations *ops);
int probe(struct page *page, const struct movable_operations *ops)
{
	__SetPageMovablePool(page);
	return movable_pool_register_ops(ops);
}
