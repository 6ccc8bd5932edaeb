// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped pools: what processes try that they cannot have.  Each gets the errno
 * a Linux user expects, changes nothing, and has the kernel say nothing.
 */

#include <limits.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mp_mapped_fixture.h"
#include "mp_module.h"
#include "mp_touch.h"

#define SEED	MP_MAPPED_SEED
#define RW	(PROT_READ | PROT_WRITE)
#define NOBODY	65534

/* @call must fail with @error. */
#define EXPECT_ERRNO(error, call) do { \
	errno = 0; \
	EXPECT_EQ(-1, (long)(call)); \
	EXPECT_EQ(error, errno) { \
		TH_LOG("%s", #call); \
	} \
} while (0)

/* The name under which everybody finds the file of an open descriptor. */
static const char *name_of(int file)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return path;
}

static void unharmed(struct __test_metadata *_metadata, struct mp_mapped *it)
{
	struct stat stat;

	ASSERT_EQ(0, fstat(it->file, &stat));
	EXPECT_EQ(mp_mapped_bytes(it), stat.st_size);
	EXPECT_EQ(0, mp_mapped_wrong(it, SEED));
	EXPECT_LE(PAGES, mp_mapped_move(it));
	EXPECT_EQ(0, mp_mapped_wrong(it, SEED));
}

/* By the system call itself: the C library has its own idea of offsets. */
static long map_at(int file, size_t bytes, unsigned long offset)
{
	return syscall(SYS_mmap, NULL, bytes, RW, MAP_SHARED, file, offset);
}

MAPPED_F(mmap_of_odd_places)
{
	struct mp_mapped *it = &self->it;
	size_t page = mp_page_size();

	mp_mapped_fill(it, SEED);
	EXPECT_ERRNO(EINVAL, map_at(it->file, page, 1));
	EXPECT_ERRNO(EINVAL, map_at(it->file, page, page / 2));
	EXPECT_ERRNO(EINVAL, map_at(it->file, 0, 0));
	EXPECT_ERRNO(EOVERFLOW, map_at(it->file, page, -page));
	EXPECT_ERRNO(ENOMEM, map_at(it->file, -page, 0));
	unharmed(_metadata, it);
}

/* Allowed, as for files: a file may grow.  This one does not. */
MAPPED_F(mmap_beyond_the_end)
{
	struct mp_mapped *it = &self->it;
	size_t page = mp_page_size();
	const unsigned long offsets[] = {
		mp_mapped_bytes(it), 2 * mp_mapped_bytes(it), 1UL << 44,
		LONG_MAX - 2 * page + 1, 1UL << 63, -2 * page,
	};
	int i;

	mp_mapped_fill(it, SEED);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		long addr = map_at(it->file, page, offsets[i]);

		ASSERT_NE(-1, addr) {
			TH_LOG("offset %#lx", offsets[i]);
		}
		EXPECT_EQ(SIGBUS, mp_touch_read((void *)addr));
		EXPECT_EQ(SIGBUS, mp_touch_write((void *)addr));
		munmap((void *)addr, page);
	}
	unharmed(_metadata, it);
}

MAPPED_F(size_is_for_ever)
{
	struct mp_mapped *it = &self->it;
	const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	size_t all = mp_mapped_bytes(it);

	mp_mapped_fill(it, SEED);
	EXPECT_ERRNO(EINVAL, ftruncate(it->file, 0));
	EXPECT_ERRNO(EINVAL, ftruncate(it->file, 2 * all));
	EXPECT_ERRNO(EINVAL, truncate(name_of(it->file), 0));
	EXPECT_ERRNO(EACCES, open(name_of(it->file), O_RDWR | O_TRUNC));
	EXPECT_ERRNO(ENODEV, fallocate(it->file, 0, 0, 2 * all));
	EXPECT_ERRNO(ENODEV, fallocate(it->file, punch, 0, all));
	unharmed(_metadata, it);
}

