// SPDX-License-Identifier: GPL-2.0
/*
 * Drivers that break the contract: each mistake gets an error, where it is the
 * driver's fault a sentence in the log, and leaves the pool as it was.
 */

#include <linux/kernel-page-flags.h>

#include "mp.h"
#include "mp_lockdep.h"
#include "mp_mapped.h"
#include "mp_module.h"

#define SEED	11

/* One sentence for any number of pages: it is said once. */
#define DESTROYED_WITH	"pages still allocated"

/* Object 0 has a page with contents, the others are empty. */
static int one_page(int fd, unsigned int has)
{
	int pool = mp_create(fd, "bad", 4, has);
	int err = pool < 0 ? pool : mp_make(fd, pool, 0, 1, SEED);

	return err ?: pool;
}

/* Return: 0 if object 0 is as one_page() made it and the pool works. */
static int unharmed(int fd, int pool)
{
	return mp_verify(fd, pool, 0, 1, SEED) ?:
	       mp_make(fd, pool, 3, 1, SEED) ?:
	       mp_verify(fd, pool, 3, 1, SEED) ?:
	       mp_do(fd, pool, MP_TEST_FREE, 3, 1) ?:
	       mp_stats(fd, pool).pages != 1;
}

MP_TEST_F(alloc_twice_R14)
{
	int pool = one_page(self->fd, 0);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	MP_EXPECT_WARNING("alloc for a handle that has a page", {
		EXPECT_EQ(-EEXIST, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	});
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(bulk_with_a_full_handle_R14)
{
	int pool = mp_create(self->fd, "bad", 4, 0);
	struct mp_test_call call = {
		.verb = MP_TEST_ALLOC_BULK,
		.pool = pool,
		.count = 4,
	};

	ASSERT_EQ(0, mp_make(self->fd, pool, 2, 1, SEED));
	MP_EXPECT_WARNING("alloc for a handle that has a page", {
		EXPECT_EQ(0, mp_call(self->fd, &call));
	});
	EXPECT_EQ(2, call.done);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 2, 1, SEED));
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 3).state);
	EXPECT_EQ(3, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(adopt_for_a_full_handle_R14)
{
	int pool = one_page(self->fd, 0);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	MP_EXPECT_WARNING("alloc for a handle that has a page", {
		EXPECT_EQ(-EEXIST, mp_do(self->fd, pool, MP_TEST_ADOPT_BLOCK,
					 0, 1));
	});
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(publish_twice_R14)
{
	int pool = one_page(self->fd, 0);

	MP_EXPECT_WARNING("published twice", {
		EXPECT_EQ(-EALREADY, mp_do(self->fd, pool, MP_TEST_PUBLISH,
					   0, 1));
	});
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 0).state);
	EXPECT_EQ(0, mp_stats(self->fd, pool).unpublished);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(publish_without_a_page)
{
	int pool = one_page(self->fd, 0);

	MP_EXPECT_WARNING("publish of a handle without a page", {
		EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_PUBLISH,
					 1, 1));
	});
	EXPECT_EQ(0, mp_stats(self->fd, pool).unpublished);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(free_twice_R14)
{
	int pool = one_page(self->fd, 0);

	ASSERT_EQ(0, mp_make(self->fd, pool, 1, 1, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 1, 1));
	MP_EXPECT_WARNING("free of a handle without a page", {
		EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_FREE, 1, 1));
	});
	EXPECT_EQ(1, mp_stats(self->fd, pool).freed);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(free_async_twice_R14)
{
	int pool = one_page(self->fd, MP_TEST_HAS_FREED);

	ASSERT_EQ(0, mp_make(self->fd, pool, 1, 1, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE_ASYNC, 1, 1));
	MP_EXPECT_WARNING("free of a handle without a page", {
		EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_FREE_ASYNC,
					 1, 1));
	});
	EXPECT_EQ(1, mp_info(self->fd, pool, 1).freed);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(free_of_a_pinned_page)
{
	int pool = one_page(self->fd, MP_TEST_HAS_FREED);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	EXPECT_EQ(-EBUSY, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
	EXPECT_EQ(-EBUSY, mp_do_in(self->fd, pool, MP_TEST_IN_HARDIRQ,
				   MP_TEST_FREE_ASYNC, 0, 1));
	EXPECT_EQ(0, mp_log(self->fd, pool).freed);
	EXPECT_EQ(0, mp_stats(self->fd, pool).freed);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(pin_without_a_page)
{
	int pool = one_page(self->fd, 0);

	MP_EXPECT_WARNING("pin of a handle without a page", {
		EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_PIN, 1, 1));
	});
	MP_EXPECT_WARNING("pin of a handle without a page", {
		EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_TRYPIN, 1, 1));
	});
	MP_EXPECT_WARNING("pin of a handle without a page", {
		EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_FILL, 1, 1));
	});
	EXPECT_EQ(0, mp_info(self->fd, pool, 1).pins);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(vmap_without_a_page_pins_none)
{
	int pool = one_page(self->fd, 0);

	MP_EXPECT_WARNING("pin of a handle without a page", {
		EXPECT_EQ(-ENOENT, mp_arg(self->fd, pool, MP_TEST_VMAP, 0, 2,
					  SEED));
	});
	EXPECT_EQ(0, mp_info(self->fd, pool, 0).pins);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(unmap_without_a_pin)
{
	int pool = one_page(self->fd, 0);

	MP_EXPECT_WARNING("use of a page that is not pinned", {
		mp_do(self->fd, pool, MP_TEST_UNMAP, 0, 1);
	});
	EXPECT_EQ(0, mp_info(self->fd, pool, 0).pins);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(unpin_without_a_pin)
{
	int pool = one_page(self->fd, 0);

	MP_EXPECT_WARNING("unpin of a page that is not pinned", {
		mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1);
	});
	EXPECT_EQ(0, mp_info(self->fd, pool, 0).pins);
	MP_EXPECT_WARNING("unpin of a page that is not pinned", {
		mp_do_in(self->fd, pool, MP_TEST_IN_HARDIRQ, MP_TEST_UNPIN,
			 1, 1);
	});
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 1).state);
	EXPECT_EQ(0, mp_info(self->fd, pool, 1).pins);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(more_pins_than_fit)
{
	int pool = one_page(self->fd, 0);

	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_PIN, 0, 1, MP_MAX_PINS));
	EXPECT_EQ(-EOVERFLOW, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	EXPECT_EQ(-EOVERFLOW, mp_do(self->fd, pool, MP_TEST_TRYPIN, 0, 1));
	EXPECT_EQ(-EOVERFLOW, mp_verify(self->fd, pool, 0, 1, SEED));
	EXPECT_EQ(MP_MAX_PINS, mp_info(self->fd, pool, 0).pins);
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 0).state);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_UNPIN, 0, 1, MP_MAX_PINS));
	EXPECT_EQ(0, mp_info(self->fd, pool, 0).pins);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(allocations_that_a_move_would_spoil)
{
	const __u64 gfps[] = {
		MP_TEST_GFP_ACCOUNT, MP_TEST_GFP_COMP, MP_TEST_GFP_DMA32,
	};
	int pool = one_page(self->fd, 0);
	struct mp_test_call bulk = {
		.verb = MP_TEST_ALLOC_BULK,
		.pool = pool,
		.first = 1,
		.count = 2,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		MP_EXPECT_WARNING("refused gfp", {
			EXPECT_EQ(-EINVAL, mp_arg(self->fd, pool, MP_TEST_ALLOC,
						  1, 1, gfps[i]));
		});
		bulk.arg = gfps[i];
		MP_EXPECT_WARNING("refused gfp", {
			EXPECT_EQ(0, mp_call(self->fd, &bulk));
		});
		EXPECT_EQ(0, bulk.done);
		EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 1).state);
	}
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(adopt_of_unfit_pages)
{
	int pool = one_page(self->fd, 0);
	int kind;

	for (kind = 0; kind < MP_TEST_BAD_PAGES; kind++) {
		if (kind == MP_TEST_BAD_SHARED)
			continue;
		MP_EXPECT_WARNING("cannot adopt", {
			EXPECT_EQ(-EINVAL, mp_arg(self->fd, pool,
						  MP_TEST_ADOPT_BAD, 1, 1,
						  kind))
				TH_LOG("kind %d", kind);
		});
		EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 1).state);
	}
	EXPECT_EQ(1, mp_stats(self->fd, pool).allocated);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

