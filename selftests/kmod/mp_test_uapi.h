/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_TEST_UAPI_H
#define _MP_TEST_UAPI_H

/*
 * What the selftests say to mp_test.ko: a driver with pools of movable pages,
 * whose every call and every driver op the tests command.
 *
 * An open file owns up to MP_TEST_POOLS pools, each with an array of objects
 * that embed a handle.  Closing the file frees everything in good order.
 */

#include <linux/ioctl.h>
#include <linux/types.h>

#define MP_TEST_DEVICE		"/dev/mp_test"
#define MP_TEST_POOLS		8
#define MP_TEST_NAME		32
#define MP_TEST_LONGTERM	2
/* mmap() of a page at this page's offset: the page of an object (insert.c). */
#define MP_TEST_MMAP_SHIFT	20
#define MP_TEST_MMAP(pool, index)	((pool) << MP_TEST_MMAP_SHIFT | (index))

/* Ops the driver of a pool has. */
#define MP_TEST_HAS_MIGRATE	0x1
#define MP_TEST_HAS_MOVED	0x2
#define MP_TEST_HAS_FREED	0x4
#define MP_TEST_HAS_ALL		0x7
#define MP_TEST_HAS_EXCHANGE	0x8	/* as MIGRATE in scripts and logs */
#define MP_TEST_HAS_POISONED	0x10

/**
 * struct mp_test_create - a new pool
 * @name: "" passes a NULL name
 * @flags: of the pool, passed as they are
 * @has: MP_TEST_HAS_*; none passes NULL ops
 * @capacity: objects
 * @pool: returned: number of the pool in this file
 * @max_pages: passed as it is
 * @nodes: of the policy, bit by bit; a policy if any of the three is not 0
 * @dma_mask: of the policy
 * @zone: of the policy: enum mp_test_zone
 * @pad: nothing
 */
struct mp_test_create {
	char name[MP_TEST_NAME];
	__u32 flags;
	__u32 has;
	__u32 capacity;
	__u32 pool;
	__u64 max_pages;
	__u64 nodes;
	__u64 dma_mask;
	__u32 zone;
	__u32 pad;
};

enum mp_test_zone {
	MP_TEST_ZONE_ANY,
	MP_TEST_ZONE_DMA,
	MP_TEST_ZONE_DMA32,
	MP_TEST_ZONE_ODD,	/* must be refused */
};

/* What to do with a range of objects, see verb.c, contents.c, frame.c. */
enum mp_test_verb {
	MP_TEST_ALLOC,		/* arg: MP_TEST_GFP_* */
	MP_TEST_ALLOC_BULK,	/* the same */
	MP_TEST_ADOPT_BLOCK,	/* arg: order; value: seed of the contents */
	MP_TEST_ADOPT_BAD,	/* arg: enum mp_test_bad_page */
	MP_TEST_PUBLISH,
	MP_TEST_PIN,		/* arg: so many times, 0 is once */
	MP_TEST_TRYPIN,		/* the same */
	MP_TEST_UNPIN,		/* the same */
	MP_TEST_PIN_LONGTERM,	/* up to MP_TEST_LONGTERM for each object */
	MP_TEST_UNPIN_LONGTERM,
	MP_TEST_DMA,		/* as for a transfer, which is over at once */
	MP_TEST_FREE,
	MP_TEST_FREE_ASYNC,
	MP_TEST_FILL,		/* arg: seed */
	MP_TEST_VERIFY,		/* arg: seed; -EILSEQ if it differs */
	MP_TEST_PEEK,		/* value: the page's first word */
	MP_TEST_KEEP,		/* its address, and the pin is gone */
	MP_TEST_PEEK_KEPT,	/* value: the first word there */
	MP_TEST_VMAP,		/* the range at once; arg: seed to verify */
	MP_TEST_VUNMAP,
	MP_TEST_PAGE_GET,	/* keep a stray reference */
	MP_TEST_PAGE_GRAB,	/* the same, without a pin: a scanner */
	MP_TEST_PAGE_GRAB_KEPT,	/* the same, where MP_TEST_KEEP found it */
	MP_TEST_PAGE_PUT,
	MP_TEST_PAGE_LOCK,
	MP_TEST_PAGE_UNLOCK,
	MP_TEST_SCRIBBLE,	/* by the reference, arg ms; value: last word */
	MP_TEST_SHRINK,		/* free them from a shrinker */
	MP_TEST_SHRUNK,		/* value: how many it has freed */
	MP_TEST_UNMAP,
	MP_TEST_DIRTY,		/* somebody calls it dirty */
	/* arg: how many pages, or the order of a block; done: how many */
	MP_TEST_BALLOON_ADD,
	MP_TEST_BALLOON_ADD_BLOCK,	/* value: first frame */
	MP_TEST_BALLOON_ADD_ODD,	/* what must be refused */
	MP_TEST_BALLOON_TAKE,
	MP_TEST_BALLOON_TAKE_WAIT,
	MP_TEST_BALLOON_COUNT,	/* done: pages; value: as the driver knows */
	MP_TEST_DESTROY,	/* the pool; in scripts only */
	MP_TEST_LOCK,		/* the driver's lock; in scripts only */
	MP_TEST_VERBS,
};

