/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_BOOKS_H
#define _SELFTESTS_MP_BOOKS_H

/* What must be true after every test, whatever it did. */

#include "mp_driver.h"
#include "mp_file.h"

#define MP_DEBUGFS	"/sys/kernel/debug/movable_pool/"

static inline long mp_deferred(void)
{
	return mp_read_long(MP_DEBUGFS "deferred");
}

/* Return: @n when it has become so within 10 s, else the last value. */
static inline long mp_deferred_become(long n)
{
	int tries = 1000;
	long now;

	while ((now = mp_deferred()) != n && tries--)
		usleep(10000);
	return now;
}

static inline long mp_deferred_drain(void)
{
	return mp_deferred_become(0);
}

/* Isolations are not ours to see: page cache, and the kernel's own balloons. */
static inline int mp_unseen(const struct mp_test_stats *s)
{
	return !strcmp(s->backing, "cache") || !strcmp(s->backing, "balloon");
}

static inline int mp_cached(const struct mp_test_stats *s)
{
	return !strcmp(s->backing, "cache");
}

/*
 * A page that is freed while somebody has its lock waits for it, deferred,
 * unless the backing needs no lock to let go of it.
 */
static inline int mp_defers(const struct mp_test_stats *s)
{
	return strcmp(s->backing, "typed") != 0;
}

/* What the books of isolations say when the VM took hold of @n pages. */
static inline long mp_taken(const struct mp_test_stats *s, long n)
{
	return mp_unseen(s) ? 0 : n;
}

static inline long mp_refused(const struct mp_test_stats *s)
{
	return s->refused_pinned + s->refused_referenced + s->refused_driver +
	       s->failed_driver + s->refused_unready + s->refused_target;
}

/* Moves asked of us that have not ended. */
static inline long mp_attempts(const struct mp_test_stats *s)
{
	return s->attempted - s->migrated - s->directed - mp_refused(s);
}

/* Isolations that have not ended. */
static inline long mp_isolations(const struct mp_test_stats *s)
{
	if (mp_unseen(s))
		return s->isolated + s->putback + s->released;
	return s->isolated - s->migrated - s->putback - s->released;
}

static inline long mp_in_flight(const struct mp_test_stats *s)
{
	return mp_attempts(s) ?: mp_isolations(s);
}

/* The VM gives back what it holds in its own time: wait up to 10 s. */
static inline struct mp_test_stats mp_stats_at_rest(int fd, int pool)
{
	struct mp_test_stats stats;
	int tries = 1000;

	do {
		stats = mp_stats(fd, pool);
	} while (mp_in_flight(&stats) && tries-- && !usleep(10000));
	return stats;
}

static inline int mp_pool_exists(int fd, int pool)
{
	struct mp_test_stats stats = { .pool = pool };

	return !mp_ioctl(fd, MP_TEST_IOC_STATS, &stats);
}

/* Return: "" or what is wrong. */
static inline const char *mp_pool_books(int fd, int pool)
{
	struct mp_test_stats stats = mp_stats_at_rest(fd, pool);
	struct mp_test_log log = mp_log(fd, pool);

	if (mp_attempts(&stats))
		return "attempted is not migrated + directed + refused";
	if (mp_isolations(&stats))
		return mp_unseen(&stats) ?
		       "isolations of page cache, or of the kernel's balloons" :
		       "isolated is not migrated + putback + released";
	if (stats.pages != stats.allocated - stats.freed)
		return "pages is not allocated - freed";
	if (stats.unpublished > stats.pages)
		return "more unpublished pages than pages";
	if (log.odd)
		return "a driver op was called with odd arguments";
	if (log.graves)
		return "a handle was written to after its page was freed";
	return "";
}

/**
 * struct mp_world - an open test driver and what the machine was like before
 * @fd: of the driver
 * @mem_total: kB, from /proc/meminfo
 */
struct mp_world {
	int fd;
	long mem_total;
};

static inline int mp_world_open(struct mp_world *world)
{
	world->mem_total = mp_read_field("/proc/meminfo", "MemTotal");
	world->fd = mp_open();
	return world->fd < 0 ? world->fd : 0;
}

/* Frees all pools.  Return: "" or what is wrong. */
static inline const char *mp_world_close(struct mp_world *world)
{
	const char *wrong = "";
	int pool;

	for (pool = 0; pool < MP_TEST_POOLS && !*wrong; pool++)
		if (mp_pool_exists(world->fd, pool))
			wrong = mp_pool_books(world->fd, pool);
	close(world->fd);
	if (*wrong)
		return wrong;
	if (mp_deferred_drain())
		return "freed pages stay on the deferred list";
	if (mp_read_field("/proc/meminfo", "MemTotal") != world->mem_total)
		return "MemTotal has changed";
	return "";
}

#endif /* _SELFTESTS_MP_BOOKS_H */
