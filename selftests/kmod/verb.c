// SPDX-License-Identifier: GPL-2.0
/* The calls of the framework, each done to a range of objects. */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "mp_test.h"

typedef int (*mp_test_item_fn)(struct mp_test_item *item,
			       struct mp_test_call *call);
typedef int (*mp_test_pool_fn)(struct mp_test_pool *pool,
			       struct mp_test_call *call);

static gfp_t mp_test_gfp(struct mp_test_call *call)
{
	gfp_t gfp = __GFP_HIGHMEM | __GFP_NOWARN;

	gfp |= call->arg & MP_TEST_GFP_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;
	if (call->arg & MP_TEST_GFP_ACCOUNT)
		gfp |= __GFP_ACCOUNT;
	if (call->arg & MP_TEST_GFP_COMP)
		gfp |= __GFP_COMP;
	if (call->arg & MP_TEST_GFP_DMA32)
		gfp = (gfp & ~__GFP_HIGHMEM) | __GFP_DMA32;
	if (call->arg & MP_TEST_GFP_MOVABLE)
		gfp |= __GFP_MOVABLE;
	if (call->arg & MP_TEST_GFP_NORETRY)
		gfp |= __GFP_NORETRY;
	return gfp;
}

static bool mp_test_has_place(struct mp_test_pool *pool, u64 arg)
{
	return pool->mapped ? !(arg & MP_TEST_GFP_NO_PLACE) :
			      arg & MP_TEST_GFP_PLACE;
}

static int mp_test_item_alloc(struct mp_test_item *item,
			      struct mp_test_call *call)
{
	gfp_t gfp = mp_test_gfp(call);

	if (mp_test_has_place(item->pool, call->arg))
		return mp_test_mapped_alloc(item, gfp);
	return movable_page_alloc(item->pool->pool, &item->mp, gfp);
}

static int mp_test_alloc_bulk(struct mp_test_pool *pool,
			      struct mp_test_call *call)
{
	struct movable_page **mps;
	unsigned int i;

	mps = kvmalloc_array(call->count, sizeof(*mps), GFP_KERNEL);
	if (!mps)
		return -ENOMEM;
	for (i = 0; i < call->count; i++)
		mps[i] = &pool->items[call->first + i]->mp;
	call->done = movable_page_alloc_bulk(pool->pool, mps, call->count,
					     mp_test_gfp(call));
	kvfree(mps);
	return 0;
}

static int mp_test_item_publish(struct mp_test_item *item,
				struct mp_test_call *call)
{
	return movable_page_publish(&item->mp);
}

static int mp_test_pin_times(struct mp_test_item *item, u64 times,
			     int (*pin)(struct movable_page *mp))
{
	int err;

	do {
		err = pin(&item->mp);
		if (err)
			return err;
		atomic_inc(&item->pins);
	} while (times-- > 1);
	return 0;
}

static int mp_test_item_pin(struct mp_test_item *item,
			    struct mp_test_call *call)
{
	return mp_test_pin_times(item, call->arg, movable_page_pin);
}

static int mp_test_item_trypin(struct mp_test_item *item,
			       struct mp_test_call *call)
{
	return mp_test_pin_times(item, call->arg, movable_page_trypin);
}

/* Also when there is no pin: the framework shall notice. */
static int mp_test_item_unpin(struct mp_test_item *item,
			      struct mp_test_call *call)
{
	u64 times = call->arg;

	if (times > MOVABLE_PAGE_MAX_PINS)
		return -ERANGE;
	do {
		movable_page_unpin(&item->mp);
		atomic_dec_if_positive(&item->pins);
	} while (times-- > 1);
	return 0;
}

/* Though it is not mapped: the framework shall notice. */
static int mp_test_item_unmap(struct mp_test_item *item,
			      struct mp_test_call *call)
{
	movable_page_unmap(&item->mp);
	return 0;
}

int mp_test_item_free(struct mp_test_item *item, struct mp_test_call *call)
{
	int err = movable_page_free(&item->mp);

	if (!err)
		mp_test_item_dispose(item, call->flags);
	return err;
}

/* After success the object is ops->freed's. */
static int mp_test_item_free_async(struct mp_test_item *item,
				   struct mp_test_call *call)
{
	bool was = item->async;
	int err;

	item->dispose = call->flags;
	WRITE_ONCE(item->async, true);
	err = movable_page_free_async(&item->mp);
	if (err)
		WRITE_ONCE(item->async, was);
	return err;
}

