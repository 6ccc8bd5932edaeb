/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_FAULT_H
#define _MOVABLE_POOL_FAULT_H

/*
 * Places where something can fail: every allocation and every call that returns
 * an error, made to fail on purpose.  Only in movable_pool_test.ko; nothing is
 * left of them in the normal build.
 *
 * A site stands before the call it is named for, which is then not made.  The
 * name, and what else is said about sites, is in fault.c.
 */

#include <linux/types.h>

struct dentry;

enum mp_fail {
	/* when the module is loaded */
	MP_FAIL_WORKQUEUE,
	MP_FAIL_MOUNT,
	MP_FAIL_CONTEXT,
	MP_FAIL_BACKING,
	MP_FAIL_NOTIFIER,
	/* a new pool */
	MP_FAIL_ALLOC_POOL,
	MP_FAIL_ALLOC_STATS,
	MP_FAIL_ALLOC_PINS,
	MP_FAIL_ALLOC_NAME,
	MP_FAIL_ALLOC_CACHE,
	MP_FAIL_ALLOC_INODE,
	MP_FAIL_ALLOC_PLACES,
	MP_FAIL_PIN_MOUNT,
	MP_FAIL_ALLOC_FILE,
	MP_FAIL_ALLOC_BALLOON,
	MP_FAIL_DEBUGFS,
	MP_FAIL_DEVM_POOL,
	MP_FAIL_DEVM_ARRAY,
	MP_FAIL_DEVM_SHRINKER,
	MP_FAIL_ALLOC_SHRINKER,
	MP_FAIL_SHRINKER_ADD,
	/* pages */
	MP_FAIL_ALLOC_PAGE,
	MP_FAIL_ALLOC_BULK,
	MP_FAIL_PAGE_LOCK,
	MP_FAIL_CACHE_ADD,
	MP_FAIL_VMAP_SET,
	MP_FAIL_VMAP,
	MP_FAIL_SG_PAGES,
	MP_FAIL_SG_TABLE,
	/* moves: what the driver's ops, or the backing, may refuse */
	MP_FAIL_MIGRATE_AGAIN,
	MP_FAIL_MIGRATE_BUSY,
	MP_FAIL_UNDO,
	MP_FAIL_COPY,
	MP_FAIL_REPLACE,
	/* moves of the owner's, long-term pins, DMA */
	MP_FAIL_SUPPLANT,
	MP_FAIL_MOVE_ITEMS,
	MP_FAIL_MOVE_TARGET,
	MP_FAIL_LONGTERM,
	MP_FAIL_LONGTERM_PAGE,
	MP_FAIL_DMA_MAP,
	/* debug checks, which do without; their files in debugfs */
	MP_FAIL_UNPUBLISHED_TABLE,
	MP_FAIL_UNPUBLISHED,
	MP_FAIL_UNPUBLISHED_VIEW,
	MP_FAIL_STACK,
	MP_FAIL_LONGTERM_VIEW,
	MP_NR_FAILS,
};

#ifdef MOVABLE_POOL_TEST
bool mp_fail(enum mp_fail fail);
void mp_faults_init(void);
void mp_faults_exit(void);
void mp_faults_debugfs(struct dentry *dir);
#else
static inline bool mp_fail(enum mp_fail fail) { return false; }
static inline void mp_faults_init(void) { }
static inline void mp_faults_exit(void) { }
static inline void mp_faults_debugfs(struct dentry *dir) { }
#endif

#endif /* _MOVABLE_POOL_FAULT_H */
