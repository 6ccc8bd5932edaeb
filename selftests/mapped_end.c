// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped pools: places without a page, pages that are freed and pools that are
 * destroyed while processes have them mapped.
 */

#include <sys/uio.h>
#include <sys/wait.h>

#include "mp_mapped_fixture.h"
#include "mp_touch.h"

#define SEED	MP_MAPPED_SEED
#define HALF	(PAGES / 2)

#define DESTROYED_WITH	"pages still allocated"

/* Return: how many pages of the mapping give SIGBUS, and nothing else. */
static unsigned int without_page(const struct mp_mapped *it)
{
	unsigned int i, none = 0;

	for (i = 0; i < it->pages; i++)
		none += mp_touch_read(mp_mapped_page(it, i)) == SIGBUS &&
			mp_touch_write(mp_mapped_page(it, i)) == SIGBUS;
	return none;
}

static unsigned int with_page(const struct mp_mapped *it)
{
	unsigned int i, there = 0;

	for (i = 0; i < it->pages; i++)
		there += !mp_touch_write(mp_mapped_page(it, i));
	return there;
}

MAPPED_F(places_get_their_pages_one_by_one)
{
	struct mp_mapped it;

	ASSERT_EQ(0, mp_mapped_make_some(&it, self->fd, PAGES, HALF, 0));
	EXPECT_EQ(HALF, with_page(&it));
	EXPECT_EQ(HALF, without_page(&it));
	ASSERT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_ALLOC, PAGES - 1, 1));
	EXPECT_EQ(0, mp_touch_write(mp_mapped_page(&it, PAGES - 1)));
	EXPECT_EQ(HALF - 1, without_page(&it));
	ASSERT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_ALLOC, HALF, HALF - 1));
	EXPECT_EQ(PAGES, with_page(&it));
	ASSERT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_PUBLISH, HALF, HALF));
	mp_mapped_fill(&it, SEED);
	EXPECT_LE(PAGES, mp_mapped_move(&it));
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	mp_mapped_end(&it);
}

/* Where a page's contents would be read or written by the kernel. */
MAPPED_F(system_calls_meet_holes)
{
	struct mp_mapped it;
	char *edge;
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, mp_mapped_make_some(&it, self->fd, PAGES, HALF, 0));
	EXPECT_EQ(-1, write(ends[1], mp_mapped_page(&it, HALF), 8));
	EXPECT_EQ(EFAULT, errno);
	edge = (char *)mp_mapped_page(&it, HALF) - 8;
	EXPECT_EQ(8, write(ends[1], edge, 8));
	EXPECT_EQ(-1, read(ends[0], mp_mapped_page(&it, HALF), 8));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, mlock(it.words, mp_mapped_bytes(&it)));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(HALF, with_page(&it));
	mp_mapped_end(&it);
}

MAPPED_F(populate_passes_by_holes)
{
	struct mp_mapped it;
	void *addr;

	ASSERT_EQ(0, mp_mapped_make_some(&it, self->fd, PAGES, HALF, 0));
	addr = mmap(NULL, mp_mapped_bytes(&it), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, it.file, 0);
	ASSERT_NE(MAP_FAILED, addr);
	EXPECT_EQ(mp_pfn(self->fd, it.pool, HALF - 1),
		  mp_mapped_frame(addr + (HALF - 1) * mp_page_size()));
	EXPECT_EQ(0, mp_mapped_frame(addr + HALF * mp_page_size()));
	munmap(addr, mp_mapped_bytes(&it));
	mp_mapped_end(&it);
}

/* Frames that others have just written to, likely to be used again. */
MAPPED_F(new_pages_are_zeroes)
{
	int dirty = mp_create(self->fd, "dirty", 256, 0);
	struct mp_mapped it;
	size_t i, wrong = 0;

	ASSERT_EQ(0, mp_make(self->fd, dirty, 0, 256, SEED));
	ASSERT_EQ(0, mp_do(self->fd, dirty, MP_TEST_FREE, 0, 256));
	EXPECT_EQ(0, mp_deferred_drain());
	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, 256, 0));
	for (i = 0; i < mp_mapped_nr_words(&it); i++)
		wrong += it.words[i] != 0;
	EXPECT_EQ(0, wrong);
	mp_mapped_end(&it);
}

MAPPED_F(beyond_the_size)
{
	struct mp_mapped *it = &self->it, longer = *it;
	size_t all = mp_mapped_bytes(it);
	void *addr = mmap(NULL, 2 * all, PROT_READ | PROT_WRITE, MAP_SHARED,
			  it->file, 0);

	ASSERT_NE(MAP_FAILED, addr);
	longer.words = addr;
	longer.pages = 2 * PAGES;
	EXPECT_EQ(PAGES, with_page(&longer));
	EXPECT_EQ(PAGES, without_page(&longer));
	munmap(addr, 2 * all);
}

