// SPDX-License-Identifier: GPL-2.0
/*
 * Hard memory failures, as the kernel simulates them: the contents of a page
 * are lost.  Its owner is told, pins of it end, and nothing else of the pool is
 * any different.  The guest has hot-plugged memory in ZONE_MOVABLE.
 */

#include "mp.h"
#include "mp_balloon.h"
#include "mp_directed.h"
#include "mp_fragment.h"
#include "mp_frame_flags.h"
#include "mp_hotplug.h"
#include "mp_mapped.h"
#include "mp_stat.h"
#include "mp_touch.h"

#define SEED		53
#define PAGES		64
#define HIT		7
#define HAS		(MP_TEST_HAS_FREED | MP_TEST_HAS_POISONED)

static int create(int fd, unsigned int flags, unsigned int capacity)
{
	struct mp_test_create create = {
		.name = "hit",
		.capacity = capacity,
		.flags = flags,
		.has = HAS,
	};

	return mp_create_as(fd, &create);
}

/* What the call returns is the kernel's opinion: most pages it ignores. */
static void fail_frame(__u64 pfn)
{
	char text[32];

	snprintf(text, sizeof(text), "%#llx",
		 (unsigned long long)pfn * mp_page_size());
	mp_write_file(MP_MEMORY "hard_offline_page", text);
}

/* Of most pages we hear a moment later.  Return: how many are known. */
static long fail_and_wait(int fd, int pool, __u64 pfn)
{
	long before = mp_stats(fd, pool).poisoned;
	int tries = 1000;

	fail_frame(pfn);
	while (mp_stats(fd, pool).poisoned == before && tries--)
		usleep(10000);
	return mp_stats(fd, pool).poisoned;
}

FIXTURE(hit) {
	struct mp_world world;
	int fd;
	int pool;
	__u64 pfn;
};

FIXTURE_VARIANT(hit) {
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(hit, by_default) {
	.flags = 0,
};

FIXTURE_VARIANT_ADD(hit, page_cache) {
	.flags = MP_PAGE_CACHE,
};

FIXTURE_VARIANT_ADD(hit, unmovable) {
	.flags = MP_UNMOVABLE,
};

FIXTURE_SETUP(hit)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	self->pool = create(self->fd, variant->flags, PAGES + 1);
	ASSERT_LE(0, self->pool);
	ASSERT_EQ(0, mp_make(self->fd, self->pool, 0, PAGES, SEED));
	mp_drain_lru();
	self->pfn = mp_pfn(self->fd, self->pool, HIT);
}

FIXTURE_TEARDOWN(hit)
{
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define HIT_F(name)	TEST_F(hit, name)

/* All but the one. */
static int all_whole_but(int fd, int pool, unsigned int count,
			 unsigned int hit)
{
	return mp_verify(fd, pool, 0, hit, SEED) ?:
	       mp_verify(fd, pool, hit + 1, count - hit - 1, SEED);
}

static int others_whole(int fd, int pool, unsigned int count)
{
	return all_whole_but(fd, pool, count, HIT);
}

HIT_F(owner_is_told_and_pins_end)
{
	struct mp_test_log log;

	EXPECT_EQ(1, fail_and_wait(self->fd, self->pool, self->pfn));
	log = mp_log(self->fd, self->pool);
	EXPECT_EQ(1, log.poisoned);
	EXPECT_EQ(self->pfn, log.poisoned_pfn);
	EXPECT_EQ(-EHWPOISON, mp_do(self->fd, self->pool, MP_TEST_PIN, HIT, 1));
	EXPECT_EQ(-EHWPOISON, mp_do(self->fd, self->pool, MP_TEST_TRYPIN, HIT,
				    1));
	EXPECT_EQ(-EHWPOISON, mp_verify(self->fd, self->pool, HIT, 1, SEED));
	EXPECT_EQ(-EHWPOISON, mp_arg(self->fd, self->pool, MP_TEST_VMAP, 0,
				     PAGES, SEED));
	EXPECT_EQ(-EHWPOISON, mp_do(self->fd, self->pool, MP_TEST_PIN_LONGTERM,
				    HIT, 1));
	EXPECT_EQ(0, mp_info(self->fd, self->pool, 0).pins);
	/* It is the pool's all the same. */
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, self->pool, HIT).state);
	EXPECT_EQ(self->pfn, mp_pfn(self->fd, self->pool, HIT));
	EXPECT_EQ(PAGES, mp_stats(self->fd, self->pool).pages);
	EXPECT_EQ(0, others_whole(self->fd, self->pool, PAGES));
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE, 0, PAGES));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(1, mp_frame_buried(self->pfn));
	/* A handle can have another page. */
	EXPECT_EQ(0, mp_make(self->fd, self->pool, 0, PAGES, SEED));
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, PAGES, SEED));
	EXPECT_EQ(1, mp_stats(self->fd, self->pool).poisoned);
}

