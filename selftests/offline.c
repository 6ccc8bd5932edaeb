// SPDX-License-Identifier: GPL-2.0
/*
 * Memory blocks go offline: every page of ours in them must move, to another
 * zone and another node.  Needs a machine whose node 1 has hot-plugged memory
 * in ZONE_MOVABLE, and whose node 0 has room for what leaves it: the kernel
 * moves pages off the node if it can.
 */

#include "mp.h"
#include "mp_hotplug.h"
#include "mp_worker.h"

#define SEED	29

static long node_meminfo(int node, const char *key)
{
	char path[128], full[64];

	snprintf(path, sizeof(path), MP_NODE "meminfo", node);
	snprintf(full, sizeof(full), "Node %d %s", node, key);
	return mp_read_field(path, full);
}

static long isolated_of_all_nodes(void)
{
	return labs(mp_node_vmstat(0, "nr_isolated_anon")) +
	       labs(mp_node_vmstat(0, "nr_isolated_file")) +
	       labs(mp_node_vmstat(1, "nr_isolated_anon")) +
	       labs(mp_node_vmstat(1, "nr_isolated_file"));
}

/* The counters are folded from the CPUs about once a second: wait for that. */
static long isolated_at_rest(void)
{
	int tries = 10;
	long n;

	while ((n = isolated_of_all_nodes()) && tries--)
		sleep(1);
	return n;
}

static int block_off(long block)
{
	return mp_memory_block_set(block, "offline");
}

static int block_on(long block)
{
	return mp_memory_block_set(block, "online_movable");
}

/* More than a memory block holds, so that all blocks of the node get some. */
#define PAGES	40000

/* A pool full of pages, on node 1 as far as they fit. */
static int full_pool(int fd, unsigned int has)
{
	int pool = mp_create(fd, "unplug", PAGES, has);
	int err = pool < 0 ? pool : mp_prefer_node(1);

	return err ?: mp_make(fd, pool, 0, PAGES, SEED) ?: pool;
}

MP_TEST_F(all_pages_leave_R3_R15)
{
	int pool = full_pool(self->fd, 0);
	long total0 = node_meminfo(0, "MemTotal");
	long total1 = node_meminfo(1, "MemTotal");
	long block = mp_last_block();
	int there;

	ASSERT_LT(0, total1);
	ASSERT_EQ(1, mp_block_is_movable(block));
	there = mp_pages_in(self->fd, pool, PAGES, block);
	ASSERT_LE(1000, there);
	EXPECT_EQ(0, block_off(block));
	printf("# figure: memory block offline moved %d of %d pages\n",
	       (int)mp_stats(self->fd, pool).migrated, there);
	EXPECT_EQ(0, mp_pages_in(self->fd, pool, PAGES, block));
	EXPECT_LE(there, mp_stats(self->fd, pool).migrated);
	EXPECT_EQ(total1 - mp_memory_block_pages() * mp_page_kb(),
		  node_meminfo(1, "MemTotal"));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
	EXPECT_EQ(0, block_on(block));
	EXPECT_EQ(total0, node_meminfo(0, "MemTotal"));
	EXPECT_EQ(total1, node_meminfo(1, "MemTotal"));
	EXPECT_EQ(0, isolated_at_rest());
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, PAGES));
}

/* Return: an object in the block, or count. */
static int first_in(int fd, int pool, int count, long block)
{
	int i;

	for (i = 0; i < count; i++)
		if (mp_memory_block(mp_pfn(fd, pool, i)) == block)
			break;
	return i;
}

static int step_offline(struct mp_worker *worker)
{
	worker->stop = 1;
	return block_off(worker->count);
}

