// SPDX-License-Identifier: GPL-2.0
/* A pool's shrinker, called as the kernel would. */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/movable_array.h>
#include <linux/movable_shrinker.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/string.h>
#include <linux/swap.h>

#include "../shrinker.h"
#include "tests.h"

#define PAGES	10

#ifdef MP_HAVE_RECLAIMED_PAGES
#define MP_RECLAIMED	reclaimed
#else
#define MP_RECLAIMED	reclaimed_slab
#endif

/**
 * struct mp_hoard - a driver with pages it could do without
 * @test: whose
 * @pool: with the shrinker
 * @mps: the handles
 * @left: how many have a page
 * @scans: calls of ops->scan
 * @other: another thread has scanned
 * @other_freed: what it was told
 * @in_scan: run once, in ops->scan
 * @neighbour: another one
 */
struct mp_hoard {
	struct kunit *test;
	struct movable_pool *pool;
	struct movable_page mps[PAGES];
	unsigned int left;
	unsigned int scans;
	struct completion other;
	unsigned long other_freed;
	void (*in_scan)(struct mp_hoard *hoard);
	struct mp_hoard *neighbour;
};

static unsigned long hoard_count(struct movable_pool *pool)
{
	struct mp_hoard *hoard = movable_pool_priv(pool);

	return hoard->left;
}

static unsigned long hoard_scan(struct movable_pool *pool, unsigned long nr)
{
	struct mp_hoard *hoard = movable_pool_priv(pool);
	void (*in_scan)(struct mp_hoard *hoard) = hoard->in_scan;
	unsigned long freed = 0;

	hoard->scans++;
	hoard->in_scan = NULL;
	if (in_scan)
		in_scan(hoard);
	while (hoard->left && freed < nr) {
		if (movable_page_free(&hoard->mps[--hoard->left]))
			break;
		freed++;
	}
	return freed;
}

static const struct movable_shrinker_ops hoard_ops = {
	.count = hoard_count,
	.scan = hoard_scan,
};

