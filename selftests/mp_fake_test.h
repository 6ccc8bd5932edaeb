/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FAKE_TEST_H
#define _SELFTESTS_MP_FAKE_TEST_H

/*
 * Tests of samples/balloon at mp_fake_host.ko.  Each plugs a device of its own;
 * after each the host has seen nothing that a driver may not do, and no page is
 * missing.
 */

#include "mp.h"
#include "mp_fake_host.h"
#include "mp_once.h"
#include "mp_vballoon.h"

#define MP_FAKE_DRIVER	"/sys/module/movable_balloon/parameters/"
#define MP_FAKE_IN	4096		/* frames: 16 MiB */
#define MP_FAKE_MESSAGE	256		/* frames in a message at most */

FIXTURE(fake) {
	int host;
	int fd;
	long total;
};

FIXTURE_SETUP(fake)
{
	self->host = mp_fake_open();
	self->fd = mp_open();
	ASSERT_LE(0, self->host);
	ASSERT_LE(0, self->fd);
	/* Nobody else moves pages: the messages are counted. */
	ASSERT_EQ(0, mp_write_long("/proc/sys/vm/compaction_proactiveness", 0));
	/* What a test that failed may have left. */
	mp_fake_allow_all(self->host);
	mp_fake_unplug(self->host, 0);
	ASSERT_EQ(0, mp_write_long(MP_FAKE_DRIVER "patience", 10));
	self->total = mp_read_field("/proc/meminfo", "MemTotal");
}

FIXTURE_TEARDOWN(fake)
{
	struct mp_fake_state state;

	EXPECT_EQ(0, mp_fake_allow_all(self->host));
	mp_fake_unplug(self->host, 0);
	state = mp_fake_state(self->host);
	EXPECT_EQ(0, state.plugged);
	EXPECT_EQ(0, state.frames);
	EXPECT_EQ(0, state.faults.twice);
	EXPECT_EQ(0, state.faults.absent);
	EXPECT_EQ(0, state.faults.free);
	EXPECT_EQ(0, state.faults.written);
	EXPECT_EQ(0, state.faults.odd);
	EXPECT_EQ(-ENOENT, mp_vb_stat("pages"));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(self->total, mp_read_field("/proc/meminfo", "MemTotal"));
	close(self->fd);
	close(self->host);
}

#define FAKE_F(name)	TEST_F(fake, name)

static inline int mp_fake_plug_features(int host, __u64 features)
{
	return mp_fake_plug(host, (struct mp_fake_setup) {
		.features = features,
		.queue_size = MP_FAKE_SIZE,
	});
}

/* Return: 0 when host and driver agree that there are so many. */
static inline int mp_fake_reach(int host, long frames)
{
	return mp_fake_want(host, frames) ?: mp_fake_becomes(host, frames) ?:
	       mp_vb_pool_becomes(frames * 4 / mp_page_kb());
}

/* Return: how many of the message's frames nobody has. */
static inline int mp_fake_free(int fd, const struct mp_fake_peek *peek)
{
	int i, free = 0;

	for (i = 0; i < peek->count; i++)
		free += !mp_frame_refs(fd, peek->pfns[i] * 4 / mp_page_kb());
	return free;
}

/*
 * Return: 0 when most are free within a minute: as soon as they are, somebody
 * else may have some.
 */
static inline int mp_fake_most_free(int fd, const struct mp_fake_peek *peek)
{
	int tries = MP_FAKE_TRIES;

	while (mp_fake_free(fd, peek) < peek->count / 2 && tries--)
		usleep(10000);
	return mp_fake_free(fd, peek) < peek->count / 2 ? -ETIMEDOUT : 0;
}

/* Return: the first frame of the block that is in the balloon, or 0. */
static inline __u64 mp_fake_first(int host, __u64 block)
{
	__u64 pfn;

	if (mp_fake_in(host, block, MP_BLOCK) <= 0)
		return 0;
	for (pfn = block; pfn < block + MP_BLOCK; pfn++)
		if (mp_fake_in(host, pfn, 1) == 1)
			return pfn;
	return 0;
}

/* Return: whether the VM has come as far as to the host, which is silent. */
static inline int mp_fake_try(int host, struct mp_once *vm, int fd, __u64 pfn)
{
	if (mp_once_evict(vm, fd, pfn, 1))
		return 0;
	while (!mp_fake_queue(host, MP_FAKE_INFLATE).pending &&
	       !mp_once_done(vm))
		usleep(1000);
	if (mp_fake_queue(host, MP_FAKE_INFLATE).pending)
		return 1;
	mp_once_join(vm);
	return 0;
}

/**
 * mp_fake_move() - the VM wants a frame while the host is silent
 * @host: which has silenced MP_FAKE_INFLATE
 * @vm: the thread that wants it, now waiting for the host
 * @fd: of mp_test
 *
 * What is in the balloon lies where there was room, and a block with an
 * unmovable page in it the VM does not touch: try one after the other.
 *
 * Return: the frame, or 0.
 */
static inline __u64 mp_fake_move(int host, struct mp_once *vm, int fd)
{
	__u64 block, pfn;
	int round;

	for (round = 0; round < 5; round++)
		for (block = 0; block < 1 << 20; block += MP_BLOCK) {
			pfn = mp_fake_first(host, block);
			if (pfn && mp_fake_try(host, vm, fd, pfn))
				return pfn;
		}
	return 0;
}

static inline int mp_fake_call_unbind(struct mp_worker *worker)
{
	return mp_write_file(MP_VB_DRIVER "unbind", mp_vb_device() ?: "none");
}

static inline int mp_fake_unbind(struct mp_once *once)
{
	return mp_once_start(once, -1, 0, 0, mp_fake_call_unbind);
}

#endif /* _SELFTESTS_MP_FAKE_TEST_H */
