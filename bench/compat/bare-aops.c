// SPDX-License-Identifier: GPL-2.0
/* By address_space_operations, for which it takes an inode: up to 5.19. */

#include <linux/fs.h>
#include <linux/migrate.h>
#include <linux/mm.h>

#include "../bare.h"
#include "inode.h"

static bool bare_isolate(struct page *page, isolate_mode_t mode)
{
	return true;
}

static int bare_migrate(struct address_space *mapping, struct page *dst,
			struct page *src, enum migrate_mode mode)
{
	bench_bare_copy(dst, src);
	return MIGRATEPAGE_SUCCESS;
}

static void bare_putback(struct page *page)
{
}

static const struct address_space_operations ops = {
	.isolate_page = bare_isolate,
	.migratepage = bare_migrate,
	.putback_page = bare_putback,
};

static struct inode *inode;

int bench_bare_register(void)
{
	inode = bench_inode_new(&ops);
	return PTR_ERR_OR_ZERO(inode);
}

void bench_bare_unregister(void)
{
	bench_inode_end(inode);
}

void bench_bare_mark(struct page *page)
{
	__SetPageMovable(page, inode->i_mapping);
}

void bench_bare_unmark(struct page *page)
{
	__ClearPageMovable(page);
}
