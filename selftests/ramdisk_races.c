// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to a disk of samples/ramdisk that meet the VM, stopped in each
 * window of a move, and what fails.
 */

#define _GNU_SOURCE
#include "mp_harness.h"

#include "mp_fault.h"
#include "mp_once.h"
#include "mp_ramdisk.h"

#define PAGE		mp_page_size()
#define SEED		43

FIXTURE(disk) {
	int fd;
};

FIXTURE_SETUP(disk)
{
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_ramdisk_load("size_mb=4"));
	self->fd = mp_disk_open(MP_DISK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(disk)
{
	EXPECT_EQ(0, mp_points_reset());
	close(self->fd);
	EXPECT_EQ(0, mp_stat_at_rest(MP_DISK));
	EXPECT_EQ(0, mp_ramdisk_unload());
	EXPECT_EQ(0, mp_deferred_drain());
}

#define DISK_F(name)	TEST_F(disk, name)

/* The frame of the disk's only page. */
static __u64 frame(void)
{
	char path[128], text[64];

	if (mp_find_file(MP_DEBUGFS MP_DISK "-*/pages", path,
			 sizeof(path)) != 1 ||
	    mp_read_file(path, text, sizeof(text)) < 0)
		return 0;
	return strtoull(text, NULL, 10);
}

static int call_soft_offline(struct mp_worker *w)
{
	return mp_soft_offline(w->pfn);
}

/* A disk with one page, at its beginning, which the VM has. */
static void stopped_at(struct __test_metadata *_metadata, int fd,
		       const char *point, struct mp_once *vm)
{
	__u64 pfn;

	ASSERT_EQ(0, mp_disk_make(fd, 0, 1, SEED));
	pfn = frame();
	ASSERT_NE(0, pfn);
	ASSERT_EQ(0, mp_point_stop(point, pfn));
	vm->call = call_soft_offline;
	vm->tid = 0;
	vm->worker = (struct mp_worker) { .step = mp_once_step, .pfn = pfn };
	ASSERT_EQ(0, mp_worker_start(&vm->worker));
	ASSERT_EQ(1, mp_point_wait(point));
}

static int call_read(struct mp_worker *w)
{
	return mp_disk_verify(w->fd, 0, 1, SEED, NULL);
}

static int call_write(struct mp_worker *w)
{
	return mp_disk_make(w->fd, 0, 1, SEED + 1);
}

static int call_discard(struct mp_worker *w)
{
	return mp_disk_discard(w->fd, 0, PAGE);
}

/* The request waits for the end of the copy, and comes to the new frame. */
static void waits_for_the_copy(struct __test_metadata *_metadata, int fd,
			       const char *point,
			       int (*call)(struct mp_worker *w))
{
	struct mp_once vm, request;

	stopped_at(_metadata, fd, point, &vm);
	ASSERT_EQ(0, mp_once_start(&request, fd, 0, 0, call));
	EXPECT_EQ(1, mp_once_waits(&request));
	ASSERT_EQ(0, mp_point_go(point));
	EXPECT_EQ(0, mp_once_join(&request));
	mp_once_join(&vm);
}

/* It does not, and the move comes later, or not at all. */
static void goes_ahead(struct __test_metadata *_metadata, int fd,
		       const char *point, int (*call)(struct mp_worker *w))
{
	struct mp_worker request = { .fd = fd };
	struct mp_once vm;

	stopped_at(_metadata, fd, point, &vm);
	EXPECT_EQ(0, call(&request));
	ASSERT_EQ(0, mp_point_go(point));
	mp_once_join(&vm);
}

DISK_F(read_of_a_page_in_motion)
{
	waits_for_the_copy(_metadata, self->fd, "migrate-moving", call_read);
	EXPECT_EQ(1, mp_stat(MP_DISK, "migrated"));
	EXPECT_EQ(0, mp_disk_verify(self->fd, 0, 1, SEED, NULL));
}

DISK_F(write_to_a_page_in_motion)
{
	waits_for_the_copy(_metadata, self->fd, "migrate-moving", call_write);
	EXPECT_EQ(1, mp_stat(MP_DISK, "migrated"));
	EXPECT_EQ(0, mp_disk_verify(self->fd, 0, 1, SEED + 1, NULL));
}

DISK_F(write_to_a_page_that_is_copied)
{
	waits_for_the_copy(_metadata, self->fd, "migrate-copied", call_write);
	EXPECT_EQ(1, mp_stat(MP_DISK, "migrated"));
	EXPECT_EQ(0, mp_disk_verify(self->fd, 0, 1, SEED + 1, NULL));
}

static void is_a_hole(struct __test_metadata *_metadata, int fd)
{
	static const unsigned char hole = 1;

	EXPECT_EQ(0, mp_stat(MP_DISK, "pages"));
	EXPECT_EQ(0, mp_disk_verify(fd, 0, 1, SEED, &hole));
}

DISK_F(discard_of_a_page_in_motion)
{
	waits_for_the_copy(_metadata, self->fd, "migrate-moving",
			   call_discard);
	is_a_hole(_metadata, self->fd);
}

DISK_F(write_before_a_move)
{
	goes_ahead(_metadata, self->fd, "migrate-enter", call_write);
	EXPECT_EQ(0, mp_disk_verify(self->fd, 0, 1, SEED + 1, NULL));
}

DISK_F(write_after_publication)
{
	goes_ahead(_metadata, self->fd, "migrate-published", call_write);
	EXPECT_EQ(0, mp_disk_verify(self->fd, 0, 1, SEED + 1, NULL));
}

DISK_F(discard_before_a_move)
{
	goes_ahead(_metadata, self->fd, "migrate-enter", call_discard);
	is_a_hole(_metadata, self->fd);
}

DISK_F(discard_after_publication)
{
	goes_ahead(_metadata, self->fd, "migrate-published", call_discard);
	is_a_hole(_metadata, self->fd);
}

/*
 * A page that is discarded while another request is at it stays until that is
 * done; the place has a new one meanwhile.
 */
DISK_F(discard_of_a_page_that_is_read)
{
	struct mp_once vm, reader, discard;

	stopped_at(_metadata, self->fd, "migrate-moving", &vm);
	ASSERT_EQ(0, mp_once_start(&reader, self->fd, 0, 0, call_read));
	EXPECT_EQ(1, mp_once_waits(&reader));
	ASSERT_EQ(0, mp_once_start(&discard, self->fd, 0, 0, call_discard));
	EXPECT_EQ(0, mp_once_join(&discard));
	EXPECT_EQ(1, mp_stat(MP_DISK, "pages"));
	EXPECT_EQ(0, mp_disk_make(self->fd, 0, 1, SEED + 1));
	EXPECT_EQ(2, mp_stat(MP_DISK, "pages"));
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	EXPECT_EQ(0, mp_once_join(&reader));
	mp_once_join(&vm);
	EXPECT_EQ(1, mp_stat(MP_DISK, "pages"));
	EXPECT_EQ(0, mp_disk_verify(self->fd, 0, 1, SEED + 1, NULL));
}

static int call_unload(struct mp_worker *w)
{
	return mp_ramdisk_unload();
}

/* With its page on its way out, or wherever the VM has it. */
static void unload_at(struct __test_metadata *_metadata, const char *point,
		      int waits)
{
	struct mp_once vm, unload;
	int fd;

	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_ramdisk_load("size_mb=4"));
	fd = mp_disk_open(MP_DISK);
	ASSERT_LE(0, fd);
	stopped_at(_metadata, fd, point, &vm);
	close(fd);
	ASSERT_EQ(0, mp_once_start(&unload, -1, 0, 0, call_unload));
	EXPECT_EQ(1, waits ? mp_once_waits(&unload) : mp_once_through(&unload));
	ASSERT_EQ(0, mp_point_go(point));
	EXPECT_EQ(0, mp_once_join(&unload));
	mp_once_join(&vm);
	EXPECT_EQ(-ENOENT, mp_stat(MP_DISK, "pages"));
	EXPECT_EQ(0, mp_deferred_drain());
}

