// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes in pages that move, found by their place.
 *
 * What keeps a page alive:
 *
 *	users	one is the index's, from insertion until whoever takes the page
 *		out of the index has dropped it; one is each request's that is
 *		at the page.  The last one frees it.
 *	RCU	between the look into the index and the attempt to become a
 *		user.  With no users left the attempt fails: the page has been
 *		out of the index for some time, its place is a hole.
 *
 * So a page is freed without pins, and the pool cannot refuse: a discard that
 * meets a read only takes the page out of the index.  A write that meets a
 * discard may write to a page that is out of the index already; that is the
 * write coming first.
 *
 * What may run here in reclaim must not wait for reclaim.  No lock is held over
 * an allocation, nor over the copy; a pin and a free wait for a page that is
 * being copied, no more.  Allocations start no I/O, which might have to wait
 * for the request at hand (current->bio_list), and give up rather than loop
 * when there is nothing to be had without: what would be waited for could be a
 * write to this disk.
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/movable_pool.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "compat/compat.h"
#include "ramdisk.h"

#define RAMDISK_GFP	(GFP_NOIO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/**
 * struct ramdisk_page - a page of a disk
 * @mp: the page; published before it is in the index
 * @users: who keeps it
 * @rcu: frees this once nobody can be looking at it
 */
struct ramdisk_page {
	struct movable_page mp;
	refcount_t users;
	struct rcu_head rcu;
};

/**
 * struct ramdisk_store - the pages of a disk
 * @pool: owns them
 * @pages: place to &struct ramdisk_page, for each place that has one
 */
struct ramdisk_store {
	struct movable_pool *pool;
	struct xarray pages;
};

static void ramdisk_page_put(struct ramdisk_page *rp)
{
	if (!refcount_dec_and_test(&rp->users))
		return;
	/* Nobody is left who could have it pinned. */
	if (!WARN_ON_ONCE(movable_page_free(&rp->mp)))
		kfree_rcu(rp, rcu);
}

/* Return: the page with the caller as a user, NULL for a hole. */
static struct ramdisk_page *ramdisk_page_get(struct ramdisk_store *store,
					     unsigned long index)
{
	struct ramdisk_page *rp;

	rcu_read_lock();
	rp = xa_load(&store->pages, index);
	if (rp && !refcount_inc_not_zero(&rp->users))
		rp = NULL;
	rcu_read_unlock();
	return rp;
}

/* A page of zeroes that nobody knows, with the caller as its only user. */
static struct ramdisk_page *ramdisk_page_new(struct ramdisk_store *store)
{
	struct ramdisk_page *rp = kmalloc(sizeof(*rp), RAMDISK_GFP);
	int err;

	if (!rp)
		return ERR_PTR(-ENOMEM);
	movable_page_init(&rp->mp);
	refcount_set(&rp->users, 1);
	err = movable_page_alloc(store->pool, &rp->mp,
				 RAMDISK_GFP | __GFP_ZERO);
	if (err) {
		kfree(rp);
		return ERR_PTR(err);
	}
	movable_page_publish(&rp->mp);
	return rp;
}

/* Return: 0; -EEXIST if another writer has brought a page; -ENOMEM. */
static int ramdisk_page_insert(struct ramdisk_store *store, unsigned long index,
			       struct ramdisk_page *rp)
{
	void *old;

	refcount_inc(&rp->users);
	old = xa_cmpxchg(&store->pages, index, NULL, rp, RAMDISK_GFP);
	if (!old)
		return 0;
	refcount_dec(&rp->users);
	return xa_err(old) ?: -EEXIST;
}

/*
 * Return: the page with the caller as a user, a new one for a hole; ERR_PTR():
 * -ENOMEM, or -ENOSPC at the pool's limit.
 */
static struct ramdisk_page *ramdisk_page_make(struct ramdisk_store *store,
					      unsigned long index)
{
	struct ramdisk_page *rp, *new;
	int err;

	while (!(rp = ramdisk_page_get(store, index))) {
		new = ramdisk_page_new(store);
		/* The last page there was may be the one for this place. */
		if (IS_ERR(new))
			return ramdisk_page_get(store, index) ?: new;
		err = ramdisk_page_insert(store, index, new);
		if (!err)
			return new;
		ramdisk_page_put(new);
		if (err != -EEXIST)
			return ERR_PTR(err);
	}
	return rp;
}

