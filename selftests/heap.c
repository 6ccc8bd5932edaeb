// SPDX-License-Identifier: GPL-2.0
/* The heap of samples/heap, through /dev/movable_heap. */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

#include "movable_heap_uapi.h"
#include "mp_cpu_lists.h"
#include "mp_file.h"
#include "mp_harness.h"
#include "mp_lever.h"
#include "mp_stat.h"

#define DEVICE		"/dev/movable_heap"
#define PAGE		mp_page_size()
#define MAX_PAGE	65536	/* no kernel of ours has larger ones */

/*
 * Calls: 0 or -errno.
 */

static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

static int create(int fd, const char *name, unsigned int flags,
		  unsigned long max_pages)
{
	struct movable_heap_create req = {
		.flags = flags,
		.max_pages = max_pages,
	};

	snprintf(req.name, sizeof(req.name), "%s", name);
	return call(fd, MOVABLE_HEAP_CREATE, &req);
}

static int open_heap(const char *name, unsigned long max_pages)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	int err = fd < 0 ? -errno : create(fd, name, 0, max_pages);

	return err ?: fd;
}

static int alloc_room(int fd, __u64 *size, __u64 *handle)
{
	struct movable_heap_new req = { .size = *size };
	int err = call(fd, MOVABLE_HEAP_ALLOC, &req);

	if (err)
		return err;
	*size = req.size;
	*handle = req.handle;
	return 0;
}

static int alloc(int fd, __u64 size, __u64 *handle)
{
	return alloc_room(fd, &size, handle);
}

static int release(int fd, __u64 handle)
{
	return call(fd, MOVABLE_HEAP_FREE, &handle);
}

static int map(int fd, __u64 handle)
{
	return call(fd, MOVABLE_HEAP_MAP, &handle);
}

static int unmap(int fd, __u64 handle)
{
	return call(fd, MOVABLE_HEAP_UNMAP, &handle);
}

static int copy(int fd, unsigned long request, __u64 handle,
		unsigned int offset, void *buffer, unsigned int len)
{
	struct movable_heap_io io = {
		.handle = handle,
		.buffer = (uintptr_t)buffer,
		.offset = offset,
		.len = len,
	};

	return call(fd, request, &io);
}

static int put(int fd, __u64 handle, const void *buffer, unsigned int len)
{
	return copy(fd, MOVABLE_HEAP_WRITE, handle, 0, (void *)buffer, len);
}

static int get(int fd, __u64 handle, void *buffer, unsigned int len)
{
	return copy(fd, MOVABLE_HEAP_READ, handle, 0, buffer, len);
}

static struct movable_heap_info info(int fd)
{
	struct movable_heap_info info = {};

	call(fd, MOVABLE_HEAP_STATS, &info);
	return info;
}

/*
 * Contents: bytes that follow from a seed
 */

static void pattern(void *buffer, unsigned int len, __u64 seed)
{
	unsigned char *bytes = buffer;
	unsigned int i;

	for (i = 0; i < len; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = seed >> 56;
	}
}

static int fill(int fd, __u64 handle, unsigned int len, __u64 seed)
{
	char buffer[MAX_PAGE];

	pattern(buffer, len, seed);
	return put(fd, handle, buffer, len);
}

/* 0, -EILSEQ for other contents than fill() left, or -errno. */
static int verify(int fd, __u64 handle, unsigned int len, __u64 seed)
{
	char buffer[MAX_PAGE], expected[MAX_PAGE];
	int err = get(fd, handle, buffer, len);

	pattern(expected, len, seed);
	if (!err && memcmp(buffer, expected, len))
		err = -EILSEQ;
	return err;
}

static int make(int fd, __u64 size, __u64 seed, __u64 *handle)
{
	int err = alloc(fd, size, handle);

	return err ?: fill(fd, *handle, size, seed);
}

