// SPDX-License-Identifier: GPL-2.0
/*
 * Moves of the owner's, and long-term pins, in every state of the handle; what
 * is where in words and between nodes.
 */

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/movable_move.h>

#include "../link.h"
#include "../target.h"
#include "matrix.h"

#define PLACED		BIT_ULL(23)

#define MOVE_IN_OP	"a directed move in a driver op"
#define PIN_IN_OP	"a long-term pin in a driver op"
#define NOTHING_TO_PIN	"long-term pin of a handle without a page"

/**
 * struct mp_fate - what a call does in some states
 * @in: the states, as bits
 * @err: what it returns
 * @why: of a move: the page is left, for this reason; 0: it moves
 * @said: a sentence of mp_misuse(), or NULL
 */
struct mp_fate {
	unsigned long in;
	int err;
	enum movable_left_why why;
	const char *said;
};

#define ALL_LOCKED	(IN(LIVE_LOCKED) | IN(ISOLATED_LOCKED) | IN(PUBLISHED))
#define MOVABLE		(IN(LIVE) | IN(ISOLATED))
#define IN_OP		(IN(MOVING) | IN(MOVING_DYING))
#define DYING_NO_OP	(ALL_DYING & ~IN_OP)

static const struct mp_fate mp_moves[] = {
	{ .in = NO_PAGE, .why = MOVABLE_LEFT_EMPTY },
	{ .in = IN(PRIVATE) | DYING_NO_OP, .why = MOVABLE_LEFT_UNREADY },
	{ .in = ALL_PINNED, .why = MOVABLE_LEFT_PINNED },
	{ .in = ALL_LOCKED, .why = MOVABLE_LEFT_LOCKED },
	{ .in = MOVABLE },
	{ .in = IN_OP, .err = -EDEADLK, .said = MOVE_IN_OP },
};

static const struct mp_fate mp_no_moves[] = {
	{ .in = ALL, .err = -EOPNOTSUPP },
};

static const struct mp_fate mp_pins[] = {
	{ .in = NO_PAGE, .err = -ENOENT, .said = NOTHING_TO_PIN },
	{ .in = DYING_NO_OP, .err = -ENOENT },
	{ .in = IN(PRIVATE) | ALL_PINNED | ALL_LOCKED, .err = -EBUSY },
	{ .in = MOVABLE },
	{ .in = IN_OP, .err = -EDEADLK, .said = PIN_IN_OP },
};

static const struct mp_fate *mp_fate;	/* of the state that is tried */

static const struct mp_fate *mp_fate_of(const struct mp_fate *fates,
					enum mp_at at)
{
	while (!(fates->in & BIT(at)))
		fates++;
	return fates;
}

static struct page *mp_new_frame(struct movable_page *mp, unsigned long pfn,
				 void *priv)
{
	return alloc_page(GFP_HIGHUSER_MOVABLE);
}

static int mp_move_one(struct mp_fix *fix, struct movable_left *left,
		       struct movable_moved *moved)
{
	const struct movable_move move = {
		.mode = MIGRATE_SYNC,
		.alloc = mp_new_frame,
	};
	struct movable_page *mp = &fix->mp;

	*moved = (struct movable_moved) { .left = left, .max_left = 1 };
	return movable_pages_move(fix->pool, &mp, 1, &move, moved);
}

static void mp_check_moved(struct mp_fix *fix, u64 before)
{
	KUNIT_EXPECT_EQ_MSG(fix->test, (u64)atomic64_read(&fix->mp.word),
			    (before & 0xffffff) | PFN(fix->dst), "%s",
			    fix->what);
	KUNIT_EXPECT_PTR_EQ(fix->test, mp_link_handle(fix->dst), &fix->mp);
	KUNIT_EXPECT_EQ(fix->test, fix->moved, 1U);
}

static void mp_try_move(struct mp_fix *fix)
{
	u64 before = atomic64_read(&fix->mp.word);
	struct movable_left left = {};
	struct movable_moved moved;
	bool tried = !mp_fate->err;
	int err = mp_move_one(fix, &left, &moved);

	KUNIT_EXPECT_EQ_MSG(fix->test, err, mp_fate->err, "%s", fix->what);
	KUNIT_EXPECT_EQ_MSG(fix->test, moved.moved,
			    tried && !mp_fate->why ? 1UL : 0UL, "%s",
			    fix->what);
	KUNIT_EXPECT_EQ_MSG(fix->test, (int)left.why, (int)mp_fate->why, "%s",
			    fix->what);
	mp_fix_said(fix, mp_fate->said);
	if (moved.moved)
		mp_check_moved(fix, before);
	else
		KUNIT_EXPECT_EQ_MSG(fix->test, before,
				    (u64)atomic64_read(&fix->mp.word), "%s",
				    fix->what);
}