enum mp_test_context {
	MP_TEST_IN_PROCESS,
	MP_TEST_IN_IRQS_OFF,
	MP_TEST_IN_SOFTIRQ,
	MP_TEST_IN_HARDIRQ,
};

/* Memory of an object right after its page was freed. */
#define MP_TEST_BURY		0x1	/* poison the handle, watch it */
#define MP_TEST_KFREE		0x2	/* poison the handle, kfree() */
#define MP_TEST_KEEP_GOING	0x4	/* past errors */
#define MP_TEST_UNDER_LOCK	0x8	/* with the driver's lock held */

#define MP_TEST_GFP_ATOMIC	0x1
#define MP_TEST_GFP_ACCOUNT	0x2
#define MP_TEST_GFP_COMP	0x4
#define MP_TEST_GFP_DMA32	0x8
#define MP_TEST_GFP_NORETRY	0x10
#define MP_TEST_GFP_NO_PLACE	0x20	/* in a mapped pool, no place */
#define MP_TEST_GFP_PLACE	0x40	/* of another pool, an object's index */
#define MP_TEST_GFP_MOVABLE	0x80

enum mp_test_bad_page {
	MP_TEST_BAD_COMPOUND,
	MP_TEST_BAD_TAIL,
	MP_TEST_BAD_SHARED,
	MP_TEST_BAD_SLAB,
	MP_TEST_BAD_RESERVED,
	MP_TEST_BAD_OWNED,	/* by the handle's own pool already */
	MP_TEST_BAD_PAGES,
};

/**
 * struct mp_test_call - a verb and a range of objects
 * @verb: enum mp_test_verb
 * @context: enum mp_test_context
 * @pool: which
 * @flags: MP_TEST_BURY and the like
 * @first: first object
 * @count: how many
 * @arg: as the verb says
 * @value: returned, as the verb says
 * @done: returned: objects for which it succeeded
 * @err: returned: 0, or the last error
 */
struct mp_test_call {
	__u32 verb;
	__u32 context;
	__u32 pool;
	__u32 flags;
	__u32 first;
	__u32 count;
	__u64 arg;
	__u64 value;
	__u32 done;
	__s32 err;
};

/**
 * struct mp_test_info - an object
 * @pfn: its frame, 0 without a page
 * @state: enum movable_page_state
 * @pins: of anybody
 * @freed: calls of ops->freed
 * @async: given to free_async(), ops->freed has not come yet: not the owner's
 * @nid: node of its frame, if it has one
 * @pad: nothing
 */
struct mp_test_info {
	__u64 pfn;
	__u32 state;
	__u32 pins;
	__u32 freed;
	__u32 async;
	__u32 nid;
	__u32 pad;
};

struct mp_test_query {
	__u32 pool;
	__u32 first;
	__u32 count;
	__u32 pad;
	__u64 infos;		/* struct mp_test_info[count] */
};