MAPPED_F(freed_page_gives_sigbus)
{
	struct mp_mapped *it = &self->it;

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_FREE, 5, 1));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_mapped_frame(mp_mapped_page(it, 5)));
	EXPECT_EQ(SIGBUS, mp_touch_read(mp_mapped_page(it, 5)));
	EXPECT_EQ(SIGBUS, mp_touch_write(mp_mapped_page(it, 5)));
	EXPECT_EQ(PAGES - 1, with_page(it));
	EXPECT_EQ(mp_mapped_word(0, SEED), mp_mapped_page(it, 0)[0]);
	EXPECT_EQ(PAGES - 1, mp_stats(self->fd, it->pool).pages);
}

MAPPED_F(place_is_used_once)
{
	struct mp_mapped *it = &self->it;

	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_FREE, 5, 1));
	EXPECT_EQ(-EEXIST, mp_do(self->fd, it->pool, MP_TEST_ALLOC, 5, 1));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(-EEXIST, mp_do(self->fd, it->pool, MP_TEST_ALLOC, 5, 1));
	EXPECT_EQ(SIGBUS, mp_touch_read(mp_mapped_page(it, 5)));
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, it->pool, 5).state);
	EXPECT_EQ(PAGES - 1, mp_stats(self->fd, it->pool).pages);
	EXPECT_EQ(PAGES, mp_stats(self->fd, it->pool).allocated);
}

MAPPED_F(freed_page_of_every_mapping)
{
	struct mp_mapped *it = &self->it, other = *it;
	int status = -1;
	pid_t child;

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, mp_mapped_map(&other));
	EXPECT_EQ(PAGES, with_page(&other));
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_FREE, 0, HALF));
	EXPECT_EQ(0, mp_deferred_drain());
	child = fork();
	if (!child)
		_exit(without_page(it) != HALF || with_page(it) != HALF);
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(HALF, without_page(it));
	EXPECT_EQ(HALF, without_page(&other));
	mp_mapped_end(&other);
}

/* Return: whether @child comes to sleep where only a kill could wake it. */
static int waits_for_a_lock(pid_t child)
{
	char path[64], text[256] = "";
	int tries = 1000;

	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	while (tries-- && mp_read_file(path, text, sizeof(text)) > 0 &&
	       !strstr(text, ") D "))
		usleep(10000);
	return !!strstr(text, ") D ");
}

/* The fault meets a page that was freed and has not left the cache yet. */
MAPPED_F(fault_on_a_freed_page_that_is_locked)
{
	struct mp_mapped *it = &self->it;
	int status = -1;
	pid_t child;

	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_PAGE_LOCK, 5, 1));
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_FREE, 5, 1));
	child = fork();
	if (!child)
		_exit(mp_touch_read(mp_mapped_page(it, 5)));
	EXPECT_TRUE(waits_for_a_lock(child));
	EXPECT_EQ(1, mp_deferred());
	EXPECT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_PAGE_UNLOCK, 5, 1));
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(SIGBUS, WEXITSTATUS(status));
	EXPECT_EQ(0, mp_deferred_drain());
}

/* Who waits for a page can be killed; the page is let go of all the same. */
MAPPED_F(fault_that_waits_is_killed)
{
	struct mp_mapped *it = &self->it;
	int status = -1;
	pid_t child;

	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_PAGE_LOCK, 5, 1));
	child = fork();
	if (!child)
		_exit(mp_touch_read(mp_mapped_page(it, 5)));
	EXPECT_TRUE(waits_for_a_lock(child));
	EXPECT_EQ(0, kill(child, SIGKILL));
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_PAGE_UNLOCK, 5, 1));
	EXPECT_EQ(0, mp_touch_write(mp_mapped_page(it, 5)));
	EXPECT_LE(PAGES, mp_mapped_move(it));
}

/* Nobody wants to see "Bad page state" of a page that was locked in memory. */
MAPPED_F(freed_page_of_a_locked_mapping)
{
	struct mp_mapped *it = &self->it;

	ASSERT_EQ(0, mlock(it->words, mp_mapped_bytes(it)));
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_FREE, 0, HALF));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(HALF, without_page(it));
	EXPECT_EQ(HALF, with_page(it));
}

MAPPED_F(freed_in_an_interrupt)
{
	struct mp_mapped it;

	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, PAGES, MP_TEST_HAS_ALL));
	mp_mapped_fill(&it, SEED);
	EXPECT_LE(PAGES, mp_mapped_move(&it));
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	ASSERT_EQ(0, mp_do_in(self->fd, it.pool, MP_TEST_IN_HARDIRQ,
			      MP_TEST_FREE_ASYNC, 0, HALF));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(HALF, without_page(&it));
	EXPECT_EQ(HALF, mp_log(self->fd, it.pool).freed);
	mp_mapped_end(&it);
}

/* What a destroyed pool has left its processes: addresses, and a dead file. */
static void nothing_is_left(struct __test_metadata *_metadata,
			    struct mp_mapped *it)
{
	EXPECT_EQ(PAGES, without_page(it));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, mp_mapped_bytes(it), PROT_READ,
				   MAP_SHARED, it->file, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-ENXIO, mp_mapped_open(it->fd, it->pool, O_RDWR));
}

MAPPED_F(destroyed_pool_gives_sigbus)
{
	struct mp_mapped *it = &self->it;

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_FREE, 0, PAGES));
	ASSERT_EQ(0, mp_destroy(self->fd, it->pool));
	nothing_is_left(_metadata, it);
	EXPECT_EQ(0, mp_deferred());
}

