/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FUZZ_HEAP_H
#define _SELFTESTS_MP_FUZZ_HEAP_H

/* Hostile callers of /dev/movable_heap. */

#include "movable_heap_uapi.h"
#include "mp_fuzz_slots.h"

#define MP_FUZZ_HEAP	"/dev/movable_heap"
#define MP_FUZZ_OBJECTS	32

/**
 * struct mp_fuzz_object - an object, if nobody has closed its heap since
 * @fd: of the heap
 * @handle: its name
 * @size: how large it is
 */
struct mp_fuzz_object {
	int fd;
	__u64 handle;
	__u64 size;
};

struct mp_fuzz_heap {
	struct mp_fuzz_object objects[MP_FUZZ_OBJECTS];
};

static inline struct mp_fuzz_object *mp_fuzz_object(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_heap *heap = fuzz->state;

	return &heap->objects[mp_fuzz_below(fuzz, MP_FUZZ_OBJECTS)];
}

/* One that is there, if the thread finds it soon. */
static inline struct mp_fuzz_object *mp_fuzz_object_alive(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_object *object;
	int tries = 8;

	do {
		object = mp_fuzz_object(fuzz);
	} while (!object->handle && tries--);
	return object;
}

/* Its heap may have gone, and then so has it. */
static inline void mp_fuzz_object_judge(struct mp_fuzz_object *object, int err,
					__u64 handle)
{
	if (handle == object->handle &&
	    (err == -ENOENT || err == -ENXIO || err == -EBADF))
		object->handle = 0;
}

static inline void mp_fuzz_name(struct mp_fuzz *fuzz, char *name, size_t n)
{
	memset(name, 0, n);
	memcpy(name, "fuzz", 4);
	switch (mp_fuzz_below(fuzz, 16)) {
	case 0:
		memset(name, 'x', n);
		break;
	case 1:
		name[0] = '\0';
		break;
	case 2:
		name[1] = mp_fuzz_next(fuzz);
		break;
	case 3:
		memset(name, '%', n - 1);
		break;
	}
}

static inline int mp_fuzz_heap_create_in(struct mp_fuzz *fuzz, int fd)
{
	struct movable_heap_create req = {
		.flags = mp_fuzz_near(fuzz, mp_fuzz_below(fuzz, 2)),
		.reserved = mp_fuzz_near(fuzz, 0),
		.max_pages = mp_fuzz_once(fuzz, 2) ? 0 : mp_fuzz_value(fuzz),
	};

	mp_fuzz_name(fuzz, req.name, sizeof(req.name));
	return mp_fuzz_call(fuzz, fd, MOVABLE_HEAP_CREATE, &req, sizeof(req));
}

