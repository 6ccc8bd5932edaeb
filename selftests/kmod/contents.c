// SPDX-License-Identifier: GPL-2.0
/* What is in the pages: a pattern by seed and object, so that none is like. */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "mp_test.h"

#define MP_TEST_WORDS	(PAGE_SIZE / sizeof(u64))

void mp_test_pattern_write(u64 *page, u64 seed, unsigned int index)
{
	unsigned int i;

	for (i = 0; i < MP_TEST_WORDS; i++)
		page[i] = mp_test_word(seed, index, i);
}

static int mp_test_compare(const u64 *page, u64 seed, unsigned int index)
{
	unsigned int i;

	for (i = 0; i < MP_TEST_WORDS; i++)
		if (page[i] != mp_test_word(seed, index, i))
			return -EILSEQ;
	return 0;
}

int mp_test_fill(struct mp_test_item *item, struct mp_test_call *call)
{
	void *page = movable_page_map(&item->mp);

	if (IS_ERR(page))
		return PTR_ERR(page);
	mp_test_pattern_write(page, call->arg, item->index);
	movable_page_unmap(&item->mp);
	return 0;
}

int mp_test_verify(struct mp_test_item *item, struct mp_test_call *call)
{
	void *page = movable_page_map(&item->mp);
	int err;

	if (IS_ERR(page))
		return PTR_ERR(page);
	err = mp_test_compare(page, call->arg, item->index);
	movable_page_unmap(&item->mp);
	return err;
}

int mp_test_peek(struct mp_test_item *item, struct mp_test_call *call)
{
	u64 *page = movable_page_map(&item->mp);

	if (IS_ERR(page))
		return PTR_ERR(page);
	call->value = *page;
	movable_page_unmap(&item->mp);
	return 0;
}

/* What no driver may do: the page can move now. */
int mp_test_keep(struct mp_test_item *item, struct mp_test_call *call)
{
	const unsigned long *page = movable_page_map(&item->mp);

	if (IS_ERR(page))
		return PTR_ERR(page);
	item->kept = page;
	movable_page_unmap(&item->mp);
	return 0;
}

/* KASAN is not asked: without it nothing would say that this is wrong. */
int mp_test_peek_kept(struct mp_test_item *item, struct mp_test_call *call)
{
	if (!item->kept)
		return -ENOENT;
	call->value = READ_ONCE_NOCHECK(*item->kept);
	return 0;
}

static struct movable_page **mp_test_set(struct mp_test_pool *pool,
					 struct mp_test_call *call)
{
	struct movable_page **mps;
	unsigned int i;

	mps = kvmalloc_array(call->count, sizeof(*mps), GFP_KERNEL);
	for (i = 0; mps && i < call->count; i++)
		mps[i] = &pool->items[call->first + i]->mp;
	return mps;
}

static int mp_test_vmap_verify(struct mp_test_pool *pool,
			       struct mp_test_call *call)
{
	unsigned int i;
	int err;

	for (i = 0; i < call->count; i++) {
		err = mp_test_compare(pool->vmap + i * PAGE_SIZE, call->arg,
				      call->first + i);
		if (err)
			return err;
	}
	call->done = call->count;
	return 0;
}

/* Stays mapped until MP_TEST_VUNMAP; one range for each pool. */
int mp_test_vmap(struct mp_test_pool *pool, struct mp_test_call *call)
{
	struct movable_page **mps;
	void *addr;

	if (pool->vmap)
		return -EEXIST;
	mps = mp_test_set(pool, call);
	if (!mps)
		return -ENOMEM;
	addr = movable_page_vmap(mps, call->count);
	if (IS_ERR(addr)) {
		kvfree(mps);
		return PTR_ERR(addr);
	}
	pool->vmap = addr;
	pool->vmap_mps = mps;
	pool->vmap_count = call->count;
	return mp_test_vmap_verify(pool, call);
}

int mp_test_vunmap(struct mp_test_pool *pool, struct mp_test_call *call)
{
	if (!pool->vmap)
		return -ENOENT;
	movable_page_vunmap(pool->vmap, pool->vmap_mps, pool->vmap_count);
	kvfree(pool->vmap_mps);
	pool->vmap = NULL;
	pool->vmap_mps = NULL;
	return 0;
}
