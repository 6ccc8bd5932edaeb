/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_BACKING_H
#define _MOVABLE_POOL_BACKING_H

/*
 * The seam between the pool and the kernel's mechanism that moves its pages.
 *
 * Down: a backing knows how a page is told to the VM.  mark() makes a locked
 * page known as movable, unmark() ends that, strand() ends it for a page that
 * is not going to be freed; marked() asks.  None of them sleeps or fails.
 *
 * Up: the VM's calls arrive in the backing's file, which passes them on to the
 * three mp_core_*() calls, always with the page (or both) locked.
 *
 * A freed page whose lock could not be had waits on the backing's deferred
 * list (deferred.c); it has no pool any more, but it has a backing.
 */

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/migrate_mode.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct page;

/* Freed pages that wait for their page lock.  Holds one reference each. */
struct mp_deferred {
	struct llist_head pages;
	struct delayed_work work;
	unsigned int delay;		/* jiffies to the next try */
	atomic_long_t nr;
};

/**
 * struct mp_backing - one of the kernel's mechanisms
 * @name: for debugfs and messages
 * @refs: references of a page the VM migrates when nobody else has one
 * @mark: make @page known to the VM as movable; page locked, link set
 * @unmark: the page is movable no more; page locked
 * @strand: unmark, and let the VM see that the frame stays in use; the VM does
 *	not have the page isolated
 * @marked: may @page be ours?  Any page.  Only true with a reference held, and
 *	with a pool in its link, does it mean that the link words are ours
 * @deferred: freed pages that wait for their page lock
 */
struct mp_backing {
	const char *name;
	int refs;
	void (*mark)(struct page *page);
	void (*unmark)(struct page *page);
	void (*strand)(struct page *page);
	bool (*marked)(struct page *page);
	struct mp_deferred deferred;
};

/* What this kernel offers to kernel-data pools; defined by compat/. */
extern struct mp_backing mp_backing_data;

/* For what is not to move, or cannot. */
extern struct mp_backing mp_backing_none;

bool mp_core_isolate(struct page *page);
int mp_core_migrate(struct mp_backing *backing, struct page *dst,
		    struct page *src, enum migrate_mode mode);
bool mp_core_putback(struct page *page);

int mp_deferred_init(void);
void mp_deferred_add(struct mp_backing *backing, struct page *page);
long mp_deferred_nr(void);
void mp_deferred_exit(void);

#endif /* _MOVABLE_POOL_BACKING_H */
