// SPDX-License-Identifier: GPL-2.0
/*
 * A move is refused, wherever it can be: by the driver's op, by the copy, by
 * the backing.  The page stays where it is, with its contents, and moves next
 * time.
 */

#include "mp.h"
#include "mp_fault.h"

#define SEED	17

/* A block of pages that may move. */
static int block_of(int fd, unsigned int flags, unsigned int has)
{
	struct mp_test_create create = {
		.name = "refuses",
		.capacity = MP_BLOCK,
		.has = has,
		.flags = flags,
	};
	int pool = mp_create_as(fd, &create);
	int err;

	if (pool < 0)
		return pool;
	err = mp_make_block(fd, pool, 0, SEED);
	return err ?: pool;
}

/* The site fails once, and the VM gets the frame of object 0 all the same. */
static void moves_in_the_end(struct __test_metadata *_metadata, int fd,
			     int pool, const char *site)
{
	int before = mp_fault_failed(site);
	__u64 pfn;

	ASSERT_LE(0, pool);
	pfn = mp_pfn(fd, pool, 0);
	ASSERT_EQ(0, mp_fault_arm(site, 1));
	EXPECT_EQ(0, mp_evict_retry(fd, pfn, 1));
	EXPECT_EQ(before + 1, mp_fault_failed(site));
	EXPECT_NE(pfn, mp_pfn(fd, pool, 0));
	EXPECT_EQ(MP_LIVE, mp_info(fd, pool, 0).state);
	EXPECT_EQ(0, mp_verify(fd, pool, 0, MP_BLOCK, SEED));
}

MP_TEST_F(driver_says_try_again)
{
	int pool = block_of(self->fd, 0, MP_TEST_HAS_ALL);

	moves_in_the_end(_metadata, self->fd, pool, "migrate-again");
	EXPECT_LE(1, mp_stats(self->fd, pool).refused_driver);
}

MP_TEST_F(driver_says_no)
{
	int pool = block_of(self->fd, 0, MP_TEST_HAS_ALL);

	moves_in_the_end(_metadata, self->fd, pool, "migrate-busy");
	EXPECT_LE(1, mp_stats(self->fd, pool).failed_driver);
}

/* Memory that cannot be read. */
MP_TEST_F(copy_fails)
{
	int pool = block_of(self->fd, 0, 0);

	moves_in_the_end(_metadata, self->fd, pool, "copy");
	EXPECT_LE(1, mp_stats(self->fd, pool).refused_unready);
}

MP_TEST_F(page_cache_cannot_replace)
{
	int pool = block_of(self->fd, MP_PAGE_CACHE, MP_TEST_HAS_ALL);

	moves_in_the_end(_metadata, self->fd, pool, "replace");
	EXPECT_LE(1, mp_stats(self->fd, pool).refused_referenced);
	EXPECT_EQ(1, mp_log(self->fd, pool).undone);
}

MP_TEST_F(page_cache_cannot_replace_without_ops)
{
	int pool = block_of(self->fd, MP_PAGE_CACHE, 0);

	moves_in_the_end(_metadata, self->fd, pool, "replace");
	EXPECT_LE(1, mp_stats(self->fd, pool).refused_referenced);
}

/*
 * Such a driver goes on in the new frame, which therefore is never used again;
 * what it has there is lost to the page.
 */
MP_TEST_F(driver_does_not_undo)
{
	int pool = block_of(self->fd, MP_PAGE_CACHE, MP_TEST_HAS_ALL);
	int before = mp_fault_failed("migrate-undo");

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_fault_arm("replace", 1));
	ASSERT_EQ(0, mp_fault_arm("migrate-undo", 1));
	MP_EXPECT_WARNING("refused to undo a move",
			  mp_evict_retry(self->fd, mp_pfn(self->fd, pool, 0),
					 1));
	EXPECT_EQ(before + 1, mp_fault_failed("migrate-undo"));
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 0).state);
	EXPECT_EQ(0, mp_log(self->fd, pool).undone);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 1, MP_BLOCK - 1, SEED));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
}

TEST_HARNESS_MAIN
