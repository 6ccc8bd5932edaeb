// SPDX-License-Identifier: GPL-2.0
/* The disks of samples/ramdisk: bytes, holes, limits, and pages that move. */

#define _GNU_SOURCE
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/swap.h>

#include "mp_cpu_lists.h"
#include "mp_harness.h"
#include "mp_ramdisk.h"
#include "mp_swap.h"
#include "mp_worker.h"

#define PAGE		mp_page_size()
#define SIZE_MB		64
#define PAGES		(SIZE_MB * MP_MIB / PAGE)
#define SEED		41

FIXTURE(disk) {
	int fd;
	long reserve;
	long mem_total;
};

FIXTURE_SETUP(disk)
{
	self->mem_total = mp_read_field("/proc/meminfo", "MemTotal");
	self->reserve = mp_cpu_lists_shorten();
	ASSERT_LT(0, self->reserve);
	ASSERT_EQ(0, mp_ramdisk_load("size_mb=64"));
	self->fd = mp_disk_open(MP_DISK);
	ASSERT_LE(0, self->fd);
}

/* Unloaded with all that the test has left on the disk. */
FIXTURE_TEARDOWN(disk)
{
	close(self->fd);
	EXPECT_EQ(0, mp_stat_at_rest(MP_DISK));
	EXPECT_EQ(0, mp_stat(MP_DISK, "unpublished"));
	EXPECT_EQ(mp_stat(MP_DISK, "pages"), mp_stat(MP_DISK, "allocated") -
		  mp_stat(MP_DISK, "freed"));
	EXPECT_EQ(0, mp_ramdisk_unload());
	EXPECT_EQ(-ENOENT, mp_stat(MP_DISK, "pages"));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(self->mem_total,
		  mp_read_field("/proc/meminfo", "MemTotal"));
	EXPECT_EQ(0, mp_write_long(MP_RESERVE, self->reserve));
}

#define DISK_F(name)	TEST_F(disk, name)

static long pages(void)
{
	return mp_stat(MP_DISK, "pages");
}

static long moved(void)
{
	return mp_stat(MP_DISK, "migrated");
}

TEST(parameters_that_make_no_disk)
{
	EXPECT_EQ(-EINVAL, mp_ramdisk_load("size_mb=0"));
	EXPECT_EQ(-EINVAL, mp_ramdisk_load("size_mb=8388609"));
	EXPECT_EQ(-EINVAL, mp_ramdisk_load("size_mb=64M"));
	EXPECT_EQ(-EINVAL, mp_ramdisk_load("disks=0"));
	EXPECT_EQ(-EINVAL, mp_ramdisk_load("disks=17"));
	EXPECT_EQ(-EINVAL, mp_ramdisk_load("size_mb=8 limit_mb=9"));
	EXPECT_EQ(0, mp_stat_pools("mrd*"));
}

TEST(largest_disk)
{
	char page[2][65536] __attribute__((aligned(65536)));
	uint64_t bytes = 0;
	int fd;

	ASSERT_EQ(0, mp_ramdisk_load("size_mb=8388608"));
	fd = mp_disk_open(MP_DISK);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, ioctl(fd, BLKGETSIZE64, &bytes));
	EXPECT_EQ(8388608ull << 20, bytes);
	mp_disk_fill(page[0], PAGE, SEED);
	EXPECT_EQ(0, mp_disk_write(fd, page[0], PAGE, bytes - PAGE));
	EXPECT_EQ(0, mp_disk_read(fd, page[1], PAGE, bytes - PAGE));
	EXPECT_EQ(1, mp_disk_holds(page[1], PAGE, SEED));
	EXPECT_EQ(1, pages());
	EXPECT_EQ(0, mp_disk_discard(fd, 0, bytes));
	EXPECT_EQ(0, pages());
	close(fd);
	EXPECT_EQ(0, mp_ramdisk_unload());
}

TEST(disks_are_apart)
{
	char name[] = "mrd0";
	int fds[3], i;

	ASSERT_EQ(0, mp_ramdisk_load("size_mb=2 disks=3"));
	for (i = 0; i < 3; i++) {
		name[3] = '0' + i;
		fds[i] = mp_disk_open(name);
		ASSERT_LE(0, fds[i]);
		EXPECT_EQ(0, mp_disk_make(fds[i], 0, 10 + i, SEED * i));
		EXPECT_EQ(10 + i, mp_stat(name, "pages"));
	}
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, mp_disk_verify(fds[i], 0, 10 + i, SEED * i, NULL));
		close(fds[i]);
	}
	EXPECT_EQ(0, mp_ramdisk_unload());
	EXPECT_EQ(0, mp_stat_pools("mrd*"));
}

