// SPDX-License-Identifier: GPL-2.0
/* Pools and arrays of a device: what ends when, and what is left. */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/movable_devm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "tests.h"

#define PAGES	40

static const struct movable_pool_attr mp_attr = { .name = "kunit" };

static struct device *device_new(struct kunit *test)
{
	struct device *dev = root_device_register("mp-kunit");

	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	return dev;
}

static struct movable_pool *pool_new(struct kunit *test, struct device *dev)
{
	struct movable_pool *pool = devm_movable_pool_create(dev, &mp_attr);

	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	return pool;
}

static struct movable_page *array_new(struct kunit *test, struct device *dev,
				      struct movable_pool *pool)
{
	struct movable_page *mps = devm_movable_array_alloc(dev, pool, PAGES,
							    GFP_KERNEL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(mps));
	KUNIT_ASSERT_EQ(test, movable_array_publish(mps, PAGES), 0);
	return mps;
}

static void said(struct kunit *test, unsigned int times, const char *sentence)
{
	char last[160];

	KUNIT_EXPECT_EQ(test, mp_hooks_said(last, sizeof(last)), times);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(last, sentence), "%s", last);
}

/* Not a word: array, pool, handles the driver has emptied itself. */
static void all_ends_with_the_device(struct kunit *test)
{
	struct device *dev = device_new(test);
	struct movable_pool *pool = pool_new(test, dev);
	struct movable_page *mps = array_new(test, dev, pool);

	KUNIT_EXPECT_EQ(test, movable_page_free(&mps[5]), 0);
	KUNIT_EXPECT_EQ(test, movable_page_alloc(pool, &mps[5], GFP_KERNEL),
			0);
	KUNIT_EXPECT_EQ(test, movable_page_free(&mps[7]), 0);
	root_device_unregister(dev);
	said(test, 0, "");
}

/* What an action finds, and what it looks at. */
struct mp_glance {
	const struct movable_page *mp;
	enum movable_page_state before;
	enum movable_page_state after;
};

/* Added later than the pool, so it runs before that ends; and the other. */
static void look_before(void *data)
{
	struct mp_glance *glance = data;

	glance->before = movable_page_state(glance->mp);
}

static void look_after(void *data)
{
	struct mp_glance *glance = data;

	glance->after = movable_page_state(glance->mp);
}

/* A handle in memory that is older than the pool: it outlives that. */
static void older_handles_outlive_the_pool(struct kunit *test)
{
	struct device *dev = device_new(test);
	struct movable_page mp = {};
	struct mp_glance glance = { .mp = &mp, .after = MOVABLE_PAGE_MOVING };
	struct movable_pool *pool;

	KUNIT_ASSERT_EQ(test, devm_add_action(dev, look_after, &glance), 0);
	pool = pool_new(test, dev);
	KUNIT_ASSERT_EQ(test, devm_add_action(dev, look_before, &glance), 0);
	KUNIT_ASSERT_EQ(test, movable_page_alloc(pool, &mp, GFP_KERNEL), 0);
	root_device_unregister(dev);
	said(test, 1, "destroyed with 1 pages still allocated");
	KUNIT_EXPECT_EQ(test, glance.before, MOVABLE_PAGE_PRIVATE);
	KUNIT_EXPECT_EQ(test, glance.after, MOVABLE_PAGE_EMPTY);
}

/* The frame is lost, the handles are, too: somebody has them in use. */
static void pinned_when_the_device_ends(struct kunit *test)
{
	struct device *dev = device_new(test);
	struct movable_page *mps = array_new(test, dev, pool_new(test, dev));
	struct page *page;

	KUNIT_ASSERT_EQ(test, movable_page_pin(&mps[3]), 0);
	page = movable_page_page(&mps[3]);
	root_device_unregister(dev);
	said(test, 2, "destroyed with 1 pages still allocated");
	/* Nobody but the test knows them any more. */
	KUNIT_EXPECT_EQ(test, movable_page_state(&mps[3]), MOVABLE_PAGE_EMPTY);
	kvfree(mps);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
}

