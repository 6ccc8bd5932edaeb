// SPDX-License-Identifier: GPL-2.0
/* What holds a mapped page where it is, and lets it go. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/uio.h>

#include "mp.h"
#include "mp_held.h"
#include "mp_mapped.h"

#define PAGES	16
#define SEED	31

FIXTURE(mapped) {
	struct mp_world world;
	struct mp_mapped it;
	int fd;
};

FIXTURE_SETUP(mapped)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	ASSERT_EQ(0, mp_mapped_make(&self->it, self->fd, PAGES, 0));
	mp_mapped_pages_fill(&self->it, SEED);
}

/* Of all tests: nothing has come to harm, for the process and the kernel. */
FIXTURE_TEARDOWN(mapped)
{
	EXPECT_EQ(0, mp_mapped_pages_wrong(&self->it, SEED));
	EXPECT_EQ(0, mp_verify(self->fd, self->it.pool, 0, PAGES, SEED));
	mp_mapped_end(&self->it);
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define MAPPED_F(name)	TEST_F(mapped, name)

MAPPED_F(nothing_holds_it)
{
	struct mp_held held = mp_held(&self->it, 0);

	EXPECT_EQ(0, held.stayed);
	EXPECT_EQ(1, held.moved);
	EXPECT_EQ(0, held.pinned);
}

MAPPED_F(kernel_pin)
{
	struct mp_mapped *it = &self->it;

	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_PIN, 3, 1));
	MP_EXPECT_HELD(mp_held(it, 3), pinned);
	/* The process goes on meanwhile. */
	mp_mapped_page_fill(it, 3, SEED + 1);
	EXPECT_EQ(0, mp_verify(self->fd, it->pool, 3, 1, SEED + 1));
	mp_mapped_page_fill(it, 3, SEED);
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_UNPIN, 3, 1));
	EXPECT_EQ(1, mp_held_moves(it, 3));
}

MAPPED_F(kernel_pin_of_many)
{
	struct mp_mapped *it = &self->it;
	int i;

	ASSERT_EQ(0, mp_arg(self->fd, it->pool, MP_TEST_PIN, 3, 1, 3));
	for (i = 0; i < 3; i++) {
		MP_EXPECT_HELD(mp_held(it, 3), pinned);
		ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_UNPIN, 3, 1));
	}
	EXPECT_EQ(1, mp_held_moves(it, 3));
}

MAPPED_F(kernel_vmap)
{
	struct mp_mapped *it = &self->it;

	ASSERT_EQ(0, mp_arg(self->fd, it->pool, MP_TEST_VMAP, 4, 8, SEED));
	MP_EXPECT_HELD(mp_held(it, 4), pinned);
	MP_EXPECT_HELD(mp_held(it, 11), pinned);
	EXPECT_EQ(1, mp_held_moves(it, 12));
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_VUNMAP, 0, 0));
	EXPECT_EQ(1, mp_held_moves(it, 4));
	EXPECT_EQ(1, mp_held_moves(it, 11));
}

/* Return: bytes of the page at @addr that the pipe has now, uncopied. */
static long splice_in(int pipe, void *addr)
{
	struct iovec iov = { .iov_base = addr, .iov_len = mp_page_size() };
	long n = vmsplice(pipe, &iov, 1, 0);

	return n < 0 ? -errno : n;
}

MAPPED_F(vmsplice)
{
	struct mp_mapped *it = &self->it;
	long size = mp_page_size();
	char read_back[size];
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(size, splice_in(pipes[1], mp_mapped_page(it, 5)));
	MP_EXPECT_HELD(mp_held(it, 5), referenced);
	EXPECT_EQ(1, mp_held_moves(it, 6));
	ASSERT_EQ(size, read(pipes[0], read_back, size));
	EXPECT_EQ(0, memcmp(read_back, mp_mapped_page(it, 5), size));
	EXPECT_EQ(1, mp_held_moves(it, 5));
	close(pipes[0]);
	close(pipes[1]);
}

/* The mapping, the file and the page's owner let go; the pipe does not. */
MAPPED_F(vmsplice_outlives_the_pool)
{
	struct mp_mapped other, *it = &other;
	long size = mp_page_size();
	char read_back[size];
	int pipes[2], i;

	ASSERT_EQ(0, mp_mapped_make(it, self->fd, 2, 0));
	mp_mapped_page_fill(it, 0, SEED);
	mp_mapped_page_fill(it, 1, SEED + 1);
	ASSERT_EQ(0, pipe(pipes));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(size, splice_in(pipes[1], mp_mapped_page(it, i)));
	mp_mapped_end(it);
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_FREE, 0, 2));
	ASSERT_EQ(0, mp_destroy(self->fd, it->pool));
	EXPECT_EQ(0, mp_deferred_drain());
	for (i = 0; i < 2; i++) {
		it->words = (void *)(read_back - i * size);
		ASSERT_EQ(size, read(pipes[0], read_back, size));
		EXPECT_EQ(0, mp_mapped_page_wrong(it, i, SEED + i));
	}
	close(pipes[0]);
	close(pipes[1]);
}

/* Of a page that is mapped, and once more of one that nobody maps any more. */
static void reference_holds(struct __test_metadata *_metadata,
			    const struct mp_mapped *it, enum mp_test_verb get)
{
	long moved = mp_mapped_moved(it);

	ASSERT_EQ(0, mp_do(it->fd, it->pool, get, 7, 1));
	MP_EXPECT_HELD(mp_held(it, 7), referenced);
	ASSERT_EQ(0, madvise(it->words, mp_mapped_bytes(it), MADV_DONTNEED));
	MP_EXPECT_HELD(mp_held(it, 7), referenced);
	EXPECT_EQ(moved, mp_mapped_moved(it));
	ASSERT_EQ(0, mp_do(it->fd, it->pool, MP_TEST_PAGE_PUT, 7, 1));
	EXPECT_EQ(1, mp_held_moves(it, 7));
}

MAPPED_F(unexpected_reference_from_a_pin)
{
	reference_holds(_metadata, &self->it, MP_TEST_PAGE_GET);
}

MAPPED_F(unexpected_reference_of_a_scanner)
{
	reference_holds(_metadata, &self->it, MP_TEST_PAGE_GRAB);
}

/* Who has it writes by it, and the process sees each of these writes. */
MAPPED_F(writes_by_an_unexpected_reference)
{
	struct mp_test_call call = {
		.verb = MP_TEST_SCRIBBLE,
		.pool = self->it.pool,
		.first = 8,
		.count = 1,
		.arg = 100,
	};
	struct mp_mapped *it = &self->it;
	unsigned int i;
	long wrong = 0;

	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_PAGE_GRAB, 8, 1));
	MP_EXPECT_HELD(mp_held(it, 8), referenced);
	ASSERT_EQ(0, mp_call(self->fd, &call));
	MP_EXPECT_HELD(mp_held(it, 8), referenced);
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_PAGE_PUT, 8, 1));
	EXPECT_EQ(1, mp_held_moves(it, 8));
	for (i = 0; i < mp_page_size() / sizeof(__u64); i++)
		wrong += mp_mapped_page(it, 8)[i] != call.value;
	EXPECT_EQ(0, wrong);
	mp_mapped_page_fill(it, 8, SEED);
}

TEST_HARNESS_MAIN
