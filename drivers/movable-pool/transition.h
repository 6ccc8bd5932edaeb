/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every way in which a handle's word may change (word.h draws it), but for a
 * memory failure, which sets its bit and leaves the rest; for whoever
 * includes this with an MP_TRANSITION() of his own: word_watch.c, which has
 * test builds hold to it, and model/, whose steps are made of it.
 *
 * MP_TRANSITION(name, from, dying, pins, to, dying, pins, frame): a page in
 * state @from, with or without MP_WORD_DYING, that has NO, SOME or ANY pins, is
 * then in state @to, with or without, and has KEPT its pins, got ONE more, LOST
 * one, or has DROPPED them all; its frame is KEPT, a NEW one, or DROPPED.
 */
MP_TRANSITION(claim, EMPTY, 0, NO, EMPTY, 1, KEPT, KEPT)
MP_TRANSITION(back_out, EMPTY, 1, NO, EMPTY, 0, KEPT, KEPT)
MP_TRANSITION(give, EMPTY, 1, NO, PRIVATE, 0, KEPT, NEW)
MP_TRANSITION(publish, PRIVATE, 0, ANY, LIVE, 0, KEPT, KEPT)
MP_TRANSITION(pin_private, PRIVATE, 0, ANY, PRIVATE, 0, ONE, KEPT)
MP_TRANSITION(pin_live, LIVE, 0, ANY, LIVE, 0, ONE, KEPT)
MP_TRANSITION(unpin_private, PRIVATE, 0, SOME, PRIVATE, 0, LOST, KEPT)
MP_TRANSITION(unpin_live, LIVE, 0, SOME, LIVE, 0, LOST, KEPT)
MP_TRANSITION(begin, LIVE, 0, NO, MOVING, 0, KEPT, KEPT)
MP_TRANSITION(abort, MOVING, 0, NO, LIVE, 0, KEPT, KEPT)
MP_TRANSITION(end, MOVING, 0, NO, LIVE, 0, KEPT, NEW)
MP_TRANSITION(end_placed, MOVING, 0, NO, LIVE, 0, ONE, NEW)
MP_TRANSITION(free_private, PRIVATE, 0, NO, PRIVATE, 1, KEPT, KEPT)
MP_TRANSITION(free_live, LIVE, 0, NO, LIVE, 1, KEPT, KEPT)
MP_TRANSITION(free_moving, MOVING, 0, NO, MOVING, 1, KEPT, KEPT)
MP_TRANSITION(leave_private, PRIVATE, 0, SOME, PRIVATE, 1, KEPT, KEPT)
MP_TRANSITION(leave_live, LIVE, 0, SOME, LIVE, 1, KEPT, KEPT)
MP_TRANSITION(gone_private, PRIVATE, 1, ANY, EMPTY, 0, DROPPED, DROPPED)
MP_TRANSITION(gone_live, LIVE, 1, ANY, EMPTY, 0, DROPPED, DROPPED)
MP_TRANSITION(die, MOVING, 1, NO, EMPTY, 0, DROPPED, DROPPED)
