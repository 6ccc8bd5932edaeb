/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FUZZ_H
#define _SELFTESTS_MP_FUZZ_H

/*
 * Hostile callers: calls at random, most of them nearly right, so that a good
 * part gets past the first check.
 *
 * Here are values, places of structures, and who counts; mp_fuzz_crowd.h has
 * several processes and threads at once; and each kind of descriptor has a file
 * for its calls.
 *
 * What a thread tries follows from the seed; when it tries it does not.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "mp_file.h"

#define MP_FUZZ_OPS	16
#define MP_FUZZ_IDLE	(-ENOANO)	/* a call that was not made */
#define MP_FUZZ_ROOM	(1UL << 18)	/* more than two pages of any kernel */

/**
 * struct mp_fuzz_count - what came of a kind of call
 * @ok: how often it was done
 * @refused: how often it was not
 */
struct mp_fuzz_count {
	unsigned long ok;
	unsigned long refused;
};

/**
 * struct mp_fuzz_tally - what came of all calls
 * @of: by kind
 * @astray: of those done: with an argument that cannot be read or written
 */
struct mp_fuzz_tally {
	struct mp_fuzz_count of[MP_FUZZ_OPS];
	unsigned long astray;
};

struct mp_fuzz;

/* Kinds of which not both can come, or that a kernel may not have. */
#define MP_FUZZ_NEVER_DONE	0x1
#define MP_FUZZ_NEVER_REFUSED	0x2
#define MP_FUZZ_MAY_LACK	0x4	/* MP_FUZZ_IDLE then */

/**
 * struct mp_fuzz_op - a kind of call
 * @name: for people
 * @call: does it; 0 or more, -errno, or MP_FUZZ_IDLE
 * @flags: MP_FUZZ_NEVER_* and MP_FUZZ_MAY_LACK
 */
struct mp_fuzz_op {
	const char *name;
	int (*call)(struct mp_fuzz *fuzz);
	unsigned int flags;
};

/**
 * struct mp_fuzz_set - what can be done with a kind of descriptor
 * @name: for people
 * @ops: kinds of calls, the last without a name
 * @state: bytes of a thread's own
 * @begin: before a thread's first call; 0 or -errno
 * @end: after its last one
 */
struct mp_fuzz_set {
	const char *name;
	const struct mp_fuzz_op *ops;
	size_t state;
	int (*begin)(struct mp_fuzz *fuzz);
	void (*end)(struct mp_fuzz *fuzz);
};

/**
 * struct mp_fuzz - a thread that calls
 * @set: what it calls
 * @tally: what came of it
 * @state: its own
 * @random: the next choice follows from it
 * @rw: memory, behind which there is none
 * @ro: the same memory, not to be written to, behind which there is none
 * @wild: the argument of the call at hand cannot be read, so it must fail
 */
struct mp_fuzz {
	const struct mp_fuzz_set *set;
	struct mp_fuzz_tally *tally;
	void *state;
	__u64 random;
	char *rw;
	char *ro;
	int wild;
};

