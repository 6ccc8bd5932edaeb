/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FUZZ_BUFFERS_H
#define _SELFTESTS_MP_FUZZ_BUFFERS_H

/* Hostile callers of /dev/movable_buffers and of buffers, but for mmap(). */

#include "movable_buffers_uapi.h"
#include "mp_fuzz_slots.h"

#define MP_FUZZ_DEVICE	"/dev/movable_buffers"

struct mp_fuzz_buffers {
	int device;
};

static inline void mp_fuzz_buffers_name(struct mp_fuzz *fuzz, char *name)
{
	const size_t n = MOVABLE_BUFFERS_NAME_LEN;

	memset(name, 0, n);
	memcpy(name, "fuzz", 4);
	switch (mp_fuzz_below(fuzz, 16)) {
	case 0:
		memset(name, 'x', n);
		break;
	case 1:
		name[mp_fuzz_below(fuzz, 4)] = mp_fuzz_next(fuzz);
		break;
	case 2:
		memset(name, '%', n - 1);
		break;
	}
}

static inline int mp_fuzz_buffers_create(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_buffers *buffers = fuzz->state;
	__u64 size = 1 + mp_fuzz_below(fuzz, 64 * 4096);
	struct movable_buffers_create req = {
		.size = mp_fuzz_near(fuzz, size),
		.flags = mp_fuzz_near(fuzz, 0),
	};
	int fd;

	mp_fuzz_buffers_name(fuzz, req.name);
	fd = mp_fuzz_call(fuzz, buffers->device, MOVABLE_BUFFERS_CREATE, &req,
			  sizeof(req));
	return fd < 0 ? fd : mp_fuzz_slot_put(fuzz, fd);
}

static inline int mp_fuzz_buffers_share(struct mp_fuzz *fuzz)
{
	int fd = ioctl(mp_fuzz_slot(fuzz), MOVABLE_BUFFERS_SHARE,
		       mp_fuzz_value(fuzz));

	if (fd < 0)
		return -errno;
	/* More of what can be written to. */
	if (mp_fuzz_once(fuzz, 4))
		return mp_fuzz_slot_put(fuzz, fd);
	close(fd);
	return 0;
}

static inline int mp_fuzz_buffers_status(struct mp_fuzz *fuzz)
{
	struct movable_buffers_status status = {};
	int err = mp_fuzz_call(fuzz, mp_fuzz_slot(fuzz),
			       MOVABLE_BUFFERS_STATUS, &status, sizeof(status));

	/* A buffer has all its pages, and no count is below 0. */
	if (!err && !fuzz->wild &&
	    (status.pages * mp_page_size() != status.size ||
	     (long)(status.migrated | status.directed | status.refused_pinned |
		    status.refused_referenced | status.refused_other) < 0))
		__atomic_add_fetch(&fuzz->tally->astray, 1, __ATOMIC_RELAXED);
	return err;
}

static inline int mp_fuzz_buffers_move(struct mp_fuzz *fuzz)
{
	struct movable_buffers_move move = {
		.to = mp_fuzz_near(fuzz, 1),
		.from = mp_fuzz_near(fuzz, mp_fuzz_below(fuzz, 2)),
		.flags = mp_fuzz_near(fuzz, 0),
		.moved = mp_fuzz_value(fuzz),
	};

	return mp_fuzz_call(fuzz, mp_fuzz_slot(fuzz), MOVABLE_BUFFERS_MOVE,
			    &move, sizeof(move));
}

static inline int mp_fuzz_buffers_strange(struct mp_fuzz *fuzz)
{
	return mp_fuzz_strange(fuzz, mp_fuzz_slot(fuzz), 0x70, 0x73);
}

/* What a buffer can do and the device cannot, and the other way round. */
static inline int mp_fuzz_buffers_mixed(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_buffers *buffers = fuzz->state;
	struct movable_buffers_status status = {};

	if (mp_fuzz_once(fuzz, 2))
		return mp_fuzz_call(fuzz, mp_fuzz_slot(fuzz),
				    MOVABLE_BUFFERS_CREATE, &status,
				    sizeof(status));
	return mp_fuzz_call(fuzz, buffers->device, MOVABLE_BUFFERS_STATUS,
			    &status, sizeof(status));
}

static inline int mp_fuzz_buffers_device(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_buffers *buffers = fuzz->state;

	return mp_fuzz_slot_contents(fuzz, buffers->device);
}

static const struct mp_fuzz_op mp_fuzz_buffers_ops[] = {
	{ "create", mp_fuzz_buffers_create, 0 },
	{ "share", mp_fuzz_buffers_share, 0 },
	{ "status", mp_fuzz_buffers_status, 0 },
	{ "move", mp_fuzz_buffers_move, 0 },
	{ "close", mp_fuzz_slot_close, 0 },
	{ "dup", mp_fuzz_slot_dup, 0 },
	{ "poll", mp_fuzz_slot_poll, MP_FUZZ_NEVER_REFUSED },
	{ "strange", mp_fuzz_buffers_strange, MP_FUZZ_NEVER_DONE },
	{ "mixed", mp_fuzz_buffers_mixed, MP_FUZZ_NEVER_DONE },
	{ "device", mp_fuzz_buffers_device, MP_FUZZ_NEVER_DONE },
	{ "contents", mp_fuzz_slot_file, MP_FUZZ_NEVER_DONE },
	{ "seek", mp_fuzz_slot_seek, MP_FUZZ_NEVER_DONE },
	{ }
};

static inline int mp_fuzz_buffers_begin(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_buffers *buffers = fuzz->state;

	buffers->device = open(MP_FUZZ_DEVICE, O_RDWR | O_CLOEXEC);
	return buffers->device < 0 ? -errno : 0;
}

static inline void mp_fuzz_buffers_end(struct mp_fuzz *fuzz)
{
	struct mp_fuzz_buffers *buffers = fuzz->state;

	close(buffers->device);
}

static const struct mp_fuzz_set mp_fuzz_buffers = {
	.name = "buffers",
	.ops = mp_fuzz_buffers_ops,
	.state = sizeof(struct mp_fuzz_buffers),
	.begin = mp_fuzz_buffers_begin,
	.end = mp_fuzz_buffers_end,
};

#endif /* _SELFTESTS_MP_FUZZ_BUFFERS_H */
