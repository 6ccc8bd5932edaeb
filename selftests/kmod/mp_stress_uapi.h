/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_STRESS_UAPI_H
#define _MP_STRESS_UAPI_H

/*
 * What selftests/stress.c says to mp_stress.ko: a driver whose threads, the
 * owners, do anything that the API allows to pages of pools of their own, as
 * fast as they can, and look at every word of a page whenever they touch it.
 *
 * One file at a time; closing it ends the owners and frees everything.
 */

#include <linux/ioctl.h>
#include <linux/types.h>

#define MP_STRESS_DEVICE	"/dev/mp_stress"
#define MP_STRESS_WRONG		160
#define MP_STRESS_OWNERS	32	/* of all kinds together */

/*
 * Words of a mapped page that are the driver's.  The others are of the process
 * that has it mapped.
 */
#define MP_STRESS_SHARE		256

/* What an owner's pools are. */
enum mp_stress_kind {
	MP_STRESS_DATA,		/* the kernel's own backing */
	MP_STRESS_CACHE,
	MP_STRESS_MAPPED,
	MP_STRESS_BALLOON,
	MP_STRESS_KINDS,
};

/* What owners do.  Counted are pages, but for the last four. */
enum mp_stress_act {
	MP_STRESS_ALLOC,
	MP_STRESS_BULK,
	MP_STRESS_ADOPT,
	MP_STRESS_PUBLISH,
	MP_STRESS_CHECK,
	MP_STRESS_REWRITE,
	MP_STRESS_PIN,
	MP_STRESS_TRYPIN,
	MP_STRESS_LONGTERM,
	MP_STRESS_VMAP,
	MP_STRESS_LOOKUP,
	MP_STRESS_FREE,
	MP_STRESS_FREE_ASYNC,
	MP_STRESS_INFLATE,
	MP_STRESS_DEFLATE,
	MP_STRESS_NO_MEMORY,	/* calls that failed for want of memory */
	MP_STRESS_MOVE,		/* calls of directed moves */
	MP_STRESS_CREATE,	/* pools */
	MP_STRESS_DESTROY,
	MP_STRESS_ACTS,
};

/**
 * struct mp_stress_start - the owners that there shall be
 * @seed: of all that they choose
 * @owners: how many of each kind
 * @pages: that a pool of each kind has at most
 * @nice: of their threads
 * @pad: nothing
 */
struct mp_stress_start {
	__u64 seed;
	__u32 owners[MP_STRESS_KINDS];
	__u32 pages[MP_STRESS_KINDS];
	__s32 nice;
	__u32 pad;
};

/**
 * struct mp_stress_report - what has happened, to all pools up to now
 * @acts: by enum mp_stress_act
 * @words: words looked at
 * @bad: of these, not as they were written
 * @allocated: of the books, see struct movable_pool_stats; and so on
 * @freed: the same
 * @isolated: the same
 * @migrated: the same
 * @putback: the same
 * @released: the same
 * @attempted: the same
 * @directed: the same
 * @refused: sum of all refusals
 * @deferred: the same
 * @undone: moves that the driver was asked to undo
 * @nr_wrong: what should not be
 * @wrong: the first of it
 */
struct mp_stress_report {
	__u64 acts[MP_STRESS_ACTS];
	__u64 words;
	__u64 bad;
	__u64 allocated;
	__u64 freed;
	__u64 isolated;
	__u64 migrated;
	__u64 putback;
	__u64 released;
	__u64 attempted;
	__u64 directed;
	__u64 refused;
	__u64 deferred;
	__u64 undone;
	__u64 nr_wrong;
	char wrong[MP_STRESS_WRONG];
};

/**
 * struct mp_stress_frame - where a page is
 * @random: chooses it
 * @pfn: returned; 0 if what was chosen has none
 */
struct mp_stress_frame {
	__u64 random;
	__u64 pfn;
};

/**
 * struct mp_stress_mapped - a descriptor of a mapped pool
 * @which: of the owners of mapped pools
 * @fd: returned
 * @pages: returned: its size
 * @pad: nothing
 * @life: returned: a number that no other pool has
 */
struct mp_stress_mapped {
	__u32 which;
	__s32 fd;
	__u32 pages;
	__u32 pad;
	__u64 life;
};

#define MP_STRESS_IOC_START	_IOW('s', 0, struct mp_stress_start)
/* Ends the owners, frees everything and closes the books. */
#define MP_STRESS_IOC_STOP	_IO('s', 1)
#define MP_STRESS_IOC_REPORT	_IOR('s', 2, struct mp_stress_report)
#define MP_STRESS_IOC_FRAME	_IOWR('s', 3, struct mp_stress_frame)
#define MP_STRESS_IOC_MAPPED	_IOWR('s', 4, struct mp_stress_mapped)

#endif /* _MP_STRESS_UAPI_H */
