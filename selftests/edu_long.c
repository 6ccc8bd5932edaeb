// SPDX-License-Identifier: GPL-2.0
/* Ten thousand transfers by DMA while everything moves; none is corrupted. */

#include "mp_driver.h"
#include "mp_edu_storm.h"
#include "mp_harness.h"

#define TRANSFERS	10000
#define DEVICES		16
#define PAIRS		((TRANSFERS / 2 + DEVICES - 1) / DEVICES)

FIXTURE(edu) {
	int driver;
};

FIXTURE_SETUP(edu)
{
	self->driver = mp_open();
	ASSERT_LE(0, self->driver);
}

FIXTURE_TEARDOWN(edu)
{
	close(self->driver);
}

TEST_F_TIMEOUT(edu, ten_thousand_transfers, 1200)
{
	struct mp_edu_storm storm;
	struct mp_edu_sum sum;

	ASSERT_LE(0, mp_edu_holes(self->driver));
	ASSERT_EQ(0, mp_edu_storm_start(&storm, self->driver, PAIRS));
	ASSERT_EQ(DEVICES, storm.nr);
	EXPECT_EQ(0, mp_edu_storm_end(&storm));
	sum = mp_edu_storm_sum(&storm);
	EXPECT_LE(TRANSFERS, sum.transfers);
	EXPECT_EQ(0, sum.astray);
	EXPECT_EQ(0, sum.beyond);
	EXPECT_LE(5000, sum.directed);
	EXPECT_LE(10, sum.migrated);
	mp_edu_sum_print(&sum);
}

TEST_HARNESS_MAIN
