// SPDX-License-Identifier: GPL-2.0
/* Pages that the driver has already: a whole pageblock, or unfit ones. */

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "mp_test.h"

static int mp_test_adopt_one(struct mp_test_pool *pool, unsigned int index,
			     struct page *page, u64 seed)
{
	mp_test_pattern_write(page_address(page), seed, index);
	return movable_page_adopt(pool->pool, &pool->items[index]->mp, page);
}

/* A block of consecutive frames for the range, so that it can be evicted. */
int mp_test_adopt_block(struct mp_test_pool *pool, struct mp_test_call *call)
{
	unsigned int i, pages;
	struct page *block;
	int err = 0;

	if (call->arg > ilog2(MAX_ORDER_NR_PAGES))
		return -EINVAL;
	pages = 1U << call->arg;
	if (call->count > pages)
		return -EINVAL;
	block = alloc_pages(GFP_USER | __GFP_MOVABLE | __GFP_NOWARN, call->arg);
	if (!block)
		return -ENOMEM;
	split_page(block, call->arg);
	for (i = 0; !err && i < call->count; i++)
		err = mp_test_adopt_one(pool, call->first + i, block + i,
					call->value);
	call->done = err ? i - 1 : i;
	for (i = call->done; i < pages; i++)
		__free_page(block + i);
	return err;
}

static int mp_test_adopt_compound(struct mp_test_item *item, unsigned int tail)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
	int err;

	if (!page)
		return -ENOMEM;
	err = movable_page_adopt(item->pool->pool, &item->mp, page + tail);
	__free_pages(page, 1);
	return err;
}

static int mp_test_adopt_shared(struct mp_test_item *item)
{
	struct page *page = alloc_page(GFP_KERNEL);
	int err;

	if (!page)
		return -ENOMEM;
	get_page(page);
	err = movable_page_adopt(item->pool->pool, &item->mp, page);
	put_page(page);
	put_page(page);
	return err;
}

static int mp_test_adopt_slab(struct mp_test_item *item)
{
	void *object = kmalloc(64, GFP_KERNEL);
	int err;

	if (!object)
		return -ENOMEM;
	err = movable_page_adopt(item->pool->pool, &item->mp,
				 virt_to_page(object));
	kfree(object);
	return err;
}

/* Give the handle, which must be empty, the page of its left neighbour. */
static int mp_test_adopt_owned(struct mp_test_item *item)
{
	struct movable_pool *pool = item->pool->pool;
	struct mp_test_item *owner;
	int err;

	if (!item->index)
		return -EDOM;
	owner = item->pool->items[item->index - 1];
	err = movable_page_pin(&owner->mp);
	if (err)
		return -EDOM;
	err = movable_page_adopt(pool, &item->mp,
				 movable_page_page(&owner->mp));
	movable_page_unpin(&owner->mp);
	return err;
}

int mp_test_adopt_bad(struct mp_test_item *item, struct mp_test_call *call)
{
	switch (call->arg) {
	case MP_TEST_BAD_COMPOUND:
		return mp_test_adopt_compound(item, 0);
	case MP_TEST_BAD_TAIL:
		return mp_test_adopt_compound(item, 1);
	case MP_TEST_BAD_SHARED:
		return mp_test_adopt_shared(item);
	case MP_TEST_BAD_SLAB:
		return mp_test_adopt_slab(item);
	case MP_TEST_BAD_RESERVED:
		return movable_page_adopt(item->pool->pool, &item->mp,
					  ZERO_PAGE(0));
	case MP_TEST_BAD_OWNED:
		return mp_test_adopt_owned(item);
	}
	return -EDOM;
}
