/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef _MOVABLE_BUFFERS_UAPI_H
#define _MOVABLE_BUFFERS_UAPI_H

/*
 * /dev/movable_buffers makes buffers: memory behind a file descriptor, to be
 * mapped (MAP_SHARED) and to be handed to other processes, which the kernel
 * moves as it moves their own memory.  A buffer is all zeroes at first, has its
 * size for ever, and is there until its last descriptor and mapping are gone.
 *
 * Buffers are for everybody.  They are not swapped out, so their pages count
 * against RLIMIT_MEMLOCK of the process that creates them, until they are gone,
 * and in its memory cgroup.
 */

#include <linux/ioctl.h>
#include <linux/types.h>

#define MOVABLE_BUFFERS_NAME_LEN	32
#define MOVABLE_BUFFERS_MAX_SIZE	0x400000000ULL	/* 16 GiB */

/**
 * struct movable_buffers_create - MOVABLE_BUFFERS_CREATE
 * @name: printable ASCII, but for '/', and a NUL; with a number behind it what
 *	debugfs and /proc/PID/maps show, need not be unique
 * @size: bytes, 1 to MOVABLE_BUFFERS_MAX_SIZE; rounded up to pages
 * @flags: 0
 */
struct movable_buffers_create {
	char name[MOVABLE_BUFFERS_NAME_LEN];
	__u64 size;
	__u64 flags;
};

/**
 * struct movable_buffers_status - MOVABLE_BUFFERS_STATUS
 * @name: as given
 * @size: bytes
 * @pages: pages it has
 * @migrated: how often the kernel has moved one of them
 * @directed: how often MOVABLE_BUFFERS_MOVE has
 * @refused_pinned: moves refused because the kernel had the page pinned
 * @refused_referenced: because somebody kept a reference, as to a page that a
 *	device reads from or writes to
 * @refused_other: for another reason
 */
struct movable_buffers_status {
	char name[MOVABLE_BUFFERS_NAME_LEN];
	__u64 size;
	__u64 pages;
	__u64 migrated;
	__u64 directed;
	__u64 refused_pinned;
	__u64 refused_referenced;
	__u64 refused_other;
};

/**
 * struct movable_buffers_move - MOVABLE_BUFFERS_MOVE
 * @to: nodes, bit N is node N; all with memory, and allowed to the caller
 * @from: nodes whose pages go, each node's to one of @to, the n-th's to the
 *	n-th; 0: all pages that are not on @to, to any of it
 * @flags: 0
 * @moved: returned: pages that moved
 * @stayed: that were where they should be
 * @left: that did not move, for they were in use, or there was no memory
 *
 * Processes that have the buffer mapped go on using it.  What migrate_pages(2)
 * does for all memory of a process this does for a buffer, whoever has it
 * mapped.
 */
struct movable_buffers_move {
	__u64 to;
	__u64 from;
	__u64 flags;
	__u64 moved;
	__u64 stayed;
	__u64 left;
};

/*
 * CREATE, of the device, returns a descriptor of a new buffer, to be mapped to
 * read and to write.  SHARE, of a buffer, returns one that can only be mapped
 * to be read.  Both are closed on exec.  MOVE takes a descriptor of a buffer
 * that can be written to.
 *
 * Errors: EINVAL a name, size, flags or nodes that can never be right; EFAULT;
 * ENOMEM, also beyond RLIMIT_MEMLOCK or the limit of the memory cgroup; EMFILE,
 * ENFILE; EINTR the process was killed; EPERM a node that the caller's cpuset
 * does not have; EBADF a descriptor to read only; ENOTTY another ioctl.
 */
#define MOVABLE_BUFFERS_CREATE	_IOW('m', 0x70, struct movable_buffers_create)
#define MOVABLE_BUFFERS_SHARE	_IO('m', 0x71)
#define MOVABLE_BUFFERS_STATUS	_IOR('m', 0x72, struct movable_buffers_status)
#define MOVABLE_BUFFERS_MOVE	_IOWR('m', 0x73, struct movable_buffers_move)

#endif /* _MOVABLE_BUFFERS_UAPI_H */