/* Of a file that has none yet, or, mostly in vain, of any. */
static inline int mp_fuzz_heap_create(struct mp_fuzz *fuzz)
{
	int fd, err;

	if (!mp_fuzz_once(fuzz, 4))
		return mp_fuzz_heap_create_in(fuzz, mp_fuzz_slot(fuzz));
	fd = open(MP_FUZZ_HEAP, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = mp_fuzz_heap_create_in(fuzz, fd);
	if (mp_fuzz_once(fuzz, 8))
		mp_fuzz_slot_put(fuzz, fd);
	else
		close(fd);
	return err;
}

/* Another file in the slot, with or without a heap. */
static inline int mp_fuzz_heap_open(struct mp_fuzz *fuzz)
{
	struct movable_heap_create req = { .name = "fuzz" };
	int flags = mp_fuzz_once(fuzz, 4) ? O_DIRECTORY : O_RDWR;
	int fd;

	if (!mp_fuzz_once(fuzz, 16))
		return MP_FUZZ_IDLE;
	fd = open(MP_FUZZ_HEAP, flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!mp_fuzz_once(fuzz, 4))
		ioctl(fd, MOVABLE_HEAP_CREATE, &req);
	return mp_fuzz_slot_put(fuzz, fd);
}

static inline int mp_fuzz_heap_alloc(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_object *object = mp_fuzz_object(fuzz);
	struct movable_heap_new req = {
		.size = mp_fuzz_near(fuzz, 1 + mp_fuzz_below(fuzz, 4096)),
		.handle = mp_fuzz_value(fuzz),
	};
	int fd = mp_fuzz_slot(fuzz);
	int err = mp_fuzz_call(fuzz, fd, MOVABLE_HEAP_ALLOC, &req, sizeof(req));

	if (err)
		return err;
	/* What was there is not forgotten by the heap, which ends some time. */
	if (object->handle)
		ioctl(object->fd, MOVABLE_HEAP_FREE, &object->handle);
	*object = (struct mp_fuzz_object) {
		.fd = fd,
		.handle = req.handle,
		.size = req.size,
	};
	return 0;
}

static inline int mp_fuzz_heap_handle(struct mp_fuzz *fuzz,
				      unsigned long request)
{
	struct mp_fuzz_object *object = mp_fuzz_object_alive(fuzz);
	__u64 handle = mp_fuzz_near(fuzz, object->handle);
	int err = mp_fuzz_call(fuzz, object->fd ?: mp_fuzz_slot(fuzz), request,
			       &handle, sizeof(handle));

	if (request != MOVABLE_HEAP_UNMAP)
		mp_fuzz_object_judge(object, err, handle);
	if (!err && request == MOVABLE_HEAP_FREE && handle == object->handle)
		object->handle = 0;
	return err;
}

static inline int mp_fuzz_heap_free(struct mp_fuzz *fuzz)
{
	return mp_fuzz_heap_handle(fuzz, MOVABLE_HEAP_FREE);
}

static inline int mp_fuzz_heap_map(struct mp_fuzz *fuzz)
{
	return mp_fuzz_heap_handle(fuzz, MOVABLE_HEAP_MAP);
}

static inline int mp_fuzz_heap_unmap(struct mp_fuzz *fuzz)
{
	return mp_fuzz_heap_handle(fuzz, MOVABLE_HEAP_UNMAP);
}

static inline int mp_fuzz_heap_io(struct mp_fuzz *fuzz, unsigned long request)
{
	static const char bytes[MP_FUZZ_ROOM / 2];
	struct mp_fuzz_object *object = mp_fuzz_object_alive(fuzz);
	unsigned int size = object->size ?: 16;
	unsigned int offset = mp_fuzz_below(fuzz, size);
	unsigned int len = 1 + mp_fuzz_below(fuzz, size - offset);
	struct movable_heap_io io = {
		.handle = mp_fuzz_near(fuzz, object->handle),
		.offset = mp_fuzz_near(fuzz, offset),
		.len = mp_fuzz_near(fuzz, len),
	};
	int err;

	io.buffer = (uintptr_t)mp_fuzz_place(fuzz, bytes, io.len < size + 1 ?
					     io.len : 1);
	err = mp_fuzz_call(fuzz, object->fd ?: mp_fuzz_slot(fuzz), request, &io,
			   sizeof(io));
	mp_fuzz_object_judge(object, err, io.handle);
	return err;
}

static inline int mp_fuzz_heap_write(struct mp_fuzz *fuzz)
{
	return mp_fuzz_heap_io(fuzz, MOVABLE_HEAP_WRITE);
}

static inline int mp_fuzz_heap_read(struct mp_fuzz *fuzz)
{
	return mp_fuzz_heap_io(fuzz, MOVABLE_HEAP_READ);
}

static inline int mp_fuzz_heap_stats(struct mp_fuzz *fuzz)
{
	struct movable_heap_info info = {};

	return mp_fuzz_call(fuzz, mp_fuzz_slot(fuzz), MOVABLE_HEAP_STATS, &info,
			    sizeof(info));
}

static inline int mp_fuzz_heap_strange(struct mp_fuzz *fuzz)
{
	return mp_fuzz_strange(fuzz, mp_fuzz_slot(fuzz), 0x60, 0x67);
}

static inline int mp_fuzz_heap_mmap(struct mp_fuzz *fuzz)
{
	void *addr = mmap(NULL, 4096, PROT_READ, MAP_SHARED,
			  mp_fuzz_slot(fuzz), 0);

	return addr == MAP_FAILED ? -errno : 0;
}

static const struct mp_fuzz_op mp_fuzz_heap_ops[] = {
	{ "open", mp_fuzz_heap_open, 0 },
	{ "create", mp_fuzz_heap_create, 0 },
	{ "alloc", mp_fuzz_heap_alloc, 0 },
	{ "free", mp_fuzz_heap_free, 0 },
	{ "write", mp_fuzz_heap_write, 0 },
	{ "read", mp_fuzz_heap_read, 0 },
	{ "map", mp_fuzz_heap_map, 0 },
	{ "unmap", mp_fuzz_heap_unmap, 0 },
	{ "stats", mp_fuzz_heap_stats, 0 },
	{ "close", mp_fuzz_slot_close, 0 },
	{ "dup", mp_fuzz_slot_dup, 0 },
	{ "poll", mp_fuzz_slot_poll, MP_FUZZ_NEVER_REFUSED },
	{ "strange", mp_fuzz_heap_strange, MP_FUZZ_NEVER_DONE },
	{ "mmap", mp_fuzz_heap_mmap, MP_FUZZ_NEVER_DONE },
	{ "contents", mp_fuzz_slot_file, MP_FUZZ_NEVER_DONE },
	{ }
};

static const struct mp_fuzz_set mp_fuzz_heap = {
	.name = "heap",
	.ops = mp_fuzz_heap_ops,
	.state = sizeof(struct mp_fuzz_heap),
};

#endif /* _SELFTESTS_MP_FUZZ_HEAP_H */
