// SPDX-License-Identifier: GPL-2.0
/* KCSAN is on, and the bench tells a race of ours from those of others. */

#include "mp_harness.h"
#include "mp_module.h"
#include "mp_warning.h"

TEST(is_found)
{
	EXPECT_EQ(0, mp_kmsg_say("mp-expect-begin: ",
				 "data-race in mp_test_race_thread"));
	EXPECT_EQ(0, mp_module_load("mp_test_race", ""));
	EXPECT_EQ(0, mp_kmsg_say("mp-expect-end", ""));
	EXPECT_EQ(0, mp_module_unload("mp_test_race"));
}

TEST_HARNESS_MAIN
