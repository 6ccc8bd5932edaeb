// SPDX-License-Identifier: GPL-2.0
/*
 * zsmalloc, with objects of a page each: like ours, they are found by handles,
 * and only while they are mapped.
 */

#include <linux/mm.h>
#include <linux/zsmalloc.h>

#include "bench.h"
#include "compat/zsmalloc.h"

static struct zs_pool *pool;
static unsigned long *handles;

static int zs_begin(unsigned long count)
{
	handles = kvcalloc(count, sizeof(*handles), GFP_KERNEL);
	if (!handles)
		return -ENOMEM;
	pool = zs_create_pool("movable_bench");
	if (pool)
		return 0;
	kvfree(handles);
	return -ENOMEM;
}

static void zs_end(void)
{
	zs_destroy_pool(pool);
	kvfree(handles);
}

static int zs_alloc(unsigned long i)
{
	handles[i] = bench_compat_zs_malloc(pool, PAGE_SIZE, BENCH_GFP);
	return IS_ERR_VALUE(handles[i]) || !handles[i] ? -ENOMEM : 0;
}

static int zs_map(unsigned long i)
{
	bench_compat_zs_unmap(pool, handles[i],
			      bench_compat_zs_map(pool, handles[i]));
	return 0;
}

static int zs_give_back(unsigned long i)
{
	zs_free(pool, handles[i]);
	return 0;
}

/* An object of a page is in one page, and it is mapped where all memory is. */
static struct page *zs_page(unsigned long i)
{
	void *addr = bench_compat_zs_map(pool, handles[i]);
	struct page *page = virt_to_page(addr);

	bench_compat_zs_unmap(pool, handles[i], addr);
	return page;
}

static struct bench_subject subjects[] = {
	{
		.name = "zsmalloc",
		.begin = zs_begin,
		.end = zs_end,
		.op = {
			[BENCH_ALLOC] = zs_alloc,
			[BENCH_MAP] = zs_map,
			[BENCH_FREE] = zs_give_back,
		},
		.page = zs_page,
	},
};

#include "subjects.h"
