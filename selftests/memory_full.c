// SPDX-License-Identifier: GPL-2.0
/* Memory runs out, really: a pool takes all there is. */

#include "mp.h"

#define SEED	13

/* In one call, and gives it back. */
MP_TEST_F(all_there_is_in_one_call)
{
	long pages = mp_read_field("/proc/meminfo", "MemTotal") / 4;
	int pool = mp_create(self->fd, "greedy", pages, 0);
	struct mp_test_call call = {
		.verb = MP_TEST_ALLOC,
		.pool = pool,
		.count = pages,
		.arg = MP_TEST_GFP_NORETRY,
	};

	ASSERT_LE(0, pool);
	EXPECT_EQ(-ENOMEM, mp_call(self->fd, &call));
	call.verb = MP_TEST_FREE;
	call.count = call.done;
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_LT(pages / 2, call.done);
	EXPECT_EQ(call.done, mp_stats(self->fd, pool).allocated);
	EXPECT_EQ(0, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, mp_make(self->fd, pool, 0, 100, SEED));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 100, SEED));
}

TEST_HARNESS_MAIN
