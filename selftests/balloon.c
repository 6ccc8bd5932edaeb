// SPDX-License-Identifier: GPL-2.0
/*
 * Balloon pools: pages without handles.  The test driver knows each frame that
 * is in a balloon, from what it has added, taken and exchanged; teardown finds
 * any frame that it does not agree about with the pool (mp_books.h, odd).
 */

#include "mp.h"
#include "mp_balloon.h"
#include "mp_worker.h"

#define PAGES	2000

static long mem_total(void)
{
	return mp_read_field("/proc/meminfo", "MemTotal");
}

MP_TEST_F(add_and_take)
{
	int pool = mp_balloon_create(self->fd, 0);

	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_balloon_pages(self->fd, pool));
	EXPECT_EQ(PAGES, mp_balloon_add(self->fd, pool, PAGES));
	EXPECT_EQ(PAGES, mp_balloon_pages(self->fd, pool));
	EXPECT_EQ(PAGES, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(300, mp_balloon_take(self->fd, pool, 300));
	EXPECT_EQ(PAGES - 300, mp_balloon_pages(self->fd, pool));
	EXPECT_EQ(PAGES - 300, mp_balloon_take_wait(self->fd, pool, 2 * PAGES));
	EXPECT_EQ(0, mp_balloon_take(self->fd, pool, 1));
	EXPECT_EQ(0, mp_balloon_take_wait(self->fd, pool, 1));
	EXPECT_EQ(0, mp_balloon_pages(self->fd, pool));
	EXPECT_EQ(PAGES, mp_stats(self->fd, pool).freed);
}

MP_TEST_F(none)
{
	int pool = mp_balloon_create(self->fd, 0);

	EXPECT_EQ(0, mp_balloon_add(self->fd, pool, 0));
	EXPECT_EQ(0, mp_balloon_take(self->fd, pool, 0));
	EXPECT_EQ(1, mp_balloon_add(self->fd, pool, 1));
	EXPECT_EQ(0, mp_balloon_take_wait(self->fd, pool, 0));
	EXPECT_EQ(1, mp_balloon_pages(self->fd, pool));
}

MP_TEST_F(page_is_added_once_R14)
{
	int pool = mp_balloon_create(self->fd, MP_ADJUST);
	long total = mem_total();

	ASSERT_LE(0, pool);
	ASSERT_EQ(100, mp_balloon_add(self->fd, pool, 100));
	MP_EXPECT_WARNING("is not a page for a balloon", {
		EXPECT_EQ(2, mp_balloon_add_odd(self->fd, pool));
	});
	EXPECT_EQ(102, mp_balloon_pages(self->fd, pool));
	EXPECT_EQ(102, mp_balloon_take_wait(self->fd, pool, 1000));
	EXPECT_EQ(total, mem_total());
}

MP_TEST_F(memory_leaves_and_comes_back_R3)
{
	long total = mem_total(), kb = PAGES * mp_page_kb();
	int pool = mp_balloon_create(self->fd, MP_ADJUST);
	int i;

	ASSERT_LE(0, pool);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(PAGES, mp_balloon_add(self->fd, pool, PAGES));
		EXPECT_EQ(total - kb, mem_total());
		ASSERT_EQ(PAGES / 2,
			  mp_balloon_take(self->fd, pool, PAGES / 2));
		EXPECT_EQ(total - kb / 2, mem_total());
		ASSERT_EQ(PAGES / 2,
			  mp_balloon_take(self->fd, pool, PAGES / 2));
		EXPECT_EQ(total, mem_total());
	}
}

MP_TEST_F(memory_stays_without_adjust)
{
	int pool = mp_balloon_create(self->fd, 0);
	long total = mem_total();

	ASSERT_EQ(PAGES, mp_balloon_add(self->fd, pool, PAGES));
	EXPECT_EQ(total, mem_total());
}

/* Each page of a block, and each once. */
MP_TEST_F(block_is_exchanged)
{
	int pool = mp_balloon_create(self->fd, MP_ADJUST);
	__u64 pfn = mp_balloon_add_block(self->fd, pool);
	long total = mem_total();

	ASSERT_NE(0, pfn);
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, MP_BLOCK));
	EXPECT_LE(MP_BLOCK, mp_stats(self->fd, pool).migrated);
	EXPECT_EQ(mp_stats(self->fd, pool).migrated,
		  mp_log(self->fd, pool).migrate);
	EXPECT_EQ(MP_BLOCK, mp_balloon_pages(self->fd, pool));
	EXPECT_EQ(total, mem_total());
}

