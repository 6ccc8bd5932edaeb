// SPDX-License-Identifier: GPL-2.0
/* Balloon pools: the test is driver, host and VM. */

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/movable_balloon.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include "../link.h"
#include "../loose.h"
#include "tests.h"

#define NR	5

/**
 * struct mp_bln - a balloon
 * @test: whose
 * @rig: on what
 * @pool: it
 * @answer: what ops->exchange returns
 * @asked: how often it was called
 * @dst: with what
 * @src: for what
 */
struct mp_bln {
	struct kunit *test;
	const struct mp_rig *rig;
	struct movable_pool *pool;
	int answer;
	unsigned int asked;
	struct page *dst;
	struct page *src;
};

static int mp_bln_exchange(struct movable_pool *pool, struct page *dst,
			   struct page *src, enum migrate_mode mode)
{
	struct mp_bln *bln = movable_pool_priv(pool);

	bln->asked++;
	bln->dst = dst;
	bln->src = src;
	return bln->answer;
}

static const struct movable_pool_ops mp_bln_ops = {
	.exchange = mp_bln_exchange,
};

static struct mp_bln *mp_bln_new(struct kunit *test)
{
	struct mp_bln *bln = kunit_kzalloc(test, sizeof(*bln), GFP_KERNEL);
	struct movable_pool_attr attr = {
		.name = "balloon",
		.ops = &mp_bln_ops,
		.flags = MOVABLE_POOL_BALLOON | MOVABLE_POOL_UNMOVABLE,
		.priv = bln,
	};

	KUNIT_ASSERT_NOT_NULL(test, bln);
	bln->test = test;
	bln->rig = test->priv;
	bln->pool = movable_pool_create(&attr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(bln->pool));
	bln->pool->backing = bln->rig->backing;
	return bln;
}

static void mp_bln_add(struct mp_bln *bln, struct page **pages, unsigned int n)
{
	KUNIT_ASSERT_EQ(bln->test, movable_balloon_alloc(bln->pool, pages, n),
			n);
	KUNIT_ASSERT_EQ(bln->test, movable_balloon_add(bln->pool, pages, n), n);
}

static struct page *mp_bln_one(struct mp_bln *bln)
{
	struct page *page;

	mp_bln_add(bln, &page, 1);
	return page;
}

/* Return: how many were taken, with one reference and nobody else's. */
static unsigned int mp_bln_take(struct mp_bln *bln)
{
	struct page *pages[NR];
	unsigned int i, n = movable_balloon_take(bln->pool, pages, NR);

	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(bln->test, page_count(pages[i]), 1);
		KUNIT_EXPECT_FALSE(bln->test,
				   bln->rig->backing->owns(bln->pool,
							   pages[i]));
		put_page(pages[i]);
	}
	return n;
}

static void mp_bln_end(struct mp_bln *bln, const char *sentence)
{
	char last[160];

	movable_pool_destroy(bln->pool);
	KUNIT_EXPECT_EQ(bln->test, mp_hooks_said(last, sizeof(last)),
			sentence ? 1U : 0U);
	if (sentence)
		KUNIT_EXPECT_NOT_NULL(bln->test, strstr(last, sentence));
}

static struct movable_pool_stats mp_bln_stats(struct mp_bln *bln)
{
	struct movable_pool_stats s;

	movable_pool_stats(bln->pool, &s);
	return s;
}

/* The VM's part. */
static bool mp_bln_isolate(struct page *page)
{
	bool ok;

	get_page(page);
	lock_page(page);
	ok = mp_core_isolate(page);
	unlock_page(page);
	if (!ok)
		put_page(page);
	return ok;
}

static void mp_bln_putback(struct mp_bln *bln, struct page *page)
{
	lock_page(page);
	KUNIT_EXPECT_TRUE(bln->test, mp_core_putback(page));
	unlock_page(page);
	put_page(page);
}

/* Return: what core said; the VM goes on as it would. */
static int mp_bln_migrate(struct mp_bln *bln, struct page *src)
{
	const struct mp_backing *backing = bln->rig->backing;
	struct page *dst = alloc_page(GFP_HIGHUSER_MOVABLE);
	int err;

	KUNIT_ASSERT_NOT_NULL(bln->test, dst);
	lock_page(src);
	lock_page(dst);
	err = mp_core_migrate(backing, dst, src, MIGRATE_SYNC);
	if (backing->loose->unmark && (!err || err == -ENOENT))
		backing->loose->unmark(src);
	KUNIT_EXPECT_EQ(bln->test, page_count(dst), err ? 1 : 2);
	unlock_page(dst);
	unlock_page(src);
	put_page(dst);
	if (!err || err == -ENOENT)
		put_page(src);
	return err;
}

