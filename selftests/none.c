// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel built without migration or compaction: pools work, their pages never
 * move, and the driver's maker is told so once.
 */

#include "mp.h"

#define SEED	41
#define PAGES	4000
#define LACKS	"CONFIG_MIGRATION and CONFIG_COMPACTION"

/* The part of /proc/zoneinfo that begins with "zone  NAME". */
static long zone_field(const char *zone, const char *field)
{
	static char text[1 << 16];
	char head[64];
	char *at;

	if (mp_read_file("/proc/zoneinfo", text, sizeof(text)) < 0)
		return -EIO;
	snprintf(head, sizeof(head), "zone %8s", zone);
	at = strstr(text, head);
	at = at ? strstr(at, field) : NULL;
	return at ? strtol(at + strlen(field), NULL, 10) : -ENOENT;
}

/* Return: how many of the pool's pages are in ZONE_MOVABLE. */
static int pages_in_movable(int fd, int pool)
{
	__u64 start = zone_field("Movable", "start_pfn:");
	int i, n = 0;

	for (i = 0; i < PAGES; i++)
		n += mp_pfn(fd, pool, i) >= start;
	return n;
}

static int new_pool(int fd, unsigned int flags)
{
	struct mp_test_create create = {
		.name = "none",
		.capacity = PAGES,
		.has = MP_TEST_HAS_ALL,
		.flags = flags,
	};

	return mp_create_as(fd, &create);
}

static int backing_says(const char *words)
{
	char path[128], text[256];

	mp_find_file(MP_DEBUGFS "none-*/backing", path, sizeof(path));
	mp_read_file(path, text, sizeof(text));
	return !!strstr(text, words);
}

/* Whatever the driver asks for. */
MP_TEST_F(every_pool_is_backed_by_none)
{
	unsigned int flags;
	int pool;

	for (flags = 0; flags <= MP_PAGE_CACHE; flags++) {
		pool = new_pool(self->fd, flags);
		ASSERT_LE(0, pool);
		EXPECT_STREQ("none", mp_stats(self->fd, pool).backing);
		EXPECT_EQ(1, backing_says("pages never move"));
		if (!(flags & MP_UNMOVABLE))
			EXPECT_EQ(1, backing_says(LACKS));
		EXPECT_EQ(0, mp_destroy(self->fd, pool));
	}
}

/* How often the kernel has said so since it was booted. */
static int times_said(const char *sentence)
{
	int fd = mp_kmsg_listen(SEEK_SET);
	char record[8192];
	int n, times = 0;

	while ((n = read(fd, record, sizeof(record) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		record[n > 0 ? n : 0] = '\0';
		times += !!strstr(record, sentence);
	}
	close(fd);
	return times;
}

MP_TEST_F(said_once)
{
	int i, pool;

	for (i = 0; i < 3; i++) {
		pool = new_pool(self->fd, 0);
		ASSERT_LE(0, pool);
		EXPECT_EQ(0, mp_destroy(self->fd, pool));
	}
	EXPECT_EQ(1, times_said("pages never move"));
}

MP_TEST_F(pages_work_and_are_not_taken_from_movable_memory)
{
	int pool = new_pool(self->fd, 0);

	ASSERT_LE(0, pool);
	ASSERT_LT(PAGES, zone_field("Movable", "present"));
	EXPECT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	EXPECT_EQ(0, pages_in_movable(self->fd, pool));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, PAGES));
	EXPECT_EQ(-EBUSY, mp_do(self->fd, pool, MP_TEST_FREE, 0, PAGES));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, PAGES));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, PAGES / 2));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE_ASYNC, PAGES / 2,
			   PAGES / 2));
	EXPECT_EQ(PAGES, mp_stats(self->fd, pool).freed);
	EXPECT_EQ(0, mp_stats(self->fd, pool).attempted);
}

MP_TEST_F(leftovers_go_with_the_pool)
{
	int pool = new_pool(self->fd, 0);

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 100, SEED));
	MP_EXPECT_WARNING("destroyed with 100 pages still allocated",
			  EXPECT_EQ(0, mp_destroy(self->fd, pool)));
}

TEST_HARNESS_MAIN