/* Whoever has a reference may be passing by: no mistake, so not a word. */
MP_TEST_F(adopt_of_a_shared_page)
{
	int pool = one_page(self->fd, 0);

	EXPECT_EQ(-EBUSY, mp_arg(self->fd, pool, MP_TEST_ADOPT_BAD, 1, 1,
				 MP_TEST_BAD_SHARED));
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 1).state);
	EXPECT_EQ(1, mp_stats(self->fd, pool).allocated);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(pools_that_cannot_be)
{
	struct mp_test_create nameless = { .capacity = 1 };
	struct mp_test_create slash = { .name = "a/b", .capacity = 1 };
	struct mp_test_create flags = { .name = "flags", .capacity = 1 };
	int bit;

	EXPECT_EQ(-EINVAL, mp_create_as(self->fd, &nameless));
	EXPECT_EQ(-EINVAL, mp_create_as(self->fd, &slash));
	flags.flags = MP_UNMOVABLE | MP_PAGE_CACHE;
	EXPECT_EQ(-EINVAL, mp_create_as(self->fd, &flags));
	/* Only balloons have MP_ADJUST, and it is the last one known. */
	for (bit = 3; bit < 32; bit++) {
		flags.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, mp_create_as(self->fd, &flags));
		flags.flags |= MP_UNMOVABLE;
		EXPECT_EQ(-EINVAL, mp_create_as(self->fd, &flags));
	}
	EXPECT_EQ(0, mp_pool_exists(self->fd, 0));
	EXPECT_LE(0, one_page(self->fd, 0));
}