static void refused_then_moves(struct __test_metadata *_metadata, int fd,
			       int result)
{
	int pool = mp_balloon_create(fd, 0);
	__u64 pfn = mp_balloon_add_block(fd, pool);
	struct mp_test_stats stats;

	ASSERT_NE(0, pfn);
	ASSERT_EQ(0, mp_script_results(fd, pool, 1, result));
	EXPECT_EQ(0, mp_evict_retry(fd, pfn, MP_BLOCK));
	stats = mp_stats_at_rest(fd, pool);
	EXPECT_EQ(1, mp_refused(&stats));
	EXPECT_LE(MP_BLOCK, stats.migrated);
	EXPECT_EQ(MP_BLOCK, mp_balloon_pages(fd, pool));
}

MP_TEST_F(driver_says_try_again_R22)
{
	refused_then_moves(_metadata, self->fd, -EAGAIN);
}

MP_TEST_F(driver_says_no_R22)
{
	refused_then_moves(_metadata, self->fd, -EBUSY);
}

MP_TEST_F(driver_says_nonsense)
{
	MP_EXPECT_WARNING("ops->exchange returned 5", {
		refused_then_moves(_metadata, self->fd, 5);
	});
}

/* The host took the page back, but not the new one. */
MP_TEST_F(exchange_ends_without_a_page)
{
	int pool = mp_balloon_create(self->fd, MP_ADJUST);
	long total = mem_total();
	struct mp_test_stats stats;
	__u64 pfn;

	pfn = mp_balloon_add_block(self->fd, pool);
	ASSERT_NE(0, pfn);
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 100, -ENOENT));
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, MP_BLOCK));
	stats = mp_stats_at_rest(self->fd, pool);
	EXPECT_EQ(MP_BLOCK - 100, mp_balloon_pages(self->fd, pool));
	EXPECT_EQ(100, stats.freed);
	EXPECT_LE(MP_BLOCK - 100, stats.migrated);
	EXPECT_EQ(total - (MP_BLOCK - 100) * mp_page_kb(), mem_total());
	EXPECT_EQ(0, mp_deferred_drain());
}

MP_TEST_F(exempt_balloon_stays)
{
	int pool = mp_balloon_create(self->fd, 0x1);
	struct mp_test_stats stats;
	__u64 pfn;

	ASSERT_LE(0, pool);
	pfn = mp_balloon_add_block(self->fd, pool);
	ASSERT_NE(0, pfn);
	EXPECT_NE(0, mp_evict(self->fd, pfn, MP_BLOCK));
	stats = mp_stats(self->fd, pool);
	EXPECT_STREQ("none", stats.backing);
	EXPECT_EQ(0, stats.migrated);
	EXPECT_EQ(MP_BLOCK, mp_balloon_take(self->fd, pool, MP_BLOCK));
}

/*
 * Pages of one lie between those of the other, until that is empty.  In nearly
 * all of memory: were half of it left, all of them might lie where compaction
 * looks for room, and none where it looks for pages.  And not always a power of
 * two apart: compaction that has found no room for a while looks at each 32nd
 * page only (isolate_freepages()), and would never meet one that is free.
 */
static void interleave(struct __test_metadata *_metadata, int fd, int one,
		       int two)
{
	long free = mp_read_field("/proc/meminfo", "MemFree") / mp_page_kb();
	long i;

	for (i = 0; i < free / 8 * 7; i += 15) {
		ASSERT_EQ(8, mp_balloon_add(fd, one, 8));
		ASSERT_EQ(7, mp_balloon_add(fd, two, 7));
	}
	while (mp_balloon_take_wait(fd, two, 256) > 0)
		;
	EXPECT_EQ(0, mp_balloon_pages(fd, two));
}

MP_TEST_F(compaction_moves_thousands)
{
	int one = mp_balloon_create(self->fd, MP_ADJUST);
	int two = mp_balloon_create(self->fd, MP_ADJUST);
	int rounds = 10;
	long pages;

	interleave(_metadata, self->fd, one, two);
	pages = mp_balloon_pages(self->fd, one);
	while (mp_stats(self->fd, one).migrated < 2000 && rounds--)
		EXPECT_EQ(0, mp_compact());
	printf("# figure: compaction moved %llu of %ld pages of a balloon\n",
	       mp_stats_at_rest(self->fd, one).migrated, pages);
	EXPECT_LE(2000, mp_stats(self->fd, one).migrated);
	EXPECT_EQ(pages, mp_balloon_pages(self->fd, one));
	EXPECT_EQ(0, mp_stats(self->fd, two).migrated);
}

