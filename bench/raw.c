// SPDX-License-Identifier: GPL-2.0
/* Pages as drivers have them, which nothing moves. */

#include <linux/mm.h>

#include "bench.h"

static struct page **pages;

static int raw_begin(unsigned long count)
{
	pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL);
	return pages ? 0 : -ENOMEM;
}

static void raw_end(void)
{
	kvfree(pages);
}

static int raw_alloc(unsigned long i)
{
	pages[i] = alloc_page(BENCH_GFP & ~__GFP_MOVABLE);
	return pages[i] ? 0 : -ENOMEM;
}

/* Else they would have pageblocks of their own, as long as there are any. */
static void raw_take(unsigned long i, struct page *page)
{
	pages[i] = page;
}

static int raw_free(unsigned long i)
{
	__free_page(pages[i]);
	return 0;
}

static struct bench_subject subjects[] = {
	{
		.name = "raw",
		.begin = raw_begin,
		.end = raw_end,
		.op = {
			[BENCH_ALLOC] = raw_alloc,
			[BENCH_FREE] = raw_free,
		},
		.take = raw_take,
	},
};

#include "subjects.h"
