// SPDX-License-Identifier: GPL-2.0
/*
 * A move, step by step: what the driver's op may answer, what owners do
 * meanwhile, in every mode, and a move that the backing could not finish.
 */

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include "../loose.h"
#include "tests.h"

/* What the owner does in the driver's op. */
enum mp_owner {
	OWNER_NOTHING,
	OWNER_FREES,
	MP_NR_OWNERS,
};

/**
 * struct mp_answer - what ops->migrate returns, and what becomes of it
 * @answer: that
 * @verdict: what the VM is told
 * @said: the complaint, or NULL
 * @driver: counts as refused_driver
 * @failed: counts as failed_driver
 */
struct mp_answer {
	int answer;
	int verdict;
	const char *said;
	bool driver;
	bool failed;
};

#define RETURNED(text)	"ops->migrate returned " text

static const struct mp_answer mp_answers[] = {
	{ 0, 0 },
	{ -EAGAIN, -EAGAIN, .driver = true },
	{ -EBUSY, -EBUSY, .failed = true },
	{ -ENOMEM, -EBUSY, .failed = true },
	{ -ENOENT, -EBUSY, .failed = true },
	{ -MAX_ERRNO, -EBUSY, .failed = true },
	{ 1, -EBUSY, RETURNED("1"), .failed = true },
	{ PAGE_SIZE, -EBUSY, RETURNED("4096"), .failed = true },
	{ -MAX_ERRNO - 1, -EBUSY, RETURNED("-4096"), .failed = true },
	{ INT_MIN, -EBUSY, RETURNED("-2147483648"), .failed = true },
};

static void mp_owner_nothing(struct mp_fix *fix)
{
	KUNIT_EXPECT_EQ(fix->test, movable_page_trypin(&fix->mp), -EAGAIN);
}

/* Once, and not again; ops->freed waits for the mover. */
static void mp_owner_frees(struct mp_fix *fix)
{
	KUNIT_EXPECT_EQ(fix->test, movable_page_free_async(&fix->mp), 0);
	KUNIT_EXPECT_EQ(fix->test, movable_page_trypin(&fix->mp), -ENOENT);
	KUNIT_EXPECT_EQ(fix->test, fix->freed, 0U);
}

static void (* const mp_owners[])(struct mp_fix *fix) = {
	[OWNER_NOTHING] = mp_owner_nothing,
	[OWNER_FREES] = mp_owner_frees,
};

static void mp_stayed(struct mp_fix *fix, const struct mp_answer *answer)
{
	u64 word = (u64)page_to_pfn(fix->src) << 24 | 10;
	struct movable_pool_stats s;

	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ_MSG(fix->test, (u64)atomic64_read(&fix->mp.word), word,
			    "%s", fix->what);
	KUNIT_EXPECT_EQ_MSG(fix->test, page_count(fix->src), 2, "%s",
			    fix->what);
	KUNIT_EXPECT_EQ(fix->test, s.migrated, 0UL);
	KUNIT_EXPECT_EQ(fix->test, s.refused_driver,
			(unsigned long)answer->driver);
	KUNIT_EXPECT_EQ(fix->test, s.failed_driver,
			(unsigned long)answer->failed);
	KUNIT_EXPECT_EQ(fix->test, fix->moved, 0U);
	/* Not immovable for good: the next driver may want to. */
	KUNIT_EXPECT_EQ(fix->test, mp_vm_migrate(fix, MIGRATE_SYNC), 0);
}

static void mp_went(struct mp_fix *fix)
{
	u64 word = (u64)page_to_pfn(fix->dst) << 24 | 10;
	struct movable_pool_stats s;

	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ_MSG(fix->test, (u64)atomic64_read(&fix->mp.word), word,
			    "%s", fix->what);
	KUNIT_EXPECT_EQ(fix->test, page_count(fix->dst), 1);
	KUNIT_EXPECT_EQ(fix->test, s.migrated, 1UL);
	KUNIT_EXPECT_EQ(fix->test, s.refused_driver + s.failed_driver, 0UL);
	KUNIT_EXPECT_EQ(fix->test, fix->moved, 1U);
}

