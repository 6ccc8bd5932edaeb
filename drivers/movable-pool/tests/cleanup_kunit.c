// SPDX-License-Identifier: GPL-2.0
/* What ends with its scope; the kernel of these tests has linux/cleanup.h. */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/movable_cleanup.h>
#include <linux/string.h>

#include "tests.h"

static int map_it(struct kunit *test, struct movable_page *mp)
{
	CLASS(movable_page_map, at)(mp);

	if (IS_ERR(at.addr))
		return PTR_ERR(at.addr);
	KUNIT_EXPECT_EQ(test, movable_page_pins(mp), 1U);
	strscpy(at.addr, "scope", PAGE_SIZE);
	return 0;
}

static int pin_it(struct kunit *test, struct movable_page *mp)
{
	CLASS(movable_page_pin, pin)(mp);

	if (pin.err)
		return pin.err;
	KUNIT_EXPECT_EQ(test, movable_page_pins(mp), 1U);
	return 0;
}

static int trypin_it(struct kunit *test, struct movable_page *mp)
{
	CLASS(movable_page_trypin, pin)(mp);

	if (pin.err)
		return pin.err;
	KUNIT_EXPECT_EQ(test, movable_page_pins(mp), 1U);
	return 0;
}

static int pin_both(struct kunit *test, struct movable_page *mps)
{
	CLASS(movable_array_pin, pin)(mps, 2);

	if (pin.err)
		return pin.err;
	KUNIT_EXPECT_EQ(test, movable_page_pins(&mps[0]), 1U);
	KUNIT_EXPECT_EQ(test, movable_page_pins(&mps[1]), 1U);
	return 0;
}

static void pins_end_with_the_scope(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "scope");

	mp_fix_make(fix, true);
	KUNIT_EXPECT_EQ(test, map_it(test, &fix->mp), 0);
	KUNIT_EXPECT_EQ(test, movable_page_pins(&fix->mp), 0U);
	KUNIT_EXPECT_EQ(test, pin_it(test, &fix->mp), 0);
	KUNIT_EXPECT_EQ(test, movable_page_pins(&fix->mp), 0U);
	KUNIT_EXPECT_EQ(test, trypin_it(test, &fix->mp), 0);
	KUNIT_EXPECT_EQ(test, movable_page_pins(&fix->mp), 0U);
	mp_fix_end(fix);
}

/* And nothing is said of an unpin too many. */
static void what_is_not_pinned_is_not_unpinned(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "scope");

	KUNIT_EXPECT_EQ(test, map_it(test, &fix->mp), -ENOENT);
	mp_fix_said(fix, "pin of a handle without a page");
	KUNIT_EXPECT_EQ(test, pin_it(test, &fix->mp), -ENOENT);
	mp_fix_said(fix, "pin of a handle without a page");
	KUNIT_EXPECT_EQ(test, trypin_it(test, &fix->mp), -ENOENT);
	mp_fix_said(fix, "pin of a handle without a page");
	mp_fix_end(fix);
}

static void array_ends_with_the_scope(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "scope");
	struct movable_page mps[2] = {};

	KUNIT_ASSERT_EQ(test, movable_page_alloc(fix->pool, &mps[0],
						 GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, pin_both(test, mps), -ENOENT);
	mp_fix_said(fix, "pin of a handle without a page");
	KUNIT_ASSERT_EQ(test, movable_page_alloc(fix->pool, &mps[1],
						 GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, pin_both(test, mps), 0);
	KUNIT_EXPECT_EQ(test, movable_page_pins(&mps[0]), 0U);
	KUNIT_EXPECT_EQ(test, movable_page_pins(&mps[1]), 0U);
	KUNIT_EXPECT_EQ(test, movable_array_free(mps, 2), 0);
	mp_fix_end(fix);
}

/* Return: the pool, or what has become of it. */
static struct movable_pool *make_pool(const char *name, bool keep,
				      struct movable_page *mp)
{
	struct movable_pool_attr attr = { .name = name };
	struct movable_pool *pool __free(movable_pool_destroy) =
		movable_pool_create(&attr);

	if (IS_ERR(pool))
		return pool;
	if (mp && movable_page_alloc(pool, mp, GFP_KERNEL))
		return ERR_PTR(-ENOMEM);
	return keep ? no_free_ptr(pool) : NULL;
}

/* That it ends is heard: it has a page. */
static void pool_ends_with_the_scope(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "scope");
	struct movable_page mp = {};
	struct movable_pool *pool;

	KUNIT_EXPECT_EQ(test, PTR_ERR(make_pool("", true, NULL)), -EINVAL);
	KUNIT_EXPECT_NULL(test, make_pool("kunit", false, &mp));
	mp_fix_said(fix, "destroyed with 1 pages still allocated");
	pool = make_pool("kunit", true, &mp);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(pool));
	KUNIT_EXPECT_EQ(test, movable_page_free(&mp), 0);
	movable_pool_destroy(pool);
	mp_fix_end(fix);
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(pins_end_with_the_scope),
	KUNIT_CASE(what_is_not_pinned_is_not_unpinned),
	KUNIT_CASE(array_ends_with_the_scope),
	KUNIT_CASE(pool_ends_with_the_scope),
	{}
};

MP_SUITE(tested, "cleanup", mp_cases);
kunit_test_suites(&mp_suite_tested);