MP_TEST_F(mapped_pools_that_cannot_be)
{
	static const unsigned int with[] = {
		MP_UNMOVABLE, MP_PAGE_CACHE, MP_BALLOON, MP_BALLOON | MP_ADJUST,
	};
	struct mp_test_create create = {
		.name = "mapped",
		.capacity = 4,
		.flags = MP_MAPPED,
	};
	int i;

	EXPECT_EQ(-EINVAL, mp_create_as(self->fd, &create));
	create.max_pages = 4;
	for (i = 0; i < ARRAY_SIZE(with); i++) {
		create.flags = MP_MAPPED | with[i];
		EXPECT_EQ(-EINVAL, mp_create_as(self->fd, &create));
	}
	EXPECT_EQ(0, mp_pool_exists(self->fd, 0));
	create.flags = MP_MAPPED;
	EXPECT_LE(0, mp_create_as(self->fd, &create));
}

/* Perhaps it is a user who asked the driver: no reason to complain. */
MP_TEST_F(mapped_pools_of_any_size)
{
	static const __u64 sizes[] = {
		1ULL << 33, 1ULL << 40, 1ULL << 51, 1ULL << 52, ~0ULL,
	};
	struct mp_test_create create = {
		.name = "mapped",
		.flags = MP_MAPPED,
	};
	int listener = mp_kmsg_listen(SEEK_END);
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		create.max_pages = sizes[i];
		EXPECT_EQ(-ENOMEM, mp_create_as(self->fd, &create)) {
			TH_LOG("%#llx pages", sizes[i]);
		}
	}
	EXPECT_EQ(0, mp_kmsg_heard(listener, "alloc"));
	EXPECT_EQ(0, mp_pool_exists(self->fd, 0));
}

