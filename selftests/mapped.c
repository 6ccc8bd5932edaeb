// SPDX-License-Identifier: GPL-2.0
/* Mapped pools: what can be done with their files and mappings. */

#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mp_mapped_fixture.h"
#include "mp_merge.h"
#include "mp_module.h"
#include "mp_touch.h"

#define SEED	MP_MAPPED_SEED
#define RW	(PROT_READ | PROT_WRITE)

/* All pages move, and hold what mp_mapped_fill() wrote. */
static void moves_whole(struct __test_metadata *_metadata,
			const struct mp_mapped *it, __u64 seed)
{
	EXPECT_LE(it->pages, mp_mapped_move(it));
	EXPECT_EQ(0, mp_mapped_wrong(it, seed));
}

/* Return: another mapping of the whole pool. */
static void *map_again(const struct mp_mapped *it, int file, int prot,
		       int flags)
{
	return mmap(NULL, mp_mapped_bytes(it), prot, flags, file, 0);
}

static void *page_of(void *mapping, unsigned int index)
{
	return (char *)mapping + index * mp_page_size();
}

/* The pool through another mapping of its. */
static long wrong_at(const struct mp_mapped *it, void *mapping, __u64 seed)
{
	struct mp_mapped other = *it;

	other.words = mapping;
	return mp_mapped_wrong(&other, seed);
}

static void *second_mapping(struct __test_metadata *_metadata,
			    const struct mp_mapped *it, int prot, int flags)
{
	void *addr = map_again(it, it->file, prot, flags);

	EXPECT_NE(MAP_FAILED, addr);
	return addr;
}