/* A word of the kernel's command line, which init has made a variable. */
static inline __u64 mp_fuzz_asked(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static inline __u64 mp_fuzz_seed(void)
{
	__u64 seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = getpid();
	return mp_fuzz_asked("mp_seed", seed);
}

/* For each thread one that is like no other's. */
static inline __u64 mp_fuzz_mix(__u64 seed, unsigned int n)
{
	__u64 z = seed + (n + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (z ^ z >> 31) | 1;
}

/* xorshift64*, never 0 */
static inline __u64 mp_fuzz_next(struct mp_fuzz *fuzz)
{
	fuzz->random ^= fuzz->random >> 12;
	fuzz->random ^= fuzz->random << 25;
	fuzz->random ^= fuzz->random >> 27;
	return fuzz->random * 0x2545f4914f6cdd1dULL;
}

static inline unsigned int mp_fuzz_below(struct mp_fuzz *fuzz, unsigned int n)
{
	return (mp_fuzz_next(fuzz) >> 32) % n;
}

/* Once in @n times. */
static inline int mp_fuzz_once(struct mp_fuzz *fuzz, unsigned int n)
{
	return !mp_fuzz_below(fuzz, n);
}

/* Where numbers wrap, change their sign, or do not fit any more. */
static inline __u64 mp_fuzz_value(struct mp_fuzz *fuzz)
{
	static const __u64 edges[] = {
		0, 1, 2, 255, 256, 4095, 4096, 4097, 65535, 65536,
		0x7fffffff, 0x80000000, 0xffffffff, 0x100000000ULL,
		0xffffffff000ULL, 0x7fffffffffffffffULL,
		0x8000000000000000ULL, 0xfffffffffffff000ULL,
		0xfffffffffffff001ULL, ~0ULL,
	};
	unsigned int n = sizeof(edges) / sizeof(*edges);

	switch (mp_fuzz_below(fuzz, 4)) {
	case 0:
		return mp_fuzz_next(fuzz);
	case 1:
		return 1ULL << mp_fuzz_below(fuzz, 64);
	case 2:
		return edges[mp_fuzz_below(fuzz, n)] - 1 +
		       mp_fuzz_below(fuzz, 3);
	}
	return edges[mp_fuzz_below(fuzz, n)];
}

/* What is right, nearly always. */
static inline __u64 mp_fuzz_near(struct mp_fuzz *fuzz, __u64 right)
{
	switch (mp_fuzz_below(fuzz, 32)) {
	case 0:
		return right + 1;
	case 1:
		return right - 1;
	case 2:
		return right ^ 1ULL << mp_fuzz_below(fuzz, 64);
	case 3:
		return mp_fuzz_value(fuzz);
	}
	return right;
}

/* What nobody has mapped: low, the kernel's, or no address at all. */
static inline void *mp_fuzz_wild(struct mp_fuzz *fuzz)
{
	static const unsigned long places[] = {
		0, 8, 0xffff888000000000, 0xffff888000100000,
		0xffffea0000000000, 0xffffffff81000000, 0xffffffffff600000,
		0x8000000000000000, 0x7ffffffff000, -4096UL, -8UL, -1UL,
	};

	fuzz->wild = 1;
	return (void *)places[mp_fuzz_below(fuzz, sizeof(places) /
						  sizeof(*places))];
}

/* Where the call shall look for the @n bytes at @from. */
static inline void *mp_fuzz_place(struct mp_fuzz *fuzz, const void *from,
				  size_t n)
{
	size_t end = MP_FUZZ_ROOM - n;
	size_t at = mp_fuzz_below(fuzz, end / 64) * 64;

	switch (mp_fuzz_below(fuzz, 20)) {
	case 0:
		return mp_fuzz_wild(fuzz);
	case 1:	/* half of it */
		if (n < 2)
			return mp_fuzz_wild(fuzz);
		fuzz->wild = 1;
		memcpy(fuzz->rw + end + n / 2, from, n - n / 2);
		return fuzz->rw + end + n / 2;
	case 2:	/* to the last byte that there is */
		memcpy(fuzz->rw + end, from, n);
		return fuzz->rw + end;
	case 3:
		memcpy(fuzz->rw + at + 1, from, n);
		return fuzz->rw + at + 1;
	case 4:
		memcpy(fuzz->rw + at, from, n);
		return fuzz->ro + at;
	}
	memcpy(fuzz->rw + at, from, n);
	return fuzz->rw + at;
}

static inline int mp_fuzz_ioctl(struct mp_fuzz *fuzz, int fd,
				unsigned long request, void *arg)
{
	int result = ioctl(fd, request, arg);

	if (result < 0)
		return -errno;
	if (fuzz->wild)
		__atomic_add_fetch(&fuzz->tally->astray, 1, __ATOMIC_RELAXED);
	return result;
}

/* One whose argument is a structure; what comes back is put into it. */
static inline int mp_fuzz_call(struct mp_fuzz *fuzz, int fd,
			       unsigned long request, void *what, size_t n)
{
	char *arg = mp_fuzz_place(fuzz, what, n);
	int result = mp_fuzz_ioctl(fuzz, fd, request, arg);

	if (result >= 0 && !fuzz->wild)
		memcpy(what, arg, n);
	return result;
}

/* Requests that nobody has: of any number but @first to @last. */
static inline int mp_fuzz_strange(struct mp_fuzz *fuzz, int fd,
				  unsigned int first, unsigned int last)
{
	unsigned int nr = mp_fuzz_below(fuzz, 256);
	unsigned int type = mp_fuzz_once(fuzz, 4) ? 'f' : 'm';
	unsigned long request = _IOC(mp_fuzz_below(fuzz, 4), type, nr,
				     mp_fuzz_below(fuzz, 256));

	if (nr >= first && nr <= last)
		return MP_FUZZ_IDLE;
	return mp_fuzz_ioctl(fuzz, fd, request, mp_fuzz_wild(fuzz));
}

static inline const struct mp_fuzz_op *mp_fuzz_op(struct mp_fuzz *fuzz)
{
	unsigned int n = 0;

	while (fuzz->set->ops[n].name)
		n++;
	return &fuzz->set->ops[mp_fuzz_below(fuzz, n)];
}

static inline void mp_fuzz_step(struct mp_fuzz *fuzz)
{
	const struct mp_fuzz_op *op = mp_fuzz_op(fuzz);
	struct mp_fuzz_count *count = &fuzz->tally->of[op - fuzz->set->ops];
	int result;

	fuzz->wild = 0;
	result = op->call(fuzz);
	if (result == MP_FUZZ_IDLE)
		return;
	__atomic_add_fetch(result < 0 ? &count->refused : &count->ok, 1,
			   __ATOMIC_RELAXED);
}

/* A mapping of @file behind which nothing is. */
static inline char *mp_fuzz_map(int file, int prot)
{
	size_t page = mp_page_size();
	char *addr = mmap(NULL, MP_FUZZ_ROOM + page, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED)
		return NULL;
	addr = mmap(addr, MP_FUZZ_ROOM, prot, MAP_SHARED | MAP_FIXED, file, 0);
	return addr == MAP_FAILED ? NULL : addr;
}

/* Return: 0 or -errno. */
static inline int mp_fuzz_begin(struct mp_fuzz *fuzz)
{
	int file = memfd_create("fuzz", MFD_CLOEXEC);

	if (file < 0 || ftruncate(file, MP_FUZZ_ROOM))
		return -errno;
	fuzz->rw = mp_fuzz_map(file, PROT_READ | PROT_WRITE);
	fuzz->ro = mp_fuzz_map(file, PROT_READ);
	close(file);
	fuzz->state = calloc(1, fuzz->set->state + 1);
	if (!fuzz->rw || !fuzz->ro || !fuzz->state)
		return -ENOMEM;
	return fuzz->set->begin ? fuzz->set->begin(fuzz) : 0;
}

static inline void mp_fuzz_end(struct mp_fuzz *fuzz)
{
	if (fuzz->set->end)
		fuzz->set->end(fuzz);
	free(fuzz->state);
	munmap(fuzz->rw, MP_FUZZ_ROOM + mp_page_size());
	munmap(fuzz->ro, MP_FUZZ_ROOM + mp_page_size());
}

#endif /* _SELFTESTS_MP_FUZZ_H */