DISK_F(open_disk_stays)
{
	EXPECT_EQ(-EWOULDBLOCK, mp_module_unload(MP_RAMDISK));
}

DISK_F(holes_have_no_pages)
{
	char *buffer = mp_disk_buffer(MP_MIB);

	ASSERT_NE(NULL, buffer);
	memset(buffer, 0xff, MP_MIB);
	EXPECT_EQ(0, mp_disk_read(self->fd, buffer, MP_MIB, 5 * MP_MIB));
	EXPECT_EQ(1, mp_disk_blank(buffer, MP_MIB));
	EXPECT_EQ(0, pages());
	EXPECT_EQ(0, mp_disk_make(self->fd, 100, 50, SEED));
	EXPECT_EQ(50, pages());
	EXPECT_EQ(0, mp_disk_make(self->fd, 100, 50, SEED + 1));
	EXPECT_EQ(50, pages());
	EXPECT_EQ(0, mp_disk_verify(self->fd, 100, 50, SEED + 1, NULL));
	EXPECT_EQ(0, mp_disk_discard(self->fd, 0, SIZE_MB * MP_MIB));
	EXPECT_EQ(0, pages());
	EXPECT_EQ(0, mp_disk_read(self->fd, buffer, MP_MIB, 0));
	EXPECT_EQ(1, mp_disk_blank(buffer, MP_MIB));
	free(buffer);
}

/* A discard clears the page that it covers in part, and frees the others. */
DISK_F(discard_of_parts)
{
	char *buffer = mp_disk_buffer(4 * PAGE);

	ASSERT_NE(NULL, buffer);
	mp_disk_fill(buffer, 4 * PAGE, SEED);
	ASSERT_EQ(0, mp_disk_write(self->fd, buffer, 4 * PAGE, 0));
	EXPECT_EQ(0, mp_disk_discard(self->fd, PAGE - MP_SECTOR,
				     PAGE + 2 * MP_SECTOR));
	EXPECT_EQ(3, pages());
	EXPECT_EQ(0, mp_disk_discard(self->fd, 3 * PAGE + MP_SECTOR,
				     2 * MP_SECTOR));
	EXPECT_EQ(3, pages());
	memset(buffer, 0xff, 4 * PAGE);
	ASSERT_EQ(0, mp_disk_read(self->fd, buffer, 4 * PAGE, 0));
	EXPECT_EQ(1, mp_disk_blank(buffer + PAGE - MP_SECTOR,
				   PAGE + 2 * MP_SECTOR));
	EXPECT_EQ(1, mp_disk_blank(buffer + 3 * PAGE + MP_SECTOR,
				   2 * MP_SECTOR));
	EXPECT_EQ(1, mp_disk_holds(buffer, PAGE - MP_SECTOR, SEED));
	EXPECT_EQ(0, mp_disk_blank(buffer + 2 * PAGE + MP_SECTOR, MP_SECTOR));
	EXPECT_EQ(0, mp_disk_blank(buffer + 3 * PAGE, MP_SECTOR));
	EXPECT_EQ(0, mp_disk_blank(buffer + 3 * PAGE + 3 * MP_SECTOR,
				   MP_SECTOR));
	free(buffer);
}

/* Zeroes that may be a hole are one; others have their pages. */
DISK_F(zeroes_with_and_without_pages)
{
	ASSERT_EQ(0, mp_disk_make(self->fd, 0, 64, SEED));
	EXPECT_EQ(0, fallocate(self->fd, FALLOC_FL_PUNCH_HOLE |
			       FALLOC_FL_KEEP_SIZE, 0, 32 * PAGE) ? errno : 0);
	EXPECT_EQ(32, pages());
	EXPECT_EQ(0, mp_disk_range(self->fd, BLKZEROOUT, 0, 64 * PAGE));
	EXPECT_EQ(64, pages());
	EXPECT_EQ(-EILSEQ, mp_disk_verify(self->fd, 63, 1, SEED, NULL));
}

DISK_F(nothing_beyond_the_end)
{
	char *page = mp_disk_buffer(PAGE);

	ASSERT_NE(NULL, page);
	memset(page, 1, PAGE);
	EXPECT_NE(0, mp_disk_write(self->fd, page, PAGE, SIZE_MB * MP_MIB));
	EXPECT_NE(0, mp_disk_write(self->fd, page, PAGE,
				   SIZE_MB * MP_MIB - MP_SECTOR));
	EXPECT_NE(0, mp_disk_read(self->fd, page, PAGE, SIZE_MB * MP_MIB));
	EXPECT_GE(1, pages());
	free(page);
}

