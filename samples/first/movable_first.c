// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/movable_pool.h>

static const struct movable_pool_attr attr = { .name = "first" };
static struct movable_pool *pool;
static struct movable_page page;

static int __init first_init(void)
{
	pool = movable_pool_create(&attr);
	if (IS_ERR(pool) || movable_page_alloc(pool, &page, GFP_KERNEL)) {
		movable_pool_destroy(pool);
		return -ENOMEM;
	}
	strscpy(movable_page_map(&page), "still here", PAGE_SIZE);
	movable_page_unmap(&page);
	return movable_page_publish(&page);	/* from now on it may move */
}

static void __exit first_exit(void)
{
	pr_info("first: %s\n", (char *)movable_page_map(&page));
	movable_page_unmap(&page);
	WARN_ON(movable_page_free(&page));
	movable_pool_destroy(pool);
}

module_init(first_init);
module_exit(first_exit);
MODULE_DESCRIPTION("The smallest driver with a movable page");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
