// SPDX-License-Identifier: GPL-2.0
/* Debug checks, and who may look at what while a pool or a list ends. */

#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/movable_move.h>
#include <linux/pagemap.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "../debug.h"
#include "../longterm.h"
#include "../old_page.h"
#include "../unpublished.h"
#include "tests.h"

#define MP_CONTENTS	0x11

static bool page_is(struct page *page, int byte)
{
	const void *addr = kmap_local_page(page);
	bool is = !memchr_inv(addr, byte, PAGE_SIZE);

	kunmap_local(addr);
	return is;
}

/* A reference once the move is done: to see what becomes of the page. */
static void watch(void *arg)
{
	struct mp_fix *fix = arg;

	get_page(fix->src);
	fix->watch = true;
	KUNIT_EXPECT_TRUE(fix->test, page_is(fix->src, MP_CONTENTS));
}

/* The driver may still have it unmapped for its device. */
static void whole_in_moved(struct mp_fix *fix)
{
	fix->acted = true;
	KUNIT_EXPECT_TRUE(fix->test, page_is(fix->src, MP_CONTENTS));
}

static struct mp_fix *with_contents(struct kunit *test, bool debug)
{
	struct mp_fix *fix = mp_fix_new(test, debug ? "on" : "off");
	void *addr;

	KUNIT_ASSERT_EQ(test, mp_debug_set(debug), 0);
	mp_fix_make(fix, true);
	addr = movable_page_map(&fix->mp);
	KUNIT_ASSERT_FALSE(test, IS_ERR(addr));
	memset(addr, MP_CONTENTS, PAGE_SIZE);
	movable_page_unmap(&fix->mp);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	return fix;
}

static void end(struct mp_fix *fix)
{
	KUNIT_EXPECT_EQ(fix->test, mp_debug_set(false), 0);
	mp_fix_said(fix, NULL);
	mp_fix_end(fix);
}

/* What is in the old page, and in the new one, is as it should be. */
static void moves(struct kunit *test, bool debug, int left)
{
	struct mp_fix *fix = with_contents(test, debug);

	fix->in_moved = whole_in_moved;
	mp_hook(MP_WAIT_MIGRATE_PUBLISHED, watch, fix);
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), 0);
	KUNIT_EXPECT_TRUE(test, fix->acted);
	KUNIT_ASSERT_TRUE(test, fix->watch);
	KUNIT_EXPECT_TRUE(test, page_is(fix->src, left));
	KUNIT_EXPECT_TRUE(test, page_is(fix->dst, MP_CONTENTS));
	end(fix);
}

static void old_page_is_spoiled(struct kunit *test)
{
	moves(test, true, MP_OLD_PAGE_BYTE);
}

static void off_it_is_left_as_it_was(struct kunit *test)
{
	moves(test, false, MP_CONTENTS);
}

static void stays(struct kunit *test, struct mp_fix *fix, int answer)
{
	KUNIT_EXPECT_EQ(test, mp_vm_migrate(fix, MIGRATE_SYNC), answer);
	KUNIT_EXPECT_EQ(test, movable_page_pfn(&fix->mp),
			page_to_pfn(fix->src));
	KUNIT_EXPECT_TRUE(test, page_is(fix->src, MP_CONTENTS));
}

/* Refused by a pin, by the driver, and undone. */
static void page_that_stays_is_not(struct kunit *test)
{
	static const int answers[] = { -EAGAIN, -EBUSY, 0 };
	struct mp_fix *fix = with_contents(test, true);

	fix->answers = answers;
	fix->nr_answers = ARRAY_SIZE(answers);
	KUNIT_ASSERT_EQ(test, movable_page_trypin(&fix->mp), 0);
	stays(test, fix, -EAGAIN);
	movable_page_unpin(&fix->mp);
	stays(test, fix, -EAGAIN);
	stays(test, fix, -EBUSY);
	mp_tested_replace_error = -EAGAIN;
	stays(test, fix, -EAGAIN);
	KUNIT_EXPECT_EQ(test, fix->undone, 1U);
	end(fix);
}

static void turned_on_without_memory(struct kunit *test)
{
	mp_hook_fail(MP_FAIL_UNPUBLISHED_TABLE);
	KUNIT_EXPECT_EQ(test, mp_debug_set(true), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, mp_debugging());
	KUNIT_EXPECT_EQ(test, mp_debug_set(true), 0);
	KUNIT_EXPECT_TRUE(test, mp_debugging());
	KUNIT_EXPECT_EQ(test, mp_debug_set(true), 0);
	KUNIT_EXPECT_EQ(test, mp_debug_set(false), 0);
	KUNIT_EXPECT_FALSE(test, mp_debugging());
}

static unsigned long listed_page(struct mp_fix *fix)
{
	mp_fix_make(fix, false);
	KUNIT_EXPECT_TRUE(fix->test,
			  mp_unpublished_listed(page_to_pfn(fix->src)));
	return page_to_pfn(fix->src);
}

static int by_publish(struct mp_fix *fix)
{
	return movable_page_publish(&fix->mp) ?: movable_page_free(&fix->mp);
}

static int by_free(struct mp_fix *fix)
{
	return movable_page_free(&fix->mp);
}

static int by_free_async(struct mp_fix *fix)
{
	return movable_page_free_async(&fix->mp);
}

static int by_unalloc(struct mp_fix *fix)
{
	return mp_page_unalloc(&fix->mp, true) ? 0 : -EBUSY;
}