/* xorshift64*, never 0 */
static __u64 next_random(__u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

/*
 * The pool under the heap
 */

/* The frame of the only pinned page, 0 if there is none or several. */
static unsigned long pinned_frame(const char *pool)
{
	unsigned long pfn, found = 0;
	char path[160], glob[80];
	unsigned int pins;
	int n = 0;
	FILE *f;

	snprintf(glob, sizeof(glob), MP_DEBUGFS "%s-*/pages", pool);
	if (mp_find_file(glob, path, sizeof(path)) != 1)
		return 0;
	f = fopen(path, "r");
	if (!f)
		return 0;
	while (fscanf(f, "%lu %*s %u%*[^\n]", &pfn, &pins) == 2) {
		if (pins) {
			found = pfn;
			n++;
		}
	}
	fclose(f);
	return n == 1 ? found : 0;
}

FIXTURE(heap) {
	int fd;
	long reserve;
};

FIXTURE_SETUP(heap)
{
	self->reserve = mp_cpu_lists_shorten();
	ASSERT_LT(0, self->reserve);
	self->fd = open_heap("heap", 0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(heap)
{
	EXPECT_EQ(0, mp_stat_at_rest("heap"));
	EXPECT_EQ(info(self->fd).pages, mp_stat("heap", "pages"));
	EXPECT_EQ(0, mp_stat("heap", "unpublished"));
	close(self->fd);
	EXPECT_EQ(-ENOENT, mp_stat("heap", "pages"));
	EXPECT_EQ(0, mp_write_long(MP_RESERVE, self->reserve));
}

#define HEAP_TEST(name)	TEST_F(heap, name)

TEST(nothing_works_before_create)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	struct movable_heap_info none;
	__u64 handle = 0;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENXIO, alloc(fd, 16, &handle));
	EXPECT_EQ(-ENXIO, release(fd, 0));
	EXPECT_EQ(-ENXIO, map(fd, 0));
	EXPECT_EQ(-ENXIO, unmap(fd, 0));
	EXPECT_EQ(-ENXIO, call(fd, MOVABLE_HEAP_STATS, &none));
	close(fd);
}

TEST(create_refuses_what_it_does_not_know)
{
	struct movable_heap_create endless = {}, reserved = { .name = "x" };
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, create(fd, "", 0, 0));
	EXPECT_EQ(-EINVAL, create(fd, "x", ~MOVABLE_HEAP_FLAGS, 0));
	memset(endless.name, 'x', sizeof(endless.name));
	EXPECT_EQ(-EINVAL, call(fd, MOVABLE_HEAP_CREATE, &endless));
	reserved.reserved = 1;
	EXPECT_EQ(-EINVAL, call(fd, MOVABLE_HEAP_CREATE, &reserved));
	EXPECT_EQ(-EFAULT, call(fd, MOVABLE_HEAP_CREATE, NULL));
	EXPECT_EQ(0, create(fd, "x", MOVABLE_HEAP_UNMOVABLE, 0));
	close(fd);
}

HEAP_TEST(file_has_one_heap)
{
	EXPECT_EQ(-EBUSY, create(self->fd, "second", 0, 0));
	EXPECT_EQ(-ENOTTY, call(self->fd, _IO('m', 0x7f), NULL));
}

HEAP_TEST(every_size)
{
	static __u64 handles[MAX_PAGE + 1], room[MAX_PAGE + 1];
	static const char zeroes[MAX_PAGE];
	char buffer[MAX_PAGE];
	unsigned int size;

	for (size = 1; size <= PAGE; size++) {
		room[size] = size;
		ASSERT_EQ(0, alloc_room(self->fd, &room[size], &handles[size]));
		ASSERT_LE(size, room[size]);
		ASSERT_LE(room[size], PAGE);
		ASSERT_LE(room[size - 1], room[size]);
		ASSERT_NE(0, handles[size]);
		ASSERT_EQ(0, get(self->fd, handles[size], buffer, room[size]));
		ASSERT_EQ(0, memcmp(buffer, zeroes, room[size]));
		ASSERT_EQ(0, fill(self->fd, handles[size], room[size], size));
	}
	for (size = 1; size <= PAGE; size++)
		ASSERT_EQ(0, verify(self->fd, handles[size], room[size], size));
	EXPECT_EQ(PAGE, info(self->fd).objects);
	for (size = 1; size <= PAGE; size++)
		ASSERT_EQ(0, release(self->fd, handles[size]));
	EXPECT_EQ(0, info(self->fd).pages);
}

