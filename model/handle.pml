/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One handle, its pool, and everybody who may come to it at once: the VM
 * (isolate, migrate, putback), the owner and another thread of the owner's, the
 * worker that lets go of what was freed while it was locked, destroy() and
 * rmmod.
 *
 * What is a step here is one atomic operation there, or one access under a lock
 * that is held.  Changes of the handle's word are the transitions of
 * drivers/movable-pool/transition.h, which tools/model.py turns into go_NAME();
 * a compare-and-exchange loop decides by the word that it replaces, so it is
 * one step.
 *
 * -D BACKING=...: LOOSE (the mark goes when the page does), TYPED (a page type,
 * which stays), CACHE (page cache).  -D VMS=, -D OTHERS=: how many threads of
 * the VM's and of the owner's besides the one that makes and frees.
 * -D BATCH: the VM allocates and reclaims with two pages locked, and the owner's
 * shrinker frees in that thread.  -D MISTAKES: pins are forgotten.  -D LIVE:
 * does it end?
 */

#include "transitions.h"

#define LOOSE	0
#define TYPED	1
#define CACHE	2
#ifndef BACKING
#define BACKING	LOOSE
#endif
#ifndef VMS
#define VMS	1
#endif
#ifndef OTHERS
#define OTHERS	1
#endif
#ifndef ROUNDS
#define ROUNDS	1	/* lives of the handle */
#endif
#ifndef TRIPS
#define TRIPS	1	/* of each VM thread */
#endif

#define FRAMES	3
#ifndef FREE
#define FREE	FRAMES	/* that the page allocator has to give */
#endif
#define PASSES	2	/* of migrate_pages() */
/* Who is who: the VM's threads are 1 and 2. */
#define NOBODY	0
#define OTHER	3	/* and 4 */
#define OWNER	5
#define WORKER	6

/* Who wants a move. */
#define BY_VM		0
#define DIRECTED	1
#define LONGTERM	2

/* What the core answers, and what the VM makes of it. */
#define DONE	0
#define AGAIN	1
#define BUSY	2
#define ORPHAN	3

typedef frame {
	byte lock;		/* the page lock: who has it */
	byte link_lock;
	byte refs;		/* 0: with the page allocator */
	bit link;		/* leads to the handle */
	bit isolated;		/* the link's flag */
	bit mark;		/* looks movable to the VM */
	bit taken;		/* the VM has it isolated */
	bit listed;		/* in the list of what was freed */
	byte value;		/* what the owner has written */
}

frame page[FRAMES];

/* The handle: its word, is its memory there, what it should hold. */
byte state, pins, pfn;
bit dying;
bit alive;
byte truth;
bit told;			/* ops->freed has been called */
byte inside;			/* threads that may look at the handle */
byte asleep;			/* on the word's address: a bit each */

/* The pool, and the framework. */
bit pool = 1, shutdown, text = 1;
byte nr_pages, nr_listed, busy, callbacks;
byte finished;			/* of the owner's threads */
byte vms_finished;
byte lost;			/* frames of pages that are pinned for ever */

/* Of a choice: what the word may be is dealt with, and does not wait. */
#define no_other_case	else -> assert(false)

#define handle_there()	assert(alive)
#define pool_there()	assert(pool)
#define movable()	(state == LIVE && !dying && !pins)

inline wake()
{
	asleep = 0
}

/* A page goes back to the page allocator with nothing left on it. */
inline put_page(f)
{
	d_step {
		assert(page[f].refs > 0);
		page[f].refs--;
		if
		:: page[f].refs == 0 ->
			assert(!page[f].lock && !page[f].link_lock);
			assert(!page[f].link && !page[f].taken && !page[f].listed);
			assert(BACKING == TYPED || !page[f].mark);
			page[f].mark = 0;
			page[f].value = 0
		:: else
		fi
	}
}

/* Return: a frame of nobody's in @f, FRAMES if there is none. */
inline new_page(f)
{
	d_step {
		f = 0;
		do
		:: f < FREE && page[f].refs > 0 -> f++
		:: else -> break
		od;
		if
		:: f < FREE -> page[f].refs = 1
		:: else -> f = FRAMES
		fi
	}
}

inline unlock_page(f)
{
	d_step { assert(page[f].lock == me); page[f].lock = NOBODY }
}

inline lock_link(f)
{
	atomic { page[f].link_lock == NOBODY -> page[f].link_lock = me }
}