/* One of the two functions, if any; @atomic: allowed in any context. */
static const struct {
	mp_test_item_fn item;
	mp_test_pool_fn pool;
	bool atomic;
} mp_test_verbs[MP_TEST_VERBS] = {
	[MP_TEST_ALLOC]		= { .item = mp_test_item_alloc,
				    .atomic = true },
	[MP_TEST_ALLOC_BULK]	= { .pool = mp_test_alloc_bulk },
	[MP_TEST_ADOPT_BLOCK]	= { .pool = mp_test_adopt_block },
	[MP_TEST_ADOPT_BAD]	= { .item = mp_test_adopt_bad },
	[MP_TEST_PUBLISH]	= { .item = mp_test_item_publish,
				    .atomic = true },
	[MP_TEST_PIN]		= { .item = mp_test_item_pin },
	[MP_TEST_TRYPIN]	= { .item = mp_test_item_trypin,
				    .atomic = true },
	[MP_TEST_UNPIN]		= { .item = mp_test_item_unpin,
				    .atomic = true },
	[MP_TEST_PIN_LONGTERM]	= { .item = mp_test_pin_longterm },
	[MP_TEST_UNPIN_LONGTERM] = { .item = mp_test_unpin_longterm,
				     .atomic = true },
	[MP_TEST_DMA]		= { .item = mp_test_dma },
	[MP_TEST_FREE]		= { .item = mp_test_item_free },
	[MP_TEST_FREE_ASYNC]	= { .item = mp_test_item_free_async,
				    .atomic = true },
	[MP_TEST_FILL]		= { .item = mp_test_fill },
	[MP_TEST_VERIFY]	= { .item = mp_test_verify },
	[MP_TEST_PEEK]		= { .item = mp_test_peek },
	[MP_TEST_KEEP]		= { .item = mp_test_keep },
	[MP_TEST_PEEK_KEPT]	= { .item = mp_test_peek_kept },
	[MP_TEST_UNMAP]		= { .item = mp_test_item_unmap },
	[MP_TEST_DIRTY]		= { .item = mp_test_page_dirty },
	[MP_TEST_VMAP]		= { .pool = mp_test_vmap },
	[MP_TEST_VUNMAP]	= { .pool = mp_test_vunmap },
	[MP_TEST_PAGE_GET]	= { .item = mp_test_page_get },
	[MP_TEST_PAGE_GRAB]	= { .item = mp_test_page_grab },
	[MP_TEST_PAGE_GRAB_KEPT] = { .item = mp_test_page_grab_kept },
	[MP_TEST_PAGE_PUT]	= { .item = mp_test_page_put },
	[MP_TEST_PAGE_LOCK]	= { .item = mp_test_page_lock },
	[MP_TEST_PAGE_UNLOCK]	= { .item = mp_test_page_unlock },
	[MP_TEST_SCRIBBLE]	= { .item = mp_test_scribble },
	[MP_TEST_BALLOON_ADD]	= { .pool = mp_test_balloon_add },
	[MP_TEST_BALLOON_ADD_BLOCK] = { .pool = mp_test_balloon_add_block },
	[MP_TEST_BALLOON_ADD_ODD] = { .pool = mp_test_balloon_add_odd },
	[MP_TEST_BALLOON_TAKE]	= { .pool = mp_test_balloon_take },
	[MP_TEST_BALLOON_TAKE_WAIT] = { .pool = mp_test_balloon_take_wait },
	[MP_TEST_BALLOON_COUNT]	= { .pool = mp_test_balloon_count },
	[MP_TEST_SHRINK]	= { .pool = mp_test_shrink },
	[MP_TEST_SHRUNK]	= { .pool = mp_test_shrunk },
};

int mp_test_verb_check(struct mp_test_pool *pool, struct mp_test_call *call)
{
	if (call->verb >= MP_TEST_VERBS || call->first > pool->capacity ||
	    call->count > pool->capacity - call->first)
		return -ERANGE;
	if (!mp_test_verbs[call->verb].item && !mp_test_verbs[call->verb].pool)
		return -ERANGE;
	if (call->context == MP_TEST_IN_PROCESS)
		return 0;
	if (!mp_test_verbs[call->verb].atomic)
		return -ERANGE;
	if (call->verb == MP_TEST_ALLOC)
		call->arg |= MP_TEST_GFP_ATOMIC;
	return 0;
}

static int mp_test_verb_one(struct mp_test_pool *pool,
			    struct mp_test_call *call, unsigned int index)
{
	struct mp_test_item *item = READ_ONCE(pool->items[index]);

	return item ? mp_test_verbs[call->verb].item(item, call) : -ENXIO;
}

static void mp_test_verb_each(struct mp_test_pool *pool,
			      struct mp_test_call *call)
{
	unsigned int i;
	int err;

	for (i = 0; i < call->count; i++) {
		err = mp_test_verb_one(pool, call, call->first + i);
		if (!err) {
			call->done++;
			continue;
		}
		call->err = err;
		if (!(call->flags & MP_TEST_KEEP_GOING))
			break;
	}
}

static void mp_test_verb_locked(struct mp_test_pool *pool,
				struct mp_test_call *call)
{
	if (mp_test_verbs[call->verb].pool)
		call->err = mp_test_verbs[call->verb].pool(pool, call);
	else
		mp_test_verb_each(pool, call);
}

void mp_test_verb_run(struct mp_test_pool *pool, struct mp_test_call *call)
{
	call->done = 0;
	call->err = 0;
	if (call->flags & MP_TEST_UNDER_LOCK)
		mutex_lock(&pool->driver_lock);
	mp_test_verb_locked(pool, call);
	if (call->flags & MP_TEST_UNDER_LOCK)
		mutex_unlock(&pool->driver_lock);
}
