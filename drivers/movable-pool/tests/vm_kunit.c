// SPDX-License-Identifier: GPL-2.0
/*
 * The VM itself moves the page: alloc_contig_range() on its frame, which asks
 * in MIGRATE_SYNC, again and again while the answer is -EAGAIN.
 */

#include <linux/highmem.h>
#include <linux/mm.h>

#include "tests.h"

static u8 *mp_bytes(struct movable_page *mp)
{
	return page_address(pfn_to_page(movable_page_pfn(mp)));
}

static struct mp_fix *mp_vm_fix(struct kunit *test, const char *what)
{
	struct mp_fix *fix = mp_fix_new(test, what);

	fix->in_block = true;
	return fix;
}

static void mp_stays(struct mp_fix *fix)
{
	KUNIT_EXPECT_EQ(fix->test, mp_vm_evict(page_to_pfn(fix->src)), -EBUSY);
	KUNIT_EXPECT_EQ(fix->test, movable_page_pfn(&fix->mp),
			page_to_pfn(fix->src));
	KUNIT_EXPECT_EQ(fix->test, fix->asked, 0U);
}

static void private_stays(struct kunit *test)
{
	struct mp_fix *fix = mp_vm_fix(test, "private");

	mp_fix_make(fix, false);
	mp_stays(fix);
	KUNIT_EXPECT_EQ(test, movable_page_publish(&fix->mp), 0);
	KUNIT_EXPECT_EQ(test, mp_vm_evict(page_to_pfn(fix->src)), 0);
	KUNIT_EXPECT_EQ(test, fix->moved, 1U);
	mp_fix_end(fix);
}

static void pinned_stays(struct kunit *test)
{
	struct mp_fix *fix = mp_vm_fix(test, "pinned");

	mp_fix_make(fix, true);
	KUNIT_ASSERT_EQ(test, movable_page_pin(&fix->mp), 0);
	mp_stays(fix);
	movable_page_unpin(&fix->mp);
	KUNIT_EXPECT_EQ(test, mp_vm_evict(page_to_pfn(fix->src)), 0);
	KUNIT_EXPECT_EQ(test, fix->moved, 1U);
	mp_fix_end(fix);
}

static void live_moves(struct kunit *test)
{
	struct mp_fix *fix = mp_vm_fix(test, "live");
	struct movable_pool_stats s;

	mp_fix_make(fix, true);
	memset(mp_bytes(&fix->mp), 0x5a, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, mp_vm_evict(page_to_pfn(fix->src)), 0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&fix->mp.word),
			(u64)page_to_pfn(fix->dst) << 24 | 10);
	KUNIT_EXPECT_PTR_NE(test, fix->src, fix->dst);
	KUNIT_EXPECT_NULL(test, memchr_inv(mp_bytes(&fix->mp), 0x5a,
					   PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, movable_page_lookup(fix->pool, fix->dst),
			    &fix->mp);
	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ(test, s.migrated, 1UL);
	KUNIT_EXPECT_EQ(test, fix->asked, 1U);
	KUNIT_EXPECT_EQ(test, fix->moved, 1U);
	mp_fix_end(fix);
}

/* What is refused for a while moves in the end; for good, it stays. */
static void driver_refuses(struct kunit *test)
{
	static const int soon[] = { -EAGAIN, -EAGAIN, -EAGAIN, 0 };
	static const int never[] = { -EBUSY };
	struct mp_fix *fix = mp_vm_fix(test, "driver refuses");
	struct movable_pool_stats s;

	mp_fix_make(fix, true);
	fix->answers = never;
	KUNIT_EXPECT_EQ(test, mp_vm_evict(page_to_pfn(fix->src)), -EBUSY);
	KUNIT_EXPECT_EQ(test, movable_page_pfn(&fix->mp),
			page_to_pfn(fix->src));
	KUNIT_EXPECT_GT(test, fix->asked, 0U);
	fix->asked = 0;
	fix->answers = soon;
	fix->nr_answers = ARRAY_SIZE(soon);
	KUNIT_EXPECT_EQ(test, mp_vm_evict(page_to_pfn(fix->src)), 0);
	KUNIT_EXPECT_EQ(test, fix->asked, 4U);
	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ(test, s.refused_driver, 3UL);
	KUNIT_EXPECT_EQ(test, s.migrated, 1UL);
	mp_fix_end(fix);
}

static void mp_free_on_the_way(void *arg)
{
	struct mp_fix *fix = arg;

	KUNIT_EXPECT_EQ(fix->test, movable_page_free(&fix->mp), 0);
}

/* Freed when the VM has it in its hands: its frame is free for whom wants it */
static void freed_on_the_way(struct kunit *test)
{
	struct mp_fix *fix = mp_vm_fix(test, "freed on the way");
	struct movable_pool_stats s;
	unsigned long pfn;

	mp_fix_make(fix, true);
	pfn = page_to_pfn(fix->src);
	mp_hook(MP_WAIT_MIGRATE_ENTER, mp_free_on_the_way, fix);
	mp_vm_evict(pfn);
	mp_orphans_gone(fix->test, fix->rig->backing, fix->what);
	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ(test, s.migrated, 0UL);
	KUNIT_EXPECT_EQ(test, s.freed, 1UL);
	KUNIT_EXPECT_EQ(test, fix->asked, 0U);
	KUNIT_EXPECT_EQ(test, mp_vm_evict(pfn), 0);
	mp_fix_end(fix);
}

static void unmovable_stays(struct kunit *test)
{
	struct mp_fix *fix = mp_vm_fix(test, "unmovable");

	mp_fix_make(fix, true);
	mp_stays(fix);
	mp_fix_end(fix);
}

static struct kunit_case mp_cases_none[] = {
	KUNIT_CASE(unmovable_stays),
	{}
};

MP_SUITE(none, "vm-none", mp_cases_none);
kunit_test_suites(&mp_suite_none);

#ifdef MP_HAVE_MIGRATION
static struct kunit_case mp_cases_cache[] = {
	KUNIT_CASE(private_stays),
	KUNIT_CASE(pinned_stays),
	KUNIT_CASE(live_moves),
	KUNIT_CASE(driver_refuses),
	KUNIT_CASE(freed_on_the_way),
	{}
};

MP_SUITE(cache, "vm-cache", mp_cases_cache);
kunit_test_suites(&mp_suite_cache);
#endif

#ifdef MP_HAVE_NONLRU
static struct kunit_case mp_cases_nonlru[] = {
	KUNIT_CASE(private_stays),
	KUNIT_CASE(pinned_stays),
	KUNIT_CASE(live_moves),
	KUNIT_CASE(driver_refuses),
	KUNIT_CASE(freed_on_the_way),
	{}
};

MP_SUITE(nonlru, "vm-nonlru", mp_cases_nonlru);
kunit_test_suites(&mp_suite_nonlru);
#endif
