// SPDX-License-Identifier: GPL-2.0
/*
 * The machine is reset, as by its button, with the balloon full and in motion.
 * QEMU goes on, with the host's wish, and what it believes of the balloon.
 *
 * The bench runs this program anew each time the guest has booted; a word on
 * the disk says which time that is.
 */

#include "mp.h"
#include "mp_eater.h"
#include "mp_module.h"
#include "mp_vballoon.h"
#include "mp_worker.h"

#define DISK	"/dev/vda"
#define MIB_IN	192
#define KEPT	64	/* MiB whose contents matter */

/* Return: how often the machine was reset. */
static long resets(void)
{
	return mp_read_long(DISK);
}

static int step_compact(struct mp_worker *worker)
{
	return mp_compact();
}

/* Return: 0 when it is in the middle of it. */
static int inflate_and_move(long mib)
{
	static struct mp_worker compactor = { .step = step_compact };
	int tries = 6000;
	int err;

	err = mp_worker_start(&compactor) ?: mp_vb_want(mib);
	while (!err && (mp_vb_stat("pages") < mp_vb_pages_of(mib / 2) ||
			mp_vb_stat("migrated") < 20) && tries--)
		usleep(10000);
	return tries < 0 ? -ETIMEDOUT : err;
}

/* Does not return if it succeeds. */
static int reset_machine(void)
{
	char answer[MP_HOST_ANSWER], text[16];
	int fd = open(DISK, O_WRONLY | O_SYNC | O_CLOEXEC);
	int n = snprintf(text, sizeof(text), "%ld\n", resets() + 1);

	if (fd < 0 || write(fd, text, n) != n)
		return -errno;
	close(fd);
	mp_host_ask(answer, "system_reset");
	sleep(60);
	return -ETIMEDOUT;
}

/* Return: 0 when the host believes that, within a minute. */
static int actual_becomes(long pages)
{
	int tries = 600;

	while (mp_vb_actual() != pages && tries--)
		usleep(100000);
	return tries < 0 ? -ETIMEDOUT : 0;
}

/* Full, with memory in use beside it, and then empty. */
static void expect_balloon(struct __test_metadata *_metadata, long total,
			   long long told)
{
	long pages = mp_vb_pages_of(MIB_IN);
	struct mp_eater kept;

	ASSERT_EQ(0, mp_eater_start(&kept, KEPT));
	EXPECT_EQ(0, mp_vb_becomes(pages));
	EXPECT_EQ(0, actual_becomes(pages));
	EXPECT_EQ(0, mp_eater_full(&kept));
	EXPECT_EQ(told + pages + 2 * mp_vb_stat("migrated"),
		  mp_host_traced(MP_VB_TOLD));
	EXPECT_EQ(total - pages * mp_page_kb(), mp_mem_total());
	EXPECT_EQ(0, mp_compact());
	EXPECT_EQ(0, mp_eater_stop(&kept));
	EXPECT_EQ(0, mp_vb_reach(0));
	EXPECT_EQ(total, mp_mem_total());
	EXPECT_EQ(0, mp_vb_actual());
}

TEST(balloon_after_resets_R3)
{
	long total = mp_mem_total(), stale;
	long long told;

	stale = mp_vb_actual();
	/* A host that has changed its mind meanwhile. */
	if (resets() == 1)
		ASSERT_EQ(0, mp_vb_want(0));
	told = mp_host_traced(MP_VB_TOLD);
	ASSERT_EQ(0, mp_module_load("movable_balloon", ""));
	if (resets() == 1)
		EXPECT_EQ(0, actual_becomes(0));
	if (resets() < 2) {
		ASSERT_EQ(0, inflate_and_move(MIB_IN));
		ASSERT_EQ(0, reset_machine());
	}
	printf("# QEMU believed in %ld pages before the driver came\n", stale);
	expect_balloon(_metadata, total, told);
	EXPECT_EQ(0, mp_module_unload("movable_balloon"));
}

TEST_HARNESS_MAIN
