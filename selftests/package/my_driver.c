// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that has of the framework what is installed, and no more: headers
 * and Module.symvers.  It fills memory with pages, frees every other, so that
 * there are holes to compact; when it is unloaded it says how many of its pages
 * have moved, and how many are not as it left them.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/movable_pool.h>

#define PAGES	32768		/* half of them stay: 64 MiB */

static const struct movable_pool_attr attr = { .name = "my_driver" };
static struct movable_pool *pool;
static struct movable_page *pages;

static int my_fill(unsigned long i)
{
	unsigned long *words;
	int err = movable_page_alloc(pool, &pages[i], GFP_KERNEL);

	if (err)
		return err;
	words = movable_page_map(&pages[i]);
	words[0] = i;
	words[PAGE_SIZE / sizeof(long) - 1] = ~i;
	movable_page_unmap(&pages[i]);
	return movable_page_publish(&pages[i]);
}

static bool my_is_whole(unsigned long i)
{
	unsigned long *words = movable_page_map(&pages[i]);
	bool whole;

	if (IS_ERR(words))
		return false;
	whole = words[0] == i && words[PAGE_SIZE / sizeof(long) - 1] == ~i;
	movable_page_unmap(&pages[i]);
	return whole;
}

static void my_end(void)
{
	unsigned long i;

	for (i = 0; i < PAGES; i++)
		if (movable_page_state(&pages[i]) != MOVABLE_PAGE_EMPTY)
			WARN_ON(movable_page_free(&pages[i]));
	movable_pool_destroy(pool);
	kvfree(pages);
}

static int __init my_init(void)
{
	unsigned long i;
	int err = 0;

	pages = kvcalloc(PAGES, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	pool = movable_pool_create(&attr);
	if (IS_ERR(pool)) {
		kvfree(pages);
		return PTR_ERR(pool);
	}
	for (i = 0; i < PAGES && !err; i++)
		err = my_fill(i);
	if (err) {
		my_end();
		return err;
	}
	for (i = 0; i < PAGES; i += 2)
		WARN_ON(movable_page_free(&pages[i]));
	return 0;
}

static void __exit my_exit(void)
{
	struct movable_pool_stats stats;
	unsigned long changed = 0, i;

	for (i = 1; i < PAGES; i += 2)
		changed += !my_is_whole(i);
	movable_pool_stats(pool, &stats);
	pr_info("my_driver: %lu pages, %lu moves, %lu pages changed\n",
		stats.pages, stats.migrated, changed);
	my_end();
}

module_init(my_init);
module_exit(my_exit);
MODULE_DESCRIPTION("A driver beside an installed movable_pool");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
