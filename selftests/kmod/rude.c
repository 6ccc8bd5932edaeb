// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that forgets movable_pool_destroy(): rmmod while the pool has pages
 * whose handles, and driver ops, go away with this module.  Without "forget" it
 * does nothing at all.
 */

#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/module.h>

#include <linux/movable_pool.h>

#define RUDE_PAGES	16

static bool forget;
module_param(forget, bool, 0444);
MODULE_PARM_DESC(forget, "create a pool, to forget it");

static bool pinned;
module_param(pinned, bool, 0444);
MODULE_PARM_DESC(pinned, "leave the first page pinned");

static struct movable_page rude_pages[RUDE_PAGES];
static struct movable_pool *rude_pool;

static int rude_migrate(struct movable_page *mp, struct page *dst,
			struct page *src, enum migrate_mode mode)
{
	copy_highpage(dst, src);
	return 0;
}

static const struct movable_pool_ops rude_ops = {
	.migrate = rude_migrate,
};

static void rude_free(void)
{
	unsigned int i;

	for (i = 0; i < RUDE_PAGES; i++)
		if (movable_page_state(&rude_pages[i]) != MOVABLE_PAGE_EMPTY)
			WARN_ON(movable_page_free(&rude_pages[i]));
	movable_pool_destroy(rude_pool);
}

static int rude_alloc(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < RUDE_PAGES; i++) {
		err = movable_page_alloc(rude_pool, &rude_pages[i], GFP_KERNEL);
		if (err)
			return err;
		err = movable_page_publish(&rude_pages[i]);
		if (err)
			return err;
	}
	return pinned ? movable_page_pin(&rude_pages[0]) : 0;
}

static int __init rude_init(void)
{
	struct movable_pool_attr attr = { .name = "rude", .ops = &rude_ops };
	int err;

	if (!forget)
		return 0;
	rude_pool = movable_pool_create(&attr);
	if (IS_ERR(rude_pool))
		return PTR_ERR(rude_pool);
	err = rude_alloc();
	if (err)
		rude_free();
	return err;
}

static void __exit rude_exit(void)
{
}

module_init(rude_init);
module_exit(rude_exit);
MODULE_DESCRIPTION("Test of movable_pool: a driver that forgets its pool");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
