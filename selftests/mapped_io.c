// SPDX-License-Identifier: GPL-2.0
/* Devices and sockets that read and write mapped pages where they are. */

#define _GNU_SOURCE
#include <linux/if_xdp.h>
#include <linux/io_uring.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "mp.h"
#include "mp_evictor.h"
#include "mp_held.h"
#include "mp_mapped.h"
#include "mp_nbd.h"
#include "mp_once.h"
#include "mp_zone.h"

#define PAGES	16
#define SEED	37
#define ROUNDS	200
#define MOVES	100

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

FIXTURE_TEARDOWN(mapped)
{
	mp_mapped_end(&self->it);
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define MAPPED_F(name)	TEST_F(mapped, name)

FIXTURE(disk) {
	struct mp_world world;
	struct mp_mapped it;
	struct mp_nbd nbd;
	int direct;
	int fd;
};

FIXTURE_SETUP(disk)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	ASSERT_EQ(0, mp_mapped_make(&self->it, self->fd, PAGES, 0));
	self->direct = mp_nbd_start(&self->nbd);
	ASSERT_LE(0, self->direct);
}

FIXTURE_TEARDOWN(disk)
{
	mp_nbd_go(&self->nbd);
	close(self->direct);
	mp_nbd_end(&self->nbd);
	mp_mapped_end(&self->it);
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define DISK_F(name)	TEST_F(disk, name)

static int on_the_disk(const struct mp_nbd *nbd, const struct mp_mapped *it,
		       unsigned int index)
{
	return !memcmp(nbd->data + (size_t)index * mp_page_size(),
		       mp_mapped_page(it, index), mp_page_size());
}

/* A read or write of one page, to or from its place on the disk. */
struct transfer {
	struct mp_once once;
	const struct mp_mapped *it;
	int direct;
};

static int call_read(struct mp_worker *worker)
{
	struct transfer *t = (struct transfer *)worker;

	return pread(t->direct, mp_mapped_page(t->it, worker->first),
		     mp_page_size(), worker->first * mp_page_size());
}

static int call_write(struct mp_worker *worker)
{
	struct transfer *t = (struct transfer *)worker;

	return pwrite(t->direct, mp_mapped_page(t->it, worker->first),
		      mp_page_size(), worker->first * mp_page_size());
}

static void disk_holds(struct __test_metadata *_metadata, struct mp_nbd *nbd,
		       const struct mp_mapped *it, int direct,
		       int (*call)(struct mp_worker *worker))
{
	struct transfer t = { .it = it, .direct = direct };

	mp_nbd_stop(nbd);
	ASSERT_EQ(0, mp_once_start(&t.once, it->fd, it->pool, 2, call));
	ASSERT_EQ(1, mp_nbd_stopped(nbd));
	MP_EXPECT_HELD(mp_held(it, 2), referenced);
	EXPECT_EQ(1, mp_held_moves(it, 3));
	EXPECT_EQ(0, mp_once_done(&t.once));
	mp_nbd_go(nbd);
	EXPECT_EQ(mp_page_size(), mp_once_join(&t.once));
	EXPECT_EQ(1, on_the_disk(nbd, it, 2));
	EXPECT_EQ(1, mp_held_moves(it, 2));
	EXPECT_EQ(1, on_the_disk(nbd, it, 2));
}

DISK_F(direct_read_holds)
{
	memset(self->nbd.data, 0x5a, sizeof(self->nbd.data));
	disk_holds(_metadata, &self->nbd, &self->it, self->direct, call_read);
}

DISK_F(direct_write_holds)
{
	mp_mapped_page_fill(&self->it, 2, SEED);
	disk_holds(_metadata, &self->nbd, &self->it, self->direct, call_write);
}

/* All of the mapping, in one request or some. */
static long write_all(const struct mp_mapped *it, int direct)
{
	return pwrite(direct, it->words, mp_mapped_bytes(it), 0);
}

static long read_all(const struct mp_mapped *it, int direct)
{
	return pread(direct, it->words, mp_mapped_bytes(it), 0);
}

DISK_F(direct_reads_and_writes_against_moves)
{
	struct mp_mapped *it = &self->it;
	long size = mp_mapped_bytes(it);
	struct mp_evictor evictor;
	int round;

	ASSERT_EQ(0, mp_evictor_start(&evictor, it));
	for (round = 0; round < ROUNDS ||
	     mp_evictor_moved(&evictor) < MOVES; round++) {
		mp_mapped_fill(it, round);
		ASSERT_EQ(size, write_all(it, self->direct));
		ASSERT_EQ(0, memcmp(self->nbd.data, it->words, size));
		mp_mapped_fill(it, ~0);
		ASSERT_EQ(size, read_all(it, self->direct));
		ASSERT_EQ(0, mp_mapped_wrong(it, round));
	}
	printf("# figure: %d times to the disk and back during %ld moves\n",
	       round, mp_evictor_stop(&evictor));
}

static int uring_open(void)
{
	struct io_uring_params params = {};
	int fd = syscall(SYS_io_uring_setup, 1, &params);

	return fd < 0 ? -errno : fd;
}

static int uring_register(int uring, void *addr, size_t size)
{
	struct iovec iov = { .iov_base = addr, .iov_len = size };

	return syscall(SYS_io_uring_register, uring, IORING_REGISTER_BUFFERS,
		       &iov, 1) ? -errno : 0;
}

static int uring_unregister(int uring)
{
	return syscall(SYS_io_uring_register, uring,
		       IORING_UNREGISTER_BUFFERS, NULL, 0) ? -errno : 0;
}

/* Return: a socket that has it as the memory of its packets, or -errno. */
static int xdp_register(void *addr, size_t size)
{
	struct xdp_umem_reg umem = {
		.addr = (__u64)(unsigned long)addr,
		.len = size,
		.chunk_size = mp_page_size(),
	};
	int err, fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int in_zone_movable(const struct mp_mapped *it)
{
	unsigned int i;
	int n = 0;

	for (i = 0; i < PAGES; i++)
		n += mp_zone_movable_has(mp_pfn(it->fd, it->pool, i));
	return n;
}

/* Soft offline moves a page wherever it is. */
static struct mp_held long_held(const struct mp_mapped *it, unsigned int index)
{
	return mp_held_by(it, index, mp_held_lever_soft_offline);
}

static int long_held_moves(const struct mp_mapped *it, unsigned int index)
{
	return mp_held_moves_by(it, index, mp_held_lever_soft_offline);
}

/* Since 5.13 who pins for long has pages moved out of ZONE_MOVABLE first. */
static void moved_out(struct __test_metadata *_metadata,
		      const struct mp_mapped *it)
{
	int out = mp_kernel_since(5, 13);

	EXPECT_EQ(out ? 0 : PAGES, in_zone_movable(it));
	EXPECT_EQ(out ? PAGES : 0, mp_mapped_moved(it));
	EXPECT_EQ(0, mp_mapped_pages_wrong(it, SEED));
}

static void long_pin_holds(struct __test_metadata *_metadata,
			   const struct mp_mapped *it)
{
	moved_out(_metadata, it);
	MP_EXPECT_HELD(long_held(it, 0), referenced);
	MP_EXPECT_HELD(long_held(it, PAGES - 1), referenced);
	EXPECT_EQ(0, mp_mapped_pages_wrong(it, SEED));
}

static void long_pin_let_go(struct __test_metadata *_metadata,
			    const struct mp_mapped *it)
{
	EXPECT_EQ(1, long_held_moves(it, 0));
	EXPECT_EQ(1, long_held_moves(it, PAGES - 1));
	EXPECT_EQ(0, mp_mapped_pages_wrong(it, SEED));
	EXPECT_EQ(0, mp_verify(it->fd, it->pool, 0, PAGES, SEED));
}

/* Up to 6.4 it does not take the memory of files, as it sees when it has it. */
MAPPED_F(io_uring_buffers)
{
	struct mp_mapped *it = &self->it;
	int takes = mp_kernel_since(6, 5);
	int uring = uring_open();

	ASSERT_LE(0, uring);
	ASSERT_EQ(PAGES, in_zone_movable(it));
	ASSERT_EQ(takes ? 0 : -EOPNOTSUPP,
		  uring_register(uring, it->words, mp_mapped_bytes(it)));
	if (takes) {
		long_pin_holds(_metadata, it);
		ASSERT_EQ(0, uring_unregister(uring));
	}
	moved_out(_metadata, it);
	long_pin_let_go(_metadata, it);
	close(uring);
}

MAPPED_F(xdp_memory)
{
	struct mp_mapped *it = &self->it;
	int socket;

	ASSERT_EQ(PAGES, in_zone_movable(it));
	socket = xdp_register(it->words, mp_mapped_bytes(it));
	ASSERT_LE(0, socket);
	long_pin_holds(_metadata, it);
	close(socket);
	long_pin_let_go(_metadata, it);
}

TEST_HARNESS_MAIN