inline unlock_link(f)
{
	d_step { assert(page[f].link_lock == me); page[f].link_lock = NOBODY }
}

/* Under the page lock or the link lock. */
inline cut(f)
{
	d_step {
		assert(page[f].lock == me || page[f].link_lock == me);
		page[f].link = 0;
		page[f].isolated = 0
	}
}

/* The books on a page are closed; the pool may go right after. */
inline page_leave()
{
	d_step { pool_there(); assert(nr_pages > 0); nr_pages-- }
}

inline pool_leave()
{
	d_step { pool_there(); assert(busy > 0); busy-- }
}

/* ops->freed: the memory is the driver's; freed, if nobody looks at it. */
inline freed()
{
	d_step {
		handle_there();
		pool_there();
		told = 1;
		if
		:: !inside -> alive = 0
		:: else
		fi
	}
}

/* The last of the driver's threads to look at the object frees it. */
inline leave_object(gone)
{
	d_step {
		inside--;
		told = told | gone;
		if
		:: told && !inside -> alive = 0
		:: else
		fi
	}
}

/*
 * The owner's end of a page in frame @f, by whoever frees.
 */
inline let_go(f)
{
	d_step { if :: BACKING != TYPED -> page[f].mark = 0 :: else fi };
	unlock_page(f);
	put_page(f)
}

/* To the list of what was freed while somebody had it locked. */
inline defer(f)
{
	d_step { page[f].listed = 1; nr_listed++ }
}

inline release(f)
{
	if
	:: BACKING == LOOSE ->
		if
		:: atomic { page[f].lock == NOBODY -> page[f].lock = me };
			cut(f);
			let_go(f)
		:: atomic { page[f].lock != NOBODY -> skip };
			lock_link(f);
			cut(f);
			unlock_link(f);
			defer(f)
		fi
	:: BACKING == TYPED ->
		lock_link(f);
		cut(f);
		unlock_link(f);
		put_page(f)
	:: BACKING == CACHE ->
		lock_link(f);
		cut(f);
		unlock_link(f);
		defer(f)
	fi
}

/* In the mover, which has the page locked. */
inline make_orphan(f)
{
	cut(f);
	if
	:: BACKING == TYPED -> put_page(f)
	:: else -> defer(f)
	fi
}

/* wait_var_event(): until the page does not move. */
inline wait_moving()
{
	do
	:: state != MOVING -> break
	:: else ->
		asleep = asleep | 1 << me;
		if
		:: state != MOVING -> break
		:: else -> !(asleep & 1 << me)
		fi
	od
}

/* Of a handle that is dying, until it is empty. */
inline release_page()
{
	at = pfn;
	release(at);
	at = 0;
	if
	:: go_gone_private()
	:: go_gone_live()
	:: no_other_case
	fi
}

/* movable_page_free_async(), which waits for nothing. */
inline free_async()
{
	handle_there();
	if
	:: go_free_private() -> release_page(); freed(); page_leave()
	:: go_free_live() -> release_page(); freed(); page_leave()
	:: go_free_moving()
	:: state == EMPTY || dying || (state != MOVING && pins)
	:: no_other_case
	fi
}

/* movable_page_free().  @ok: the page is gone. */
inline free(ok)
{
	ok = 0;
	do
	:: handle_there();
		if
		:: go_free_private() -> ok = 1
		:: go_free_live() -> ok = 1
		:: state == MOVING && !dying -> wait_moving()
		:: state == EMPTY || dying || (state != MOVING && pins) ->
			break
		:: no_other_case
		fi;
		if
		:: ok -> release_page(); page_leave(); break
		:: else
		fi
	od
}

/*
 * The core's part of a move (migrate.c): @s and @t are locked by the caller,
 * who has a reference to each.  @rc: DONE, AGAIN, BUSY or ORPHAN.
 */
inline die(t)
{
	make_orphan(t);
	handle_there();
	if :: go_die() :: no_other_case fi;
	wake();
	freed();
	page_leave();
	pool_leave()
}

inline abort(s, err)
{
	if
	:: go_abort() -> wake(); pool_leave(); rc = err
	:: state == MOVING && dying -> die(s); rc = ORPHAN
	:: no_other_case
	fi
}

/* All is there but the word; freed meanwhile, it is born dead. */
inline stillborn(t, order)
{
	die(t);
	rc = (order -> ORPHAN : DONE)
}

