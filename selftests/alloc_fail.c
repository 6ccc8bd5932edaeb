// SPDX-License-Identifier: GPL-2.0
/*
 * Memory runs out at every place where the framework allocates: the call says
 * so, nothing has changed, and the next one succeeds.
 */

#include "mp.h"
#include "mp_point.h"

#define SEED	13

static struct mp_test_call bulk_of(int pool, unsigned int count)
{
	return (struct mp_test_call) {
		.verb = MP_TEST_ALLOC_BULK,
		.pool = pool,
		.count = count,
	};
}

static int create_fails_at(int fd, const char *point)
{
	struct mp_test_create create = {
		.name = "fails",
		.capacity = 1,
		.has = MP_TEST_HAS_ALL,
		.flags = MP_PAGE_CACHE,
	};
	int err = mp_points_reset() ?: mp_point_fail(point, 1);

	return err ?: mp_create_as(fd, &create);
}

MP_TEST_F(create)
{
	static const char * const points[] = {
		"alloc-pool", "alloc-stats", "alloc-name", "alloc-cache",
		"alloc-inode",
	};
	char path[128];
	int pool;
	int i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		EXPECT_EQ(-ENOMEM, create_fails_at(self->fd, points[i]));
		EXPECT_EQ(1, mp_point_hits(points[i]));
		EXPECT_EQ(0, mp_find_file(MP_DEBUGFS "fails-*", path,
					  sizeof(path)));
		pool = mp_create(self->fd, "fails", 1, MP_TEST_HAS_ALL);
		ASSERT_LE(0, pool);
		EXPECT_EQ(0, mp_make(self->fd, pool, 0, 1, SEED));
		EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
		EXPECT_EQ(0, mp_destroy(self->fd, pool));
	}
}

MP_TEST_F(alloc)
{
	int pool = mp_create(self->fd, "fails", 10, 0);
	struct mp_test_call call = {
		.verb = MP_TEST_ALLOC,
		.pool = pool,
		.count = 10,
	};

	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_fail("alloc-page", 5));
	EXPECT_EQ(-ENOMEM, mp_call(self->fd, &call));
	EXPECT_EQ(4, call.done);
	EXPECT_EQ(4, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(4, mp_stats(self->fd, pool).allocated);
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 4).state);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 4, 6));
}

MP_TEST_F(alloc_at_max_pages)
{
	struct mp_test_create create = {
		.name = "fails",
		.capacity = 2,
		.max_pages = 1,
	};
	int pool = mp_create_as(self->fd, &create);

	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_fail("alloc-page", 1));
	EXPECT_EQ(-ENOMEM, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	EXPECT_EQ(-ENOSPC, mp_do(self->fd, pool, MP_TEST_ALLOC, 1, 1));
}

MP_TEST_F(bulk_falls_back_to_single_pages)
{
	int pool = mp_create(self->fd, "fails", 20, 0);
	struct mp_test_call call = bulk_of(pool, 20);

	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_fail("alloc-bulk", 1));
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(1, mp_point_hits("alloc-bulk"));
	EXPECT_EQ(20, call.done);
	EXPECT_EQ(20, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(bulk_gives_what_there_is)
{
	int pool = mp_create(self->fd, "fails", 20, 0);
	struct mp_test_call call = bulk_of(pool, 20);
	int i;

	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_fail("alloc-bulk", 1));
	ASSERT_EQ(0, mp_point_fail("alloc-page", 8));
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(7, call.done);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(i < 7 ? MP_PRIVATE : MP_EMPTY,
			  mp_info(self->fd, pool, i).state);
	EXPECT_EQ(7, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 7, 13));
}

MP_TEST_F(vmap)
{
	int pool = mp_create(self->fd, "fails", 4, 0);
	int i;

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 4, SEED));
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_fail("vmap", 1));
	EXPECT_EQ(-ENOMEM, mp_arg(self->fd, pool, MP_TEST_VMAP, 0, 4, SEED));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, mp_info(self->fd, pool, i).pins);
	EXPECT_EQ(0, mp_arg(self->fd, pool, MP_TEST_VMAP, 0, 4, SEED));
}

/* Not simulated: the pool takes all there is in one call and gives it back. */
MP_TEST_F(memory_is_full)
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
