// SPDX-License-Identifier: GPL-2.0
/*
 * Whole memory in motion: everything that makes the kernel compact it moves
 * thousands of our pages, and each one keeps its contents.
 */

#include <sys/mman.h>

#include "mp.h"
#include "mp_fragment.h"

static void print_figure(const char *what, long moved, long pages)
{
	printf("# figure: %s moved %ld of %ld pages\n", what, moved, pages);
}

MP_TEST_F(compact_memory)
{
	struct mp_fragment fragment;
	long moved;

	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 40, 0));
	EXPECT_EQ(0, mp_compact());
	moved = mp_fragment_moved(&fragment);
	print_figure("compact_memory", moved, fragment.kept);
	EXPECT_LE(fragment.kept / 10, moved);
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	mp_fragment_end(&fragment);
}

MP_TEST_F(compact_memory_with_driver_ops)
{
	struct mp_fragment fragment;
	struct mp_test_log log;

	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 40,
				      MP_TEST_HAS_ALL));
	EXPECT_EQ(0, mp_compact());
	log = mp_log(self->fd, fragment.pool);
	EXPECT_LE(fragment.kept / 10, log.moved);
	/* Passers-by may have kept a page that was copied already. */
	EXPECT_EQ(log.migrate - log.undone, log.moved);
	EXPECT_EQ(log.moved, mp_fragment_moved(&fragment));
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	mp_fragment_end(&fragment);
}

MP_TEST_F(compact_one_node)
{
	struct mp_fragment fragment;
	long moved;

	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 40, 0));
	EXPECT_EQ(0, mp_compact_node(0));
	moved = mp_fragment_moved(&fragment);
	print_figure("node0/compact", moved, fragment.kept);
	EXPECT_LE(fragment.kept / 10, moved);
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	mp_fragment_end(&fragment);
}

#define UNEVICTABLE	"/proc/sys/vm/compact_unevictable_allowed"

/* As PREEMPT_RT has it by default.  Return: pages moved by two rounds. */
static long compacted(struct mp_fragment *fragment, int unevictable)
{
	long before = mp_fragment_moved(fragment);
	int i, err = mp_write_long(UNEVICTABLE, unevictable);

	mp_drain_lru();
	for (i = 0; !err && i < 2; i++)
		err = mp_compact();
	return err ?: mp_fragment_moved(fragment) - before;
}

/* Page cache of a pool is; CMA and the like take it all the same. */
MP_TEST_F(compaction_of_unevictable_pages_is_for_the_user_to_allow)
{
	long allowed = mp_read_long(UNEVICTABLE);
	struct mp_fragment fragment;
	struct mp_test_create create = {
		.name = "block",
		.capacity = MP_BLOCK,
		.flags = MP_PAGE_CACHE,
	};
	int block = mp_create_as(self->fd, &create);

	ASSERT_LE(0, block);
	ASSERT_EQ(0, mp_make_block(self->fd, block, 0, 3));
	ASSERT_EQ(0, mp_fragment_make_as(&fragment, self->fd, 40, 0,
					 MP_PAGE_CACHE));
	EXPECT_EQ(0, compacted(&fragment, 0));
	EXPECT_EQ(0, mp_stats(self->fd, block).migrated);
	EXPECT_EQ(0, mp_evict_retry(self->fd, mp_pfn(self->fd, block, 0),
				    MP_BLOCK));
	EXPECT_LE(MP_BLOCK, mp_stats(self->fd, block).migrated);
	EXPECT_LE(fragment.kept / 10, compacted(&fragment, 1));
	EXPECT_EQ(0, mp_write_long(UNEVICTABLE, allowed));
	EXPECT_EQ(0, mp_verify(self->fd, block, 0, MP_BLOCK, 3));
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	mp_fragment_end(&fragment);
}

/* Non-LRU pages are on no list, unevictable or other. */
MP_TEST_F(compaction_of_other_pages_is_not)
{
	long allowed = mp_read_long(UNEVICTABLE);
	struct mp_fragment fragment;
	struct mp_test_stats stats;
	long moved;

	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 40, 0));
	moved = compacted(&fragment, 0);
	stats = mp_stats(self->fd, fragment.pool);
	EXPECT_TRUE(mp_cached(&stats) ? !moved : moved >= fragment.kept / 10) {
		TH_LOG("%ld pages moved", moved);
	}
	EXPECT_EQ(0, mp_write_long(UNEVICTABLE, allowed));
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	mp_fragment_end(&fragment);
}