/* Address space that nobody else has. */
static void *room_for(const struct mp_mapped *it)
{
	return mmap(NULL, mp_mapped_bytes(it), PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Also where kernel data has a page type, which mapping would destroy. */
MAPPED_F(pages_are_page_cache_R16)
{
	struct mp_test_stats stats = mp_stats(self->fd, self->it.pool);

	EXPECT_STREQ("cache", stats.backing);
}

MAPPED_F(process_and_kernel_see_the_same)
{
	struct mp_mapped *it = &self->it;

	mp_mapped_page(it, 7)[0] = 123;
	struct mp_test_call call = {
		.verb = MP_TEST_PEEK, .pool = it->pool, .first = 7, .count = 1,
	};
	ASSERT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(123, call.value);
	EXPECT_EQ(0, mp_arg(self->fd, it->pool, MP_TEST_FILL, 8, 1, 5));
	EXPECT_NE(0, mp_mapped_page(it, 8)[0]);
}

MAPPED_F(moves_with_contents)
{
	mp_mapped_fill(&self->it, SEED);
	moves_whole(_metadata, &self->it, SEED);
}

/* Migration entries: nobody has to touch a page to have the new one. */
MAPPED_F(page_tables_follow_moves)
{
	struct mp_mapped *it = &self->it;
	struct rusage before, after;

	mp_mapped_fill(it, SEED);
	EXPECT_EQ(PAGES, mp_mapped_resident(it, it->words));
	EXPECT_LE(PAGES, mp_mapped_move(it));
	EXPECT_EQ(PAGES, mp_mapped_resident(it, it->words));
	getrusage(RUSAGE_SELF, &before);
	EXPECT_EQ(0, mp_mapped_wrong(it, SEED));
	getrusage(RUSAGE_SELF, &after);
	EXPECT_EQ(before.ru_majflt, after.ru_majflt);
}

MAPPED_F(descriptor_is_closed_on_exec)
{
	int other = mp_mapped_open(self->fd, self->it.pool, O_RDONLY);

	EXPECT_EQ(FD_CLOEXEC, fcntl(self->it.file, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(other, F_GETFD));
	close(other);
}

MAPPED_F(file_has_the_size_of_the_pool)
{
	struct stat stat;

	ASSERT_EQ(0, fstat(self->it.file, &stat));
	EXPECT_EQ(mp_mapped_bytes(&self->it), stat.st_size);
	EXPECT_EQ(0, stat.st_mode & S_IFMT);
}

MAPPED_F(file_has_the_mode_it_was_opened_with)
{
	int other = mp_mapped_open(self->fd, self->it.pool, O_RDONLY);

	EXPECT_EQ(O_RDWR, fcntl(self->it.file, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(O_RDONLY, fcntl(other, F_GETFL) & O_ACCMODE);
	close(other);
}

/* A debugger's write goes round mprotect(), not round the file's mode. */
static int written_by_force(void *addr)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	__u64 word = 0;
	int n = pwrite(fd, &word, sizeof(word), (unsigned long)addr);

	close(fd);
	return n > 0;
}

MAPPED_F(read_only_file_is_read_only)
{
	struct mp_mapped *it = &self->it;
	int file = mp_mapped_open(self->fd, it->pool, O_RDONLY);
	void *addr;

	ASSERT_LE(0, file);
	mp_mapped_fill(it, SEED);
	addr = map_again(it, file, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, addr);
	EXPECT_EQ(0, wrong_at(it, addr, SEED));
	EXPECT_EQ(MAP_FAILED, map_again(it, file, RW, MAP_SHARED));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(addr, mp_mapped_bytes(it), RW));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(SIGSEGV, mp_touch_write(addr));
	EXPECT_FALSE(written_by_force(addr));
	moves_whole(_metadata, it, SEED);
	EXPECT_EQ(0, wrong_at(it, addr, SEED));
	EXPECT_EQ(SIGSEGV, mp_touch_write(addr));
	munmap(addr, mp_mapped_bytes(it));
	close(file);
}

MAPPED_F(private_mappings_are_refused)
{
	struct mp_mapped *it = &self->it;
	int files[] = {
		it->file, mp_mapped_open(self->fd, it->pool, O_RDONLY),
	};
	int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(MAP_FAILED, map_again(it, files[i], PROT_READ,
						MAP_PRIVATE));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, map_again(it, files[i], RW,
						MAP_PRIVATE));
		EXPECT_EQ(EINVAL, errno);
	}
	close(files[1]);
}

MAPPED_F(mappings_are_not_executable)
{
	struct mp_mapped *it = &self->it;

	EXPECT_EQ(MAP_FAILED, map_again(it, it->file, PROT_READ | PROT_EXEC,
					MAP_SHARED));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, mprotect(it->words, mp_mapped_bytes(it),
			       PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
}

/* @line becomes that of /proc/self/maps that begins with @addr. */
static void maps_line(void *addr, char *line, int size)
{
	FILE *maps = fopen("/proc/self/maps", "r");

	do {
		line[0] = '\0';
	} while (maps && fgets(line, size, maps) &&
		 strtoull(line, NULL, 16) != (unsigned long)addr);
	if (maps)
		fclose(maps);
}

/* Old programs get PROT_EXEC with PROT_READ, but not from here. */
MAPPED_F(read_implies_no_exec)
{
	struct mp_mapped *it = &self->it;
	char line[256];
	void *addr;

	ASSERT_LE(0, personality(READ_IMPLIES_EXEC));
	addr = second_mapping(_metadata, it, PROT_READ, MAP_SHARED);
	EXPECT_EQ(0, mp_touch_read(addr));
	maps_line(addr, line, sizeof(line));
	EXPECT_NE(NULL, strstr(line, " r--s "));
	EXPECT_EQ(0, mprotect(addr, mp_mapped_bytes(it), PROT_READ));
	maps_line(addr, line, sizeof(line));
	EXPECT_NE(NULL, strstr(line, " r--s "));
	munmap(addr, mp_mapped_bytes(it));
}

MAPPED_F(maps_names_the_pool)
{
	char line[256], path[128];

	ASSERT_EQ(1, mp_find_file(MP_DEBUGFS "mapped-*", path, sizeof(path)));
	maps_line(self->it.words, line, sizeof(line));
	EXPECT_NE(NULL, strstr(line, strrchr(path, '/'))) {
		TH_LOG("\"%s\"", line);
	}
	EXPECT_NE(NULL, strstr(line, " rw-s "));
}

MAPPED_F(files_of_a_pool_share_its_pages)
{
	struct mp_mapped *it = &self->it;
	int other = mp_mapped_open(self->fd, it->pool, O_RDWR);
	void *addr = map_again(it, other, RW, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, addr);
	mp_mapped_fill(it, SEED);
	EXPECT_EQ(0, wrong_at(it, addr, SEED));
	EXPECT_EQ(PAGES, mp_mapped_resident(it, addr));
	moves_whole(_metadata, it, SEED);
	EXPECT_EQ(PAGES, mp_mapped_resident(it, addr));
	*(__u64 *)page_of(addr, 5) = 7;
	EXPECT_EQ(7, mp_mapped_page(it, 5)[0]);
	munmap(addr, mp_mapped_bytes(it));
	close(other);
}

MAPPED_F(mapping_outlives_its_descriptor)
{
	struct mp_mapped *it = &self->it;

	mp_mapped_fill(it, SEED);
	close(it->file);
	it->file = -1;
	moves_whole(_metadata, it, SEED);
	mp_mapped_fill(it, SEED + 1);
	moves_whole(_metadata, it, SEED + 1);
}

/* Without the fixture: its open driver is what must not hold the module. */
TEST(mapping_holds_the_driver)
{
	struct mp_world world;
	struct mp_mapped it;

	ASSERT_EQ(0, mp_world_open(&world));
	ASSERT_EQ(0, mp_mapped_make(&it, world.fd, PAGES, 0));
	close(it.file);
	it.file = -1;
	EXPECT_STREQ("", mp_world_close(&world));
	EXPECT_EQ(-EWOULDBLOCK, mp_module_unload("mp_test"));
	EXPECT_EQ(SIGBUS, mp_touch_read(it.words));
	mp_mapped_end(&it);
	ASSERT_EQ(0, mp_module_unload("mp_test"));
	EXPECT_EQ(0, mp_module_load("mp_test", ""));
}

/* Return: 0 if @child saw @seed when told to look; it then writes @seed + 1. */
static int child_sees(struct mp_mapped *it, __u64 seed, int told)
{
	char byte;

	if (read(told, &byte, 1) != 1 || mp_mapped_wrong(it, seed))
		return 1;
	mp_mapped_fill(it, seed + 1);
	/* The parent has written before, the child moves. */
	return mp_mapped_move(it) < it->pages ||
	       mp_mapped_wrong(it, seed + 1);
}

MAPPED_F(fork_shares_writes)
{
	struct mp_mapped *it = &self->it;
	int told[2], status = -1;
	pid_t child;

	ASSERT_EQ(0, pipe(told));
	mp_mapped_fill(it, SEED - 1);
	child = fork();
	if (!child)
		_exit(child_sees(it, SEED, told[0]));
	mp_mapped_fill(it, SEED);
	moves_whole(_metadata, it, SEED);
	EXPECT_EQ(1, write(told[1], "", 1));
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, mp_mapped_wrong(it, SEED + 1));
	moves_whole(_metadata, it, SEED + 1);
}

MAPPED_F(child_keeps_the_mapping_of_a_parent_that_unmapped)
{
	struct mp_mapped *it = &self->it;
	int told[2], status = -1;
	pid_t child;

	ASSERT_EQ(0, pipe(told));
	mp_mapped_fill(it, SEED);
	child = fork();
	if (!child)
		_exit(child_sees(it, SEED, told[0]));
	mp_mapped_end(it);
	EXPECT_LE(PAGES, mp_mapped_move(it));
	EXPECT_EQ(1, write(told[1], "", 1));
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, mp_mapped_map(it));
	EXPECT_EQ(0, mp_mapped_wrong(it, SEED + 1));
}

