/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_TEST_H
#define _MP_TEST_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/movable_move.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include "mp_test_uapi.h"

struct device;
struct mp_test_pool;
struct vm_area_struct;

/**
 * struct mp_test_item - an object of the driver: a handle and its history
 * @mp: the handle
 * @pool: it belongs to
 * @index: its number there
 * @pins: the tests' own
 * @freed: calls of ops->freed
 * @async: given to free_async(), ops->freed has not come yet
 * @dispose: MP_TEST_BURY, MP_TEST_KFREE, for ops->freed
 * @stray: page the tests keep a reference to
 * @locked: page the tests keep locked
 * @kept: an address that it kept too long
 * @longterm: long-term pins
 * @grave: in @pool->graves
 */
struct mp_test_item {
	struct movable_page mp;
	struct mp_test_pool *pool;
	unsigned int index;
	atomic_t pins;
	atomic_t freed;
	bool async;
	unsigned int dispose;
	struct page *stray;
	struct page *locked;
	const unsigned long *kept;
	struct movable_pin *longterm[MP_TEST_LONGTERM];
	struct list_head grave;
};

/**
 * struct mp_test_shrink - objects whose pages a pool's shrinker frees
 * @lock: guards @next, @end and @freed; trylocked by the shrinker
 * @next: the first that is left
 * @end: behind the last
 * @freed: pages, since the range was given
 * @added: the pool has a shrinker
 */
struct mp_test_shrink {
	struct mutex lock;	/* @next, @end, @freed */
	unsigned int next;
	unsigned int end;
	unsigned int freed;
	bool added;
};

/**
 * struct mp_test_pool - a pool under test
 * @kref: the file's, and one for each running ioctl
 * @pool: the real thing
 * @ops: its driver ops
 * @driver_lock: what a driver may think it can take in an op and hold in calls
 * @lock: guards @script, @log, @graves and the slots of @items
 * @script: what the ops do
 * @log: what they have seen
 * @act_pool: pool of @script.act, with a reference
 * @graves: buried objects
 * @vmap: range mapped by MP_TEST_VMAP, its handles and length
 * @vmap_mps: the same
 * @vmap_count: the same
 * @frames: of balloons: a bit for each frame that is in it
 * @running: driver ops at work
 * @shrink: what memory pressure may have (pressure.c)
 * @mapped: processes can map it; an object's index is its place in it
 * @destroyed: the test has destroyed it
 * @capacity: length of @items
 * @items: NULL is an object that was disposed of
 */
struct mp_test_pool {
	struct kref kref;
	struct movable_pool *pool;
	struct movable_pool_ops ops;
	struct mutex driver_lock;	/* nothing; see above */
	spinlock_t lock;	/* @script, @log, @graves, @items */
	struct mp_test_script script;
	struct mp_test_log log;
	struct mp_test_pool *act_pool;
	struct list_head graves;
	void *vmap;
	struct movable_page **vmap_mps;
	unsigned int vmap_count;
	unsigned long *frames;
	atomic_t running;
	struct mp_test_shrink shrink;
	bool mapped;
	bool destroyed;
	unsigned int capacity;
	struct mp_test_item *items[];
};

static inline struct mp_test_item *mp_test_item_of(struct movable_page *mp)
{
	return container_of(mp, struct mp_test_item, mp);
}

/* device.c */
struct device *mp_test_dev(void);

/* pool.c */
struct mp_test_pool *mp_test_pool_create(const struct mp_test_create *create);
int mp_test_pool_destroy(struct mp_test_pool *pool);
void mp_test_pool_close(struct mp_test_pool *pool);
void mp_test_pool_put(struct mp_test_pool *pool);
void mp_test_pool_stats(struct mp_test_pool *pool,
			struct mp_test_stats *stats);
int mp_test_pool_lookup(struct mp_test_pool *pool,
			struct mp_test_lookup *lookup);

/* item.c */
int mp_test_items_fill(struct mp_test_pool *pool, unsigned int first,
		       unsigned int count);
