/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FRAME_H
#define _SELFTESTS_MP_FRAME_H

/* Calls of mp_frame.ko: 0, or -errno. */

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "mp_frame_uapi.h"

static inline int mp_frame_open(void)
{
	int fd = open(MP_FRAME_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline int mp_frame_evict(int fd, __u64 pfn, __u64 count)
{
	struct mp_frame_range range = { .pfn = pfn, .count = count };

	return ioctl(fd, MP_FRAME_IOC_EVICT, &range) ? -errno : 0;
}

static inline int mp_frame_lock(int fd, __u64 pfn)
{
	return ioctl(fd, MP_FRAME_IOC_LOCK, &pfn) ? -errno : 0;
}

static inline int mp_frame_unlock(int fd)
{
	return ioctl(fd, MP_FRAME_IOC_UNLOCK) ? -errno : 0;
}

static inline struct mp_frame_look mp_frame_look(int fd, __u64 pfn)
{
	struct mp_frame_look look = { .pfn = pfn };

	if (ioctl(fd, MP_FRAME_IOC_LOOK, &look))
		look.refs = ~0ULL;
	return look;
}

#endif /* _SELFTESTS_MP_FRAME_H */