HEAP_TEST(sizes_that_no_object_has)
{
	__u64 handle;

	EXPECT_EQ(-EINVAL, alloc(self->fd, 0, &handle));
	EXPECT_EQ(-EINVAL, alloc(self->fd, PAGE + 1, &handle));
	EXPECT_EQ(-EINVAL, alloc(self->fd, 1ull << 32, &handle));
	EXPECT_EQ(-EINVAL, alloc(self->fd, UINT64_MAX, &handle));
	EXPECT_EQ(0, info(self->fd).pages);
}

HEAP_TEST(ranges_end_with_the_object)
{
	char buffer[2 * MAX_PAGE] = {};
	__u64 handle;

	ASSERT_EQ(0, make(self->fd, 1024, 1, &handle));
	EXPECT_EQ(0, copy(self->fd, MOVABLE_HEAP_READ, handle, 1023, buffer,
			  1));
	EXPECT_EQ(-EINVAL, copy(self->fd, MOVABLE_HEAP_READ, handle, 1024,
				buffer, 1));
	EXPECT_EQ(-EINVAL, copy(self->fd, MOVABLE_HEAP_READ, handle, 1, buffer,
				1024));
	EXPECT_EQ(-EINVAL, copy(self->fd, MOVABLE_HEAP_WRITE, handle, 1, buffer,
				1024));
	EXPECT_EQ(-EINVAL, copy(self->fd, MOVABLE_HEAP_WRITE, handle, 0, buffer,
				PAGE + 1));
	EXPECT_EQ(-EINVAL, copy(self->fd, MOVABLE_HEAP_WRITE, handle,
				UINT32_MAX, buffer, 2));
	EXPECT_EQ(-EINVAL, copy(self->fd, MOVABLE_HEAP_WRITE, handle, 0, buffer,
				0));
	EXPECT_EQ(0, verify(self->fd, handle, 1024, 1));
}

HEAP_TEST(bad_buffer_changes_nothing)
{
	__u64 handle;

	ASSERT_EQ(0, make(self->fd, PAGE, 1, &handle));
	EXPECT_EQ(-EFAULT, put(self->fd, handle, (void *)8, PAGE));
	EXPECT_EQ(-EFAULT, get(self->fd, handle, (void *)8, PAGE));
	EXPECT_EQ(0, verify(self->fd, handle, PAGE, 1));
	EXPECT_EQ(0, release(self->fd, handle));
}

HEAP_TEST(neighbours_keep_their_contents)
{
	__u64 handles[256];
	char ones[16];
	int i;

	memset(ones, 0xff, sizeof(ones));
	for (i = 0; i < 256; i++)
		ASSERT_EQ(0, make(self->fd, 16, i, &handles[i]));
	EXPECT_EQ(1, info(self->fd).pages);
	ASSERT_EQ(0, put(self->fd, handles[100], ones, sizeof(ones)));
	for (i = 0; i < 256; i++)
		EXPECT_EQ(i == 100 ? -EILSEQ : 0,
			  verify(self->fd, handles[i], 16, i));
}

static int refused(int fd, __u64 handle, int why)
{
	char byte = 0;

	return release(fd, handle) == why && map(fd, handle) == why &&
	       put(fd, handle, &byte, 1) == why &&
	       get(fd, handle, &byte, 1) == why;
}

HEAP_TEST(freed_twice)
{
	__u64 handle;

	ASSERT_EQ(0, alloc(self->fd, 100, &handle));
	ASSERT_EQ(0, release(self->fd, handle));
	EXPECT_EQ(-ENOENT, release(self->fd, handle));
	EXPECT_EQ(0, info(self->fd).objects);
}

/* With and without another object that keeps the page. */
HEAP_TEST(stale_handle)
{
	__u64 keeper, old, new;

	ASSERT_EQ(0, alloc(self->fd, PAGE, &old));
	ASSERT_EQ(0, release(self->fd, old));
	ASSERT_EQ(0, alloc(self->fd, PAGE, &new));
	EXPECT_NE(old, new);
	EXPECT_TRUE(refused(self->fd, old, -ENOENT));

	ASSERT_EQ(0, alloc(self->fd, 64, &keeper));
	ASSERT_EQ(0, alloc(self->fd, 64, &old));
	ASSERT_EQ(0, release(self->fd, old));
	EXPECT_TRUE(refused(self->fd, old, -ENOENT));
	ASSERT_EQ(0, make(self->fd, 64, 1, &new));
	EXPECT_NE(old, new);
	EXPECT_TRUE(refused(self->fd, old, -ENOENT));
	EXPECT_EQ(0, verify(self->fd, new, 64, 1));
}