static void mp_try_longterm(struct mp_fix *fix)
{
	u64 before = atomic64_read(&fix->mp.word);
	struct movable_pin *pin;

	pin = movable_page_pin_longterm(fix->pool, &fix->mp);
	KUNIT_EXPECT_EQ_MSG(fix->test, PTR_ERR_OR_ZERO(pin), mp_fate->err,
			    "%s", fix->what);
	mp_fix_said(fix, mp_fate->said);
	if (IS_ERR(pin)) {
		KUNIT_EXPECT_EQ_MSG(fix->test, before,
				    (u64)atomic64_read(&fix->mp.word), "%s",
				    fix->what);
		return;
	}
	mp_check_moved(fix, before + PLACED + PINS(1));
	movable_page_unpin_longterm(pin);
	KUNIT_EXPECT_EQ(fix->test, movable_page_pins(&fix->mp), 0U);
}

static void mp_try_fates(struct kunit *test, const struct mp_fate *fates,
			 void (*act)(struct mp_fix *fix))
{
	const struct mp_rig *rig = test->priv;
	struct mp_fix *fix;
	enum mp_at at;

	for (at = 0; at < MP_NR_AT; at++) {
		if (!mp_at_possible(rig, at))
			continue;
		mp_fate = mp_fate_of(fates, at);
		fix = mp_fix_new(test, mp_at_name(at));
		mp_fix_reach(fix, at, act);
		mp_fix_end(fix);
	}
}

static void move_anywhere(struct kunit *test)
{
	const struct mp_rig *rig = test->priv;

	mp_try_fates(test, rig->moves ? mp_moves : mp_no_moves, mp_try_move);
}

static void longterm_anywhere(struct kunit *test)
{
	mp_try_fates(test, mp_pins, mp_try_longterm);
}

/* A frame that was allocated for a pin is one until the page moves. */
static void placed_until_it_moves(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "placed");
	struct movable_left left;
	struct movable_moved moved;
	struct movable_pin *pin;
	u64 word;

	mp_fix_make(fix, true);
	pin = movable_page_pin_longterm(fix->pool, &fix->mp);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pin));
	word = atomic64_read(&fix->mp.word);
	KUNIT_EXPECT_EQ(test, word & 0xffffff, LIVE | ASYNC | PLACED | PINS(1));
	movable_page_unpin_longterm(pin);
	pin = movable_page_pin_longterm(fix->pool, &fix->mp);
	KUNIT_EXPECT_EQ(test, word, (u64)atomic64_read(&fix->mp.word));
	movable_page_unpin_longterm(pin);
	fix->src = fix->dst;
	KUNIT_EXPECT_EQ(test, 0, mp_move_one(fix, &left, &moved));
	word = atomic64_read(&fix->mp.word);
	KUNIT_EXPECT_EQ(test, word, LIVE | ASYNC | PFN(fix->dst));
	mp_fix_end(fix);
}

/* The VM is told not to come again soon. */
static void placed_and_pinned_is_busy(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "placed and pinned");
	struct movable_pin *pin;

	mp_fix_make(fix, true);
	pin = movable_page_pin_longterm(fix->pool, &fix->mp);
	KUNIT_ASSERT_FALSE(test, IS_ERR(pin));
	fix->src = fix->dst;
	KUNIT_EXPECT_FALSE(test, mp_vm_isolate(fix));
	KUNIT_EXPECT_EQ(test, -EBUSY, mp_vm_migrate(fix, MIGRATE_SYNC));
	movable_page_unpin_longterm(pin);
	KUNIT_EXPECT_TRUE(test, mp_vm_isolate(fix));
	KUNIT_EXPECT_EQ(test, 0, mp_vm_migrate(fix, MIGRATE_SYNC));
	mp_fix_end(fix);
}

static void mp_pin_is_busy(struct mp_fix *fix, struct movable_pool *other)
{
	u64 word = atomic64_read(&fix->mp.word);
	struct movable_pin *pin = movable_page_pin_longterm(other, &fix->mp);

	KUNIT_EXPECT_EQ(fix->test, -EBUSY, PTR_ERR_OR_ZERO(pin));
	KUNIT_EXPECT_EQ(fix->test, word, (u64)atomic64_read(&fix->mp.word));
}

