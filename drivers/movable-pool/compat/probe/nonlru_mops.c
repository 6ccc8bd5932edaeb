// SPDX-License-Identifier: GPL-2.0
/* Non-LRU migration by struct movable_operations: 6.0 to 6.16. */
#include <linux/migrate.h>
#include <linux/mm.h>

void probe(struct page *page, const struct movable_operations *ops);
void probe(struct page *page, const struct movable_operations *ops)
{
	__SetPageMovable(page, ops);
	__ClearPageMovable(page);
}
