// SPDX-License-Identifier: GPL-2.0
/*
 * By struct movable_operations: 6.0 to 6.16, and, with kernel-patches/, by a
 * page type.  That is a single owner's: movable_pool must not be loaded
 * meanwhile.
 */

#include <linux/migrate.h>
#include <linux/mm.h>
#ifdef MP_HAVE_NONLRU_TYPED
#include <linux/movable_pool_pages.h>
#endif

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

#ifdef MP_HAVE_NONLRU_TYPED

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

#else

int bench_bare_register(void)
{
	return 0;
}

void bench_bare_unregister(void)
{
}

void bench_bare_mark(struct page *page)
{
	__SetPageMovable(page, &ops);
}

void bench_bare_unmark(struct page *page)
{
	__ClearPageMovable(page);
}

#endif
