// SPDX-License-Identifier: GPL-2.0
/*
 * The pages that a directed move is about.
 *
 * A set is a list of handles which its caller keeps alive.  The handles of a
 * whole pool nobody keeps: they are names, found by walking over memory, which
 * are compared and never followed.
 */

#include <linux/bsearch.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "directed.h"
#include "fault.h"
#include "internal.h"

/*
 * Over memory.  A walk misses pages that move from where it goes to where it
 * was; one that all of these miss is neither moved nor named.
 */
#define MP_WALKS	3

#define MP_ROOM_MIN	64

/* Not to wait for memory is, on most kernels, to have it in one piece. */
static gfp_t mp_list_gfp(const struct mp_directed *d)
{
	return __GFP_NOWARN | (d->move->mode == MIGRATE_ASYNC ? GFP_NOWAIT :
								GFP_KERNEL);
}

/* Return: 0 or -ENOMEM; what was there stays. */
static int mp_list_grow(struct mp_directed *d, unsigned long room)
{
	struct mp_item *items = NULL;

	if (!mp_fail(MP_FAIL_MOVE_ITEMS))
		items = kvcalloc(room, sizeof(*items), mp_list_gfp(d));
	if (!items)
		return -ENOMEM;
	if (d->nr)
		memcpy(items, d->items, d->nr * sizeof(*items));
	kvfree(d->items);
	d->items = items;
	d->room = room;
	return 0;
}

/**
 * mp_list_set() - list the handles of a set
 * @d: the move
 * @mps: the handles
 * @n: how many, at least one
 *
 * Return: 0 or -ENOMEM.
 */
int mp_list_set(struct mp_directed *d, struct movable_page **mps,
		unsigned long n)
{
	int err = mp_list_grow(d, n);

	if (err)
		return err;
	for (d->nr = 0; d->nr < n; d->nr++)
		d->items[d->nr].mp = mps[d->nr];
	return 0;
}

/* sort() of millions takes its time, and is not to hold up others. */
static int mp_item_compare(const void *a, const void *b)
{
	unsigned long left = (unsigned long)((const struct mp_item *)a)->mp;
	unsigned long right = (unsigned long)((const struct mp_item *)b)->mp;

	cond_resched();
	return left < right ? -1 : left > right;
}

static struct mp_item *mp_list_find_in(struct mp_directed *d, unsigned long nr,
				       struct movable_page *mp)
{
	struct mp_item key = { .mp = mp };

	return bsearch(&key, d->items, nr, sizeof(key), mp_item_compare);
}

/**
 * mp_list_find() - which of the list has this name?
 * @d: a move of a whole pool
 * @mp: the name
 *
 * Return: the item; NULL for a page that came later.
 */
struct mp_item *mp_list_find(struct mp_directed *d, struct movable_page *mp)
{
	return mp_list_find_in(d, d->nr, mp);
}

/* Unless it is among the first @known, which are sorted. */
static int mp_list_add(struct mp_directed *d, unsigned long known,
		       struct movable_page *mp)
{
	int err = 0;

	if (mp_list_find_in(d, known, mp))
		return 0;
	if (d->nr == d->room)
		err = mp_list_grow(d, 2 * d->room);
	if (!err)
		d->items[d->nr++].mp = mp;
	return err;
}

/* A page that moved during a walk may have been met twice. */
static void mp_list_unique(struct mp_directed *d)
{
	unsigned long i, nr = 0;

	sort(d->items, d->nr, sizeof(*d->items), mp_item_compare, NULL);
	for (i = 0; i < d->nr; i++)
		if (!nr || d->items[nr - 1].mp != d->items[i].mp)
			d->items[nr++] = d->items[i];
	d->nr = nr;
}

/* To the end of memory: pages that come meanwhile take nobody's place. */
static int mp_list_walk(struct mp_directed *d)
{
	unsigned long pfn, known = d->nr;
	struct movable_page *mp;
	int err = 0;

	for (pfn = 0; !err && (mp = mp_walk_next_handle(d->pool, &pfn));
	     pfn++) {
		err = mp_list_add(d, known, mp);
		cond_resched();
		if (fatal_signal_pending(current))
			err = -EINTR;
	}
	if (!err)
		mp_list_unique(d);
	return err;
}

/**
 * mp_list_whole() - list the pages of a pool
 * @d: the move
 *
 * Walks again while that brings something new.  To count does not help: names
 * of pages that have been freed since make up for pages that were missed.
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM or -EINTR.
 */
int mp_list_whole(struct mp_directed *d)
{
	unsigned long nr = atomic_long_read(&d->pool->nr_pages), known;
	int walks = MP_WALKS;
	int err;

	err = mp_list_grow(d, max_t(unsigned long, MP_ROOM_MIN, nr));
	if (err)
		return err;
	do {
		known = d->nr;
		err = mp_list_walk(d);
	} while (!err && d->nr > known && --walks);
	return err;
}

/* Return: whether all that are pending have been seen. */
static bool mp_list_all_seen(const struct mp_directed *d)
{
	unsigned long i;

	for (i = 0; i < d->nr; i++)
		if (d->items[i].fate == MP_ITEM_PENDING && !d->items[i].seen)
			return false;
	return true;
}

static void mp_list_look(struct mp_directed *d)
{
	struct movable_page *mp;
	struct mp_item *item;
	unsigned long pfn;

	for (pfn = 0; !fatal_signal_pending(current) &&
	     (mp = mp_walk_next_handle(d->pool, &pfn)); pfn++) {
		item = mp_list_find(d, mp);
		if (item)
			item->seen = true;
		cond_resched();
	}
}

/* Nobody waits for the answer: call none of them gone. */
static void mp_list_assume_seen(struct mp_directed *d)
{
	unsigned long i;

	for (i = 0; i < d->nr; i++)
		d->items[i].seen = true;
}

/**
 * mp_list_census() - which of those that are pending are the pool's still?
 * @d: a move of a whole pool that has ended
 *
 * Context: May sleep.
 */
void mp_list_census(struct mp_directed *d)
{
	int walks = MP_WALKS;

	while (!mp_list_all_seen(d) && walks-- &&
	       !fatal_signal_pending(current))
		mp_list_look(d);
	if (fatal_signal_pending(current))
		mp_list_assume_seen(d);
}

void mp_list_free(struct mp_directed *d)
{
	kvfree(d->items);
}