TEST(limit_loses_nothing)
{
	long limit = MP_MIB / PAGE;
	int fd, round;

	ASSERT_EQ(0, mp_ramdisk_load("size_mb=8 limit_mb=1"));
	fd = mp_disk_open(MP_DISK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mp_disk_make(fd, 0, limit, SEED));
	for (round = 0; round < 100; round++)
		EXPECT_EQ(-ENOSPC, mp_disk_make(fd, limit, 1, SEED));
	EXPECT_EQ(limit, pages());
	EXPECT_EQ(0, mp_disk_verify(fd, 0, limit, SEED, NULL));
	EXPECT_EQ(0, mp_disk_make(fd, 3, 1, SEED));
	EXPECT_EQ(0, mp_disk_discard(fd, 0, PAGE));
	EXPECT_EQ(0, mp_disk_make(fd, limit, 1, SEED));
	EXPECT_EQ(0, mp_disk_verify(fd, 1, limit, SEED, NULL));
	close(fd);
	EXPECT_EQ(0, mp_ramdisk_unload());
}

/* A range that is served in parts, of which the last one succeeds. */
TEST(error_of_a_part_is_that_of_the_whole)
{
	uint64_t bytes = 8192 * MP_MIB;
	int fd;

	ASSERT_EQ(0, mp_ramdisk_load("size_mb=8192 limit_mb=1"));
	fd = mp_disk_open(MP_DISK);
	ASSERT_LE(0, fd);
	/* There are pages for its end, and for little else. */
	ASSERT_EQ(0, mp_disk_make(fd, bytes / PAGE - 16, 16, SEED));
	EXPECT_EQ(-ENOSPC, mp_disk_range(fd, BLKZEROOUT, 0, bytes));
	EXPECT_EQ(MP_MIB / PAGE, pages());
	close(fd);
	EXPECT_EQ(0, mp_ramdisk_unload());
}

/*
 * The same done to the disk and to memory, at any sector
 */

#define MODEL_MB	2
#define MODEL_STEPS	3000
#define MODEL_MOST	64	/* sectors in a step */

struct model {
	int fd;
	unsigned int random;
	char *bytes;		/* what the disk should have */
	char *buffer;
};

static int model_write(struct model *m, size_t pos, size_t len)
{
	mp_disk_fill(m->buffer, len, rand_r(&m->random));
	memcpy(m->bytes + pos, m->buffer, len);
	return mp_disk_write(m->fd, m->buffer, len, pos);
}

static int model_clear(struct model *m, unsigned long request, size_t pos,
		       size_t len)
{
	memset(m->bytes + pos, 0, len);
	return mp_disk_range(m->fd, request, pos, len);
}

static int model_read(struct model *m, size_t pos, size_t len)
{
	int err = mp_disk_read(m->fd, m->buffer, len, pos);

	if (!err && memcmp(m->buffer, m->bytes + pos, len))
		err = -EILSEQ;
	return err;
}

static int model_step(struct model *m)
{
	size_t sectors = MODEL_MB * MP_MIB / MP_SECTOR;
	size_t first = rand_r(&m->random) % sectors;
	size_t n = 1 + rand_r(&m->random) % MODEL_MOST;

	if (n > sectors - first)
		n = sectors - first;
	switch (rand_r(&m->random) / 16 % 8) {
	case 0:
		return model_clear(m, BLKDISCARD, first * MP_SECTOR,
				   n * MP_SECTOR);
	case 1:
		return model_clear(m, BLKZEROOUT, first * MP_SECTOR,
				   n * MP_SECTOR);
	case 2: case 3: case 4:
		return model_write(m, first * MP_SECTOR, n * MP_SECTOR);
	default:
		return model_read(m, first * MP_SECTOR, n * MP_SECTOR);
	}
}

static int model_start(struct model *m, int fd)
{
	*m = (struct model) {
		.fd = fd,
		.random = 1,
		.bytes = calloc(MODEL_MB, MP_MIB),
		.buffer = mp_disk_buffer(MODEL_MB * MP_MIB),
	};
	return m->bytes && m->buffer ? 0 : -ENOMEM;
}

static int model_end(struct model *m)
{
	int err = model_read(m, 0, MODEL_MB * MP_MIB);

	free(m->bytes);
	free(m->buffer);
	return err;
}

DISK_F(model_of_sectors)
{
	struct model model;
	int i;

	ASSERT_EQ(0, model_start(&model, self->fd));
	for (i = 0; i < MODEL_STEPS; i++)
		ASSERT_EQ(0, model_step(&model));
	EXPECT_EQ(0, model_end(&model));
}

