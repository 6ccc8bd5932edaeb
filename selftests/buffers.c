// SPDX-License-Identifier: GPL-2.0
/* The buffers of samples/buffers, through /dev/movable_buffers. */

#define _GNU_SOURCE
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "client.h"
#include "mp_cgroup.h"
#include "mp_cpu_lists.h"
#include "mp_file.h"
#include "mp_harness.h"
#include "mp_lever.h"
#include "mp_module.h"
#include "mp_stat.h"
#include "mp_warning.h"

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101	/* asm-generic/mman-common.h */
#endif

#define MIB		(1UL << 20)
#define PAGE		mp_page_size()
#define NOBODY		1000
#define MEMINFO		"/proc/meminfo"
#define TOLERANCE	2048	/* kB that others may take meanwhile */

/*
 * Calls: 0 or more, or -errno
 */

static int create_as(const struct movable_buffers_create *req)
{
	int device = open(BUFFERS_DEVICE, O_RDWR | O_CLOEXEC);
	int fd = ioctl(device, MOVABLE_BUFFERS_CREATE, req);

	if (fd < 0)
		fd = -errno;
	close(device);
	return fd;
}

static int create_sized(unsigned long long size)
{
	return buffers_create("sized", size);
}

static int create_named(const char *name)
{
	return buffers_create(name, 1);
}

static int call(int fd, unsigned long request, void *arg)
{
	int result = ioctl(fd, request, arg);

	return result < 0 ? -errno : result;
}

static struct movable_buffers_status status(int fd)
{
	struct movable_buffers_status it;

	memset(&it, 0xff, sizeof(it));
	buffers_status(fd, &it);
	return it;
}

static bool closes_on_exec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static long locked_kb(void)
{
	return mp_read_field("/proc/self/status", "VmLck");
}

/*
 * Contents
 */

static void fill(void *addr, size_t size, unsigned long seed)
{
	unsigned long *words = addr;
	size_t i;

	for (i = 0; i < size / sizeof(*words); i++)
		words[i] = (i + seed) * 0x9e3779b97f4a7c15;
}

/* Return: words that fill() has not written. */
static size_t wrong(const void *addr, size_t size, unsigned long seed)
{
	const unsigned long *words = addr;
	size_t i, bad = 0;

	for (i = 0; i < size / sizeof(*words); i++)
		bad += words[i] != (i + seed) * 0x9e3779b97f4a7c15;
	return bad;
}

/* A new buffer, mapped and filled; its descriptor is closed. */
static void *make_mapped(const char *name, size_t size, unsigned long seed)
{
	int fd = buffers_create(name, size);
	void *addr;

	if (fd < 0)
		return MAP_FAILED;
	addr = buffers_map(fd, size, PROT_READ | PROT_WRITE);
	close(fd);
	if (addr != MAP_FAILED)
		fill(addr, size, seed);
	return addr;
}

/*
 * Children, which end with what was not so: the harness counts in this process
 * alone.
 */

static void must(bool holds, const char *what, int line)
{
	if (holds)
		return;
	printf("# %s:%d: not so: %s\n", __FILE__, line, what);
	fflush(stdout);
	_exit(1);
}

#define MUST(what)	must(what, #what, __LINE__)

static pid_t start(int (*live)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(live(arg));
	return pid;
}

static int end(pid_t pid)
{
	int how = -1;

	return waitpid(pid, &how, 0) == pid ? how : -errno;
}

static int in_child(int (*live)(void *), void *arg)
{
	return end(start(live, arg));
}

static int limit(int resource, unsigned long most)
{
	struct rlimit limit = { .rlim_cur = most, .rlim_max = most };

	return setrlimit(resource, &limit) ? -errno : 0;
}

static int become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return -errno;
	return 0;
}

/*
 * What must be so after each test
 */

FIXTURE(buffers) {
	long reserve;
	long mem_total;
	long locked;
};

FIXTURE_SETUP(buffers)
{
	self->reserve = mp_cpu_lists_shorten();
	ASSERT_LT(0, self->reserve);
	self->mem_total = mp_read_field(MEMINFO, "MemTotal");
	self->locked = locked_kb();
	ASSERT_EQ(0, mp_stat_pools("*"));
}

