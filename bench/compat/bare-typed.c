// SPDX-License-Identifier: GPL-2.0
/*
 * By a page type, with kernel-patches/: 6.17 and later.  The type is a single
 * owner's, so movable_pool must not be loaded meanwhile.
 */

#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/movable_pool_pages.h>

#include "../bare.h"

static bool bare_isolate(struct page *page, isolate_mode_t mode)
{
	return true;
}

static int bare_migrate(struct page *dst, struct page *src,
			enum migrate_mode mode)
{
	bench_bare_copy(dst, src);
	return 0;
}

static void bare_putback(struct page *page)
{
}

static const struct movable_operations ops = {
	.isolate_page = bare_isolate,
	.migrate_page = bare_migrate,
	.putback_page = bare_putback,
};

int bench_bare_register(void)
{
	return movable_pool_register_ops(&ops);
}

void bench_bare_unregister(void)
{
	movable_pool_unregister_ops(&ops);
}

void bench_bare_mark(struct page *page)
{
	__SetPageMovablePool(page);
	SetPageMovableOps(page);
}

/* The type goes when the page does. */
void bench_bare_unmark(struct page *page)
{
}