/*
 * Pages that move
 */

/*
 * Half of the disk's places, at random, with pages: something for compaction to
 * collect.  Places below @first are somebody else's.
 */
struct holes {
	int fd;
	size_t first;
	unsigned char is[1 << 16];
};

static int holes_make(struct holes *h, int fd, size_t first)
{
	memset(h, 0, sizeof(*h));
	h->fd = fd;
	h->first = first;
	return mp_disk_make(fd, first, PAGES - first, SEED);
}

static int holes_punch(struct holes *h, unsigned int seed)
{
	size_t i;
	int err = 0;

	for (i = h->first; i < (size_t)PAGES && !err; i++) {
		if (rand_r(&seed) & 0x100)
			continue;
		h->is[i] = 1;
		err = mp_disk_discard(h->fd, i * PAGE, PAGE);
	}
	return err;
}

static int holes_verify(struct holes *h)
{
	return mp_disk_verify(h->fd, h->first, PAGES - h->first, SEED, h->is);
}

/* Return: 0, once so many pages have moved, or there is nothing left to try. */
static int holes_compact(struct holes *h, long least)
{
	unsigned int seed;
	int err = 0;

	for (seed = 1; seed < 5 && !err && moved() < least; seed++)
		err = holes_punch(h, seed) ?: mp_compact();
	return err;
}

#define MOVES	500

DISK_F(contents_survive_moves)
{
	static struct holes holes;

	ASSERT_EQ(0, holes_make(&holes, self->fd, 0));
	EXPECT_EQ(PAGES, pages());
	ASSERT_EQ(0, holes_compact(&holes, MOVES));
	printf("# figure: %ld pages of a disk of %ld moved\n", moved(), PAGES);
	EXPECT_LE(MOVES, moved());
	EXPECT_EQ(0, holes_verify(&holes));
}

TEST(unmovable_disk_stays_where_it_is)
{
	static struct holes holes;
	int fd;

	ASSERT_EQ(0, mp_ramdisk_load("size_mb=64 unmovable=1"));
	fd = mp_disk_open(MP_DISK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, holes_make(&holes, fd, 0));
	EXPECT_EQ(0, holes_compact(&holes, 1));
	EXPECT_EQ(0, moved());
	EXPECT_EQ(0, holes_verify(&holes));
	close(fd);
	EXPECT_EQ(0, mp_ramdisk_unload());
}

/*
 * The storm: sectors of the same pages belong to different threads.  Each
 * thread writes its own, discards them, and finds what it left.  One more takes
 * whole pages of a range away in which all write, and where what is read is
 * either zeroes or what has been written, for each sector.
 */

#define THREADS		4
#define OWN_PAGES	256	/* where nobody else's discards go */
#define SHARED_PAGES	64	/* above these */
#define STORM_PAGES	(OWN_PAGES + SHARED_PAGES)
#define STORM_STEPS	2000
#define STORM_LONGEST	60	/* seconds */

struct actor {
	struct mp_worker worker;
	uint64_t *seeds;	/* of my sectors, 0: zeroes */
	char *sector;
};

static off_t place_of(const struct mp_worker *worker, unsigned int i)
{
	return ((off_t)i * THREADS + worker->first) * MP_SECTOR;
}

static unsigned int sectors_in(unsigned int pages)
{
	return pages * (PAGE / MP_SECTOR) / THREADS;
}

static int own_step(struct actor *a, unsigned int i)
{
	struct mp_worker *w = &a->worker;
	off_t pos = place_of(w, i);
	int err;

	err = mp_disk_read(w->fd, a->sector, MP_SECTOR, pos);
	if (err)
		return err;
	if (!(a->seeds[i] ? mp_disk_holds(a->sector, MP_SECTOR, a->seeds[i]) :
	      mp_disk_blank(a->sector, MP_SECTOR)))
		return -EILSEQ;
	if (rand_r(&w->random) / 16 % 4 == 0) {
		a->seeds[i] = 0;
		return mp_disk_discard(w->fd, pos, MP_SECTOR);
	}
	a->seeds[i] = 1 + rand_r(&w->random);
	mp_disk_fill(a->sector, MP_SECTOR, a->seeds[i]);
	return mp_disk_write(w->fd, a->sector, MP_SECTOR, pos);
}

/* Seeds are places here, so whoever reads knows them. */
static int shared_step(struct actor *a, unsigned int i)
{
	off_t pos = OWN_PAGES * PAGE + place_of(&a->worker, i);
	int err;

	err = mp_disk_read(a->worker.fd, a->sector, MP_SECTOR, pos);
	if (!err && !mp_disk_blank(a->sector, MP_SECTOR) &&
	    !mp_disk_holds(a->sector, MP_SECTOR, pos))
		err = -EILSEQ;
	if (err)
		return err;
	mp_disk_fill(a->sector, MP_SECTOR, pos);
	return mp_disk_write(a->worker.fd, a->sector, MP_SECTOR, pos);
}

