/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_DRIVER_H
#define _SELFTESTS_MP_DRIVER_H

/* Talking to mp_test.ko.  Everything returns 0 or more, or -errno. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kmod/mp_test_uapi.h"

/* enum movable_page_state of include/linux/movable_pool.h */
enum { MP_EMPTY, MP_PRIVATE, MP_LIVE, MP_MOVING };

#define MP_UNMOVABLE		0x1	/* MOVABLE_POOL_UNMOVABLE */
#define MP_PAGE_CACHE		0x2	/* MOVABLE_POOL_PAGE_CACHE */
#define MP_BALLOON		0x4	/* MOVABLE_POOL_BALLOON */
#define MP_ADJUST		0x8	/* MOVABLE_POOL_ADJUST */
#define MP_MAPPED		0x10	/* MOVABLE_POOL_MAPPED */
#define MP_MAX_PINS		0x3ffff	/* MOVABLE_PAGE_MAX_PINS */

/*
 * A block: up to 5.18 alloc_contig_range() isolates no less than the largest
 * block the page allocator has, later kernels a pageblock, which is half of it.
 */
#define MP_BLOCK_ORDER		10
#define MP_BLOCK		1024

static inline int mp_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static inline int mp_open(void)
{
	int fd = open(MP_TEST_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Return: the number of the pool in @fd. */
static inline int mp_create_as(int fd, struct mp_test_create *create)
{
	int err = mp_ioctl(fd, MP_TEST_IOC_CREATE, create);

	return err ?: (int)create->pool;
}

static inline int mp_create(int fd, const char *name, unsigned int capacity,
			    unsigned int has)
{
	struct mp_test_create create = { .capacity = capacity, .has = has };

	snprintf(create.name, sizeof(create.name), "%s", name);
	return mp_create_as(fd, &create);
}

static inline int mp_destroy(int fd, int pool)
{
	__u32 number = pool;

	return mp_ioctl(fd, MP_TEST_IOC_DESTROY, &number);
}

static inline int mp_call(int fd, struct mp_test_call *call)
{
	int err = mp_ioctl(fd, MP_TEST_IOC_CALL, call);

	return err ?: call->err;
}

/* The common case: a verb for a range, done in the caller's own context. */
static inline int mp_arg(int fd, int pool, enum mp_test_verb verb,
			 unsigned int first, unsigned int count, __u64 arg)
{
	struct mp_test_call call = {
		.verb = verb,
		.pool = pool,
		.first = first,
		.count = count,
		.arg = arg,
	};

	return mp_call(fd, &call);
}

static inline int mp_do(int fd, int pool, enum mp_test_verb verb,
			unsigned int first, unsigned int count)
{
	return mp_arg(fd, pool, verb, first, count, 0);
}

static inline int mp_do_in(int fd, int pool, enum mp_test_context context,
			   enum mp_test_verb verb, unsigned int first,
			   unsigned int count)
{
	struct mp_test_call call = {
		.verb = verb,
		.context = context,
		.pool = pool,
		.first = first,
		.count = count,
	};

	return mp_call(fd, &call);
}

static inline int mp_do_flags(int fd, int pool, unsigned int flags,
			      enum mp_test_verb verb, unsigned int first,
			      unsigned int count)
{
	struct mp_test_call call = {
		.verb = verb,
		.pool = pool,
		.flags = flags,
		.first = first,
		.count = count,
	};

	return mp_call(fd, &call);
}

/* Pages that are ready: allocated, filled with @seed's pattern, published. */
static inline int mp_make(int fd, int pool, unsigned int first,
			  unsigned int count, __u64 seed)
{
	return mp_do(fd, pool, MP_TEST_ALLOC, first, count) ?:
	       mp_arg(fd, pool, MP_TEST_FILL, first, count, seed) ?:
	       mp_do(fd, pool, MP_TEST_PUBLISH, first, count);
}

/* The same in consecutive frames, a whole block of them. */
static inline int mp_make_block(int fd, int pool, unsigned int first,
				__u64 seed)
{
	return mp_arg(fd, pool, MP_TEST_ADOPT_BLOCK, first, MP_BLOCK,
		      MP_BLOCK_ORDER) ?:
	       mp_arg(fd, pool, MP_TEST_FILL, first, MP_BLOCK, seed) ?:
	       mp_do(fd, pool, MP_TEST_PUBLISH, first, MP_BLOCK);
}

static inline int mp_verify(int fd, int pool, unsigned int first,
			    unsigned int count, __u64 seed)
{
	return mp_arg(fd, pool, MP_TEST_VERIFY, first, count, seed);
}

static inline int mp_infos(int fd, int pool, unsigned int first,
			   unsigned int count, struct mp_test_info *infos)
{
	struct mp_test_query query = {
		.pool = pool,
		.first = first,
		.count = count,
		.infos = (__u64)(unsigned long)infos,
	};

	return mp_ioctl(fd, MP_TEST_IOC_QUERY, &query);
}

/* All ones in the fields if the driver does not answer. */
static inline struct mp_test_info mp_info(int fd, int pool, unsigned int index)
{
	struct mp_test_info info;

	memset(&info, 0xff, sizeof(info));
	mp_infos(fd, pool, index, 1, &info);
	return info;
}

static inline __u64 mp_pfn(int fd, int pool, unsigned int index)
{
	return mp_info(fd, pool, index).pfn;
}

static inline struct mp_test_stats mp_stats(int fd, int pool)
{
	struct mp_test_stats stats;

	memset(&stats, 0xff, sizeof(stats));
	stats.pool = pool;
	mp_ioctl(fd, MP_TEST_IOC_STATS, &stats);
	return stats;
}

static inline struct mp_test_log mp_log(int fd, int pool)
{
	struct mp_test_log log;

	memset(&log, 0xff, sizeof(log));
	log.pool = pool;
	mp_ioctl(fd, MP_TEST_IOC_LOG, &log);
	return log;
}

/* Return: the object's index. */
static inline int mp_lookup(int fd, int pool, __u64 pfn)
{
	struct mp_test_lookup lookup = { .pool = pool, .pfn = pfn };
	int err = mp_ioctl(fd, MP_TEST_IOC_LOOKUP, &lookup);

	return err ?: (int)lookup.index;
}

/* Return: references to a frame, 0 if it is free. */
static inline long mp_frame_refs(int fd, __u64 pfn)
{
	struct mp_test_frame frame = { .pfn = pfn };
	int err = mp_ioctl(fd, MP_TEST_IOC_FRAME, &frame);

	return err ?: (long)frame.refs;
}

/* The whole script: a field left out is 0, @only too. */
static inline int mp_script(int fd, struct mp_test_script script)
{
	return mp_ioctl(fd, MP_TEST_IOC_SCRIPT, &script);
}

/* The next @times calls of ops->migrate return @result, later ones copy. */
static inline int mp_script_results(int fd, int pool, unsigned int times,
				    int result)
{
	return mp_script(fd, (struct mp_test_script) {
		.pool = pool,
		.only = MP_TEST_ANY,
		.times = times,
		.result = result,
	});
}

/* In ops @in of @pool, do @verb to object @index of the same pool. */
static inline int mp_script_act(int fd, int pool, unsigned int in,
				enum mp_test_verb verb, unsigned int index)
{
	return mp_script(fd, (struct mp_test_script) {
		.pool = pool,
		.only = MP_TEST_ANY,
		.act = verb,
		.act_pool = pool,
		.act_index = index,
		.act_in = in,
	});
}

#endif /* _SELFTESTS_MP_DRIVER_H */