#define LIVES	10000
#define OWNERS	4

struct owner {
	pthread_t thread;
	int fd;
	int err;
	__u64 handles[LIVES];
};

/* Pages come and go, now one, now a hundred at a time. */
static void *live_and_die(void *arg)
{
	struct owner *owner = arg;
	unsigned int born, died = 0;

	for (born = 0; born < LIVES && !owner->err; born++) {
		owner->err = alloc(owner->fd, PAGE, &owner->handles[born]);
		while (!owner->err && died < born && !(born % 100))
			owner->err = release(owner->fd,
					     owner->handles[died++]);
	}
	while (!owner->err && died < born)
		owner->err = release(owner->fd, owner->handles[died++]);
	return NULL;
}

static int by_value(const void *left, const void *right)
{
	const __u64 *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* Ids are taken, and given up, by several threads at once. */
HEAP_TEST(no_handle_comes_twice)
{
	static struct owner owners[OWNERS];
	static __u64 all[OWNERS * LIVES];
	unsigned int i, twice = 0;

	for (i = 0; i < OWNERS; i++) {
		owners[i].fd = self->fd;
		ASSERT_EQ(0, pthread_create(&owners[i].thread, NULL,
					    live_and_die, &owners[i]));
	}
	for (i = 0; i < OWNERS; i++) {
		pthread_join(owners[i].thread, NULL);
		ASSERT_EQ(0, owners[i].err);
		memcpy(&all[i * LIVES], owners[i].handles,
		       sizeof(owners[i].handles));
	}
	qsort(all, OWNERS * LIVES, sizeof(*all), by_value);
	for (i = 1; i < OWNERS * LIVES; i++)
		twice += all[i] == all[i - 1];
	EXPECT_EQ(0, twice);
	EXPECT_EQ(0, info(self->fd).pages);
}

HEAP_TEST(handle_with_one_bit_wrong)
{
	__u64 handles[100];
	int i, bit, err;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, make(self->fd, 40, i, &handles[i]));
	for (bit = 0; bit < 64; bit++) {
		__u64 wrong = handles[50] ^ 1ull << bit;

		/* The neighbours are objects, too. */
		for (i = 0; i < 100 && handles[i] != wrong; i++)
			;
		if (i < 100)
			continue;
		err = release(self->fd, wrong);
		EXPECT_TRUE(err == -ENOENT || err == -EINVAL);
	}
	for (i = 0; i < 100; i++)
		EXPECT_EQ(0, verify(self->fd, handles[i], 40, i));
}

HEAP_TEST(garbage_handle)
{
	__u64 random = 1, handle;
	int i, err;

	ASSERT_EQ(0, make(self->fd, 40, 7, &handle));
	EXPECT_TRUE(refused(self->fd, 0, -EINVAL));
	EXPECT_TRUE(refused(self->fd, UINT64_MAX, -EINVAL));
	for (i = 0; i < 20000; i++) {
		err = release(self->fd, next_random(&random));
		ASSERT_TRUE(err == -ENOENT || err == -EINVAL);
	}
	EXPECT_EQ(1, info(self->fd).objects);
	EXPECT_EQ(0, verify(self->fd, handle, 40, 7));
}

/* A slot's handles never come back: it goes out of use with its last one. */
HEAP_TEST(slot_is_retired)
{
	__u64 keeper, first, handle;
	int i;

	ASSERT_EQ(0, make(self->fd, 2048, 1, &keeper));
	ASSERT_EQ(0, alloc(self->fd, 2048, &first));
	ASSERT_EQ(0, release(self->fd, first));
	for (i = 0; i < 33000; i++) {
		ASSERT_EQ(0, alloc(self->fd, 2048, &handle));
		ASSERT_NE(first, handle);
		ASSERT_EQ(0, release(self->fd, handle));
	}
	EXPECT_EQ(1, info(self->fd).retired);
	EXPECT_TRUE(refused(self->fd, first, -ENOENT));
	EXPECT_EQ(0, verify(self->fd, keeper, 2048, 1));
	EXPECT_EQ(0, release(self->fd, keeper));
	EXPECT_EQ(0, info(self->fd).retired);
	EXPECT_EQ(0, info(self->fd).pages);
}

