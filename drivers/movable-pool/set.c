// SPDX-License-Identifier: GPL-2.0
/*
 * Sets of handles: what is done to each of them, in one call.
 *
 * Pins of a set cannot deadlock, in whatever order others pin the same pages: a
 * pin excludes no other pin, and the mover that one waits for waits for none.
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/movable_array.h>
#include <linux/movable_pool.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "fault.h"
#include "internal.h"
#include "set.h"
#include "word.h"

/* Handles between two chances to be preempted. */
#define MP_SET_BATCH	1024

static void mp_set_rest(unsigned int i)
{
	if (i % MP_SET_BATCH == MP_SET_BATCH - 1)
		cond_resched();
}

static void mp_unpin_first(const struct mp_set *set, unsigned int n)
{
	while (n--)
		movable_page_unpin(mp_set_at(set, n));
}

void mp_unpin_set(const struct mp_set *set)
{
	mp_unpin_first(set, set->n);
}

/**
 * mp_pin_set() - pin all handles of a set, or none
 * @set: the handles
 * @pages: set to their pages; or NULL
 *
 * Context: May sleep.
 * Return: 0, or with none pinned as movable_page_pin().
 */
int mp_pin_set(const struct mp_set *set, struct page **pages)
{
	struct movable_page *mp;
	unsigned int i;
	int err;

	for (i = 0; i < set->n; i++) {
		mp = mp_set_at(set, i);
		err = movable_page_pin(mp);
		if (err) {
			mp_unpin_first(set, i);
			return err;
		}
		if (pages)
			pages[i] = movable_page_page(mp);
		mp_set_rest(i);
	}
	return 0;
}

static void *mp_vmap_pages(struct page **pages, unsigned int n)
{
	if (mp_fail(MP_FAIL_VMAP))
		return NULL;
	return vmap(pages, n, VM_MAP, PAGE_KERNEL);
}

static void *mp_vmap_set(const struct mp_set *set)
{
	struct page **pages = NULL;
	void *addr;
	int err;

	if (!set->n)
		return ERR_PTR(-EINVAL);
	if (!mp_fail(MP_FAIL_VMAP_SET))
		pages = kvmalloc_array(set->n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	err = mp_pin_set(set, pages);
	if (err) {
		kvfree(pages);
		return ERR_PTR(err);
	}
	addr = mp_vmap_pages(pages, set->n);
	kvfree(pages);
	if (addr)
		return addr;
	mp_unpin_set(set);
	return ERR_PTR(-ENOMEM);
}

/**
 * movable_page_vmap() - pin a set of pages and map them side by side
 * @mps: handles with pages
 * @n: how many, at least one
 *
 * Context: May sleep.  Not in a driver op, nor under a lock that one takes.
 * Return: the address of the first; ERR_PTR() with none of them pinned:
 * -EINVAL for @n 0, -ENOMEM, or as movable_page_pin() returns.
 */
void *movable_page_vmap(struct movable_page **mps, unsigned int n)
{
	struct mp_set set = { .each = mps, .n = n };

	return mp_vmap_set(&set);
}
EXPORT_SYMBOL_GPL(movable_page_vmap);

/**
 * movable_page_vunmap() - end movable_page_vmap()
 * @addr: what it returned
 * @mps: the same handles
 * @n: how many
 *
 * Context: May sleep.
 */
void movable_page_vunmap(void *addr, struct movable_page **mps, unsigned int n)
{
	struct mp_set set = { .each = mps, .n = n };

	vunmap(addr);
	mp_unpin_set(&set);
}
EXPORT_SYMBOL_GPL(movable_page_vunmap);

/* They are unpublished, so taking them back waits for nothing. */
static void mp_array_undo(struct movable_pool *pool, struct movable_page *mps,
			  unsigned int n, gfp_t gfp)
{
	unsigned int used = 0;

	while (n--)
		used += !mp_page_unalloc(&mps[n], gfpflags_allow_blocking(gfp));
	if (used)
		mp_misuse("%s: %u pages of an array were used before it was allocated\n",
			  pool->name, used);
}

/**
 * movable_array_alloc() - give each empty handle of an array a page
 * @pool: pool that will own the pages
 * @mps: empty handles, which nobody else uses before this returns
 * @n: how many
 * @gfp: as for movable_page_alloc()
 *
 * All of them or none: pages that came before a failure are given back.  Until
 * then they count in the pool's limit.
 *
 * Context: As for movable_page_alloc().
 * Return: 0; with no handle changed, as movable_page_alloc().
 */
int movable_array_alloc(struct movable_pool *pool, struct movable_page *mps,
			unsigned int n, gfp_t gfp)
{
	struct mp_set set = { .array = mps, .n = n };
	unsigned int done;
	int err = mp_page_alloc_set(pool, &set, gfp, &done);

	if (err)
		mp_array_undo(pool, mps, done, gfp);
	return err;
}
EXPORT_SYMBOL_GPL(movable_array_alloc);

/**
 * movable_array_publish() - let the pages of an array move from now on
 * @mps: handles with pages whose contents are ready
 * @n: how many
 *
 * One that cannot be published does not keep the others from it.
 *
 * Context: As for movable_page_publish().
 * Return: 0, or the first error, as movable_page_publish(): the driver's
 * mistake, each with a sentence.
 */
int movable_array_publish(struct movable_page *mps, unsigned int n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n; i++) {
		int one = movable_page_publish(&mps[i]);

		err = err ?: one;
	}
	return err;
}
EXPORT_SYMBOL_GPL(movable_array_publish);

