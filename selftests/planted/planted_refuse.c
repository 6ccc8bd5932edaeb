// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that has a fault: its op refuses each move.  It is to refuse while
 * the device is at work, but asks whether the device is ready for some.
 */

#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/movable_pool.h>

#define REFUSE_PAGES	256

static struct movable_pool *refuse_pool;
static struct movable_page refuse_slots[REFUSE_PAGES];
static bool refuse_ready = true;

static noinline bool refuse_idle(void)
{
	/* The fault: it is the opposite. */
	return !READ_ONCE(refuse_ready);
}

static int refuse_migrate(struct movable_page *mp, struct page *dst,
			  struct page *src, enum migrate_mode mode)
{
	if (!refuse_idle())
		return -EAGAIN;
	copy_highpage(dst, src);
	return 0;
}

static const struct movable_pool_ops refuse_ops = {
	.migrate = refuse_migrate,
};

static void refuse_end(void)
{
	unsigned int i;

	for (i = 0; i < REFUSE_PAGES; i++)
		if (movable_page_state(&refuse_slots[i]) != MOVABLE_PAGE_EMPTY)
			WARN_ON(movable_page_free(&refuse_slots[i]));
	movable_pool_destroy(refuse_pool);
}

static int __init refuse_init(void)
{
	static const struct movable_pool_attr attr = {
		.name = "refuse",
		.ops = &refuse_ops,
	};
	unsigned int i;
	int err = 0;

	refuse_pool = movable_pool_create(&attr);
	if (IS_ERR(refuse_pool))
		return PTR_ERR(refuse_pool);
	for (i = 0; i < REFUSE_PAGES && !err; i++) {
		err = movable_page_alloc(refuse_pool, &refuse_slots[i],
					 GFP_KERNEL | __GFP_ZERO);
		if (!err)
			err = movable_page_publish(&refuse_slots[i]);
	}
	if (err)
		refuse_end();
	return err;
}

module_init(refuse_init);
module_exit(refuse_end);
MODULE_DESCRIPTION("A driver that lets no page move, to be found");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