HEAP_TEST(mapped_object_is_not_freed)
{
	__u64 handle;

	ASSERT_EQ(0, make(self->fd, 500, 1, &handle));
	ASSERT_EQ(0, map(self->fd, handle));
	ASSERT_EQ(0, map(self->fd, handle));
	EXPECT_EQ(-EBUSY, release(self->fd, handle));
	ASSERT_EQ(0, unmap(self->fd, handle));
	EXPECT_EQ(-EBUSY, release(self->fd, handle));
	EXPECT_EQ(0, verify(self->fd, handle, 500, 1));
	ASSERT_EQ(0, unmap(self->fd, handle));
	EXPECT_EQ(-ENOENT, unmap(self->fd, handle));
	EXPECT_EQ(0, release(self->fd, handle));
}

HEAP_TEST(maps_are_counted_to_255)
{
	__u64 handle;
	int i;

	ASSERT_EQ(0, alloc(self->fd, 16, &handle));
	for (i = 0; i < 255; i++)
		ASSERT_EQ(0, map(self->fd, handle));
	EXPECT_EQ(-EOVERFLOW, map(self->fd, handle));
	for (i = 0; i < 255; i++)
		ASSERT_EQ(0, unmap(self->fd, handle));
	EXPECT_EQ(0, release(self->fd, handle));
}

TEST(close_ends_maps_and_frees)
{
	int fd = open_heap("closed", 0);
	__u64 handles[500];
	int i;

	ASSERT_LE(0, fd);
	for (i = 0; i < 500; i++)
		ASSERT_EQ(0, make(fd, 1000, i, &handles[i]));
	ASSERT_EQ(0, map(fd, handles[0]));
	close(fd);
	EXPECT_EQ(-ENOENT, mp_stat("closed", "pages"));
}

TEST(heaps_are_apart)
{
	int a = open_heap("a", 0), b = open_heap("b", 0);
	__u64 in_a, in_b;

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_EQ(0, make(a, 300, 1, &in_a));
	ASSERT_EQ(0, make(b, 300, 2, &in_b));
	close(a);
	EXPECT_EQ(0, verify(b, in_b, 300, 2));
	EXPECT_EQ(1, info(b).objects);
	close(b);
}

HEAP_TEST(empty_pages_are_given_back)
{
	__u64 handles[1000], random = 1;
	int i, j;

	for (i = 0; i < 1000; i++)
		ASSERT_EQ(0, alloc(self->fd, 16, &handles[i]));
	EXPECT_EQ(4, info(self->fd).pages);
	EXPECT_EQ(4, mp_stat("heap", "pages"));

	/* Everything in one page, whatever the order. */
	for (i = 255; i > 0; i--) {
		__u64 last = handles[i];

		j = next_random(&random) % (i + 1);
		handles[i] = handles[j];
		handles[j] = last;
	}
	for (i = 0; i < 256; i++) {
		EXPECT_EQ(4, info(self->fd).pages);
		ASSERT_EQ(0, release(self->fd, handles[i]));
	}
	EXPECT_EQ(3, info(self->fd).pages);
	EXPECT_EQ(3, mp_stat("heap", "pages"));
	for (; i < 1000; i++)
		ASSERT_EQ(0, release(self->fd, handles[i]));
	EXPECT_EQ(0, info(self->fd).pages);
	EXPECT_EQ(0, info(self->fd).object_bytes);
	EXPECT_EQ(0, info(self->fd).meta_bytes);
}

HEAP_TEST(freed_slot_is_used_before_a_new_page)
{
	__u64 handles[64], handle;
	int i;

	for (i = 0; i < 64; i++)
		ASSERT_EQ(0, alloc(self->fd, 64, &handles[i]));
	ASSERT_EQ(0, release(self->fd, handles[30]));
	ASSERT_EQ(0, alloc(self->fd, 64, &handle));
	EXPECT_EQ(1, info(self->fd).pages);
	ASSERT_EQ(0, alloc(self->fd, 64, &handle));
	EXPECT_EQ(2, info(self->fd).pages);
}

