// SPDX-License-Identifier: GPL-2.0
/*
 * Owners and VM at once: threads that allocate, map, pin and free pages of a
 * pool while others want the same frames.
 */

#include "mp.h"
#include "mp_worker.h"

#define SECONDS	6

static int step_compact(struct mp_worker *worker)
{
	return mp_compact();
}

static int step_compact_node(struct mp_worker *worker)
{
	return mp_compact_node(0);
}

static int step_evict(struct mp_worker *worker)
{
	mp_evict(worker->fd, worker->pfn, worker->count);
	return 0;
}

static unsigned int any_of(struct mp_worker *worker)
{
	return worker->first + rand_r(&worker->random) % worker->count;
}

/* The object's contents are its own: its index is the seed. */
static int check_and_free(struct mp_worker *worker, unsigned int index)
{
	static const unsigned int dispose[] = {
		0, MP_TEST_BURY, MP_TEST_KFREE,
	};
	struct mp_test_call call = {
		.verb = MP_TEST_FREE,
		.pool = worker->pool,
		.first = index,
		.count = 1,
		.flags = dispose[rand_r(&worker->random) % 3],
	};
	int err = mp_verify(worker->fd, worker->pool, index, 1, index);

	if (rand_r(&worker->random) % 2) {
		call.verb = MP_TEST_FREE_ASYNC;
		call.context = rand_r(&worker->random) % 4;
	}
	return err ?: mp_call(worker->fd, &call);
}

/* Objects are the worker's own, but for those ops->freed has not given back. */
static int step_live_and_die(struct mp_worker *worker)
{
	unsigned int index = any_of(worker);
	struct mp_test_info info = mp_info(worker->fd, worker->pool, index);

	if (info.async)
		return 0;
	if (info.state == MP_EMPTY)
		return mp_make(worker->fd, worker->pool, index, 1, index);
	if (info.pins)
		return -EBUSY;
	return info.state == MP_LIVE ? check_and_free(worker, index) : 0;
}

/* Readers and writers of objects that nobody frees never see an error. */
static int step_map(struct mp_worker *worker)
{
	unsigned int index = any_of(worker);

	return mp_verify(worker->fd, worker->pool, index, 1, MP_BLOCK);
}

static int step_rewrite(struct mp_worker *worker)
{
	unsigned int index = any_of(worker);

	return mp_arg(worker->fd, worker->pool, MP_TEST_FILL, index, 1,
		      worker->steps) ?:
	       mp_verify(worker->fd, worker->pool, index, 1, worker->steps);
}

/* Free each object of the block the instant its page has moved. */
static int step_free_moved(struct mp_worker *worker)
{
	unsigned int index = worker->steps % worker->count;
	struct mp_test_info info = mp_info(worker->fd, worker->pool, index);

	if (info.state == MP_EMPTY || info.pfn == worker->pfn + index)
		return 0;
	return mp_do_flags(worker->fd, worker->pool, MP_TEST_BURY,
			   MP_TEST_FREE, index, 1);
}

static int run_all(struct mp_worker *workers, int n, int seconds)
{
	int err = 0;
	int i;

	for (i = 0; i < n && !err; i++)
		err = mp_worker_start(&workers[i]);
	if (err)
		return err;
	sleep(seconds);
	for (i = 0; i < n; i++)
		err = mp_worker_stop(&workers[i]) ?: err;
	return err;
}

MP_TEST_F(free_storm_against_compaction_R1_R2_R12)
{
	int pool = mp_create(self->fd, "storm", 12000, MP_TEST_HAS_FREED);
	struct mp_worker workers[] = {
		{ .step = step_live_and_die, .first = 0, .random = 1 },
		{ .step = step_live_and_die, .first = 4000, .random = 2 },
		{ .step = step_live_and_die, .first = 8000, .random = 3 },
		{ .step = step_compact },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i].fd = self->fd;
		workers[i].pool = pool;
		workers[i].count = 4000;
	}
	EXPECT_EQ(0, run_all(workers, ARRAY_SIZE(workers), SECONDS));
	printf("# %lu + %lu + %lu lives, %lu compactions, %llu moves\n",
	       workers[0].steps, workers[1].steps, workers[2].steps,
	       workers[3].steps, mp_stats(self->fd, pool).migrated);
	EXPECT_LE(1000, workers[0].steps);
	EXPECT_LE(2, workers[3].steps);
	EXPECT_LE(100, mp_stats(self->fd, pool).migrated);
	EXPECT_LE(100, mp_stats(self->fd, pool).freed);
}

static int free_rest(int fd, int pool, unsigned int count)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < count && !err; i++)
		if (mp_info(fd, pool, i).state != MP_EMPTY)
			err = mp_do(fd, pool, MP_TEST_FREE, i, 1);
	return err;
}

/* A block whose objects have their index as seed. */
static int make_own_block(int fd, int pool)
{
	int err = mp_arg(fd, pool, MP_TEST_ADOPT_BLOCK, 0, MP_BLOCK,
			 MP_BLOCK_ORDER);
	int i;

	for (i = 0; i < MP_BLOCK && !err; i++)
		err = mp_arg(fd, pool, MP_TEST_FILL, i, 1, i);
	return err ?: mp_do(fd, pool, MP_TEST_PUBLISH, 0, MP_BLOCK);
}

