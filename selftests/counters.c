// SPDX-License-Identifier: GPL-2.0
/*
 * What pools add to the kernel's counters, and that all of it goes again.  On a
 * machine with two nodes, for moves between them have lost counts before (R15).
 */

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mp.h"
#include "mp_hotplug.h"

#define SEED	37
#define PAGES	8000

/*
 * Counters of nodes that page cache could leave its traces in.  Not those of
 * anonymous memory and shmem: there the test's own pages are, and the root file
 * system's, which move, too.
 */
static const char * const keys[] = {
	"nr_file_pages",
	"nr_unevictable",
	"nr_inactive_file",
	"nr_active_file",
	"nr_isolated_file",
	"nr_isolated_anon",
	"nr_dirty",
	"nr_kernel_file_pages",
	"nr_zone_unevictable",
	"nr_zone_inactive_file",
	"nr_zone_active_file",
};

enum { FILE_PAGES, UNEVICTABLE };

#define KEYS	ARRAY_SIZE(keys)

struct counters {
	long of[2][KEYS];
};

static void read_counters(struct counters *counters)
{
	char path[80];
	int node;
	size_t i;

	mp_drain_lru();
	mp_write_file("/proc/sys/vm/stat_refresh", "1");
	for (node = 0; node < 2; node++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/node/node%d/vmstat", node);
		for (i = 0; i < KEYS; i++)
			counters->of[node][i] = mp_read_field(path, keys[i]);
		counters->of[node][FILE_PAGES] -= mp_read_field(path,
								"nr_shmem");
	}
}

/* Return: how many counters differ; says which. */
static int compare(const struct counters *a, const struct counters *b, int say)
{
	int node, differ = 0;
	size_t i;

	for (node = 0; node < 2; node++) {
		for (i = 0; i < KEYS; i++) {
			if (a->of[node][i] == b->of[node][i])
				continue;
			differ++;
			if (say)
				printf("# node%d %s: %ld, was %ld\n", node,
				       keys[i], b->of[node][i],
				       a->of[node][i]);
		}
	}
	return differ;
}

/* Freed pages sit in per-CPU batches for a while: up to 10 s. */
static int returned(const struct counters *before)
{
	struct counters now;
	int tries = 100;

	do {
		read_counters(&now);
	} while (compare(before, &now, 0) && tries-- && !usleep(100000));
	return compare(before, &now, 1);
}

static long added(const struct counters *before, int key)
{
	struct counters now;

	read_counters(&now);
	return now.of[0][key] + now.of[1][key] - before->of[0][key] -
	       before->of[1][key];
}

FIXTURE(counted) {
	struct mp_world world;
	struct counters before;
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
	read_counters(&self->before);
	self->pool = mp_create_as(self->fd, &create);
	ASSERT_LE(0, self->pool);
	stats = mp_stats(self->fd, self->pool);
	self->cached = mp_cached(&stats);
}

FIXTURE_TEARDOWN(counted)
{
	EXPECT_STREQ("", mp_world_close(&self->world));
	EXPECT_EQ(0, returned(&self->before));
}

#define COUNTED_F(name)	TEST_F(counted, name)

/* Page cache counts as Cached and Unevictable, other pages as nothing. */
COUNTED_F(pages_count_as_documented)
{
	long want = self->cached ? PAGES : 0;

	ASSERT_EQ(0, mp_make(self->fd, self->pool, 0, PAGES, SEED));
	EXPECT_EQ(want, added(&self->before, FILE_PAGES));
	EXPECT_EQ(want, added(&self->before, UNEVICTABLE));
}

COUNTED_F(freed_one_by_one)
{
	int i;

	ASSERT_EQ(0, mp_make(self->fd, self->pool, 0, PAGES, SEED));
	mp_drain_lru();
	for (i = 0; i < PAGES; i++)
		ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE, i, 1));
	EXPECT_EQ(0, returned(&self->before));
}

COUNTED_F(moved_to_another_node_R15)
{
	struct counters full;
	__u64 pfn;
	long block;

	if (variant->flags & MP_UNMOVABLE)
		return;
	ASSERT_EQ(0, mp_make(self->fd, self->pool, 0, PAGES, SEED));
	read_counters(&full);
	pfn = mp_pfn(self->fd, self->pool, 0);
	block = mp_memory_block(pfn);
	ASSERT_EQ(1, mp_block_is_movable(block));
	ASSERT_LE(1000, mp_pages_in(self->fd, self->pool, PAGES, block));
	ASSERT_EQ(0, mp_memory_block_set(block, "offline"));
	EXPECT_LE(1000, mp_stats(self->fd, self->pool).migrated);
	EXPECT_EQ(self->cached ? PAGES : 0, added(&self->before, FILE_PAGES));
	EXPECT_EQ(self->cached ? PAGES : 0, added(&self->before, UNEVICTABLE));
	EXPECT_EQ(0, mp_memory_block_set(block, "online_movable"));
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, PAGES, SEED));
}

/* On the per-CPU lists of all zones. */
static long pages_on_cpu_lists(void)
{
	static char text[1 << 16];
	const char *at = text;
	long n = 0;

	mp_read_file("/proc/zoneinfo", text, sizeof(text));
	while ((at = strstr(at, " count:"))) {
		at += strlen(" count:");
		n += strtol(at, NULL, 10);
	}
	return n;
}

/* Free memory, with what the per-CPU lists and the slab caches keep of it. */
static long free_pages(void)
{
	mp_drain_lru();
	mp_write_file("/proc/sys/vm/drop_caches", "3");
	mp_compact();
	mp_write_file("/proc/sys/vm/stat_refresh", "1");
	return mp_read_field("/proc/vmstat", "nr_free_pages") +
	       pages_on_cpu_lists();
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

#define CGROUP	"/tmp/cgroup"

static long charged(void)
{
	return mp_read_long(CGROUP "/mp/memory.current") / mp_page_size();
}

static int cgroup_enter(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	return mp_write_file(CGROUP "/mp/cgroup.procs", pid);
}

/* Return: pages charged for a pool full of pages, or -errno. */
static long charge_of_pool(int fd, int pool)
{
	long before = charged();
	int err = mp_make(fd, pool, 0, PAGES, SEED);

	return err ?: charged() - before;
}

static long charge_of_memory(void)
{
	long before = charged();
	char *p = mmap(NULL, PAGES * 4096UL, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -ENOMEM;
	memset(p, 1, PAGES * 4096UL);
	return charged() - before;
}

/* In a child, for this process is to stay what it is. */
COUNTED_F(no_task_is_charged)
{
	int status;
	pid_t pid;

	mkdir(CGROUP, 0700);
	ASSERT_EQ(0, mount("none", CGROUP, "cgroup2", 0, NULL));
	ASSERT_EQ(0, mp_write_file(CGROUP "/cgroup.subtree_control",
				   "+memory"));
	ASSERT_EQ(0, mkdir(CGROUP "/mp", 0700));
	pid = fork();
	if (!pid) {
		long pool, memory;

		if (cgroup_enter())
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
	EXPECT_EQ(0, rmdir(CGROUP "/mp"));
	EXPECT_EQ(0, umount(CGROUP));
}

TEST_HARNESS_MAIN