MAPPED_F(mremap_moves_the_mapping)
{
	struct mp_mapped *it = &self->it;
	void *was = it->words, *to = room_for(it);

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(to, mremap(was, mp_mapped_bytes(it), mp_mapped_bytes(it),
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	it->words = to;
	EXPECT_EQ(SIGSEGV, mp_touch_read(was));
	EXPECT_EQ(PAGES, mp_mapped_resident(it, to));
	moves_whole(_metadata, it, SEED);
	EXPECT_EQ(PAGES, mp_mapped_resident(it, to));
}

MAPPED_F(mremap_shrinks_and_grows)
{
	struct mp_mapped *it = &self->it;
	size_t all = mp_mapped_bytes(it), half = all / 2;
	void *addr;

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(it->words, mremap(it->words, all, half, 0));
	EXPECT_EQ(SIGSEGV, mp_touch_read(mp_mapped_page(it, PAGES / 2)));
	EXPECT_LE(PAGES, mp_mapped_move(it));
	addr = mremap(it->words, half, 2 * all, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, addr);
	it->words = addr;
	EXPECT_EQ(0, mp_mapped_wrong(it, SEED));
	EXPECT_EQ(SIGBUS, mp_touch_read(mp_mapped_page(it, PAGES)));
	EXPECT_EQ(SIGBUS, mp_touch_write(mp_mapped_page(it, 2 * PAGES - 1)));
	moves_whole(_metadata, it, SEED);
	EXPECT_EQ(0, munmap(addr + all, all));
}

/* Of shared mappings, and of the length 0, it makes a second one. */
MAPPED_F(mremap_duplicates)
{
	struct mp_mapped *it = &self->it;
	void *addr;

	mp_mapped_fill(it, SEED);
	addr = mremap(it->words, 0, mp_mapped_bytes(it), MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, addr);
	EXPECT_EQ(0, wrong_at(it, addr, SEED));
	moves_whole(_metadata, it, SEED);
	EXPECT_EQ(0, wrong_at(it, addr, SEED));
	munmap(addr, mp_mapped_bytes(it));
}

MAPPED_F(mprotect_changes_what_is_allowed)
{
	struct mp_mapped *it = &self->it;

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, mprotect(it->words, mp_mapped_bytes(it), PROT_READ));
	EXPECT_EQ(SIGSEGV, mp_touch_write(it->words));
	moves_whole(_metadata, it, SEED);
	EXPECT_EQ(SIGSEGV, mp_touch_write(it->words));
	ASSERT_EQ(0, mprotect(it->words, mp_mapped_bytes(it), PROT_NONE));
	EXPECT_EQ(SIGSEGV, mp_touch_read(it->words));
	EXPECT_LE(PAGES, mp_mapped_move(it));
	EXPECT_EQ(SIGSEGV, mp_touch_read(it->words));
	ASSERT_EQ(0, mprotect(it->words, mp_mapped_bytes(it), RW));
	EXPECT_EQ(0, mp_mapped_wrong(it, SEED));
	EXPECT_EQ(0, mp_touch_write(it->words));
}

MAPPED_F(munmap_of_the_middle)
{
	struct mp_mapped *it = &self->it;
	const unsigned int first = 5, last = 9;
	void *hole = mp_mapped_page(it, first);
	size_t bytes = (last - first + 1) * mp_page_size();

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, munmap(hole, bytes));
	EXPECT_EQ(0, mp_touch_write(mp_mapped_page(it, first - 1)));
	EXPECT_EQ(SIGSEGV, mp_touch_read(mp_mapped_page(it, first)));
	EXPECT_EQ(SIGSEGV, mp_touch_read(mp_mapped_page(it, last)));
	EXPECT_EQ(0, mp_touch_write(mp_mapped_page(it, last + 1)));
	EXPECT_LE(PAGES, mp_mapped_move(it));
	ASSERT_EQ(hole, mmap(hole, bytes, RW, MAP_SHARED | MAP_FIXED, it->file,
			     first * mp_page_size()));
	moves_whole(_metadata, it, SEED);
}

