// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile callers of everything that takes calls, with the VM at work on the
 * same pages.  What they do is up to a seed; what must be so is that others'
 * pages are as they were, that all memory comes back, and that of each kind of
 * call many have come through and many were refused.
 *
 * mp_seed=N and mp_calls=N on the kernel's command line say which and how many.
 */

#include "client.h"
#include "mp.h"
#include "mp_cpu_lists.h"
#include "mp_fuzz_buffers.h"
#include "mp_fuzz_crowd.h"
#include "mp_fuzz_debugfs.h"
#include "mp_fuzz_driver.h"
#include "mp_fuzz_edu.h"
#include "mp_fuzz_heap.h"
#include "mp_fuzz_map.h"
#include "mp_stat.h"
#include "mp_worker.h"

#define SEED		71
#define CALLS		600	/* of a thread, unless asked otherwise */
#define LEAST		2	/* of each kind, done and refused */
#define MOVES		20
#define PAGES		MP_BLOCK
#define LOCKED		(4UL << 20)
#define OBJECTS		64
#define SLACK_KB	4096	/* that others may take meanwhile */

/* Moves pages of a pool of the test driver, and compacts all memory. */
static int step_move(struct mp_worker *worker)
{
	unsigned int i = rand_r(&worker->random) % worker->count;
	__u64 pfn = mp_pfn(worker->fd, worker->pool, i);

	if (mp_evict(worker->fd, pfn & -32ULL, 32))
		mp_evict(worker->fd, pfn, 1);
	if (worker->steps % 8 == 0)
		mp_compact();
	usleep(1000);
	return 0;
}

/*
 * Those who do nothing wrong: a pool, a heap and a buffer.
 */
struct control {
	struct mp_world world;
	int pool;
	int heap;
	__u64 handles[OBJECTS];
	int buffer;
	__u64 *words;
};

static void control_bytes(char *bytes, unsigned int i)
{
	unsigned int n;

	for (n = 0; n < 256; n++)
		bytes[n] = (n + 1) * (i + 7);
}

static int control_io(struct control *control, unsigned long request,
		      unsigned int i, char *bytes)
{
	struct movable_heap_io io = {
		.handle = control->handles[i],
		.buffer = (uintptr_t)bytes,
		.len = 256,
	};

	return ioctl(control->heap, request, &io) ? -errno : 0;
}

static int control_heap(struct control *control)
{
	struct movable_heap_create create = { .name = "objects" };
	struct movable_heap_new req = { .size = 256 };
	char bytes[256];
	int i;

	control->heap = open(MP_FUZZ_HEAP, O_RDWR | O_CLOEXEC);
	if (ioctl(control->heap, MOVABLE_HEAP_CREATE, &create))
		return -errno;
	for (i = 0; i < OBJECTS; i++) {
		if (ioctl(control->heap, MOVABLE_HEAP_ALLOC, &req))
			return -errno;
		control->handles[i] = req.handle;
		control_bytes(bytes, i);
		if (control_io(control, MOVABLE_HEAP_WRITE, i, bytes))
			return -errno;
	}
	return 0;
}

static size_t control_words(void)
{
	return 64 * mp_page_size() / sizeof(__u64);
}

static int control_buffer(struct control *control)
{
	size_t i;

	control->buffer = buffers_create("words", 64 * mp_page_size());
	control->words = buffers_map(control->buffer, 64 * mp_page_size(),
				     PROT_READ | PROT_WRITE);
	if (control->words == MAP_FAILED)
		return -errno;
	for (i = 0; i < control_words(); i++)
		control->words[i] = mp_test_word(SEED, 0, i);
	return 0;
}

static int control_begin(struct control *control)
{
	int err = mp_world_open(&control->world);

	if (err)
		return err;
	control->pool = mp_create(control->world.fd, "pages", PAGES, 0);
	if (control->pool < 0)
		return control->pool;
	return mp_make_block(control->world.fd, control->pool, 0, SEED) ?:
	       control_heap(control) ?: control_buffer(control);
}

/* Return: how many objects, pages or words are not as they were. */
static long control_wrong(struct control *control)
{
	char bytes[256], expected[256];
	long wrong = 0;
	size_t i;

	for (i = 0; i < OBJECTS; i++) {
		control_bytes(expected, i);
		wrong += control_io(control, MOVABLE_HEAP_READ, i, bytes) ||
			 memcmp(bytes, expected, 256);
	}
	for (i = 0; i < PAGES; i++)
		wrong += !!mp_verify(control->world.fd, control->pool, i, 1,
				     SEED);
	for (i = 0; i < control_words(); i++)
		wrong += control->words[i] != mp_test_word(SEED, 0, i);
	return wrong;
}

static void control_end(struct control *control)
{
	munmap(control->words, 64 * mp_page_size());
	close(control->buffer);
	close(control->heap);
}

static long free_kb(void)
{
	mp_write_file("/proc/sys/vm/drop_caches", "3");
	return mp_free_kb();
}

/* What is on its way comes, up to 10 s. */
static long free_become(long least)
{
	int tries = 100;

	while (free_kb() < least && tries--)
		usleep(100000);
	return free_kb();
}

FIXTURE(fuzz) {
	struct control control;
	struct mp_worker mover;
	long reserve;
	long free;
	int pools;
	__u64 seed;
	unsigned long calls;
};

