// SPDX-License-Identifier: GPL-2.0
/* Ours: a balloon, which has no host to tell. */

#include <linux/mm.h>
#include <linux/movable_balloon.h>
#include <linux/movable_pool.h>

#include "bench.h"

static struct movable_pool *pool;
static struct page **pages;

static int exchange(struct movable_pool *of, struct page *dst,
		    struct page *src, enum migrate_mode mode)
{
	return 0;
}

static const struct movable_pool_ops ops = {
	.exchange = exchange,
};

static int balloon_begin(unsigned long count)
{
	static const struct movable_pool_attr attr = {
		.name = "bench-balloon",
		.ops = &ops,
		.flags = MOVABLE_POOL_BALLOON,
	};

	pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	pool = movable_pool_create(&attr);
	if (!IS_ERR(pool))
		return 0;
	kvfree(pages);
	return PTR_ERR(pool);
}

static void balloon_end(void)
{
	movable_pool_destroy(pool);
	kvfree(pages);
}

static int balloon_alloc(unsigned long i)
{
	return movable_balloon_alloc(pool, &pages[i], 1) == 1 ? 0 : -ENOMEM;
}

static int balloon_publish(unsigned long i)
{
	return movable_balloon_add(pool, &pages[i], 1) == 1 ? 0 : -EINVAL;
}

static int balloon_free(unsigned long i)
{
	struct page *page;

	if (movable_balloon_take(pool, &page, 1) != 1)
		return -EAGAIN;
	put_page(page);
	return 0;
}

static struct page *balloon_page(unsigned long i)
{
	return pages[i];
}

static struct bench_subject subjects[] = {
	{
		.name = "pool-balloon",
		.begin = balloon_begin,
		.end = balloon_end,
		.op = {
			[BENCH_ALLOC] = balloon_alloc,
			[BENCH_PUBLISH] = balloon_publish,
			[BENCH_FREE] = balloon_free,
		},
		.page = balloon_page,
	},
};

MOVABLE_POOL_IMPORT();

#include "subjects.h"