static void mp_died(struct mp_fix *fix, const struct mp_answer *answer)
{
	struct movable_pool_stats s;

	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ_MSG(fix->test, (u64)atomic64_read(&fix->mp.word), 0ULL,
			    "%s", fix->what);
	KUNIT_EXPECT_EQ(fix->test, fix->freed, 1U);
	KUNIT_EXPECT_EQ(fix->test, fix->moved, 0U);
	KUNIT_EXPECT_EQ(fix->test, s.freed, 1UL);
	KUNIT_EXPECT_EQ(fix->test, s.deferred,
			(unsigned long)mp_rig_defers(fix->rig));
	KUNIT_EXPECT_EQ(fix->test, s.released, 1UL);
	KUNIT_EXPECT_EQ(fix->test, s.refused_unready,
			answer->answer ? 0UL : 1UL);
}

static void mp_try_answer(struct kunit *test, const struct mp_answer *answer,
			  enum migrate_mode mode, enum mp_owner owner)
{
	int script[] = { answer->answer, 0 };
	int verdict = answer->verdict;
	struct mp_fix *fix;
	char what[64];

	scnprintf(what, sizeof(what), "answer %d, mode %d, owner %d",
		  answer->answer, mode, owner);
	fix = mp_fix_new(test, what);
	fix->answers = script;
	fix->nr_answers = ARRAY_SIZE(script);
	fix->at = MP_AT_MOVING;
	fix->act = mp_owners[owner];
	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	if (owner == OWNER_FREES && verdict)
		verdict = -ENOENT;
	KUNIT_EXPECT_EQ_MSG(test, mp_vm_migrate(fix, mode), verdict, "%s",
			    what);
	KUNIT_EXPECT_EQ_MSG(test, fix->mode, mode, "%s", what);
	KUNIT_EXPECT_EQ_MSG(test, fix->asked, 1U, "%s", what);
	mp_fix_said(fix, answer->said);
	if (owner == OWNER_FREES)
		mp_died(fix, answer);
	else if (answer->answer)
		mp_stayed(fix, answer);
	else
		mp_went(fix);
	mp_fix_end(fix);
}

static void driver_answers(struct kunit *test)
{
	static const enum migrate_mode modes[] = {
		MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT, MIGRATE_SYNC,
	};
	unsigned int i, mode, owner;

	for (i = 0; i < ARRAY_SIZE(mp_answers); i++)
		for (mode = 0; mode < ARRAY_SIZE(modes); mode++)
			for (owner = 0; owner < MP_NR_OWNERS; owner++)
				mp_try_answer(test, &mp_answers[i],
					      modes[mode], owner);
	kunit_info(test, "%u moves\n", i * mode * owner);
}

static void mp_fill(struct page *page, u8 value)
{
	memset(page_address(page), value, PAGE_SIZE);
}

/* Without ops->migrate the framework copies, without ops->moved it is silent */
static void framework_copies(struct kunit *test)
{
	static const struct movable_pool_ops no_ops;
	struct mp_fix *fix = mp_fix_new(test, "copy");
	struct page *page;

	mp_fix_make(fix, true);
	fix->pool->ops = &no_ops;
	mp_fill(fix->src, 0xa5);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), 0);
	KUNIT_EXPECT_EQ(test, fix->asked, 0U);
	KUNIT_EXPECT_EQ(test, fix->moved, 0U);
	KUNIT_ASSERT_EQ(test, movable_page_pin(&fix->mp), 0);
	page = movable_page_page(&fix->mp);
	KUNIT_EXPECT_PTR_NE(test, page, fix->src);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(page_address(page), 0xa5,
					     PAGE_SIZE), NULL);
	fix->pool->ops = &mp_fix_ops;
	mp_fix_end(fix);
}

/* Who frees a page with a stray reference, in MOVING, before the op. */
static void mp_free_in_motion(void *arg)
{
	mp_owner_frees(arg);
}

static void stray_reference_and_free(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "stray and freed");
	struct movable_pool_stats s;

	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	mp_fix_watch(fix);
	mp_hook(MP_WAIT_MIGRATE_MOVING, mp_free_in_motion, fix);
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), -ENOENT);
	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ(test, s.refused_referenced, 1UL);
	KUNIT_EXPECT_EQ(test, s.released, 1UL);
	KUNIT_EXPECT_EQ(test, fix->asked, 0U);
	KUNIT_EXPECT_EQ(test, fix->freed, 1U);
	mp_fix_end(fix);
}

