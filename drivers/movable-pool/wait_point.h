/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_WAIT_POINT_H
#define _MOVABLE_POOL_WAIT_POINT_H

/*
 * Places where a test can stop a thread, so that a race is forced instead of
 * hoped for.  Only in movable_pool_test.ko; nothing is left of them in the
 * normal build.
 */

#include <linux/types.h>

struct dentry;
struct page;

enum mp_wait {
	MP_WAIT_ISOLATE_ENTER,		/* page locked, link not looked at */
	MP_WAIT_ISOLATE_DONE,		/* about to tell the VM to take it */
	MP_WAIT_MIGRATE_ENTER,		/* both locked, link not looked at */
	MP_WAIT_MIGRATE_MOVING,		/* MOVING set, references not counted */
	MP_WAIT_MIGRATE_COPIED,		/* copied, new frame not published */
	MP_WAIT_MIGRATE_PUBLISHED,	/* published, old page still held */
	MP_WAIT_PUTBACK_ENTER,		/* page locked, link not looked at */
	MP_WAIT_FREE_DYING,		/* handle dying, page lock not tried */
	MP_WAIT_FREE_CUT,		/* link cut, handle still dying */
	MP_WAIT_FREE_WAIT,		/* free() is about to wait for MOVING */
	MP_WAIT_PIN_WAIT,		/* pin() is about to wait for MOVING */
	MP_WAIT_DEFERRED_PAGE,		/* worker has a page, not its lock */
	MP_WAIT_DESTROY_WALK,		/* destroy() has a page, not its lock */
	MP_WAIT_FAULT_PAGE,		/* a fault has a page, not its lock */
	MP_WAIT_DIRECTED_PAGE,		/* the owner's mover has it, unlocked */
	MP_WAIT_DEBUG_CLOSE,		/* no page is listed any more */
	MP_NR_WAITS,
};

#ifdef MOVABLE_POOL_TEST
void mp_wait_point(enum mp_wait wait, struct page *page);
void mp_wait_points_init(struct dentry *dir);
void mp_wait_points_exit(void);
#else
static inline void mp_wait_point(enum mp_wait wait, struct page *page) { }
static inline void mp_wait_points_init(struct dentry *dir) { }
static inline void mp_wait_points_exit(void) { }
#endif

#endif /* _MOVABLE_POOL_WAIT_POINT_H */