FIXTURE_TEARDOWN(buffers)
{
	EXPECT_EQ(0, mp_stat_pools("*"));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(self->locked, locked_kb());
	EXPECT_EQ(self->mem_total, mp_read_field(MEMINFO, "MemTotal"));
	EXPECT_EQ(0, mp_write_long(MP_RESERVE, self->reserve));
}

#define BUFFERS_F(name)	TEST_F(buffers, name)

BUFFERS_F(is_what_was_asked_for)
{
	int fd = buffers_create("mine", MIB);
	struct movable_buffers_status it = status(fd);
	char *bytes = buffers_map(fd, MIB, PROT_READ | PROT_WRITE);
	size_t i, set = 0;

	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, bytes);
	EXPECT_STREQ("mine", it.name);
	EXPECT_EQ(MIB, it.size);
	EXPECT_EQ(MIB / PAGE, it.pages);
	EXPECT_EQ(1, closes_on_exec(fd));
	EXPECT_EQ(0, mp_stat("mine", "unpublished"));
	for (i = 0; i < MIB; i++)
		set += !!bytes[i];
	EXPECT_EQ(0, set);
	fill(bytes, MIB, 1);
	EXPECT_EQ(0, wrong(bytes, MIB, 1));
	munmap(bytes, MIB);
	close(fd);
}