/* The backing could not: the driver turns back, synchronously. */
static void move_is_undone(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "undone");
	struct movable_pool_stats s;

	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	mp_tested_replace_error = -EAGAIN;
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_ASYNC), -EAGAIN);
	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ(test, fix->asked, 1U);
	KUNIT_EXPECT_EQ(test, fix->undone, 1U);
	KUNIT_EXPECT_EQ(test, fix->mode, MIGRATE_SYNC);
	KUNIT_EXPECT_EQ(test, fix->moved, 0U);
	KUNIT_EXPECT_EQ(test, s.refused_referenced, 1UL);
	KUNIT_EXPECT_EQ(test, s.attempted, 1UL);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&fix->mp.word),
			(u64)page_to_pfn(fix->src) << 24 | 10);
	KUNIT_EXPECT_EQ(test, page_count(fix->src), 2);
	mp_fix_end(fix);
}

static void mp_keep_dst(struct mp_fix *fix)
{
	get_page(fix->dst);
}

/* A driver that refuses may go on using the new frame: it is lost. */
static void undo_is_refused(struct kunit *test)
{
	static const int script[] = { 0, -EBUSY, 0 };
	struct mp_fix *fix = mp_fix_new(test, "undo refused");

	fix->answers = script;
	fix->nr_answers = ARRAY_SIZE(script);
	fix->at = MP_AT_MOVING;
	fix->act = mp_keep_dst;
	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	mp_tested_replace_error = -EAGAIN;
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_ASYNC), -EAGAIN);
	mp_fix_said(fix, "ops->migrate refused to undo a move");
	/* Ours, and the one that keeps it from being used again. */
	KUNIT_EXPECT_EQ(test, page_count(fix->dst), 2);
	put_page(fix->dst);
	put_page(fix->dst);
	mp_fix_end(fix);
}

/* A page that has moved is as good as new. */
static void moves_again(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "again");
	unsigned int i;

	mp_fix_make(fix, true);
	mp_fill(fix->src, 0x5a);
	for (i = 1; i <= 5; i++) {
		KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
		KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), 0);
		KUNIT_EXPECT_EQ(test, fix->moved, i);
		fix->src = fix->dst;
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(fix->dst), 0x5a,
					   PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, movable_page_pfn(&fix->mp),
			page_to_pfn(fix->dst));
	mp_fix_end(fix);
}

/*
 * The references are to see, without their being reused, what becomes of the
 * frames; two to the old one, for who takes one too many.
 */
static void mp_free_and_watch(void *arg)
{
	struct mp_fix *fix = arg;

	get_page(fix->src);
	get_page(fix->src);
	get_page(fix->dst);
	mp_owner_frees(fix);
}

/*
 * Freed between the op's success and the publication: both frames go, each with
 * the pool's one reference.
 */
static void freed_after_copy(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "freed after the copy");

	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	mp_hook(MP_WAIT_MIGRATE_COPIED, mp_free_and_watch, fix);
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), 0);
	mp_died(fix, &mp_answers[0]);
	mp_orphans_gone(test, fix->rig->backing, fix->what);
	/* Or the last of these would be put once too often. */
	KUNIT_ASSERT_EQ(test, page_count(fix->src), 2);
	KUNIT_ASSERT_EQ(test, page_count(fix->dst), 1);
	put_page(fix->src);
	put_page(fix->src);
	put_page(fix->dst);
	mp_fix_end(fix);
}

/* Freed while the VM has it isolated: then it is nobody's. */
static void mp_free_isolated(struct mp_fix *fix, bool locked)
{
	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(fix->test, mp_vm_isolate(fix));
	if (locked) {
		lock_page(fix->src);
		fix->locked = true;
	}
	KUNIT_EXPECT_EQ(fix->test, movable_page_free(&fix->mp), 0);
	KUNIT_EXPECT_NULL(fix->test, movable_page_lookup(fix->pool, fix->src));
}

static void orphan_is_put_back(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "orphan put back");
	struct movable_pool_stats s;

	mp_free_isolated(fix, true);
	KUNIT_EXPECT_FALSE(test, mp_vm_putback(fix));
	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ(test, s.putback, 0UL);
	KUNIT_EXPECT_EQ(test, s.released, 1UL);
	mp_fix_end(fix);
}