/* A mapped pool with a page in the first two of its four places. */
static int mapped_pool(int fd)
{
	int pool = mp_mapped_create(fd, 4, 0);
	int err = pool < 0 ? pool : mp_make(fd, pool, 0, 2, SEED);

	return err ?: pool;
}

/* Return: 0 if the pool is as mapped_pool() made it, and takes a page. */
static int mapped_unharmed(int fd, int pool)
{
	return mp_verify(fd, pool, 0, 2, SEED) ?:
	       mp_make(fd, pool, 3, 1, SEED) ?:
	       mp_verify(fd, pool, 3, 1, SEED) ?:
	       mp_stats(fd, pool).pages != 3;
}

#define PLACES	"pages of mapped pools, and no others, have a place in them"

MP_TEST_F(mapped_page_without_a_place)
{
	int pool = mapped_pool(self->fd);
	struct mp_test_call bulk = {
		.verb = MP_TEST_ALLOC_BULK,
		.pool = pool,
		.first = 2,
		.count = 2,
	};

	MP_EXPECT_WARNING(PLACES, {
		EXPECT_EQ(-EINVAL, mp_arg(self->fd, pool, MP_TEST_ALLOC, 2, 1,
					  MP_TEST_GFP_NO_PLACE));
	});
	MP_EXPECT_WARNING(PLACES, {
		EXPECT_EQ(0, mp_call(self->fd, &bulk));
	});
	EXPECT_EQ(0, bulk.done);
	MP_EXPECT_WARNING(PLACES, {
		EXPECT_EQ(-EINVAL, mp_do(self->fd, pool, MP_TEST_ADOPT_BLOCK,
					 2, 1));
	});
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 2).state);
	EXPECT_EQ(0, mapped_unharmed(self->fd, pool));
}

MP_TEST_F(place_in_a_pool_that_is_not_mapped)
{
	int pool = one_page(self->fd, 0);

	MP_EXPECT_WARNING(PLACES, {
		EXPECT_EQ(-EINVAL, mp_arg(self->fd, pool, MP_TEST_ALLOC, 1, 1,
					  MP_TEST_GFP_PLACE));
	});
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 1).state);
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

/* Object n has place n. */
MP_TEST_F(place_beyond_the_pool)
{
	struct mp_test_create create = {
		.name = "mapped",
		.flags = MP_MAPPED,
		.capacity = 100,
		.max_pages = 4,
	};
	int pool = mp_create_as(self->fd, &create);

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 2, SEED));
	EXPECT_EQ(-EINVAL, mp_do(self->fd, pool, MP_TEST_ALLOC, 4, 1));
	EXPECT_EQ(-EINVAL, mp_do(self->fd, pool, MP_TEST_ALLOC, 99, 1));
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 4).state);
	EXPECT_EQ(0, mapped_unharmed(self->fd, pool));
}

MP_TEST_F(mapped_page_in_atomic_context)
{
	int pool = mapped_pool(self->fd);

	EXPECT_EQ(-EOPNOTSUPP, mp_arg(self->fd, pool, MP_TEST_ALLOC, 3, 1,
				      MP_TEST_GFP_ATOMIC));
	EXPECT_EQ(0, mapped_unharmed(self->fd, pool));
}

static int open_kind(int fd, int pool, enum mp_test_file_kind kind)
{
	struct mp_test_mapped open = {
		.pool = pool,
		.flags = O_RDWR,
		.kind = kind,
	};
	int err = mp_ioctl(fd, MP_TEST_IOC_MAPPED, &open);

	return err ?: open.fd;
}

MP_TEST_F(file_of_a_pool_that_is_not_mapped)
{
	int pool = one_page(self->fd, 0);

	MP_EXPECT_WARNING("a file of a pool that is not mapped", {
		EXPECT_EQ(-EINVAL, mp_mapped_open(self->fd, pool, O_RDWR));
	});
	EXPECT_EQ(0, unharmed(self->fd, pool));
}