MAPPED_F(part_of_the_pool)
{
	struct mp_mapped *it = &self->it;
	__u64 *part = mmap(NULL, 3 * mp_page_size(), RW, MAP_SHARED, it->file,
			   5 * mp_page_size());

	ASSERT_NE(MAP_FAILED, (void *)part);
	mp_mapped_fill(it, SEED);
	EXPECT_EQ(0, memcmp(part, mp_mapped_page(it, 5), 3 * mp_page_size()));
	moves_whole(_metadata, it, SEED);
	EXPECT_EQ(0, memcmp(part, mp_mapped_page(it, 5), 3 * mp_page_size()));
	part[0] = 11;
	EXPECT_EQ(11, mp_mapped_page(it, 5)[0]);
	munmap(part, 3 * mp_page_size());
}

MAPPED_F(populate_maps_every_page)
{
	struct mp_mapped *it = &self->it;
	void *addr = second_mapping(_metadata, it, RW,
				    MAP_SHARED | MAP_POPULATE);

	EXPECT_EQ(0, mp_mapped_resident(it, it->words));
	EXPECT_EQ(PAGES, mp_mapped_resident(it, addr));
	mp_mapped_fill(it, SEED);
	moves_whole(_metadata, it, SEED);
	EXPECT_EQ(0, wrong_at(it, addr, SEED));
	munmap(addr, mp_mapped_bytes(it));
}

