/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FAKE_HOST_H
#define _SELFTESTS_MP_FAKE_HOST_H

/* Calls of mp_fake_host.ko: 0 or more, or -errno. */

#include <dirent.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "mp_driver.h"
#include "mp_file.h"
#include "kmod/mp_fake_uapi.h"

#define MP_FAKE_BIT(name)	(1ULL << (name))
#define MP_FAKE_MUST_TELL	MP_FAKE_BIT(VIRTIO_BALLOON_F_MUST_TELL_HOST)
#define MP_FAKE_STATS_VQ	MP_FAKE_BIT(VIRTIO_BALLOON_F_STATS_VQ)
#define MP_FAKE_ON_OOM		MP_FAKE_BIT(VIRTIO_BALLOON_F_DEFLATE_ON_OOM)
#define MP_FAKE_HINTING		MP_FAKE_BIT(VIRTIO_BALLOON_F_FREE_PAGE_HINT)
#define MP_FAKE_POISON		MP_FAKE_BIT(VIRTIO_BALLOON_F_PAGE_POISON)
#define MP_FAKE_REPORTING	MP_FAKE_BIT(VIRTIO_BALLOON_F_REPORTING)

#define MP_FAKE_SIZE		128	/* of the queues */
#define MP_FAKE_TRIES		6000	/* of 10 ms */

static inline int mp_fake_open(void)
{
	int fd = open(MP_FAKE_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline int mp_fake_plug(int fd, struct mp_fake_setup setup)
{
	return mp_ioctl(fd, MP_FAKE_IOC_SETUP, &setup) ?:
	       mp_ioctl(fd, MP_FAKE_IOC_PLUG, NULL);
}

static inline int mp_fake_unplug(int fd, int surprise)
{
	__u32 arg = surprise;

	return mp_ioctl(fd, MP_FAKE_IOC_UNPLUG, &arg);
}

static inline int mp_fake_break(int fd)
{
	return mp_ioctl(fd, MP_FAKE_IOC_BREAK, NULL);
}

static inline int mp_fake_want(int fd, __u32 frames)
{
	return mp_ioctl(fd, MP_FAKE_IOC_TARGET, &frames);
}

static inline int mp_fake_hint(int fd, __u32 id)
{
	return mp_ioctl(fd, MP_FAKE_IOC_HINT, &id);
}

static inline int mp_fake_allow(int fd, enum mp_fake_queue queue,
				__u32 messages)
{
	struct mp_fake_allow allow = { .queue = queue, .messages = messages };

	return mp_ioctl(fd, MP_FAKE_IOC_ALLOW, &allow);
}

/* As the host is in the beginning. */
static inline int mp_fake_allow_all(int fd)
{
	int queue, err = 0;

	for (queue = 0; !err && queue < MP_FAKE_QUEUES; queue++)
		if (queue != MP_FAKE_STATS)
			err = mp_fake_allow(fd, queue, MP_FAKE_ALL);
	return err;
}

/* Nothing about pages is read. */
static inline int mp_fake_silence(int fd)
{
	return mp_fake_allow(fd, MP_FAKE_INFLATE, 0) ?:
	       mp_fake_allow(fd, MP_FAKE_DEFLATE, 0);
}

static inline int mp_fake_lie(int fd, enum mp_fake_queue queue,
			      enum mp_fake_bogus bogus)
{
	struct mp_fake_answer answer = { .queue = queue, .bogus = bogus };

	return mp_ioctl(fd, MP_FAKE_IOC_ANSWER, &answer);
}

static inline struct mp_fake_state mp_fake_state(int fd)
{
	struct mp_fake_state state;

	memset(&state, 0xff, sizeof(state));
	mp_ioctl(fd, MP_FAKE_IOC_STATE, &state);
	return state;
}

static inline struct mp_fake_queue_state
mp_fake_queue(int fd, enum mp_fake_queue queue)
{
	return mp_fake_state(fd).queues[queue];
}

static inline struct mp_fake_stats mp_fake_stats(int fd)
{
	struct mp_fake_stats stats = {};

	mp_ioctl(fd, MP_FAKE_IOC_STATS, &stats);
	return stats;
}

/* Return: page numbers in the oldest message without an answer. */
static inline int mp_fake_peek(int fd, enum mp_fake_queue queue,
			       struct mp_fake_peek *peek)
{
	int err;

	peek->queue = queue;
	err = mp_ioctl(fd, MP_FAKE_IOC_PEEK, peek);
	return err ?: (int)peek->count;
}

/* Return: frames in the balloon, as the host sees it. */
static inline long mp_fake_in(int fd, __u64 pfn, __u64 count)
{
	struct mp_fake_range range = { .pfn = pfn, .count = count };
	int err = mp_ioctl(fd, MP_FAKE_IOC_RANGE, &range);

	return err ?: (long)range.in;
}

/*
 * Return: 0 when the host has so many frames, within a minute.  It has one more
 * while a page moves, so whoever looks twice may see two things.
 */
static inline int mp_fake_becomes(int fd, __u64 frames)
{
	int tries = MP_FAKE_TRIES;

	while (mp_fake_state(fd).frames != frames)
		if (!tries-- || usleep(10000))
			return -ETIMEDOUT;
	return 0;
}

/* Return: 0 when so many messages wait for an answer. */
static inline int mp_fake_pends(int fd, enum mp_fake_queue queue, __u32 n)
{
	int tries = MP_FAKE_TRIES;

	while (mp_fake_queue(fd, queue).pending != n && tries--)
		usleep(10000);
	return mp_fake_queue(fd, queue).pending == n ? 0 : -ETIMEDOUT;
}

/* Return: 0 when so many have been answered, or more. */
static inline int mp_fake_answers(int fd, enum mp_fake_queue queue, __u64 n)
{
	int tries = MP_FAKE_TRIES;

	while (mp_fake_queue(fd, queue).messages < n && tries--)
		usleep(10000);
	return mp_fake_queue(fd, queue).messages < n ? -ETIMEDOUT : 0;
}

/* Return: 0 when a running device has been reset so often. */
static inline int mp_fake_resets(int fd, __u64 n)
{
	int tries = MP_FAKE_TRIES;

	while (mp_fake_state(fd).resets < n && tries--)
		usleep(10000);
	return mp_fake_state(fd).resets == n ? 0 : -ETIMEDOUT;
}

#endif /* _SELFTESTS_MP_FAKE_HOST_H */
