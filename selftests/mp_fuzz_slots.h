/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FUZZ_SLOTS_H
#define _SELFTESTS_MP_FUZZ_SLOTS_H

/*
 * Descriptors that all threads of a process use, and that any of them closes or
 * replaces while others are in a call on it.  Their numbers are fixed, so that
 * no other file comes by one.  Half of the calls are on the first, which is
 * seldom replaced: calls on what has just been closed show little.
 */

#include <poll.h>

#include "mp_fuzz.h"

#define MP_FUZZ_SLOTS	4
#define MP_FUZZ_FIRST	200

static inline int mp_fuzz_slot(struct mp_fuzz *fuzz)
{
	if (mp_fuzz_once(fuzz, 2))
		return MP_FUZZ_FIRST;
	return MP_FUZZ_FIRST + mp_fuzz_below(fuzz, MP_FUZZ_SLOTS);
}

/* The one to be replaced. */
static inline int mp_fuzz_slot_next(struct mp_fuzz *fuzz)
{
	if (mp_fuzz_once(fuzz, 16) || fcntl(MP_FUZZ_FIRST, F_GETFD) < 0)
		return MP_FUZZ_FIRST;
	return MP_FUZZ_FIRST + 1 + mp_fuzz_below(fuzz, MP_FUZZ_SLOTS - 1);
}

/* @fd becomes one of them, at once in the place of what was there. */
static inline int mp_fuzz_slot_put(struct mp_fuzz *fuzz, int fd)
{
	int slot = mp_fuzz_slot_next(fuzz);
	int err = dup3(fd, slot, O_CLOEXEC) < 0 ? -errno : 0;

	close(fd);
	return err;
}

static inline int mp_fuzz_slot_close(struct mp_fuzz *fuzz)
{
	/* One that is open is of more use; the last there never is. */
	if (!mp_fuzz_once(fuzz, 8))
		return MP_FUZZ_IDLE;
	return close(mp_fuzz_slot_next(fuzz) + mp_fuzz_once(fuzz, 2)) ?
	       -errno : 0;
}

/* From one slot to another: two that are the same file. */
static inline int mp_fuzz_slot_dup(struct mp_fuzz *fuzz)
{
	int from = mp_fuzz_slot(fuzz), to = mp_fuzz_slot_next(fuzz);

	if (!mp_fuzz_once(fuzz, 8))
		return MP_FUZZ_IDLE;
	return dup3(from, to, O_CLOEXEC) < 0 ? -errno : 0;
}

static inline int mp_fuzz_slot_poll(struct mp_fuzz *fuzz)
{
	struct pollfd one = {
		.fd = mp_fuzz_slot(fuzz),
		.events = mp_fuzz_next(fuzz),
	};

	if (poll(&one, 1, 0) < 0)
		return -errno;
	return one.revents & POLLNVAL ? -EBADF : 0;
}

/* What a file without contents is not asked for; each of these must fail. */
static inline int mp_fuzz_slot_contents(struct mp_fuzz *fuzz, int fd)
{
	static char room[64];
	size_t n = mp_fuzz_near(fuzz, sizeof(room)) % (sizeof(room) + 1);
	off_t at = mp_fuzz_value(fuzz);
	long done;

	if (!n)
		return MP_FUZZ_IDLE;
	switch (mp_fuzz_below(fuzz, 8)) {
	case 0:
		done = read(fd, room, n);
		break;
	case 1:
		done = write(fd, room, n);
		break;
	case 2:
		done = pread(fd, room, n, at);
		break;
	case 3:
		done = pwrite(fd, room, n, at);
		break;
	case 4:
		done = ftruncate(fd, at);
		break;
	case 5:
		done = fallocate(fd, mp_fuzz_below(fuzz, 128), at,
				 mp_fuzz_value(fuzz));
		break;
	case 6:
		done = fsync(fd);
		break;
	default:
		done = readahead(fd, at, n);
	}
	return done < 0 ? -errno : 0;
}

static inline int mp_fuzz_slot_file(struct mp_fuzz *fuzz)
{
	return mp_fuzz_slot_contents(fuzz, mp_fuzz_slot(fuzz));
}

static inline int mp_fuzz_slot_seek(struct mp_fuzz *fuzz)
{
	off_t at = lseek(mp_fuzz_slot(fuzz), mp_fuzz_value(fuzz),
			 mp_fuzz_below(fuzz, 6));

	return at < 0 ? -errno : 0;
}

#endif /* _SELFTESTS_MP_FUZZ_SLOTS_H */
