// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's part of `make demo` (tools/demo.py is the host's): fill memory
 * with heap objects, keep some at random as copies of real files, free the
 * others, let the kernel compact, and see what moved and whether the files are
 * whole.
 *
 *	demo movable|unmovable MANIFEST SEED
 *
 * MANIFEST has "sha256 size path" a line, made on the host.  The report goes to
 * stdout, a "word value..." a line.  Exit status: 0 if every file is whole.
 *
 * Needs the module algif_hash for the checksums.
 */

#define _GNU_SOURCE
#include <sys/ioctl.h>

#include "../demo_files.h"
#include "../demo_memory.h"
#include "movable_heap_uapi.h"

#define PIECE		4096ul
#define RESERVE_KB	(32ul << 10)	/* memory left to everybody else */
#define MAX_ROUNDS	8
#define POOL		"demo"

static size_t pieces_per_copy, copies;
static __u64 *handles;	/* objects: first the kept, then the filler */
static size_t nr_objects;
static __u64 *pieces;	/* [copy][piece] */
static int heap, hash;

/*
 * The heap
 */

static void heap_create(bool movable)
{
	struct movable_heap_create req = {
		.name = POOL,
		.flags = movable ? 0 : MOVABLE_HEAP_UNMOVABLE,
	};

	heap = open("/dev/movable_heap", O_RDWR);
	if (heap < 0 || ioctl(heap, MOVABLE_HEAP_CREATE, &req))
		die("/dev/movable_heap");
}

static __u64 heap_alloc(size_t size)
{
	struct movable_heap_new req = { .size = size };

	if (ioctl(heap, MOVABLE_HEAP_ALLOC, &req))
		die("alloc of %zu bytes", size);
	return req.handle;
}

static void heap_free(__u64 handle)
{
	if (ioctl(heap, MOVABLE_HEAP_FREE, &handle))
		die("free");
}

static int heap_copy(unsigned long cmd, __u64 handle, void *buffer,
		     size_t len)
{
	struct movable_heap_io io = {
		.handle = handle,
		.buffer = (uintptr_t)buffer,
		.len = len,
	};

	return ioctl(heap, cmd, &io);
}

/*
 * The files
 */

/* Where in a copy each begins. */
static void place_files(void)
{
	size_t i;

	for (i = 0; i < nr_files; i++) {
		files[i].first = pieces_per_copy;
		pieces_per_copy += (files[i].size + PIECE - 1) / PIECE;
	}
}

static size_t piece_len(const struct file *file, size_t offset)
{
	return file->size - offset < PIECE ? file->size - offset : PIECE;
}

static bool needs_page(size_t len)
{
	return len > PIECE / 2;
}

static size_t whole_pages_per_copy(void)
{
	size_t i, nr = 0;

	for (i = 0; i < nr_files; i++)
		nr += files[i].size / PIECE +
		      needs_page(files[i].size % PIECE);
	return nr;
}

/* Store one file; whole pages go to @handles from @used on. */
static size_t store_file(size_t copy, const struct file *file, size_t used)
{
	__u64 *piece = &pieces[copy * pieces_per_copy + file->first];
	char buffer[PIECE];
	size_t offset;
	int fd = open(file->path, O_RDONLY);

	if (fd < 0)
		die("%s", file->path);
	for (offset = 0; offset < file->size; offset += PIECE) {
		size_t len = piece_len(file, offset);

		if (read(fd, buffer, len) != (ssize_t)len)
			die("%s", file->path);
		*piece = needs_page(len) ? handles[used++] : heap_alloc(len);
		if (heap_copy(MOVABLE_HEAP_WRITE, *piece++, buffer, len))
			die("write");
	}
	close(fd);
	return used;
}

/* Put a copy together again; false if a piece cannot be read. */
static bool load_file(size_t copy, const struct file *file,
		      unsigned char *contents)
{
	__u64 *piece = &pieces[copy * pieces_per_copy + file->first];
	size_t offset;

	for (offset = 0; offset < file->size; offset += PIECE)
		if (heap_copy(MOVABLE_HEAP_READ, *piece++, contents + offset,
			      piece_len(file, offset)))
			return false;
	return true;
}

/* Is the copy what the host put into the manifest? */
static bool file_whole(size_t copy, const struct file *file)
{
	unsigned char *contents = malloc(file->size);
	bool whole = false;

	if (!contents)
		die("malloc");
	if (load_file(copy, file, contents)) {
		hash_add(hash, contents, file->size, false);
		whole = hash_is(hash, file);
	}
	free(contents);
	return whole;
}

