// SPDX-License-Identifier: GPL-2.0
/* Calls that wait, each in a thread of its own, for what they wait for. */

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "tests.h"

#define LIMIT	(10 * HZ)

/**
 * struct mp_waiter - a thread that calls something which waits
 * @fix: with which handle
 * @call: what
 * @result: what it returned
 * @there: it is about to wait
 * @done: it has returned
 */
struct mp_waiter {
	struct mp_fix *fix;
	int (*call)(struct mp_fix *fix);
	int result;
	struct completion there;
	struct completion done;
};

static struct mp_waiter mp_waiter;

static int mp_waiter_thread(void *arg)
{
	struct mp_waiter *waiter = arg;

	waiter->result = waiter->call(waiter->fix);
	complete(&waiter->done);
	return 0;
}

static void mp_waiter_there(void *arg)
{
	complete(&mp_waiter.there);
}

static void mp_waiter_start(void)
{
	struct task_struct *task = kthread_run(mp_waiter_thread, &mp_waiter,
					       "mp-kunit-waiter");

	KUNIT_ASSERT_FALSE(mp_waiter.fix->test, IS_ERR(task));
}

/* It waits: it came to the point, and has not returned some time later. */
static void mp_waiter_waits(void)
{
	struct kunit *test = mp_waiter.fix->test;

	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&mp_waiter.there,
							  LIMIT), 0UL);
	schedule_timeout_uninterruptible(2);
	KUNIT_EXPECT_FALSE(test, completion_done(&mp_waiter.done));
}

static void mp_waiter_returns(int result)
{
	struct kunit *test = mp_waiter.fix->test;

	/* With its fixture on its stack it must not outlive the test. */
	wait_for_completion(&mp_waiter.done);
	KUNIT_EXPECT_EQ_MSG(test, mp_waiter.result, result, "%s",
			    mp_waiter.fix->what);
}

static void mp_waiter_init(struct mp_fix *fix, int (*call)(struct mp_fix *fix))
{
	mp_waiter.fix = fix;
	mp_waiter.call = call;
	init_completion(&mp_waiter.there);
	init_completion(&mp_waiter.done);
}

static void mp_start_in_motion(void *arg)
{
	mp_waiter_start();
	mp_waiter_waits();
}

/* The page moves; @call comes meanwhile and goes on when it has moved. */
static struct mp_fix *mp_move_under(struct kunit *test, const char *what,
				    enum mp_wait wait,
				    int (*call)(struct mp_fix *fix), int result)
{
	struct mp_fix *fix = mp_fix_new(test, what);

	mp_waiter_init(fix, call);
	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	mp_hook(wait, mp_waiter_there, NULL);
	mp_hook(MP_WAIT_MIGRATE_MOVING, mp_start_in_motion, NULL);
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), 0);
	mp_waiter_returns(result);
	return fix;
}

static int mp_call_pin(struct mp_fix *fix)
{
	return movable_page_pin(&fix->mp);
}

static int mp_call_map(struct mp_fix *fix)
{
	void *addr = movable_page_map(&fix->mp);

	return IS_ERR(addr) ? PTR_ERR(addr) : addr == page_address(fix->dst);
}

static int mp_call_free(struct mp_fix *fix)
{
	return movable_page_free(&fix->mp);
}

static int mp_call_destroy(struct mp_fix *fix)
{
	movable_pool_destroy(fix->pool);
	return 0;
}

static void pin_waits_for_move(struct kunit *test)
{
	struct mp_fix *fix = mp_move_under(test, "pin", MP_WAIT_PIN_WAIT,
					   mp_call_pin, 0);

	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&fix->mp.word),
			(u64)page_to_pfn(fix->dst) << 24 | 1 << 4 | 10);
	mp_fix_end(fix);
}

static void map_waits_for_move(struct kunit *test)
{
	struct mp_fix *fix = mp_move_under(test, "map", MP_WAIT_PIN_WAIT,
					   mp_call_map, 1);

	KUNIT_EXPECT_EQ(test, movable_page_pins(&fix->mp), 1U);
	mp_fix_end(fix);
}

