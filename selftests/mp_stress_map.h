/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_STRESS_MAP_H
#define _SELFTESTS_MP_STRESS_MAP_H

/*
 * Processes at the pages of mapped pools.  They have the second half of each
 * page, and there is one writer for each pool.  The first word of that half is
 * the generation, 0 when nothing was written, and the others follow from it.
 */

#include <sys/mman.h>

#include "mp_stress.h"
#include "mp_touch.h"

#define MP_STRESS_TOUCHES	256	/* between mmap() and munmap() */

/**
 * struct mp_stress_map - a pool, mapped
 * @s: the run
 * @at: where
 * @pages: of it
 * @life: its number
 */
struct mp_stress_map {
	struct mp_stress *s;
	__u64 *at;
	unsigned int pages;
	__u64 life;
};

static inline size_t mp_stress_page_words(void)
{
	return mp_page_size() / sizeof(__u64);
}

static inline __u64 mp_stress_word(const struct mp_stress_map *map,
				   unsigned int page, __u64 generation,
				   size_t i)
{
	return ((map->life << 20 | page) + generation * i) *
	       0x9e3779b97f4a7c15ULL;
}

static inline __u64 *mp_stress_half(const struct mp_stress_map *map,
				    unsigned int page)
{
	return map->at + page * mp_stress_page_words() + MP_STRESS_SHARE;
}

static inline int mp_stress_map_fd(struct mp_stress_map *map, int fd)
{
	size_t size = map->pages * mp_page_size();

	map->at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map->at == MAP_FAILED ? -errno : 0;
}

/* Return: 0, or an error that is no surprise: there is no pool just now. */
static inline int mp_stress_map(struct mp_stress_map *map, unsigned int which)
{
	struct mp_stress_mapped mapped = { .which = which };
	int err;

	err = mp_stress_ioctl(map->s, MP_STRESS_IOC_MAPPED, &mapped);
	if (!err) {
		map->pages = mapped.pages;
		map->life = mapped.life;
		err = mp_stress_map_fd(map, mapped.fd);
	}
	return err;
}

static inline void mp_stress_unmap(struct mp_stress_map *map)
{
	munmap(map->at, map->pages * mp_page_size());
}

/* From now on SIGBUS brings a thread back to where it said. */
static inline void mp_stress_catch(void)
{
	const struct sigaction catch = {
		.sa_sigaction = mp_touch_caught,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGBUS, &catch, NULL);
}

/* Return: how many words are not what the first one says, or @known does. */
static inline unsigned int mp_stress_compare(const struct mp_stress_map *map,
					     unsigned int page, __u64 known)
{
	const __u64 *words = mp_stress_half(map, page);
	const size_t n = mp_stress_page_words() - MP_STRESS_SHARE;
	__u64 generation = __atomic_load_n(words, __ATOMIC_RELAXED);
	unsigned int bad = known && generation != known;
	size_t i;

	for (i = 1; i < n; i++) {
		__u64 should = generation ?
			       mp_stress_word(map, page, generation, i) : 0;

		bad += __atomic_load_n(words + i, __ATOMIC_RELAXED) != should;
	}
	return bad;
}

static inline void mp_stress_write(const struct mp_stress_map *map,
				   unsigned int page, __u64 generation)
{
	__u64 *words = mp_stress_half(map, page);
	const size_t n = mp_stress_page_words() - MP_STRESS_SHARE;
	size_t i;

	for (i = 1; i < n; i++)
		__atomic_store_n(words + i,
				 mp_stress_word(map, page, generation, i),
				 __ATOMIC_RELAXED);
	__atomic_store_n(words, generation, __ATOMIC_RELAXED);
}

/*
 * @known: the generation that was written last, 0 if not known.  A place that
 * has no page yet, or not any more, gives SIGBUS.  Return: whether it has one.
 */
static inline int mp_stress_touch(const struct mp_stress_map *map,
				  unsigned int page, __u64 *known)
{
	struct mp_stress *s = map->s;
	unsigned int bad;

	if (sigsetjmp(mp_touch_back, 1))
		return 0;
	bad = mp_stress_compare(map, page, *known);
	__atomic_add_fetch(&s->user_words,
			   mp_stress_page_words() - MP_STRESS_SHARE,
			   __ATOMIC_RELAXED);
	if (bad)
		__atomic_add_fetch(&s->user_bad, bad, __ATOMIC_RELAXED);
	mp_stress_write(map, page, *known + 1);
	++*known;
	return 1;
}

/* Return: pages written to, or -errno. */
static inline int mp_stress_touch_some(struct mp_stress_map *map,
				       unsigned int *random)
{
	__u64 *known = calloc(map->pages, sizeof(*known));
	int i, done = 0;

	if (!known)
		return -ENOMEM;
	for (i = 0; i < MP_STRESS_TOUCHES; i++) {
		unsigned int page = rand_r(random) % map->pages;

		done += mp_stress_touch(map, page, &known[page]);
	}
	free(known);
	return done;
}

/* Return: pages written to, or -errno: no pool, or no memory, just now. */
static inline int mp_stress_map_and_touch(struct mp_stress *s,
					  unsigned int which,
					  unsigned int *random)
{
	struct mp_stress_map map = { .s = s };
	int n;

	pthread_rwlock_rdlock(&s->use);
	pthread_rwlock_rdlock(&s->share);
	n = mp_stress_map(&map, which);
	if (!n) {
		n = mp_stress_touch_some(&map, random);
		mp_stress_unmap(&map);
	}
	pthread_rwlock_unlock(&s->share);
	pthread_rwlock_unlock(&s->use);
	return n;
}

#endif /* _SELFTESTS_MP_STRESS_MAP_H */
