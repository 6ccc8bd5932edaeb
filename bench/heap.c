// SPDX-License-Identifier: GPL-2.0
/* Ours: the sample heap (samples/heap), whose objects move with their pages. */

#include <linux/mm.h>

#include "../samples/heap/movable_heap.h"
#include "bench.h"
#include "sizes.h"

static struct movable_heap *heap;
static u64 *handles;

static int heap_begin(unsigned long count)
{
	handles = kvcalloc(count, sizeof(*handles), GFP_KERNEL);
	if (!handles)
		return -ENOMEM;
	heap = movable_heap_create("bench", 0, 0);
	if (!IS_ERR(heap))
		return 0;
	kvfree(handles);
	return PTR_ERR(heap);
}

static void heap_end(void)
{
	movable_heap_destroy(heap);
	kvfree(handles);
}

static int heap_alloc(unsigned long i)
{
	return movable_heap_alloc(heap, bench_size(i), GFP_KERNEL, &handles[i]);
}

static int heap_map(unsigned long i)
{
	void *addr = movable_heap_map(heap, handles[i]);

	if (IS_ERR(addr))
		return PTR_ERR(addr);
	movable_heap_unmap(heap, handles[i]);
	return 0;
}

static int heap_free(unsigned long i)
{
	return movable_heap_free(heap, handles[i]);
}

static struct bench_subject subjects[] = {
	{
		.name = "heap",
		.begin = heap_begin,
		.end = heap_end,
		.op = {
			[BENCH_ALLOC] = heap_alloc,
			[BENCH_MAP] = heap_map,
			[BENCH_FREE] = heap_free,
		},
	},
};

#include "subjects.h"
