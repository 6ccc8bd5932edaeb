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
#include <glob.h>
#include <linux/if_alg.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "../demo.h"
#include "movable_heap_uapi.h"

#define PIECE		4096ul
#define RESERVE_KB	(32ul << 10)	/* memory left to everybody else */
#define MAX_ROUNDS	8
#define MAX_FILES	4096
#define SUM_BYTES	32		/* of SHA-256 */
#define POOL		"demo"

struct file {
	char path[256];
	char sum[2 * SUM_BYTES + 1];
	size_t size;
	size_t first;		/* piece, in each copy */
};

struct block {
	unsigned int free, ours, user, fixed;
};

static struct file files[MAX_FILES];
static size_t nr_files, pieces_per_copy, bytes_per_copy, copies;
static __u64 *handles;	/* objects: first the kept, then the filler */
static size_t nr_objects;
static __u64 *pieces;	/* [copy][piece] */
static int heap, hash;

static const char *pool_file(const char *name)
{
	static char path[256];
	glob_t g;

	if (glob("/sys/kernel/debug/movable_pool/" POOL "-*", 0, NULL, &g))
		die("debugfs has no pool");
	snprintf(path, sizeof(path), "%s/%s", g.gl_pathv[0], name);
	globfree(&g);
	return path;
}

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

static void read_manifest(const char *path)
{
	FILE *f = fopen(path, "r");
	struct file *file = files;

	if (!f)
		die("%s", path);
	while (nr_files < MAX_FILES &&
	       fscanf(f, "%64s %zu %255s", file->sum, &file->size,
		      file->path) == 3) {
		file->first = pieces_per_copy;
		pieces_per_copy += (file->size + PIECE - 1) / PIECE;
		bytes_per_copy += file->size;
		file++;
		nr_files++;
	}
	fclose(f);
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

/* The kernel's; see crypto/userspace-if in its documentation. */
static void hash_open(void)
{
	struct sockaddr_alg sha = {
		.salg_family = AF_ALG,
		.salg_type = "hash",
		.salg_name = "sha256",
	};
	int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sha, sizeof(sha)))
		die("sha256");
	hash = accept(fd, NULL, NULL);
	if (hash < 0)
		die("sha256");
	close(fd);
}

static void sha256(const void *data, size_t size, unsigned char *sum)
{
	if (send(hash, data, size, 0) != (ssize_t)size ||
	    read(hash, sum, SUM_BYTES) != SUM_BYTES)
		die("sha256");
}

/* Is the copy what the host put into the manifest? */
static bool file_whole(size_t copy, const struct file *file)
{
	unsigned char *contents = malloc(file->size);
	unsigned char sum[SUM_BYTES];
	bool whole = false;
	char hex[2 * SUM_BYTES + 1];
	size_t i;

	if (!contents)
		die("malloc");
	if (load_file(copy, file, contents)) {
		sha256(contents, file->size, sum);
		for (i = 0; i < sizeof(sum); i++)
			sprintf(hex + 2 * i, "%02x", sum[i]);
		whole = !strcmp(hex, file->sum);
	}
	free(contents);
	return whole;
}

/*
 * Physical memory
 */

/*
 * Free pages in a per-CPU list look like pages in use.  All work is done on
 * CPU 1; taking it offline gives its list back to the page allocator.
 */
static void drain_cpu_lists(void)
{
	run_on(0);
	put("/sys/devices/system/cpu/cpu1/online", "0");
	put("/sys/devices/system/cpu/cpu1/online", "1");
	run_on(1);
}

static void mark_ours(unsigned char *ours, size_t nr_pages)
{
	FILE *f = fopen(pool_file("pages"), "r");
	unsigned long pfn;

	if (!f)
		die("pages of the pool");
	while (fscanf(f, "%lu %*s %*u", &pfn) == 1)
		if (pfn < nr_pages)
			ours[pfn] = 1;
	fclose(f);
}

static void count_page(struct block *b, uint64_t flags, bool ours)
{
	if (flags & KPF_ABSENT)
		return;
	if (ours)
		b->ours++;
	else if (flags & KPF_FREE)
		b->free++;
	else if (flags & KPF_USER)
		b->user++;
	else
		b->fixed++;
}

/*
 * Report every pageblock.  Possible are as many free blocks as the free pages
 * would fill that do not share a block with a page nobody can move.
 */
static void report_memory(const char *when)
{
	uint64_t *flags;
	size_t nr_pages = read_all("/proc/kpageflags", &flags);
	size_t nr_blocks = (nr_pages + BLOCK - 1) / BLOCK, i;
	struct block *blocks = calloc(nr_blocks, sizeof(*blocks));
	unsigned char *ours = calloc(nr_pages, 1);
	size_t free_blocks = 0, usable = 0;

	if (!blocks || !ours)
		die("malloc");
	mark_ours(ours, nr_pages);
	for (i = 0; i < nr_pages; i++)
		count_page(&blocks[i / BLOCK], flags[i], ours[i]);

	printf("map %s", when);
	for (i = 0; i < nr_blocks; i++) {
		struct block *b = &blocks[i];

		printf(" %u,%u,%u,%u", b->free, b->ours, b->user, b->fixed);
		free_blocks += b->free == BLOCK;
		usable += b->fixed ? 0 : b->free;
	}
	printf("\nfree_blocks %s %zu\n", when, free_blocks);
	printf("possible_blocks %s %zu\n", when, usable / BLOCK);
	free(flags);
	free(blocks);
	free(ours);
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
		moved = value_of(pool_file("stats"), "migrated");
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

static void report_books(void)
{
	static const char * const names[] = {
		"pages", "isolated", "migrated", "putback", "released",
		"attempted", "refused_pinned", "refused_referenced",
		"refused_driver", "failed_driver", "refused_unready",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		printf("stat %s %lu\n", names[i],
		       value_of(pool_file("stats"), names[i]));
}

int main(int argc, char **argv)
{
	size_t used, damaged;

	if (argc != 4) {
		fputs("usage: demo movable|unmovable MANIFEST SEED\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	rng = strtoull(argv[3], NULL, 0);
	run_on(1);
	read_manifest(argv[2]);
	hash_open();
	heap_create(!strcmp(argv[1], "movable"));
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
	report_memory("before");

	compact();
	report_memory("after");
	report_books();
	take_huge_pages();

	damaged = check_files();
	close(heap);
	printf("done\n");
	return damaged ? 1 : 0;
}