MAPPED_F(file_is_not_read_or_written)
{
	struct mp_mapped *it = &self->it;
	char bytes[8] = "";

	mp_mapped_fill(it, SEED);
	EXPECT_ERRNO(EINVAL, read(it->file, bytes, 8));
	EXPECT_ERRNO(EINVAL, write(it->file, bytes, 8));
	EXPECT_ERRNO(ESPIPE, pread(it->file, bytes, 8, 0));
	EXPECT_ERRNO(ESPIPE, pwrite(it->file, bytes, 8, 0));
	EXPECT_ERRNO(ESPIPE, lseek(it->file, 0, SEEK_SET));
	EXPECT_ERRNO(ESPIPE, lseek(it->file, 0, SEEK_END));
	EXPECT_ERRNO(EINVAL, fsync(it->file));
	EXPECT_ERRNO(EINVAL, readahead(it->file, 0, 1));
	unharmed(_metadata, it);
}

MAPPED_F(file_is_not_spliced_or_copied)
{
	struct mp_mapped *it = &self->it;
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(8, write(ends[1], "contents", 8));
	mp_mapped_fill(it, SEED);
	EXPECT_ERRNO(EINVAL, splice(it->file, NULL, ends[1], NULL, 8, 0));
	EXPECT_ERRNO(EINVAL, splice(ends[0], NULL, it->file, NULL, 8, 0));
	EXPECT_ERRNO(EINVAL, sendfile(ends[1], it->file, NULL, 8));
	EXPECT_ERRNO(EINVAL, copy_file_range(it->file, NULL, it->file, NULL, 8,
					     0));
	unharmed(_metadata, it);
}

/* As root, whom no mode bits keep out; a read-only descriptor stays one. */
MAPPED_F(file_is_not_opened_again)
{
	struct mp_mapped *it = &self->it;
	int file = mp_mapped_open(self->fd, it->pool, O_RDONLY);
	const char *name = name_of(file);
	char mapping[80];

	ASSERT_LE(0, file);
	mp_mapped_fill(it, SEED);
	EXPECT_ERRNO(EACCES, open(name, O_RDONLY));
	EXPECT_ERRNO(EACCES, open(name, O_WRONLY));
	EXPECT_ERRNO(EACCES, open(name, O_RDWR));
	/* Where that is allowed, mode bits still do not help. */
	fchmod(file, 0777);
	EXPECT_ERRNO(EACCES, open(name, O_RDWR));
	EXPECT_ERRNO(EACCES, access(name, R_OK));
	snprintf(mapping, sizeof(mapping), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)it->words,
		 (unsigned long)it->words + mp_mapped_bytes(it));
	EXPECT_ERRNO(EACCES, open(mapping, O_RDWR));
	unharmed(_metadata, it);
	close(file);
}

MAPPED_F(file_is_not_executed)
{
	struct mp_mapped *it = &self->it;
	char *const args[] = { "x", NULL };

	mp_mapped_fill(it, SEED);
	EXPECT_ERRNO(EACCES, execve(name_of(it->file), args, args));
	EXPECT_ERRNO(EACCES, syscall(SYS_execveat, it->file, "", args, args,
				     AT_EMPTY_PATH));
	unharmed(_metadata, it);
}

/* A watch would hold the inode beyond its file system. */
MAPPED_F(file_is_not_watched_by_inotify)
{
	struct mp_mapped *it = &self->it;
	int watcher = inotify_init1(IN_CLOEXEC);

	ASSERT_LE(0, watcher);
	mp_mapped_fill(it, SEED);
	EXPECT_ERRNO(EACCES, inotify_add_watch(watcher, name_of(it->file),
					       IN_ALL_EVENTS));
	close(watcher);
	unharmed(_metadata, it);
}

/* Some kernels refuse to mark all of an internal file system before that. */
static void not_marked(struct __test_metadata *_metadata, int watcher,
		       int file, unsigned int kind)
{
	const unsigned int flags = FAN_MARK_ADD | kind;

	EXPECT_EQ(-1, fanotify_mark(watcher, flags, FAN_OPEN, AT_FDCWD,
				    name_of(file)));
	EXPECT_TRUE(errno == EACCES || (kind && errno == EINVAL));
	EXPECT_EQ(-1, fanotify_mark(watcher, flags, FAN_OPEN, file, NULL));
	EXPECT_TRUE(errno == EACCES || (kind && errno == EINVAL));
}