inline publish_at(t, order)
{
	if
	:: order == LONGTERM ->
		if
		:: go_end_placed(t) -> wake(); pool_leave(); rc = DONE
		:: state == MOVING && dying -> stillborn(t, order)
		:: no_other_case
		fi
	:: else ->
		if
		:: go_end(t) -> wake(); pool_leave(); rc = DONE
		:: state == MOVING && dying -> stillborn(t, order)
		:: no_other_case
		fi
	fi
}

inline core_migrate(s, t, order)
{
	lock_link(s);
	if
	:: !page[s].link -> rc = ORPHAN
	:: else ->
		handle_there();
		pool_there();
		if
		:: shutdown -> rc = BUSY
		:: else ->
			busy++;
			if
			:: go_begin() -> rc = DONE
			:: !movable() -> pool_leave(); rc = AGAIN
			:: no_other_case
			fi
		fi
	fi;
	unlock_link(s);
	if
	:: rc != DONE
	:: else ->
		/* Only now: who has a reference may write. */
		if
		:: page[s].refs != 2 + (order && page[s].isolated) ->
			abort(s, AGAIN)
		:: else ->
			assert(!pins);
			copy = page[s].value;
			assert(!pins);
			page[t].value = copy;
			if
			/* The cache counts references again, and freezes. */
			:: BACKING == CACHE && page[s].refs != 2 ->
				abort(s, AGAIN)
			:: else ->
				d_step {
					page[t].refs++;
					page[t].link = 1;
					page[t].mark = 1;
					page[s].link = 0;
					page[s].isolated = 0;
					if
					:: BACKING == CACHE || order && BACKING == LOOSE ->
						page[s].mark = 0
					:: else
					fi
				};
				put_page(s);
				handle_there();
				publish_at(t, order)
			fi
		fi
	fi;
	copy = 0
}

/*
 * The VM's callbacks, with the page locked.
 */

/* Are we there to be called?  A type's core asks, else the mark says so. */
inline call_begin(f, there)
{
	d_step {
		there = page[f].mark;
		if
		:: BACKING == TYPED && (!page[f].link || !text) -> there = 0
		:: else
		fi;
		if
		:: there -> assert(text); callbacks++
		:: else
		fi
	}
}

inline call_end()
{
	callbacks--
}

/* The page is not ours any more: nor is a mark of our own on it. */
inline unmark(f)
{
	d_step { if :: BACKING == LOOSE -> page[f].mark = 0 :: else fi }
}

inline vm_isolate(f, ok)
{
	ok = 0;
	if
	:: atomic { page[f].lock == NOBODY -> page[f].lock = me };
		if
		:: !page[f].mark || page[f].taken
		:: BACKING == CACHE && page[f].mark && !page[f].taken -> ok = 1
		:: BACKING != CACHE && page[f].mark && !page[f].taken ->
			call_begin(f, there);
			if
			:: there ->
				lock_link(f);
				if
				:: page[f].link ->
					handle_there();
					pool_there();
					d_step {
						ok = movable() && !shutdown;
						page[f].isolated = ok
					}
				:: else
				fi;
				unlock_link(f);
				call_end()
			:: else
			fi
		fi;
		page[f].taken = page[f].taken | ok;
		unlock_page(f)
	:: atomic { page[f].lock != NOBODY -> skip }
	fi;
	there = 0
}

inline vm_putback(f)
{
	atomic { page[f].lock == NOBODY -> page[f].lock = me };
	if
	:: BACKING != CACHE ->
		call_begin(f, there);
		if
		:: there ->
			lock_link(f);
			if
			:: page[f].link -> page[f].isolated = 0
			:: else -> unmark(f)
			fi;
			unlock_link(f);
			call_end()
		:: else
		fi
	:: else
	fi;
	page[f].taken = 0;
	unlock_page(f);
	put_page(f);
	there = 0
}

