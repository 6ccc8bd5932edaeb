// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped pools without a process: places, files, what is refused, what fails.
 * What processes see is tested in selftests/mapped*.c.
 */

#include <linux/completion.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/movable_mapped.h>
#include <linux/module.h>

#include "tests.h"

#define SIZE		8
#define NO_PLACE	"pages of mapped pools, and no others, have a place"
#define NO_OWNER	"file operations without, or of another, owner"
#define NOT_MAPPED	"a file of a pool that is not mapped"
#define LEFT_OVER	"destroyed with 1 pages still allocated"

static struct movable_pool *mp_mapped_create(unsigned int flags,
					     unsigned long size)
{
	struct movable_pool_attr attr = {
		.name = "mapped",
		.flags = flags,
		.max_pages = size,
	};

	return movable_pool_create(&attr);
}

static struct movable_pool *mp_mapped_new(struct kunit *test)
{
	struct movable_pool *pool = mp_mapped_create(MOVABLE_POOL_MAPPED, SIZE);

	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	return pool;
}

static void mp_mapped_said(struct kunit *test, const char *sentence)
{
	char last[160];

	KUNIT_EXPECT_EQ(test, mp_hooks_said(last, sizeof(last)), 1U);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(last, sentence), "%s", last);
}

static int mp_at(struct movable_pool *pool, struct movable_page *mp,
		 unsigned long index)
{
	return movable_mapped_alloc(pool, mp, index, GFP_KERNEL);
}

static void attributes(struct kunit *test)
{
	static const struct {
		unsigned int flags;
		unsigned long size;
	} bad[] = {
		{ MOVABLE_POOL_MAPPED, 0 },
		{ MOVABLE_POOL_MAPPED | MOVABLE_POOL_PAGE_CACHE, SIZE },
		{ MOVABLE_POOL_MAPPED | MOVABLE_POOL_UNMOVABLE, SIZE },
		{ MOVABLE_POOL_MAPPED | MOVABLE_POOL_BALLOON, SIZE },
		{ MOVABLE_POOL_MAPPED | MOVABLE_POOL_ADJUST, SIZE },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    PTR_ERR(mp_mapped_create(bad[i].flags,
							     bad[i].size)),
				    -EINVAL, "%d", i);
	/* More than an offset can name. */
	KUNIT_EXPECT_EQ(test, PTR_ERR(mp_mapped_create(MOVABLE_POOL_MAPPED,
						       LONG_MAX)), -ENOMEM);
}

static void create_fails(struct kunit *test)
{
	static const enum mp_fail fails[] = {
		MP_FAIL_ALLOC_CACHE, MP_FAIL_ALLOC_PLACES, MP_FAIL_PIN_MOUNT,
		MP_FAIL_ALLOC_INODE, MP_FAIL_ALLOC_NAME,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(fails); i++) {
		struct movable_pool *pool;

		mp_hook_fail(fails[i]);
		pool = mp_mapped_create(MOVABLE_POOL_MAPPED, SIZE);
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR(pool), -ENOMEM, "%d", i);
		KUNIT_EXPECT_FALSE_MSG(test, mp_hooks_left(), "%d", i);
	}
}

static void place(struct kunit *test)
{
	struct movable_pool *pool = mp_mapped_new(test);
	struct movable_page a = {}, b = {};

	KUNIT_EXPECT_EQ(test, mp_at(pool, &a, SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, mp_at(pool, &a, ULONG_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, mp_at(pool, &a, LONG_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, mp_at(pool, &a, SIZE - 1), 0);
	KUNIT_EXPECT_EQ(test, mp_at(pool, &b, SIZE - 1), -EEXIST);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&b.word), 0ULL);
	KUNIT_EXPECT_EQ(test, movable_page_free(&a), 0);
	/* Not once more: an orphan is known by it. */
	KUNIT_EXPECT_EQ(test, mp_at(pool, &a, SIZE - 1), -EEXIST);
	/* A page that never was there has not used it up. */
	mp_hook_fail(MP_FAIL_CACHE_ADD);
	KUNIT_EXPECT_EQ(test, mp_at(pool, &a, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, mp_at(pool, &a, 0), 0);
	KUNIT_EXPECT_EQ(test, movable_page_free(&a), 0);
	movable_pool_destroy(pool);
}

static void no_place(struct kunit *test)
{
	struct movable_pool *mapped = mp_mapped_new(test);
	struct movable_pool *other = mp_mapped_create(MOVABLE_POOL_PAGE_CACHE,
						      SIZE);
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);
	struct movable_page a = {}, *mp = &a;

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_EQ(test, movable_page_alloc(mapped, mp, GFP_KERNEL),
			-EINVAL);
	mp_mapped_said(test, NO_PLACE);
	KUNIT_EXPECT_EQ(test, movable_page_alloc_bulk(mapped, &mp, 1,
						      GFP_KERNEL), 0U);
	mp_mapped_said(test, NO_PLACE);
	KUNIT_EXPECT_EQ(test, movable_page_adopt(mapped, mp, page), -EINVAL);
	mp_mapped_said(test, NO_PLACE);
	KUNIT_EXPECT_EQ(test, mp_at(other, mp, 0), -EINVAL);
	mp_mapped_said(test, NO_PLACE);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&a.word), 0ULL);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
	movable_pool_destroy(mapped);
	movable_pool_destroy(other);
}