MAPPED_F(file_is_not_watched_by_fanotify)
{
	struct mp_mapped *it = &self->it;
	int watcher = fanotify_init(FAN_CLOEXEC, O_RDONLY);

	ASSERT_LE(0, watcher);
	mp_mapped_fill(it, SEED);
	not_marked(_metadata, watcher, it->file, FAN_MARK_INODE);
	not_marked(_metadata, watcher, it->file, FAN_MARK_MOUNT);
	not_marked(_metadata, watcher, it->file, FAN_MARK_FILESYSTEM);
	close(watcher);
	unharmed(_metadata, it);
}

/* Or they would keep the file system by a name. */
MAPPED_F(file_gets_no_name)
{
	struct mp_mapped *it = &self->it;
	int file = open("/target", O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	ASSERT_LE(0, file);
	mp_mapped_fill(it, SEED);
	EXPECT_ERRNO(EINVAL, mount(name_of(it->file), "/target", NULL, MS_BIND,
				   NULL));
	EXPECT_ERRNO(EXDEV, linkat(AT_FDCWD, name_of(it->file), AT_FDCWD,
				   "/link", AT_SYMLINK_FOLLOW));
	EXPECT_ERRNO(EXDEV, linkat(it->file, "", AT_FDCWD, "/link",
				   AT_EMPTY_PATH));
	EXPECT_ERRNO(ENODEV, mount("none", "/", "movable_mapped", 0, NULL));
	close(file);
	unlink("/target");
	unharmed(_metadata, it);
}

MAPPED_F(file_has_no_other_uses)
{
	struct mp_mapped *it = &self->it;
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	mp_mapped_fill(it, SEED);
	EXPECT_ERRNO(EPERM, epoll_ctl(epoll, EPOLL_CTL_ADD, it->file, &event));
	EXPECT_ERRNO(EINVAL, fcntl(it->file, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_ERRNO(EINVAL, fcntl(it->file, F_SETLEASE, F_RDLCK));
	EXPECT_ERRNO(ENOTTY, ioctl(it->file, MP_TEST_IOC_STATS, &event));
	close(epoll);
	unharmed(_metadata, it);
}

MAPPED_F(no_descriptor_left)
{
	struct mp_mapped *it = &self->it;
	struct rlimit all, some;

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &all));
	some = all;
	some.rlim_cur = 3;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &some));
	EXPECT_EQ(-EMFILE, mp_mapped_open(self->fd, it->pool, O_RDWR));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &all));
	unharmed(_metadata, it);
}

/* Everything of the above that a user can try, on two files. */
static void bad_calls(const struct mp_mapped *it, int read_only)
{
	size_t all = mp_mapped_bytes(it);
	void *addr;

	mmap(NULL, all, RW, MAP_PRIVATE, it->file, 0);
	mmap(NULL, all, PROT_READ | PROT_EXEC, MAP_SHARED, it->file, 0);
	mmap(NULL, all, RW, MAP_SHARED, read_only, 0);
	map_at(it->file, all, 1);
	mprotect(it->words, all, PROT_READ | PROT_EXEC);
	ftruncate(it->file, 0);
	fallocate(it->file, 0, 0, 2 * all);
	open(name_of(it->file), O_RDWR);
	madvise(it->words, all, MADV_REMOVE);
	addr = mmap(NULL, all, RW, MAP_SHARED, it->file, all);
	mp_touch_write(addr);
	munmap(addr, all);
}

/* As nobody in particular, @times.  Return: the child's exit status. */
static int nobody_calls(struct mp_mapped *it, int read_only, int times)
{
	int status = -1;
	pid_t child = fork();

	if (!child) {
		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(1);
		while (times--)
			bad_calls(it, read_only);
		_exit(mp_mapped_wrong(it, SEED) != 0);
	}
	waitpid(child, &status, 0);
	return status;
}

/* The machine may have its own to say meanwhile, but not a thousand lines. */
MAPPED_F(users_do_not_flood_the_log)
{
	struct mp_mapped *it = &self->it;
	int file = mp_mapped_open(self->fd, it->pool, O_RDONLY);
	int ours = mp_kmsg_listen(SEEK_END);
	int all = mp_kmsg_listen(SEEK_END);

	mp_mapped_fill(it, SEED);
	EXPECT_EQ(0, nobody_calls(it, file, 1000));
	EXPECT_EQ(0, mp_kmsg_heard(ours, "movable"));
	EXPECT_GT(20, mp_kmsg_count(all));
	unharmed(_metadata, it);
	close(file);
}

