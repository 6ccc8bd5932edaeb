// SPDX-License-Identifier: GPL-2.0
/*
 * Ours: pools with handles, backed by what the kernel has for kernel data, by
 * page cache, and for processes to map.
 */

#include <linux/mm.h>
#include <linux/movable_mapped.h>
#include <linux/movable_pool.h>

#include "bench.h"

/* Of the subject with more than one, pages that a pool has. */
#define EACH	4096UL
#define MOST_POOLS	64UL

static struct movable_pool *pools[MOST_POOLS];
static unsigned int nr_pools;
static struct movable_page *handles;

static void pool_end(void)
{
	while (nr_pools)
		movable_pool_destroy(pools[--nr_pools]);
	kvfree(handles);
}

static int pool_open_one(unsigned long count, unsigned int flags)
{
	const struct movable_pool_attr attr = {
		.name = "bench",
		.flags = flags,
		.max_pages = count,
	};
	struct movable_pool *pool = movable_pool_create(&attr);

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	pools[nr_pools++] = pool;
	return 0;
}

/* @n pools for @count pages */
static int pool_open(unsigned long count, unsigned int flags, unsigned int n)
{
	int err = 0;

	handles = kvcalloc(count, sizeof(*handles), GFP_KERNEL);
	if (!handles)
		return -ENOMEM;
	while (nr_pools < n && !err)
		err = pool_open_one(n > 1 ? EACH : count, flags);
	if (err)
		pool_end();
	return err;
}

static int pool_begin(unsigned long count)
{
	return pool_open(count, 0, 1);
}

static int pool_begin_cache(unsigned long count)
{
	return pool_open(count, MOVABLE_POOL_PAGE_CACHE, 1);
}

static int pool_begin_mapped(unsigned long count)
{
	return pool_open(count, MOVABLE_POOL_MAPPED, 1);
}

static int pool_begin_each(unsigned long count)
{
	unsigned long n = DIV_ROUND_UP(count, EACH);

	return n > MOST_POOLS ? -ERANGE : pool_open(count, 0, n);
}

static int pool_alloc(unsigned long i)
{
	return movable_page_alloc(pools[0], &handles[i], BENCH_GFP);
}

static int pool_alloc_each(unsigned long i)
{
	return movable_page_alloc(pools[i / EACH], &handles[i], BENCH_GFP);
}

static int pool_alloc_mapped(unsigned long i)
{
	return movable_mapped_alloc(pools[0], &handles[i], i, BENCH_GFP);
}

static int pool_publish(unsigned long i)
{
	return movable_page_publish(&handles[i]);
}

static int pool_pin(unsigned long i)
{
	int err = movable_page_pin(&handles[i]);

	if (!err)
		movable_page_unpin(&handles[i]);
	return err;
}

static int pool_map(unsigned long i)
{
	void *addr = movable_page_map(&handles[i]);

	if (IS_ERR(addr))
		return PTR_ERR(addr);
	movable_page_unmap(&handles[i]);
	return 0;
}

static int pool_free(unsigned long i)
{
	return movable_page_free(&handles[i]);
}

static struct page *pool_page(unsigned long i)
{
	return pfn_to_page(movable_page_pfn(&handles[i]));
}

#define POOL_OPS(alloc) {				\
		[BENCH_ALLOC] = (alloc),		\
		[BENCH_PUBLISH] = pool_publish,		\
		[BENCH_PIN] = pool_pin,			\
		[BENCH_MAP] = pool_map,			\
		[BENCH_FREE] = pool_free,		\
	}

static struct bench_subject subjects[] = {
	{
		.name = "pool",
		.begin = pool_begin,
		.end = pool_end,
		.op = POOL_OPS(pool_alloc),
		.page = pool_page,
		.lock_free = true,
	}, {
		.name = "pool-cache",
		.begin = pool_begin_cache,
		.end = pool_end,
		.op = POOL_OPS(pool_alloc),
		.page = pool_page,
		.lock_free = true,
	}, {
		.name = "pool-mapped",
		.begin = pool_begin_mapped,
		.end = pool_end,
		.op = POOL_OPS(pool_alloc_mapped),
		.page = pool_page,
	}, {
		.name = "pool-each",
		.begin = pool_begin_each,
		.end = pool_end,
		.op = POOL_OPS(pool_alloc_each),
		.page = pool_page,
	},
};

MOVABLE_POOL_IMPORT();

#include "subjects.h"
