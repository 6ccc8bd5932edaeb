// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's part of `make demo-ramdisk` (tools/demo-ramdisk.py is the
 * host's): fill a file system on a disk of movable_ramdisk with copies of real
 * files, delete half of them at random, have the kernel compact memory and take
 * blocks of it offline, while a thread checks the files that are left, all the
 * time.
 *
 *	demo DIRECTORY MANIFEST SEED
 *
 * DIRECTORY is where the file system is mounted.  The report goes to stdout, a
 * "word value..." a line.  Exit status: 0 if every file was whole each time.
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "../demo_files.h"
#include "../demo_memory.h"

#define DISK		"mrd0"
#define CHUNK		(1ul << 20)
#define FILLED		90	/* percent of the file system */
#define MAX_COPIES	64
#define MAX_PASSES	8
#define MEMORY		"/sys/devices/system/memory/"
#define MAX_BLOCKS	1024
#define PLUGGED		2	/* blocks that go offline: the last ones */

/* A copy of a file, or what was one. */
struct stored {
	const struct file *file;
	unsigned int copy;
	bool deleted;
};

/* The thread that reads files again and again. */
struct checker {
	pthread_t thread;
	size_t checked;
	size_t bytes;
	size_t damaged;
	bool stop;
};

static const char *top;
static struct stored *stored;
static size_t nr_stored;
static struct checker checker;

#define look(field)	__atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define set(field, to)	__atomic_store_n(&(field), to, __ATOMIC_RELEASE)

/*
 * Files
 */

static void place_of(const struct stored *s, char *path, size_t size)
{
	snprintf(path, size, "%s/%u/%s", top, s->copy,
		 strrchr(s->file->path, '/') + 1);
}

/* As direct I/O wants it. */
static void *chunk_alloc(void)
{
	void *chunk;

	if (posix_memalign(&chunk, CHUNK, CHUNK))
		die("malloc");
	return chunk;
}

static void store_file(const struct stored *s, void *chunk)
{
	int from = open(s->file->path, O_RDONLY), to;
	char path[512];
	ssize_t n;

	place_of(s, path, sizeof(path));
	to = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (from < 0 || to < 0)
		die("%s", path);
	while ((n = read(from, chunk, CHUNK)) > 0)
		if (write(to, chunk, n) != n)
			die("%s", path);
	close(from);
	close(to);
}

/* Past the page cache: what is read is what is on the disk. */
static bool file_whole(const struct stored *s, void *chunk, int hash)
{
	char path[512];
	size_t left;
	ssize_t n;
	int fd;

	place_of(s, path, sizeof(path));
	fd = open(path, O_RDONLY | O_DIRECT);
	if (fd < 0)
		return false;
	for (left = s->file->size; left; left -= n) {
		n = read(fd, chunk, CHUNK);
		if (n <= 0 || (size_t)n > left)
			break;
		hash_add(hash, chunk, n, (size_t)n < left);
	}
	close(fd);
	if (!left)
		return hash_is(hash, s->file);
	/* What has been added so far is of no use. */
	hash_add(hash, NULL, 0, false);
	hash_is(hash, s->file);
	return false;
}

static size_t copies_that_fit(void)
{
	struct statvfs fs;
	size_t copies;

	if (statvfs(top, &fs))
		die("%s", top);
	copies = fs.f_bavail * fs.f_frsize / 100 * FILLED / bytes_per_copy;
	return copies < MAX_COPIES ? copies : MAX_COPIES;
}

static void store_all(size_t copies)
{
	if (!copies)
		die("the disk is too small for the files");
	void *chunk = chunk_alloc();
	size_t copy, i;
	char path[512];

	stored = map_array(copies * nr_files, sizeof(*stored));
	for (copy = 0; copy < copies; copy++) {
		snprintf(path, sizeof(path), "%s/%zu", top, copy);
		if (mkdir(path, 0700))
			die("%s", path);
		for (i = 0; i < nr_files; i++) {
			struct stored *s = &stored[nr_stored++];

			s->file = &files[i];
			s->copy = copy;
			store_file(s, chunk);
			show("store", nr_stored, copies * nr_files);
		}
	}
	free(chunk);
}