struct mp_test_stats {
	__u32 pool;
	__u32 pad;
	__u64 pages;
	__u64 unpublished;
	__u64 allocated;
	__u64 freed;
	__u64 isolated;
	__u64 migrated;
	__u64 putback;
	__u64 released;
	__u64 attempted;
	__u64 directed;
	__u64 refused_pinned;
	__u64 refused_referenced;
	__u64 refused_driver;
	__u64 failed_driver;
	__u64 refused_unready;
	__u64 refused_target;
	__u64 deferred;
	__u64 poisoned;
	__u64 shrunk;
	char backing[8];	/* movable_pool_backing() */
};

struct mp_test_lookup {
	__u32 pool;
	__u32 index;		/* returned */
	__u64 pfn;
};

/* Frames that somebody else wants: alloc_contig_range(), then free again. */
struct mp_test_evict {
	__u64 pfn;
	__u64 count;
};

/* Who has this frame?  With no reference it is free. */
struct mp_test_frame {
	__u64 pfn;
	__u64 refs;		/* returned */
};

/* Files of mapped pools; what is odd about them must be refused. */
enum mp_test_file_kind {
	MP_TEST_FILE_GOOD,
	MP_TEST_FILE_OWNERLESS,		/* operations without a module */
	MP_TEST_FILE_STRANGE,		/* not by movable_mapped_file() */
};

/**
 * struct mp_test_mapped - a descriptor of a mapped pool
 * @pool: which
 * @flags: O_RDWR or O_RDONLY, passed as they are
 * @kind: enum mp_test_file_kind
 * @fd: returned
 */
struct mp_test_mapped {
	__u32 pool;
	__u32 flags;
	__u32 kind;
	__s32 fd;
};

/* Where the new frames of a directed move come from. */
enum mp_test_frames {
	MP_TEST_FRAMES_NODES,	/* of @to and @from */
	MP_TEST_FRAMES_OURS,	/* the driver allocates them */
	MP_TEST_FRAMES_BAD,	/* likewise, but a compound page instead */
	MP_TEST_FRAMES_HELD,	/* or one to which a scanner has a reference */
};

/**
 * struct mp_test_left - a page that a directed move has left
 * @index: of the object
 * @why: enum movable_left_why
 */
struct mp_test_left {
	__u32 index;
	__u32 why;
};

/**
 * struct mp_test_move - a directed move
 * @pool: which
 * @whole: all pages of it
 * @first: first object, else
 * @count: how many
 * @mode: enum migrate_mode, passed as it is
 * @frames: enum mp_test_frames
 * @has: MP_TEST_MOVE_*: what of the following two is not NULL
 * @other: pool to pass instead, its number and 1; 0: the objects' own
 * @to: nodes, bit by bit
 * @from: the same
 * @node: that the driver's frames are on
 * @bad_at: call of @alloc that gives no page, or a bad one; 0: none
 * @stop_at: call of @progress that ends it; 0: none
 * @max_left: room in @left
 * @left: struct mp_test_left[]
 * @moved: returned
 * @stayed: returned
 * @nr_left: returned
 * @allocs: returned: calls of @alloc
 * @unused: returned: calls of @unused
 * @progress: returned: calls of @progress
 * @done: returned: what the last of these said
 * @total: returned: the same
 * @err: returned: what the call returned
 */
struct mp_test_move {
	__u32 pool;
	__u32 whole;
	__u32 first;
	__u32 count;
	__u32 mode;
	__u32 frames;
	__u32 has;
	__u32 other;
	__u64 to;
	__u64 from;
	__u32 node;
	__u32 bad_at;
	__u32 stop_at;
	__u32 max_left;
	__u64 left;
	__u64 moved;
	__u64 stayed;
	__u64 nr_left;
	__u32 allocs;
	__u32 unused;
	__u32 progress;
	__s32 err;
	__u64 done;
	__u64 total;
};

#define MP_TEST_MOVE_TO		0x1
#define MP_TEST_MOVE_FROM	0x2
#define MP_TEST_MOVE_UNUSED	0x4	/* the driver takes frames back */