/* Another failure of the same frame is none of another page. */
HIT_F(owner_is_told_once_of_each)
{
	int i;

	EXPECT_EQ(1, fail_and_wait(self->fd, self->pool, self->pfn));
	fail_frame(self->pfn);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(2 + i, fail_and_wait(self->fd, self->pool,
					       mp_pfn(self->fd, self->pool,
						      HIT + 1 + i)));
	EXPECT_EQ(6, mp_log(self->fd, self->pool).poisoned);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, HIT, SEED));
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, HIT + 6, PAGES - HIT - 6,
			       SEED));
}

HIT_F(debugfs_names_it)
{
	char path[128], line[64], want[64];
	int poisoned = 0, named = 0;
	FILE *list;

	EXPECT_EQ(1, fail_and_wait(self->fd, self->pool, self->pfn));
	EXPECT_EQ(1, mp_stat("hit", "poisoned"));
	ASSERT_EQ(1, mp_find_file(MP_DEBUGFS "hit-*/pages", path,
				  sizeof(path)));
	snprintf(want, sizeof(want), "%llu poisoned 0 ",
		 (unsigned long long)self->pfn);
	list = fopen(path, "r");
	ASSERT_NE(NULL, list);
	while (fgets(line, sizeof(line), list)) {
		poisoned += !!strstr(line, " poisoned ");
		named += !strncmp(line, want, strlen(want));
	}
	fclose(list);
	EXPECT_EQ(1, poisoned);
	EXPECT_EQ(1, named);
}

HIT_F(pinned_page_stays_pinned)
{
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PIN, HIT, 1));
	EXPECT_EQ(1, fail_and_wait(self->fd, self->pool, self->pfn));
	EXPECT_EQ(-EHWPOISON, mp_do(self->fd, self->pool, MP_TEST_PIN, HIT, 1));
	EXPECT_EQ(1, mp_info(self->fd, self->pool, HIT).pins);
	EXPECT_EQ(-EBUSY, mp_do(self->fd, self->pool, MP_TEST_FREE, HIT, 1));
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_UNPIN, HIT, 1));
	EXPECT_EQ(-EHWPOISON, mp_do(self->fd, self->pool, MP_TEST_PIN, HIT, 1));
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE, HIT, 1));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(1, mp_frame_buried(self->pfn));
}

HIT_F(page_that_is_not_published)
{
	__u64 pfn;

	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_ALLOC, PAGES, 1));
	mp_drain_lru();
	pfn = mp_pfn(self->fd, self->pool, PAGES);
	EXPECT_EQ(1, fail_and_wait(self->fd, self->pool, pfn));
	EXPECT_EQ(-EHWPOISON, mp_arg(self->fd, self->pool, MP_TEST_FILL, PAGES,
				     1, SEED));
	EXPECT_EQ(1, mp_stats(self->fd, self->pool).unpublished);
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PUBLISH, PAGES, 1));
	EXPECT_EQ(-EHWPOISON, mp_do(self->fd, self->pool, MP_TEST_PIN, PAGES,
				    1));
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE, PAGES, 1));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(1, mp_frame_buried(pfn));
}

HIT_F(owner_frees_it_when_told)
{
	ASSERT_EQ(0, mp_script_act(self->fd, self->pool, MP_TEST_HAS_POISONED,
				   MP_TEST_FREE_ASYNC, HIT));
	EXPECT_EQ(1, fail_and_wait(self->fd, self->pool, self->pfn));
	EXPECT_EQ(1, mp_log(self->fd, self->pool).acts);
	EXPECT_EQ(0, mp_log(self->fd, self->pool).act_err);
	EXPECT_EQ(1, mp_log(self->fd, self->pool).freed);
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, self->pool, HIT).state);
	EXPECT_EQ(PAGES - 1, mp_stats(self->fd, self->pool).pages);
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(1, mp_frame_buried(self->pfn));
	EXPECT_EQ(0, others_whole(self->fd, self->pool, PAGES));
}

