// SPDX-License-Identifier: GPL-2.0
/*
 * What a user without privileges can have the kernel keep for him is charged to
 * his control group: pages, and what there is beside them for each.
 */

#include "client.h"
#include "mp_books.h"
#include "mp_cgroup.h"
#include "mp_child.h"
#include "mp_cpu_lists.h"
#include "mp_fuzz_crowd.h"
#include "mp_harness.h"
#include "mp_kmemleak.h"
#include "mp_stat.h"
#include "mp_warning.h"

#define MIB		(1L << 20)
#define LIMIT		(64 * MIB)
#define BUFFERS		3000
#define SHARES		3000
#define SLACK_KB	2048	/* that others may take meanwhile */
/* kmemleak notes all that is allocated, and who did it. */
#define NOTES_SHARE	8

/*
 * The child is of no privilege and in the group; what it has got is looked at
 * from outside while it has it, and then it ends.
 */
struct user {
	pid_t pid;
	int done[2];
	int go[2];
	long charged;
	long free;
};

static void user_child(struct user *user, long (*take)(void))
{
	long n;
	char byte;

	MUST(!mp_cgroup_enter(getpid()));
	MUST(!mp_fuzz_limit(RLIMIT_NOFILE, 20000));
	MUST(!mp_fuzz_become_nobody(1024 * MIB));
	n = take();
	MUST(write(user->done[1], &n, sizeof(n)) == sizeof(n));
	MUST(read(user->go[0], &byte, 1) == 1);
	_exit(0);
}

/* Return: what the child says, or -EIO if it says nothing. */
static long user_start(struct user *user, long (*take)(void))
{
	long n = -EIO;

	mp_write_file("/proc/sys/vm/drop_caches", "3");
	user->charged = mp_cgroup_charged();
	user->free = mp_free_kb();
	if (pipe(user->done) || pipe(user->go))
		return -errno;
	fflush(stdout);
	user->pid = fork();
	if (!user->pid)
		user_child(user, take);
	close(user->done[1]);
	if (read(user->done[0], &n, sizeof(n)) != sizeof(n))
		n = -EIO;
	close(user->done[0]);
	return n;
}

/* Return: how it ended. */
static int user_end(struct user *user)
{
	int how = -1;

	/* Its own end of the pipe stays open here: it may be gone. */
	if (write(user->go[1], "", 1) != 1)
		return -errno;
	waitpid(user->pid, &how, 0);
	close(user->go[0]);
	close(user->go[1]);
	return how;
}

/* Memory that is gone and that the group does not know of. */
static long user_uncharged_kb(const struct user *user)
{
	long gone = user->free - mp_free_kb();
	long charged = (mp_cgroup_charged() - user->charged) * mp_page_kb();

	printf("# gone %ld kB, charged %ld kB\n", gone, charged);
	if (mp_kmemleak_there())
		gone -= gone / NOTES_SHARE;
	return gone - charged;
}

FIXTURE(charge) {
	int pools;
};

FIXTURE_SETUP(charge)
{
	self->pools = mp_stat_pools("*");
	ASSERT_EQ(0, mp_cgroup_make("+memory"));
	ASSERT_EQ(0, mp_write_long(MP_GROUP "/memory.max", LIMIT));
}

FIXTURE_TEARDOWN(charge)
{
	EXPECT_EQ(self->pools, mp_stat_pools("*"));
	EXPECT_EQ(0, mp_cgroup_rmdir());
	EXPECT_EQ(0, mp_cgroup_end());
}

/* Return: how many there are, up to @most. */
static long take_buffers(long most)
{
	long n;

	for (n = 0; n < most; n++)
		if (buffers_create("taken", mp_page_size()) < 0)
			break;
	return n;
}

static long take_many(void)
{
	return take_buffers(BUFFERS);
}

static long take_one_share_it(void)
{
	int fd = buffers_create("taken", mp_page_size());
	long n;

	for (n = 0; n < SHARES; n++)
		if (buffers_share(fd) < 0)
			break;
	return n;
}

/* A page each, and a pool with its handle, file, inode and debugfs. */
TEST_F(charge, small_buffers)
{
	long n, uncharged;
	struct user user;

	n = user_start(&user, take_many);
	uncharged = user_uncharged_kb(&user);
	EXPECT_EQ(0, user_end(&user));
	ASSERT_EQ(BUFFERS, n);
	printf("# %ld bytes uncharged for each of %ld\n",
	       uncharged * 1024 / n, n);
	EXPECT_GE(SLACK_KB, uncharged);
}

TEST_F(charge, shares)
{
	struct user user;
	long uncharged;

	EXPECT_EQ(SHARES, user_start(&user, take_one_share_it));
	uncharged = user_uncharged_kb(&user);
	EXPECT_EQ(0, user_end(&user));
	EXPECT_GE(SLACK_KB, uncharged);
}

/*
 * All that the group may have, in the smallest pieces.  At the limit a call
 * fails, or the group's OOM killer comes, as for everybody: then or, as there
 * is nothing left, at the next page that the process touches.
 */
static long take_all(void)
{
	return take_buffers(19000);
}

TEST_F(charge, limit_holds)
{
	struct user user = {};
	long n, uncharged;
	int how;

	ASSERT_EQ(0, mp_write_long(MP_GROUP "/memory.max", 16 * MIB));
	mp_kmsg_say("mp-allow-begin: ", "oom_kill_process|warn_alloc");
	n = user_start(&user, take_all);
	uncharged = user_uncharged_kb(&user);
	how = user_end(&user);
	mp_kmsg_say("mp-expect-end", "");
	EXPECT_TRUE((!how && n >= 0) ||
		    (WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL)) {
		TH_LOG("%#x instead of a kill at the limit", how);
	}
	printf("# %s, with %ld\n", how ? "killed" : "refused", n);
	EXPECT_GT(19000, n);
	EXPECT_GE(SLACK_KB, uncharged);
}

TEST_HARNESS_MAIN
