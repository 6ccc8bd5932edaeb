/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef _MOVABLE_EDU_UAPI_H
#define _MOVABLE_EDU_UAPI_H

/*
 * /dev/movable_eduN: a device that copies by DMA (QEMU's edu), between a buffer
 * of its own and pages of the driver, which the kernel moves between transfers.
 * For root alone.
 */

#include <linux/ioctl.h>
#include <linux/types.h>

#define MOVABLE_EDU_PAGES	8
#define MOVABLE_EDU_BYTES	4088	/* of a page, in a transfer */

/**
 * struct movable_edu_copy - MOVABLE_EDU_FILL and MOVABLE_EDU_FETCH
 * @page: which, up to MOVABLE_EDU_PAGES
 * @pad: 0
 * @data: address of MOVABLE_EDU_BYTES bytes of the caller's
 */
struct movable_edu_copy {
	__u32 page;
	__u32 pad;
	__u64 data;
};

/**
 * struct movable_edu_moved - MOVABLE_EDU_MOVE
 * @moved: pages that moved
 * @left: pages that did not, because they are in use
 */
struct movable_edu_moved {
	__u32 moved;
	__u32 left;
};

/**
 * struct movable_edu_status - MOVABLE_EDU_STATUS
 * @mask: highest address that the device reaches
 * @transfers: done so far
 * @astray: transfers at whose end the page was not where it was at their start
 * @migrated: moves by the kernel
 * @directed: moves by the driver
 * @refused_pinned: moves refused because the page was in a transfer
 * @refused_target: because the device does not reach the new place
 * @pfn: where each page is
 */
struct movable_edu_status {
	__u64 mask;
	__u64 transfers;
	__u64 astray;
	__u64 migrated;
	__u64 directed;
	__u64 refused_pinned;
	__u64 refused_target;
	__u64 pfn[MOVABLE_EDU_PAGES];
};

/*
 * FILL writes to a page, FETCH reads it.  SEND has the device read a page,
 * RECEIVE write to it what it has last read; both return when it is done.  MOVE
 * moves all pages to other places.
 *
 * Errors: EINVAL no such page; EFAULT; EIO the device does not do it; ENODEV it
 * is gone; ERANGE it does not reach the page; EINTR; ENOTTY another ioctl.
 */
#define MOVABLE_EDU_FILL	_IOW('m', 0x80, struct movable_edu_copy)
#define MOVABLE_EDU_FETCH	_IOW('m', 0x81, struct movable_edu_copy)
#define MOVABLE_EDU_SEND	_IOW('m', 0x82, __u32)
#define MOVABLE_EDU_RECEIVE	_IOW('m', 0x83, __u32)
#define MOVABLE_EDU_MOVE	_IOR('m', 0x84, struct movable_edu_moved)
#define MOVABLE_EDU_STATUS	_IOR('m', 0x85, struct movable_edu_status)

#endif /* _MOVABLE_EDU_UAPI_H */