HIT_F(pool_is_destroyed_with_it)
{
	EXPECT_EQ(1, fail_and_wait(self->fd, self->pool, self->pfn));
	MP_EXPECT_WARNING("destroyed with 64 pages", {
		EXPECT_EQ(0, mp_destroy(self->fd, self->pool));
	});
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(1, mp_frame_buried(self->pfn));
}

/* The owner moves all it can.  What is poisoned stays where it is. */
HIT_F(owner_moves_the_others)
{
	int movable = !(variant->flags & MP_UNMOVABLE);
	struct mp_directed move;

	EXPECT_EQ(1, fail_and_wait(self->fd, self->pool, self->pfn));
	move = mp_directed_away(self->fd, self->pool, 0, PAGES);
	EXPECT_EQ(movable ? 0 : -EOPNOTSUPP, move.req.err);
	if (movable) {
		EXPECT_EQ(PAGES - 1, move.req.moved);
		EXPECT_EQ(1, mp_left_only(&move, HIT, MP_LEFT_UNREADY));
	}
	EXPECT_EQ(self->pfn, mp_pfn(self->fd, self->pool, HIT));
	EXPECT_EQ(0, others_whole(self->fd, self->pool, PAGES));
}

/* So does compaction. */
HIT_F(compaction_moves_the_others)
{
	int movable = !(variant->flags & MP_UNMOVABLE);
	struct mp_fragment fragment;
	unsigned int hit = 0;
	__u64 pfn;
	long moved;

	/* What does not move is not in ZONE_MOVABLE, where most memory is. */
	ASSERT_EQ(0, mp_fragment_make_as(&fragment, self->fd,
					 movable ? 40 : 15, HAS,
					 variant->flags));
	while (!fragment.has[hit])
		hit++;
	mp_drain_lru();
	pfn = mp_pfn(self->fd, fragment.pool, hit);
	EXPECT_EQ(1, fail_and_wait(self->fd, fragment.pool, pfn));
	fragment.has[hit] = 0;
	EXPECT_EQ(0, mp_compact());
	moved = mp_fragment_moved(&fragment);
	EXPECT_TRUE(movable ? moved >= fragment.kept / 10 : !moved) {
		TH_LOG("%ld pages moved", moved);
	}
	EXPECT_EQ(pfn, mp_pfn(self->fd, fragment.pool, hit));
	EXPECT_EQ(1, mp_stats(self->fd, fragment.pool).poisoned);
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	mp_fragment_end(&fragment);
}

/* Pages of processes: who touches it gets SIGBUS, others' pages are as ever. */
MP_TEST_F(mapped_page)
{
	struct mp_mapped it;
	void *hit;
	__u64 pfn;

	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, PAGES, HAS));
	mp_mapped_fill(&it, MP_MAPPED_SEED);
	mp_drain_lru();
	hit = mp_mapped_page(&it, HIT);
	pfn = mp_pfn(self->fd, it.pool, HIT);
	EXPECT_EQ(1, fail_and_wait(self->fd, it.pool, pfn));
	EXPECT_EQ(1, mp_log(self->fd, it.pool).poisoned);
	EXPECT_EQ(pfn, mp_log(self->fd, it.pool).poisoned_pfn);
	EXPECT_EQ(-EHWPOISON, mp_do(self->fd, it.pool, MP_TEST_PIN, HIT, 1));
	EXPECT_EQ(BUS_MCEERR_AR, mp_touch_sigbus(hit));
	EXPECT_EQ(hit, mp_touch_info.si_addr);
	EXPECT_EQ(mp_mapped_word(0, MP_MAPPED_SEED), it.words[0]);
	EXPECT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_FREE, HIT, 1));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(1, mp_frame_buried(pfn));
	/* Where there is no page: the process' entry stays what it was. */
	EXPECT_LT(0, mp_touch_sigbus(hit));
	mp_mapped_end(&it);
}

