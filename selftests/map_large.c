// SPDX-License-Identifier: GPL-2.0
/* How long it takes to look at a machine with much memory, and many pages. */

#include <time.h>

#include "mp.h"
#include "mp_map.h"

#define POOLS		4
#define PAGES		(1 << 16)	/* of each */
#define LIMIT		60.0		/* seconds, emulated or not */
#define DEBUGFS_PAGES	MP_DEBUGFS "large-*/pages"

static double now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static double capture(const char *words, unsigned long pages)
{
	double begin = now();
	struct mp_map map;
	int err = mp_map_take(&map, words, "large");
	double end = now();

	if (!err && map.nr_pages != pages)
		err = -EPROTO;
	mp_map_end(&map);
	return err ? LIMIT : end - begin;
}

/* Return: seconds, of a pool that has no pages: the walk alone. */
static double walk(void)
{
	char path[128], text[64];
	double begin;

	if (mp_find_file(DEBUGFS_PAGES, path, sizeof(path)) < 1)
		return LIMIT;
	begin = now();
	return mp_read_file(path, text, sizeof(text)) ? LIMIT : now() - begin;
}

MP_TEST_F(a_capture_takes_seconds)
{
	double alone, some, named;
	int pools[POOLS], i;

	for (i = 0; i < POOLS; i++)
		ASSERT_LE(0, pools[i] = mp_create(self->fd, "large", PAGES, 0));
	alone = walk();
	EXPECT_GT(LIMIT, alone);
	for (i = 0; i < POOLS; i++) {
		ASSERT_EQ(0, mp_do(self->fd, pools[i], MP_TEST_ALLOC, 0,
				   PAGES));
		ASSERT_EQ(0, mp_do(self->fd, pools[i], MP_TEST_PUBLISH, 0,
				   PAGES));
	}
	some = capture("--no-names", POOLS * PAGES);
	EXPECT_GT(LIMIT, some);
	named = capture("", POOLS * PAGES);
	EXPECT_GT(LIMIT, named);
	printf("# figure: %ld MiB, %d pools, %d pages\n",
	       mp_read_field("/proc/meminfo", "MemTotal") >> 10, POOLS,
	       POOLS * PAGES);
	printf("# figure: capture %.2f s, with names %.2f s\n", some, named);
	printf("# figure: one walk over all frames %.3f s\n", alone);
}

TEST_HARNESS_MAIN
