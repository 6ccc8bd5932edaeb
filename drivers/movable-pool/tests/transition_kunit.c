// SPDX-License-Identifier: GPL-2.0
/*
 * Lives of a handle which together go over every edge there is (transition.h),
 * each over those that it names and no other.
 */

#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/movable_move.h>

#include "../word.h"
#include "tests.h"

#define EDGE(name)	BIT(MP_TRANSITION_##name)
#define EDGES		(BIT(MP_NR_TRANSITIONS) - 1)

#define GIVEN		(EDGE(claim) | EDGE(give))
#define PUBLISHED	(GIVEN | EDGE(publish))
#define FREED_PRIVATE	(EDGE(free_private) | EDGE(gone_private))
#define FREED_LIVE	(EDGE(free_live) | EDGE(gone_live))

/**
 * struct mp_life - what happens to a handle
 * @name: of it
 * @edges: the transitions that it makes, as bits
 * @run: from EMPTY to what mp_fix_end() takes it from
 */
struct mp_life {
	const char *name;
	unsigned long edges;
	void (*run)(struct mp_fix *fix);
};

static void mp_no_memory(struct mp_fix *fix)
{
	mp_hook_fail(MP_FAIL_ALLOC_PAGE);
	KUNIT_EXPECT_EQ(fix->test, -ENOMEM,
			movable_page_alloc(fix->pool, &fix->mp, GFP_KERNEL));
}

static void mp_only_alloc(struct mp_fix *fix)
{
	mp_fix_make(fix, false);
}

static void mp_pin_once(struct mp_fix *fix)
{
	KUNIT_ASSERT_EQ(fix->test, movable_page_pin(&fix->mp), 0);
}

static void mp_pinned_twice(struct mp_fix *fix)
{
	mp_fix_make(fix, false);
	mp_pin_once(fix);
	movable_page_unpin(&fix->mp);
	KUNIT_ASSERT_EQ(fix->test, movable_page_publish(&fix->mp), 0);
	mp_pin_once(fix);
	movable_page_unpin(&fix->mp);
}

static void mp_published_pinned(struct mp_fix *fix)
{
	mp_fix_make(fix, false);
	mp_pin_once(fix);
	KUNIT_ASSERT_EQ(fix->test, movable_page_publish(&fix->mp), 0);
	movable_page_unpin(&fix->mp);
}

static void mp_nothing(struct mp_fix *fix)
{
}

static void mp_moves(struct mp_fix *fix)
{
	mp_fix_reach(fix, MP_AT_MOVING, mp_nothing);
}

static void mp_freed_in_motion(struct mp_fix *fix)
{
	mp_fix_reach(fix, MP_AT_MOVING_DYING, mp_nothing);
}

static void mp_not_moved(struct mp_fix *fix)
{
	static const int busy[] = { -EBUSY };

	fix->answers = busy;
	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(fix->test, mp_vm_isolate(fix));
	KUNIT_EXPECT_EQ(fix->test, -EBUSY, mp_vm_migrate(fix, MIGRATE_SYNC));
}

static void mp_held_long(struct mp_fix *fix)
{
	struct movable_pin *pin;

	mp_fix_make(fix, true);
	pin = movable_page_pin_longterm(fix->pool, &fix->mp);
	KUNIT_ASSERT_FALSE(fix->test, IS_ERR(pin));
	movable_page_unpin_longterm(pin);
}

/* destroy() ends it; what was pinned keeps the frame for ever. */
static void mp_left_behind(struct mp_fix *fix, bool publish, bool pinned)
{
	unsigned long left;

	mp_fix_make(fix, publish);
	mp_fix_watch(fix);
	if (pinned)
		mp_pin_once(fix);
	KUNIT_EXPECT_EQ(fix->test, mp_walk_release(fix->pool, true, &left),
			1UL);
	KUNIT_EXPECT_EQ(fix->test, left, 0UL);
	if (pinned)
		put_page(fix->src);
}

static void mp_left_private(struct mp_fix *fix)
{
	mp_left_behind(fix, false, false);
}

static void mp_left_private_pinned(struct mp_fix *fix)
{
	mp_left_behind(fix, false, true);
}

static void mp_left_live_pinned(struct mp_fix *fix)
{
	mp_left_behind(fix, true, true);
}

