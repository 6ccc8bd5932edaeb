// SPDX-License-Identifier: GPL-2.0
/*
 * Suspend to memory with an inflated balloon.  The device is reset meanwhile,
 * and the host forgets what it was told: so the driver empties the balloon, and
 * fills it again when the system has woken up.
 *
 * All but the last step, which QEMU's firmware does not wake up from when it
 * was given the kernel by -kernel.
 */

#include "mp.h"
#include "mp_vb_fixture.h"
#include "mp_worker.h"

#define MIB_IN	64
#define POWER	"/sys/power/"
#define DELAY	"/sys/module/suspend/parameters/pm_test_delay"

/* As far as @depth, and one second of it. */
static int nap(const char *depth)
{
	return mp_write_file(DELAY, "1") ?:
	       mp_write_file(POWER "pm_test", depth) ?:
	       mp_write_file(POWER "state", "mem") ?:
	       mp_write_file(POWER "pm_test", "none");
}

/* Out and in again, all of them, and the host has heard of each. */
static void expect_nap(struct __test_metadata *_metadata, long total,
		       const char *depth)
{
	long pages = mp_vb_stat("pages"), freed = mp_vb_stat("freed");
	long moved = mp_vb_stat("migrated");
	long long told = mp_host_traced(MP_VB_TOLD);

	ASSERT_EQ(0, nap(depth));
	EXPECT_EQ(freed + pages, mp_vb_stat("freed"));
	ASSERT_EQ(0, mp_vb_becomes(pages));
	EXPECT_EQ(freed + pages, mp_vb_stat("freed"));
	EXPECT_EQ(pages, mp_vb_actual());
	EXPECT_EQ(total - pages * mp_page_kb(), mp_mem_total());
	moved = mp_vb_stat("migrated") - moved;
	EXPECT_EQ(told + 2 * pages + 2 * moved, mp_host_traced(MP_VB_TOLD));
}

BALLOON_F(empty_while_devices_sleep_R3)
{
	int i;

	for (i = 1; i <= 3; i++) {
		ASSERT_EQ(0, mp_vb_reach(i * MIB_IN));
		expect_nap(_metadata, self->total, "devices");
	}
}

BALLOON_F(empty_while_all_but_one_cpu_sleeps_R3)
{
	int i;

	for (i = 1; i <= 2; i++) {
		ASSERT_EQ(0, mp_vb_reach(i * MIB_IN));
		expect_nap(_metadata, self->total, "core");
	}
}

static int step_compact(struct mp_worker *worker)
{
	return mp_compact();
}

/* It falls asleep while pages go in and move. */
BALLOON_F(in_the_middle_of_everything_R6)
{
	struct mp_worker compactor = { .step = step_compact };
	long moved = mp_vb_stat("migrated");
	int i;

	ASSERT_EQ(0, mp_worker_start(&compactor));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, mp_vb_want(i % 2 ? 2 * MIB_IN : 4 * MIB_IN));
		usleep(i * 100000);
		ASSERT_EQ(0, nap("devices"));
	}
	EXPECT_EQ(0, mp_vb_becomes(mp_vb_pages_of(2 * MIB_IN)));
	EXPECT_EQ(0, mp_worker_stop(&compactor));
	moved = mp_vb_stat("migrated") - moved;
	printf("# %ld pages moved\n", moved);
	EXPECT_LE(50, moved);
	EXPECT_EQ(self->total - 2 * MIB_IN * 1024, mp_mem_total());
	EXPECT_EQ(mp_vb_stat("pages"), mp_vb_actual());
}

TEST_HARNESS_MAIN