static long locked_kb(void)
{
	return mp_read_field("/proc/self/status", "VmLck");
}

/* Locked memory moves, and is there all the time. */
static void moves_and_stays(struct __test_metadata *_metadata,
			    struct mp_mapped *it, void *addr)
{
	struct rusage before, after;
	unsigned char in_core[PAGES];
	int i;

	EXPECT_EQ(mp_mapped_bytes(it) / 1024, locked_kb());
	EXPECT_LE(PAGES, mp_mapped_move(it));
	EXPECT_EQ(PAGES, mp_mapped_resident(it, addr));
	ASSERT_EQ(0, mincore(addr, mp_mapped_bytes(it), in_core));
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(1, in_core[i] & 1);
	getrusage(RUSAGE_SELF, &before);
	EXPECT_EQ(0, wrong_at(it, addr, SEED));
	getrusage(RUSAGE_SELF, &after);
	EXPECT_EQ(before.ru_majflt, after.ru_majflt);
	EXPECT_EQ(mp_mapped_bytes(it) / 1024, locked_kb());
}

/* kB; what CPUs have not yet counted is counted first. */
static long mlocked_counter(void)
{
	mp_drain_lru();
	mp_write_file("/proc/sys/vm/stat_refresh", "1");
	return mp_read_field("/proc/meminfo", "Mlocked");
}

MAPPED_F(mlocked_pages_move_and_stay)
{
	struct mp_mapped *it = &self->it;
	long mlocked = mlocked_counter();

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, mlock(it->words, mp_mapped_bytes(it)));
	EXPECT_EQ(mlocked + PAGES * mp_page_kb(), mlocked_counter());
	moves_and_stays(_metadata, it, it->words);
	EXPECT_EQ(mlocked + PAGES * mp_page_kb(), mlocked_counter());
	ASSERT_EQ(0, munlock(it->words, mp_mapped_bytes(it)));
	EXPECT_EQ(0, locked_kb());
	EXPECT_EQ(mlocked, mlocked_counter());
	moves_whole(_metadata, it, SEED);
}

MAPPED_F(map_locked_pages_move_and_stay)
{
	struct mp_mapped *it = &self->it;
	long mlocked = mlocked_counter();
	void *addr;

	mp_mapped_fill(it, SEED);
	addr = second_mapping(_metadata, it, RW, MAP_SHARED | MAP_LOCKED);
	EXPECT_EQ(PAGES, mp_mapped_resident(it, addr));
	moves_and_stays(_metadata, it, addr);
	munmap(addr, mp_mapped_bytes(it));
	EXPECT_EQ(0, locked_kb());
	EXPECT_EQ(mlocked, mlocked_counter());
}

/* Not there before they are touched; then as if they had been locked. */
MAPPED_F(pages_locked_on_fault_move_and_stay)
{
	struct mp_mapped *it = &self->it;
	void *addr = second_mapping(_metadata, it, RW, MAP_SHARED);

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, mlock2(addr, mp_mapped_bytes(it), MLOCK_ONFAULT));
	EXPECT_EQ(0, mp_mapped_resident(it, addr));
	EXPECT_LE(PAGES, mp_mapped_move(it));
	EXPECT_EQ(0, mp_mapped_resident(it, addr));
	EXPECT_EQ(0, wrong_at(it, addr, SEED));
	moves_and_stays(_metadata, it, addr);
	munmap(addr, mp_mapped_bytes(it));
}

/* POSIX says ENOMEM for what cannot be made resident. */
MAPPED_F(mlock_beyond_the_end)
{
	struct mp_mapped *it = &self->it;
	size_t all = mp_mapped_bytes(it);
	void *addr = mmap(NULL, 2 * all, RW, MAP_SHARED, it->file, 0);

	ASSERT_NE(MAP_FAILED, addr);
	mp_mapped_fill(it, SEED);
	EXPECT_EQ(-1, mlock(addr, 2 * all));
	EXPECT_EQ(ENOMEM, errno);
	moves_whole(_metadata, it, SEED);
	munmap(addr, 2 * all);
	EXPECT_EQ(0, locked_kb());
}