static void orphan_is_not_migrated(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "orphan migrated");
	struct movable_pool_stats s;

	mp_free_isolated(fix, true);
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), -ENOENT);
	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ(test, s.attempted, 0UL);
	KUNIT_EXPECT_EQ(test, fix->asked, 0U);
	mp_fix_end(fix);
}

/* It waits for its page lock, and for nothing else. */
static void orphan_waits_for_lock(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "orphan locked");

	mp_fix_make(fix, true);
	mp_fix_watch(fix);
	lock_page(fix->src);
	fix->locked = true;
	KUNIT_EXPECT_EQ(test, movable_page_free(&fix->mp), 0);
	KUNIT_EXPECT_FALSE(test, mp_core_isolate(fix->src));
	schedule_timeout_uninterruptible(3);
	KUNIT_EXPECT_EQ(test, mp_loose_nr_orphans(&mp_backing_tested), 1L);
	KUNIT_EXPECT_EQ(test, page_count(fix->src), 2);
	mp_fix_end(fix);
}

/* An owner that frees just as the VM asks: the VM has the lock already. */
static void mp_free_now(void *arg)
{
	struct mp_fix *fix = arg;

	KUNIT_EXPECT_EQ(fix->test, movable_page_free(&fix->mp), 0);
}

static void freed_before_isolate(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "freed before isolate");

	mp_fix_make(fix, true);
	mp_fix_watch(fix);
	mp_hook(MP_WAIT_ISOLATE_ENTER, mp_free_now, fix);
	KUNIT_EXPECT_FALSE(test, mp_vm_isolate(fix));
	mp_fix_end(fix);
}

static void freed_after_isolate(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "freed after isolate");

	mp_fix_make(fix, true);
	mp_hook(MP_WAIT_ISOLATE_DONE, mp_free_now, fix);
	KUNIT_EXPECT_TRUE(test, mp_vm_isolate(fix));
	mp_fix_end(fix);
}

static void freed_before_migrate(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "freed before migrate");

	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	mp_hook(MP_WAIT_MIGRATE_ENTER, mp_free_now, fix);
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), -ENOENT);
	mp_fix_end(fix);
}

static void freed_before_putback(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "freed before putback");

	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	mp_hook(MP_WAIT_PUTBACK_ENTER, mp_free_now, fix);
	KUNIT_EXPECT_FALSE(test, mp_vm_putback(fix));
	mp_fix_end(fix);
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(driver_answers),
	KUNIT_CASE(framework_copies),
	KUNIT_CASE(stray_reference_and_free),
	KUNIT_CASE(move_is_undone),
	KUNIT_CASE(undo_is_refused),
	KUNIT_CASE(moves_again),
	KUNIT_CASE(freed_after_copy),
	KUNIT_CASE(orphan_is_put_back),
	KUNIT_CASE(orphan_is_not_migrated),
	KUNIT_CASE(orphan_waits_for_lock),
	KUNIT_CASE(freed_before_isolate),
	KUNIT_CASE(freed_after_isolate),
	KUNIT_CASE(freed_before_migrate),
	KUNIT_CASE(freed_before_putback),
	{}
};

MP_SUITE(tested, "move-tested", mp_cases);
kunit_test_suites(&mp_suite_tested);

#ifdef MP_HAVE_NONLRU
static struct kunit_case mp_cases_nonlru[] = {
	KUNIT_CASE(driver_answers),
	KUNIT_CASE(framework_copies),
	KUNIT_CASE(stray_reference_and_free),
	KUNIT_CASE(moves_again),
	KUNIT_CASE(freed_after_copy),
	KUNIT_CASE(orphan_is_put_back),
	KUNIT_CASE(orphan_is_not_migrated),
	KUNIT_CASE(freed_before_isolate),
	KUNIT_CASE(freed_after_isolate),
	KUNIT_CASE(freed_before_migrate),
	KUNIT_CASE(freed_before_putback),
	{}
};

MP_SUITE(nonlru, "move-nonlru", mp_cases_nonlru);
kunit_test_suites(&mp_suite_nonlru);
#endif
