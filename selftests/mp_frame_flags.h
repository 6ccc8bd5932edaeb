/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FRAME_FLAGS_H
#define _SELFTESTS_MP_FRAME_FLAGS_H

/* What /proc/kpageflags says of a frame.  Bits: linux/kernel-page-flags.h */

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <unistd.h>

#define MP_KPF_BUDDY	(1ULL << 10)
#define MP_KPF_HWPOISON	(1ULL << 19)

/* Return: 0, or -errno. */
static inline int mp_frame_flags(__u64 pfn, __u64 *flags)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	int n;

	if (fd < 0)
		return -errno;
	n = pread(fd, flags, sizeof(*flags), pfn * sizeof(*flags));
	close(fd);
	return n == sizeof(*flags) ? 0 : -EIO;
}

/* Return: whether it is, or -errno. */
static inline int mp_frame_poisoned(__u64 pfn)
{
	__u64 flags;
	int err = mp_frame_flags(pfn, &flags);

	return err ?: !!(flags & MP_KPF_HWPOISON);
}

/* It is out of use for good: poisoned, and the page allocator has it not. */
static inline int mp_frame_buried(__u64 pfn)
{
	__u64 flags;
	int err = mp_frame_flags(pfn, &flags);

	return err ?: flags & MP_KPF_HWPOISON && !(flags & MP_KPF_BUDDY);
}

#endif /* _SELFTESTS_MP_FRAME_FLAGS_H */
