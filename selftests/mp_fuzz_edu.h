/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FUZZ_EDU_H
#define _SELFTESTS_MP_FUZZ_EDU_H

/*
 * Hostile callers of /dev/movable_edu0.  Transfers are few: the device takes
 * 100 ms for each, and all of them wait for it.
 */

#include "movable_edu_uapi.h"
#include "mp_fuzz_slots.h"

#define MP_FUZZ_EDU	"/dev/movable_edu0"

static inline int mp_fuzz_edu_open(struct mp_fuzz *fuzz)
{
	int flags = mp_fuzz_once(fuzz, 4) ? O_DIRECTORY : O_RDWR;
	int fd;

	if (!mp_fuzz_once(fuzz, 8))
		return MP_FUZZ_IDLE;
	fd = open(MP_FUZZ_EDU, flags | O_CLOEXEC);
	return fd < 0 ? -errno : mp_fuzz_slot_put(fuzz, fd);
}

static inline __u32 mp_fuzz_edu_page(struct mp_fuzz *fuzz)
{
	return mp_fuzz_near(fuzz, mp_fuzz_below(fuzz, MOVABLE_EDU_PAGES));
}

static inline int mp_fuzz_edu_copy(struct mp_fuzz *fuzz, unsigned long request)
{
	static const char bytes[MOVABLE_EDU_BYTES];
	struct movable_edu_copy copy = {
		.page = mp_fuzz_edu_page(fuzz),
		.pad = mp_fuzz_near(fuzz, 0),
		.data = (uintptr_t)mp_fuzz_place(fuzz, bytes, sizeof(bytes)),
	};

	return mp_fuzz_call(fuzz, mp_fuzz_slot(fuzz), request, &copy,
			    sizeof(copy));
}

static inline int mp_fuzz_edu_fill(struct mp_fuzz *fuzz)
{
	return mp_fuzz_edu_copy(fuzz, MOVABLE_EDU_FILL);
}

static inline int mp_fuzz_edu_fetch(struct mp_fuzz *fuzz)
{
	return mp_fuzz_edu_copy(fuzz, MOVABLE_EDU_FETCH);
}

/* Nearly all of these name no page. */
static inline int mp_fuzz_edu_transfer(struct mp_fuzz *fuzz)
{
	unsigned long request = mp_fuzz_once(fuzz, 2) ? MOVABLE_EDU_SEND :
							MOVABLE_EDU_RECEIVE;
	__u32 page = mp_fuzz_value(fuzz);

	if (mp_fuzz_once(fuzz, 16))
		page %= MOVABLE_EDU_PAGES;
	else
		page |= 1U << (3 + mp_fuzz_below(fuzz, 29));
	return mp_fuzz_call(fuzz, mp_fuzz_slot(fuzz), request, &page,
			    sizeof(page));
}

static inline int mp_fuzz_edu_move(struct mp_fuzz *fuzz)
{
	struct movable_edu_moved moved = {};

	return mp_fuzz_call(fuzz, mp_fuzz_slot(fuzz), MOVABLE_EDU_MOVE, &moved,
			    sizeof(moved));
}

static inline int mp_fuzz_edu_status(struct mp_fuzz *fuzz)
{
	struct movable_edu_status status = {};
	int err = mp_fuzz_call(fuzz, mp_fuzz_slot(fuzz), MOVABLE_EDU_STATUS,
			       &status, sizeof(status));

	if (!err && !fuzz->wild && status.astray)
		__atomic_add_fetch(&fuzz->tally->astray, 1, __ATOMIC_RELAXED);
	return err;
}

static inline int mp_fuzz_edu_strange(struct mp_fuzz *fuzz)
{
	return mp_fuzz_strange(fuzz, mp_fuzz_slot(fuzz), 0x80, 0x85);
}

static const struct mp_fuzz_op mp_fuzz_edu_ops[] = {
	{ "open", mp_fuzz_edu_open, 0 },
	{ "fill", mp_fuzz_edu_fill, 0 },
	{ "fetch", mp_fuzz_edu_fetch, 0 },
	{ "transfer", mp_fuzz_edu_transfer, 0 },
	{ "move", mp_fuzz_edu_move, 0 },
	{ "status", mp_fuzz_edu_status, 0 },
	{ "close", mp_fuzz_slot_close, 0 },
	{ "dup", mp_fuzz_slot_dup, 0 },
	{ "strange", mp_fuzz_edu_strange, MP_FUZZ_NEVER_DONE },
	{ "contents", mp_fuzz_slot_file, MP_FUZZ_NEVER_DONE },
	{ }
};

static const struct mp_fuzz_set mp_fuzz_edu = {
	.name = "edu",
	.ops = mp_fuzz_edu_ops,
};

#endif /* _SELFTESTS_MP_FUZZ_EDU_H */
