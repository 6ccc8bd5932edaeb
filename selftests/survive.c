// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel does to pages that it thinks it can have again, and to pages
 * that it moves on its own account: contents must survive all of it, on each
 * backing.  Every test shows that the lever has worked.
 */

#include "mp.h"
#include "mp_eater.h"
#include "mp_hotplug.h"
#include "mp_merge.h"

#define SEED		31
#define PAGES		6000

#define DROP_CACHES	"/proc/sys/vm/drop_caches"
#define UNEVICTABLE	"/proc/sys/vm/compact_unevictable_allowed"

FIXTURE(data) {
	struct mp_world world;
	int fd;
	int pool;
};

FIXTURE_VARIANT(data) {
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(data, by_default) {
	.flags = 0,
};

FIXTURE_VARIANT_ADD(data, page_cache) {
	.flags = MP_PAGE_CACHE,
};

FIXTURE_VARIANT_ADD(data, unmovable) {
	.flags = MP_UNMOVABLE,
};

/* So that there is something to compact.  Objects of odd number are left. */
static int punch_holes(int fd, int pool)
{
	int i, err = 0;

	for (i = 0; !err && i < PAGES; i += 2)
		err = mp_do(fd, pool, MP_TEST_FREE, i, 1);
	return err;
}

FIXTURE_SETUP(data)
{
	struct mp_test_create create = {
		.name = "data",
		.capacity = PAGES,
		.flags = variant->flags,
	};

	ASSERT_EQ(0, mp_prefer_node(1));
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	self->pool = mp_create_as(self->fd, &create);
	ASSERT_LE(0, self->pool);
	ASSERT_EQ(0, mp_make(self->fd, self->pool, 0, PAGES, SEED));
	ASSERT_EQ(0, punch_holes(self->fd, self->pool));
	mp_drain_lru();
}

FIXTURE_TEARDOWN(data)
{
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define DATA_F(name)	TEST_F(data, name)

static int whole(int fd, int pool)
{
	int i, err = 0;

	for (i = 1; !err && i < PAGES; i += 2)
		err = mp_verify(fd, pool, i, 1, SEED);
	return err;
}

static long count_of(const char *key)
{
	return mp_read_field("/proc/vmstat", key);
}

DATA_F(drop_caches)
{
	long before = count_of("drop_pagecache");
	int i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, mp_write_file(DROP_CACHES, "3"));
		EXPECT_EQ(0, mp_compact());
	}
	EXPECT_EQ(before + 3, count_of("drop_pagecache"));
	EXPECT_EQ(0, whole(self->fd, self->pool));
}

/*
 * With pages of node 0: a poisoned frame keeps the mark of the non-LRU page it
 * held (free_pages_prepare() leaves poisoned pages as they are), and a memory
 * block with such a frame is never offline again, for scan_movable_pages()
 * finds it and do_migrate_range() leaves it.  Seen on 6.1.
 */
DATA_F(soft_offline_R18_R29)
{
	int movable = !(variant->flags & MP_UNMOVABLE);
	int i, moved = 0;

	ASSERT_EQ(0, mp_prefer_node(0));
	for (i = 0; i < 128; i += 2)
		ASSERT_EQ(0, mp_make(self->fd, self->pool, i, 1, SEED));
	mp_drain_lru();
	for (i = 0; i < 128; i += 2) {
		__u64 pfn = mp_pfn(self->fd, self->pool, i);

		EXPECT_EQ(movable, !mp_soft_offline(pfn));
		moved += mp_pfn(self->fd, self->pool, i) != pfn;
	}
	EXPECT_EQ(movable ? 64 : 0, moved);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 128, SEED));
	EXPECT_EQ(0, whole(self->fd, self->pool));
}

DATA_F(memory_pressure)
{
	long kills = count_of("oom_kill");

	EXPECT_EQ(SIGKILL, mp_eat_all());
	EXPECT_EQ(kills + 1, count_of("oom_kill"));
	EXPECT_EQ(0, whole(self->fd, self->pool));
}

DATA_F(khugepaged_R20)
{
	size_t size = 16 * MP_HUGE;
	char *p = mp_map_small(size);

	ASSERT_NE(NULL, p);
	EXPECT_LE(8, mp_collapse(p, size, 8));
	EXPECT_EQ(0, whole(self->fd, self->pool));
	munmap(p, size);
}

DATA_F(ksm)
{
	size_t size = 4 * MP_HUGE;
	char *p = mp_map_small(size);

	ASSERT_NE(NULL, p);
	EXPECT_LE(1000, mp_merge(p, size, 1000));
	EXPECT_EQ(0, mp_compact());
	EXPECT_EQ(0, whole(self->fd, self->pool));
	munmap(p, size);
}

/*
 * Of a pool that never moves nothing is in ZONE_MOVABLE.  What compaction is
 * allowed to move does not matter.
 */
DATA_F(memory_offline_R3)
{
	long allowed = mp_read_long(UNEVICTABLE);
	int movable = !(variant->flags & MP_UNMOVABLE);
	__u64 pfn = mp_pfn(self->fd, self->pool, 1);
	long block = movable ? mp_memory_block(pfn) : mp_last_block();
	int here = mp_pages_in(self->fd, self->pool, PAGES, block);

	ASSERT_EQ(1, mp_block_is_movable(block));
	ASSERT_EQ(movable, here >= 100);
	EXPECT_EQ(0, mp_write_long(UNEVICTABLE, 0));
	EXPECT_EQ(0, mp_memory_block_set(block, "offline"));
	EXPECT_EQ(0, mp_write_long(UNEVICTABLE, allowed));
	EXPECT_EQ(0, mp_pages_in(self->fd, self->pool, PAGES, block));
	EXPECT_EQ(0, whole(self->fd, self->pool));
	EXPECT_EQ(0, mp_memory_block_set(block, "online_movable"));
}

TEST_HARNESS_MAIN