/* By number: not all C libraries know all. */
static const struct advice {
	const char *name;
	int advice;
	int err;
	int unknown;	/* to old kernels, or those without huge pages */
} advices[] = {
	{ .name = "normal", .advice = 0 },
	{ .name = "random", .advice = 1 },
	{ .name = "sequential", .advice = 2 },
	{ .name = "willneed", .advice = 3 },
	{ .name = "dontneed", .advice = 4 },
	{ .name = "free", .advice = 8, .err = EINVAL },
	{ .name = "remove", .advice = 9, .err = ENODEV },
	{ .name = "dontfork", .advice = 10 },
	{ .name = "dofork", .advice = 11 },
	{ .name = "mergeable", .advice = 12 },
	{ .name = "hugepage", .advice = 14, .unknown = 1 },
	{ .name = "nohugepage", .advice = 15, .unknown = 1 },
	{ .name = "wipeonfork", .advice = 18, .err = EINVAL },
	{ .name = "cold", .advice = 20 },
	{ .name = "pageout", .advice = 21 },
	{ .name = "populate-read", .advice = 22, .unknown = 1 },
	{ .name = "populate-write", .advice = 23, .unknown = 1 },
	{ .name = "collapse", .advice = 25, .err = EINVAL },
};

static void takes_advice(struct __test_metadata *_metadata,
			 struct mp_mapped *it, const struct advice *advice)
{
	int err = madvise(it->words, mp_mapped_bytes(it), advice->advice) ?
		  errno : 0;

	EXPECT_TRUE(err == advice->err ||
		    (advice->unknown && err == EINVAL)) {
		TH_LOG("%s: error %d", advice->name, err);
	}
	EXPECT_EQ(0, mp_mapped_wrong(it, SEED + advice->advice)) {
		TH_LOG("%s", advice->name);
	}
}

MAPPED_F(contents_survive_every_advice)
{
	struct mp_mapped *it = &self->it;
	int i;

	for (i = 0; i < ARRAY_SIZE(advices); i++) {
		mp_mapped_fill(it, SEED + advices[i].advice);
		takes_advice(_metadata, it, &advices[i]);
	}
	moves_whole(_metadata, it, SEED + advices[i - 1].advice);
}

/* The same before each move: what was advised does not keep pages in place. */
MAPPED_F(pages_move_whatever_was_advised)
{
	static const int lasting[] = {
		MADV_DONTNEED, MADV_HUGEPAGE, MADV_PAGEOUT, MADV_COLD,
	};
	struct mp_mapped *it = &self->it;
	int i;

	for (i = 0; i < ARRAY_SIZE(lasting); i++) {
		if (lasting[i] == MADV_HUGEPAGE && !mp_has_thp())
			continue;
		mp_mapped_fill(it, SEED + i);
		ASSERT_EQ(0, madvise(it->words, mp_mapped_bytes(it),
				     lasting[i]));
		moves_whole(_metadata, it, SEED + i);
	}
}

/* Locked memory does not go by advice. */
MAPPED_F(advice_about_locked_memory)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_PAGEOUT, MADV_COLD, MADV_REMOVE,
	};
	struct mp_mapped *it = &self->it;
	int i;

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, mlock(it->words, mp_mapped_bytes(it)));
	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		EXPECT_EQ(-1, madvise(it->words, mp_mapped_bytes(it),
				      advice[i]));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(PAGES, mp_mapped_resident(it, it->words));
	moves_whole(_metadata, it, SEED);
}

