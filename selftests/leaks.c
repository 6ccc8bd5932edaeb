// SPDX-License-Identifier: GPL-2.0
/*
 * Runs last: whatever the programs before it have allocated is free or can be
 * reached.  kmemleak says so, which knows what was allocated by kmalloc() and
 * the like; pages are counted where they are lost, in other programs.
 */

#include "mp_file.h"
#include "mp_harness.h"
#include "mp_kmemleak.h"
#include "mp_module.h"
#include "mp_warning.h"

/* The bench fails the run for what it finds after boot, whoever has lost it. */
TEST(nothing_is_lost)
{
	char text[4096];

	ASSERT_EQ(0, mp_kmemleak_scan());
	EXPECT_EQ(0, mp_kmemleak_suspects(text, sizeof(text)));
}

TEST(what_is_lost_is_found)
{
	char text[4096];

	ASSERT_EQ(0, mp_module_load("mp_test_leak", ""));
	EXPECT_EQ(0, mp_kmsg_say("mp-expect-begin: ", "kmemleak: 1 new"));
	EXPECT_EQ(0, mp_kmemleak_scan());
	EXPECT_EQ(0, mp_kmsg_say("mp-expect-end", ""));
	EXPECT_LT(0, mp_kmemleak_suspects(text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "mp_test_lose"));
	EXPECT_EQ(0, mp_module_unload("mp_test_leak"));
	EXPECT_EQ(0, mp_kmemleak_scan());
	EXPECT_EQ(0, mp_kmemleak_suspects(text, sizeof(text)));
}

TEST_HARNESS_MAIN
