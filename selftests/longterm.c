// SPDX-License-Identifier: GPL-2.0
/*
 * Long-term pins: a page that has one is in nobody's way.  With a hot-plugged
 * module of memory, all of it ZONE_MOVABLE, which can be unplugged.
 */

#include "mp.h"
#include "mp_directed.h"
#include "mp_hotplug.h"
#include "mp_mapped.h"
#include "mp_warning.h"
#include "mp_zone.h"

#define SEED	53
#define PAGES	128

/* Pages of which some are in ZONE_MOVABLE, where movable pages come first. */
static int pool_of(int fd, unsigned int has)
{
	int pool = mp_create(fd, "longterm", PAGES, has);

	return pool < 0 ? pool : mp_make(fd, pool, 0, PAGES, SEED) ?: pool;
}

static int in_movable(int fd, int pool, unsigned int first, unsigned int count)
{
	int n = 0;

	for (; count--; first++)
		n += mp_zone_movable_has(mp_pfn(fd, pool, first));
	return n;
}

/* The list of the only pool.  Return: its length, with the oldest one. */
static int listed(char *oldest, size_t size)
{
	char path[256], line[256];
	FILE *list;
	int n = 0;

	if (mp_find_file(MP_DEBUGFS "longterm-*/longterm", path,
			 sizeof(path)) != 1)
		return -ENOENT;
	list = fopen(path, "r");
	if (!list)
		return -errno;
	while (fgets(line, sizeof(line), list))
		if (!n++)
			snprintf(oldest, size, "%s", line);
	fclose(list);
	return n;
}

MP_TEST_F(pin_moves_the_page_and_holds_it)
{
	int pool = pool_of(self->fd, MP_TEST_HAS_ALL);
	__u64 pfn;

	ASSERT_LE(0, pool);
	ASSERT_LE(1, in_movable(self->fd, pool, 0, PAGES));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, PAGES));
	EXPECT_EQ(0, in_movable(self->fd, pool, 0, PAGES));
	EXPECT_EQ(PAGES, mp_stats(self->fd, pool).directed);
	EXPECT_EQ(1, mp_info(self->fd, pool, 5).pins);
	EXPECT_EQ(-EBUSY, mp_do(self->fd, pool, MP_TEST_FREE, 5, 1));
	pfn = mp_pfn(self->fd, pool, 5);
	mp_evict(self->fd, pfn, 1);
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 5));
	EXPECT_EQ(0, mp_stats(self->fd, pool).migrated);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

MP_TEST_F(unpin_makes_it_movable_again)
{
	int pool = pool_of(self->fd, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, PAGES));
	EXPECT_EQ(0, mp_directed_away(self->fd, pool, 0, PAGES).req.moved);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN_LONGTERM, 0, PAGES));
	EXPECT_EQ(0, mp_info(self->fd, pool, 5).pins);
	EXPECT_EQ(PAGES, mp_directed_away(self->fd, pool, 0, PAGES).req.moved);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

/* It is where it should be until it moves. */
MP_TEST_F(second_pin_does_not_move_it)
{
	int pool = pool_of(self->fd, 0);
	__u64 pfn;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	pfn = mp_pfn(self->fd, pool, 0);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN_LONGTERM, 0, 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN_LONGTERM, 0, 1));
	EXPECT_EQ(1, mp_directed_away(self->fd, pool, 0, 1).req.moved);
	pfn = mp_pfn(self->fd, pool, 0);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	EXPECT_NE(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(3, mp_stats(self->fd, pool).directed);
}

/* Short pins beside it come and go. */
MP_TEST_F(short_pins_beside_it)
{
	int pool = pool_of(self->fd, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	EXPECT_EQ(2, mp_info(self->fd, pool, 0).pins);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN_LONGTERM, 0, 1));
	EXPECT_EQ(1, mp_info(self->fd, pool, 0).pins);
	/* On its unmovable frame: no need to move. */
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	EXPECT_EQ(1, mp_stats(self->fd, pool).directed);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
}

/* What it cannot do, it says, and changes nothing. */
static void refused(struct __test_metadata *_metadata, int fd, int pool,
		    int err)
{
	__u64 pfn = mp_pfn(fd, pool, 0);
	unsigned int pins = mp_info(fd, pool, 0).pins;

	EXPECT_EQ(err, mp_do(fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	EXPECT_EQ(pfn, mp_pfn(fd, pool, 0));
	EXPECT_EQ(pins, mp_info(fd, pool, 0).pins);
	EXPECT_EQ(0, mp_stats(fd, pool).directed);
}

MP_TEST_F(pinned_page)
{
	int pool = pool_of(self->fd, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	refused(_metadata, self->fd, pool, -EBUSY);
}

MP_TEST_F(referenced_page)
{
	int pool = pool_of(self->fd, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_GET, 0, 1));
	refused(_metadata, self->fd, pool, -EBUSY);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_PUT, 0, 1));
}

MP_TEST_F(locked_page)
{
	int pool = pool_of(self->fd, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_LOCK, 0, 1));
	refused(_metadata, self->fd, pool, -EBUSY);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_UNLOCK, 0, 1));
}

