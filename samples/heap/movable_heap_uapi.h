/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
#ifndef _MOVABLE_HEAP_UAPI_H
#define _MOVABLE_HEAP_UAPI_H

/*
 * /dev/movable_heap: one heap per open file, made by MOVABLE_HEAP_CREATE and
 * gone with everything in it when the file is closed.
 */

#include <linux/ioctl.h>
#include <linux/types.h>

#define MOVABLE_HEAP_NAME_LEN	32

/* Flags of MOVABLE_HEAP_CREATE. */
#define MOVABLE_HEAP_UNMOVABLE	0x1	/* its pages never move */
#define MOVABLE_HEAP_FLAGS	MOVABLE_HEAP_UNMOVABLE

/**
 * struct movable_heap_create - MOVABLE_HEAP_CREATE
 * @name: of the pool, as debugfs shows it, without '/'; ends with a NUL
 * @flags: MOVABLE_HEAP_*
 * @reserved: 0
 * @max_pages: most pages the heap may own, 0 for no limit
 */
struct movable_heap_create {
	char name[MOVABLE_HEAP_NAME_LEN];
	__u32 flags;
	__u32 reserved;
	__u64 max_pages;
};

/**
 * struct movable_heap_new - MOVABLE_HEAP_ALLOC
 * @size: in: bytes wanted, 1 to a page; out: bytes there are, all zero
 * @handle: out: the object's
 */
struct movable_heap_new {
	__u64 size;
	__u64 handle;
};

/**
 * struct movable_heap_io - MOVABLE_HEAP_WRITE and MOVABLE_HEAP_READ
 * @handle: the object
 * @buffer: address in the caller
 * @offset: in the object
 * @len: bytes to copy; none are if they would not all be in the object
 */
struct movable_heap_io {
	__u64 handle;
	__u64 buffer;
	__u32 offset;
	__u32 len;
};

/**
 * struct movable_heap_info - MOVABLE_HEAP_STATS
 * @objects: objects allocated
 * @object_bytes: their sizes, each rounded up to its class
 * @pages: pages they lie in
 * @meta_bytes: bookkeeping for these pages
 * @retired: slots out of use until their page is given back
 */
struct movable_heap_info {
	__u64 objects;
	__u64 object_bytes;
	__u64 pages;
	__u64 meta_bytes;
	__u64 retired;
};

/*
 * Errors: EINVAL a size, range or handle that can never be right; ENOENT an
 * object that is not there (any more); EBUSY a free of a mapped object, or a
 * second CREATE; ENXIO no CREATE yet; ENOSPC over @max_pages; ENOMEM.
 *
 * MAP keeps an object mapped, and so its page where it is, until UNMAP or
 * close; it is for tests of what happens meanwhile.
 */
#define MOVABLE_HEAP_CREATE	_IOW('m', 0x60, struct movable_heap_create)
#define MOVABLE_HEAP_ALLOC	_IOWR('m', 0x61, struct movable_heap_new)
#define MOVABLE_HEAP_FREE	_IOW('m', 0x62, __u64)
#define MOVABLE_HEAP_WRITE	_IOW('m', 0x63, struct movable_heap_io)
#define MOVABLE_HEAP_READ	_IOW('m', 0x64, struct movable_heap_io)
#define MOVABLE_HEAP_MAP	_IOW('m', 0x65, __u64)
#define MOVABLE_HEAP_UNMAP	_IOW('m', 0x66, __u64)
#define MOVABLE_HEAP_STATS	_IOR('m', 0x67, struct movable_heap_info)

#endif /* _MOVABLE_HEAP_UAPI_H */
