/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SAMPLES_BUFFERS_CLIENT_H
#define _SAMPLES_BUFFERS_CLIENT_H

/* What a program does with /dev/movable_buffers.  0 or more, or -errno. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "movable_buffers_uapi.h"

#define BUFFERS_DEVICE	"/dev/movable_buffers"

/* Return: a descriptor. */
static inline int buffers_create(const char *name, unsigned long long size)
{
	struct movable_buffers_create req = { .size = size };
	int device = open(BUFFERS_DEVICE, O_RDWR | O_CLOEXEC);
	int fd;

	if (device < 0)
		return -errno;
	/* One that is too long has no NUL here, and is refused for that. */
	memcpy(req.name, name, strnlen(name, sizeof(req.name)));
	fd = ioctl(device, MOVABLE_BUFFERS_CREATE, &req);
	if (fd < 0)
		fd = -errno;
	close(device);
	return fd;
}

/* Return: a descriptor to be mapped to read only. */
static inline int buffers_share(int fd)
{
	int shared = ioctl(fd, MOVABLE_BUFFERS_SHARE);

	return shared < 0 ? -errno : shared;
}

static inline int buffers_status(int fd, struct movable_buffers_status *status)
{
	return ioctl(fd, MOVABLE_BUFFERS_STATUS, status) ? -errno : 0;
}

/* To these nodes, from those or from wherever it is (0). */
static inline int buffers_move(int fd, unsigned long long to,
			       unsigned long long from,
			       struct movable_buffers_move *move)
{
	*move = (struct movable_buffers_move) { .to = to, .from = from };
	return ioctl(fd, MOVABLE_BUFFERS_MOVE, move) ? -errno : 0;
}

/* Return: all of it, or MAP_FAILED. */
static inline void *buffers_map(int fd, size_t size, int prot)
{
	return mmap(NULL, size, prot, MAP_SHARED, fd, 0);
}

#endif /* _SAMPLES_BUFFERS_CLIENT_H */
