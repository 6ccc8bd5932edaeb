/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_VB_FIXTURE_H
#define _SELFTESTS_MP_VB_FIXTURE_H

/* Tests of samples/balloon begin and end with an empty balloon. */

#include "mp_harness.h"
#include "mp_vballoon.h"

FIXTURE(balloon) {
	long total;
};

FIXTURE_SETUP(balloon)
{
	ASSERT_LT(128, mp_host_memory());
	ASSERT_EQ(0, mp_vb_reach(0));
	self->total = mp_mem_total();
}

/* Nothing is left in it, and nothing of it is missing. */
FIXTURE_TEARDOWN(balloon)
{
	EXPECT_EQ(0, mp_vb_reach(0));
	EXPECT_EQ(self->total, mp_mem_total());
	EXPECT_EQ(0, mp_vb_actual());
	EXPECT_EQ(mp_vb_stat("allocated"), mp_vb_stat("freed"));
	EXPECT_EQ(0, mp_deferred_drain());
}

#define BALLOON_F(name)	TEST_F(balloon, name)

#endif /* _SELFTESTS_MP_VB_FIXTURE_H */