/* A process would see what was in it before. */
static void zeroed(struct kunit *test)
{
	struct movable_pool *pool = mp_mapped_new(test);
	struct movable_page a = {};
	void *addr;

	KUNIT_ASSERT_EQ(test, mp_at(pool, &a, 0), 0);
	addr = movable_page_map(&a);
	KUNIT_EXPECT_NULL(test, memchr_inv(addr, 0, PAGE_SIZE));
	movable_page_unmap(&a);
	KUNIT_EXPECT_EQ(test, movable_page_free(&a), 0);
	movable_pool_destroy(pool);
}

static int mp_file_release(struct inode *inode, struct file *file)
{
	complete(file->private_data);
	return 0;
}

static const struct file_operations mp_file_fops = {
	.owner = THIS_MODULE,
	.mmap = movable_mapped_mmap,
	.release = mp_file_release,
};

static const struct file_operations mp_file_ownerless = {
	.mmap = movable_mapped_mmap,
};

static long mp_file_refused(struct movable_pool *pool,
			    const struct file_operations *fops, int flags)
{
	return PTR_ERR(movable_mapped_file(pool, NULL, fops, NULL, flags));
}

static void file_refused(struct kunit *test)
{
	static const int bad_flags[] = {
		O_WRONLY, O_ACCMODE, O_RDWR | O_APPEND, O_RDWR | O_CLOEXEC, -1,
	};
	struct movable_pool *mapped = mp_mapped_new(test);
	struct movable_pool *other = mp_mapped_create(MOVABLE_POOL_PAGE_CACHE,
						      0);
	int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	/* Built in, nobody has an owner. */
	if (THIS_MODULE) {
		KUNIT_EXPECT_EQ(test, mp_file_refused(mapped,
						      &mp_file_ownerless,
						      O_RDWR), -EINVAL);
		mp_mapped_said(test, NO_OWNER);
	}
	KUNIT_EXPECT_EQ(test, mp_file_refused(other, &mp_file_fops, O_RDWR),
			-EINVAL);
	mp_mapped_said(test, NOT_MAPPED);
	for (i = 0; i < ARRAY_SIZE(bad_flags); i++)
		KUNIT_EXPECT_EQ_MSG(test, mp_file_refused(mapped, &mp_file_fops,
							  bad_flags[i]),
				    -EINVAL, "%d", i);
	mp_hook_fail(MP_FAIL_ALLOC_FILE);
	KUNIT_EXPECT_EQ(test, mp_file_refused(mapped, &mp_file_fops, O_RDWR),
			-ENFILE);
	movable_pool_destroy(mapped);
	movable_pool_destroy(other);
}

/* A file may be the last that is left of a pool, or be gone before it. */
static void file_and_pool_end(struct kunit *test)
{
	DECLARE_COMPLETION_ONSTACK(closed);
	struct movable_pool *pool;
	struct movable_page a = {};
	struct inode *inode;
	struct file *file;
	int first;

	for (first = 0; first < 2; first++) {
		pool = mp_mapped_new(test);
		reinit_completion(&closed);
		KUNIT_ASSERT_EQ(test, mp_at(pool, &a, 0), 0);
		file = movable_mapped_file(pool, "a name", &mp_file_fops,
					   &closed, O_RDONLY);
		KUNIT_ASSERT_FALSE(test, IS_ERR(file));
		inode = file_inode(file);
		KUNIT_EXPECT_EQ(test, i_size_read(inode),
				(loff_t)SIZE * PAGE_SIZE);
		KUNIT_EXPECT_TRUE(test, file->f_mode & FMODE_READ);
		KUNIT_EXPECT_FALSE(test, file->f_mode & FMODE_WRITE);
		KUNIT_EXPECT_EQ(test, movable_page_free(&a), 0);
		if (first) {
			movable_pool_destroy(pool);
			KUNIT_EXPECT_EQ(test, inode->i_data.nrpages, 0UL);
		}
		fput(file);
		wait_for_completion(&closed);
		if (!first)
			movable_pool_destroy(pool);
	}
}

/* Nothing of it is reachable when destroy() returns, not even what was left. */
static void destroy_waits(struct kunit *test)
{
	struct movable_pool *pool = mp_mapped_new(test);
	DECLARE_COMPLETION_ONSTACK(closed);
	struct movable_page a = {};
	struct inode *inode;
	struct file *file;

	KUNIT_ASSERT_EQ(test, mp_at(pool, &a, 3), 0);
	file = movable_mapped_file(pool, NULL, &mp_file_fops, &closed, O_RDWR);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	inode = file_inode(file);
	movable_pool_destroy(pool);
	mp_mapped_said(test, LEFT_OVER);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&a.word), 0ULL);
	KUNIT_EXPECT_EQ(test, inode->i_data.nrpages, 0UL);
	KUNIT_EXPECT_NULL(test, inode->i_private);
	fput(file);
	wait_for_completion(&closed);
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(attributes),
	KUNIT_CASE(create_fails),
	KUNIT_CASE(place),
	KUNIT_CASE(no_place),
	KUNIT_CASE(zeroed),
	KUNIT_CASE(file_refused),
	KUNIT_CASE(file_and_pool_end),
	KUNIT_CASE(destroy_waits),
	{}
};

MP_SUITE(cache, "mapped", mp_cases);
kunit_test_suites(&mp_suite_cache);
