/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_WORD_H
#define _MOVABLE_POOL_WORD_H

/*
 * The handle's word, and every way it may change.
 *
 *	63            24   23      22    21     4  3      2      1   0
 *	+---------------+------+--------+--------+-----+-------+-------+
 *	|      pfn      |placed|poisoned|  pins  |async| dying | state |
 *	+---------------+------+--------+--------+-----+-------+-------+
 *
 *	EMPTY --> EMPTY|dying --alloc--> PRIVATE
 *
 *	EMPTY --alloc--> PRIVATE --publish--> LIVE <--begin/end--> MOVING
 *	  ^                 |                  |                     |
 *	  |<---free---- PRIVATE|dying   LIVE|dying              MOVING|dying
 *	  |<-------------------'------free-----'                     |
 *	  `<-------------------------free_async, by the mover--------'
 *
 * async: the pool's driver has ops->freed, so free_async() is allowed.  It is
 * here because the pool of a page in MOVING cannot be looked up safely.
 * dying: an owner has begun to free.  No pin, no move starts any more; whoever
 * set it (MOVING: the mover) makes the word 0 once the link is cut.  Without a
 * page: alloc() is about to give the handle one.
 * pins: only in PRIVATE and LIVE; a move starts at 0 pins alone.
 * pfn: 40 bits, the 52 bits of physical address that x86-64 and arm64 have.
 * placed: the frame was allocated without __GFP_MOVABLE, for a long-term pin
 * (place.c).  The next move takes it back.
 * poisoned: a memory failure has hit the page (poison.c): no pin, no move
 * starts any more.  Never with MOVING, and never taken back.
 */

#include <linux/bits.h>
#include <linux/movable_pool.h>

#include "word_watch.h"

/* Those that drivers are compiled with are in linux/movable_pool_inline.h. */
#define MP_WORD_ASYNC		BIT_ULL(3)
#define MP_WORD_PLACED		BIT_ULL(23)

/* As in the picture; drivers have been compiled with these. */
static_assert(GENMASK_ULL(21, MP_WORD_PIN_SHIFT) == MP_WORD_PINS);
static_assert(MP_WORD_PIN_MASK == (0x7 | BIT_ULL(21) | BIT_ULL(22)));
static_assert(MP_WORD_PFN_SHIFT == 24);

/* No pins any more: tested at once, for pins are many. */
#define MP_WORD_CLOSED		(MP_WORD_DYING | MP_WORD_POISONED)

static inline enum movable_page_state mp_word_state(u64 word)
{
	return word & MP_WORD_STATE;
}

static inline bool mp_word_dying(u64 word)
{
	return word & MP_WORD_DYING;
}

static inline bool mp_word_poisoned(u64 word)
{
	return word & MP_WORD_POISONED;
}

static inline bool mp_word_placed(u64 word)
{
	return word & MP_WORD_PLACED;
}

static inline unsigned int mp_word_pins(u64 word)
{
	return (word >> MP_WORD_PIN_SHIFT) & MOVABLE_PAGE_MAX_PINS;
}

static inline unsigned long mp_word_pfn(u64 word)
{
	return word >> MP_WORD_PFN_SHIFT;
}

static inline u64 mp_word_with(u64 word, enum movable_page_state state)
{
	return (word & ~MP_WORD_STATE) | state;
}

static inline u64 mp_word_at(u64 word, unsigned long pfn)
{
	return (word & (BIT_ULL(MP_WORD_PFN_SHIFT) - 1)) |
	       (u64)pfn << MP_WORD_PFN_SHIFT;
}

/* The VM may move the page now: published, whole, nobody pins or frees it. */
static inline bool mp_word_movable(u64 word)
{
	return mp_word_state(word) == MOVABLE_PAGE_LIVE &&
	       !(word & MP_WORD_CLOSED) && !mp_word_pins(word);
}

/* In this frame, and nobody is moving it away. */
static inline bool mp_word_rests_at(u64 word, unsigned long pfn)
{
	return mp_word_pfn(word) == pfn &&
	       mp_word_state(word) != MOVABLE_PAGE_MOVING;
}

static inline u64 mp_word_read(const struct movable_page *mp)
{
	return atomic64_read(&mp->word);
}

/*
 * Every transition is one of these, a fully ordered RMW when it succeeds: what
 * its maker wrote before, contents included, is seen by whoever acts on it.
 * Each has a name (transition.h).
 */
static inline bool mp_word_change(struct movable_page *mp, u64 *old, u64 new)
{
	if (!atomic64_try_cmpxchg(&mp->word, (s64 *)old, new))
		return false;
	mp_word_watch(*old, new);
	return true;
}

/* Where nobody else changes the word: it is dying. */
static inline void mp_word_set(struct movable_page *mp, u64 word)
{
#ifdef MOVABLE_POOL_TEST
	mp_word_watch(mp_word_read(mp), word);
#endif
	atomic64_set_release(&mp->word, word);
}

/* The last store to a handle: afterwards its memory is the driver's again. */
static inline void mp_word_clear(struct movable_page *mp)
{
	mp_word_set(mp, 0);
}

#endif /* _MOVABLE_POOL_WORD_H */
