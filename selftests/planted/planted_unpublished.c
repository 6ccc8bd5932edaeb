// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that has a fault: where there is nothing to copy to a new page, it
 * forgets to publish it.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/movable_array.h>
#include <linux/string.h>

#define UNPUBLISHED_PAGES	256

static struct movable_pool *unpublished_pool;
static struct movable_page unpublished_slots[UNPUBLISHED_PAGES];

static noinline int unpublished_store(struct movable_page *mp,
				      const char *text)
{
	int err = movable_page_alloc(unpublished_pool, mp,
				     GFP_KERNEL | __GFP_ZERO);
	void *addr;

	if (err)
		return err;
	/* The fault: the page is ready, and nobody says so. */
	if (!*text)
		return 0;
	addr = movable_page_map(mp);
	if (IS_ERR(addr))
		return PTR_ERR(addr);
	strscpy(addr, text, PAGE_SIZE);
	movable_page_unmap(mp);
	return movable_page_publish(mp);
}

static void unpublished_end(void)
{
	WARN_ON(movable_array_free(unpublished_slots, UNPUBLISHED_PAGES));
	movable_pool_destroy(unpublished_pool);
}

static int __init unpublished_init(void)
{
	static const struct movable_pool_attr attr = { .name = "unpublished" };
	unsigned int i;
	int err = 0;

	unpublished_pool = movable_pool_create(&attr);
	if (IS_ERR(unpublished_pool))
		return PTR_ERR(unpublished_pool);
	for (i = 0; i < UNPUBLISHED_PAGES && !err; i++)
		err = unpublished_store(&unpublished_slots[i],
					i % 64 ? "text" : "");
	if (err)
		unpublished_end();
	return err;
}

module_init(unpublished_init);
module_exit(unpublished_end);
MODULE_DESCRIPTION("A driver that forgets to publish, to be found");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