HEAP_TEST(books_of_an_object_are_small)
{
	__u64 handle;
	int i;

	for (i = 0; i < 2560; i++)
		ASSERT_EQ(0, alloc(self->fd, 16, &handle));
	EXPECT_LE(info(self->fd).meta_bytes, 2560 * 4);
	TH_LOG("%llu bytes for 2560 objects of 16 bytes",
	       (unsigned long long)info(self->fd).meta_bytes);
}

TEST(limit_loses_nothing)
{
	int fd = open_heap("limit", 8);
	__u64 handles[8], handle;
	int i, round;

	ASSERT_LE(0, fd);
	for (i = 0; i < 8; i++)
		ASSERT_EQ(0, make(fd, PAGE, i, &handles[i]));
	for (round = 0; round < 100; round++) {
		EXPECT_EQ(-ENOSPC, alloc(fd, PAGE, &handle));
		EXPECT_EQ(-ENOSPC, alloc(fd, 16, &handle));
	}
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, verify(fd, handles[i], PAGE, i));
	EXPECT_EQ(8, info(fd).pages);
	ASSERT_EQ(0, release(fd, handles[3]));
	EXPECT_EQ(0, make(fd, PAGE, 3, &handles[3]));
	EXPECT_EQ(0, verify(fd, handles[3], PAGE, 3));
	close(fd);
}

/* Locked memory of a process, but for so much; it takes time to fill a heap. */
static int leave_free(size_t bytes)
{
	size_t have = mp_read_field("/proc/meminfo", "MemFree") * 1024;

	if (have <= bytes)
		return 0;
	return mmap(NULL, have - bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE,
		    -1, 0) == MAP_FAILED ? -errno : 0;
}

/*
 * Objects of a page are written to in part: a buffer for all of it is the
 * kernel's to find, and there would be the OOM killer if it does not.
 */
#define A_PART	64

/* Seeds are indices.  The last objects go at once: others need memory, too. */
HEAP_TEST(out_of_memory_loses_nothing)
{
	size_t room = mp_read_field("/proc/meminfo", "MemTotal") / 4, n, i;
	size_t keep, bad = 0;
	__u64 *handles;
	int err = 0;

	handles = mmap(NULL, room * sizeof(*handles), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, handles);
	ASSERT_EQ(0, mlockall(MCL_CURRENT));
	ASSERT_EQ(0, leave_free(96 << 20));
	for (n = 0; n < room && !err; n++)
		err = alloc(self->fd, PAGE, &handles[n]) ?:
		      fill(self->fd, handles[n], A_PART, n);
	n--;
	keep = n > 4096 ? n - 4096 : 0;
	for (i = keep; i < n; i++)
		bad += !!release(self->fd, handles[i]);
	EXPECT_EQ(-ENOMEM, err);
	EXPECT_EQ(0, bad);
	EXPECT_LT(0, keep);
	TH_LOG("%zu pages before -ENOMEM", n);
	for (i = 0; i < keep; i++)
		bad += !!verify(self->fd, handles[i], A_PART, i);
	EXPECT_EQ(0, bad);
	EXPECT_EQ(keep, info(self->fd).objects);
}

/* Many pages, half of which, at random, are then freed. */
static size_t make_holes(int fd, __u64 *handles, size_t n, __u64 seed)
{
	size_t i, kept = 0;
	__u64 random = seed;

	for (i = 0; i < n; i++)
		if (make(fd, PAGE, seed + i, &handles[i]))
			return 0;
	for (i = 0; i < n; i++) {
		if (next_random(&random) >> 63) {
			release(fd, handles[i]);
			handles[i] = 0;
		} else {
			kept++;
		}
	}
	return kept;
}

/* Every eighth is freed, from @from on. */
static void more_holes(int fd, __u64 *handles, size_t n, size_t from)
{
	size_t i;

	for (i = from; i < n; i += 8) {
		if (handles[i])
			release(fd, handles[i]);
		handles[i] = 0;
	}
}

#define MANY	12000

/*
 * Compaction moves pages upwards, so they must not all lie at the upper end of
 * memory, where some kernels begin to hand it out.
 */
#define FAR	40000

