// SPDX-License-Identifier: GPL-2.0
/*
 * Free page reporting: the host hears of memory that is free, and takes it.
 * QEMU traces what it gives up, and how large that is: a page in the balloon is
 * one page, free memory comes in blocks.
 */

#include "mp.h"
#include "mp_eater.h"
#include "mp_vb_fixture.h"
#include "mp_worker.h"

#define KEPT	32	/* MiB in use all the time */
#define MIB_IN	64
#define ORDER	"/sys/module/page_reporting/parameters/page_reporting_order"

/* Return: MiB of free memory that QEMU was told of, in blocks of 2 and 4. */
static long reported_mib(void)
{
	return 2 * mp_host_traced("0x200000:") + 4 * mp_host_traced("0x400000:");
}

/* Return: 0 when that is so much, within a minute. */
static int reported_reaches(long mib)
{
	int tries = 600;

	while (reported_mib() < mib && tries--)
		usleep(100000);
	return tries < 0 ? -ETIMEDOUT : 0;
}

/* The kernel reports some every two seconds until there is nothing new. */
static long reported_at_rest(void)
{
	long before, now = reported_mib();
	int tries = 20;

	do {
		before = now;
		sleep(5);
		now = reported_mib();
	} while (now != before && tries--);
	return now;
}

static long free_mib(void)
{
	return mp_read_field("/proc/meminfo", "MemFree") / 1024;
}

/* Return: 0 when so much is; what is being reported is not, for a moment. */
static int free_rises_to(long mib)
{
	int tries = 600;

	while (free_mib() < mib && tries--)
		usleep(100000);
	return tries < 0 ? -ETIMEDOUT : 0;
}

static int eat(long mib)
{
	struct mp_eater eater;
	int err = mp_eater_start(&eater, mib);

	return err ?: mp_eater_full(&eater) ?: mp_eater_stop(&eater);
}

BALLOON_F(what_is_freed_is_reported)
{
	long order = mp_read_long(ORDER), before;
	struct mp_eater kept;

	/* Blocks of 2 MiB are the least; old kernels do not say. */
	EXPECT_TRUE(order == 9 || order == -ENOENT);
	ASSERT_EQ(0, mp_eater_start(&kept, KEPT));
	ASSERT_EQ(0, mp_eater_full(&kept));
	before = reported_at_rest();
	EXPECT_LE(free_mib() / 2, before);
	ASSERT_EQ(0, eat(128));
	EXPECT_EQ(0, reported_reaches(before + 96));
	printf("# figure: %ld MiB reported of 128 that were freed\n",
	       reported_mib() - before);
	EXPECT_EQ(0, mp_eater_stop(&kept));
}

static int step_compact(struct mp_worker *worker)
{
	return mp_compact();
}

static int step_eat(struct mp_worker *worker)
{
	return eat(96);
}

/* Pages go in, move and come out while free memory is reported. */
BALLOON_F(balloon_and_reports_at_once_R3)
{
	struct mp_worker eater = { .step = step_eat };
	struct mp_worker compactor = { .step = step_compact };
	long before = reported_mib(), moved = mp_vb_stat("migrated");
	int i;

	ASSERT_EQ(0, mp_worker_start(&eater));
	ASSERT_EQ(0, mp_worker_start(&compactor));
	for (i = 0; i < 60; i++) {
		ASSERT_EQ(0, mp_vb_reach(MIB_IN + i % 2 * MIB_IN));
		EXPECT_EQ(self->total - mp_vb_stat("pages") * mp_page_kb(),
			  mp_mem_total());
		if (reported_mib() >= before + 96 &&
		    mp_vb_stat("migrated") >= moved + 500)
			break;
		usleep(200000);
	}
	EXPECT_EQ(0, mp_worker_stop(&eater));
	EXPECT_EQ(0, mp_worker_stop(&compactor));
	printf("# %ld MiB reported, %ld pages moved\n", reported_mib() - before,
	       mp_vb_stat("migrated") - moved);
	EXPECT_LE(before + 96, reported_mib());
	EXPECT_LE(moved + 500, mp_vb_stat("migrated"));
	EXPECT_EQ(mp_vb_stat("pages"), mp_vb_actual());
}

/*
 * A driver that comes has all free memory reported that was not reported
 * before.  The balloon is filled again meanwhile, which needs some of that.
 */
BALLOON_F(unbind_while_it_reports_R6)
{
	const char *name = mp_vb_device();
	struct mp_eater kept;
	long before, free;
	int i;

	ASSERT_NE(NULL, name);
	ASSERT_EQ(0, mp_eater_start(&kept, KEPT));
	ASSERT_EQ(0, mp_eater_full(&kept));
	free = free_mib();
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, mp_vb_unbind(name));
		EXPECT_EQ(self->total, mp_mem_total());
		ASSERT_EQ(0, eat(2 * MIB_IN + 32));
		before = reported_mib();
		ASSERT_EQ(0, mp_vb_bind(name));
		ASSERT_EQ(0, mp_vb_reach(MIB_IN));
		EXPECT_EQ(0, reported_reaches(before + 2));
	}
	ASSERT_EQ(0, mp_vb_reach(0));
	EXPECT_EQ(0, free_rises_to(free - 16));
	EXPECT_EQ(0, mp_eater_stop(&kept));
}

TEST_HARNESS_MAIN