static int by_turning_off(struct mp_fix *fix)
{
	return mp_debug_set(false) ?: movable_page_free(&fix->mp) ?:
	       mp_debug_set(true);
}

/* The page has gone, or is published, and is in no list. */
static void ways_out_of_the_list(struct kunit *test)
{
	int (* const ways[])(struct mp_fix *fix) = {
		by_publish, by_free, by_free_async, by_unalloc, by_turning_off,
	};
	struct mp_fix *fix = mp_fix_new(test, "ways");
	unsigned long pfn;
	int i;

	KUNIT_ASSERT_EQ(test, mp_debug_set(true), 0);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		pfn = listed_page(fix);
		KUNIT_EXPECT_EQ(test, ways[i](fix), 0);
		KUNIT_EXPECT_FALSE_MSG(test, mp_unpublished_listed(pfn),
				       "way %d", i);
	}
	end(fix);
}

/* Who destroys the pool has forgotten it. */
static void left_over_page_is_in_no_list(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "left over");
	struct movable_pool *pool = mp_fix_pool(test, fix->rig, NULL, 0, NULL);
	struct movable_page mp = {};
	unsigned long pfn;

	KUNIT_ASSERT_EQ(test, mp_debug_set(true), 0);
	KUNIT_ASSERT_EQ(test, movable_page_alloc(pool, &mp, GFP_KERNEL), 0);
	pfn = movable_page_pfn(&mp);
	KUNIT_EXPECT_TRUE(test, mp_unpublished_listed(pfn));
	movable_pool_destroy(pool);
	mp_fix_said(fix, "destroyed with 1 pages still allocated");
	KUNIT_EXPECT_FALSE(test, mp_unpublished_listed(pfn));
	end(fix);
}

static void free_here(void *arg)
{
	struct mp_fix *fix = arg;
	unsigned long pfn = movable_page_pfn(&fix->mp);

	fix->acted = true;
	KUNIT_EXPECT_TRUE(fix->test, mp_unpublished_listed(pfn));
	KUNIT_EXPECT_EQ(fix->test, movable_page_free(&fix->mp), 0);
	KUNIT_EXPECT_FALSE(fix->test, mp_unpublished_listed(pfn));
	/* With a lock held: whoever asserted would not let go of it. */
	KUNIT_EXPECT_EQ(fix->test, movable_page_alloc(fix->pool, &fix->mp,
						      GFP_KERNEL), 0);
	pfn = movable_page_pfn(&fix->mp);
	KUNIT_EXPECT_FALSE(fix->test, mp_unpublished_listed(pfn));
}

/*
 * While the list is being closed a page is freed, and its pool could be: what
 * the entry says of it is not to be looked at any more.
 */
static void list_that_is_closed_lets_pages_go(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "closed");

	KUNIT_ASSERT_EQ(test, mp_debug_set(true), 0);
	listed_page(fix);
	mp_hook(MP_WAIT_DEBUG_CLOSE, free_here, fix);
	KUNIT_EXPECT_EQ(test, mp_debug_set(false), 0);
	KUNIT_EXPECT_TRUE(test, fix->acted);
	end(fix);
}

static bool walked(struct movable_pool *pool)
{
	unsigned long pfn = 0;
	struct page *page = mp_walk_read(pool, &pfn);

	if (page)
		put_page(page);
	return page;
}

static bool shown(struct movable_pool *pool, unsigned long pfn)
{
	char text[256] = "", field[32];
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };

	snprintf(field, sizeof(field), " %lu ", pfn);
	return !mp_longterm_show(&m, pool, false) && strstr(text, field);
}

/*
 * A driver has gone without destroy(), another pool of its is ended first:
 * whoever reads debugfs meanwhile is told nothing from its handles.
 */
static void handles_are_not_read_after_shutdown(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "gone");
	struct movable_pin *pin;
	unsigned long pfn;
	u64 word;

	mp_fix_make(fix, true);
	pin = movable_page_pin_longterm(fix->pool, &fix->mp);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pin));
	fix->src = movable_page_page(&fix->mp);
	pfn = page_to_pfn(fix->src);
	KUNIT_ASSERT_TRUE(test, trylock_page(fix->src));
	KUNIT_EXPECT_TRUE(test, mp_walk_word(fix->pool, fix->src, &word, NULL));
	KUNIT_EXPECT_TRUE(test, shown(fix->pool, pfn));
	KUNIT_EXPECT_TRUE(test, walked(fix->pool));
	mp_pool_shut(fix->pool);
	KUNIT_EXPECT_FALSE(test, walked(fix->pool));
	KUNIT_EXPECT_FALSE(test,
			   mp_walk_word(fix->pool, fix->src, &word, NULL));
	KUNIT_EXPECT_FALSE(test, shown(fix->pool, pfn));
	KUNIT_EXPECT_TRUE(test, shown(fix->pool, 0));
	unlock_page(fix->src);
	movable_page_unpin_longterm(pin);
	end(fix);
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(old_page_is_spoiled),
	KUNIT_CASE(off_it_is_left_as_it_was),
	KUNIT_CASE(page_that_stays_is_not),
	KUNIT_CASE(ways_out_of_the_list),
	KUNIT_CASE(left_over_page_is_in_no_list),
	KUNIT_CASE(list_that_is_closed_lets_pages_go),
	KUNIT_CASE(handles_are_not_read_after_shutdown),
	KUNIT_CASE(turned_on_without_memory),
	{}
};

MP_SUITE(tested, "debug", mp_cases);
kunit_test_suites(&mp_suite_tested);
