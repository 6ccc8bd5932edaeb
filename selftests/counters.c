// SPDX-License-Identifier: GPL-2.0
/*
 * What pools add to the kernel's counters, and that all of it goes again.  On a
 * machine with two nodes, for moves between them have lost counts before (R15).
 */

#include <sys/mman.h>
#include <sys/wait.h>

#include "mp.h"
#include "mp_cgroup.h"
#include "mp_counters.h"
#include "mp_cpu_lists.h"
#include "mp_hotplug.h"

#define SEED	37
#define PAGES	8000

FIXTURE(counted) {
	struct mp_world world;
	struct mp_counters before;
	int fd;
	int pool;
	int cached;
};

FIXTURE_VARIANT(counted) {
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(counted, by_default) {
	.flags = 0,
};

FIXTURE_VARIANT_ADD(counted, page_cache) {
	.flags = MP_PAGE_CACHE,
};

FIXTURE_VARIANT_ADD(counted, unmovable) {
	.flags = MP_UNMOVABLE,
};

FIXTURE_SETUP(counted)
{
	struct mp_test_create create = {
		.name = "counted",
		.capacity = PAGES,
		.flags = variant->flags,
	};
	struct mp_test_stats stats;

	ASSERT_EQ(0, mp_prefer_node(1));
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	mp_counters_read(&self->before);
	self->pool = mp_create_as(self->fd, &create);
	ASSERT_LE(0, self->pool);
	stats = mp_stats(self->fd, self->pool);
	self->cached = mp_cached(&stats);
}

FIXTURE_TEARDOWN(counted)
{
	EXPECT_STREQ("", mp_world_close(&self->world));
	EXPECT_EQ(0, mp_counters_returned(&self->before));
}

#define COUNTED_F(name)	TEST_F(counted, name)

/* Page cache counts as Cached and Unevictable, other pages as nothing. */
COUNTED_F(pages_count_as_documented)
{
	long want = self->cached ? PAGES : 0;

	ASSERT_EQ(0, mp_make(self->fd, self->pool, 0, PAGES, SEED));
	EXPECT_EQ(want, mp_counters_added(&self->before, MP_FILE_PAGES));
	EXPECT_EQ(want, mp_counters_added(&self->before, MP_UNEVICTABLE));
}

COUNTED_F(freed_one_by_one)
{
	int i;

	ASSERT_EQ(0, mp_make(self->fd, self->pool, 0, PAGES, SEED));
	mp_drain_lru();
	for (i = 0; i < PAGES; i++)
		ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE, i, 1));
	EXPECT_EQ(0, mp_counters_returned(&self->before));
}

COUNTED_F(moved_to_another_node_R15)
{
	long want = self->cached ? PAGES : 0;
	struct mp_counters full;
	__u64 pfn;
	long block;

	if (variant->flags & MP_UNMOVABLE)
		return;
	ASSERT_EQ(0, mp_make(self->fd, self->pool, 0, PAGES, SEED));
	mp_counters_read(&full);
	pfn = mp_pfn(self->fd, self->pool, 0);
	block = mp_memory_block(pfn);
	ASSERT_EQ(1, mp_block_is_movable(block));
	ASSERT_LE(1000, mp_pages_in(self->fd, self->pool, PAGES, block));
	ASSERT_EQ(0, mp_memory_block_set(block, "offline"));
	EXPECT_LE(1000, mp_stats(self->fd, self->pool).migrated);
	EXPECT_EQ(want, mp_counters_added(&self->before, MP_FILE_PAGES));
	EXPECT_EQ(want, mp_counters_added(&self->before, MP_UNEVICTABLE));
	EXPECT_EQ(0, mp_memory_block_set(block, "online_movable"));
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, PAGES, SEED));
}

/* Free memory, with what the per-CPU lists and the slab caches keep of it. */
static long free_pages(void)
{
	mp_drain_lru();
	mp_write_file("/proc/sys/vm/drop_caches", "3");
	mp_compact();
	mp_write_file("/proc/sys/vm/stat_refresh", "1");
	return mp_read_field("/proc/vmstat", "nr_free_pages") +
	       mp_pages_on_cpu_lists();
}

static int cycle(int fd, int pool)
{
	return mp_make(fd, pool, 0, PAGES, SEED) ?:
	       mp_compact() ?:
	       mp_do(fd, pool, MP_TEST_FREE, 0, PAGES) ?:
	       (int)mp_deferred_drain();
}

/*
 * The kernel itself allocates and frees meanwhile: some tens of pages in most
 * rounds, some hundreds in one of many.  A leak is in every round and noise is
 * not, so the best of some rounds is the one that counts.  A page lost in a
 * thousand is 80 in a round.
 */
#define CYCLES		10
#define ROUNDS		5
#define TOLERANCE	60

/* Return: pages lost by a round of cycles, or -errno. */
static long lost_by_round(int fd, int pool)
{
	long before = free_pages(), after;
	int i, err, tries = 20;

	for (i = 0; i < CYCLES; i++) {
		err = cycle(fd, pool);
		if (err)
			return err;
	}
	while ((after = free_pages()) + TOLERANCE < before && tries--)
		usleep(100000);
	printf("# %d pages in and out: free before %ld, after %ld\n",
	       CYCLES * PAGES, before, after);
	return before > after ? before - after : 0;
}

COUNTED_F(free_memory_comes_back)
{
	long lost = TOLERANCE + 1;
	int i;

	ASSERT_EQ(0, cycle(self->fd, self->pool));
	for (i = 0; i < ROUNDS && lost > TOLERANCE; i++) {
		lost = lost_by_round(self->fd, self->pool);
		ASSERT_LE(0, lost);
	}
	EXPECT_LE(lost, TOLERANCE);
}

/* Return: pages charged for a pool full of pages, or -errno. */
static long charge_of_pool(int fd, int pool)
{
	long before = mp_cgroup_charged();
	int err = mp_make(fd, pool, 0, PAGES, SEED);

	return err ?: mp_cgroup_charged() - before;
}

static long charge_of_memory(void)
{
	long before = mp_cgroup_charged();
	char *p = mmap(NULL, PAGES * 4096UL, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	memset(p, 1, PAGES * 4096UL);
	return mp_cgroup_charged() - before;
}

/* In a child, for this process is to stay what it is. */
COUNTED_F(no_task_is_charged)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, mp_cgroup_make("+memory"));
	pid = fork();
	if (!pid) {
		long pool, memory;

		if (mp_cgroup_enter(getpid()))
			_exit(1);
		pool = charge_of_pool(self->fd, self->pool);
		memory = charge_of_memory();
		printf("# charged: %ld for the pool, %ld for memory\n", pool,
		       memory);
		/* A batch of charges is 64 pages. */
		_exit(labs(pool) > 128 || memory < PAGES - 128 ? 2 : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, mp_cgroup_rmdir());
	EXPECT_EQ(0, mp_cgroup_end());
}

TEST_HARNESS_MAIN
