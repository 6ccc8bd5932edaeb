// SPDX-License-Identifier: GPL-2.0
/*
 * DMA to and from pages that move: samples/edu at QEMU's edu devices, which
 * reach 256 MiB of a machine that has more, and no bounce buffers.  Beyond
 * 512 MiB is ZONE_MOVABLE, where movable pages come from if nothing else is
 * said.
 */

#include "mp_driver.h"
#include "mp_edu.h"
#include "mp_edu_storm.h"
#include "mp_harness.h"
#include "mp_lever.h"
#include "mp_module.h"
#include "mp_once.h"
#include "mp_warning.h"

#define SEED	61
#define PAIRS	48	/* of transfers, for each device */
#define REACH	((1ULL << 28) / 4096)	/* the first frame beyond it */

FIXTURE(edu) {
	int fd;
};

FIXTURE_SETUP(edu)
{
	self->fd = mp_edu_open(0);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(edu)
{
	close(self->fd);
}

#define EDU_F(name)	TEST_F(edu, name)

EDU_F(copies)
{
	__u32 page;

	ASSERT_EQ(0, mp_edu_fill(self->fd, 0, SEED));
	ASSERT_EQ(0, mp_edu_send(self->fd, 0));
	for (page = 1; page < MOVABLE_EDU_PAGES; page++) {
		EXPECT_EQ(-EILSEQ, mp_edu_check(self->fd, page, SEED));
		EXPECT_EQ(0, mp_edu_receive(self->fd, page));
		EXPECT_EQ(0, mp_edu_check(self->fd, page, SEED));
		ASSERT_EQ(0, mp_edu_fill(self->fd, page, 0));
	}
	EXPECT_EQ(MOVABLE_EDU_PAGES, mp_edu_status(self->fd).transfers);
	EXPECT_EQ(0, mp_edu_beyond(self->fd));
}

EDU_F(pages_move_between_transfers)
{
	struct movable_edu_status before = mp_edu_status(self->fd), after;
	struct movable_edu_moved moved;
	__u32 page;

	ASSERT_EQ(0, mp_edu_fill(self->fd, 3, SEED));
	ASSERT_EQ(0, mp_edu_send(self->fd, 3));
	moved = mp_edu_move(self->fd);
	EXPECT_EQ(MOVABLE_EDU_PAGES, moved.moved);
	EXPECT_EQ(0, moved.left);
	after = mp_edu_status(self->fd);
	for (page = 0; page < MOVABLE_EDU_PAGES; page++)
		EXPECT_NE(before.pfn[page], after.pfn[page]);
	EXPECT_EQ(0, mp_edu_check(self->fd, 3, SEED));
	EXPECT_EQ(0, mp_edu_receive(self->fd, 4));
	EXPECT_EQ(0, mp_edu_check(self->fd, 4, SEED));
	EXPECT_EQ(0, mp_edu_beyond(self->fd));
}

static int call_send(struct mp_worker *w)
{
	return mp_edu_send(w->fd, w->first);
}

static int all_but_page_2(const struct movable_edu_moved *moved)
{
	return moved->moved == MOVABLE_EDU_PAGES - 1 && moved->left == 1;
}

/* Return: whether all pages but one could be moved while that one is sent. */
static int moved_meanwhile(int fd, int *err)
{
	struct movable_edu_moved moved = {};
	struct mp_once transfer;
	int seen = 0;

	*err = mp_once_start(&transfer, fd, 0, 2, call_send);
	if (*err)
		return 0;
	while (!mp_once_done(&transfer) && !seen) {
		moved = mp_edu_move(fd);
		seen = all_but_page_2(&moved);
	}
	*err = mp_once_join(&transfer);
	return seen;
}

/*
 * A transfer takes 100 ms; until it is over the page is where it was.  On a
 * busy machine a move may take longer.
 */
EDU_F(page_stays_during_a_transfer)
{
	struct movable_edu_status before, now;
	int tries = 50, seen = 0, err = 0;

	ASSERT_EQ(0, mp_edu_fill(self->fd, 2, SEED));
	before = mp_edu_status(self->fd);
	while (!seen && !err && tries--)
		seen = moved_meanwhile(self->fd, &err);
	EXPECT_EQ(0, err);
	EXPECT_EQ(1, seen);
	now = mp_edu_status(self->fd);
	EXPECT_LT(before.refused_pinned, now.refused_pinned);
	EXPECT_EQ(0, now.astray);
	EXPECT_EQ(MOVABLE_EDU_PAGES, mp_edu_move(self->fd).moved);
	EXPECT_EQ(0, mp_edu_receive(self->fd, 5));
	EXPECT_EQ(0, mp_edu_check(self->fd, 5, SEED));
}

/*
 * Let the frame that was freed last, and so is allocated first, be one that the
 * device does not reach: whoever wanted it has given it back.
 */
static int free_out_of_reach(int driver)
{
	__u64 pfn;

	for (pfn = REACH; pfn < REACH + MP_BLOCK; pfn++)
		if (!mp_evict(driver, pfn, 1))
			return 0;
	return -ENOENT;
}

/*
 * Who wants these pages' very frames has others from anywhere.  Without a frame
 * out of reach among those freed last, the ones they came from are used again.
 */
EDU_F(destination_out_of_reach_is_refused)
{
	struct movable_edu_status before = mp_edu_status(self->fd), now;
	int driver = mp_open();
	int page, tries = 50;

	ASSERT_LE(0, driver);
	ASSERT_LE(0, mp_edu_holes(driver));
	ASSERT_EQ(0, mp_edu_fill(self->fd, 6, SEED));
	do {
		mp_edu_move(self->fd);
		ASSERT_EQ(0, mp_compact());
		now = mp_edu_status(self->fd);
		for (page = 0; page < MOVABLE_EDU_PAGES; page++) {
			ASSERT_EQ(0, free_out_of_reach(driver));
			mp_evict(driver, now.pfn[page], 1);
		}
		now = mp_edu_status(self->fd);
	} while (now.refused_target == before.refused_target && tries--);
	EXPECT_LT(before.refused_target, now.refused_target);
	EXPECT_EQ(0, mp_edu_beyond(self->fd));
	EXPECT_EQ(0, mp_edu_check(self->fd, 6, SEED));
	EXPECT_EQ(0, mp_edu_send(self->fd, 6));
	EXPECT_EQ(0, mp_edu_receive(self->fd, 7));
	EXPECT_EQ(0, mp_edu_check(self->fd, 7, SEED));
	close(driver);
}

EDU_F(transfers_while_everything_moves)
{
	struct mp_edu_storm storm;
	struct mp_edu_sum before, sum;
	int driver = mp_open();

	ASSERT_LE(0, driver);
	ASSERT_LE(0, mp_edu_holes(driver));
	ASSERT_EQ(0, mp_edu_storm_start(&storm, driver, 1));
	ASSERT_EQ(0, mp_edu_storm_end(&storm));
	before = mp_edu_storm_sum(&storm);
	ASSERT_EQ(0, mp_edu_storm_start(&storm, driver, PAIRS));
	EXPECT_EQ(0, mp_edu_storm_end(&storm));
	sum = mp_edu_storm_sum(&storm);
	EXPECT_EQ(2 * PAIRS * storm.nr,
		  sum.transfers - before.transfers);
	EXPECT_EQ(0, sum.astray);
	EXPECT_EQ(0, sum.beyond);
	EXPECT_LE(250, sum.directed - before.directed);
	EXPECT_LE(1, sum.migrated - before.migrated);
	EXPECT_LE(20, sum.migrated - before.migrated +
		      sum.refused_target - before.refused_target);
	EXPECT_LE(1, sum.refused_pinned - before.refused_pinned);
	mp_edu_sum_print(&sum);
	close(driver);
}

EDU_F(bad_input)
{
	struct movable_edu_copy copy = { .page = MOVABLE_EDU_PAGES };

	EXPECT_EQ(-EINVAL, mp_edu_send(self->fd, MOVABLE_EDU_PAGES));
	EXPECT_EQ(-EINVAL, mp_edu_receive(self->fd, ~0U));
	EXPECT_EQ(-EINVAL, mp_edu_call(self->fd, MOVABLE_EDU_FILL, &copy));
	copy.page = 0;
	EXPECT_EQ(-EFAULT, mp_edu_call(self->fd, MOVABLE_EDU_FILL, &copy));
	EXPECT_EQ(-EFAULT, mp_edu_call(self->fd, MOVABLE_EDU_FETCH, &copy));
	EXPECT_EQ(-EFAULT, mp_edu_call(self->fd, MOVABLE_EDU_STATUS, NULL));
	copy.pad = 1;
	EXPECT_EQ(-EINVAL, mp_edu_call(self->fd, MOVABLE_EDU_FILL, &copy));
	EXPECT_EQ(-ENOTTY, mp_edu_call(self->fd, 0, NULL));
}

#define DRIVER	"/sys/bus/pci/drivers/movable_edu/"

/* The PCI device of /dev/movable_edu0, as its driver calls it. */
static int first_device(char *name, size_t size)
{
	char path[256];
	ssize_t n = readlink("/sys/class/misc/movable_edu0/device", path,
			     sizeof(path) - 1);

	if (n < 0)
		return -errno;
	path[n] = '\0';
	snprintf(name, size, "%s", strrchr(path, '/') + 1);
	return 0;
}

/* The device goes while a file is open: its pages stay until that is closed. */
EDU_F(unplugged_while_it_is_open)
{
	char device[256];

	ASSERT_EQ(0, first_device(device, sizeof(device)));
	ASSERT_EQ(0, mp_edu_fill(self->fd, 0, SEED));
	ASSERT_EQ(0, mp_write_file(DRIVER "unbind", device));
	EXPECT_EQ(-ENODEV, mp_edu_send(self->fd, 0));
	EXPECT_EQ(0, mp_edu_check(self->fd, 0, SEED));
	EXPECT_EQ(MOVABLE_EDU_PAGES, mp_edu_move(self->fd).moved);
	EXPECT_EQ(0, mp_edu_check(self->fd, 0, SEED));
	EXPECT_EQ(-ENOENT, mp_edu_open(0));
	ASSERT_EQ(0, mp_write_file(DRIVER "bind", device));
}

/* Without a policy, in a machine most of whose memory is out of reach. */
TEST(pages_out_of_reach_are_refused)
{
	int fd, i, err, refused = 0;

	ASSERT_EQ(0, mp_module_unload("movable_edu"));
	ASSERT_EQ(0, mp_module_load("movable_edu", "anywhere=1"));
	fd = mp_edu_open(0);
	ASSERT_LE(0, fd);
	EXPECT_LE(1, mp_edu_beyond(fd));
	MP_EXPECT_WARNING("overflow", {
		for (i = 0; i < MOVABLE_EDU_PAGES; i++) {
			err = mp_edu_send(fd, i);
			EXPECT_TRUE(!err || err == -ERANGE);
			refused += err == -ERANGE;
		}
	});
	EXPECT_EQ(mp_edu_beyond(fd), refused);
	/* It is not held: all of them move. */
	EXPECT_EQ(MOVABLE_EDU_PAGES, mp_edu_move(fd).moved);
	EXPECT_EQ(0, mp_edu_beyond(fd));
	EXPECT_EQ(0, mp_edu_fill(fd, 0, SEED));
	EXPECT_EQ(0, mp_edu_send(fd, 0));
	EXPECT_EQ(0, mp_edu_receive(fd, 1));
	EXPECT_EQ(0, mp_edu_check(fd, 1, SEED));
	close(fd);
	ASSERT_EQ(0, mp_module_unload("movable_edu"));
	ASSERT_EQ(0, mp_module_load("movable_edu", ""));
}

TEST_HARNESS_MAIN
