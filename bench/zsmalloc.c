// SPDX-License-Identifier: GPL-2.0
/*
 * zsmalloc, with objects of a page each, or of any size: like ours, they are
 * found by handles, and only while they are mapped.
 */

#include <linux/mm.h>
#include <linux/zsmalloc.h>

#include "bench.h"
#include "compat/zsmalloc.h"
#include "sizes.h"

static struct zs_pool *pool;
static unsigned long *handles;
static char buffer[PAGE_SIZE];

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

static int zs_make(unsigned long i, size_t size)
{
	handles[i] = bench_compat_zs_malloc(pool, size, BENCH_GFP);
	return IS_ERR_VALUE(handles[i]) || !handles[i] ? -ENOMEM : 0;
}

static int zs_look(unsigned long i, size_t size)
{
	void *addr = bench_compat_zs_map(pool, handles[i], size, buffer);

	bench_compat_zs_unmap(pool, handles[i], size, addr);
	return 0;
}

static int zs_alloc(unsigned long i)
{
	return zs_make(i, PAGE_SIZE);
}

static int zs_map(unsigned long i)
{
	return zs_look(i, PAGE_SIZE);
}

static int zs_alloc_object(unsigned long i)
{
	return zs_make(i, bench_size(i));
}

static int zs_map_object_of(unsigned long i)
{
	return zs_look(i, bench_size(i));
}

static int zs_give_back(unsigned long i)
{
	zs_free(pool, handles[i]);
	return 0;
}

/* An object of a page is in one page, and it is mapped where all memory is. */
static struct page *zs_page(unsigned long i)
{
	void *addr = bench_compat_zs_map(pool, handles[i], PAGE_SIZE, buffer);
	struct page *page = virt_to_page(addr);

	bench_compat_zs_unmap(pool, handles[i], PAGE_SIZE, addr);
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
	}, {
		.name = "zsmalloc-objects",
		.begin = zs_begin,
		.end = zs_end,
		.op = {
			[BENCH_ALLOC] = zs_alloc_object,
			[BENCH_MAP] = zs_map_object_of,
			[BENCH_FREE] = zs_give_back,
		},
	},
};

#include "subjects.h"
