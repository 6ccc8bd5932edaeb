// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that takes a lock in its op, and holds it when it frees a page,
 * which waits while the page is moved: by an op that wants the lock.  Nothing
 * hangs here; lockdep must say that it can.
 */

#include "mp.h"
#include "mp_lockdep.h"

#define SEED	17

MP_TEST_F(lock_is_held_and_taken_in_an_op)
{
	int pool;

	ASSERT_EQ(1, mp_lockdep_watches());
	pool = mp_pool_with_a_locking_op(self->fd, SEED);
	ASSERT_LE(0, pool);
	/* So far all is well. */
	ASSERT_EQ(1, mp_lockdep_watches());
	MP_EXPECT_WARNING("possible circular locking dependency", {
		EXPECT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_UNDER_LOCK,
					 MP_TEST_FREE, 0, 1));
	});
	EXPECT_EQ(0, mp_lockdep_watches());
}

TEST_HARNESS_MAIN
