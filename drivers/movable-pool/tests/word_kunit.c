// SPDX-License-Identifier: GPL-2.0
/* The handle's word: what it holds at its limits, and that parts stay apart. */

#include "../word.h"
#include "tests.h"

#define MAX_PFN		((1UL << 40) - 1)
#define MAX_PINS	((1U << 18) - 1)
#define POISONED	BIT_ULL(22)

static const unsigned long mp_pfns[] = { 0, 1, 0x80000, 1UL << 39, MAX_PFN };
static const unsigned int mp_pin_counts[] = { 0, 1, 2, 1U << 17, MAX_PINS };

static void mp_word_parts(struct kunit *test, unsigned long pfn,
			  unsigned int pins, unsigned int low)
{
	u64 word = (u64)pfn << 24 | (u64)pins << 4 | low;
	enum movable_page_state state = low & 3;

	KUNIT_EXPECT_EQ(test, mp_word_pfn(word), pfn);
	KUNIT_EXPECT_EQ(test, mp_word_pins(word), pins);
	KUNIT_EXPECT_EQ(test, mp_word_state(word), state);
	KUNIT_EXPECT_EQ(test, mp_word_dying(word), !!(low & 4));
	KUNIT_EXPECT_EQ(test, mp_word_with(word, state ^ 3), word ^ 3);
	KUNIT_EXPECT_EQ(test, mp_word_at(word, pfn ^ MAX_PFN),
			word ^ (u64)MAX_PFN << 24);
	KUNIT_EXPECT_EQ(test, mp_word_movable(word),
			state == MOVABLE_PAGE_LIVE && !(low & 4) && !pins);
}

static void packing(struct kunit *test)
{
	unsigned int pfn, pins, low;

	for (pfn = 0; pfn < ARRAY_SIZE(mp_pfns); pfn++)
		for (pins = 0; pins < ARRAY_SIZE(mp_pin_counts); pins++)
			for (low = 0; low < 16; low++)
				mp_word_parts(test, mp_pfns[pfn],
					      mp_pin_counts[pins], low);
}

/* Many pins: the last one fits, none spills over, all can be taken back. */
static void pin_limit(struct kunit *test)
{
	u64 full = (u64)MAX_PFN << 24 | (u64)(MAX_PINS - 1) << 4 | 10;
	struct movable_page mp = { ATOMIC64_INIT(full) };
	u64 last = full + 16;
	char said[160];

	KUNIT_EXPECT_EQ(test, movable_page_trypin(&mp), 0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&mp.word), last);
	KUNIT_EXPECT_EQ(test, movable_page_pins(&mp), MAX_PINS);
	KUNIT_EXPECT_EQ(test, movable_page_trypin(&mp), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, movable_page_pin(&mp), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, PTR_ERR(movable_page_map(&mp)), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&mp.word), last);
	KUNIT_EXPECT_EQ(test, movable_page_free(&mp), -EBUSY);
	movable_page_unpin(&mp);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&mp.word), full);
	KUNIT_EXPECT_EQ(test, movable_page_pfn(&mp), MAX_PFN);
	/* Of a frame that is not there the page does not lead back. */
	KUNIT_EXPECT_EQ(test, mp_hooks_said(said, sizeof(said)), 1U);
}

/* No pin is added any more, those there are end; it is not empty. */
static void poisoned_is_closed(struct kunit *test)
{
	u64 whole = (u64)MAX_PFN << 24 | 1 << 4 | 10;
	struct movable_page mp = { ATOMIC64_INIT(whole | POISONED) };

	KUNIT_EXPECT_FALSE(test, mp_word_movable(whole | POISONED));
	KUNIT_EXPECT_EQ(test, movable_page_pins(&mp), 1U);
	KUNIT_EXPECT_EQ(test, movable_page_pfn(&mp), MAX_PFN);
	KUNIT_EXPECT_EQ(test, movable_page_trypin(&mp), -EHWPOISON);
	KUNIT_EXPECT_EQ(test, movable_page_pin(&mp), -EHWPOISON);
	KUNIT_EXPECT_EQ(test, PTR_ERR(movable_page_map(&mp)), -EHWPOISON);
	KUNIT_EXPECT_EQ(test, movable_page_free(&mp), -EBUSY);
	movable_page_unpin(&mp);
	KUNIT_EXPECT_EQ(test, movable_page_trypin(&mp), -EHWPOISON);
	KUNIT_EXPECT_FALSE(test, mp_word_movable(mp_word_read(&mp)));
	atomic64_or(4, &mp.word);
	KUNIT_EXPECT_EQ(test, movable_page_trypin(&mp), -ENOENT);
}

/* A change that came too late is not made, and says what is there now. */
static void change_is_exact(struct kunit *test)
{
	const u64 private = MAX_PFN << 24 | 1, live = MAX_PFN << 24 | 2;
	struct movable_page mp = { ATOMIC64_INIT(private) };
	u64 old = live;

	KUNIT_EXPECT_FALSE(test, mp_word_change(&mp, &old, live | 4));
	KUNIT_EXPECT_EQ(test, old, private);
	KUNIT_EXPECT_EQ(test, mp_word_read(&mp), private);
	KUNIT_EXPECT_TRUE(test, mp_word_change(&mp, &old, live));
	KUNIT_EXPECT_EQ(test, mp_word_read(&mp), live);
	old = live;
	KUNIT_EXPECT_TRUE(test, mp_word_change(&mp, &old, live | 4));
	mp_word_clear(&mp);
	KUNIT_EXPECT_EQ(test, mp_word_read(&mp), 0ULL);
}

/* What inline code takes for free to be pinned is.  Return: does it take it? */
static bool mp_inline_takes(struct kunit *test, unsigned int pins, u64 bits)
{
	u64 word = 5ULL << 24 | (u64)pins << 4 | bits;
	struct movable_page mp = { ATOMIC64_INIT(word) };

	if ((word & MP_WORD_PIN_MASK) != MOVABLE_PAGE_LIVE)
		return false;
	KUNIT_EXPECT_EQ(test, movable_page_trypin(&mp), 0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&mp.word),
			word + MP_WORD_PIN);
	return true;
}

static void pinned_inline(struct kunit *test)
{
	u64 flags[] = { 0, MP_WORD_ASYNC, MP_WORD_PLACED, POISONED };
	unsigned int pins, low, flag, taken = 0;

	for (pins = 0; pins < ARRAY_SIZE(mp_pin_counts); pins++)
		for (low = 0; low < 8; low++)
			for (flag = 0; flag < ARRAY_SIZE(flags); flag++)
				taken += mp_inline_takes(test,
							 mp_pin_counts[pins],
							 flags[flag] | low);
	/* LIVE, with few pins: 3 of the counts; and all flags but one. */
	KUNIT_EXPECT_EQ(test, taken, 9U);
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(packing),
	KUNIT_CASE(pin_limit),
	KUNIT_CASE(pinned_inline),
	KUNIT_CASE(poisoned_is_closed),
	KUNIT_CASE(change_is_exact),
	{}
};

MP_SUITE(tested, "word", mp_cases);
kunit_test_suites(&mp_suite_tested);
