/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_FRAME_UAPI_H
#define _MP_FRAME_UAPI_H

/*
 * What the selftests say to mp_frame.ko, which knows page frames and nothing of
 * movable_pool: it stays when that goes.
 */

#include <linux/ioctl.h>
#include <linux/types.h>

#define MP_FRAME_DEVICE		"/dev/mp_frame"

struct mp_frame_range {
	__u64 pfn;
	__u64 count;
};

/* What movable_pool's page type says of a page. */
#define MP_FRAME_TYPED		0x1	/* PGTY_movable_pool */
#define MP_FRAME_MOVABLE	0x2	/* it has movable_ops */
#define MP_FRAME_ISOLATED	0x4	/* and is isolated */
#define MP_FRAME_OWNED		0x8	/* page->private is set */

struct mp_frame_look {
	__u64 pfn;
	__u64 refs;		/* returned */
	__u64 is;		/* returned: MP_FRAME_*, of a free page 0 */
};

/* Somebody else wants the frames: alloc_contig_range(), then free again. */
#define MP_FRAME_IOC_EVICT	_IOW('f', 0, struct mp_frame_range)
/* Lock the page, with a reference; one per open file. */
#define MP_FRAME_IOC_LOCK	_IOW('f', 1, __u64)
#define MP_FRAME_IOC_UNLOCK	_IO('f', 2)
#define MP_FRAME_IOC_LOOK	_IOWR('f', 3, struct mp_frame_look)

#endif /* _MP_FRAME_UAPI_H */