MP_TEST_F(unpublished_page)
{
	int pool = mp_create(self->fd, "longterm", 1, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	refused(_metadata, self->fd, pool, -EBUSY);
}

MP_TEST_F(driver_that_refuses)
{
	int pool = pool_of(self->fd, MP_TEST_HAS_ALL);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_script_results(self->fd, pool, ~0U, -EBUSY));
	refused(_metadata, self->fd, pool, -EBUSY);
	ASSERT_EQ(0, mp_script_results(self->fd, pool, ~0U, -EAGAIN));
	refused(_metadata, self->fd, pool, -EBUSY);
}

MP_TEST_F(empty_handle)
{
	int pool = mp_create(self->fd, "longterm", 1, 0);

	ASSERT_LE(0, pool);
	MP_EXPECT_WARNING("long-term pin of a handle without a page",
			  EXPECT_EQ(-ENOENT, mp_do(self->fd, pool,
						   MP_TEST_PIN_LONGTERM, 0,
						   1)));
}

/* Pages that do not move are in nobody's way from the start. */
MP_TEST_F(unmovable_pool)
{
	struct mp_test_create create = {
		.name = "longterm",
		.flags = MP_UNMOVABLE,
		.capacity = 1,
	};
	int pool = mp_create_as(self->fd, &create);
	__u64 pfn;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 1, SEED));
	pfn = mp_pfn(self->fd, pool, 0);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(0, mp_zone_movable_has(pfn));
}

/*
 * Who has them
 */

MP_TEST_F(debugfs_lists_them_oldest_first)
{
	int pool = pool_of(self->fd, 0);
	unsigned long seconds = 0, pfn = 0;
	char line[256], task[32], caller[64];
	int pid, fields;

	ASSERT_LE(0, pool);
	EXPECT_EQ(0, listed(line, sizeof(line)));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 9, 1));
	sleep(2);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 3, 1));
	EXPECT_EQ(2, listed(line, sizeof(line)));
	fields = sscanf(line, "%lu %lu %31s %d %63s", &seconds, &pfn, task,
			&pid, caller);
	ASSERT_EQ(5, fields);
	EXPECT_LE(2, seconds);
	EXPECT_GT(60, seconds);
	EXPECT_EQ(mp_pfn(self->fd, pool, 9), pfn);
	EXPECT_STREQ("longterm", task);
	EXPECT_EQ(getpid(), pid);
	EXPECT_NE(NULL, strstr(caller, "mp_test_pin_longterm"));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN_LONGTERM, 9, 1));
	EXPECT_EQ(1, listed(line, sizeof(line)));
	fields = sscanf(line, "%lu %lu", &seconds, &pfn);
	ASSERT_EQ(2, fields);
	EXPECT_EQ(mp_pfn(self->fd, pool, 3), pfn);
}

MP_TEST_F(destroy_says_who_has_one)
{
	int pool = pool_of(self->fd, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 1, PAGES - 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	MP_EXPECT_WARNING("destroyed with 1 pages still allocated",
			  mp_destroy(self->fd, pool));
}

/*
 * Whose way it is not in
 */

/* All of the last block of memory is in ZONE_MOVABLE, and has pool pages. */
static long block_with_pages(struct __test_metadata *_metadata, int fd,
			     int pool, int pages)
{
	long block = mp_last_block();

	ASSERT_EQ(1, mp_block_is_movable(block));
	ASSERT_EQ(0, mp_make(fd, pool, 0, pages, SEED));
	ASSERT_LE(100, mp_pages_in(fd, pool, pages, block))
		TH_LOG("few pages in block %ld", block);
	return block;
}

#define MANY	32000	/* pages, as many as the hot-plugged module has */

/* A short pin is in the way, a long one is not. */
MP_TEST_F(block_with_long_pins_goes_offline)
{
	int pool = mp_create(self->fd, "longterm", MANY, 0);
	long block;
	int i, in;

	ASSERT_LE(0, pool);
	block = block_with_pages(_metadata, self->fd, pool, MANY);
	for (i = 0, in = 0; i < MANY && in < 50; i++)
		if (mp_memory_block(mp_pfn(self->fd, pool, i)) == block &&
		    ++in)
			ASSERT_EQ(0, mp_do(self->fd, pool,
					   MP_TEST_PIN_LONGTERM, i, 1));
	EXPECT_EQ(50, in);
	EXPECT_EQ(50, mp_stats(self->fd, pool).directed);
	EXPECT_EQ(0, mp_memory_block_set(block, "offline"));
	EXPECT_EQ(0, mp_pages_in(self->fd, pool, MANY, block));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MANY, SEED));
	EXPECT_EQ(0, mp_memory_block_set(block, "online_movable"));
}

/* And mapped pages, which processes have in their page tables. */
MP_TEST_F(mapped_pages)
{
	struct mp_mapped it;

	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, PAGES, 0));
	mp_mapped_fill(&it, SEED);
	EXPECT_LE(1, in_movable(self->fd, it.pool, 0, PAGES));
	EXPECT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_PIN_LONGTERM, 0, PAGES));
	EXPECT_EQ(0, in_movable(self->fd, it.pool, 0, PAGES));
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	EXPECT_EQ(PAGES, mp_mapped_resident(&it, it.words));
	EXPECT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_UNPIN_LONGTERM, 0,
			   PAGES));
	mp_mapped_end(&it);
}

TEST_HARNESS_MAIN
