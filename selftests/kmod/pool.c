// SPDX-License-Identifier: GPL-2.0
/* Pools under test: create, look into, destroy. */

#include <linux/err.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mp_test.h"

static bool mp_test_policy(struct movable_policy *policy,
			   const struct mp_test_create *create)
{
	static const gfp_t zones[] = {
		[MP_TEST_ZONE_DMA] = __GFP_DMA,
		[MP_TEST_ZONE_DMA32] = __GFP_DMA32,
		[MP_TEST_ZONE_ODD] = __GFP_HIGHMEM,
	};
	int nid;

	for (nid = 0; nid < min(64, MAX_NUMNODES); nid++)
		if (create->nodes & BIT_ULL(nid))
			node_set(nid, policy->nodes);
	policy->dma_mask = create->dma_mask;
	if (create->zone < ARRAY_SIZE(zones))
		policy->zone = zones[create->zone];
	return create->nodes || create->dma_mask || create->zone;
}

static struct movable_pool *
mp_test_pool_real(struct mp_test_pool *pool,
		  const struct mp_test_create *create)
{
	struct movable_policy policy = {};
	struct movable_pool_attr attr = {
		.name = create->name[0] ? create->name : NULL,
		.ops = create->has ? &pool->ops : NULL,
		.flags = create->flags,
		.max_pages = create->max_pages,
		.policy = mp_test_policy(&policy, create) ? &policy : NULL,
		.priv = pool,
	};

	return movable_pool_create(&attr);
}

static struct mp_test_pool *mp_test_pool_new(unsigned int capacity)
{
	struct mp_test_pool *pool;

	pool = kvzalloc(struct_size(pool, items, capacity), GFP_KERNEL);
	if (!pool)
		return NULL;
	kref_init(&pool->kref);
	mutex_init(&pool->driver_lock);
	mutex_init(&pool->shrink.lock);
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->graves);
	pool->capacity = capacity;
	pool->script.only = MP_TEST_ANY;
	return pool;
}

static void mp_test_pool_release(struct kref *kref)
{
	struct mp_test_pool *pool = container_of(kref, struct mp_test_pool,
						 kref);

	mp_test_items_free(pool);
	kvfree(pool->frames);
	kvfree(pool->vmap_mps);
	kvfree(pool);
}

void mp_test_pool_put(struct mp_test_pool *pool)
{
	kref_put(&pool->kref, mp_test_pool_release);
}

struct mp_test_pool *mp_test_pool_create(const struct mp_test_create *create)
{
	struct mp_test_pool *pool = mp_test_pool_new(create->capacity);
	int err;

	if (!pool)
		return ERR_PTR(-ENOMEM);
	err = mp_test_items_fill(pool, 0, pool->capacity);
	if (!err && create->flags & MOVABLE_POOL_BALLOON)
		err = mp_test_balloon_open(pool);
	if (err)
		goto put;
	mp_test_driver_ops(&pool->ops, create->has);
	pool->mapped = create->flags & MOVABLE_POOL_MAPPED;
	pool->pool = mp_test_pool_real(pool, create);
	err = PTR_ERR_OR_ZERO(pool->pool);
	if (err)
		goto put;
	if (movable_pool_priv(pool->pool) == pool)
		return pool;
	err = -EBADSLT;
	movable_pool_destroy(pool->pool);
put:
	mp_test_pool_put(pool);
	return ERR_PTR(err);
}

/*
 * With whatever is left in it, a shrinker, too.  Return: -ETIME if that was too
 * early.
 */
int mp_test_pool_destroy(struct mp_test_pool *pool)
{
	int running;

	pool->destroyed = true;
	movable_pool_destroy(pool->pool);
	running = atomic_read(&pool->running);
	WARN(running, "an op outlives its pool");
	mp_test_driver_script(pool, NULL, NULL);
	return running ? -ETIME : 0;
}

static void mp_test_item_close(struct mp_test_item *item)
{
	struct mp_test_call call = {};

	mp_test_page_unlock(item, &call);
	mp_test_page_put(item, &call);
	while (!mp_test_unpin_longterm(item, &call))
		;
	for (; atomic_read(&item->pins); atomic_dec(&item->pins))
		movable_page_unpin(&item->mp);
	if (READ_ONCE(item->async))
		return;
	if (movable_page_state(&item->mp) != MOVABLE_PAGE_EMPTY)
		mp_test_item_free(item, &call);
}

/* Frames of the tests go back, the pool's too unless it is gone. */
void mp_test_pool_close(struct mp_test_pool *pool)
{
	struct mp_test_call call = {};
	unsigned int i;

	if (pool->destroyed)
		return;
	mp_test_pressure_forget(pool);
	mp_test_vunmap(pool, &call);
	mp_test_balloon_close(pool);
	for (i = 0; i < pool->capacity; i++)
		if (pool->items[i])
			mp_test_item_close(pool->items[i]);
	mp_test_pool_destroy(pool);
}

void mp_test_pool_stats(struct mp_test_pool *pool, struct mp_test_stats *stats)
{
	struct movable_pool_stats books;

	movable_pool_stats(pool->pool, &books);
	stats->pages = books.pages;
	stats->unpublished = books.unpublished;
	stats->allocated = books.allocated;
	stats->freed = books.freed;
	stats->isolated = books.isolated;
	stats->migrated = books.migrated;
	stats->putback = books.putback;
	stats->released = books.released;
	stats->attempted = books.attempted;
	stats->directed = books.directed;
	stats->refused_pinned = books.refused_pinned;
	stats->refused_referenced = books.refused_referenced;
	stats->refused_driver = books.refused_driver;
	stats->failed_driver = books.failed_driver;
	stats->refused_unready = books.refused_unready;
	stats->refused_target = books.refused_target;
	stats->deferred = books.deferred;
	stats->poisoned = books.poisoned;
	stats->shrunk = books.shrunk;
	strscpy(stats->backing, movable_pool_backing(pool->pool),
		sizeof(stats->backing));
}

int mp_test_pool_lookup(struct mp_test_pool *pool,
			struct mp_test_lookup *lookup)
{
	struct page *page = pfn_to_online_page(lookup->pfn);
	struct movable_page *mp;

	if (!page)
		return -ENXIO;
	mp = movable_page_lookup(pool->pool, page);
	if (!mp)
		return -ENOENT;
	lookup->index = mp_test_item_of(mp)->index;
	return 0;
}
