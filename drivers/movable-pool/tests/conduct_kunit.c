// SPDX-License-Identifier: GPL-2.0
/* Drivers that do what they should not, and what they hear of it. */

#include <linux/delay.h>
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../link.h"
#include "tests.h"

static void act_sleep(struct mp_fix *fix)
{
	msleep(150);
}

static void act_doze(struct mp_fix *fix)
{
	schedule_timeout_uninterruptible(1);
}

/* Nobody has taken the processor away: the thread has worked. */
static void act_work(struct mp_fix *fix)
{
	mdelay(150);
}

static void op_does(struct kunit *test, enum migrate_mode mode,
		    void (*act)(struct mp_fix *fix), const char *said)
{
	struct mp_fix *fix = mp_fix_new(test, "conduct");

	fix->at = MP_AT_MOVING;
	fix->act = act;
	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, mode), 0);
	mp_fix_said(fix, said);
	mp_fix_end(fix);
}

static void op_that_sleeps_in_async_mode(struct kunit *test)
{
	op_does(test, MIGRATE_ASYNC, act_sleep,
		"ops->migrate slept and took");
	op_does(test, MIGRATE_SYNC, act_sleep, NULL);
	op_does(test, MIGRATE_SYNC_LIGHT, act_sleep, NULL);
	op_does(test, MIGRATE_ASYNC, act_doze, NULL);
	op_does(test, MIGRATE_ASYNC, act_work, NULL);
}

/* The same page, again and again. */
static void ask(struct mp_fix *fix, int answer, unsigned int times)
{
	const int answers[] = { answer };

	fix->answers = answers;
	fix->nr_answers = 1;
	while (times--)
		KUNIT_EXPECT_EQ(fix->test, mp_vm_migrate(fix, MIGRATE_SYNC),
				answer);
}

static void op_that_says_again_for_what_lasts(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "conduct");

	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	/* Often, but not for long; for long, but not often. */
	ask(fix, -EAGAIN, 200);
	mp_fix_said(fix, NULL);
	ask(fix, -EBUSY, 1);
	ask(fix, -EAGAIN, 1);
	msleep(1100);
	ask(fix, -EAGAIN, 98);
	mp_fix_said(fix, NULL);
	ask(fix, -EAGAIN, 1);
	mp_fix_said(fix, "ops->migrate said -EAGAIN 100 times in");
	/* Once for a row of them. */
	ask(fix, -EAGAIN, 100);
	mp_fix_said(fix, NULL);
	ask(fix, -EBUSY, 1);
	ask(fix, -EAGAIN, 1);
	mp_fix_said(fix, NULL);
	mp_fix_end(fix);
}

#define OVERWRITTEN	"PG_private were overwritten"

/* Under a pin, which is when a driver has the page. */
static void driver_that_writes_to_the_page(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "conduct");
	unsigned long *link, kept;

	mp_fix_make(fix, true);
	link = mp_link_word(fix->src);
	KUNIT_ASSERT_EQ(test, movable_page_pin(&fix->mp), 0);
	kept = *link;
	*link = 0;
	KUNIT_ASSERT_EQ(test, movable_page_pin(&fix->mp), 0);
	movable_page_unpin(&fix->mp);
	mp_fix_said(fix, OVERWRITTEN);
	*link = kept;
	kept = fix->src->private;
	set_page_private(fix->src, (unsigned long)test);
	KUNIT_ASSERT_EQ(test, movable_page_pin(&fix->mp), 0);
	movable_page_unpin(&fix->mp);
	mp_fix_said(fix, OVERWRITTEN);
	SetPagePrivate(fix->src);
	KUNIT_ASSERT_EQ(test, movable_page_pin(&fix->mp), 0);
	movable_page_unpin(&fix->mp);
	mp_fix_said(fix, OVERWRITTEN);
	ClearPagePrivate(fix->src);
	set_page_private(fix->src, kept);
	movable_page_unpin(&fix->mp);
	mp_fix_said(fix, NULL);
	mp_fix_end(fix);
}

#ifdef CONFIG_KASAN_GENERIC
/* Reading it by the old address would be a report: KASAN knows it as freed. */
static void address_kept_across_a_move(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "conduct");
	const u8 *shadow;
	void *addr;

	mp_fix_make(fix, true);
	addr = movable_page_map(&fix->mp);
	KUNIT_ASSERT_FALSE(test, IS_ERR(addr));
	movable_page_unmap(&fix->mp);
	shadow = kasan_mem_to_shadow(addr);
	KUNIT_EXPECT_EQ(test, *shadow, 0);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), 0);
	KUNIT_EXPECT_EQ(test, *shadow, 0xff);
	mp_fix_end(fix);
}
#endif

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(op_that_sleeps_in_async_mode),
	KUNIT_CASE(op_that_says_again_for_what_lasts),
	KUNIT_CASE(driver_that_writes_to_the_page),
#ifdef CONFIG_KASAN_GENERIC
	KUNIT_CASE(address_kept_across_a_move),
#endif
	{}
};

MP_SUITE(tested, "conduct", mp_cases);
kunit_test_suites(&mp_suite_tested);