static int step_compact(struct mp_worker *worker)
{
	return mp_compact();
}

/* In and out by what is left over, so that there are holes. */
static int step_in_and_out(struct mp_worker *worker)
{
	long n = worker->count / 2 + worker->steps % (worker->count / 2);

	if (mp_balloon_add(worker->fd, worker->pool, n) != n)
		return -ENOMEM;
	return mp_balloon_take(worker->fd, worker->pool, n) < 0 ? -EIO : 0;
}

/* Until so much has happened, or a minute is over. */
static void let_them_work(int fd, int pool)
{
	int seconds = 60;

	sleep(5);
	while (seconds-- && (mp_stats(fd, pool).migrated < 1000 ||
			     mp_stats(fd, pool).freed < 10000))
		sleep(1);
}

MP_TEST_F(in_and_out_against_compaction_R1_R2_R3)
{
	struct mp_worker workers[] = {
		{ .step = step_in_and_out, .count = 400 },
		{ .step = step_in_and_out, .count = 3000 },
		{ .step = step_compact },
		{ .step = step_compact },
	};
	int pool = mp_balloon_create(self->fd, MP_ADJUST);
	int other = mp_balloon_create(self->fd, MP_ADJUST);
	int i;

	interleave(_metadata, self->fd, pool, other);
	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i].fd = self->fd;
		workers[i].pool = i ? pool : other;
		ASSERT_EQ(0, mp_worker_start(&workers[i]));
	}
	let_them_work(self->fd, pool);
	for (i = 0; i < ARRAY_SIZE(workers); i++)
		EXPECT_EQ(0, mp_worker_stop(&workers[i]));
	mp_stats_at_rest(self->fd, pool);
	mp_stats_at_rest(self->fd, other);
	printf("# %llu and %llu pages out, %llu and %llu moved\n",
	       mp_stats(self->fd, pool).freed, mp_stats(self->fd, other).freed,
	       mp_stats(self->fd, pool).migrated,
	       mp_stats(self->fd, other).migrated);
	EXPECT_LE(1000, mp_stats(self->fd, pool).migrated);
	EXPECT_LE(10000, mp_stats(self->fd, pool).freed);
	EXPECT_LE(0, mp_balloon_pages(self->fd, pool));
	EXPECT_LE(0, mp_balloon_pages(self->fd, other));
}

MP_TEST_F(balloons_that_cannot_be)
{
	struct mp_test_create create = {
		.name = "balloon",
		.flags = MP_BALLOON,
		.max_pages = 1,
	};

	EXPECT_EQ(-EINVAL, mp_create_as(self->fd, &create));
	create.max_pages = 0;
	create.flags = MP_BALLOON | MP_PAGE_CACHE;
	EXPECT_EQ(-EINVAL, mp_create_as(self->fd, &create));
	create.flags = MP_ADJUST;
	EXPECT_EQ(-EINVAL, mp_create_as(self->fd, &create));
}

MP_TEST_F(no_handles)
{
	struct mp_test_create create = {
		.name = "balloon",
		.capacity = 1,
		.flags = MP_BALLOON,
	};
	int pool = mp_create_as(self->fd, &create);

	ASSERT_LE(0, pool);
	MP_EXPECT_WARNING("a balloon's pages have no handles", {
		EXPECT_EQ(-EINVAL, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	});
	EXPECT_EQ(0, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(1, mp_balloon_add(self->fd, pool, 1));
}

MP_TEST_F(not_a_balloon)
{
	struct mp_test_create create = { .name = "pool" };
	int pool = mp_create_as(self->fd, &create);

	ASSERT_LE(0, pool);
	MP_EXPECT_WARNING("not a balloon pool", {
		EXPECT_EQ(0, mp_balloon_take(self->fd, pool, 1));
		EXPECT_EQ(0, mp_balloon_take_wait(self->fd, pool, 1));
	});
}

MP_TEST_F(destroyed_with_pages)
{
	int pool = mp_balloon_create(self->fd, MP_ADJUST);
	long total = mem_total();

	ASSERT_EQ(PAGES, mp_balloon_add(self->fd, pool, PAGES));
	MP_EXPECT_WARNING("destroyed with 2000 pages in the balloon", {
		EXPECT_EQ(0, mp_destroy(self->fd, pool));
	});
	EXPECT_EQ(total, mem_total());
}

TEST_HARNESS_MAIN
