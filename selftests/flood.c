// SPDX-License-Identifier: GPL-2.0
/*
 * The log does not grow with the number of calls that are refused.  What the
 * framework says of drivers it says ten times in five seconds, each sentence,
 * and how often it has kept silent; of users it says nothing.
 */

#include "client.h"
#include "movable_heap_uapi.h"
#include "mp.h"
#include "mp_child.h"
#include "mp_fuzz_crowd.h"
#include "mp_worker.h"

#define CALLS		100000
#define BURST		10
#define INTERVAL	5	/* seconds */
#define STACK		80	/* lines of the first, which comes with one */
#define PAGE		mp_page_size()

/* Lines of @sentences that there may be after that time. */
static long allowed(double since, int sentences)
{
	long intervals = (mp_seconds() - since) / INTERVAL + 2;

	/* And one that says how many there were. */
	return sentences * intervals * (BURST + 1);
}

static int heap_call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

/* Return: how many of the calls were not refused. */
static long misuse_heap(int fd)
{
	struct movable_heap_create create = { .name = "a/b" };
	struct movable_heap_new new = { .size = ~0ULL };
	struct movable_heap_io io = { .len = 8 };
	long done = 0, i;
	__u64 handle;

	for (i = 0; i < CALLS; i++) {
		handle = i * 0x9e3779b97f4a7c15ULL;
		switch (i % 8) {
		case 0:
			done += !heap_call(fd, MOVABLE_HEAP_CREATE, &create);
			break;
		case 1:
			done += !heap_call(fd, MOVABLE_HEAP_ALLOC, &new);
			break;
		case 2:
			done += !heap_call(fd, MOVABLE_HEAP_FREE, &handle);
			break;
		case 3:
			io.handle = handle;
			done += !heap_call(fd, MOVABLE_HEAP_READ, &io);
			break;
		case 4:
			done += !heap_call(fd, MOVABLE_HEAP_MAP, &handle);
			break;
		case 5:
			done += !heap_call(fd, MOVABLE_HEAP_UNMAP, &handle);
			break;
		case 6:
			done += !heap_call(fd, MOVABLE_HEAP_ALLOC, (void *)8);
			break;
		case 7:
			done += !heap_call(fd, _IO('m', i % 0x60), &handle);
			break;
		}
	}
	return done;
}

TEST(heap_says_nothing)
{
	struct movable_heap_create create = { .name = "flood" };
	int fd = open("/dev/movable_heap", O_RDWR | O_CLOEXEC);
	int bare = open("/dev/movable_heap", O_RDWR | O_CLOEXEC);
	int log = mp_kmsg_listen(SEEK_END);

	ASSERT_LE(0, log);
	ASSERT_EQ(0, heap_call(fd, MOVABLE_HEAP_CREATE, &create));
	EXPECT_EQ(0, misuse_heap(fd));
	/* Names are looked at before there is a heap. */
	EXPECT_EQ(0, misuse_heap(bare));
	EXPECT_EQ(0, mp_kmsg_heard(log, "movable_"));
	close(fd);
	close(bare);
}

/* Return: whether it was done. */
static int ask(int fd, int device, long i)
{
	struct movable_buffers_create create = { .name = "x", .size = 1 };
	struct movable_buffers_move move = { .to = 1ULL << (1 + i % 63) };

	switch (i % 7) {
	case 0:
		create.size = ~0ULL << (i % 64);
		break;
	case 1:
		create.name[0] = '/';
		break;
	case 2:
		create.flags = i;
		break;
	case 3:
		return !ioctl(fd, MOVABLE_BUFFERS_MOVE, &move);
	case 4:
		return !ioctl(fd, MOVABLE_BUFFERS_STATUS, (void *)-i);
	case 5:
		return mmap(NULL, PAGE, PROT_EXEC, MAP_SHARED, fd, 0) !=
		       MAP_FAILED;
	case 6:
		return mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) !=
		       MAP_FAILED;
	}
	return ioctl(device, MOVABLE_BUFFERS_CREATE, &create) >= 0;
}

static int flood_buffers(void)
{
	int device = open(BUFFERS_DEVICE, O_RDWR | O_CLOEXEC), fd, how = -1;
	long i, done = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		MUST(device >= 0);
		MUST(!mp_fuzz_become_nobody(4 * PAGE));
		fd = buffers_create("flood", 4 * PAGE);
		MUST(fd >= 0);
		for (i = 0; i < CALLS; i++)
			done += ask(fd, device, i);
		MUST(!done);
		_exit(0);
	}
	waitpid(pid, &how, 0);
	close(device);
	return how;
}

TEST(buffers_say_nothing)
{
	int ours = mp_kmsg_listen(SEEK_END), all = mp_kmsg_listen(SEEK_END);
	int lines;

	EXPECT_EQ(0, flood_buffers());
	EXPECT_EQ(0, mp_kmsg_heard(ours, "movable_"));
	/* Nor does the rest of the kernel, much. */
	lines = mp_kmsg_count(all);
	TH_LOG("%d lines", lines);
	EXPECT_GE(20, lines);
}

/* A driver that hands on what it is asked for, and has it refused. */
MP_TEST_F(refused_pools)
{
	static const unsigned int flags[] = {
		1U << 31, MP_UNMOVABLE | MP_PAGE_CACHE, MP_MAPPED, MP_ADJUST,
		MP_BALLOON | MP_PAGE_CACHE,
	};
	int log = mp_kmsg_listen(SEEK_END);
	double since = mp_seconds();
	long i, lines, done = 0;

	for (i = 0; i < CALLS; i++) {
		struct mp_test_create create = { .name = "odd" };

		if (i % 6 < 5)
			create.flags = flags[i % 6];
		else
			create.name[1] = '/';
		done += mp_create_as(self->fd, &create) >= 0;
	}
	EXPECT_EQ(0, done);
	lines = mp_kmsg_count(log);
	TH_LOG("%ld lines, of at most %ld", lines, allowed(since, 6));
	/* Each of the six, at least once. */
	EXPECT_LE(6, lines);
	EXPECT_GE(allowed(since, 6), lines);
}

static void misuse(int fd, int pool, enum mp_test_verb verb)
{
	long i;

	for (i = 0; i < CALLS / 2; i++)
		mp_do(fd, pool, verb, 0, 1);
}

/* A driver that breaks the contract in a loop, one way and another. */
MP_TEST_F(misused_pools)
{
	int pool = mp_create(self->fd, "flood", 4, 0);
	int log = mp_kmsg_listen(SEEK_END);
	double since = mp_seconds();
	long lines;

	ASSERT_LE(0, pool);
	MP_EXPECT_WARNING("unpin of a page that is not pinned",
			  misuse(self->fd, pool, MP_TEST_UNPIN));
	MP_EXPECT_WARNING("free of a handle without a page",
			  misuse(self->fd, pool, MP_TEST_FREE));
	lines = mp_kmsg_count(log);
	TH_LOG("%ld lines, of at most %ld", lines,
	       allowed(since, 2) + 2 * STACK);
	EXPECT_LE(2, lines);
	EXPECT_GE(allowed(since, 2) + 2 * STACK, lines);
}

TEST_HARNESS_MAIN
