// SPDX-License-Identifier: GPL-2.0
/* The transitions of a handle's word, by name. */

#include <linux/atomic.h>
#include <linux/bug.h>

#include "word.h"

enum mp_had_pins { MP_HAD_NO, MP_HAD_SOME, MP_HAD_ANY };
enum mp_pins_then { MP_PINS_KEPT, MP_PINS_ONE, MP_PINS_LOST, MP_PINS_DROPPED };
enum mp_frame_then { MP_FRAME_KEPT, MP_FRAME_NEW, MP_FRAME_DROPPED };

/* A row of transition.h. */
struct mp_transition_row {
	const char *name;
	enum movable_page_state from;
	bool was_dying;
	enum mp_had_pins had_pins;
	enum movable_page_state to;
	bool is_dying;
	enum mp_pins_then pins;
	enum mp_frame_then frame;
};

static const struct mp_transition_row mp_transition_rows[] = {
#define MP_TRANSITION(name, from, was, had, to, is, pins, frame) \
	[MP_TRANSITION_##name] = { \
		#name, MOVABLE_PAGE_##from, was, MP_HAD_##had, \
		MOVABLE_PAGE_##to, is, MP_PINS_##pins, MP_FRAME_##frame, \
	},
#include "transition.h"
#undef MP_TRANSITION
};

static atomic_long_t mp_transitions_made[MP_NR_TRANSITIONS];

static bool mp_pins_fit(const struct mp_transition_row *row, unsigned int old,
			unsigned int new)
{
	if (row->had_pins == (old ? MP_HAD_NO : MP_HAD_SOME))
		return false;
	switch (row->pins) {
	case MP_PINS_ONE:
		return new == old + 1;
	case MP_PINS_LOST:
		return new == old - 1;
	case MP_PINS_DROPPED:
		return !new;
	default:
		return new == old;
	}
}

static bool mp_frame_fits(const struct mp_transition_row *row,
			  unsigned long old, unsigned long new)
{
	switch (row->frame) {
	case MP_FRAME_NEW:
		return new && new != old;
	case MP_FRAME_DROPPED:
		return !new;
	default:
		return new == old;
	}
}

/*
 * With a failure there are no pins any more, and no move; it comes with no
 * other change, and goes with the page.
 */
static bool mp_failure_fits(const struct mp_transition_row *row, u64 old,
			    u64 new)
{
	if (!mp_word_poisoned(old))
		return !mp_word_poisoned(new);
	return row->pins != MP_PINS_ONE && row->to != MOVABLE_PAGE_MOVING &&
	       mp_word_poisoned(new) == (row->pins != MP_PINS_DROPPED);
}

static bool mp_transition_fits(const struct mp_transition_row *row, u64 old,
			       u64 new)
{
	return row->from == mp_word_state(old) &&
	       row->was_dying == mp_word_dying(old) &&
	       row->to == mp_word_state(new) &&
	       row->is_dying == mp_word_dying(new) &&
	       mp_failure_fits(row, old, new) &&
	       mp_pins_fit(row, mp_word_pins(old), mp_word_pins(new)) &&
	       mp_frame_fits(row, mp_word_pfn(old), mp_word_pfn(new));
}

/* Return: the one transition that this is, or MP_NR_TRANSITIONS. */
enum mp_transition mp_transition_of(u64 old, u64 new)
{
	enum mp_transition i;

	for (i = 0; i < MP_NR_TRANSITIONS; i++)
		if (mp_transition_fits(&mp_transition_rows[i], old, new))
			break;
	return i;
}

const char *mp_transition_name(enum mp_transition transition)
{
	return mp_transition_rows[transition].name;
}

unsigned long mp_transition_made(enum mp_transition transition)
{
	return atomic_long_read(&mp_transitions_made[transition]);
}

/* Memory failures are no step of anybody's: the page stays in its state. */
static bool mp_is_failure(u64 old, u64 new)
{
	return new == (old | MP_WORD_POISONED) && new != old &&
	       !mp_word_dying(new) &&
	       mp_word_state(new) != MOVABLE_PAGE_EMPTY &&
	       mp_word_state(new) != MOVABLE_PAGE_MOVING;
}

bool mp_word_may(u64 old, u64 new)
{
	return mp_is_failure(old, new) ||
	       mp_transition_of(old, new) != MP_NR_TRANSITIONS;
}

/*
 * Any context, locks held included.  The handle may be gone: only what its word
 * was and is.
 */
void mp_word_watch(u64 old, u64 new)
{
	enum mp_transition transition = mp_transition_of(old, new);

	WARN_ONCE(!mp_word_may(old, new),
		  "movable_pool: a handle's word went from %#llx to %#llx\n",
		  old, new);
	if (transition != MP_NR_TRANSITIONS)
		atomic_long_inc(&mp_transitions_made[transition]);
}