FIXTURE_SETUP(fuzz)
{
	self->reserve = mp_cpu_lists_shorten();
	ASSERT_LT(0, self->reserve);
	self->pools = mp_stat_pools("*");	/* of devices */
	self->seed = mp_fuzz_seed();
	self->calls = mp_fuzz_asked("mp_calls", CALLS);
	ASSERT_EQ(0, control_begin(&self->control));
	self->mover = (struct mp_worker) {
		.step = step_move,
		.fd = self->control.world.fd,
		.pool = self->control.pool,
		.count = PAGES,
		.random = self->seed,
	};
	self->free = free_kb();
	ASSERT_EQ(0, mp_worker_start(&self->mover));
}

FIXTURE_TEARDOWN(fuzz)
{
	struct control *control = &self->control;
	long moved, least;

	EXPECT_EQ(0, mp_worker_stop(&self->mover));
	moved = mp_stats(control->world.fd, control->pool).migrated;
	TH_LOG("%ld pages of others moved", moved);
	EXPECT_LE(MOVES, moved);
	EXPECT_EQ(0, control_wrong(control));
	EXPECT_EQ(0, mp_stat_pools("fuzz*"));
	EXPECT_EQ(0, mp_deferred_drain());
	least = self->free - SLACK_KB - mp_kasan_keeps_kb();
	EXPECT_LE(least, free_become(least));
	EXPECT_EQ(0, mp_stat_at_rest("objects"));
	EXPECT_EQ(0, mp_stat("objects", "unpublished"));
	control_end(control);
	EXPECT_STREQ("", mp_world_close(&control->world));
	EXPECT_EQ(self->pools, mp_stat_pools("*"));
	EXPECT_EQ(0, mp_write_long(MP_RESERVE, self->reserve));
}

#define FUZZ_F(name)	TEST_F_TIMEOUT(fuzz, name, 900)

static int end_of(struct mp_fuzz_crowd *crowd)
{
	return mp_fuzz_crowd_start(crowd) ?: mp_fuzz_crowd_wait(crowd);
}

FUZZ_F(heap)
{
	struct mp_fuzz_crowd crowd = {
		.set = &mp_fuzz_heap,
		.seed = self->seed,
		.calls = 2 * self->calls,
		.processes = 2,
		.threads = 3,
	};

	EXPECT_EQ(0, end_of(&crowd));
	EXPECT_EQ(0, mp_fuzz_crowd_poor(&crowd, LEAST));
}

FUZZ_F(buffers)
{
	struct mp_fuzz_crowd crowd = {
		.set = &mp_fuzz_buffers,
		.seed = self->seed,
		.calls = self->calls,
		.processes = 2,
		.threads = 3,
		.locked = LOCKED,
	};

	EXPECT_EQ(0, end_of(&crowd));
	EXPECT_EQ(0, mp_fuzz_crowd_poor(&crowd, LEAST));
}

FUZZ_F(mapping)
{
	struct mp_fuzz_crowd crowd = {
		.set = &mp_fuzz_mapping,
		.seed = self->seed,
		.calls = 2 * self->calls,
		.processes = 3,
		.threads = 1,
		.locked = LOCKED,
	};

	ASSERT_EQ(0, mp_fuzz_share());
	EXPECT_EQ(0, end_of(&crowd));
	EXPECT_EQ(0, mp_fuzz_crowd_poor(&crowd, LEAST));
	mp_fuzz_unshare();
}

FUZZ_F(debugfs)
{
	struct mp_fuzz_crowd crowd = {
		.set = &mp_fuzz_debugfs,
		.seed = self->seed,
		.calls = self->calls,
		.processes = 2,
		.threads = 2,
	};

	EXPECT_EQ(0, end_of(&crowd));
	EXPECT_EQ(0, mp_fuzz_crowd_poor(&crowd, LEAST));
}

FUZZ_F(driver)
{
	struct mp_fuzz_crowd crowd = {
		.set = &mp_fuzz_driver,
		.seed = self->seed,
		.calls = 2 * self->calls,
		.processes = 2,
		.threads = 2,
	};

	EXPECT_EQ(0, end_of(&crowd));
	EXPECT_EQ(0, mp_fuzz_crowd_poor(&crowd, LEAST));
}

FUZZ_F(edu)
{
	struct mp_fuzz_crowd crowd = {
		.set = &mp_fuzz_edu,
		.seed = self->seed,
		.calls = self->calls / 2,
		.processes = 2,
		.threads = 2,
	};

	EXPECT_EQ(0, end_of(&crowd));
	EXPECT_EQ(0, mp_fuzz_crowd_poor(&crowd, 1));
}

/* Whoever is slow among them is not waited for by the others. */
FUZZ_F(all_at_once)
{
	struct mp_fuzz_crowd crowds[] = {
		{ .set = &mp_fuzz_heap, .threads = 2 },
		{ .set = &mp_fuzz_buffers, .threads = 2, .locked = LOCKED },
		{ .set = &mp_fuzz_mapping, .threads = 1, .locked = LOCKED },
		{ .set = &mp_fuzz_debugfs, .threads = 1 },
		{ .set = &mp_fuzz_driver, .threads = 2 },
	};
	unsigned int i;

	ASSERT_EQ(0, mp_fuzz_share());
	for (i = 0; i < ARRAY_SIZE(crowds); i++) {
		crowds[i].seed = self->seed + i;
		crowds[i].calls = 2 * self->calls;
		crowds[i].processes = 1;
		ASSERT_EQ(0, mp_fuzz_crowd_start(&crowds[i]));
	}
	for (i = 0; i < ARRAY_SIZE(crowds); i++) {
		EXPECT_EQ(0, mp_fuzz_crowd_wait(&crowds[i]));
		EXPECT_EQ(0, mp_fuzz_crowd_poor(&crowds[i], 0));
		EXPECT_LE(self->calls / 5, mp_fuzz_crowd_done(&crowds[i]));
	}
	mp_fuzz_unshare();
}

TEST_HARNESS_MAIN