MP_TEST_F(file_without_an_owner)
{
	int pool = mapped_pool(self->fd);

	MP_EXPECT_WARNING("file operations without, or of another, owner", {
		EXPECT_EQ(-EINVAL, open_kind(self->fd, pool,
					     MP_TEST_FILE_OWNERLESS));
	});
	EXPECT_EQ(0, mapped_unharmed(self->fd, pool));
}

MP_TEST_F(mmap_of_a_file_of_others)
{
	int pool = mapped_pool(self->fd);
	int file = open_kind(self->fd, pool, MP_TEST_FILE_STRANGE);

	ASSERT_LE(0, file);
	MP_EXPECT_WARNING("mmap of a file that", {
		EXPECT_EQ(MAP_FAILED, mmap(NULL, mp_page_size(), PROT_READ,
					   MAP_SHARED, file, 0));
		EXPECT_EQ(EINVAL, errno);
	});
	close(file);
	EXPECT_EQ(0, mapped_unharmed(self->fd, pool));
}

/* The flags may be a user's: not a word. */
MP_TEST_F(files_with_odd_flags)
{
	static const int flags[] = {
		O_WRONLY, O_ACCMODE, O_RDWR | O_CLOEXEC, O_RDWR | O_APPEND,
		O_RDWR | O_DIRECT, O_RDONLY | O_CREAT, O_RDONLY | O_PATH, -1,
	};
	int listener = mp_kmsg_listen(SEEK_END);
	int pool = mapped_pool(self->fd);
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		EXPECT_EQ(-EINVAL, mp_mapped_open(self->fd, pool, flags[i])) {
			TH_LOG("flags %#x", flags[i]);
		}
	EXPECT_EQ(0, mp_kmsg_heard(listener, "movable"));
	EXPECT_EQ(0, mapped_unharmed(self->fd, pool));
}

/* A block of pages whose driver has all ops. */
static int one_block(int fd)
{
	int pool = mp_create(fd, "bad", MP_BLOCK + 1, MP_TEST_HAS_ALL);
	int err = pool < 0 ? pool : mp_make_block(fd, pool, 0, SEED);

	return err ?: pool;
}

/* The next wish for the object's frame is granted, contents and all. */
static int moves_after_all(int fd, int pool, unsigned int index)
{
	__u64 pfn = mp_pfn(fd, pool, index);
	int err = mp_script_results(fd, pool, 0, 0) ?:
		  mp_evict_retry(fd, pfn, 1) ?:
		  mp_verify(fd, pool, 0, MP_BLOCK, SEED);

	return err ?: mp_pfn(fd, pool, index) == pfn;
}

/* It counts as -EBUSY, so alloc_contig_range() asks again and gets the page. */
MP_TEST_F(op_returns_nonsense_R11_R25)
{
	static const int results[] = { 1, 5, -4096, -100000 };
	int pool = one_block(self->fd);
	__u64 pfn;
	int i;

	for (i = 0; i < ARRAY_SIZE(results); i++) {
		pfn = mp_pfn(self->fd, pool, i);
		ASSERT_EQ(0, mp_script_results(self->fd, pool, 1, results[i]));
		MP_EXPECT_WARNING("migrate returned", {
			EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 1));
		});
		EXPECT_EQ(i + 1, mp_stats(self->fd, pool).failed_driver);
		EXPECT_EQ(i + 1, mp_stats(self->fd, pool).migrated);
		EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, i).state);
	}
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

MP_TEST_F(op_pins_its_own_page)
{
	int pool = one_block(self->fd);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_script_act(self->fd, pool, MP_TEST_HAS_MIGRATE,
				   MP_TEST_PIN, MP_TEST_OWN));
	MP_EXPECT_WARNING("a driver op waits for a page in motion", {
		MP_EXPECT_LOCKDEP("possible recursive locking", {
			EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 1));
		});
	});
	EXPECT_LE(1, mp_log(self->fd, pool).acts);
	EXPECT_EQ(-EDEADLK, mp_log(self->fd, pool).act_err);
	EXPECT_EQ(0, mp_info(self->fd, pool, 0).pins);
	EXPECT_EQ(0, moves_after_all(self->fd, pool, 1));
}

