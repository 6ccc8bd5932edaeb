// SPDX-License-Identifier: GPL-2.0
/*
 * Suspend to disk with an inflated balloon.  The machine that goes on with the
 * image has another host, which has no page and wants none.
 */

#include "mp.h"
#include "mp_boot.h"
#include "mp_eater.h"
#include "mp_vb_fixture.h"

#define MIB_IN	64
#define KEPT	32	/* MiB whose contents matter */

BALLOON_F(balloon_is_empty_after_resume_R3_R23)
{
	long pages = mp_vb_pages_of(MIB_IN), moved;
	struct mp_eater kept;
	long long told;

	ASSERT_STREQ("boot-1", mp_boot());
	ASSERT_EQ(0, mp_eater_start(&kept, KEPT));
	ASSERT_EQ(0, mp_eater_full(&kept));
	ASSERT_EQ(0, mp_vb_reach(MIB_IN));

	ASSERT_EQ(0, mp_power_off_and_resume());
	ASSERT_STREQ("boot-2", mp_boot());

	EXPECT_EQ(0, mp_vb_becomes(0));
	EXPECT_EQ(self->total, mp_mem_total());
	EXPECT_EQ(0, mp_vb_actual());
	EXPECT_LE(pages, mp_vb_stat("freed"));
	told = mp_host_traced(MP_VB_TOLD);
	moved = mp_vb_stat("migrated");
	ASSERT_EQ(0, mp_vb_reach(MIB_IN));
	moved = mp_vb_stat("migrated") - moved;
	EXPECT_EQ(told + pages + 2 * moved, mp_host_traced(MP_VB_TOLD));
	EXPECT_EQ(self->total - pages * mp_page_kb(), mp_mem_total());
	EXPECT_EQ(pages, mp_vb_actual());
	EXPECT_EQ(0, mp_eater_stop(&kept));
}

TEST_HARNESS_MAIN