static struct mp_hoard *hoard_new(struct kunit *test)
{
	struct mp_hoard *hoard = kunit_kzalloc(test, sizeof(*hoard),
					       GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, hoard);
	hoard->test = test;
	hoard->pool = mp_fix_pool(test, test->priv, NULL, 0, hoard);
	KUNIT_ASSERT_EQ(test, movable_array_alloc(hoard->pool, hoard->mps,
						  PAGES, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, movable_array_publish(hoard->mps, PAGES), 0);
	hoard->left = PAGES;
	KUNIT_ASSERT_EQ(test, movable_pool_shrinker_add(hoard->pool,
							&hoard_ops), 0);
	return hoard;
}

static void hoard_said(struct mp_hoard *hoard, const char *sentence)
{
	char last[160];

	KUNIT_EXPECT_EQ(hoard->test, mp_hooks_said(last, sizeof(last)),
			sentence ? 1U : 0U);
	if (sentence)
		KUNIT_EXPECT_NOT_NULL_MSG(hoard->test, strstr(last, sentence),
					  "%s", last);
}

static unsigned long hoard_shrunk(struct mp_hoard *hoard)
{
	struct movable_pool_stats s;

	movable_pool_stats(hoard->pool, &s);
	return s.shrunk;
}

static void hoard_end(struct mp_hoard *hoard)
{
	KUNIT_EXPECT_EQ(hoard->test, movable_array_free(hoard->mps, PAGES), 0);
	movable_pool_destroy(hoard->pool);
	hoard_said(hoard, NULL);
	KUNIT_EXPECT_FALSE(hoard->test, mp_hooks_left());
}

static unsigned long scan(struct mp_hoard *hoard, unsigned long nr, gfp_t gfp)
{
	return mp_shrinker_scan(hoard->pool->shrinker, nr, gfp);
}

/* What is freed is counted, and what is there is told. */
static void shrinks_and_counts(struct kunit *test)
{
	struct mp_hoard *hoard = hoard_new(test);
	struct movable_pool_stats s;

	KUNIT_EXPECT_EQ(test, mp_shrinker_count(hoard->pool->shrinker), 10UL);
	KUNIT_EXPECT_EQ(test, scan(hoard, 4, GFP_KERNEL), 4UL);
	KUNIT_EXPECT_EQ(test, mp_shrinker_count(hoard->pool->shrinker), 6UL);
	KUNIT_EXPECT_EQ(test, scan(hoard, 128, GFP_KERNEL), 6UL);
	KUNIT_EXPECT_EQ(test, scan(hoard, 128, GFP_KERNEL), 0UL);
	KUNIT_EXPECT_EQ(test, hoard_shrunk(hoard), 10UL);
	movable_pool_stats(hoard->pool, &s);
	KUNIT_EXPECT_EQ(test, s.pages, 0UL);
	KUNIT_EXPECT_EQ(test, s.freed, 10UL);
	hoard_end(hoard);
}

/* Where locks may be held that lockdep knows nothing of. */
static void shrinks_for_nobody_without_fs(struct kunit *test)
{
	struct mp_hoard *hoard = hoard_new(test);

	KUNIT_EXPECT_EQ(test, scan(hoard, 4, GFP_NOFS), 0UL);
	KUNIT_EXPECT_EQ(test, scan(hoard, 4, GFP_NOIO), 0UL);
	KUNIT_EXPECT_EQ(test, hoard->scans, 0U);
	hoard_end(hoard);
}

static int scan_too(void *data)
{
	struct mp_hoard *hoard = data;

	hoard->other_freed = scan(hoard, 4, GFP_KERNEL);
	complete(&hoard->other);
	return 0;
}

/* Another thread needs memory while this one is in the op. */
static void start_other(struct mp_hoard *hoard)
{
	struct task_struct *task = kthread_run(scan_too, hoard, "mp-hoard");

	KUNIT_EXPECT_FALSE(hoard->test, IS_ERR(task));
	msleep(100);
	KUNIT_EXPECT_EQ(hoard->test, hoard->scans, 1U);
	KUNIT_EXPECT_FALSE(hoard->test, completion_done(&hoard->other));
}

/* Return: what another thread frees that has waited for this one. */
static unsigned long scan_before_other(struct mp_hoard *hoard,
				       void (*in_scan)(struct mp_hoard *hoard))
{
	init_completion(&hoard->other);
	hoard->in_scan = in_scan;
	KUNIT_EXPECT_EQ(hoard->test, scan(hoard, 4, GFP_KERNEL), 4UL);
	/* It has the hoard in its hands. */
	KUNIT_ASSERT_NE(hoard->test,
			wait_for_completion_timeout(&hoard->other, 5 * HZ),
			0UL);
	return hoard->other_freed;
}

static void one_thread_scans_at_a_time(struct kunit *test)
{
	struct mp_hoard *hoard = hoard_new(test);

	KUNIT_EXPECT_EQ(test, scan_before_other(hoard, start_other), 4UL);
	KUNIT_EXPECT_EQ(test, hoard->scans, 2U);
	KUNIT_EXPECT_EQ(test, hoard_shrunk(hoard), 8UL);
	hoard_end(hoard);
}

/* An op that allocates, called by drop_caches, which is not in reclaim. */
static void reclaim_in_a_scan(struct mp_hoard *hoard)
{
	gfp_t gfp = current_gfp_context(GFP_KERNEL);

	KUNIT_EXPECT_FALSE(hoard->test, gfp & __GFP_FS);
	/* It would wait for a lock that it has. */
	if (gfp & __GFP_FS)
		return;
	KUNIT_EXPECT_EQ(hoard->test, scan(hoard, 4, gfp), 0UL);
	KUNIT_EXPECT_EQ(hoard->test, scan(hoard->neighbour, 4, gfp), 0UL);
}

/* Neither of its own pool, nor of another's, whose thread may come here. */
static void scan_in_a_scan_frees_nothing(struct kunit *test)
{
	struct mp_hoard *hoard = hoard_new(test);

	hoard->neighbour = hoard_new(test);
	hoard->in_scan = reclaim_in_a_scan;
	KUNIT_EXPECT_EQ(test, scan(hoard, 4, GFP_KERNEL), 4UL);
	KUNIT_EXPECT_EQ(test, hoard->scans, 1U);
	KUNIT_EXPECT_EQ(test, hoard->neighbour->scans, 0U);
	KUNIT_EXPECT_TRUE(test, current_gfp_context(GFP_KERNEL) & __GFP_FS);
	hoard_end(hoard->neighbour);
	hoard_end(hoard);
}

static unsigned long scan_nothing(struct movable_pool *pool, unsigned long nr)
{
	return SHRINK_STOP;
}

/* What scan_objects() of a shrinker of the kernel's says when there is none. */
static void shrink_stop_is_no_number(struct kunit *test)
{
	static const struct movable_shrinker_ops ops = {
		.count = hoard_count,
		.scan = scan_nothing,
	};
	struct mp_hoard *hoard = hoard_new(test);
	struct reclaim_state state = {};

	movable_pool_shrinker_remove(hoard->pool);
	KUNIT_ASSERT_EQ(test, movable_pool_shrinker_add(hoard->pool, &ops), 0);
	current->reclaim_state = &state;
	KUNIT_EXPECT_EQ(test, scan(hoard, 4, GFP_KERNEL), 0UL);
	current->reclaim_state = NULL;
	KUNIT_EXPECT_EQ(test, state.MP_RECLAIMED, 0UL);
	KUNIT_EXPECT_EQ(test, hoard_shrunk(hoard), 0UL);
	hoard_end(hoard);
}

/* The pool of a driver that went without it: others of its are ended first. */
static void shrinks_nothing_after_shutdown(struct kunit *test)
{
	struct mp_hoard *hoard = hoard_new(test);

	mp_pool_shut(hoard->pool);
	KUNIT_EXPECT_EQ(test, mp_shrinker_count(hoard->pool->shrinker), 0UL);
	KUNIT_EXPECT_EQ(test, scan(hoard, 4, GFP_KERNEL), 0UL);
	KUNIT_EXPECT_EQ(test, hoard->scans, 0U);
	hoard_end(hoard);
}

/* The driver goes while another thread waits for its turn. */
static void go_meanwhile(struct mp_hoard *hoard)
{
	start_other(hoard);
	mp_pool_shut(hoard->pool);
}

static void who_waited_scans_nothing_after_shutdown(struct kunit *test)
{
	struct mp_hoard *hoard = hoard_new(test);

	KUNIT_EXPECT_EQ(test, scan_before_other(hoard, go_meanwhile), 0UL);
	KUNIT_EXPECT_EQ(test, hoard->scans, 1U);
	hoard_end(hoard);
}

/* A thread that reclaims hears of it, and stops when it has enough. */
static void reclaim_is_told(struct kunit *test)
{
	struct mp_hoard *hoard = hoard_new(test);
	struct reclaim_state state = {};

	current->reclaim_state = &state;
	KUNIT_EXPECT_EQ(test, scan(hoard, 4, GFP_KERNEL), 4UL);
	current->reclaim_state = NULL;
	KUNIT_EXPECT_EQ(test, state.MP_RECLAIMED, 4UL);
	hoard_end(hoard);
}

static struct mp_hoard *mp_hoard_moved;

static void act_scan(struct mp_fix *fix)
{
	KUNIT_EXPECT_EQ(fix->test, scan(mp_hoard_moved, 4, GFP_KERNEL), 0UL);
}

/* An op that allocates, which it must not, would free what it moves. */
static void nothing_is_scanned_in_a_driver_op(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "shrinker");

