// SPDX-License-Identifier: GPL-2.0
/* Non-LRU migration by address_space_operations: up to 5.19. */
#include <linux/fs.h>
#include <linux/migrate.h>
#include <linux/mm.h>

static bool probe_isolate(struct page *page, isolate_mode_t mode)
{
	__SetPageMovable(page, NULL);
	__ClearPageMovable(page);
	return true;
}

static void probe_putback(struct page *page)
{
}

extern const struct address_space_operations probe;
const struct address_space_operations probe = {
	.isolate_page = probe_isolate,
	.putback_page = probe_putback,
};