static int act(struct mp_worker *worker)
{
	struct actor *a = (struct actor *)worker;
	unsigned int bits = rand_r(&worker->random) / 4;

	return own_step(a, bits % sectors_in(OWN_PAGES)) ?:
	       shared_step(a, bits % sectors_in(SHARED_PAGES));
}

static int discard_step(struct mp_worker *worker)
{
	off_t page = OWN_PAGES + rand_r(&worker->random) / 16 % SHARED_PAGES;

	return mp_disk_discard(worker->fd, page * PAGE, PAGE);
}

static int actor_start(struct actor *a, int fd, unsigned int number)
{
	a->worker = (struct mp_worker) {
		.step = act,
		.fd = fd,
		.first = number,
		.random = number + 1,
	};
	a->seeds = calloc(sectors_in(OWN_PAGES), sizeof(*a->seeds));
	a->sector = mp_disk_buffer(MP_SECTOR);
	return a->seeds && a->sector ? mp_worker_start(&a->worker) : -ENOMEM;
}

static int actor_stop(struct actor *a)
{
	int err = mp_worker_stop(&a->worker);
	unsigned int i;

	for (i = 0; i < sectors_in(OWN_PAGES) && !err; i++)
		err = own_step(a, i);
	free(a->seeds);
	free(a->sector);
	return err;
}

static unsigned long steps_of(struct actor *actors)
{
	unsigned long least = -1, n;
	int i;

	for (i = 0; i < THREADS; i++) {
		n = __atomic_load_n(&actors[i].worker.steps, __ATOMIC_ACQUIRE);
		if (n < least)
			least = n;
	}
	return least;
}

/* New holes each time, or there would soon be nothing left to move. */
static int compact_step(struct mp_worker *worker)
{
	static struct holes holes;
	int err;

	err = holes_make(&holes, worker->fd, STORM_PAGES) ?:
	      holes_punch(&holes, ++worker->random) ?: mp_compact() ?:
	      holes_verify(&holes);
	return err;
}

DISK_F(storm)
{
	struct mp_worker discarder = {
		.step = discard_step, .fd = self->fd, .random = 9,
	};
	struct mp_worker compactor = { .step = compact_step, .fd = self->fd };
	struct actor actors[THREADS];
	double begin = mp_seconds();
	unsigned long steps;
	int i;

	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, actor_start(&actors[i], self->fd, i));
	ASSERT_EQ(0, mp_worker_start(&discarder));
	ASSERT_EQ(0, mp_worker_start(&compactor));
	while ((steps_of(actors) < STORM_STEPS || moved() < MOVES) &&
	       mp_seconds() < begin + STORM_LONGEST)
		usleep(100000);
	EXPECT_EQ(0, mp_worker_stop(&compactor));
	EXPECT_EQ(0, mp_worker_stop(&discarder));
	steps = steps_of(actors);
	for (i = 0; i < THREADS; i++)
		EXPECT_EQ(0, actor_stop(&actors[i]));
	printf("# figure: storm of %lu steps a thread, %lu discards, %ld moves\n",
	       steps, discarder.steps, moved());
	EXPECT_LE(100, steps);
	EXPECT_LE(100, discarder.steps);
	EXPECT_LE(MOVES, moved());
	EXPECT_EQ(0, mp_disk_discard(self->fd, 0, SIZE_MB * MP_MIB));
	EXPECT_EQ(0, pages());
}

/*
 * Swap: requests that come from reclaim
 */

#define SWAP_MB		24

DISK_F(swap_on_it)
{
	long out = mp_read_field("/proc/vmstat", "pswpout");
	long in = mp_read_field("/proc/vmstat", "pswpin");

	ASSERT_EQ(0, system("mkswap /dev/" MP_DISK " >/dev/null"));
	ASSERT_EQ(0, swapon("/dev/" MP_DISK, SWAP_FLAG_DISCARD) ? errno : 0);
	EXPECT_EQ(0, mp_swap_use(SWAP_MB * MP_MIB));
	EXPECT_LE(1000, mp_read_field("/proc/vmstat", "pswpout") - out);
	EXPECT_LE(100, mp_read_field("/proc/vmstat", "pswpin") - in);
	EXPECT_EQ(0, swapoff("/dev/" MP_DISK) ? errno : 0);
}

TEST_HARNESS_MAIN