static void isolated_is_not_taken(struct kunit *test)
{
	struct mp_bln *bln = mp_bln_new(test);
	struct page *pages[NR];

	mp_bln_add(bln, pages, NR);
	KUNIT_ASSERT_TRUE(test, mp_bln_isolate(pages[2]));
	KUNIT_EXPECT_EQ(test, mp_bln_take(bln), NR - 1U);
	KUNIT_EXPECT_EQ(test, mp_bln_take(bln), 0U);
	KUNIT_EXPECT_EQ(test, movable_balloon_pages(bln->pool), 1UL);
	mp_bln_putback(bln, pages[2]);
	KUNIT_EXPECT_EQ(test, mp_bln_take(bln), 1U);
	KUNIT_EXPECT_EQ(test, mp_bln_stats(bln).isolated, 1UL);
	KUNIT_EXPECT_EQ(test, mp_bln_stats(bln).putback, 1UL);
	mp_bln_end(bln, NULL);
}

static void locked_is_not_taken(struct kunit *test)
{
	struct mp_bln *bln = mp_bln_new(test);
	struct page *pages[NR];

	mp_bln_add(bln, pages, NR);
	lock_page(pages[0]);
	lock_page(pages[NR - 1]);
	KUNIT_EXPECT_EQ(test, mp_bln_take(bln), NR - 2U);
	unlock_page(pages[0]);
	unlock_page(pages[NR - 1]);
	KUNIT_EXPECT_EQ(test, mp_bln_take(bln), 2U);
	mp_bln_end(bln, NULL);
}

static void one_for_another(struct kunit *test)
{
	struct mp_bln *bln = mp_bln_new(test);
	struct page *src = mp_bln_one(bln);

	/* To see what becomes of it. */
	get_page(src);
	KUNIT_ASSERT_TRUE(test, mp_bln_isolate(src));
	KUNIT_EXPECT_EQ(test, mp_bln_migrate(bln, src), 0);
	KUNIT_EXPECT_EQ(test, bln->asked, 1U);
	KUNIT_EXPECT_PTR_EQ(test, bln->src, src);
	KUNIT_EXPECT_EQ(test, page_count(src), 1);
	KUNIT_EXPECT_FALSE(test, bln->rig->backing->owns(bln->pool, src));
	KUNIT_EXPECT_TRUE(test, bln->rig->backing->owns(bln->pool, bln->dst));
	KUNIT_EXPECT_EQ(test, movable_balloon_pages(bln->pool), 1UL);
	KUNIT_EXPECT_EQ(test, mp_bln_stats(bln).migrated, 1UL);
	KUNIT_EXPECT_EQ(test, mp_bln_take(bln), 1U);
	put_page(src);
	mp_bln_end(bln, NULL);
}

/* What a refusal leaves is an isolated page, which is put back. */
static void mp_bln_refuse(struct kunit *test, int answer, int result,
			  const char *sentence)
{
	struct mp_bln *bln = mp_bln_new(test);
	struct page *src = mp_bln_one(bln);

	bln->answer = answer;
	KUNIT_ASSERT_TRUE(test, mp_bln_isolate(src));
	KUNIT_EXPECT_EQ(test, mp_bln_migrate(bln, src), result);
	KUNIT_EXPECT_EQ(test, mp_bln_take(bln), 0U);
	mp_bln_putback(bln, src);
	KUNIT_EXPECT_EQ(test, mp_bln_stats(bln).attempted, 1UL);
	KUNIT_EXPECT_EQ(test, mp_bln_stats(bln).migrated, 0UL);
	KUNIT_EXPECT_EQ(test, mp_bln_take(bln), 1U);
	mp_bln_end(bln, sentence);
}

static void driver_refuses(struct kunit *test)
{
	mp_bln_refuse(test, -EAGAIN, -EAGAIN, NULL);
	mp_bln_refuse(test, -EBUSY, -EBUSY, NULL);
	mp_bln_refuse(test, -EIO, -EBUSY, NULL);
	mp_bln_refuse(test, 1, -EBUSY, "ops->exchange returned 1");
}

static void out_and_none_in(struct kunit *test)
{
	struct mp_bln *bln = mp_bln_new(test);
	struct page *src = mp_bln_one(bln);

	get_page(src);
	bln->answer = -ENOENT;
	KUNIT_ASSERT_TRUE(test, mp_bln_isolate(src));
	KUNIT_EXPECT_EQ(test, mp_bln_migrate(bln, src), -ENOENT);
	KUNIT_EXPECT_EQ(test, movable_balloon_pages(bln->pool), 0UL);
	KUNIT_EXPECT_EQ(test, mp_bln_stats(bln).freed, 1UL);
	mp_orphans_gone(test, bln->rig->backing, "balloon");
	KUNIT_EXPECT_EQ(test, page_count(src), 1);
	put_page(src);
	mp_bln_end(bln, NULL);
}