/* In a block that somebody else wants all the time. */
MP_TEST_F(free_storm_against_eviction_R1_R10_R12)
{
	int pool = mp_create(self->fd, "storm", MP_BLOCK, MP_TEST_HAS_ALL);
	struct mp_worker workers[] = {
		{ .step = step_live_and_die, .first = 0, .random = 1 },
		{ .step = step_live_and_die, .first = 256, .random = 2 },
		{ .step = step_evict },
		{ .step = step_compact },
	};
	int round, i;

	for (round = 0; round < 8; round++) {
		ASSERT_EQ(0, make_own_block(self->fd, pool));
		for (i = 0; i < ARRAY_SIZE(workers); i++) {
			workers[i].fd = self->fd;
			workers[i].pool = pool;
			workers[i].pfn = mp_pfn(self->fd, pool, 0);
			workers[i].count = i < 2 ? 256 : MP_BLOCK;
			workers[i].stop = 0;
		}
		EXPECT_EQ(0, run_all(workers, ARRAY_SIZE(workers), 1));
		ASSERT_EQ(0, free_rest(self->fd, pool, MP_BLOCK));
	}
	printf("# %llu moves\n", mp_stats(self->fd, pool).migrated);
	EXPECT_LE(200, mp_stats(self->fd, pool).migrated);
	EXPECT_LE(8 * MP_BLOCK, mp_stats(self->fd, pool).freed);
}

/*
 * Thousands are isolated and put back, for the driver will not; then all can be
 * had: none has been left on a list, or with a reference.
 */
MP_TEST_F(putback_storm_R26)
{
	int pool = mp_create(self->fd, "storm", MP_BLOCK, MP_TEST_HAS_ALL);
	struct mp_worker worker = {
		.step = step_evict,
		.fd = self->fd,
		.pool = pool,
		.count = MP_BLOCK,
	};
	struct mp_test_stats stats;

	ASSERT_EQ(0, make_own_block(self->fd, pool));
	ASSERT_EQ(0, mp_script_results(self->fd, pool, ~0U, -EBUSY));
	worker.pfn = mp_pfn(self->fd, pool, 0);
	EXPECT_EQ(0, run_all(&worker, 1, 3));
	stats = mp_stats_at_rest(self->fd, pool);
	printf("# %llu isolated, %llu put back, %llu attempts\n",
	       stats.isolated, stats.putback, stats.attempted);
	EXPECT_EQ(0, stats.migrated);
	EXPECT_EQ(stats.isolated, stats.putback);
	EXPECT_LE(1000, stats.attempted);
	EXPECT_EQ(0, mp_script_results(self->fd, pool, 0, 0));
	EXPECT_EQ(0, mp_evict(self->fd, worker.pfn, MP_BLOCK));
	EXPECT_EQ(MP_BLOCK, mp_stats_at_rest(self->fd, pool).migrated);
	EXPECT_EQ(0, free_rest(self->fd, pool, MP_BLOCK));
}

/* alloc_contig_range() and two compactors, each isolating what it can. */
MP_TEST_F(two_cpus_want_the_same_block)
{
	int pool = mp_create(self->fd, "storm", MP_BLOCK, 0);
	struct mp_worker workers[] = {
		{ .step = step_evict },
		{ .step = step_compact },
		{ .step = step_compact_node },
	};
	struct mp_test_stats stats;
	int round, i;

	for (round = 0; round < 8; round++) {
		ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, round));
		for (i = 0; i < ARRAY_SIZE(workers); i++) {
			workers[i].fd = self->fd;
			workers[i].pfn = mp_pfn(self->fd, pool, 0);
			workers[i].count = MP_BLOCK;
			workers[i].stop = 0;
		}
		EXPECT_EQ(0, run_all(workers, ARRAY_SIZE(workers), 1));
		EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, round));
		ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, MP_BLOCK));
	}
	stats = mp_stats_at_rest(self->fd, pool);
	EXPECT_LE(8 * MP_BLOCK, stats.migrated);
}

MP_TEST_F(map_storm_in_the_move_window_R11)
{
	int pool = mp_create(self->fd, "storm", MP_BLOCK, MP_TEST_HAS_MIGRATE);
	struct mp_worker workers[] = {
		{ .step = step_map, .first = 0, .count = 256, .random = 1 },
		{ .step = step_rewrite, .first = 256, .count = 256 },
		{ .step = step_evict, .count = MP_BLOCK },
	};
	__u64 moves = 0;
	int round, i;

	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, MP_BLOCK));
		ASSERT_EQ(0, mp_script_results(self->fd, pool, 300, -EAGAIN));
		for (i = 0; i < ARRAY_SIZE(workers); i++) {
			workers[i].fd = self->fd;
			workers[i].pool = pool;
			workers[i].pfn = mp_pfn(self->fd, pool, 0);
			workers[i].stop = 0;
		}
		EXPECT_EQ(0, run_all(workers, ARRAY_SIZE(workers), 1));
		EXPECT_EQ(0, mp_evict_retry(self->fd, workers[0].pfn,
					    MP_BLOCK));
		moves = mp_stats_at_rest(self->fd, pool).migrated;
		EXPECT_LE(MP_BLOCK * (round + 1), moves);
		ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, MP_BLOCK));
	}
	EXPECT_LE(100, workers[0].steps);
	EXPECT_LE(100, workers[1].steps);
}

