/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_EDU_H
#define _SELFTESTS_MP_EDU_H

/* Devices of samples/edu: 0 or more, or -errno. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "movable_edu_uapi.h"
#include "mp_file.h"
#include "mp_worker.h"

#define MP_EDU_MAX	16	/* devices that a guest has */
#define MP_EDU_WORDS	(MOVABLE_EDU_BYTES / sizeof(__u64))

static inline int mp_edu_open(int number)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/movable_edu%d", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Return: how many there are. */
static inline int mp_edu_devices(void)
{
	int fd, n = 0;

	while (n < MP_EDU_MAX && (fd = mp_edu_open(n)) >= 0) {
		close(fd);
		n++;
	}
	return n;
}

static inline int mp_edu_call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

static inline __u64 mp_edu_word(__u64 seed, unsigned int i)
{
	return (seed + 1) * 0x9e3779b97f4a7c15ULL ^ i;
}

/* @request: MOVABLE_EDU_FILL or MOVABLE_EDU_FETCH */
static inline int mp_edu_copy(int fd, unsigned long request, __u32 page,
			      __u64 *words)
{
	struct movable_edu_copy copy = {
		.page = page,
		.data = (__u64)(unsigned long)words,
	};

	return mp_edu_call(fd, request, &copy);
}

static inline int mp_edu_fill(int fd, __u32 page, __u64 seed)
{
	__u64 words[MP_EDU_WORDS];
	unsigned int i;

	for (i = 0; i < MP_EDU_WORDS; i++)
		words[i] = mp_edu_word(seed, i);
	return mp_edu_copy(fd, MOVABLE_EDU_FILL, page, words);
}

/* Return: -EILSEQ if it is not what was filled in. */
static inline int mp_edu_check(int fd, __u32 page, __u64 seed)
{
	__u64 words[MP_EDU_WORDS];
	unsigned int i;
	int err = mp_edu_copy(fd, MOVABLE_EDU_FETCH, page, words);

	for (i = 0; i < MP_EDU_WORDS && !err; i++)
		if (words[i] != mp_edu_word(seed, i))
			err = -EILSEQ;
	return err;
}

static inline int mp_edu_send(int fd, __u32 page)
{
	return mp_edu_call(fd, MOVABLE_EDU_SEND, &page);
}

static inline int mp_edu_receive(int fd, __u32 page)
{
	return mp_edu_call(fd, MOVABLE_EDU_RECEIVE, &page);
}

static inline struct movable_edu_moved mp_edu_move(int fd)
{
	struct movable_edu_moved moved = { .moved = ~0U };

	mp_edu_call(fd, MOVABLE_EDU_MOVE, &moved);
	return moved;
}

static inline struct movable_edu_status mp_edu_status(int fd)
{
	struct movable_edu_status status;

	memset(&status, 0xff, sizeof(status));
	mp_edu_call(fd, MOVABLE_EDU_STATUS, &status);
	return status;
}

/* Return: pages that the device does not reach. */
static inline int mp_edu_beyond(int fd)
{
	struct movable_edu_status status = mp_edu_status(fd);
	int i, n = 0;

	for (i = 0; i < MOVABLE_EDU_PAGES; i++)
		n += (status.pfn[i] + 1) * mp_page_size() - 1 > status.mask;
	return n;
}

/*
 * Into the device from one page, out of it to another, again and again.  The
 * worker's @first is the number of pairs of transfers to do, or 0.
 */
static inline int mp_edu_step(struct mp_worker *worker)
{
	__u32 from = worker->random++ % MOVABLE_EDU_PAGES;
	__u32 to = worker->random % MOVABLE_EDU_PAGES;
	__u64 seed = worker->random;
	int err;

	err = mp_edu_fill(worker->fd, from, seed) ?:
	      mp_edu_fill(worker->fd, to, ~seed) ?:
	      mp_edu_send(worker->fd, from) ?:
	      mp_edu_receive(worker->fd, to) ?:
	      mp_edu_check(worker->fd, to, seed) ?:
	      mp_edu_check(worker->fd, from, seed);
	if (!err && worker->first && worker->steps + 1 >= worker->first)
		return -ESHUTDOWN;
	return err;
}

#endif /* _SELFTESTS_MP_EDU_H */