/* The same when the driver has destroyed the pool. */
MAPPED_F(users_of_a_dead_pool_do_not_flood_the_log)
{
	struct mp_mapped *it = &self->it;
	int ours, all, i, gone = 0;

	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_FREE, 0, PAGES));
	ASSERT_EQ(0, mp_destroy(self->fd, it->pool));
	ours = mp_kmsg_listen(SEEK_END);
	all = mp_kmsg_listen(SEEK_END);
	for (i = 0; i < 1000; i++) {
		gone += map_at(it->file, mp_page_size(), 0) == -1 &&
			errno == ENODEV;
		gone += mp_touch_write(it->words) == SIGBUS;
	}
	EXPECT_EQ(2000, gone);
	EXPECT_EQ(0, mp_kmsg_heard(ours, "movable"));
	EXPECT_GT(20, mp_kmsg_count(all));
}

/* Users may not have what it takes to see a pool's pages or make any. */
MAPPED_F(users_do_not_open_the_driver)
{
	int status = -1;
	pid_t child = fork();

	if (!child)
		_exit(setuid(NOBODY) || mp_open() != -EACCES);
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* Return: an O_PATH descriptor of a pool that is gone, as is its driver. */
static int path_of_the_gone(struct __test_metadata *_metadata)
{
	struct mp_world world;
	struct mp_mapped it;
	int path;

	ASSERT_EQ(0, mp_world_open(&world));
	ASSERT_EQ(0, mp_mapped_make(&it, world.fd, PAGES, 0));
	mp_mapped_fill(&it, SEED);
	path = open(name_of(it.file), O_PATH | O_CLOEXEC);
	EXPECT_LE(0, path);
	mp_mapped_end(&it);
	EXPECT_STREQ("", mp_world_close(&world));
	ASSERT_EQ(0, mp_module_unload("mp_test"));
	return path;
}

/* Such a file can do nothing but be held, and holds its file system. */
TEST(path_descriptor_holds_the_framework_alone)
{
	char parameters[64];
	struct stat stat;
	int path;

	mp_core_parameters("movable_pool", parameters, sizeof(parameters));
	path = path_of_the_gone(_metadata);
	EXPECT_EQ(-EWOULDBLOCK, mp_module_unload("movable_pool"));
	EXPECT_EQ(0, fstat(path, &stat));
	EXPECT_ERRNO(EBADF, map_at(path, mp_page_size(), 0));
	EXPECT_ERRNO(EACCES, open(name_of(path), O_RDWR));
	EXPECT_EQ(-EWOULDBLOCK, mp_module_unload("movable_pool"));
	close(path);
	ASSERT_EQ(0, mp_module_unload("movable_pool"));
	ASSERT_EQ(0, mp_module_load("movable_pool", parameters));
	EXPECT_EQ(0, mp_module_load("mp_test", ""));
}

/* Two mounts of it at a time: the one that is held, and a new one. */
TEST(path_descriptor_and_new_pools)
{
	char parameters[64];
	struct mp_world world;
	struct mp_mapped it;
	int path;

	mp_core_parameters("movable_pool", parameters, sizeof(parameters));
	path = path_of_the_gone(_metadata);
	ASSERT_EQ(0, mp_module_load("mp_test", ""));
	ASSERT_EQ(0, mp_world_open(&world));
	ASSERT_EQ(0, mp_mapped_make(&it, world.fd, PAGES, 0));
	mp_mapped_fill(&it, SEED);
	close(path);
	EXPECT_LE(PAGES, mp_mapped_move(&it));
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	mp_mapped_end(&it);
	EXPECT_STREQ("", mp_world_close(&world));
	ASSERT_EQ(0, mp_module_unload("mp_test"));
	ASSERT_EQ(0, mp_module_unload("movable_pool"));
	ASSERT_EQ(0, mp_module_load("movable_pool", parameters));
	EXPECT_EQ(0, mp_module_load("mp_test", ""));
}

TEST_HARNESS_MAIN