HEAP_TEST(contents_survive_moves)
{
	static __u64 handles[FAR];
	size_t kept = make_holes(self->fd, handles, FAR, 5), i;

	ASSERT_LT(0, kept);
	for (i = 0; i < 8 && mp_stat("heap", "migrated") < 1000; i++) {
		more_holes(self->fd, handles, FAR, i);
		ASSERT_EQ(0, mp_compact());
	}
	TH_LOG("%ld of %zu pages moved", mp_stat("heap", "migrated"), kept);
	EXPECT_LE(1000, mp_stat("heap", "migrated"));
	for (i = 0; i < FAR; i++)
		if (handles[i])
			ASSERT_EQ(0, verify(self->fd, handles[i], PAGE, 5 + i));
}

HEAP_TEST(unmovable_heap_stays_where_it_is)
{
	static __u64 handles[MANY];
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, create(fd, "fixed", MOVABLE_HEAP_UNMOVABLE, 0));
	ASSERT_LT(0, make_holes(fd, handles, MANY, 3));
	ASSERT_EQ(0, mp_compact());
	EXPECT_EQ(0, mp_stat("fixed", "isolated"));
	EXPECT_EQ(0, mp_stat("fixed", "migrated"));
	close(fd);
}

HEAP_TEST(mapped_object_stays_where_it_is)
{
	static __u64 handles[FAR];
	unsigned long frame;
	size_t i = 0;

	ASSERT_LT(0, make_holes(self->fd, handles, FAR, 9));
	while (!handles[i])
		i++;
	ASSERT_EQ(0, map(self->fd, handles[i]));
	frame = pinned_frame("heap");
	ASSERT_NE(0, frame);
	ASSERT_EQ(0, mp_compact());
	EXPECT_LE(1000, mp_stat("heap", "migrated"));
	EXPECT_EQ(frame, pinned_frame("heap"));
	EXPECT_EQ(0, unmap(self->fd, handles[i]));
	EXPECT_EQ(0, verify(self->fd, handles[i], PAGE, 9 + i));
}

/*
 * The storm.  Threads have objects of their own, which must be what they left,
 * and shared ones, which anyone may free at any time: there a call either finds
 * the object, whole, or says -ENOENT, or -EBUSY to a free of a mapped one.
 */

#define THREADS		16
#define OWN		300
#define SHARED		256
#define STEPS		25000	/* of each thread, or as many as it can do in */
#define SECONDS		25
#define PATIENCE	5	/* times that, until pages have moved */
#define STORM_MOVES	2000

struct object {
	__u64 handle;
	unsigned int size;
	__u64 seed;
};

struct storm {
	int fd;
	time_t begin;
	__u64 shared[SHARED];
	bool enough;		/* STORM_MOVES pages have moved */
	bool end;
	unsigned long bad;
	unsigned long stale;
};

struct actor {
	struct storm *storm;
	__u64 random;
	pthread_t thread;
};

static void expect(struct storm *storm, bool fine)
{
	if (!fine)
		__atomic_fetch_add(&storm->bad, 1, __ATOMIC_RELAXED);
}

static void step_own(struct storm *storm, struct object *o, __u64 *random)
{
	if (!o->handle) {
		__u64 bits = next_random(random);

		o->size = 1 + (bits >> 20) % (bits & 1 ? PAGE : 200);
		o->seed = bits;
		expect(storm, !make(storm->fd, o->size, o->seed, &o->handle));
		return;
	}
	expect(storm, !verify(storm->fd, o->handle, o->size, o->seed));
	switch (next_random(random) >> 62) {
	case 0:
		expect(storm, !release(storm->fd, o->handle));
		expect(storm, release(storm->fd, o->handle) == -ENOENT);
		o->handle = 0;
		break;
	case 1:
		o->seed = next_random(random);
		expect(storm, !fill(storm->fd, o->handle, o->size, o->seed));
	}
}

static __u64 read_shared(struct storm *storm, unsigned int place)
{
	return __atomic_load_n(&storm->shared[place], __ATOMIC_SEQ_CST);
}

