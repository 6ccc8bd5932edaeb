// SPDX-License-Identifier: GPL-2.0
/* MOVABLE_BUFFERS_MOVE of samples/buffers, on two nodes or more. */

#define _GNU_SOURCE
#include <grp.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "client.h"
#include "mp_cgroup.h"
#include "mp_file.h"
#include "mp_harness.h"
#include "mp_numa.h"
#include "mp_stat.h"

#define PAGES	700	/* more than the driver names at a time */
#define BYTES	((size_t)PAGES * mp_page_size())
#define NOBODY	1000

FIXTURE(buffer) {
	int fd;
	unsigned long *words;
};

FIXTURE_SETUP(buffer)
{
	size_t i;

	ASSERT_EQ(0, mp_balancing(0));
	ASSERT_EQ(0, mp_policy(MPOL_BIND, MP_NODE_BIT(0)));
	self->fd = buffers_create("moves", BYTES);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, mp_default_policy());
	self->words = buffers_map(self->fd, BYTES, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->words);
	for (i = 0; i < BYTES / sizeof(long); i++)
		self->words[i] = i * 0x9e3779b97f4a7c15;
}

FIXTURE_TEARDOWN(buffer)
{
	size_t i, wrong = 0;

	for (i = 0; i < BYTES / sizeof(long); i++)
		wrong += self->words[i] != i * 0x9e3779b97f4a7c15;
	EXPECT_EQ(0, wrong);
	munmap(self->words, BYTES);
	close(self->fd);
	EXPECT_EQ(0, mp_stat_pools("*"));
}

#define BUFFER_F(name)	TEST_F(buffer, name)
#define SELF		struct _test_data_buffer *self

/* Return: pages on the node, once they are in the page tables again. */
static int on_node(SELF, int node)
{
	volatile unsigned long *words = self->words;
	int i;

	for (i = 0; i < PAGES; i++)
		(void)words[i * mp_page_size() / sizeof(long)];
	return mp_pages_on(0, self->words, PAGES, node);
}

BUFFER_F(goes_there_and_back)
{
	struct movable_buffers_status status;
	struct movable_buffers_move move;

	ASSERT_EQ(PAGES, on_node(self, 0));
	EXPECT_EQ(0, buffers_move(self->fd, 2, 0, &move));
	EXPECT_EQ(PAGES, move.moved);
	EXPECT_EQ(0, move.stayed);
	EXPECT_EQ(0, move.left);
	EXPECT_EQ(PAGES, on_node(self, 1));
	EXPECT_EQ(0, buffers_move(self->fd, 1, 2, &move));
	EXPECT_EQ(PAGES, move.moved);
	EXPECT_EQ(PAGES, on_node(self, 0));
	EXPECT_EQ(0, buffers_move(self->fd, 3, 0, &move));
	EXPECT_EQ(PAGES, move.stayed);
	EXPECT_EQ(0, buffers_status(self->fd, &status));
	EXPECT_EQ(2 * PAGES, status.directed);
	EXPECT_EQ(0, status.migrated);
}

/* Somebody else has it mapped, and nobody asks him. */
BUFFER_F(other_processes_go_on)
{
	struct movable_buffers_move move;
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		size_t i, pass, wrong = 0;

		for (pass = 0; pass < 20; pass++)
			for (i = 0; i < BYTES / sizeof(long); i++)
				wrong += self->words[i] !=
					 i * 0x9e3779b97f4a7c15;
		_exit(!!wrong);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		EXPECT_EQ(0, buffers_move(self->fd, 2, 0, &move));
		EXPECT_LE(PAGES * 9 / 10, move.moved + move.stayed);
		EXPECT_EQ(0, buffers_move(self->fd, 1, 0, &move));
	}
	EXPECT_EQ(0, status);
}

BUFFER_F(nodes_that_cannot_be)
{
	struct movable_buffers_move move = { .to = 1, .flags = 1 };

	EXPECT_EQ(-EINVAL, ioctl(self->fd, MOVABLE_BUFFERS_MOVE,
				 &move) ? -errno : 0);
	EXPECT_EQ(-EFAULT, ioctl(self->fd, MOVABLE_BUFFERS_MOVE,
				 NULL) ? -errno : 0);
	EXPECT_EQ(-EINVAL, buffers_move(self->fd, 0, 0, &move));
	EXPECT_EQ(-EINVAL, buffers_move(self->fd, 1ULL << 5, 0, &move));
	EXPECT_EQ(-EINVAL, buffers_move(self->fd, 1 | 1ULL << 63, 0, &move));
	/* Nothing is there to move. */
	EXPECT_EQ(0, buffers_move(self->fd, 1, 1ULL << 5, &move));
	EXPECT_EQ(PAGES, move.stayed);
	EXPECT_EQ(PAGES, on_node(self, 0));
}

BUFFER_F(reader_may_not)
{
	struct movable_buffers_move move;
	int shared = buffers_share(self->fd);

	ASSERT_LE(0, shared);
	EXPECT_EQ(-EBADF, buffers_move(shared, 2, 0, &move));
	EXPECT_EQ(PAGES, on_node(self, 0));
	close(shared);
}

static int moves_in_cpuset(SELF)
{
	struct movable_buffers_move move;

	return mp_cgroup_enter(getpid()) ||
	       buffers_move(self->fd, 2, 0, &move) != -EPERM ||
	       buffers_move(self->fd, 1, 0, &move);
}

/* As migrate_pages(2): to nodes of the caller's cpuset alone. */
BUFFER_F(cpuset_is_respected)
{
	int status = -1;
	pid_t pid;

	ASSERT_EQ(0, mp_cgroup_make("+cpuset"));
	ASSERT_EQ(0, mp_write_file(MP_GROUP "/cpuset.mems", "0"));
	pid = fork();
	if (!pid)
		_exit(moves_in_cpuset(self));
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, mp_cgroup_rmdir());
	EXPECT_EQ(0, mp_cgroup_end());
	EXPECT_EQ(PAGES, on_node(self, 0));
}

BUFFER_F(unprivileged_owner_may)
{
	struct movable_buffers_move move;
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(setgroups(0, NULL) ||
		      setresgid(NOBODY, NOBODY, NOBODY) ||
		      setresuid(NOBODY, NOBODY, NOBODY) ||
		      buffers_move(self->fd, 2, 0, &move) ||
		      move.moved != PAGES);
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(PAGES, on_node(self, 1));
}

TEST_HARNESS_MAIN