/* Nearly all memory is ours: no huge page without moving. */
MP_TEST_F(huge_pages_are_made)
{
	struct mp_fragment fragment;
	long moved, got;

	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 85, 0));
	got = mp_hugepages(40);
	moved = mp_fragment_moved(&fragment);
	print_figure("nr_hugepages", moved, fragment.kept);
	printf("# got %ld huge pages\n", got);
	EXPECT_LE(20, got);
	EXPECT_LE(1000, moved);
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	EXPECT_EQ(0, mp_hugepages(0));
	mp_fragment_end(&fragment);
}

#define THP	"/sys/kernel/mm/transparent_hugepage/"
#define HUGE	(2UL << 20)

static int touch_huge(unsigned long bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long at;

	if (memory == MAP_FAILED)
		return -errno;
	madvise(memory, bytes, MADV_HUGEPAGE);
	for (at = 0; at < bytes; at += HUGE / 4)
		memory[at] = 1;
	return munmap(memory, bytes);
}

/* The kernel leaves huge pages off on machines as small as ours. */
static int huge_faults(const char *mode)
{
	return mp_write_file(THP "enabled", mode) ?:
	       mp_write_file(THP "defrag", mode);
}

/* Direct compaction in the thread that faults: the asynchronous modes. */
MP_TEST_F(huge_page_faults_R20)
{
	struct mp_fragment fragment;
	struct mp_test_log log;

	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 85,
				      MP_TEST_HAS_ALL));
	ASSERT_EQ(0, huge_faults("always"));
	EXPECT_EQ(0, touch_huge(60 * HUGE));
	EXPECT_EQ(0, huge_faults("madvise"));
	log = mp_log(self->fd, fragment.pool);
	print_figure("huge page faults", log.moved, fragment.kept);
	printf("# modes %u %u %u %u\n", log.mode[0], log.mode[1], log.mode[2],
	       log.mode[3]);
	EXPECT_LE(200, log.moved);
	EXPECT_LT(0, log.mode[0] + log.mode[1]);
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	mp_fragment_end(&fragment);
}

static long migrations_failed(void)
{
	return mp_read_field("/proc/vmstat", "pgmigrate_fail");
}

/*
 * Compaction asks a driver that says -EBUSY once, or since 6.3 twice, for each
 * time it isolates the page: each time counts as one failure.
 */
MP_TEST_F(veto_costs_one_call_a_pass)
{
	struct mp_fragment fragment;
	struct mp_test_stats stats;
	long asked, failures;

	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 40,
				      MP_TEST_HAS_ALL));
	ASSERT_EQ(0, mp_script_results(self->fd, fragment.pool, ~0U, -EBUSY));
	failures = migrations_failed();
	EXPECT_EQ(0, mp_compact());
	failures = migrations_failed() - failures;
	stats = mp_stats_at_rest(self->fd, fragment.pool);
	asked = mp_log(self->fd, fragment.pool).migrate;
	EXPECT_EQ(0, stats.migrated);
	EXPECT_LT(0, asked);
	EXPECT_GE(mp_asks() * failures, asked);
	EXPECT_EQ(asked, stats.failed_driver);
	EXPECT_EQ(stats.isolated, stats.putback);
	if (!mp_cached(&stats))
		EXPECT_GE(mp_asks() * stats.isolated, asked);
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	ASSERT_EQ(0, mp_script_results(self->fd, fragment.pool, 0, 0));
	EXPECT_EQ(0, mp_compact());
	EXPECT_LE(fragment.kept / 10, mp_fragment_moved(&fragment));
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	mp_fragment_end(&fragment);
}

MP_TEST_F(pinned_pages_stay_in_compaction)
{
	struct mp_test_info *before, *after;
	struct mp_fragment fragment;
	unsigned int i;
	int moved = 0, strayed = 0;

	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 20, 0));
	before = calloc(fragment.count, sizeof(*before));
	after = calloc(fragment.count, sizeof(*after));
	for (i = 0; i < fragment.count; i += 3)
		if (fragment.has[i])
			mp_do(self->fd, fragment.pool, MP_TEST_PIN, i, 1);
	ASSERT_EQ(0, mp_infos(self->fd, fragment.pool, 0, fragment.count,
			      before));
	EXPECT_EQ(0, mp_compact());
	ASSERT_EQ(0, mp_infos(self->fd, fragment.pool, 0, fragment.count,
			      after));
	for (i = 0; i < fragment.count; i++) {
		moved += i % 3 && before[i].pfn != after[i].pfn;
		strayed += i % 3 == 0 && before[i].pfn != after[i].pfn;
	}
	EXPECT_EQ(0, strayed);
	EXPECT_LE(100, moved);
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	free(before);
	free(after);
	mp_fragment_end(&fragment);
}

TEST_HARNESS_MAIN
