/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_WORD_WATCH_H
#define _MOVABLE_POOL_WORD_WATCH_H

/*
 * Test builds look at every change of a handle's word: it has a name, or a
 * warning is given.  Nothing is left of this in the normal build.
 */

#include <linux/types.h>

enum mp_transition {
#define MP_TRANSITION(name, ...) MP_TRANSITION_##name,
#include "transition.h"
#undef MP_TRANSITION
	MP_NR_TRANSITIONS,
};

#ifdef MOVABLE_POOL_TEST
void mp_word_watch(u64 old, u64 new);
/* Is it a change that there is? */
bool mp_word_may(u64 old, u64 new);
enum mp_transition mp_transition_of(u64 old, u64 new);
const char *mp_transition_name(enum mp_transition transition);
/* How often it has been made since the module was loaded. */
unsigned long mp_transition_made(enum mp_transition transition);
#else
static inline void mp_word_watch(u64 old, u64 new) { }
#endif

#endif /* _MOVABLE_POOL_WORD_WATCH_H */
