/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_BACKING_H
#define _MOVABLE_POOL_BACKING_H

/*
 * The seam between the pool and the kernel's mechanism that moves its pages.
 *
 * Down: a backing knows how a page is told to the VM, how the VM is told that
 * another page has taken its place, and how to let go of one.
 *
 * Up: the VM's calls arrive in the backing's file, which passes them on to the
 * first three mp_core_*() calls, always with the page (or both) locked, in a
 * process and with interrupts on.  The fourth is the owner's own (directed.c,
 * longterm.c), and called so, too.
 *
 * An orphan is a page whose link is cut, which the owner has freed, and which
 * waits for its page lock, or only for the VM to let go of it (typed.c).  It
 * has no pool any more, but it has a backing.
 */

#include <linux/gfp.h>
#include <linux/migrate_mode.h>
#include <linux/types.h>

struct movable_pool;
struct mp_balloon;
struct mp_loose;
struct page;
struct workqueue_struct;

/**
 * struct mp_backing - one of the kernel's mechanisms
 * @name: in a word, for movable_pool_backing()
 * @about: for people
 * @refs: references of a page that is being moved when nobody else has one: the
 *	last is the mover's
 * @sleeps: add() may sleep, whatever the page allocator's flags say
 * @cached: its pages are page cache; the VM has no isolate and no putback for
 *	those, so the books of isolations stay at 0
 * @loose: for backings whose pages are on no list of the VM's (loose.h)
 * @balloon: how it keeps pages of balloon pools; NULL: not at all (balloon.h)
 * @init: at load, before any pool.  Return: 0 or an error
 * @exit: at unload, when no orphan is left
 * @open: a new pool; optional.  Return: 0 or -ENOMEM
 * @close: the pool has no page any more and goes; orphans stay.  Optional
 * @owns: is @page one of the pool's?  Any page, no lock: a hint without a
 *	reference; with one, the page was the pool's when it was looked at
 * @add: make @page known to the VM as movable, with an empty link; the caller's
 *	reference becomes the pool's.  @index: its place in a mapped pool, or
 *	MP_INDEX_NEXT.  Return: 0 with @page locked, or an error with the page
 *	still only the caller's
 * @release: the owner's end of a page that neither moves nor is pinned: cut the
 *	link, let go or defer.  Never waits for a page lock.  @may_sleep: for
 *	other things it may.  Return: MP_RELEASED_* bits
 * @let_go: of @page, locked and without link; unlocks it, too
 * @orphan: cut the link of @page, locked by the VM, and let go of it later.
 *	Return: MP_RELEASED_* bits
 * @strand: @page, locked and without link, is not movable any more but stays in
 *	use for ever; the VM does not have it isolated.  Unlocks it
 * @replace: @dst, a page of the VM's, takes the place of @src: references, what
 *	the VM knows, and the link; both locked.  Return: 0; -EAGAIN with
 *	nothing changed
 * @unmap: @page, locked and MOVING, is to be moved by its owner: no process is
 *	to have it mapped, and no list of this CPU's to hold it.  With
 *	MIGRATE_ASYNC it does not sleep.  Return: whether no process has.
 *	Optional
 * @supplant: as @replace, for such a move: @dst is a page of the owner's
 * @settle: wait until no CPU's batches hold pages of the pool (settle.c).
 *	Optional
 * @nr_orphans: how many there are
 * @orphan_pfn: the frame of one that has to wait, or 0.  Optional
 */
struct mp_backing {
	const char *name;
	const char *about;
	int refs;
	bool sleeps;
	bool cached;
	struct mp_loose *loose;
	const struct mp_balloon *balloon;
	int (*init)(const struct mp_backing *backing);
	void (*exit)(const struct mp_backing *backing);
	int (*open)(struct movable_pool *pool);
	void (*close)(struct movable_pool *pool);
	bool (*owns)(const struct movable_pool *pool, struct page *page);
	int (*add)(struct movable_pool *pool, struct page *page, long index,
		   gfp_t gfp);
	unsigned int (*release)(const struct mp_backing *backing,
				struct page *page, bool may_sleep);
	void (*let_go)(const struct mp_backing *backing, struct page *page);
	unsigned int (*orphan)(const struct mp_backing *backing,
			       struct page *page);
	void (*strand)(const struct mp_backing *backing, struct page *page);
	int (*replace)(const struct mp_backing *backing, struct page *dst,
		       struct page *src);
	bool (*unmap)(struct page *page, enum migrate_mode mode);
	int (*supplant)(const struct mp_backing *backing, struct page *dst,
			struct page *src);
	void (*settle)(void);
	long (*nr_orphans)(const struct mp_backing *backing);
	unsigned long (*orphan_pfn)(const struct mp_backing *backing);
};

/* Which page of the pool it is does not matter. */
#define MP_INDEX_NEXT		(-1L)

#define MP_RELEASED_ISOLATED	BIT(0)	/* the VM had the page isolated */
#define MP_RELEASED_LATER	BIT(1)	/* it waits for its page lock */

/* Kernel data by non-LRU migration, where modules may have that (compat/). */
extern const struct mp_backing mp_backing_nonlru;

/* Page cache of a private inode. */
extern const struct mp_backing mp_backing_cache;

/* For balloon pools, where modules have non-LRU migration for these alone. */
extern const struct mp_backing mp_backing_balloon;

/* For what is not to move, or cannot. */
extern const struct mp_backing mp_backing_none;

/* What the backings tell the core. */
bool mp_core_isolate(struct page *page);
int mp_core_migrate(const struct mp_backing *backing, struct page *dst,
		    struct page *src, enum migrate_mode mode);
bool mp_core_putback(struct page *page);

struct mp_order;
int mp_core_direct(struct mp_order *order, struct page *dst, struct page *src);

/* For what the backings finish later. */
extern struct workqueue_struct *mp_backings_wq;
struct workqueue_struct *mp_workqueue_new(const char *name,
					  unsigned int flags);

/* What the core asks of all backings. */
const struct mp_backing *mp_backing_choose(unsigned int flags,
					   const char **why);
int mp_backings_init(void);
long mp_backings_orphans(void);
void mp_backings_exit(void);

#endif /* _MOVABLE_POOL_BACKING_H */
