/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FRAGMENT_H
#define _SELFTESTS_MP_FRAGMENT_H

/* Memory in which compaction has work: pages of a pool with holes between. */

#include "mp_driver.h"
#include "mp_file.h"

#define MP_FRAGMENT_SEED	23

/**
 * struct mp_fragment - a pool all over memory
 * @fd: driver
 * @pool: its number
 * @count: objects
 * @kept: of these, with a page
 * @has: which, a byte each
 */
struct mp_fragment {
	int fd;
	int pool;
	unsigned int count;
	unsigned int kept;
	unsigned char *has;
};

static inline int mp_fragment_punch(struct mp_fragment *fragment,
				    unsigned int seed)
{
	unsigned int i;
	int err;

	for (i = 0; i < fragment->count; i++) {
		fragment->has[i] = rand_r(&seed) % 2;
		fragment->kept += fragment->has[i];
		if (fragment->has[i])
			continue;
		err = mp_do(fragment->fd, fragment->pool, MP_TEST_FREE, i, 1);
		if (err)
			return err;
	}
	return 0;
}

/* Fill @percent of free memory and free a random half of that again. */
static inline int mp_fragment_make_as(struct mp_fragment *fragment, int fd,
				      int percent, unsigned int has,
				      unsigned int flags)
{
	long kb = mp_read_field("/proc/meminfo", "MemFree");
	struct mp_test_create create = {
		.name = "fragment",
		.has = has,
		.flags = flags,
	};

	*fragment = (struct mp_fragment) {
		.fd = fd,
		.count = kb / mp_page_kb() * percent / 100,
	};
	fragment->has = calloc(1, fragment->count);
	create.capacity = fragment->count;
	fragment->pool = mp_create_as(fd, &create);
	if (!fragment->has || fragment->pool < 0)
		return -ENOMEM;
	return mp_make(fd, fragment->pool, 0, fragment->count,
		       MP_FRAGMENT_SEED) ?: mp_fragment_punch(fragment, 1);
}

static inline int mp_fragment_make(struct mp_fragment *fragment, int fd,
				   int percent, unsigned int has)
{
	return mp_fragment_make_as(fragment, fd, percent, has, 0);
}

/* Room for compaction: an eighth of the objects go, from @from (0 to 7) on. */
static inline int mp_fragment_thin(struct mp_fragment *fragment,
				   unsigned int from)
{
	unsigned int i;
	int err = 0;

	for (i = from; !err && i < fragment->count; i += 8) {
		if (fragment->has[i])
			err = mp_do(fragment->fd, fragment->pool, MP_TEST_FREE,
				    i, 1);
		fragment->has[i] = 0;
	}
	return err;
}

static inline int mp_fragment_verify(struct mp_fragment *fragment)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < fragment->count; i++)
		if (fragment->has[i])
			err = mp_verify(fragment->fd, fragment->pool, i, 1,
					MP_FRAGMENT_SEED);
	return err;
}

static inline long mp_fragment_moved(struct mp_fragment *fragment)
{
	return mp_stats(fragment->fd, fragment->pool).migrated;
}

static inline void mp_fragment_end(struct mp_fragment *fragment)
{
	free(fragment->has);
	fragment->has = NULL;
}

#endif /* _SELFTESTS_MP_FRAGMENT_H */