static unsigned long ramdisk_index(u64 pos)
{
	return pos >> PAGE_SHIFT;
}

/* Bytes of @len that are in the page of @pos. */
static unsigned int ramdisk_piece(u64 pos, u64 len)
{
	return min_t(u64, len, PAGE_SIZE - offset_in_page(pos));
}

static int ramdisk_read_piece(struct ramdisk_store *store, u64 pos,
			      struct page *to, unsigned int offset,
			      unsigned int len)
{
	struct ramdisk_page *rp = ramdisk_page_get(store, ramdisk_index(pos));
	void *addr;

	if (!rp) {
		ramdisk_compat_zero(to, offset, len);
		return 0;
	}
	/* The other address comes second, for it may not be held over sleep. */
	addr = movable_page_map(&rp->mp);
	if (!IS_ERR(addr)) {
		ramdisk_compat_copy_to(to, offset, addr + offset_in_page(pos),
				       len);
		movable_page_unmap(&rp->mp);
	}
	ramdisk_page_put(rp);
	return PTR_ERR_OR_ZERO(addr);
}

static int ramdisk_write_piece(struct ramdisk_store *store, u64 pos,
			       struct page *from, unsigned int offset,
			       unsigned int len)
{
	struct ramdisk_page *rp = ramdisk_page_make(store, ramdisk_index(pos));
	void *addr;

	if (IS_ERR(rp))
		return PTR_ERR(rp);
	addr = movable_page_map(&rp->mp);
	if (!IS_ERR(addr)) {
		ramdisk_compat_copy_from(addr + offset_in_page(pos), from,
					 offset, len);
		movable_page_unmap(&rp->mp);
	}
	ramdisk_page_put(rp);
	return PTR_ERR_OR_ZERO(addr);
}

/* The caller is a user of @rp, and no more after this. */
static int ramdisk_zero_page(struct ramdisk_page *rp, unsigned int offset,
			     unsigned int len)
{
	void *addr = movable_page_map(&rp->mp);

	if (!IS_ERR(addr)) {
		memset(addr + offset, 0, len);
		movable_page_unmap(&rp->mp);
	}
	ramdisk_page_put(rp);
	return PTR_ERR_OR_ZERO(addr);
}

/* A hole is zeroes already. */
static int ramdisk_clear_piece(struct ramdisk_store *store, u64 pos,
			       unsigned int len)
{
	struct ramdisk_page *rp = ramdisk_page_get(store, ramdisk_index(pos));

	return rp ? ramdisk_zero_page(rp, offset_in_page(pos), len) : 0;
}

static int ramdisk_zero_piece(struct ramdisk_store *store, u64 pos,
			      unsigned int len)
{
	struct ramdisk_page *rp = ramdisk_page_make(store, ramdisk_index(pos));

	return IS_ERR(rp) ? PTR_ERR(rp) :
			    ramdisk_zero_page(rp, offset_in_page(pos), len);
}

/* Make holes of the places from @first up to @end. */
static void ramdisk_punch(struct ramdisk_store *store, unsigned long first,
			  unsigned long end)
{
	struct ramdisk_page *rp;
	unsigned long index;

	if (first >= end)
		return;
	xa_for_each_range(&store->pages, index, rp, first, end - 1) {
		/* Who takes it out drops the index's user of it. */
		rp = xa_erase(&store->pages, index);
		if (rp)
			ramdisk_page_put(rp);
		cond_resched();
	}
}

/**
 * ramdisk_store_read() - read some bytes
 * @store: the store
 * @pos: the first byte
 * @to: page they go to
 * @offset: in @to
 * @len: how many, not beyond the end of @to
 *
 * Context: May sleep, while a page is being moved.
 * Return: 0, or as movable_page_pin().
 */