TEST(unload_while_isolated_R17)
{
	unload_at(_metadata, "migrate-enter", 0);
}

TEST(unload_while_in_motion_R17)
{
	unload_at(_metadata, "migrate-moving", 1);
}

/*
 * No memory
 */

DISK_F(no_page)
{
	static const unsigned char holes[] = { 0, 1 };

	ASSERT_EQ(0, mp_disk_make(self->fd, 0, 1, SEED));
	ASSERT_EQ(0, mp_fault_arm("alloc-page", 1));
	EXPECT_EQ(-ENOMEM, mp_disk_make(self->fd, 1, 1, SEED));
	ASSERT_EQ(0, mp_faults_disarm());
	EXPECT_EQ(1, mp_stat(MP_DISK, "pages"));
	EXPECT_EQ(0, mp_disk_verify(self->fd, 0, 2, SEED, holes));
	EXPECT_EQ(0, mp_disk_make(self->fd, 1, 1, SEED));
	EXPECT_EQ(0, mp_disk_verify(self->fd, 0, 2, SEED, NULL));
}

/* What is there already needs none. */
DISK_F(no_page_wanted)
{
	ASSERT_EQ(0, mp_disk_make(self->fd, 0, 8, SEED));
	ASSERT_EQ(0, mp_fault_arm("alloc-page", 1));
	EXPECT_EQ(0, mp_disk_make(self->fd, 0, 8, SEED + 1));
	EXPECT_EQ(0, mp_disk_discard(self->fd, MP_SECTOR, MP_SECTOR));
	EXPECT_EQ(0, mp_disk_discard(self->fd, 0, PAGE));
	EXPECT_EQ(0, mp_disk_verify(self->fd, 1, 7, SEED + 1, NULL));
	ASSERT_EQ(0, mp_faults_disarm());
}

TEST(no_disk)
{
	ASSERT_EQ(0, mp_fault_arm("alloc-pool", 2));
	EXPECT_EQ(-ENOMEM, mp_ramdisk_load("size_mb=4 disks=3"));
	ASSERT_EQ(0, mp_faults_disarm());
	EXPECT_EQ(0, mp_stat_pools("mrd*"));
	ASSERT_EQ(0, mp_ramdisk_load("size_mb=4 disks=3"));
	EXPECT_EQ(0, mp_ramdisk_unload());
}

TEST_HARNESS_MAIN