BUFFERS_F(shared_is_the_same_to_be_read_only)
{
	int fd = buffers_create("shared", MIB), shared, again;
	void *mine, *theirs;

	ASSERT_LE(0, fd);
	shared = buffers_share(fd);
	again = buffers_share(shared);
	ASSERT_LE(0, shared);
	ASSERT_LE(0, again);
	EXPECT_EQ(1, closes_on_exec(shared));
	mine = buffers_map(fd, MIB, PROT_READ | PROT_WRITE);
	theirs = buffers_map(again, MIB, PROT_READ);
	ASSERT_NE(MAP_FAILED, mine);
	ASSERT_NE(MAP_FAILED, theirs);
	fill(mine, MIB, 2);
	EXPECT_EQ(0, wrong(theirs, MIB, 2));
	EXPECT_EQ(MAP_FAILED, buffers_map(shared, MIB, PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, buffers_map(again, MIB, PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(theirs, MIB, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MIB, status(again).size);
	close(fd);
	close(again);
	munmap(mine, MIB);
	EXPECT_EQ(0, wrong(theirs, MIB, 2));
	munmap(theirs, MIB);
	EXPECT_EQ(1, mp_stat_pools("shared"));
	close(shared);
}

BUFFERS_F(sizes_are_rounded_up_to_pages)
{
	const size_t sizes[] = { 1, PAGE - 1, PAGE, PAGE + 1, 10 * PAGE - 3 };
	size_t i, pages;

	for (i = 0; i < 5; i++) {
		int fd = create_sized(sizes[i]);

		pages = (sizes[i] + PAGE - 1) / PAGE;
		ASSERT_LE(0, fd);
		EXPECT_EQ(pages, status(fd).pages);
		EXPECT_EQ(pages * PAGE, status(fd).size);
		close(fd);
	}
}

BUFFERS_F(sizes_no_buffer_has)
{
	EXPECT_EQ(-EINVAL, create_sized(0));
	EXPECT_EQ(-EINVAL, create_sized(MOVABLE_BUFFERS_MAX_SIZE + 1));
	EXPECT_EQ(-EINVAL, create_sized(1ULL << 63));
	EXPECT_EQ(-EINVAL, create_sized(~0ULL));
	EXPECT_EQ(-EINVAL, create_sized(~0ULL - PAGE + 2));
}

BUFFERS_F(names_no_buffer_has)
{
	struct movable_buffers_create endless = { .size = 1 };
	char longest[MOVABLE_BUFFERS_NAME_LEN] = {};
	int fd;

	memset(endless.name, 'x', sizeof(endless.name));
	EXPECT_EQ(-EINVAL, create_as(&endless));
	EXPECT_EQ(-EINVAL, create_named(""));
	EXPECT_EQ(-EINVAL, create_named("a/b"));
	EXPECT_EQ(-EINVAL, create_named("two\nlines"));
	EXPECT_EQ(-EINVAL, create_named("\xc3\xa9"));
	memset(longest, '%', sizeof(longest) - 1);
	fd = create_named(longest);
	ASSERT_LE(0, fd);
	EXPECT_STREQ(longest, status(fd).name);
	close(fd);
}

BUFFERS_F(calls_that_do_not_exist)
{
	struct movable_buffers_create flags = {
		.name = "x", .size = 1, .flags = 1,
	};
	int device = open(BUFFERS_DEVICE, O_RDWR | O_CLOEXEC);
	int fd = create_named("x");

	ASSERT_LE(0, device);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, create_as(&flags));
	EXPECT_EQ(-EFAULT, create_as(NULL));
	EXPECT_EQ(-EFAULT, create_as((void *)-8L));
	EXPECT_EQ(-EFAULT, call(fd, MOVABLE_BUFFERS_STATUS, NULL));
	EXPECT_EQ(-ENOTTY, call(fd, MOVABLE_BUFFERS_CREATE, &flags));
	EXPECT_EQ(-ENOTTY, call(device, MOVABLE_BUFFERS_STATUS, &flags));
	EXPECT_EQ(-ENOTTY, call(device, MOVABLE_BUFFERS_SHARE, NULL));
	EXPECT_EQ(-ENOTTY, call(device, _IO('m', 0x7f), NULL));
	EXPECT_EQ(-ENOTTY, call(fd, _IO('m', 0x7f), NULL));
	EXPECT_EQ(MAP_FAILED, buffers_map(device, PAGE, PROT_READ));
	EXPECT_EQ(ENODEV, errno);
	close(device);
	close(fd);
}

/* What users can do wrong, each of it. */
static void misbehave(void)
{
	struct movable_buffers_create flags = {
		.name = "x", .size = 1, .flags = ~0ULL,
	};
	int fd = create_named("x"), shared = buffers_share(fd);

	MUST(fd >= 0 && shared >= 0);
	MUST(create_as(&flags) == -EINVAL);
	MUST(create_named("a/b") == -EINVAL);
	MUST(create_named("") == -EINVAL);
	MUST(create_sized(0) == -EINVAL);
	MUST(create_sized(~0ULL) == -EINVAL);
	MUST(create_sized(MOVABLE_BUFFERS_MAX_SIZE) == -ENOMEM);
	MUST(create_as(NULL) == -EFAULT);
	MUST(call(fd, MOVABLE_BUFFERS_STATUS, NULL) == -EFAULT);
	MUST(call(fd, _IO('m', 0x7f), NULL) == -ENOTTY);
	MUST(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED);
	MUST(buffers_map(fd, PAGE, PROT_EXEC) == MAP_FAILED);
	MUST(buffers_map(shared, PAGE, PROT_WRITE) == MAP_FAILED);
	MUST(ftruncate(fd, 0) && fallocate(fd, 0, 0, PAGE));
	MUST(read(fd, &flags, 1) < 0 && write(fd, &flags, 1) < 0);
	close(fd);
	close(shared);
}

static int misbehave_as_nobody(void *unused)
{
	int i;

	MUST(!limit(RLIMIT_MEMLOCK, MIB) && !become_nobody());
	for (i = 0; i < 50; i++)
		misbehave();
	return 0;
}

BUFFERS_F(log_does_not_grow)
{
	int ours = mp_kmsg_listen(SEEK_END), allocs = mp_kmsg_listen(SEEK_END);
	int control = mp_kmsg_listen(SEEK_END);

	EXPECT_EQ(0, in_child(misbehave_as_nobody, NULL));
	EXPECT_EQ(0, mp_kmsg_heard(ours, "movable_"));
	EXPECT_EQ(0, mp_kmsg_heard(allocs, "allocation failure"));
	mp_kmsg_say("movable_pool: heard", "\n");
	EXPECT_EQ(1, mp_kmsg_heard(control, "movable_pool: heard"));
}

/* In pages of the limit: 4 and 4, then no more until all of one has gone. */
static int fill_limit(void *unused)
{
	int first, second;
	void *addr;

	MUST(!limit(RLIMIT_MEMLOCK, 8 * PAGE) && !become_nobody());
	MUST(create_sized(9 * PAGE) == -ENOMEM);
	first = create_sized(4 * PAGE);
	second = create_sized(4 * PAGE);
	MUST(first >= 0 && second >= 0);
	MUST(locked_kb() == 8 * mp_page_kb());
	MUST(create_sized(1) == -ENOMEM);
	addr = buffers_map(first, 4 * PAGE, PROT_WRITE);
	MUST(addr != MAP_FAILED);
	close(first);
	MUST(create_sized(1) == -ENOMEM);
	munmap(addr, 4 * PAGE);
	MUST(locked_kb() == 4 * mp_page_kb());
	first = create_sized(4 * PAGE);
	MUST(first >= 0);
	MUST(create_sized(1) == -ENOMEM);
	return 0;
}

BUFFERS_F(count_as_locked_memory)
{
	EXPECT_EQ(0, in_child(fill_limit, NULL));
}

static int exceed_limit(void *unused)
{
	int fd;

	MUST(!limit(RLIMIT_MEMLOCK, 8 * PAGE));
	fd = create_sized(9 * PAGE);
	MUST(fd >= 0);
	MUST(locked_kb() == 9 * mp_page_kb());
	return 0;
}

BUFFERS_F(privileged_have_no_limit)
{
	EXPECT_EQ(0, in_child(exceed_limit, NULL));
}

BUFFERS_F(mapping_keeps_it)
{
	void *addr = make_mapped("kept", MIB, 3);

	ASSERT_NE(MAP_FAILED, addr);
	EXPECT_EQ(1, mp_stat_pools("kept"));
	EXPECT_EQ(0, wrong(addr, MIB, 3));
	munmap(addr, MIB / 2);
	EXPECT_EQ(1, mp_stat_pools("kept"));
	munmap((char *)addr + MIB / 2, MIB / 2);
	EXPECT_EQ(0, mp_stat_pools("kept"));
}

BUFFERS_F(module_stays_while_there_is_one)
{
	void *addr = make_mapped("last", PAGE, 4);

	ASSERT_NE(MAP_FAILED, addr);
	EXPECT_EQ(-EWOULDBLOCK, mp_module_unload("movable_buffers"));
	EXPECT_EQ(0, wrong(addr, PAGE, 4));
	munmap(addr, PAGE);
}

/*
 * From one process to another
 */

union control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

static int send_fd(int socket, int fd)
{
	union control control = {};
	struct iovec byte = { .iov_base = "", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int socket)
{
	union control control = {};
	char byte;
	struct iovec to = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &to, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &message, 0) != 1)
		return -errno;
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

static int send_shared(void *arg)
{
	int fd = buffers_create("handed", MIB), shared = buffers_share(fd);
	void *addr = buffers_map(fd, MIB, PROT_WRITE);

	MUST(shared >= 0 && addr != MAP_FAILED);
	fill(addr, MIB, 5);
	MUST(!send_fd(*(int *)arg, shared));
	return 0;
}

/* Who is charged for it is no more when it goes. */
BUFFERS_F(outlives_its_creator)
{
	int ends[2], fd;
	void *addr;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	EXPECT_EQ(0, in_child(send_shared, &ends[1]));
	fd = receive_fd(ends[0]);
	ASSERT_LE(0, fd);
	addr = buffers_map(fd, MIB, PROT_READ);
	ASSERT_NE(MAP_FAILED, addr);
	EXPECT_EQ(0, wrong(addr, MIB, 5));
	EXPECT_EQ(MAP_FAILED, buffers_map(fd, MIB, PROT_WRITE));
	EXPECT_STREQ("handed", status(fd).name);
	EXPECT_EQ(self->locked, locked_kb());
	munmap(addr, MIB);
	EXPECT_EQ(1, mp_stat_pools("handed"));
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

static int answer(void *arg)
{
	int fd = receive_fd(*(int *)arg);
	void *addr = buffers_map(fd, MIB, PROT_READ | PROT_WRITE);

	MUST(addr != MAP_FAILED);
	MUST(!wrong(addr, MIB, 6));
	fill(addr, MIB, 7);
	return 0;
}

BUFFERS_F(both_processes_write)
{
	int ends[2], fd = buffers_create("both", MIB);
	void *addr = buffers_map(fd, MIB, PROT_READ | PROT_WRITE);
	pid_t child;

	ASSERT_NE(MAP_FAILED, addr);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	child = start(answer, &ends[1]);
	fill(addr, MIB, 6);
	ASSERT_EQ(0, send_fd(ends[0], fd));
	close(fd);
	EXPECT_EQ(0, end(child));
	EXPECT_EQ(0, wrong(addr, MIB, 7));
	munmap(addr, MIB);
	close(ends[0]);
	close(ends[1]);
}

/*
 * Moves
 */

#define MANY		40
#define SIZE		(4 * MIB)
#define LEAST_MOVES	1000

struct many {
	int fd[MANY];
	void *addr[MANY];
};

static int many_make(struct many *many)
{
	int i;

	for (i = 0; i < MANY; i++) {
		many->fd[i] = buffers_create("many", SIZE);
		if (many->fd[i] < 0)
			return many->fd[i];
		many->addr[i] = buffers_map(many->fd[i], SIZE,
					    PROT_READ | PROT_WRITE);
		if (many->addr[i] == MAP_FAILED)
			return -errno;
		fill(many->addr[i], SIZE, i);
	}
	return 0;
}

static void many_drop(struct many *many, int i)
{
	if (many->fd[i] < 0)
		return;
	munmap(many->addr[i], SIZE);
	close(many->fd[i]);
	many->fd[i] = -1;
}

static unsigned long many_moved(const struct many *many)
{
	unsigned long moved = 0;
	int i;

	for (i = 0; i < MANY; i++)
		if (many->fd[i] >= 0)
			moved += status(many->fd[i]).migrated;
	return moved;
}

BUFFERS_F(contents_survive_moves)
{
	struct many many;
	int i, kept = 0;

	ASSERT_EQ(0, many_make(&many));
	for (i = 1; i < MANY && many_moved(&many) < LEAST_MOVES; i += 2) {
		many_drop(&many, i);
		ASSERT_EQ(0, mp_compact());
	}
	TH_LOG("%lu pages moved, %d holes", many_moved(&many), i / 2);
	EXPECT_LE(LEAST_MOVES, many_moved(&many));
	for (i = 0; i < MANY; i++) {
		if (many.fd[i] < 0)
			continue;
		EXPECT_EQ(0, wrong(many.addr[i], SIZE, i));
		kept++;
		many_drop(&many, i);
	}
	EXPECT_LE(MANY / 2, kept);
}

/* A pipe has a reference to one page. */
BUFFERS_F(status_is_what_debugfs_says)
{
	int fd = buffers_create("one", 64 * MIB), ends[2];
	void *addr = buffers_map(fd, 64 * MIB, PROT_READ | PROT_WRITE);
	struct iovec page = { .iov_base = addr, .iov_len = PAGE };
	struct movable_buffers_status it;

	ASSERT_NE(MAP_FAILED, addr);
	fill(addr, 64 * MIB, 8);
	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(PAGE, vmsplice(ends[1], &page, 1, 0));
	EXPECT_EQ(-1, madvise(addr, PAGE, MADV_SOFT_OFFLINE));
	EXPECT_EQ(0, madvise(addr + PAGE, PAGE, MADV_SOFT_OFFLINE));
	EXPECT_EQ(0, mp_stat_at_rest("one"));
	it = status(fd);
	EXPECT_LE(1, it.migrated);
	EXPECT_LE(1, it.refused_referenced);
	EXPECT_EQ(mp_stat("one", "pages"), it.pages);
	EXPECT_EQ(mp_stat("one", "migrated"), it.migrated);
	EXPECT_EQ(mp_stat("one", "refused_pinned"), it.refused_pinned);
	EXPECT_EQ(mp_stat("one", "refused_referenced"), it.refused_referenced);
	EXPECT_EQ(mp_stat("one", "attempted"),
		  it.migrated + it.refused_pinned + it.refused_referenced +
		  it.refused_other);
	EXPECT_EQ(0, wrong(addr, 64 * MIB, 8));
	close(ends[0]);
	close(ends[1]);
	munmap(addr, 64 * MIB);
	close(fd);
}

/*
 * What goes wrong on the way
 */

#define LARGE	(256 * MIB)

/* What is on its way comes. */
static long free_become(long least)
{
	int tries = 300;

	while (mp_free_kb() < least && tries--)
		usleep(10000);
	return mp_free_kb();
}

static int create_large(void *unused)
{
	return buffers_create("large", LARGE) < 0;
}

BUFFERS_F(killed_while_it_is_made)
{
	long before = mp_free_kb();
	pid_t child = start(create_large, NULL);
	int how;

	while (mp_stat("large", "pages") < 1000)
		if (waitpid(child, &how, WNOHANG))
			break;
	ASSERT_EQ(0, kill(child, SIGKILL));
	how = end(child);
	ASSERT_TRUE(WIFSIGNALED(how));
	EXPECT_EQ(SIGKILL, WTERMSIG(how));
	EXPECT_EQ(0, mp_stat_pools("large"));
	EXPECT_LE(before - TOLERANCE, free_become(before - TOLERANCE));
}

static int create_until_none_is_left(void *unused)
{
	int fd, spare, last = -1, made = 0;

	MUST(!limit(RLIMIT_NOFILE, 300));
	while ((fd = buffers_create("few", PAGE)) >= 0) {
		last = fd;
		made++;
	}
	MUST(fd == -EMFILE && made > 250 && mp_stat_pools("few") == made);
	/* There is one left, which the device was opened as. */
	spare = dup(last);
	MUST(spare >= 0 && buffers_share(last) == -EMFILE);
	close(spare);
	MUST(mp_stat_pools("few") == made);
	MUST(locked_kb() == made * mp_page_kb());
	return 0;
}

BUFFERS_F(as_many_as_descriptors)
{
	EXPECT_EQ(0, in_child(create_until_none_is_left, NULL));
}

static int create_and_close(int rounds)
{
	int fd;

	while (rounds--) {
		fd = buffers_create("round", 16 * PAGE);
		if (fd < 0)
			return fd;
		close(fd);
	}
	return 0;
}

static long slab_kb(void)
{
	return mp_read_field(MEMINFO, "SUnreclaim");
}

BUFFERS_F(nothing_is_left_of_a_thousand)
{
	long memory, slab;

	ASSERT_EQ(0, create_and_close(50));
	memory = mp_free_kb();
	slab = slab_kb();
	ASSERT_EQ(0, create_and_close(1000));
	printf("# kB after 1000 rounds: %ld free, %ld of slab\n",
	       mp_free_kb() - memory, slab_kb() - slab);
	EXPECT_LE(memory - TOLERANCE, free_become(memory - TOLERANCE));
	EXPECT_GE(slab + TOLERANCE, slab_kb());
}

static int create_in_cgroup(void *unused)
{
	long before, pages = 8 * MIB / PAGE;
	int fd;

	MUST(!mp_cgroup_enter(getpid()));
	before = mp_cgroup_charged();
	MUST(create_sized(64 * MIB) == -ENOMEM);
	MUST(mp_cgroup_charged() < before + 128);
	fd = create_sized(8 * MIB);
	MUST(fd >= 0);
	MUST(mp_cgroup_charged() - before >= pages - 128);
	close(fd);
	MUST(mp_cgroup_charged() < before + 128);
	return 0;
}

BUFFERS_F(cgroup_has_a_limit)
{
	ASSERT_EQ(0, mp_cgroup_make("+memory"));
	ASSERT_EQ(0, mp_write_long(MP_GROUP "/memory.max", 16 * MIB));
	EXPECT_EQ(0, in_child(create_in_cgroup, NULL));
	EXPECT_EQ(0, mp_read_field(MP_GROUP "/memory.events",
				   "oom_kill"));
	EXPECT_EQ(0, mp_cgroup_rmdir());
	EXPECT_EQ(0, mp_cgroup_end());
}

TEST_HARNESS_MAIN