/* The kernel tells the disk when the journal's transaction is through. */
static size_t delete_half(void)
{
	size_t i, kept = 0;
	char path[512];

	for (i = 0; i < nr_stored; i++) {
		stored[i].deleted = next_random() >> 63;
		kept += !stored[i].deleted;
		place_of(&stored[i], path, sizeof(path));
		if (stored[i].deleted && unlink(path))
			die("%s", path);
		show("punch", i + 1, nr_stored);
	}
	return kept;
}

/* Nothing of the files in memory but on the disk. */
static void leave_the_cache(void)
{
	sync();
	put("/proc/sys/vm/drop_caches", "1");
}

static bool check(const struct stored *s, void *chunk, int hash)
{
	if (file_whole(s, chunk, hash))
		return true;
	printf("damaged %u %s\n", s->copy, s->file->path);
	return false;
}

static void *checker_run(void *unused)
{
	void *chunk = chunk_alloc();
	int hash = hash_open();
	size_t i = 0;

	for (; !look(checker.stop); i = (i + 7) % nr_stored) {
		if (stored[i].deleted) {
			i++;
			continue;
		}
		set(checker.damaged,
		    checker.damaged + !check(&stored[i], chunk, hash));
		set(checker.bytes, checker.bytes + stored[i].file->size);
		set(checker.checked, checker.checked + 1);
	}
	close(hash);
	free(chunk);
	return unused;
}

static size_t check_all(size_t kept)
{
	void *chunk = chunk_alloc();
	size_t i, done = 0, damaged = 0;
	int hash = hash_open();

	for (i = 0; i < nr_stored; i++) {
		if (stored[i].deleted)
			continue;
		damaged += !check(&stored[i], chunk, hash);
		show("check", ++done, kept);
	}
	close(hash);
	free(chunk);
	return damaged;
}

/*
 * Moves
 */

static unsigned long moved(void)
{
	return pool_stat(DISK, "migrated");
}

static void compact(void)
{
	unsigned long begin = moved(), before, now = begin;
	int pass;

	for (pass = 1; pass <= MAX_PASSES; pass++) {
		before = now;
		put("/proc/sys/vm/compact_memory", "1");
		now = moved();
		printf("round %d %lu\n", pass, now - begin);
		if (now - before < (now - begin) / 200 + 1)
			break;
	}
	printf("moved compaction %lu\n", now - begin);
}

/* Return: number of the last memory block. */
static int last_block(void)
{
	char path[128];
	int i, last = -1;

	for (i = 0; i < MAX_BLOCKS; i++) {
		snprintf(path, sizeof(path), MEMORY "memory%d/state", i);
		if (!access(path, F_OK))
			last = i;
	}
	return last;
}

static void block_set(int block, const char *state)
{
	char path[128];

	snprintf(path, sizeof(path), MEMORY "memory%d/state", block);
	put(path, state);
}

static void take_memory(void)
{
	unsigned long begin = moved();
	int last = last_block(), i;

	for (i = 0; i < PLUGGED; i++) {
		block_set(last - i, "offline");
		show("offline", i + 1, PLUGGED);
	}
	printf("moved offline %lu\n", moved() - begin);
	report_memory("offline", false);
	for (i = PLUGGED; i--;)
		block_set(last - i, "online_movable");
}

int main(int argc, char **argv)
{
	size_t kept, damaged;

	if (argc != 4) {
		fputs("usage: demo DIRECTORY MANIFEST SEED\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	top = argv[1];
	rng = strtoull(argv[3], NULL, 0);
	run_on(1);
	read_manifest(argv[2]);
	leave_memory_alone();

	store_all(copies_that_fit());
	leave_the_cache();
	kept = delete_half();
	leave_the_cache();
	drain_cpu_lists();
	printf("stored %zu %zu\n", nr_stored, kept);
	report_memory("before", false);

	if (pthread_create(&checker.thread, NULL, checker_run, NULL))
		die("thread");
	compact();
	report_memory("after", false);
	take_memory();
	set(checker.stop, true);
	pthread_join(checker.thread, NULL);
	printf("meanwhile %zu %zu %zu\n", checker.checked, checker.bytes >> 20,
	       checker.damaged);

	damaged = check_all(kept);
	printf("files %zu %zu\n", kept, damaged);
	report_books(DISK);
	printf("done\n");
	return damaged || checker.damaged ? 1 : 0;
}