/* migrate_pages() of one page; @rc: whether it is done with. */
inline vm_migrate(f)
{
	new_page(to);
	if
	:: to == FRAMES -> rc = AGAIN
	:: else ->
		if
		/* MIGRATE_ASYNC tries, the others wait. */
		:: atomic { page[f].lock != NOBODY -> skip }; rc = AGAIN
		:: atomic { page[f].lock == NOBODY -> page[f].lock = me };
			page[to].lock = me;
#ifdef BATCH
			/*
			 * With both locked it allocates for the next of its
			 * batch (since 6.3): a shrinker of the owner's.
			 */
			if
			:: atomic { alive && !finished -> inside++ };
				free(ok);
				leave_object(ok);
				ok = 0
			:: skip
			fi;
#endif
			call_begin(f, there);
			if
			:: there ->
				core_migrate(f, to, BY_VM);
				if
				:: rc == ORPHAN && BACKING == CACHE -> rc = BUSY
				:: rc == ORPHAN && BACKING != CACHE ->
					unmark(f);
					rc = DONE
				:: rc == DONE -> unmark(f)
				:: else
				fi;
				call_end()
			/* It was freed meanwhile: nothing is left to move. */
			:: else -> rc = DONE
			fi;
			unlock_page(to);
			if
			:: rc == DONE -> page[f].taken = 0
			:: else
			fi;
			unlock_page(f)
		fi;
		put_page(to);
		if
		:: rc == DONE -> put_page(f)
		:: else
		fi
	fi;
	there = 0;
	to = 0
}

active [VMS] proctype vm()
{
	byte me = _pid + 1;
	byte f, to, rc, copy, trips, passes, at;
	bit ok, there;

end:	do
	:: trips < TRIPS ->
		/* get_page_unless_zero(), of what looks movable. */
		if
		:: atomic { page[0].refs && page[0].mark -> f = 0; page[0].refs++ }
		:: atomic { page[1].refs && page[1].mark -> f = 1; page[1].refs++ }
		:: atomic { page[2].refs && page[2].mark -> f = 2; page[2].refs++ }
		:: finished == 1 + OTHERS -> break
		fi;
		trips++;
		vm_isolate(f, ok);
		if
		:: !ok -> put_page(f)
		:: else ->
			ok = 0;
			rc = AGAIN;
			do
			:: rc == DONE -> break
			:: rc != DONE && passes < PASSES -> passes++; vm_migrate(f)
			:: rc != DONE -> vm_putback(f); break
			od;
			passes = 0
		fi;
		rc = 0;
		f = 0
	:: else -> break
	od;
	vms_finished++
}

/*
 * It comes back later than anybody keeps a lock, or, of page cache, a
 * reference: that goes only when nobody else has one.
 */
#define free_to_go(f)	(page[f].listed && !page[f].lock && \
			 (BACKING != CACHE || page[f].refs == 1))

inline look(f)
{
	if
	:: BACKING == CACHE && page[f].refs > 1 -> unlock_page(f)
	:: else ->
		d_step { page[f].listed = 0; page[f].mark = 0 };
		unlock_page(f);
		put_page(f);
		nr_listed--
	fi;
	f = 0
}

/* Takes a second look at what was freed while somebody had it locked. */
active proctype worker()
{
	byte me = WORKER, f;

end:	do
	:: atomic { free_to_go(0) -> f = 0; page[0].lock = me }
		look(f)
	:: atomic { free_to_go(1) -> f = 1; page[1].lock = me }
		look(f)
	:: atomic { free_to_go(2) -> f = 2; page[2].lock = me }
		look(f)
	od
}

/*
 * The owner
 */

/* What the driver does with a page that it holds. */
inline use()
{
	at = pfn;
	assert(page[at].refs && page[at].link);
	d_step {
		assert(pfn == at && page[at].value == truth);
		truth++;
		page[at].value = truth
	};
	assert(pfn == at)
}

/* movable_page_pin(); @ok: it is pinned. */
inline pin(ok)
{
	ok = 0;
	do
	:: handle_there();
		if
		:: go_pin_private() -> ok = 1; break
		:: go_pin_live() -> ok = 1; break
		:: state == MOVING && !dying -> wait_moving()
		:: state == EMPTY || dying -> break
		:: no_other_case
		fi
	od
}

inline unpin()
{
	if
	:: go_unpin_private()
	:: go_unpin_live()
	:: no_other_case
	fi
}

/* One try of a directed move, or long-term pin, of the page in frame @f. */
inline direct(f, order)
{
	rc = AGAIN;
	if
	:: atomic { page[f].mark && page[f].link && page[f].refs -> page[f].refs++ };
		new_page(to);
		if
		:: to == FRAMES
		:: else ->
			if
			:: atomic { page[f].lock == NOBODY -> page[f].lock = me };
				page[to].lock = me;
				if
				:: page[f].mark && page[f].link ->
					core_migrate(f, to, order)
				:: else
				fi;
				unlock_page(to);
				unlock_page(f)
			:: atomic { page[f].lock != NOBODY -> skip }
			fi;
			put_page(to)
		fi;
		put_page(f)
	:: atomic { !(page[f].mark && page[f].link && page[f].refs) -> skip }
	fi;
	to = 0
}