/* From when destroy() has begun nothing is isolated, and nothing moves. */
static void shut_down(struct kunit *test)
{
	struct mp_bln *bln = mp_bln_new(test);
	struct page *pages[2], *late;

	mp_bln_add(bln, pages, 2);
	KUNIT_ASSERT_TRUE(test, mp_bln_isolate(pages[0]));
	KUNIT_ASSERT_EQ(test, movable_balloon_alloc(bln->pool, &late, 1), 1U);
	WRITE_ONCE(bln->pool->shutdown, true);
	KUNIT_EXPECT_FALSE(test, mp_bln_isolate(pages[1]));
	KUNIT_EXPECT_EQ(test, mp_bln_migrate(bln, pages[0]), -EBUSY);
	KUNIT_EXPECT_EQ(test, bln->asked, 0U);
	KUNIT_EXPECT_EQ(test, movable_balloon_add(bln->pool, &late, 1), 0U);
	put_page(late);
	mp_bln_putback(bln, pages[0]);
	mp_bln_end(bln, "destroyed with 2 pages in the balloon");
}

static void added_once(struct kunit *test)
{
	struct mp_bln *bln = mp_bln_new(test);
	struct page *page = mp_bln_one(bln);

	KUNIT_EXPECT_EQ(test, movable_balloon_add(bln->pool, &page, 1), 0U);
	KUNIT_EXPECT_EQ(test, movable_balloon_pages(bln->pool), 1UL);
	KUNIT_EXPECT_EQ(test, mp_bln_take(bln), 1U);
	mp_bln_end(bln, "is not a page for a balloon");
}

static void added_once_isolated(struct kunit *test)
{
	struct mp_bln *bln = mp_bln_new(test);
	struct page *page = mp_bln_one(bln);

	KUNIT_ASSERT_TRUE(test, mp_bln_isolate(page));
	KUNIT_EXPECT_EQ(test, movable_balloon_add(bln->pool, &page, 1), 0U);
	mp_bln_putback(bln, page);
	KUNIT_EXPECT_EQ(test, mp_bln_take(bln), 1U);
	mp_bln_end(bln, "is not a page for a balloon");
}

static void memory_comes_short(struct kunit *test)
{
	struct mp_bln *bln = mp_bln_new(test);
	struct page *pages[NR];
	unsigned int n;

	mp_hook_fail(MP_FAIL_ALLOC_BULK);
	KUNIT_EXPECT_EQ(test, movable_balloon_alloc(bln->pool, pages, NR),
			(unsigned int)NR);
	for (n = 0; n < NR; n++)
		put_page(pages[n]);
	KUNIT_EXPECT_FALSE(test, mp_hooks_left());
	mp_bln_end(bln, NULL);
}

static void mp_bln_let_go(void *arg)
{
	struct mp_bln *bln = arg;

	KUNIT_EXPECT_EQ(bln->test, movable_balloon_pages(bln->pool), 1UL);
	KUNIT_EXPECT_EQ(bln->test, mp_bln_take(bln), 0U);
}

/* Taken in the windows of a move: before, and after the driver has agreed. */
static void taken_while_it_moves(struct kunit *test)
{
	static const enum mp_wait points[] = {
		MP_WAIT_MIGRATE_ENTER, MP_WAIT_MIGRATE_MOVING,
		MP_WAIT_MIGRATE_COPIED,
	};
	struct mp_bln *bln = mp_bln_new(test);
	struct page *src;
	int i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		src = mp_bln_one(bln);
		mp_hook(points[i], mp_bln_let_go, bln);
		KUNIT_ASSERT_TRUE(test, mp_bln_isolate(src));
		KUNIT_EXPECT_EQ(test, mp_bln_migrate(bln, src), 0);
		KUNIT_EXPECT_FALSE(test, mp_hooks_left());
		KUNIT_EXPECT_EQ(test, mp_bln_take(bln), 1U);
	}
	mp_bln_end(bln, NULL);
}

static struct kunit_case mp_cases_tested[] = {
	KUNIT_CASE(isolated_is_not_taken),
	KUNIT_CASE(locked_is_not_taken),
	KUNIT_CASE(one_for_another),
	KUNIT_CASE(driver_refuses),
	KUNIT_CASE(out_and_none_in),
	KUNIT_CASE(shut_down),
	KUNIT_CASE(added_once),
	KUNIT_CASE(added_once_isolated),
	KUNIT_CASE(memory_comes_short),
	KUNIT_CASE(taken_while_it_moves),
	{}
};

MP_SUITE(tested, "balloon", mp_cases_tested);

#ifdef MP_HAVE_NONLRU
MP_SUITE(nonlru, "balloon-nonlru", mp_cases_tested);
kunit_test_suites(&mp_suite_tested, &mp_suite_nonlru);
#else
kunit_test_suites(&mp_suite_tested);
#endif