/* There are no contents to lose; only the frame is never used again. */
MP_TEST_F(balloon_page)
{
	struct mp_test_create create = {
		.name = "balloon",
		.flags = MP_BALLOON,
		.has = MP_TEST_HAS_EXCHANGE | MP_TEST_HAS_POISONED,
	};
	int pool = mp_create_as(self->fd, &create);
	__u64 first;

	ASSERT_LE(0, pool);
	first = mp_balloon_add_block(self->fd, pool);
	ASSERT_NE(0, first);
	EXPECT_EQ(1, fail_and_wait(self->fd, pool, first + HIT));
	EXPECT_EQ(1, mp_log(self->fd, pool).poisoned);
	EXPECT_EQ(first + HIT, mp_log(self->fd, pool).poisoned_pfn);
	EXPECT_EQ(MP_BLOCK, mp_balloon_pages(self->fd, pool));
	EXPECT_EQ(0, mp_compact());
	EXPECT_EQ(MP_BLOCK, mp_balloon_take_wait(self->fd, pool, MP_BLOCK));
	EXPECT_EQ(1, mp_frame_buried(first + HIT));
}

/*
 * A frame of nobody's is nobody's business.  The first of many that are freed
 * is the last that somebody gets, this process for one.
 */
MP_TEST_F(free_frame)
{
	int pool = create(self->fd, 0, PAGES);
	__u64 pfn;

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	mp_drain_lru();
	pfn = mp_pfn(self->fd, pool, HIT);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, HIT, PAGES - HIT));
	EXPECT_EQ(0, mp_deferred_drain());
	fail_frame(pfn);
	EXPECT_EQ(1, mp_frame_poisoned(pfn));
	/* This one is told of: what came before it has been looked at. */
	pfn = mp_pfn(self->fd, pool, 0);
	EXPECT_EQ(1, fail_and_wait(self->fd, pool, pfn));
	EXPECT_EQ(1, mp_log(self->fd, pool).poisoned);
	EXPECT_EQ(pfn, mp_log(self->fd, pool).poisoned_pfn);
}

/*
 * Last, for each takes a memory block that does not come back: since 6.2 one
 * with such frames cannot be online again.
 */
FIXTURE(block) {
	struct mp_world world;
	int fd;
};

FIXTURE_VARIANT(block) {
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(block, by_default) {
	.flags = 0,
};

FIXTURE_VARIANT_ADD(block, page_cache) {
	.flags = MP_PAGE_CACHE,
};

FIXTURE_SETUP(block)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
}

FIXTURE_TEARDOWN(block)
{
	/* Of what is offline. */
	self->world.mem_total = mp_read_field("/proc/meminfo", "MemTotal");
	EXPECT_STREQ("", mp_world_close(&self->world));
}

/* A page of those in the block that has most of them; how many in @here. */
static unsigned int crowded(int fd, int pool, int *here)
{
	unsigned int i, page = 0;

	*here = 0;
	for (i = 0; i < PAGES; i++) {
		long block = mp_memory_block(mp_pfn(fd, pool, i));
		int n = mp_pages_in(fd, pool, PAGES, block);

		if (n > *here) {
			*here = n;
			page = i;
		}
	}
	return page;
}

TEST_F(block, goes_offline_when_the_page_is_freed)
{
	int pool = create(self->fd, variant->flags, PAGES);
	unsigned int hit;
	__u64 pfn;
	long block;
	int here;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	mp_drain_lru();
	hit = crowded(self->fd, pool, &here);
	/* The page allocator's lists have pages of any block. */
	ASSERT_LE(PAGES / 8, here);
	pfn = mp_pfn(self->fd, pool, hit);
	block = mp_memory_block(pfn);
	ASSERT_EQ(1, mp_block_is_movable(block));
	EXPECT_EQ(1, fail_and_wait(self->fd, pool, pfn));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, hit, 1));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(1, mp_frame_buried(pfn));
	here = mp_pages_in(self->fd, pool, PAGES, block);
	EXPECT_EQ(0, mp_memory_block_set(block, "offline"));
	EXPECT_EQ(0, mp_pages_in(self->fd, pool, PAGES, block));
	EXPECT_EQ(0, all_whole_but(self->fd, pool, PAGES, hit));
	EXPECT_LE(here, mp_stats(self->fd, pool).migrated);
}

TEST_HARNESS_MAIN