/* Its pin would be in the wrong pool's list. */
static void page_of_another_pool(struct kunit *test)
{
	const struct mp_rig *rigs[] = { test->priv, &mp_rig_none };
	struct mp_fix *fix = mp_fix_new(test, "another pool");
	struct movable_pool *other;
	struct movable_pin *pin;
	int i;

	mp_fix_make(fix, true);
	for (i = 0; i < ARRAY_SIZE(rigs); i++) {
		other = mp_fix_pool(test, rigs[i], &mp_fix_ops, 0, fix);
		mp_pin_is_busy(fix, other);
		pin = movable_page_pin_longterm(fix->pool, &fix->mp);
		KUNIT_ASSERT_FALSE(test, IS_ERR(pin));
		mp_pin_is_busy(fix, other);
		movable_page_unpin_longterm(pin);
		mp_pin_is_busy(fix, other);
		movable_pool_destroy(other);
	}
	mp_fix_end(fix);
}

static void vm_offers_what_is_forbidden(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "forbidden");
	struct movable_pool_stats s;

	mp_fix_make(fix, true);
	KUNIT_ASSERT_TRUE(test, mp_vm_isolate(fix));
	/* There is no such node here. */
	node_set(MAX_NUMNODES > 1 ? 1 : 0, fix->pool->policy.nodes);
	if (MAX_NUMNODES == 1)
		fix->pool->policy.dma_mask = PAGE_SIZE - 1;
	fix->pool->restricted = true;
	KUNIT_EXPECT_EQ(test, -EBUSY, mp_vm_migrate(fix, MIGRATE_SYNC));
	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ(test, s.refused_target, 1UL);
	KUNIT_EXPECT_EQ(test, fix->asked, 0U);
	fix->pool->restricted = false;
	KUNIT_EXPECT_EQ(test, 0, mp_vm_migrate(fix, MIGRATE_SYNC));
	mp_fix_end(fix);
}

/* What the caller must not ask for. */
static void bad_requests(struct kunit *test)
{
	const nodemask_t none = NODE_MASK_NONE, zero = nodemask_of_node(0);
	const struct movable_move bad[] = {
		{ .mode = MIGRATE_SYNC },
		{ .mode = MIGRATE_SYNC, .to = &none },
		{ .mode = MIGRATE_SYNC, .from = &zero },
		{ .mode = MIGRATE_SYNC, .to = &zero, .from = &none },
		{ .mode = MIGRATE_SYNC, .to = &zero, .alloc = mp_new_frame },
		{ .mode = MIGRATE_SYNC, .from = &zero, .alloc = mp_new_frame },
		{ .mode = 17, .to = &zero },
	};
	const struct movable_move good = { .mode = MIGRATE_ASYNC, .to = &zero };
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, mp_target_check(&bad[i]),
				    "request %d", i);
	KUNIT_EXPECT_EQ(test, 0, mp_target_check(&good));
}

static struct kunit_case mp_cases_loose[] = {
	KUNIT_CASE(move_anywhere),
	KUNIT_CASE(longterm_anywhere),
	KUNIT_CASE(placed_until_it_moves),
	KUNIT_CASE(page_of_another_pool),
	KUNIT_CASE(placed_and_pinned_is_busy),
	KUNIT_CASE(vm_offers_what_is_forbidden),
	KUNIT_CASE(bad_requests),
	{}
};

static struct kunit_case mp_cases_none[] = {
	KUNIT_CASE(move_anywhere),
	{}
};

MP_SUITE(tested, "directed-tested", mp_cases_loose);
MP_SUITE(none, "directed-none", mp_cases_none);
kunit_test_suites(&mp_suite_tested, &mp_suite_none);

#ifdef MP_HAVE_MIGRATION
static struct kunit_case mp_cases_cache[] = {
	KUNIT_CASE(move_anywhere),
	KUNIT_CASE(longterm_anywhere),
	KUNIT_CASE(placed_until_it_moves),
	KUNIT_CASE(page_of_another_pool),
	{}
};

MP_SUITE(cache, "directed-cache", mp_cases_cache);
kunit_test_suites(&mp_suite_cache);
#endif

#ifdef MP_HAVE_NONLRU
MP_SUITE(nonlru, "directed-nonlru", mp_cases_loose);
kunit_test_suites(&mp_suite_nonlru);
#endif