int ramdisk_store_read(struct ramdisk_store *store, u64 pos, struct page *to,
		       unsigned int offset, unsigned int len)
{
	unsigned int piece;
	int err = 0;

	for (; len && !err; len -= piece) {
		piece = ramdisk_piece(pos, len);
		err = ramdisk_read_piece(store, pos, to, offset, piece);
		pos += piece;
		offset += piece;
	}
	return err;
}

/**
 * ramdisk_store_write() - write some bytes
 * @store: the store
 * @pos: the first byte
 * @from: page they come from
 * @offset: in @from
 * @len: how many, not beyond the end of @from
 *
 * Context: May sleep, while a page is being moved and for memory, but not for
 * I/O.
 * Return: 0, -ENOMEM, -ENOSPC at the limit, or as movable_page_pin(); on an
 * error, some of the bytes may have been written.  Of those who write to one
 * hole at once and find the last page of the limit taken, for it, one may be
 * refused.
 */
int ramdisk_store_write(struct ramdisk_store *store, u64 pos,
			struct page *from, unsigned int offset,
			unsigned int len)
{
	unsigned int piece;
	int err = 0;

	for (; len && !err; len -= piece) {
		piece = ramdisk_piece(pos, len);
		err = ramdisk_write_piece(store, pos, from, offset, piece);
		pos += piece;
		offset += piece;
	}
	return err;
}

/**
 * ramdisk_store_zero() - write zeroes, and have pages there
 * @store: the store
 * @pos: the first byte
 * @len: how many
 *
 * Context: As ramdisk_store_write().
 * Return: As ramdisk_store_write().
 */
int ramdisk_store_zero(struct ramdisk_store *store, u64 pos, u64 len)
{
	unsigned int piece;
	int err = 0;

	for (; len && !err; len -= piece) {
		piece = ramdisk_piece(pos, len);
		err = ramdisk_zero_piece(store, pos, piece);
		pos += piece;
		cond_resched();
	}
	return err;
}

/**
 * ramdisk_store_discard() - have zeroes there, and no pages where possible
 * @store: the store
 * @pos: the first byte
 * @len: how many
 *
 * Frees the pages that are in the range as a whole, and clears what is in it of
 * others.
 *
 * Context: May sleep, while a page is being moved.
 * Return: 0, or as movable_page_pin().
 */
int ramdisk_store_discard(struct ramdisk_store *store, u64 pos, u64 len)
{
	unsigned int head = offset_in_page(pos) ? ramdisk_piece(pos, len) : 0;
	unsigned int tail;
	int err;

	err = head ? ramdisk_clear_piece(store, pos, head) : 0;
	pos += head;
	len -= head;
	tail = offset_in_page(len);
	len -= tail;
	ramdisk_punch(store, ramdisk_index(pos), ramdisk_index(pos + len));
	if (tail)
		err = ramdisk_clear_piece(store, pos + len, tail) ?: err;
	return err;
}

/**
 * ramdisk_store_create() - a store without pages
 * @name: of its pool
 * @flags: of its pool
 * @max_pages: most pages it may have, 0 for no limit.  One that a request is
 *	still at counts, though it was discarded
 *
 * Context: May sleep.
 * Return: the store, or ERR_PTR() as movable_pool_create().
 */
struct ramdisk_store *ramdisk_store_create(const char *name, unsigned int flags,
					   unsigned long max_pages)
{
	const struct movable_pool_attr attr = {
		.name = name,
		.flags = flags,
		.max_pages = max_pages,
	};
	struct ramdisk_store *store = kzalloc(sizeof(*store), GFP_KERNEL);
	void *err;

	if (!store)
		return ERR_PTR(-ENOMEM);
	xa_init(&store->pages);
	store->pool = movable_pool_create(&attr);
	if (!IS_ERR(store->pool))
		return store;
	err = ERR_CAST(store->pool);
	kfree(store);
	return err;
}

/**
 * ramdisk_store_destroy() - free a store and all that is in it
 * @store: the store; nobody uses it any more
 *
 * Context: May sleep.
 */
void ramdisk_store_destroy(struct ramdisk_store *store)
{
	ramdisk_punch(store, 0, ULONG_MAX);
	xa_destroy(&store->pages);
	movable_pool_destroy(store->pool);
	kfree(store);
}
