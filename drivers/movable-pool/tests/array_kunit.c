// SPDX-License-Identifier: GPL-2.0
/* Arrays of handles: all or none, and what is left after each failure. */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/movable_array.h>
#include <linux/string.h>

#include "../internal.h"
#include "tests.h"

/* More than are taken from the allocator at a time. */
#define PAGES	40

/**
 * struct mp_few - an array, in a pool of its own
 * @test: whose
 * @pool: with the backing of the suite
 * @backing: that, if a test wants to change it
 * @mps: the handles
 */
struct mp_few {
	struct kunit *test;
	struct movable_pool *pool;
	struct mp_backing backing;
	struct movable_page mps[PAGES];
};

static struct mp_few *few_new(struct kunit *test, unsigned long max_pages)
{
	struct mp_few *few = kunit_kzalloc(test, sizeof(*few), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, few);
	few->test = test;
	few->pool = mp_fix_pool(test, test->priv, &mp_fix_ops, max_pages, few);
	few->backing = *few->pool->backing;
	return few;
}

static struct mp_few *few_full(struct kunit *test)
{
	struct mp_few *few = few_new(test, 0);

	KUNIT_ASSERT_EQ(test, movable_array_alloc(few->pool, few->mps, PAGES,
						  GFP_KERNEL), 0);
	return few;
}

static void few_said(struct mp_few *few, unsigned int times,
		     const char *sentence)
{
	char last[160];

	KUNIT_EXPECT_EQ(few->test, mp_hooks_said(last, sizeof(last)), times);
	if (sentence)
		KUNIT_EXPECT_NOT_NULL_MSG(few->test, strstr(last, sentence),
					  "%s", last);
}

static unsigned int few_pins(struct mp_few *few)
{
	unsigned int i, pins = 0;

	for (i = 0; i < PAGES; i++)
		pins += movable_page_pins(&few->mps[i]);
	return pins;
}

static unsigned int few_in(struct mp_few *few, enum movable_page_state state)
{
	unsigned int i, n = 0;

	for (i = 0; i < PAGES; i++)
		n += movable_page_state(&few->mps[i]) == state;
	return n;
}

static void few_end(struct mp_few *few)
{
	struct movable_pool_stats s;

	KUNIT_EXPECT_EQ(few->test, movable_array_free(few->mps, PAGES), 0);
	KUNIT_EXPECT_EQ(few->test, few_in(few, MOVABLE_PAGE_EMPTY), PAGES);
	movable_pool_stats(few->pool, &s);
	KUNIT_EXPECT_EQ(few->test, s.pages + s.unpublished, 0UL);
	KUNIT_EXPECT_EQ(few->test, s.allocated, s.freed);
	movable_pool_destroy(few->pool);
	few_said(few, 0, NULL);
	KUNIT_EXPECT_FALSE(few->test, mp_hooks_left());
}

static void array_life(struct kunit *test)
{
	struct mp_few *few = few_full(test);
	char *addr;

	KUNIT_EXPECT_EQ(test, few_in(few, MOVABLE_PAGE_PRIVATE), PAGES);
	KUNIT_EXPECT_EQ(test, movable_array_publish(few->mps, PAGES), 0);
	KUNIT_EXPECT_EQ(test, few_in(few, MOVABLE_PAGE_LIVE), PAGES);
	KUNIT_EXPECT_EQ(test, movable_array_pin(few->mps, PAGES), 0);
	KUNIT_EXPECT_EQ(test, movable_array_trypin(few->mps, PAGES), 0);
	KUNIT_EXPECT_EQ(test, few_pins(few), 2U * PAGES);
	movable_array_unpin(few->mps, PAGES);
	movable_array_unpin(few->mps, PAGES);
	KUNIT_EXPECT_EQ(test, few_pins(few), 0U);
	addr = movable_array_vmap(few->mps, PAGES);
	KUNIT_ASSERT_FALSE(test, IS_ERR(addr));
	KUNIT_EXPECT_EQ(test, few_pins(few), PAGES);
	KUNIT_EXPECT_EQ(test, page_to_pfn(vmalloc_to_page(addr + 7 *
							  PAGE_SIZE)),
			movable_page_pfn(&few->mps[7]));
	movable_array_vunmap(addr, few->mps, PAGES);
	KUNIT_EXPECT_EQ(test, few_pins(few), 0U);
	few_end(few);
}