/*
 * The acts
 */

static void fill_memory(void)
{
	size_t room = value_of("/proc/meminfo", "MemFree") / 4;
	size_t left = 0, target;

	handles = map_array(room, sizeof(*handles));
	target = (value_of("/proc/meminfo", "MemFree") - RESERVE_KB) / 4;
	while (nr_objects < room) {
		if (nr_objects % 512 == 0) {
			left = value_of("/proc/meminfo", "MemFree");
			if (left < RESERVE_KB)
				break;
			show("fill", nr_objects,
			     target > nr_objects ? target : nr_objects + 1);
		}
		handles[nr_objects++] = heap_alloc(PIECE);
	}
	show("fill", nr_objects, nr_objects);
}

static void shuffle(void)
{
	size_t i;

	for (i = nr_objects - 1; i; i--) {
		size_t j = next_random() % (i + 1);
		__u64 handle = handles[i];

		handles[i] = handles[j];
		handles[j] = handle;
	}
}

/* As many copies of all files as half of the objects hold. */
static size_t store_files(void)
{
	size_t copy, i, used = 0;

	copies = nr_objects / 2 / whole_pages_per_copy();
	pieces = map_array(copies * pieces_per_copy, sizeof(*pieces));
	for (copy = 0; copy < copies; copy++)
		for (i = 0; i < nr_files; i++) {
			used = store_file(copy, &files[i], used);
			show("store", copy * nr_files + i + 1,
			     copies * nr_files);
		}
	return used;
}

static void free_filler(size_t used)
{
	size_t i;

	for (i = used; i < nr_objects; i++) {
		heap_free(handles[i]);
		show("punch", i + 1 - used, nr_objects - used);
	}
}

static void compact(void)
{
	unsigned long moved = 0, before;
	int round;

	for (round = 1; round <= MAX_ROUNDS; round++) {
		before = moved;
		put("/proc/sys/vm/compact_memory", "1");
		moved = pool_stat(POOL, "migrated");
		drain_cpu_lists();
		printf("round %d %lu\n", round, moved);
		if (moved - before < moved / 200 + 1)
			break;
	}
}

/* Ask for more huge pages than can be, and see how many there are. */
static void take_huge_pages(void)
{
	put("/proc/sys/vm/nr_hugepages", "100000");
	printf("huge_pages %lu\n",
	       value_of("/proc/meminfo", "HugePages_Total"));
	put("/proc/sys/vm/nr_hugepages", "0");
}

static size_t check_files(void)
{
	size_t copy, i, damaged = 0;

	for (copy = 0; copy < copies; copy++)
		for (i = 0; i < nr_files; i++) {
			if (!file_whole(copy, &files[i])) {
				damaged++;
				printf("damaged %zu %s\n", copy, files[i].path);
			}
			show("check", copy * nr_files + i + 1,
			     copies * nr_files);
		}
	printf("files %zu %zu\n", copies * nr_files, damaged);
	return damaged;
}

static void report_heap(void)
{
	struct movable_heap_info info;

	if (ioctl(heap, MOVABLE_HEAP_STATS, &info))
		die("stats");
	printf("heap %llu %llu %llu %llu\n", info.objects, info.object_bytes,
	       info.pages, info.meta_bytes);
}

int main(int argc, char **argv)
{
	size_t used, damaged;
	bool movable;

	if (argc != 4) {
		fputs("usage: demo movable|unmovable MANIFEST SEED\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	rng = strtoull(argv[3], NULL, 0);
	run_on(1);
	read_manifest(argv[2]);
	place_files();
	hash = hash_open();
	movable = !strcmp(argv[1], "movable");
	heap_create(movable);
	printf("set %zu %zu\n", nr_files, bytes_per_copy);
	printf("memory_kb %lu\n", value_of("/proc/meminfo", "MemTotal"));

	leave_memory_alone();
	fill_memory();
	shuffle();
	used = store_files();
	printf("copies %zu\n", copies);
	free_filler(used);
	report_heap();
	drain_cpu_lists();
	report_memory("before", movable);

	compact();
	report_memory("after", movable);
	report_books(POOL);
	take_huge_pages();

	damaged = check_files();
	close(heap);
	printf("done\n");
	return damaged ? 1 : 0;
}