MAPPED_F(destroyed_with_its_pages)
{
	struct mp_mapped *it = &self->it;

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, mlock(it->words, mp_mapped_bytes(it)));
	MP_EXPECT_WARNING(DESTROYED_WITH, {
		EXPECT_EQ(0, mp_destroy(self->fd, it->pool));
	});
	nothing_is_left(_metadata, it);
	EXPECT_EQ(0, mp_deferred());
}

MAPPED_F(closing_the_driver_ends_what_is_mapped)
{
	int fd = mp_open();
	struct mp_mapped it;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mp_mapped_make(&it, fd, PAGES, 0));
	mp_mapped_fill(&it, SEED);
	close(fd);
	EXPECT_EQ(PAGES, without_page(&it));
	mp_mapped_end(&it);
}

/* The frames come back: each can be had, as if nobody had ever used it. */
MAPPED_F(frames_of_a_destroyed_pool_are_free)
{
	struct mp_mapped *it = &self->it;
	__u64 pfns[PAGES];
	int i;

	mp_mapped_fill(it, SEED);
	for (i = 0; i < PAGES; i++)
		pfns[i] = mp_pfn(self->fd, it->pool, i);
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_FREE, 0, PAGES));
	ASSERT_EQ(0, mp_destroy(self->fd, it->pool));
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(0, mp_evict_retry(self->fd, pfns[i], 1));
	EXPECT_EQ(PAGES, without_page(it));
}

/*
 * A page in a pipe, which has a reference to it and no copy.
 * Return: the pipe's end to read from, or -errno.
 */
static int into_pipe(void *page)
{
	struct iovec vec = { .iov_base = page, .iov_len = mp_page_size() };
	int ends[2], err = 0;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	if (vmsplice(ends[1], &vec, 1, 0) != mp_page_size())
		err = -EIO;
	close(ends[1]);
	return err ?: ends[0];
}

/* Return: whether what comes out is page @index as it was filled. */
static int out_of_pipe(int end, unsigned int index)
{
	size_t words = mp_page_size() / sizeof(__u64), i;
	__u64 *page = malloc(mp_page_size());
	int whole = read(end, page, mp_page_size()) == mp_page_size();

	for (i = 0; i < words; i++)
		whole = whole && page[i] == mp_mapped_word(index * words + i,
							   SEED);
	free(page);
	return whole;
}

/* The page is in nobody's pool: only who pinned it has it, and keeps it. */
static void kept_until_let_go(struct __test_metadata *_metadata, int fd,
			      __u64 pfn, int end, unsigned int index)
{
	EXPECT_EQ(1, mp_frame_refs(fd, pfn));
	EXPECT_NE(0, mp_evict(fd, pfn, 1));
	EXPECT_EQ(1, mp_frame_refs(fd, pfn));
	EXPECT_EQ(1, out_of_pipe(end, index));
	close(end);
	EXPECT_EQ(0, mp_evict_retry(fd, pfn, 1));
}

MAPPED_F(freed_page_in_a_pipe_is_kept)
{
	struct mp_mapped *it = &self->it;
	__u64 pfn = mp_pfn(self->fd, it->pool, 4);
	int end;

	mp_mapped_fill(it, SEED);
	end = into_pipe(mp_mapped_page(it, 4));
	ASSERT_LE(0, end);
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_FREE, 4, 1));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(SIGBUS, mp_touch_read(mp_mapped_page(it, 4)));
	mp_drain_lru();
	kept_until_let_go(_metadata, self->fd, pfn, end, 4);
}

MAPPED_F(page_in_a_pipe_outlives_its_pool)
{
	struct mp_mapped *it = &self->it;
	__u64 pfn = mp_pfn(self->fd, it->pool, 4);
	int end;

	mp_mapped_fill(it, SEED);
	end = into_pipe(mp_mapped_page(it, 4));
	ASSERT_LE(0, end);
	EXPECT_NE(0, mp_evict(self->fd, pfn, 1));
	EXPECT_EQ(pfn, mp_pfn(self->fd, it->pool, 4));
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_FREE, 0, PAGES));
	ASSERT_EQ(0, mp_destroy(self->fd, it->pool));
	nothing_is_left(_metadata, it);
	mp_drain_lru();
	kept_until_let_go(_metadata, self->fd, pfn, end, 4);
}

MAPPED_F(page_in_a_pipe_outlives_process_and_pool)
{
	struct mp_mapped *it = &self->it;
	__u64 pfn = mp_pfn(self->fd, it->pool, 4);
	int end;

	mp_mapped_fill(it, SEED);
	end = into_pipe(mp_mapped_page(it, 4));
	ASSERT_LE(0, end);
	mp_mapped_end(it);
	MP_EXPECT_WARNING(DESTROYED_WITH, {
		EXPECT_EQ(0, mp_destroy(self->fd, it->pool));
	});
	mp_drain_lru();
	kept_until_let_go(_metadata, self->fd, pfn, end, 4);
}

TEST_HARNESS_MAIN
