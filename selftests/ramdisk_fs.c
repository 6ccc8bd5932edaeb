// SPDX-License-Identifier: GPL-2.0
/*
 * A file system on a disk of samples/ramdisk, in memory of which a block goes
 * offline.  Short: the program ramdisk_volume is for much more of it.
 */

#include "mp_harness.h"

#include "mp_fs.h"

#define MOVES		1000
#define ROUNDS		10	/* at most, until that has come about */

static int enough(struct mp_movers *movers)
{
	return mp_stat(MP_DISK, "migrated") >= MOVES &&
	       mp_movers_offlined(movers);
}

TEST(files_on_it_stay_whole)
{
	long bytes;
	struct mp_movers movers;
	long moved, copies = 0;
	int round;

	ASSERT_EQ(0, mp_ramdisk_load("size_mb=96"));
	ASSERT_EQ(0, mp_fs_make());
	ASSERT_EQ(0, mp_fs_mount());
	ASSERT_EQ(0, mp_fs_unpack(0));
	bytes = mp_fs_tree_bytes(0);
	ASSERT_LT(0, bytes);
	ASSERT_EQ(0, mp_movers_start(&movers));
	for (round = 1; round <= ROUNDS; round++) {
		ASSERT_EQ(0, mp_fs_unpack(round));
		EXPECT_EQ(0, mp_fs_verify(round));
		copies++;
		ASSERT_EQ(0, mp_fs_delete(round));
		if (enough(&movers))
			break;
	}
	EXPECT_EQ(0, mp_fs_verify(0));
	copies++;
	EXPECT_EQ(0, mp_fs_unmount());
	EXPECT_EQ(0, mp_movers_stop(&movers));
	EXPECT_EQ(0, mp_fs_check());
	moved = mp_stat(MP_DISK, "migrated");
	printf("# figure: %ld MiB of files whole by SHA-256, %ld moves, %u times offline\n",
	       copies * bytes / MP_MIB, moved, mp_movers_offlined(&movers));
	EXPECT_LE(MOVES, moved);
	EXPECT_LE(1, mp_movers_offlined(&movers));
	EXPECT_EQ(0, mp_stat_at_rest(MP_DISK));
	EXPECT_EQ(0, mp_ramdisk_unload());
	EXPECT_EQ(0, mp_deferred_drain());
}

TEST_HARNESS_MAIN