MP_TEST_F(op_frees_its_own_page_and_waits)
{
	int pool = one_block(self->fd);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_script_act(self->fd, pool, MP_TEST_HAS_MIGRATE,
				   MP_TEST_FREE, MP_TEST_OWN));
	MP_EXPECT_WARNING("a driver op waits for a page in motion", {
		MP_EXPECT_LOCKDEP("possible recursive locking", {
			EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 1));
		});
	});
	EXPECT_LE(1, mp_log(self->fd, pool).acts);
	EXPECT_EQ(-EDEADLK, mp_log(self->fd, pool).act_err);
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 0).state);
	EXPECT_EQ(0, moves_after_all(self->fd, pool, 1));
}

MP_TEST_F(op_destroys_its_own_pool)
{
	int pool = one_block(self->fd);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_script_act(self->fd, pool, MP_TEST_HAS_MIGRATE,
				   MP_TEST_DESTROY, MP_TEST_OWN));
	MP_EXPECT_WARNING("destroy in a driver op", {
		EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 1));
	});
	EXPECT_LE(1, mp_log(self->fd, pool).acts);
	EXPECT_EQ(MP_BLOCK, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, moves_after_all(self->fd, pool, 1));
}

/*
 * Destroy a pool with a block of pages and want its frames.  A frame that was
 * lost would be in the way every time, a new owner only by chance.
 */
static int frames_come_back(int fd, int publish)
{
	int tries = 5;
	int err, pool;
	__u64 pfn;

	do {
		pool = mp_create(fd, "bad", MP_BLOCK, 0);
		err = mp_arg(fd, pool, MP_TEST_ADOPT_BLOCK, 0, MP_BLOCK,
			     MP_BLOCK_ORDER);
		if (!err && publish)
			err = mp_do(fd, pool, MP_TEST_PUBLISH, 0, MP_BLOCK);
		pfn = mp_pfn(fd, pool, 0);
		err = err ?: mp_destroy(fd, pool) ?:
		      mp_evict_retry(fd, pfn, MP_BLOCK);
	} while (err && --tries);
	return err;
}

MP_TEST_F(destroy_with_live_pages)
{
	MP_EXPECT_WARNING(DESTROYED_WITH, {
		EXPECT_EQ(0, frames_come_back(self->fd, 1));
	});
	EXPECT_EQ(0, mp_deferred_drain());
}

MP_TEST_F(destroy_with_unpublished_pages)
{
	MP_EXPECT_WARNING(DESTROYED_WITH, {
		EXPECT_EQ(0, frames_come_back(self->fd, 0));
	});
	EXPECT_EQ(0, mp_deferred_drain());
}

MP_TEST_F(destroy_with_a_pinned_page)
{
	const char *lost = "1 pins at destroy, its frame is lost";
	int pool = one_block(self->fd);
	__u64 pfn = mp_pfn(self->fd, pool, 0);
	int listener = mp_kmsg_listen(SEEK_END);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 7, 1));
	MP_EXPECT_WARNING(DESTROYED_WITH, {
		EXPECT_EQ(0, mp_destroy(self->fd, pool));
	});
	EXPECT_EQ(1, mp_kmsg_heard(listener, lost));
	EXPECT_NE(0, mp_evict(self->fd, pfn + 7, 1));
	EXPECT_EQ(0, frames_come_back(self->fd, 1));
}

MP_TEST_F(destroy_leaves_other_pools_alone)
{
	int kept = one_page(self->fd, 0);
	int pool = one_page(self->fd, 0);

	MP_EXPECT_WARNING(DESTROYED_WITH, {
		EXPECT_EQ(0, mp_destroy(self->fd, pool));
	});
	EXPECT_EQ(0, unharmed(self->fd, kept));
}

