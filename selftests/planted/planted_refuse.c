// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that has a fault: its op refuses each move.  It is to refuse while
 * the device is at work, but asks whether the device is ready for some.
 */

#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/movable_array.h>

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

static int __init refuse_init(void)
{
	static const struct movable_pool_attr attr = {
		.name = "refuse",
		.ops = &refuse_ops,
	};
	int err;

	refuse_pool = movable_pool_create(&attr);
	if (IS_ERR(refuse_pool))
		return PTR_ERR(refuse_pool);
	err = movable_array_alloc(refuse_pool, refuse_slots, REFUSE_PAGES,
				  GFP_KERNEL | __GFP_ZERO);
	if (err) {
		movable_pool_destroy(refuse_pool);
		return err;
	}
	return movable_array_publish(refuse_slots, REFUSE_PAGES);
}

static void __exit refuse_exit(void)
{
	WARN_ON(movable_array_free(refuse_slots, REFUSE_PAGES));
	movable_pool_destroy(refuse_pool);
}

module_init(refuse_init);
module_exit(refuse_exit);
MODULE_DESCRIPTION("A driver that lets no page move, to be found");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