/**
 * movable_array_pin() - keep the pages of an array where they are
 * @mps: handles with pages
 * @n: how many
 *
 * All of them or none.  Waits while one is being moved.
 *
 * Context: May sleep.  Not in a driver op, nor under a lock that one takes.
 * Return: 0; with none pinned, as movable_page_pin().
 */
int movable_array_pin(struct movable_page *mps, unsigned int n)
{
	struct mp_set set = { .array = mps, .n = n };

	return mp_pin_set(&set, NULL);
}
EXPORT_SYMBOL_GPL(movable_array_pin);

/**
 * movable_array_trypin() - keep the pages of an array where they are, at once
 * @mps: handles with pages
 * @n: how many
 *
 * All of them or none.
 *
 * Context: Any.  Allowed in driver ops.
 * Return: 0; with none pinned, as movable_page_trypin(): -EAGAIN if one of them
 * is being moved.
 */
int movable_array_trypin(struct movable_page *mps, unsigned int n)
{
	unsigned int i;
	int err;

	for (i = 0; i < n; i++) {
		err = movable_page_trypin(&mps[i]);
		if (err) {
			movable_array_unpin(mps, i);
			return err;
		}
	}
	return 0;
}
EXPORT_SYMBOL_GPL(movable_array_trypin);

/**
 * movable_array_unpin() - let the pages of an array move again
 * @mps: handles that the caller has pinned
 * @n: how many
 *
 * Context: Any.
 */
void movable_array_unpin(struct movable_page *mps, unsigned int n)
{
	struct mp_set set = { .array = mps, .n = n };

	mp_unpin_set(&set);
}
EXPORT_SYMBOL_GPL(movable_array_unpin);

/**
 * movable_array_free() - take the pages of an array back and free them
 * @mps: handles, with pages or without, that nobody has pinned
 * @n: how many
 *
 * Empty handles are passed over, so this ends an array that was filled in part,
 * and one of which some pages were pinned the last time.  One that somebody
 * else is freeing just then is not empty: that is a mistake, as with
 * movable_page_free().
 *
 * Context: As movable_page_free(): may sleep, but only while a page is being
 * moved; safe in reclaim.  Not in a driver op.
 * Return: 0: all handles are empty, and their memory the driver's; otherwise
 * the first error there was, as movable_page_free(): -EBUSY for one that is
 * pinned.
 */
int movable_array_free(struct movable_page *mps, unsigned int n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n; i++) {
		int one = mp_word_read(&mps[i]) == MOVABLE_PAGE_EMPTY ? 0 :
			  movable_page_free(&mps[i]);

		err = err ?: one;
		mp_set_rest(i);
	}
	return err;
}
EXPORT_SYMBOL_GPL(movable_array_free);

/**
 * movable_array_vmap() - pin the pages of an array and map them side by side
 * @mps: handles with pages
 * @n: how many, at least one
 *
 * Context: May sleep.  Not in a driver op, nor under a lock that one takes.
 * Return: as movable_page_vmap().
 */
void *movable_array_vmap(struct movable_page *mps, unsigned int n)
{
	struct mp_set set = { .array = mps, .n = n };

	return mp_vmap_set(&set);
}
EXPORT_SYMBOL_GPL(movable_array_vmap);

/**
 * movable_array_vunmap() - end movable_array_vmap()
 * @addr: what it returned
 * @mps: the same handles
 * @n: how many
 *
 * Context: May sleep.
 */
void movable_array_vunmap(void *addr, struct movable_page *mps, unsigned int n)
{
	vunmap(addr);
	movable_array_unpin(mps, n);
}
EXPORT_SYMBOL_GPL(movable_array_vunmap);