static void says_whose_array_is_pinned(struct kunit *test)
{
	struct device *dev = device_new(test);
	struct movable_pool *pool = movable_pool_create(&mp_attr);
	struct movable_page *mps;

	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	mps = array_new(test, dev, pool);
	KUNIT_ASSERT_EQ(test, movable_page_pin(&mps[3]), 0);
	root_device_unregister(dev);
	said(test, 1, "mp-kunit: pages of an array are pinned when");
	movable_page_unpin(&mps[3]);
	KUNIT_EXPECT_EQ(test, movable_array_free(mps, PAGES), 0);
	kvfree(mps);
	movable_pool_destroy(pool);
}

static void devm_fails(struct kunit *test)
{
	struct movable_pool_attr limited = { .name = "kunit", .max_pages = 9 };
	struct movable_pool_attr nameless = {};
	struct device *dev = device_new(test);
	struct movable_pool *pool;

	KUNIT_EXPECT_EQ(test, PTR_ERR(devm_movable_pool_create(dev,
							       &nameless)),
			-EINVAL);
	mp_hook_fail(MP_FAIL_DEVM_POOL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(devm_movable_pool_create(dev, &mp_attr)),
			-ENOMEM);
	pool = devm_movable_pool_create(dev, &limited);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	KUNIT_EXPECT_EQ(test, PTR_ERR(devm_movable_array_alloc(dev, pool, 0,
							       GFP_KERNEL)),
			-EINVAL);
	mp_hook_fail(MP_FAIL_DEVM_ARRAY);
	KUNIT_EXPECT_EQ(test, PTR_ERR(devm_movable_array_alloc(dev, pool, 1,
							       GFP_KERNEL)),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, PTR_ERR(devm_movable_array_alloc(dev, pool, 10,
							       GFP_KERNEL)),
			-ENOSPC);
	KUNIT_EXPECT_FALSE(test, mp_hooks_left());
	root_device_unregister(dev);
	said(test, 0, "");
}

/**
 * struct mp_stock - pages that a shrinker frees, and when it could last
 * @mps: of the device
 * @ended: there is no shrinker any more, and the pages are there
 * @pool: with the shrinker
 */
struct mp_stock {
	struct movable_page *mps;
	bool ended;
	struct movable_pool *pool;
};

static unsigned long stock_count(struct movable_pool *pool)
{
	return 0;
}

static unsigned long stock_scan(struct movable_pool *pool, unsigned long nr)
{
	return 0;
}

static const struct movable_shrinker_ops stock_ops = {
	.count = stock_count,
	.scan = stock_scan,
};

static void look_at_stock(void *data)
{
	struct mp_stock *stock = data;

	stock->ended = !stock->pool->shrinker &&
		       movable_page_state(stock->mps) == MOVABLE_PAGE_LIVE;
}

static void shrinker_ends_before_the_array(struct kunit *test)
{
	struct device *dev = device_new(test);
	struct mp_stock stock = { .pool = pool_new(test, dev) };

	stock.mps = array_new(test, dev, stock.pool);
	KUNIT_ASSERT_EQ(test, devm_add_action(dev, look_at_stock, &stock), 0);
	mp_hook_fail(MP_FAIL_DEVM_SHRINKER);
	KUNIT_EXPECT_EQ(test, devm_movable_pool_shrinker_add(dev, stock.pool,
							     &stock_ops),
			-ENOMEM);
	KUNIT_EXPECT_NULL(test, stock.pool->shrinker);
	mp_hook_fail(MP_FAIL_SHRINKER_ADD);
	KUNIT_EXPECT_EQ(test, devm_movable_pool_shrinker_add(dev, stock.pool,
							     &stock_ops),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, devm_movable_pool_shrinker_add(dev, stock.pool,
							     &stock_ops), 0);
	KUNIT_EXPECT_NOT_NULL(test, stock.pool->shrinker);
	root_device_unregister(dev);
	KUNIT_EXPECT_TRUE(test, stock.ended);
	said(test, 0, "");
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(all_ends_with_the_device),
	KUNIT_CASE(older_handles_outlive_the_pool),
	KUNIT_CASE(pinned_when_the_device_ends),
	KUNIT_CASE(says_whose_array_is_pinned),
	KUNIT_CASE(devm_fails),
	KUNIT_CASE(shrinker_ends_before_the_array),
	{}
};

MP_SUITE(tested, "devm", mp_cases);
kunit_test_suites(&mp_suite_tested);
