// SPDX-License-Identifier: GPL-2.0
/* What a user without privileges gets, and what he does not. */

#include <ftw.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "client.h"
#include "mp_books.h"
#include "mp_child.h"
#include "mp_fuzz_crowd.h"
#include "mp_harness.h"

#define PAGE		mp_page_size()
#define LIMIT		(8 * PAGE)
#define DEBUGFS		"/sys/kernel/debug"

static const char * const devices[] = {
	"/dev/movable_heap", "/dev/movable_edu0", "/dev/mp_test",
	"/dev/mp_frame",
};

static const int ways[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_NONBLOCK };

static int in_child(void (*live)(void))
{
	int how = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		live();
		_exit(0);
	}
	return waitpid(pid, &how, 0) == pid ? how : -errno;
}

/* Return: 0, or the errno of open(). */
static int opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void refuse_devices(void)
{
	unsigned int i, n;

	MUST(!mp_fuzz_become_nobody(LIMIT));
	for (i = 0; i < ARRAY_SIZE(devices); i++)
		for (n = 0; n < ARRAY_SIZE(ways); n++)
			MUST(opens(devices[i], ways[n]) == EACCES);
}

TEST(devices_for_root)
{
	struct stat stat;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		ASSERT_EQ(0, lstat(devices[i], &stat)) {
			TH_LOG("no %s", devices[i]);
		}
		EXPECT_EQ(S_IFCHR | 0600, stat.st_mode);
		EXPECT_EQ(0, stat.st_uid);
		EXPECT_EQ(0, opens(devices[i], O_RDWR));
	}
	EXPECT_EQ(0, in_child(refuse_devices));
}

static void make_buffers(void)
{
	int fd, shared;

	MUST(!mp_fuzz_become_nobody(LIMIT));
	fd = buffers_create("nobody", LIMIT);
	MUST(fd >= 0);
	MUST(buffers_create("nobody", 1) == -ENOMEM);
	shared = buffers_share(fd);
	MUST(shared >= 0);
	MUST(buffers_map(shared, PAGE, PROT_WRITE) == MAP_FAILED);
	MUST(errno == EACCES);
}

TEST(device_for_everybody)
{
	struct stat stat;

	ASSERT_EQ(0, lstat(BUFFERS_DEVICE, &stat));
	EXPECT_EQ(S_IFCHR | 0666, stat.st_mode);
	EXPECT_EQ(0, in_child(make_buffers));
}

static void share_is_not_to_write(void)
{
	struct movable_buffers_move move;
	int fd, shared;
	void *addr;

	MUST(!mp_fuzz_become_nobody(LIMIT));
	fd = buffers_create("nobody", PAGE);
	shared = buffers_share(fd);
	MUST(shared >= 0);
	MUST(!buffers_move(fd, 1, 0, &move));
	MUST(buffers_move(shared, 1, 0, &move) == -EBADF);
	addr = buffers_map(shared, PAGE, PROT_READ);
	MUST(addr != MAP_FAILED);
	MUST(mprotect(addr, PAGE, PROT_READ | PROT_WRITE) && errno == EACCES);
	MUST(mprotect(addr, PAGE, PROT_READ | PROT_EXEC) && errno == EACCES);
}

TEST(share_of_a_buffer_is_not_to_write)
{
	EXPECT_EQ(0, in_child(share_is_not_to_write));
}

/* Return: 0 or -errno. */
static int drop_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[capability / 32].effective &= ~(1U << capability % 32);
	data[capability / 32].permitted &= ~(1U << capability % 32);
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/* CAP_IPC_LOCK is what makes the difference, not the user. */
static void lock_without_capability(void)
{
	int fd;

	MUST(!mp_fuzz_limit(RLIMIT_MEMLOCK, LIMIT));
	fd = buffers_create("root", LIMIT + PAGE);
	MUST(fd >= 0);
	close(fd);
	MUST(!drop_capability(CAP_IPC_LOCK));
	MUST(buffers_create("root", LIMIT + PAGE) == -ENOMEM);
	MUST(buffers_create("root", LIMIT) >= 0);
}

TEST(locked_memory_takes_a_capability)
{
	EXPECT_EQ(0, in_child(lock_without_capability));
}

/* Who has all capabilities, but in a user namespace of his own. */
static void lock_in_namespace(void)
{
	MUST(!mp_fuzz_become_nobody(LIMIT));
	MUST(!unshare(CLONE_NEWUSER));
	MUST(buffers_create("spaced", LIMIT + PAGE) == -ENOMEM);
	MUST(opens("/dev/movable_heap", O_RDWR) == EACCES);
}

TEST(root_of_a_namespace_is_nobody)
{
	if (access("/proc/self/ns/user", F_OK))
		SKIP(return, "there are no user namespaces");
	EXPECT_EQ(0, in_child(lock_in_namespace));
}

/* Files of debugfs that nobody could open if the mount did not hide them. */

static int files, open_to_others, opened;

static int look_at_mode(const char *path, const struct stat *stat, int type,
			struct FTW *ftw)
{
	if (type == FTW_F) {
		files++;
		open_to_others += stat->st_uid || stat->st_mode & 077;
	} else if (stat->st_uid || stat->st_mode & 022) {
		open_to_others++;
	}
	return 0;
}

static int try_to_open(const char *path, const struct stat *stat, int type,
		       struct FTW *ftw)
{
	unsigned int n;

	if (type != FTW_F)
		return 0;
	files++;
	for (n = 0; n < ARRAY_SIZE(ways); n++)
		opened += opens(path, ways[n]) != EACCES;
	return 0;
}

static void open_debugfs(void)
{
	files = 0;
	MUST(!mp_fuzz_become_nobody(LIMIT));
	nftw(MP_DEBUGFS, try_to_open, 16, FTW_PHYS);
	MUST(files > 8 && !opened);
}

/* Those of a pool, too, that such a user has asked for. */
static void make_pool_and_look(void)
{
	MUST(!mp_fuzz_become_nobody(LIMIT));
	MUST(buffers_create("nobody", PAGE) >= 0);
	files = 0;
	nftw(MP_DEBUGFS, try_to_open, 16, FTW_PHYS);
	MUST(files > 12 && !opened);
}

TEST(debugfs_for_root)
{
	int fd = buffers_create("rooted", PAGE);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mount(NULL, DEBUGFS, NULL, MS_REMOUNT, "mode=755"));
	files = 0;
	EXPECT_EQ(0, nftw(MP_DEBUGFS, look_at_mode, 16, FTW_PHYS));
	EXPECT_LT(8, files);
	EXPECT_EQ(0, open_to_others);
	EXPECT_EQ(0, in_child(open_debugfs));
	EXPECT_EQ(0, in_child(make_pool_and_look));
	EXPECT_EQ(0, mount(NULL, DEBUGFS, NULL, MS_REMOUNT, "mode=700"));
	close(fd);
}

TEST(parameters_for_root)
{
	static const char * const patterns[] = {
		"/sys/module/movable_*/parameters/*",
		"/sys/module/mp_*/parameters/*",
	};
	unsigned int i, n, found = 0;
	struct stat stat;
	glob_t paths;

	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		if (glob(patterns[i], 0, NULL, &paths))
			continue;
		for (n = 0; n < paths.gl_pathc; n++) {
			ASSERT_EQ(0, lstat(paths.gl_pathv[n], &stat));
			EXPECT_EQ(0, stat.st_mode & 022);
			EXPECT_EQ(0, stat.st_uid);
		}
		found += paths.gl_pathc;
		globfree(&paths);
	}
	EXPECT_LE(1, found);
}

TEST_HARNESS_MAIN