static bool write_shared(struct storm *storm, unsigned int place, __u64 *old,
			 __u64 new)
{
	return __atomic_compare_exchange_n(&storm->shared[place], old, new,
					   false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* The seed of a shared object is its handle, its size its place's. */
static void step_shared(struct storm *storm, __u64 *random)
{
	unsigned int place = next_random(random) % SHARED;
	unsigned int size = 16 + place * 8;
	__u64 handle = read_shared(storm, place), none = 0;
	int err;

	if (!handle) {
		expect(storm, !alloc(storm->fd, size, &handle));
		expect(storm, !fill(storm->fd, handle, size, handle));
		if (!write_shared(storm, place, &none, handle))
			expect(storm, !release(storm->fd, handle));
	} else if (next_random(random) >> 62) {
		err = verify(storm->fd, handle, size, handle);
		expect(storm, !err || err == -ENOENT);
		if (err)
			__atomic_fetch_add(&storm->stale, 1, __ATOMIC_RELAXED);
	} else {
		err = release(storm->fd, handle);
		expect(storm, !err || err == -ENOENT || err == -EBUSY);
		if (!err)
			expect(storm, write_shared(storm, place, &handle, 0));
	}
}

static bool goes_on(struct storm *storm, int steps)
{
	long seconds = time(NULL) - storm->begin;

	if (__atomic_load_n(&storm->enough, __ATOMIC_RELAXED))
		return steps < STEPS && seconds < SECONDS;
	return steps < PATIENCE * STEPS && seconds < PATIENCE * SECONDS;
}

static void *act(void *arg)
{
	struct object own[OWN] = {};
	struct actor *actor = arg;
	struct storm *storm = actor->storm;
	int i;

	for (i = 0; goes_on(storm, i); i++) {
		step_own(storm, &own[next_random(&actor->random) % OWN],
			 &actor->random);
		step_shared(storm, &actor->random);
	}
	for (i = 0; i < OWN; i++)
		if (own[i].handle) {
			expect(storm, !verify(storm->fd, own[i].handle,
					      own[i].size, own[i].seed));
			expect(storm, !release(storm->fd, own[i].handle));
		}
	return NULL;
}

/* New holes all the time, or there would soon be nothing left to move. */
static void *compact_all_the_time(void *arg)
{
	static __u64 handles[MANY];
	struct storm *storm = arg;
	__u64 seed = 0;
	size_t i;

	while (!__atomic_load_n(&storm->end, __ATOMIC_SEQ_CST)) {
		seed += MANY;
		expect(storm, make_holes(storm->fd, handles, MANY, seed));
		expect(storm, !mp_compact());
		if (mp_stat("heap", "migrated") >= STORM_MOVES)
			__atomic_store_n(&storm->enough, true,
					 __ATOMIC_RELAXED);
		for (i = 0; i < MANY; i++)
			if (handles[i]) {
				expect(storm, !verify(storm->fd, handles[i],
						      PAGE, seed + i));
				expect(storm, !release(storm->fd, handles[i]));
			}
	}
	return NULL;
}

HEAP_TEST(storm)
{
	static struct storm storm;
	struct actor actors[THREADS];
	pthread_t compactor;
	int i;

	storm.fd = self->fd;
	storm.begin = time(NULL);
	ASSERT_EQ(0, pthread_create(&compactor, NULL, compact_all_the_time,
				    &storm));
	for (i = 0; i < THREADS; i++) {
		actors[i].storm = &storm;
		actors[i].random = i + 1;
		ASSERT_EQ(0, pthread_create(&actors[i].thread, NULL, act,
					    &actors[i]));
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(actors[i].thread, NULL);
	__atomic_store_n(&storm.end, true, __ATOMIC_SEQ_CST);
	pthread_join(compactor, NULL);
	for (i = 0; i < SHARED; i++)
		if (storm.shared[i])
			EXPECT_EQ(0, release(self->fd, storm.shared[i]));

	TH_LOG("%ld pages moved, %ld freed while isolated, %lu stale handles",
	       mp_stat("heap", "migrated"), mp_stat("heap", "released"),
	       storm.stale);
	EXPECT_EQ(0, storm.bad);
	EXPECT_LE(STORM_MOVES, mp_stat("heap", "migrated"));
	EXPECT_EQ(0, info(self->fd).objects);
	EXPECT_EQ(0, info(self->fd).pages);
}

TEST_HARNESS_MAIN