static void free_waits_for_move(struct kunit *test)
{
	struct mp_fix *fix = mp_move_under(test, "free", MP_WAIT_FREE_WAIT,
					   mp_call_free, 0);
	struct movable_pool_stats s;

	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ(test, s.migrated, 1UL);
	KUNIT_EXPECT_EQ(test, s.freed, 1UL);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&fix->mp.word), 0ULL);
	mp_fix_end(fix);
}

static void mp_free_in_op(struct mp_fix *fix)
{
	KUNIT_EXPECT_EQ(fix->test, movable_page_free_async(&fix->mp), 0);
}

/* Whoever waited for a page that is gone learns that, without a complaint. */
static void pin_waits_in_vain(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "pin in vain");

	mp_waiter_init(fix, mp_call_pin);
	mp_fix_make(fix, true);
	fix->at = MP_AT_MOVING;
	fix->act = mp_free_in_op;
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	mp_hook(MP_WAIT_PIN_WAIT, mp_waiter_there, NULL);
	mp_hook(MP_WAIT_MIGRATE_MOVING, mp_start_in_motion, NULL);
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), 0);
	mp_waiter_returns(-ENOENT);
	mp_fix_end(fix);
}

/* A move that was refused wakes those who waited for it, too. */
static void pin_waits_for_refusal(struct kunit *test)
{
	static const int script[] = { -EBUSY };
	struct mp_fix *fix = mp_fix_new(test, "pin, refused");

	fix->answers = script;
	mp_waiter_init(fix, mp_call_pin);
	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	mp_hook(MP_WAIT_PIN_WAIT, mp_waiter_there, NULL);
	mp_hook(MP_WAIT_MIGRATE_MOVING, mp_start_in_motion, NULL);
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), -EBUSY);
	mp_waiter_returns(0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&fix->mp.word),
			(u64)page_to_pfn(fix->src) << 24 | 1 << 4 | 10);
	mp_fix_end(fix);
}

/* The pool is gone: what is left to do of mp_fix_end(). */
static void mp_fix_end_without_pool(struct mp_fix *fix)
{
	mp_orphans_gone(fix->test, fix->rig->backing, fix->what);
	put_page(fix->spare);
	KUNIT_EXPECT_FALSE(fix->test, mp_hooks_left());
}

static void mp_destroy_in_motion(void *arg)
{
	struct mp_fix *fix = arg;

	complete(&mp_waiter.there);
	mp_waiter_start();
	mp_waiter_waits();
	KUNIT_EXPECT_EQ(fix->test, movable_page_free_async(&fix->mp), 0);
	schedule_timeout_uninterruptible(2);
	KUNIT_EXPECT_FALSE(fix->test, completion_done(&mp_waiter.done));
}

/* Not before the mover has left, though its page was freed. */
static void destroy_waits_for_mover(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "destroy");

	mp_waiter_init(fix, mp_call_destroy);
	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	mp_hook(MP_WAIT_MIGRATE_MOVING, mp_destroy_in_motion, fix);
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), 0);
	mp_waiter_returns(0);
	KUNIT_EXPECT_EQ(test, fix->freed, 1U);
	mp_fix_said(fix, NULL);
	mp_fix_end_without_pool(fix);
}

/* Published, freed, and yet the mover has not told the driver: it must. */
static void mp_destroy_published(void *arg)
{
	struct mp_fix *fix = arg;

	KUNIT_EXPECT_EQ(fix->test, movable_page_free(&fix->mp), 0);
	complete(&mp_waiter.there);
	mp_waiter_start();
	mp_waiter_waits();
	KUNIT_EXPECT_EQ(fix->test, fix->moved, 0U);
}

static void mp_still_waits(struct mp_fix *fix)
{
	schedule_timeout_uninterruptible(2);
	KUNIT_EXPECT_FALSE(fix->test, completion_done(&mp_waiter.done));
}

static void destroy_waits_for_moved(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "destroy, moved");

	fix->in_moved = mp_still_waits;
	mp_waiter_init(fix, mp_call_destroy);
	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	mp_hook(MP_WAIT_MIGRATE_PUBLISHED, mp_destroy_published, fix);
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), 0);
	mp_waiter_returns(0);
	KUNIT_EXPECT_EQ(test, fix->moved, 1U);
	mp_fix_said(fix, NULL);
	mp_fix_end_without_pool(fix);
}

