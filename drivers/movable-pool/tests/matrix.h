/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_TESTS_MATRIX_H
#define _MOVABLE_POOL_TESTS_MATRIX_H

/*
 * Every operation in every state of the handle: what it returns, what it says,
 * and what it leaves behind in word, link, references and books.
 */

#include "tests.h"

/* The word, spelled out: not by the functions under test. */
#define EMPTY		0ULL
#define PRIVATE		1ULL
#define LIVE		2ULL
#define MOVING		3ULL
#define DYING		4ULL
#define ASYNC		8ULL
#define PINS(n)		((u64)(n) << 4)
#define PFN(page)	((u64)page_to_pfn(page) << 24)
#define SAME		~0ULL

/* A field of the books, as a bit. */
#define FIELD(name)	(offsetof(struct movable_pool_stats, name) / \
			 sizeof(long))
#define BOOK(name)	BIT(FIELD(name))
#define NR_FIELDS	(sizeof(struct movable_pool_stats) / sizeof(long))

#define REFUSED(why)	(BOOK(attempted) | BOOK(refused_##why))

#define IN(state)	BIT(MP_AT_##state)
#define ALL		(BIT(MP_NR_AT) - 1)
#define NO_PAGE		(IN(EMPTY) | IN(CLAIMED))
#define ALL_DYING	(IN(PRIVATE_DYING) | IN(LIVE_DYING) | \
			 IN(ISOLATED_DYING) | IN(MOVING_DYING))
#define LIVE_PINNED	(IN(LIVE_PINNED) | IN(ISOLATED_PINNED))
#define ALL_PINNED	(IN(PRIVATE_PINNED) | LIVE_PINNED)
#define LIVE_FREE	(IN(LIVE) | IN(LIVE_LOCKED) | IN(ISOLATED) | \
			 IN(ISOLATED_LOCKED) | IN(PUBLISHED))
/* Where the mover has the page's lock, no other part of the VM comes. */
#define IN_MOVE		(IN(MOVING) | IN(MOVING_DYING) | IN(PUBLISHED))

/**
 * struct mp_cell - an operation in some states
 * @in: the states, as bits
 * @ret: what it returns
 * @word: what the handle's word is then, but for pfn and async
 * @books: what goes up by one
 * @said: a sentence of mp_misuse(), or NULL
 */
struct mp_cell {
	unsigned long in;
	int ret;
	u64 word;
	unsigned long books;
	const char *said;
};

/* Nothing changes but the books. */
#define NO(states, value, wrote) \
	{ .in = states, .ret = value, .word = SAME, .books = wrote }
/* Nothing at all, and a complaint. */
#define BAD(states, value, says) \
	{ .in = states, .ret = value, .word = SAME, .said = says }
#define YES(states, value, becomes, wrote) \
	{ .in = states, .ret = value, .word = becomes, .books = wrote }

/**
 * struct mp_op_row - an operation
 * @name: of it
 * @run: it
 * @never: the states that cannot meet it, as bits
 * @frees: it may free the page
 * @async: and says so in ops->freed
 * @by_hand: it is the VM's part
 * @cells: the other states
 */
struct mp_op_row {
	const char *name;
	int (*run)(struct mp_fix *fix);
	unsigned long never;
	bool frees;
	bool async;
	bool by_hand;
	struct mp_cell cells[MP_NR_AT];
};

/* The page the handle has now. */
struct page *mp_now(struct mp_fix *fix);

/* One row, in all the states that the suite's backing can have. */
void mp_try_row(struct kunit *test, const struct mp_op_row *row);

#endif /* _MOVABLE_POOL_TESTS_MATRIX_H */