/* Nothing to do, and for an address nothing to have. */
static void array_of_none(struct kunit *test)
{
	struct mp_few *few = few_new(test, 0);

	KUNIT_EXPECT_EQ(test, movable_array_alloc(few->pool, NULL, 0,
						  GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, movable_array_publish(NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, movable_array_pin(NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, movable_array_trypin(NULL, 0), 0);
	movable_array_unpin(NULL, 0);
	KUNIT_EXPECT_EQ(test, movable_array_free(NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(movable_array_vmap(few->mps, 0)),
			-EINVAL);
	few_end(few);
}

static void few_not_alloced(struct mp_few *few, gfp_t gfp, int err)
{
	struct movable_pool_stats s;

	KUNIT_EXPECT_EQ(few->test, movable_array_alloc(few->pool, few->mps,
						       PAGES, gfp), err);
	KUNIT_EXPECT_PTR_EQ(few->test,
			    memchr_inv(few->mps, 0, sizeof(few->mps)), NULL);
	movable_pool_stats(few->pool, &s);
	KUNIT_EXPECT_EQ(few->test, s.pages + s.unpublished, 0UL);
}

/* At each page: the pool is full. */
static void array_alloc_fails_at_each(struct kunit *test)
{
	struct mp_few *few;
	unsigned int i;

	for (i = 1; i < PAGES; i++) {
		few = few_new(test, i);
		few_not_alloced(few, GFP_KERNEL, -ENOSPC);
		few_not_alloced(few, GFP_ATOMIC, -ENOSPC);
		few_end(few);
	}
}

static void array_alloc_fails(struct kunit *test)
{
	struct mp_few *few = few_new(test, 0);

	mp_hook_fail(MP_FAIL_ALLOC_BULK);
	mp_hook_fail(MP_FAIL_ALLOC_PAGE);
	few_not_alloced(few, GFP_KERNEL, -ENOMEM);
	few_not_alloced(few, GFP_KERNEL | __GFP_COMP, -EINVAL);
	few_said(few, 1, "refused gfp");
	few_end(few);
}

/* One that has a page keeps it; the others have none. */
static void array_alloc_over_a_page(struct kunit *test)
{
	struct mp_few *few = few_new(test, 0);
	unsigned long pfn;

	KUNIT_ASSERT_EQ(test, movable_page_alloc(few->pool, &few->mps[35],
						 GFP_KERNEL), 0);
	pfn = movable_page_pfn(&few->mps[35]);
	KUNIT_EXPECT_EQ(test, movable_array_alloc(few->pool, few->mps, PAGES,
						  GFP_KERNEL), -EEXIST);
	few_said(few, 1, "alloc for a handle that has a page");
	KUNIT_EXPECT_EQ(test, few_in(few, MOVABLE_PAGE_EMPTY), PAGES - 1);
	KUNIT_EXPECT_EQ(test, movable_page_pfn(&few->mps[35]), pfn);
	few_end(few);
}

/* With the third page, somebody has published the first; then no more. */
static int few_add_used(struct movable_pool *pool, struct page *page,
			long index, gfp_t gfp)
{
	const struct mp_rig *rig = &mp_rig_tested;
	struct mp_few *few = movable_pool_priv(pool);

	if (movable_page_state(&few->mps[2]) != MOVABLE_PAGE_EMPTY)
		return -EBUSY;
	if (movable_page_state(&few->mps[1]) != MOVABLE_PAGE_EMPTY)
		KUNIT_EXPECT_EQ(few->test, 0,
				movable_page_publish(&few->mps[0]));
	return rig->backing->add(pool, page, index, gfp);
}

static void array_used_before_it_is_there(struct kunit *test)
{
	struct mp_few *few = few_new(test, 0);

	few->backing.add = few_add_used;
	few->pool->backing = &few->backing;
	KUNIT_EXPECT_EQ(test, movable_array_alloc(few->pool, few->mps, PAGES,
						  GFP_KERNEL), -EBUSY);
	few_said(few, 1, "1 pages of an array were used before");
	KUNIT_EXPECT_EQ(test, few_in(few, MOVABLE_PAGE_EMPTY), PAGES - 1);
	KUNIT_EXPECT_EQ(test, few_in(few, MOVABLE_PAGE_LIVE), 1U);
	few_end(few);
}

/* What alloc() takes back, and what not. */
static void unalloc_of_a_used_page(struct kunit *test)
{
	struct mp_few *few = few_full(test);

	KUNIT_ASSERT_EQ(test, movable_page_pin(&few->mps[0]), 0);
	KUNIT_EXPECT_FALSE(test, mp_page_unalloc(&few->mps[0], true));
	movable_page_unpin(&few->mps[0]);
	KUNIT_EXPECT_TRUE(test, mp_page_unalloc(&few->mps[0], false));
	KUNIT_EXPECT_FALSE(test, mp_page_unalloc(&few->mps[0], true));
	KUNIT_ASSERT_EQ(test, movable_page_publish(&few->mps[1]), 0);
	KUNIT_EXPECT_FALSE(test, mp_page_unalloc(&few->mps[1], true));
	few_end(few);
}

static void array_publish_goes_on(struct kunit *test)
{
	struct mp_few *few = few_full(test);

	KUNIT_ASSERT_EQ(test, movable_page_publish(&few->mps[1]), 0);
	KUNIT_ASSERT_EQ(test, movable_page_free(&few->mps[2]), 0);
	KUNIT_EXPECT_EQ(test, movable_array_publish(few->mps, PAGES),
			-EALREADY);
	few_said(few, 2, "publish of a handle without a page");
	KUNIT_EXPECT_EQ(test, few_in(few, MOVABLE_PAGE_LIVE), PAGES - 1);
	few_end(few);
}

/* At each: the page has all the pins it can have. */
static void array_pin_fails_at_each(struct kunit *test)
{
	const s64 pins = (s64)MOVABLE_PAGE_MAX_PINS << MP_WORD_PIN_SHIFT;
	struct mp_few *few = few_full(test);
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		atomic64_add(pins, &few->mps[i].word);
		KUNIT_EXPECT_EQ(test, movable_array_pin(few->mps, PAGES),
				-EOVERFLOW);
		KUNIT_EXPECT_EQ(test, movable_array_trypin(few->mps, PAGES),
				-EOVERFLOW);
		KUNIT_EXPECT_EQ(test, PTR_ERR(movable_array_vmap(few->mps,
								 PAGES)),
				-EOVERFLOW);
		KUNIT_EXPECT_EQ(test, few_pins(few), MOVABLE_PAGE_MAX_PINS);
		atomic64_sub(pins, &few->mps[i].word);
	}
	few_end(few);
}

static void act_trypin(struct mp_fix *fix)
{
	KUNIT_EXPECT_EQ(fix->test, movable_array_trypin(&fix->mp, 1), -EAGAIN);
}

static void array_trypin_of_a_page_in_motion(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "array");

	mp_fix_reach(fix, MP_AT_MOVING, act_trypin);
	mp_fix_end(fix);
}

/* The pinned one stays, and goes the next time. */
static void array_free_goes_on(struct kunit *test)
{
	struct mp_few *few = few_full(test);

	KUNIT_ASSERT_EQ(test, movable_page_pin(&few->mps[3]), 0);
	KUNIT_EXPECT_EQ(test, movable_array_free(few->mps, PAGES), -EBUSY);
	KUNIT_EXPECT_EQ(test, few_in(few, MOVABLE_PAGE_EMPTY), PAGES - 1);
	movable_page_unpin(&few->mps[3]);
	few_end(few);
}

/* Not empty, but somebody else's: its memory is not the caller's. */
static void array_free_of_a_dying_page(struct kunit *test)
{
	struct mp_few *few = few_full(test);

	KUNIT_ASSERT_EQ(test, movable_page_free(&few->mps[3]), 0);
	atomic64_set(&few->mps[3].word, MP_WORD_DYING);
	KUNIT_EXPECT_EQ(test, movable_array_free(few->mps, PAGES), -ENOENT);
	few_said(few, 1, "freed twice");
	atomic64_set(&few->mps[3].word, 0);
	few_end(few);
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(array_life),
	KUNIT_CASE(array_of_none),
	KUNIT_CASE(array_alloc_fails_at_each),
	KUNIT_CASE(array_alloc_fails),
	KUNIT_CASE(array_alloc_over_a_page),
	KUNIT_CASE(array_used_before_it_is_there),
	KUNIT_CASE(unalloc_of_a_used_page),
	KUNIT_CASE(array_publish_goes_on),
	KUNIT_CASE(array_pin_fails_at_each),
	KUNIT_CASE(array_trypin_of_a_page_in_motion),
	KUNIT_CASE(array_free_goes_on),
	KUNIT_CASE(array_free_of_a_dying_page),
	{}
};

MP_SUITE(tested, "array", mp_cases);
kunit_test_suites(&mp_suite_tested);
