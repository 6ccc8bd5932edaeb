/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_LOCKDEP_H
#define _SELFTESTS_MP_LOCKDEP_H

/*
 * What lockdep says of a driver that breaks the order of locks.  It says so
 * once: then it is off until the machine starts again.
 */

#include "mp_driver.h"
#include "mp_file.h"
#include "mp_lever.h"
#include "mp_warning.h"

/* The kernel has it, and it has not found anything yet. */
static inline int mp_lockdep_watches(void)
{
	return mp_read_field("/proc/lockdep_stats", " debug_locks") == 1;
}

/* @statement must make it say @said, where it watches. */
#define MP_EXPECT_LOCKDEP(said, statement) do { \
	struct mp_warning mp_lockdep = {}; \
	int mp_watched = mp_lockdep_watches(); \
	if (mp_watched) \
		mp_lockdep = mp_warning_begin(said); \
	statement; \
	if (mp_watched) \
		EXPECT_EQ(1, mp_warning_end(&mp_lockdep)); \
} while (0)

/* A pool whose op takes the driver's lock, as it has done once; or -errno. */
static inline int mp_pool_with_a_locking_op(int fd, unsigned int seed)
{
	int pool = mp_create(fd, "locks", MP_BLOCK + 1, MP_TEST_HAS_MIGRATE);

	if (mp_make_block(fd, pool, 0, seed) ||
	    mp_script_act(fd, pool, MP_TEST_HAS_MIGRATE, MP_TEST_LOCK,
			  MP_TEST_OWN) ||
	    mp_evict_retry(fd, mp_pfn(fd, pool, 0), 1) ||
	    mp_log(fd, pool).acts < 1)
		return -EINVAL;
	return pool;
}

#endif /* _SELFTESTS_MP_LOCKDEP_H */
