// SPDX-License-Identifier: GPL-2.0
/* PGTY_movable_pool: kernels with kernel-patches/. */
#include <linux/mm.h>
#include <linux/page-flags.h>

int probe(struct page *page);
int probe(struct page *page)
{
	return PageMovablePool(page) && PageMovableOpsIsolated(page);
}