MAPPED_F(cache_is_not_dropped)
{
	struct mp_mapped *it = &self->it;

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, munmap(it->words, mp_mapped_bytes(it)));
	EXPECT_EQ(0, posix_fadvise(it->file, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_EQ(0, mp_write_file("/proc/sys/vm/drop_caches", "3"));
	close(it->file);
	ASSERT_EQ(0, mp_mapped_map(it));
	EXPECT_EQ(0, mp_mapped_wrong(it, SEED));
	moves_whole(_metadata, it, SEED);
}

MAPPED_F(kernel_pin_keeps_a_page_that_is_mapped)
{
	struct mp_mapped *it = &self->it;
	__u64 pfn = mp_pfn(self->fd, it->pool, 3);

	mp_mapped_fill(it, SEED);
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_PIN, 3, 1));
	EXPECT_NE(0, mp_evict(self->fd, pfn, 1));
	EXPECT_LE(1, mp_stats(self->fd, it->pool).refused_pinned);
	EXPECT_EQ(0, mp_mapped_moved(it));
	EXPECT_EQ(pfn, mp_pfn(self->fd, it->pool, 3));
	EXPECT_EQ(0, mp_mapped_wrong(it, SEED));
	mp_mapped_fill(it, SEED + 1);
	EXPECT_EQ(pfn, mp_mapped_frame(mp_mapped_page(it, 3)));
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_UNPIN, 3, 1));
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 1));
	EXPECT_EQ(1, mp_mapped_moved(it));
	EXPECT_NE(pfn, mp_pfn(self->fd, it->pool, 3));
	EXPECT_EQ(0, mp_mapped_wrong(it, SEED + 1));
}

/* What the one writes the other reads, wherever the pages are by then. */
MAPPED_F(kernel_maps_beside_the_process)
{
	struct mp_mapped *it = &self->it;
	__u64 *copy = malloc(mp_mapped_bytes(it));

	ASSERT_EQ(0, mp_arg(self->fd, it->pool, MP_TEST_FILL, 0, PAGES, SEED));
	memcpy(copy, it->words, mp_mapped_bytes(it));
	EXPECT_LE(PAGES, mp_mapped_move(it));
	EXPECT_EQ(0, memcmp(copy, it->words, mp_mapped_bytes(it)));
	EXPECT_EQ(0, mp_verify(self->fd, it->pool, 0, PAGES, SEED));
	mp_mapped_page(it, 6)[100]++;
	EXPECT_EQ(-EILSEQ, mp_verify(self->fd, it->pool, 6, 1, SEED));
	EXPECT_LE(PAGES, mp_mapped_move(it));
	EXPECT_EQ(-EILSEQ, mp_verify(self->fd, it->pool, 6, 1, SEED));
	mp_mapped_page(it, 6)[100]--;
	EXPECT_EQ(0, mp_verify(self->fd, it->pool, 0, PAGES, SEED));
	free(copy);
}

MAPPED_F(kernel_vmaps_beside_the_process)
{
	struct mp_mapped *it = &self->it;
	__u64 pfn = mp_pfn(self->fd, it->pool, 2);

	ASSERT_EQ(0, mp_arg(self->fd, it->pool, MP_TEST_FILL, 0, 4, SEED));
	ASSERT_EQ(0, mp_arg(self->fd, it->pool, MP_TEST_VMAP, 0, 4, SEED));
	EXPECT_NE(0, mp_evict(self->fd, pfn, 1));
	EXPECT_EQ(0, mp_touch_write(mp_mapped_page(it, 2)));
	EXPECT_EQ(pfn, mp_mapped_frame(mp_mapped_page(it, 2)));
	ASSERT_EQ(0, mp_do(self->fd, it->pool, MP_TEST_VUNMAP, 0, 0));
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 1));
	EXPECT_EQ(0, mp_verify(self->fd, it->pool, 0, 4, SEED));
	EXPECT_LE(1, mp_mapped_moved(it));
}

/* A page that a driver has not published yet is there, but does not move. */
MAPPED_F(unpublished_page_is_mapped_but_stays)
{
	struct mp_mapped it;
	__u64 pfn;

	it = (struct mp_mapped) { .fd = self->fd, .pages = 1, .file = -1 };
	it.pool = mp_mapped_create(self->fd, 1, 0);
	ASSERT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_ALLOC, 0, 1));
	ASSERT_EQ(0, mp_mapped_map(&it));
	mp_mapped_fill(&it, SEED);
	pfn = mp_pfn(self->fd, it.pool, 0);
	EXPECT_NE(0, mp_evict(self->fd, pfn, 1));
	EXPECT_LE(1, mp_stats(self->fd, it.pool).refused_unready);
	EXPECT_EQ(pfn, mp_pfn(self->fd, it.pool, 0));
	ASSERT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_PUBLISH, 0, 1));
	moves_whole(_metadata, &it, SEED);
	mp_mapped_end(&it);
}

TEST_HARNESS_MAIN
