// SPDX-License-Identifier: GPL-2.0
/*
 * Limits, at what is just below, at and above them, and where numbers that
 * users and drivers give would wrap.
 */

#include "client.h"
#include "movable_heap_uapi.h"
#include "mp.h"
#include "mp_worker.h"

#define PAGE	mp_page_size()
#define THREADS	4
#define LIMIT	10

static int heap_with(__u64 max_pages)
{
	struct movable_heap_create create = {
		.name = "limited",
		.max_pages = max_pages,
	};
	int fd = open("/dev/movable_heap", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!ioctl(fd, MOVABLE_HEAP_CREATE, &create))
		return fd;
	close(fd);
	return -errno;
}

static int heap_alloc(int fd, __u64 size, __u64 *handle)
{
	struct movable_heap_new new = { .size = size };
	int err = ioctl(fd, MOVABLE_HEAP_ALLOC, &new) ? -errno : 0;

	*handle = new.handle;
	return err;
}

TEST(heap_of_so_many_pages)
{
	__u64 handles[3], more;
	int fd = heap_with(3), i;

	ASSERT_LE(0, fd);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, heap_alloc(fd, PAGE, &handles[i]));
	EXPECT_EQ(-ENOSPC, heap_alloc(fd, PAGE, &more));
	EXPECT_EQ(-ENOSPC, heap_alloc(fd, 1, &more));
	EXPECT_EQ(0, ioctl(fd, MOVABLE_HEAP_FREE, &handles[1]));
	EXPECT_EQ(0, heap_alloc(fd, 1, &more));
	close(fd);
}

/* A limit that no pool comes to is as good as none. */
TEST(heap_limit_does_not_wrap)
{
	static const __u64 limits[] = {
		0, 1, 1ULL << 32, (1ULL << 32) + 1, 1ULL << 52, 1ULL << 63,
		~0ULL >> 1, ~0ULL - 1, ~0ULL,
	};
	__u64 handle;
	int i, fd;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		fd = heap_with(limits[i]);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, heap_alloc(fd, PAGE, &handle));
		EXPECT_EQ(limits[i] == 1 ? -ENOSPC : 0,
			  heap_alloc(fd, PAGE, &handle));
		close(fd);
	}
}

/* Of an object of 256 bytes: its offsets and lengths are of 32 bits. */
TEST(heap_ranges_do_not_wrap)
{
	static const __u32 edges[] = {
		0, 1, 255, 256, 257, 4096, 65536, 1U << 31, (1U << 31) - 1,
		~0U - 256, ~0U - 255, ~0U - 1, ~0U,
	};
	char bytes[256];
	struct movable_heap_io io = { .buffer = (uintptr_t)bytes };
	int fd = heap_with(0), i, n, expected;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, heap_alloc(fd, 256, &io.handle));
	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		for (n = 0; n < ARRAY_SIZE(edges); n++) {
			io.offset = edges[i];
			io.len = edges[n];
			expected = io.len && io.len <= 256 &&
				   io.offset <= 256 - io.len ? 0 : -1;
			EXPECT_EQ(expected, ioctl(fd, MOVABLE_HEAP_READ, &io)) {
				TH_LOG("offset %u, length %u", io.offset,
				       io.len);
			}
			EXPECT_EQ(expected, ioctl(fd, MOVABLE_HEAP_WRITE, &io));
		}
	}
	close(fd);
}

/* Sizes that are 0 or small again when they have been rounded or shifted. */
TEST(buffer_sizes_do_not_wrap)
{
	const __u64 sizes[] = {
		0, ~0ULL, ~0ULL - PAGE + 1, ~0ULL - PAGE + 2, 1ULL << 63,
		1ULL << 52, (1ULL << 52) + 1, (1ULL << 44) + 1, 1ULL << 36,
		MOVABLE_BUFFERS_MAX_SIZE + 1, (__u64)PAGE << 32,
		((__u64)PAGE << 32) + 1,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		EXPECT_EQ(-EINVAL, buffers_create("size", sizes[i]));
}

static int mapped_of(int fd, __u64 pages)
{
	struct mp_test_create create = {
		.name = "size",
		.flags = MP_MAPPED,
		.capacity = 4,
		.max_pages = pages,
	};

	return mp_create_as(fd, &create);
}

/* A mapped pool's size in bytes is a file's, which is of 63 bits. */
MP_TEST_F(mapped_sizes_do_not_wrap)
{
	const __u64 most = (~0ULL >> 1) / PAGE;
	const __u64 sizes[] = {
		most + 1, most + 2, 1ULL << 52, (1ULL << 52) + 1, 1ULL << 62,
		1ULL << 63, ~0ULL >> 1, ~0ULL - 1, ~0ULL,
	};
	int i, pool;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(-ENOMEM, mapped_of(self->fd, sizes[i])) {
			TH_LOG("%#llx pages", sizes[i]);
		}
	}
	pool = mapped_of(self->fd, 1 << 20);
	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 3, 1));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 3, 1));
}