/* All there is in the area of CMA: taken and given back. */
struct mp_test_cma {
	__u64 bytes;
	__u64 pfn;		/* returned: the first frame */
};

/* What MP_TEST_FILL writes to an object's page: none is like another. */
static inline __u64 mp_test_word(__u64 seed, unsigned int index,
				 unsigned int word)
{
	return (seed + 1) * 0x9e3779b97f4a7c15ULL ^ (__u64)index << 32 ^ word;
}

#define MP_TEST_OWN		(~0U)	/* the object the op is called for */
#define MP_TEST_ANY		(~0U)

/**
 * struct mp_test_script - what the driver ops of a pool do from now on
 * @pool: which
 * @only: results, and what is done in ops->migrate, are for this object; the
 *	others move at once
 * @times: so many calls of ops->migrate return @result
 * @result: 0 copies the page
 * @then: result of the calls after those
 * @sleep_ms: in each such call
 * @sleep_in: MP_TEST_HAS_* of the op that sleeps, 0 is ops->migrate
 * @sleep_times: so many calls sleep, 0 is all
 * @act: enum mp_test_verb done in an op; 0 (ALLOC) is nothing
 * @act_pool: with this pool
 * @act_index: and this object
 * @act_in: MP_TEST_HAS_* of the op that does it
 */
struct mp_test_script {
	__u32 pool;
	__u32 only;
	__u32 times;
	__s32 result;
	__s32 then;
	__u32 sleep_ms;
	__u32 sleep_in;
	__u32 sleep_times;
	__u32 act;
	__u32 act_pool;
	__u32 act_index;
	__u32 act_in;
};

/**
 * struct mp_test_log - what the driver ops of a pool have seen
 * @pool: which
 * @migrate: calls of ops->migrate, but for those to undo one
 * @mode: of these, by enum migrate_mode
 * @undone: calls of ops->migrate with the pages exchanged, to undo a move
 * @moved: calls of ops->moved
 * @freed: calls of ops->freed
 * @odd: arguments no op may get: unlocked pages, a pinned page, equal frames
 * @acts: verbs done in an op
 * @act_err: what the last of them returned
 * @graves: buried objects that somebody has written to
 * @old_pfn: of the last ops->moved
 * @new_pfn: the same
 * @poisoned: calls of ops->poisoned
 * @pad: nothing
 * @poisoned_pfn: what the last of them named
 */
struct mp_test_log {
	__u32 pool;
	__u32 migrate;
	__u32 mode[4];
	__u32 undone;
	__u32 moved;
	__u32 freed;
	__u32 odd;
	__u32 acts;
	__s32 act_err;
	__u32 graves;
	__u64 old_pfn;
	__u64 new_pfn;
	__u32 poisoned;
	__u32 pad;
	__u64 poisoned_pfn;
};

#define MP_TEST_IOC_CREATE	_IOWR('m', 0, struct mp_test_create)
#define MP_TEST_IOC_DESTROY	_IOW('m', 1, __u32)
#define MP_TEST_IOC_CALL	_IOWR('m', 2, struct mp_test_call)
#define MP_TEST_IOC_QUERY	_IOWR('m', 3, struct mp_test_query)
#define MP_TEST_IOC_STATS	_IOWR('m', 4, struct mp_test_stats)
#define MP_TEST_IOC_LOOKUP	_IOWR('m', 5, struct mp_test_lookup)
#define MP_TEST_IOC_EVICT	_IOW('m', 6, struct mp_test_evict)
#define MP_TEST_IOC_SCRIPT	_IOW('m', 7, struct mp_test_script)
#define MP_TEST_IOC_LOG		_IOWR('m', 8, struct mp_test_log)
#define MP_TEST_IOC_FRAME	_IOWR('m', 9, struct mp_test_frame)
#define MP_TEST_IOC_MAPPED	_IOWR('m', 10, struct mp_test_mapped)
#define MP_TEST_IOC_MOVE	_IOWR('m', 11, struct mp_test_move)
#define MP_TEST_IOC_CMA		_IOWR('m', 12, struct mp_test_cma)

#endif /* _MP_TEST_UAPI_H */
