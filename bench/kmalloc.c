// SPDX-License-Identifier: GPL-2.0
/* Objects as drivers have them, which nothing moves. */

#include <linux/mm.h>
#include <linux/slab.h>

#include "bench.h"
#include "sizes.h"

static void **objects;

static int kmalloc_begin(unsigned long count)
{
	objects = kvcalloc(count, sizeof(*objects), GFP_KERNEL);
	return objects ? 0 : -ENOMEM;
}

static void kmalloc_end(void)
{
	kvfree(objects);
}

static int kmalloc_alloc(unsigned long i)
{
	objects[i] = kmalloc(bench_size(i), GFP_KERNEL);
	return objects[i] ? 0 : -ENOMEM;
}

static int kmalloc_free(unsigned long i)
{
	kfree(objects[i]);
	return 0;
}

static struct bench_subject subjects[] = {
	{
		.name = "kmalloc",
		.begin = kmalloc_begin,
		.end = kmalloc_end,
		.op = {
			[BENCH_ALLOC] = kmalloc_alloc,
			[BENCH_FREE] = kmalloc_free,
		},
	},
};

#include "subjects.h"