void mp_test_item_dispose(struct mp_test_item *item, unsigned int flags);
void mp_test_item_info(struct mp_test_item *item, struct mp_test_info *info);
unsigned int mp_test_graves_disturbed(struct mp_test_pool *pool);
void mp_test_items_free(struct mp_test_pool *pool);

/* verb.c */
int mp_test_verb_check(struct mp_test_pool *pool, struct mp_test_call *call);
void mp_test_verb_run(struct mp_test_pool *pool, struct mp_test_call *call);
int mp_test_item_free(struct mp_test_item *item, struct mp_test_call *call);

/* contents.c */
void mp_test_pattern_write(u64 *page, u64 seed, unsigned int index);
int mp_test_fill(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_verify(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_peek(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_keep(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_peek_kept(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_vmap(struct mp_test_pool *pool, struct mp_test_call *call);
int mp_test_vunmap(struct mp_test_pool *pool, struct mp_test_call *call);

/* adopt.c */
int mp_test_adopt_block(struct mp_test_pool *pool, struct mp_test_call *call);
int mp_test_adopt_bad(struct mp_test_item *item, struct mp_test_call *call);

/* frame.c */
int mp_test_page_get(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_page_grab(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_page_grab_kept(struct mp_test_item *item,
			   struct mp_test_call *call);
int mp_test_page_put(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_page_lock(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_page_unlock(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_page_dirty(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_scribble(struct mp_test_item *item, struct mp_test_call *call);

/* driver.c */
void mp_test_driver_ops(struct movable_pool_ops *ops, unsigned int has);
void mp_test_driver_script(struct mp_test_pool *pool,
			   const struct mp_test_script *script,
			   struct mp_test_pool *act_pool);
void mp_test_driver_log(struct mp_test_pool *pool, struct mp_test_log *log);

/* balloon.c */
int mp_test_balloon_open(struct mp_test_pool *pool);
void mp_test_balloon_close(struct mp_test_pool *pool);
int mp_test_balloon_add(struct mp_test_pool *pool, struct mp_test_call *call);
int mp_test_balloon_add_block(struct mp_test_pool *pool,
			      struct mp_test_call *call);
int mp_test_balloon_add_odd(struct mp_test_pool *pool,
			    struct mp_test_call *call);
int mp_test_balloon_take(struct mp_test_pool *pool, struct mp_test_call *call);
int mp_test_balloon_take_wait(struct mp_test_pool *pool,
			      struct mp_test_call *call);
int mp_test_balloon_count(struct mp_test_pool *pool, struct mp_test_call *call);
void mp_test_balloon_exchanged(struct mp_test_pool *pool, struct page *dst,
			       struct page *src, int err);

/* insert.c */
int mp_test_insert(struct mp_test_pool *pool, unsigned int index,
		   struct vm_area_struct *vma);

/* mapped.c */
int mp_test_mapped_alloc(struct mp_test_item *item, gfp_t gfp);
int mp_test_mapped_fd(struct mp_test_pool *pool,
		      const struct mp_test_mapped *mapped);

/* move.c */
int mp_test_move(struct mp_test_pool *pool, struct movable_pool *real,
		 struct mp_test_move *req);
int mp_test_pin_longterm(struct mp_test_item *item, struct mp_test_call *call);
int mp_test_unpin_longterm(struct mp_test_item *item,
			   struct mp_test_call *call);

/* dma.c */
int mp_test_cma(struct mp_test_cma *cma);
int mp_test_dma(struct mp_test_item *item, struct mp_test_call *call);

/* context.c */
void mp_test_run_in(struct mp_test_pool *pool, struct mp_test_call *call);

/* pressure.c */
int mp_test_shrink(struct mp_test_pool *pool, struct mp_test_call *call);
int mp_test_shrunk(struct mp_test_pool *pool, struct mp_test_call *call);
void mp_test_pressure_forget(struct mp_test_pool *pool);

#endif /* _MP_TEST_H */