MP_TEST_F(pins_up_to_the_last)
{
	int pool = mp_create(self->fd, "pins", 2, 0);
	struct mp_test_stats stats;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 2, 1));
	EXPECT_EQ(0, mp_arg(self->fd, pool, MP_TEST_PIN, 1, 1, MP_MAX_PINS));
	EXPECT_EQ(MP_MAX_PINS, mp_info(self->fd, pool, 1).pins);
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 1).state);
	EXPECT_EQ(-EOVERFLOW, mp_do(self->fd, pool, MP_TEST_PIN, 1, 1));
	EXPECT_EQ(-EOVERFLOW, mp_do(self->fd, pool, MP_TEST_TRYPIN, 1, 1));
	EXPECT_EQ(-EOVERFLOW, mp_do(self->fd, pool, MP_TEST_VMAP, 0, 2));
	/* The first of the set has not kept its pin. */
	EXPECT_EQ(0, mp_info(self->fd, pool, 0).pins);
	EXPECT_EQ(MP_MAX_PINS, mp_info(self->fd, pool, 1).pins);
	EXPECT_EQ(-EBUSY, mp_do(self->fd, pool, MP_TEST_FREE, 1, 1));
	EXPECT_EQ(0, mp_arg(self->fd, pool, MP_TEST_UNPIN, 1, 1, MP_MAX_PINS));
	EXPECT_EQ(0, mp_info(self->fd, pool, 1).pins);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 2, 1));
	stats = mp_stats(self->fd, pool);
	EXPECT_EQ(2, stats.pages);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 2));
}

/* Ranges of objects that wrap to ones there are. */
MP_TEST_F(ranges_of_objects_do_not_wrap)
{
	static const __u32 edges[] = {
		0, 1, 3, 4, 5, 1U << 31, ~0U - 4, ~0U - 3, ~0U - 1, ~0U,
	};
	int pool = mp_create(self->fd, "ranges", 4, 0), i, n, expected;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 4, 1));
	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		for (n = 0; n < ARRAY_SIZE(edges); n++) {
			expected = edges[i] <= 4 && edges[n] <= 4 - edges[i] ?
				   0 : -ERANGE;
			EXPECT_EQ(expected, mp_verify(self->fd, pool, edges[i],
						      edges[n], 1)) {
				TH_LOG("%u from %u", edges[n], edges[i]);
			}
		}
	}
}

/* How many of its objects, the first ones, have a page. */
static int pages_of(struct mp_worker *w)
{
	unsigned int n = 0;

	while (n < w->count &&
	       mp_info(w->fd, w->pool, w->first + n).state != MP_EMPTY)
		n++;
	return n;
}

/* Some pages in, and out, where the pool has not enough for all. */
static int step_page(struct mp_worker *w)
{
	/* Of all threads, for certain: counted after alloc, not before free. */
	static int held;
	int err = mp_do(w->fd, w->pool, MP_TEST_ALLOC, w->first, w->count);
	int n = pages_of(w);

	if (__atomic_add_fetch(&held, n, __ATOMIC_SEQ_CST) > LIMIT)
		return -ERANGE;
	__atomic_sub_fetch(&held, n, __ATOMIC_SEQ_CST);
	if (mp_do(w->fd, w->pool, MP_TEST_FREE, w->first, n))
		return -EBUSY;
	w->random += n;
	return err == -ENOSPC ? 0 : err;
}

MP_TEST_F(limit_holds_for_all_at_once)
{
	struct mp_test_create create = {
		.name = "full",
		.capacity = 4 * THREADS + LIMIT,
		.max_pages = LIMIT,
	};
	int pool = mp_create_as(self->fd, &create), i;
	struct mp_worker workers[THREADS];

	ASSERT_LE(0, pool);
	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct mp_worker) {
			.step = step_page,
			.fd = self->fd,
			.pool = pool,
			.first = 4 * i,
			.count = 4,
		};
		ASSERT_EQ(0, mp_worker_start(&workers[i]));
	}
	usleep(1500000);
	for (i = 0; i < THREADS; i++) {
		EXPECT_EQ(0, mp_worker_stop(&workers[i]));
		EXPECT_LT(10, workers[i].steps);
		EXPECT_LT(0, workers[i].random);
	}
	/* None of its room was lost. */
	EXPECT_EQ(0, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, LIMIT));
	EXPECT_EQ(-ENOSPC, mp_do(self->fd, pool, MP_TEST_ALLOC, LIMIT, 1));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, LIMIT));
}

TEST_HARNESS_MAIN