static const struct mp_life mp_lives[] = {
	{ "no memory", EDGE(claim) | EDGE(back_out), mp_no_memory },
	{ "never published", GIVEN | FREED_PRIVATE, mp_only_alloc },
	{ "pinned before and after",
	  PUBLISHED | EDGE(pin_private) | EDGE(unpin_private) |
	  EDGE(pin_live) | EDGE(unpin_live) | FREED_LIVE, mp_pinned_twice },
	{ "published while pinned",
	  PUBLISHED | EDGE(pin_private) | EDGE(unpin_live) | FREED_LIVE,
	  mp_published_pinned },
	{ "moves", PUBLISHED | EDGE(begin) | EDGE(end) | FREED_LIVE, mp_moves },
	{ "refuses to move",
	  PUBLISHED | EDGE(begin) | EDGE(abort) | FREED_LIVE, mp_not_moved },
	{ "freed in motion",
	  PUBLISHED | EDGE(begin) | EDGE(free_moving) | EDGE(die),
	  mp_freed_in_motion },
	{ "held long",
	  PUBLISHED | EDGE(begin) | EDGE(end_placed) | EDGE(unpin_live) |
	  FREED_LIVE, mp_held_long },
	{ "left behind", GIVEN | FREED_PRIVATE, mp_left_private },
	{ "left behind pinned",
	  GIVEN | EDGE(pin_private) | EDGE(leave_private) | EDGE(gone_private),
	  mp_left_private_pinned },
	{ "left behind live and pinned",
	  PUBLISHED | EDGE(pin_live) | EDGE(leave_live) | EDGE(gone_live),
	  mp_left_live_pinned },
};

static void mp_edges_read(unsigned long *made)
{
	enum mp_transition i;

	for (i = 0; i < MP_NR_TRANSITIONS; i++)
		made[i] = mp_transition_made(i);
}

static void mp_live(struct kunit *test, const struct mp_life *life)
{
	unsigned long before[MP_NR_TRANSITIONS], after[MP_NR_TRANSITIONS];
	struct mp_fix *fix = mp_fix_new(test, life->name);
	enum mp_transition i;

	mp_edges_read(before);
	life->run(fix);
	mp_fix_end(fix);
	mp_edges_read(after);
	for (i = 0; i < MP_NR_TRANSITIONS; i++)
		KUNIT_EXPECT_EQ_MSG(test, after[i] > before[i],
				    !!(life->edges & BIT(i)), "%s: %s",
				    life->name, mp_transition_name(i));
}

static void every_edge(struct kunit *test)
{
	unsigned long edges = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(mp_lives); i++) {
		mp_live(test, &mp_lives[i]);
		edges |= mp_lives[i].edges;
	}
	KUNIT_EXPECT_EQ_MSG(test, edges, EDGES, "edges that no life goes over");
	kunit_info(test, "%u edges\n", MP_NR_TRANSITIONS);
}

/* What mp_word_watch() would warn of. */
static void no_edge(struct kunit *test)
{
	const u64 here = 5ULL << 24, there = 6ULL << 24, pin = 1 << 4;
	const u64 failed = MP_WORD_POISONED;
	const u64 dying = 4;
	const struct { u64 from; u64 to; } wrong[] = {
		{ 0, here | 1 },		/* not claimed */
		{ 4, 4 },			/* claimed twice */
		{ here | 1, here | 3 },		/* moves, not published */
		{ here | pin | 2, here | pin | 3 },	/* pinned */
		{ here | dying | 2, here | dying | 3 },	/* being freed */
		{ here | 3, here | pin | 3 },	/* pinned in motion */
		{ here | 2, here | 3 * pin | 2 },	/* two at a time */
		{ here | 2, there | 2 },	/* without MOVING */
		{ here | pin | 2, here | pin },	/* EMPTY and with a page */
		{ here | 2, 0 },		/* without dying */
		{ here | dying | 2, here | 2 },	/* back from the dead */
		{ here | dying | 2, here | dying | pin | 2 },
		{ here | dying | 3, there | 2 },
		{ here | 2, here | 1 },		/* taken back */
		{ here | 3, here | 2 | 2 * pin },
		/* After a memory failure. */
		{ here | failed | 2, here | failed | pin | 2 },
		{ here | failed | 2, here | failed | 3 },
		{ here | failed | 1, here | 2 },
		{ here | failed | 2, here | 2 },	/* whole again */
		{ here | 1, here | failed | 2 },	/* and published */
		{ here | 3, here | failed | 3 },	/* in motion */
		{ here | dying | 2, here | failed | dying | 2 },
		{ 0, failed },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		KUNIT_EXPECT_FALSE_MSG(test, mp_word_may(wrong[i].from,
							 wrong[i].to),
				       "%#llx to %#llx", wrong[i].from,
				       wrong[i].to);
}

/* And what it would not, though no life above goes there. */
static void failures(struct kunit *test)
{
	const u64 here = 5ULL << 24, pin = 1 << 4, dying = 4;
	const u64 failed = MP_WORD_POISONED;
	const struct { u64 from; u64 to; } right[] = {
		{ here | 1, here | failed | 1 },
		{ here | pin | 2, here | failed | pin | 2 },
		{ here | failed | pin | 2, here | failed | 2 },
		{ here | failed | 1, here | failed | 2 },
		{ here | failed | 2, here | failed | dying | 2 },
		{ here | failed | dying | 2, 0 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(right); i++)
		KUNIT_EXPECT_TRUE_MSG(test, mp_word_may(right[i].from,
							right[i].to),
				      "%#llx to %#llx", right[i].from,
				      right[i].to);
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(every_edge),
	KUNIT_CASE(no_edge),
	KUNIT_CASE(failures),
	{}
};

MP_SUITE(tested, "transition", mp_cases);
kunit_test_suites(&mp_suite_tested);
