/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_TESTS_H
#define _MOVABLE_POOL_TESTS_H

/*
 * KUnit tests of the core, in one module with it (movable_pool_kunit.ko), so
 * that they reach what no driver can: the VM's side, whose part a test plays
 * itself by calling mp_core_isolate(), _migrate() and _putback(), and the
 * windows inside a call, by hooks in place of the wait points.
 */

#include <kunit/test.h>
#include <linux/migrate_mode.h>
#include <linux/movable_pool.h>

#include "../backing.h"
#include "../fault.h"
#include "../internal.h"
#include "../wait_point.h"

/* hooks.c */

/* The next to come to @wait runs @run(@arg), there, in its own thread. */
void mp_hook(enum mp_wait wait, void (*run)(void *arg), void *arg);
/* The next allocation to come to @fail fails. */
void mp_hook_fail(enum mp_fail fail);
/* Whether one of the above has not been come to; and forget it. */
bool mp_hooks_left(void);
void mp_hooks_listen(bool listen);
/* How often the framework has complained since the last call, and the last. */
unsigned int mp_hooks_said(char *sentence, size_t size);

/* backing.c: loose pages that are known to the tests alone */
extern const struct mp_backing mp_backing_tested;
/* What the next replace() of that backing fails with, once. */
extern int mp_tested_replace_error;

/**
 * struct mp_rig - what a suite runs on
 * @backing: of its pools
 * @moves: the VM moves its pages
 * @by_hand: the test plays the VM
 */
struct mp_rig {
	const struct mp_backing *backing;
	bool moves;
	bool by_hand;
};

extern const struct mp_rig mp_rig_tested;
extern const struct mp_rig mp_rig_none;
extern const struct mp_rig mp_rig_cache;
extern const struct mp_rig mp_rig_nonlru;

/* Where a handle can be when something happens to it. */
enum mp_at {
	MP_AT_EMPTY,
	MP_AT_CLAIMED,		/* EMPTY|dying: alloc() is at work */
	MP_AT_PRIVATE,
	MP_AT_PRIVATE_PINNED,
	MP_AT_PRIVATE_DYING,	/* free() is, the link is there */
	MP_AT_LIVE,
	MP_AT_LIVE_PINNED,
	MP_AT_LIVE_LOCKED,	/* somebody has the page lock */
	MP_AT_LIVE_DYING,
	MP_AT_ISOLATED,
	MP_AT_ISOLATED_PINNED,
	MP_AT_ISOLATED_LOCKED,
	MP_AT_ISOLATED_DYING,
	MP_AT_MOVING,		/* in ops->migrate */
	MP_AT_MOVING_DYING,	/* likewise, after free_async() */
	MP_AT_PUBLISHED,	/* moved, both pages still locked */
	MP_NR_AT,
};

/**
 * struct mp_fix - one handle in one pool, and the VM's part if it is played
 * @test: whose
 * @rig: on what
 * @pool: with the ops below; its priv is this
 * @mp: the handle
 * @src: its page as the state was made
 * @dst: where it moves to
 * @spare: a page of nobody's
 * @at: the state
 * @what: for messages
 * @in_block: its page is to be one that the VM itself can move
 * @held: the VM has @src isolated, with a reference
 * @locked: the VM has @src locked
 * @watch: a reference to @src of the test's own, to see what becomes of it
 * @answers: what ops->migrate returns, the last of them for ever
 * @nr_answers: of these
 * @asked: how often it was called
 * @undone: how often with the pages exchanged
 * @mode: with what mode last
 * @moved: calls of ops->moved
 * @freed: of ops->freed
 * @unlisted: moves of pages that had not been isolated
 * @act: run once, in the state
 * @acted: it was
 * @in_moved: run in ops->moved, if there
 */
struct mp_fix {
	struct kunit *test;
	const struct mp_rig *rig;
	struct movable_pool *pool;
	struct movable_page mp;
	struct page *src;
	struct page *dst;
	struct page *spare;
	enum mp_at at;
	const char *what;
	bool in_block;
	bool held;
	bool locked;
	bool watch;
	const int *answers;
	unsigned int nr_answers;
	unsigned int asked;
	unsigned int undone;
	enum migrate_mode mode;
	unsigned int moved;
	unsigned int freed;
	unsigned int unlisted;
	void (*act)(struct mp_fix *fix);
	bool acted;
	void (*in_moved)(struct mp_fix *fix);
};

/* fixture.c */
const char *mp_at_name(enum mp_at at);
bool mp_rig_defers(const struct mp_rig *rig);
bool mp_at_possible(const struct mp_rig *rig, enum mp_at at);
struct mp_fix *mp_fix_new(struct kunit *test, const char *what);
void mp_fix_make(struct mp_fix *fix, bool publish);
void mp_fix_reach(struct mp_fix *fix, enum mp_at at,
		  void (*act)(struct mp_fix *fix));
void mp_fix_watch(struct mp_fix *fix);
void mp_fix_end(struct mp_fix *fix);
void mp_fix_said(struct mp_fix *fix, const char *sentence);
void mp_orphans_gone(struct kunit *test, const struct mp_backing *backing,
		     const char *what);
struct movable_pool *mp_fix_pool(struct kunit *test, const struct mp_rig *rig,
				 const struct movable_pool_ops *ops,
				 unsigned long max_pages, void *priv);
extern const struct movable_pool_ops mp_fix_ops;

/* The VM, as the test plays it. */
bool mp_vm_isolate(struct mp_fix *fix);
bool mp_vm_putback(struct mp_fix *fix);
int mp_vm_migrate(struct mp_fix *fix, enum migrate_mode mode);
/* The VM empties its per-CPU lists.  Return: 0 or an error. */
int mp_vm_drain(void);
/* The VM itself: have the page at @pfn moved away.  Return: 0 or an error. */
int mp_vm_evict(unsigned long pfn);

/* Of each suite. */
#define MP_SUITE(rig_name, suite_name, cases) \
	static int mp_init_##rig_name(struct kunit *test) \
	{ \
		test->priv = (void *)&mp_rig_##rig_name; \
		return 0; \
	} \
	static struct kunit_suite mp_suite_##rig_name = { \
		.name = suite_name, \
		.suite_init = mp_suite_open, \
		.suite_exit = mp_suite_close, \
		.init = mp_init_##rig_name, \
		.exit = mp_suite_quiet, \
		.test_cases = cases, \
	}

int mp_suite_open(struct kunit_suite *suite);
void mp_suite_close(struct kunit_suite *suite);
void mp_suite_quiet(struct kunit *test);

#endif /* _MOVABLE_POOL_TESTS_H */
