/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_BALLOON_H
#define _SELFTESTS_MP_BALLOON_H

/* Balloon pools of mp_test.ko.  Counts of pages, or -errno. */

#include "mp_driver.h"

static inline int mp_balloon_create(int fd, unsigned int flags)
{
	struct mp_test_create create = {
		.name = "balloon",
		.has = MP_TEST_HAS_EXCHANGE,
		.flags = MP_BALLOON | flags,
	};

	return mp_create_as(fd, &create);
}

static inline long mp_balloon_do(int fd, int pool, enum mp_test_verb verb,
				 long n)
{
	struct mp_test_call call = { .verb = verb, .pool = pool, .arg = n };
	int err = mp_call(fd, &call);

	return err ? err : (long)call.done;
}

static inline long mp_balloon_add(int fd, int pool, long n)
{
	return mp_balloon_do(fd, pool, MP_TEST_BALLOON_ADD, n);
}

/* Two good pages, one of them twice, and one that is of no use; twice. */
static inline long mp_balloon_add_odd(int fd, int pool)
{
	return mp_balloon_do(fd, pool, MP_TEST_BALLOON_ADD_ODD, 0);
}

static inline long mp_balloon_take(int fd, int pool, long n)
{
	return mp_balloon_do(fd, pool, MP_TEST_BALLOON_TAKE, n);
}

static inline long mp_balloon_take_wait(int fd, int pool, long n)
{
	return mp_balloon_do(fd, pool, MP_TEST_BALLOON_TAKE_WAIT, n);
}

/* Return: the first frame of a block of pages in the balloon. */
static inline __u64 mp_balloon_add_block(int fd, int pool)
{
	struct mp_test_call call = {
		.verb = MP_TEST_BALLOON_ADD_BLOCK,
		.pool = pool,
		.arg = MP_BLOCK_ORDER,
	};

	if (mp_call(fd, &call) || call.done != MP_BLOCK)
		return 0;
	return call.value;
}

/*
 * Return: how many pages there are, as pool and driver agree; else -EILSEQ.
 * While pages move they may not agree for a moment.
 */
static inline long mp_balloon_pages(int fd, int pool)
{
	struct mp_test_call call = {
		.verb = MP_TEST_BALLOON_COUNT,
		.pool = pool,
	};
	int err = mp_call(fd, &call);

	if (err)
		return err;
	return call.value == call.done ? (long)call.done : -EILSEQ;
}

#endif /* _SELFTESTS_MP_BALLOON_H */