MP_TEST_F(free_the_instant_a_page_has_moved_R5)
{
	int pool = mp_create(self->fd, "storm", MP_BLOCK, MP_TEST_HAS_MOVED);
	struct mp_worker evictor = { .step = step_evict };
	struct mp_worker owner = { .step = step_free_moved };
	__u64 freed;
	int round;

	for (round = 0; round < 6; round++) {
		ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, round));
		owner.fd = self->fd;
		owner.pool = pool;
		owner.pfn = mp_pfn(self->fd, pool, 0);
		owner.count = MP_BLOCK;
		owner.stop = 0;
		evictor = owner;
		evictor.step = step_evict;
		freed = mp_stats(self->fd, pool).freed;
		ASSERT_EQ(0, mp_worker_start(&owner));
		ASSERT_EQ(0, mp_worker_start(&evictor));
		while (!owner.err &&
		       mp_stats(self->fd, pool).freed < freed + MP_BLOCK)
			usleep(10000);
		EXPECT_EQ(0, mp_worker_stop(&evictor));
		EXPECT_EQ(0, mp_worker_stop(&owner));
	}
	EXPECT_EQ(6 * MP_BLOCK, mp_stats(self->fd, pool).freed);
	EXPECT_LE(6 * MP_BLOCK, mp_stats(self->fd, pool).migrated);
}

/* A pool's life: half its pages are freed, the rest too, then it goes. */
static int pool_life(int fd, __u64 *moves)
{
	int pool = mp_create(fd, "mayfly", 2000, MP_TEST_HAS_ALL);
	int err = pool < 0 ? pool : mp_make(fd, pool, 0, 2000, pool);
	int i;

	for (i = 0; i < 2000 && !err; i += 2)
		err = mp_do(fd, pool, MP_TEST_FREE, i, 1);
	usleep(30000);
	for (i = 1; i < 2000 && !err; i += 2)
		err = mp_verify(fd, pool, i, 1, pool) ?:
		      mp_do(fd, pool, MP_TEST_FREE_ASYNC, i, 1);
	*moves += mp_stats(fd, pool).migrated;
	return err ?: mp_destroy(fd, pool);
}

MP_TEST_F(create_and_destroy_against_compaction_R7)
{
	struct mp_worker compactor = { .step = step_compact };
	__u64 moves = 0;
	int i;

	ASSERT_EQ(0, mp_worker_start(&compactor));
	for (i = 0; i < 30; i++)
		ASSERT_EQ(0, pool_life(self->fd, &moves));
	EXPECT_EQ(0, mp_worker_stop(&compactor));
	printf("# %llu moves in %lu compactions\n", moves, compactor.steps);
	EXPECT_LE(30, moves);
}

MP_TEST_F(destroy_with_pages_against_compaction_R6_R7)
{
	struct mp_worker compactor = { .step = step_compact };
	int pool, i;

	ASSERT_EQ(0, mp_worker_start(&compactor));
	MP_EXPECT_WARNING("pages still allocated", {
		for (i = 0; i < 20; i++) {
			pool = mp_create(self->fd, "left", 3000,
					 MP_TEST_HAS_ALL);
			EXPECT_EQ(0, mp_make(self->fd, pool, 0, 3000, i));
			EXPECT_EQ(0, mp_destroy(self->fd, pool));
		}
	});
	EXPECT_EQ(0, mp_worker_stop(&compactor));
	EXPECT_LE(1, compactor.steps);
}

MP_TEST_F(lookups_and_lists_against_moves)
{
	int pool = mp_create(self->fd, "listed", 4000, 0);
	struct mp_worker compactor = { .step = step_compact };
	char path[128], text[64];
	int i, found = 0;

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 4000, 1));
	for (i = 0; i < 4000; i += 2)
		ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, i, 1));
	ASSERT_EQ(1, mp_find_file(MP_DEBUGFS "listed-*/pages", path,
				  sizeof(path)));
	ASSERT_EQ(0, mp_worker_start(&compactor));
	for (i = 1; i < 4000; i += 2)
		found += mp_lookup(self->fd, pool,
				   mp_pfn(self->fd, pool, i)) == i;
	for (i = 0; i < 5; i++)
		EXPECT_LT(0, mp_read_file(path, text, sizeof(text)));
	EXPECT_EQ(0, mp_worker_stop(&compactor));
	EXPECT_LE(1500, found);
	for (i = 1; i < 4000; i += 2)
		ASSERT_EQ(0, mp_verify(self->fd, pool, i, 1, 1));
}

TEST_HARNESS_MAIN