	mp_hoard_moved = hoard_new(test);
	mp_fix_reach(fix, MP_AT_MOVING, act_scan);
	KUNIT_EXPECT_EQ(test, mp_hoard_moved->scans, 0U);
	mp_fix_end(fix);
	hoard_end(mp_hoard_moved);
}

static void destroy_here(struct mp_hoard *hoard)
{
	movable_pool_destroy(hoard->pool);
	hoard_said(hoard, "would wait for itself");
}

static void remove_here(struct mp_hoard *hoard)
{
	movable_pool_shrinker_remove(hoard->pool);
	hoard_said(hoard, "a shrinker that removes itself");
}

static void shrinker_cannot_end_in_itself(struct kunit *test)
{
	struct mp_hoard *hoard = hoard_new(test);

	/* lockdep says so, too, for who is in reclaim; here nobody is. */
	hoard->in_scan = destroy_here;
	KUNIT_EXPECT_EQ(test, scan(hoard, 1, GFP_KERNEL), 1UL);
	hoard->in_scan = remove_here;
	KUNIT_EXPECT_EQ(test, scan(hoard, 1, GFP_KERNEL), 1UL);
	KUNIT_EXPECT_NOT_NULL(test, hoard->pool->shrinker);
	hoard_end(hoard);
}

static void shrinkers_that_cannot_be(struct kunit *test)
{
	static const struct movable_shrinker_ops no_scan = {
		.count = hoard_count,
	};
	static const struct movable_shrinker_ops no_count = {
		.scan = hoard_scan,
	};
	struct mp_hoard *hoard = hoard_new(test);
	struct movable_pool *pool = hoard->pool;

	KUNIT_EXPECT_EQ(test, movable_pool_shrinker_add(pool, &hoard_ops),
			-EEXIST);
	hoard_said(hoard, "a pool has one shrinker");
	movable_pool_shrinker_remove(pool);
	movable_pool_shrinker_remove(pool);
	KUNIT_EXPECT_EQ(test, movable_pool_shrinker_add(pool, NULL), -EINVAL);
	hoard_said(hoard, "needs both ops");
	KUNIT_EXPECT_EQ(test, movable_pool_shrinker_add(pool, &no_scan),
			-EINVAL);
	hoard_said(hoard, "needs both ops");
	KUNIT_EXPECT_EQ(test, movable_pool_shrinker_add(pool, &no_count),
			-EINVAL);
	hoard_said(hoard, "needs both ops");
	mp_hook_fail(MP_FAIL_ALLOC_SHRINKER);
	KUNIT_EXPECT_EQ(test, movable_pool_shrinker_add(pool, &hoard_ops),
			-ENOMEM);
	mp_hook_fail(MP_FAIL_SHRINKER_ADD);
	KUNIT_EXPECT_EQ(test, movable_pool_shrinker_add(pool, &hoard_ops),
			-ENOMEM);
	KUNIT_EXPECT_NULL(test, pool->shrinker);
	KUNIT_EXPECT_EQ(test, movable_pool_shrinker_add(pool, &hoard_ops), 0);
	hoard_end(hoard);
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(shrinks_and_counts),
	KUNIT_CASE(shrinks_for_nobody_without_fs),
	KUNIT_CASE(one_thread_scans_at_a_time),
	KUNIT_CASE(scan_in_a_scan_frees_nothing),
	KUNIT_CASE(shrink_stop_is_no_number),
	KUNIT_CASE(shrinks_nothing_after_shutdown),
	KUNIT_CASE(who_waited_scans_nothing_after_shutdown),
	KUNIT_CASE(reclaim_is_told),
	KUNIT_CASE(nothing_is_scanned_in_a_driver_op),
	KUNIT_CASE(shrinker_cannot_end_in_itself),
	KUNIT_CASE(shrinkers_that_cannot_be),
	{}
};

MP_SUITE(tested, "shrinker", mp_cases);
kunit_test_suites(&mp_suite_tested);