/* Return: number of frames in the debugfs list of pool @pattern. */
static int listed_frames(const char *pattern, __u64 *pfns, int max)
{
	unsigned long long pfn;
	char path[128];
	FILE *list;
	int n = 0;

	if (mp_find_file(pattern, path, sizeof(path)) != 1)
		return -ENOENT;
	list = fopen(path, "r");
	if (!list)
		return -errno;
	while (n < max && fscanf(list, "%llu%*[^\n]", &pfn) == 1)
		pfns[n++] = pfn;
	fclose(list);
	return n;
}

/* Return: how many of the frames are neither free nor of a kind others have. */
static int frames_lost(int fd, const __u64 *pfns, int n)
{
	const __u64 known = 1ULL << KPF_LRU | 1ULL << KPF_SLAB |
			    1ULL << KPF_COMPOUND_HEAD |
			    1ULL << KPF_COMPOUND_TAIL | 1ULL << KPF_PGTABLE;
	int flagfile = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	int lost = 0;
	__u64 flags;
	int i;

	mp_drain_lru();
	for (i = 0; i < n; i++)
		lost += mp_frame_refs(fd, pfns[i]) &&
			(pread(flagfile, &flags, 8, pfns[i] * 8) != 8 ||
			 !(flags & known));
	close(flagfile);
	return lost;
}

MP_TEST_F(driver_that_forgets_destroy)
{
	__u64 pfns[16];
	char path[128];

	ASSERT_EQ(0, mp_module_unload("mp_test_rude"));
	ASSERT_EQ(0, mp_module_load("mp_test_rude", "forget=1"));
	ASSERT_EQ(16, listed_frames(MP_DEBUGFS "rude-*/pages", pfns, 16));
	MP_EXPECT_WARNING("mp_test_rude goes without destroying its pool", {
		EXPECT_EQ(0, mp_module_unload("mp_test_rude"));
	});
	EXPECT_EQ(0, mp_find_file(MP_DEBUGFS "rude-*", path, sizeof(path)));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, frames_lost(self->fd, pfns, 16));
	EXPECT_EQ(0, mp_compact());
	EXPECT_EQ(0, mp_module_load("mp_test_rude", ""));
}

MP_TEST_F(driver_that_forgets_a_pinned_page)
{
	char path[128];

	ASSERT_EQ(0, mp_module_unload("mp_test_rude"));
	ASSERT_EQ(0, mp_module_load("mp_test_rude", "forget=1 pinned=1"));
	MP_EXPECT_WARNING("mp_test_rude goes without destroying its pool", {
		EXPECT_EQ(0, mp_module_unload("mp_test_rude"));
	});
	EXPECT_EQ(0, mp_find_file(MP_DEBUGFS "rude-*", path, sizeof(path)));
	EXPECT_EQ(0, mp_compact());
	EXPECT_EQ(0, mp_module_load("mp_test_rude", ""));
}

/* Before the fixture's driver is open: the framework has to go. */
TEST(backing_that_is_not_there)
{
	char parameters[64];
	int listener;

	mp_core_parameters("movable_pool", parameters, sizeof(parameters));
	ASSERT_EQ(0, mp_module_unload("mp_test_rude"));
	ASSERT_EQ(0, mp_module_unload("mp_test"));
	ASSERT_EQ(0, mp_module_unload("movable_pool"));
	listener = mp_kmsg_listen(SEEK_END);
	EXPECT_EQ(-EINVAL, mp_module_load("movable_pool", "backing=magic"));
	EXPECT_EQ(1, mp_kmsg_heard(listener, "no backing \"magic\" here"));
	/* Where there is one it has no pages with handles. */
	listener = mp_kmsg_listen(SEEK_END);
	EXPECT_EQ(-EINVAL, mp_module_load("movable_pool", "backing=balloon"));
	EXPECT_EQ(1, mp_kmsg_heard(listener, "no backing \"balloon\" here"));
	EXPECT_EQ(0, mp_module_load("movable_pool", parameters));
	EXPECT_EQ(0, mp_module_load("mp_test", ""));
	EXPECT_EQ(0, mp_module_load("mp_test_rude", ""));
}

TEST_HARNESS_MAIN
