// SPDX-License-Identifier: GPL-2.0
/*
 * Runs last: whatever the programs before it have allocated is free or can be
 * reached.  kmemleak says so, which knows what was allocated by kmalloc() and
 * the like; pages are counted where they are lost, in other programs.
 */

#include "mp_file.h"
#include "mp_harness.h"
#include "mp_module.h"
#include "mp_warning.h"

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
/* It does not suspect what is younger than five seconds. */
#define OLD_ENOUGH	6

/*
 * Twice, for an object whose bytes have changed since the last scan is not
 * suspected, and the first scan knows of none before.
 */
static int scan(void)
{
	sleep(OLD_ENOUGH);
	return mp_write_file(KMEMLEAK, "scan") ?:
	       mp_write_file(KMEMLEAK, "scan");
}

/* Return: bytes of what it suspects, all of it printed, or -errno. */
static int suspects(char *text, int size)
{
	int n = mp_read_file(KMEMLEAK, text, size);

	if (n > 0)
		printf("# %s\n", text);
	return n;
}

/* The bench fails the run for what it finds after boot, whoever has lost it. */
TEST(nothing_is_lost)
{
	char text[4096];

	ASSERT_EQ(0, scan());
	EXPECT_EQ(0, suspects(text, sizeof(text)));
}

TEST(what_is_lost_is_found)
{
	char text[4096];

	ASSERT_EQ(0, mp_module_load("mp_test_leak", ""));
	EXPECT_EQ(0, mp_kmsg_say("mp-expect-begin: ", "kmemleak: 1 new"));
	EXPECT_EQ(0, scan());
	EXPECT_EQ(0, mp_kmsg_say("mp-expect-end", ""));
	EXPECT_LT(0, suspects(text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "mp_test_lose"));
	EXPECT_EQ(0, mp_module_unload("mp_test_leak"));
	EXPECT_EQ(0, scan());
	EXPECT_EQ(0, suspects(text, sizeof(text)));
}

TEST_HARNESS_MAIN