static void mp_destroy_dying(void *arg)
{
	complete(&mp_waiter.there);
	mp_waiter_start();
	mp_waiter_waits();
}

/* An owner who frees at the same time ends it, not destroy(). */
static void destroy_waits_for_free(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "destroy, free");

	mp_waiter_init(fix, mp_call_destroy);
	mp_fix_make(fix, true);
	mp_hook(MP_WAIT_FREE_DYING, mp_destroy_dying, NULL);
	KUNIT_EXPECT_EQ(test, movable_page_free(&fix->mp), 0);
	mp_waiter_returns(0);
	mp_fix_said(fix, NULL);
	mp_fix_end_without_pool(fix);
}

static void mp_destroy_held(struct mp_fix *fix, enum mp_at at)
{
	mp_waiter_init(fix, mp_call_destroy);
	mp_fix_make(fix, true);
	get_page(fix->src);
	if (at == MP_AT_LIVE_LOCKED) {
		lock_page(fix->src);
	} else {
		KUNIT_ASSERT_TRUE(fix->test, mp_vm_isolate(fix));
		KUNIT_ASSERT_EQ(fix->test, movable_page_pin(&fix->mp), 0);
	}
	complete(&mp_waiter.there);
	mp_waiter_start();
	mp_waiter_waits();
	if (at == MP_AT_LIVE_LOCKED)
		unlock_page(fix->src);
	else
		KUNIT_EXPECT_TRUE(fix->test, mp_vm_putback(fix));
	mp_waiter_returns(0);
	mp_fix_said(fix, "destroyed with 1 pages still allocated");
	KUNIT_EXPECT_EQ(fix->test, (u64)atomic64_read(&fix->mp.word), 0ULL);
}

static void destroy_waits_for_lock(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "destroy, locked");

	mp_destroy_held(fix, MP_AT_LIVE_LOCKED);
	KUNIT_EXPECT_EQ(test, page_count(fix->src), 1);
	put_page(fix->src);
	mp_fix_end_without_pool(fix);
}

/* Only then can the VM be told that the frame stays in use. */
static void destroy_waits_for_putback(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "destroy, pinned, isolated");

	mp_destroy_held(fix, MP_AT_ISOLATED_PINNED);
	KUNIT_EXPECT_EQ(test, page_count(fix->src), 2);
	put_page(fix->src);
	put_page(fix->src);
	mp_fix_end_without_pool(fix);
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(pin_waits_for_move),
	KUNIT_CASE(map_waits_for_move),
	KUNIT_CASE(free_waits_for_move),
	KUNIT_CASE(pin_waits_in_vain),
	KUNIT_CASE(pin_waits_for_refusal),
	KUNIT_CASE(destroy_waits_for_mover),
	KUNIT_CASE(destroy_waits_for_moved),
	KUNIT_CASE(destroy_waits_for_free),
	KUNIT_CASE(destroy_waits_for_lock),
	KUNIT_CASE(destroy_waits_for_putback),
	{}
};

MP_SUITE(tested, "wait-tested", mp_cases);
kunit_test_suites(&mp_suite_tested);

#ifdef MP_HAVE_NONLRU
static struct kunit_case mp_cases_nonlru[] = {
	KUNIT_CASE(pin_waits_for_move),
	KUNIT_CASE(map_waits_for_move),
	KUNIT_CASE(free_waits_for_move),
	KUNIT_CASE(pin_waits_in_vain),
	KUNIT_CASE(pin_waits_for_refusal),
	KUNIT_CASE(destroy_waits_for_mover),
	KUNIT_CASE(destroy_waits_for_moved),
	KUNIT_CASE(destroy_waits_for_free),
	KUNIT_CASE(destroy_waits_for_lock),
	KUNIT_CASE(destroy_waits_for_putback),
	{}
};

MP_SUITE(nonlru, "wait-nonlru", mp_cases_nonlru);
kunit_test_suites(&mp_suite_nonlru);
#endif
