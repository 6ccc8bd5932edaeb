// SPDX-License-Identifier: GPL-2.0
/*
 * Objects.  Each is its own kmalloc(), so that a handle used after its page was
 * freed is memory used after kfree().  A buried object stays allocated with a
 * poisoned handle: without KASAN, too, a late write to it is found.
 */

#include <linux/mm.h>
#include <linux/poison.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mp_test.h"

static struct mp_test_item *mp_test_item_new(struct mp_test_pool *pool,
					     unsigned int index)
{
	struct mp_test_item *item = kzalloc(sizeof(*item), GFP_KERNEL);

	if (item) {
		movable_page_init(&item->mp);
		item->pool = pool;
		item->index = index;
	}
	return item;
}

static int mp_test_item_fill(struct mp_test_pool *pool, unsigned int index)
{
	struct mp_test_item *item;

	if (READ_ONCE(pool->items[index]))
		return 0;
	item = mp_test_item_new(pool, index);
	if (!item)
		return -ENOMEM;
	if (cmpxchg(&pool->items[index], NULL, item))
		kfree(item);
	return 0;
}

/* Objects for the slots that have none. */
int mp_test_items_fill(struct mp_test_pool *pool, unsigned int first,
		       unsigned int count)
{
	int err = 0;

	while (!err && count--)
		err = mp_test_item_fill(pool, first++);
	return err;
}

/* The object's memory is the driver's again: use it for something else. */
void mp_test_item_dispose(struct mp_test_item *item, unsigned int flags)
{
	struct mp_test_pool *pool = item->pool;
	unsigned long irqflags;

	if (!(flags & (MP_TEST_BURY | MP_TEST_KFREE)))
		return;
	spin_lock_irqsave(&pool->lock, irqflags);
	pool->items[item->index] = NULL;
	memset(&item->mp, POISON_FREE, sizeof(item->mp));
	if (!(flags & MP_TEST_KFREE))
		list_add(&item->grave, &pool->graves);
	spin_unlock_irqrestore(&pool->lock, irqflags);
	if (flags & MP_TEST_KFREE)
		kfree(item);
}

/* Under @pool->lock: ops->freed may dispose of the object at any time. */
void mp_test_item_info(struct mp_test_item *item, struct mp_test_info *info)
{
	memset(info, 0, sizeof(*info));
	if (!item)
		return;
	info->pfn = movable_page_pfn(&item->mp);
	info->state = movable_page_state(&item->mp);
	info->pins = movable_page_pins(&item->mp);
	info->freed = atomic_read(&item->freed);
	info->async = READ_ONCE(item->async);
	if (info->pfn)
		info->nid = page_to_nid(pfn_to_page(info->pfn));
}

/* Under @pool->lock. */
unsigned int mp_test_graves_disturbed(struct mp_test_pool *pool)
{
	struct mp_test_item *item;
	unsigned int disturbed = 0;

	list_for_each_entry(item, &pool->graves, grave)
		if (memchr_inv(&item->mp, POISON_FREE, sizeof(item->mp)))
			disturbed++;
	return disturbed;
}

void mp_test_items_free(struct mp_test_pool *pool)
{
	struct mp_test_item *item, *next;
	unsigned int i;

	for (i = 0; i < pool->capacity; i++)
		kfree(pool->items[i]);
	list_for_each_entry_safe(item, next, &pool->graves, grave)
		kfree(item);
}