active [OTHERS] proctype other()
{
	byte me = OTHER + _pid - VMS - 1;
	byte at, copy, rc, to;
	bit ok;

	if
	:: atomic { alive && !shutdown -> inside++ };
		handle_there();
		if
		:: pin(ok)
		:: at = pfn; direct(at, DIRECTED)
		:: at = pfn; direct(at, LONGTERM); ok = rc == DONE
		fi;
		if
		:: ok ->
			use();
			if
			:: unpin()
#ifdef MISTAKES
			:: skip		/* forgotten */
#endif
			fi
		:: else
		fi;
		ok = 0;
		at = 0;
		rc = 0;
		leave_object(0)
	:: skip
	fi;
	finished++
}

/* movable_page_publish(); a shrinker may have been faster. */
inline publish()
{
	if
	:: go_publish()
	:: state == EMPTY || dying
	:: no_other_case
	fi
}

active proctype owner()
{
	byte me = OWNER;
	byte f, at, rounds;
	bit ok, pinned;

	do
	:: rounds < ROUNDS ->
		rounds++;
		/* alloc: a new object, a new page */
		d_step { alive = 1; told = 0; truth = 0; inside = 1 };
		nr_pages++;
		if :: go_claim() :: no_other_case fi;
		new_page(f);
		if
		:: f == FRAMES ->
			if :: go_back_out() :: no_other_case fi;
			page_leave();
			leave_object(1);
			goto next
		:: else
		fi;
		page[f].lock = me;
		d_step { page[f].link = 1; page[f].mark = 1 };
		if :: go_give(f) :: no_other_case fi;
		unlock_page(f);
		if
		:: skip		/* never published */
		:: true -> publish()
		fi;
		/* free, free_async, or forget */
		do
		:: free(ok);
			if
			:: ok || state == EMPTY || dying -> break
			:: else
			fi
		:: free_async();
			if
			:: told || state == EMPTY || dying -> break
			:: else
			fi
		:: rounds == ROUNDS -> leave_object(0); goto forget
		od;
		leave_object(ok);
		ok = 0;
next:		!alive;
		f = 0
	:: else -> break
	od;
forget:	skip;
	/* destroy(), when no other of the driver's threads is inside */
	finished++;
	finished == 1 + OTHERS && !inside;
	shutdown = 1;
	busy == 0;
	do
	:: nr_pages == 0 -> break
	:: else ->
		f = 0;
		do
		:: f == FRAMES -> break
		:: else ->
			if
			:: atomic { page[f].mark && page[f].link && page[f].refs -> page[f].refs++ };
				if
				:: atomic { page[f].lock == NOBODY -> page[f].lock = me };
					lock_link(f);
					ok = 0;
					pinned = pins > 0;
					if
					/* The VM gives it back soon. */
					:: !page[f].link || dying || pinned && page[f].isolated
					:: else ->
						if
						:: go_free_private() -> go_gone_private()
						:: go_free_live() -> go_gone_live()
						:: go_leave_private() -> go_gone_private()
						:: go_leave_live() -> go_gone_live()
						:: no_other_case
						fi;
						cut(f);
						ok = 1
					fi;
					unlock_link(f);
					/* Who has it pinned may write to it for ever. */
					if
					:: ok && !pinned -> let_go(f); page_leave()
					:: ok && pinned ->
						d_step { if :: BACKING != TYPED -> page[f].mark = 0 :: else fi };
						unlock_page(f);
						lost++;
						page_leave()
					:: else -> unlock_page(f)
					fi
				:: atomic { page[f].lock != NOBODY -> skip }
				fi;
				put_page(f)
			:: atomic { !(page[f].mark && page[f].link && page[f].refs) -> skip }
			fi;
			f++
		od
	od;
	busy == 0;
	pool = 0;
	alive = 0;
	/* rmmod */
	!nr_listed;
	if
	:: BACKING == TYPED -> atomic { text = 0; callbacks == 0 }
	:: else -> text = 0
	fi;
	/* When all is over nothing is lost. */
	vms_finished == VMS;
	d_step {
		assert(page[0].refs + page[1].refs + page[2].refs == lost);
		assert(state == EMPTY && !dying && !pins && !inside)
	}
}

/* Everybody comes to an end, if nobody is kept from running for ever. */
#ifdef LIVE
ltl ends { <> (text == 0) }
#endif
