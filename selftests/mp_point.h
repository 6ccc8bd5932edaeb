/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_POINT_H
#define _SELFTESTS_MP_POINT_H

/* Wait points, which movable_pool_test.ko alone has. */

#include "mp_books.h"
#include "mp_file.h"

#define MP_POINTS	MP_DEBUGFS "wait_points"

static inline int mp_points_reset(void)
{
	return mp_write_file(MP_POINTS, "reset");
}

/* The next thread at the point sleeps there, @pfn 0: whatever the page. */
static inline int mp_point_stop(const char *name, __u64 pfn)
{
	char line[80];

	snprintf(line, sizeof(line), "stop %s %llu", name,
		 (unsigned long long)pfn);
	return mp_write_file(MP_POINTS, line);
}

static inline int mp_point_go(const char *name)
{
	char line[80];

	snprintf(line, sizeof(line), "go %s", name);
	return mp_write_file(MP_POINTS, line);
}

static inline int mp_point_read(const char *name, int *armed, int *hits,
				int *stopped)
{
	int err = -ENOENT;
	char point[32];
	FILE *list;

	list = fopen(MP_POINTS, "r");
	if (!list)
		return -errno;
	while (err && fscanf(list, "%31s %d %d %d", point, armed, hits,
			     stopped) == 4)
		if (!strcmp(point, name))
			err = 0;
	fclose(list);
	return err;
}

/* Arrivals that stopped since the last reset. */
static inline int mp_point_hits(const char *name)
{
	int armed, hits, stopped;

	return mp_point_read(name, &armed, &hits, &stopped) ?: hits;
}

/* Wait up to 20 s until a thread sleeps there.  Return: how many do. */
static inline int mp_point_wait(const char *name)
{
	int armed, hits, stopped, err;
	int tries = 2000;

	do {
		err = mp_point_read(name, &armed, &hits, &stopped);
	} while (!err && !stopped && tries-- && !usleep(10000));
	return err ?: stopped;
}

#endif /* _SELFTESTS_MP_POINT_H */