/* The kernel goes on trying until the last page has moved. */
MP_TEST_F(pinned_page_holds_up_its_block)
{
	int pool = full_pool(self->fd, 0);
	long block = mp_last_block();
	struct mp_worker offliner = { .step = step_offline, .count = block };
	__u64 pfn;
	int i;

	i = first_in(self->fd, pool, PAGES, block);
	ASSERT_GT(PAGES, i);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, i, 1));
	pfn = mp_pfn(self->fd, pool, i);
	ASSERT_EQ(0, mp_worker_start(&offliner));
	sleep(3);
	EXPECT_EQ(0, __atomic_load_n(&offliner.steps, __ATOMIC_ACQUIRE));
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, i));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, i, 1));
	EXPECT_EQ(0, mp_worker_stop(&offliner));
	EXPECT_EQ(0, mp_pages_in(self->fd, pool, PAGES, block));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
	EXPECT_EQ(0, block_on(block));
}

MP_TEST_F(refusals_do_not_stop_it_R22)
{
	int pool = full_pool(self->fd, MP_TEST_HAS_ALL);
	long block = mp_last_block();
	struct mp_test_stats stats;
	int there;

	there = mp_pages_in(self->fd, pool, PAGES, block);
	ASSERT_LE(1000, there);
	ASSERT_EQ(0, mp_script(self->fd, (struct mp_test_script) {
		.pool = pool,
		.only = MP_TEST_ANY,
		.times = 500,
		.result = -EBUSY,
	}));
	EXPECT_EQ(0, block_off(block));
	stats = mp_stats_at_rest(self->fd, pool);
	EXPECT_EQ(500, stats.failed_driver);
	EXPECT_LE(there, stats.migrated);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
	EXPECT_EQ(0, block_on(block));
}

static int step_off_and_on(struct mp_worker *worker)
{
	return block_off(worker->count) ?: block_on(worker->count);
}

/* Leaves unplug some time, too, or it finds no page in use. */
static int step_reclaim(struct mp_worker *worker)
{
	usleep(worker->steps % 8 * 10000);
	return mp_write_file("/proc/sys/vm/drop_caches", "2");
}

/* Arms the shrinker anew when it has nothing left. */
static int step_feed_shrinker(struct mp_worker *worker)
{
	struct mp_test_call call = {
		.verb = MP_TEST_SHRUNK,
		.pool = worker->pool,
	};
	int err = mp_call(worker->fd, &call);

	if (err || (worker->steps && call.value < worker->count))
		return err ?: usleep(1000);
	return mp_make(worker->fd, worker->pool, 0, worker->count, SEED) ?:
	       mp_do(worker->fd, worker->pool, MP_TEST_SHRINK, 0,
		     worker->count);
}

MP_TEST_F(free_from_a_shrinker_meanwhile_R28)
{
	struct mp_worker workers[] = {
		{ .step = step_feed_shrinker, .count = PAGES },
		{ .step = step_reclaim },
		{ .step = step_off_and_on, .count = mp_last_block() },
	};
	int i;

	ASSERT_EQ(0, mp_prefer_node(1));
	/* 4: say no word about it from now on. */
	ASSERT_EQ(0, mp_write_file("/proc/sys/vm/drop_caches", "4"));
	workers[0].fd = self->fd;
	workers[0].pool = mp_create(self->fd, "shrink", PAGES, 0);
	for (i = 0; i < ARRAY_SIZE(workers); i++)
		ASSERT_EQ(0, mp_worker_start(&workers[i]));
	sleep(10);
	for (i = 0; i < 60; i++)
		if (mp_stats(self->fd, workers[0].pool).migrated < 100)
			sleep(1);
	for (i = 0; i < ARRAY_SIZE(workers); i++)
		EXPECT_EQ(0, mp_worker_stop(&workers[i]));
	printf("# %llu freed, %llu moved, %lu times offline\n",
	       mp_stats(self->fd, workers[0].pool).freed,
	       mp_stats(self->fd, workers[0].pool).migrated, workers[2].steps);
	EXPECT_LE(PAGES, mp_stats(self->fd, workers[0].pool).freed);
	EXPECT_LE(100, mp_stats(self->fd, workers[0].pool).migrated);
	EXPECT_LE(2, workers[2].steps);
}

TEST_HARNESS_MAIN
