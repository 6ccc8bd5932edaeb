// SPDX-License-Identifier: GPL-2.0
/*
 * Gigabytes to and from a file system on a disk of samples/ramdisk, compared as
 * they come back, while the pages under them move.
 */

#include "mp_harness.h"

#include "mp_fs.h"

#define TREE_ROUNDS	6
#define FIO_ROUNDS	4
#define MOVES		5000

#define FIO_OUTPUT	"/tmp/fio"
#define FIO		"/programs/fio --minimal --output=" FIO_OUTPUT \
			" --thread --name=verify --directory=" MP_FS
#define FIO_VERIFY	" --size=48m --fallocate=none --end_fsync=1" \
			" --verify=crc32c --verify_fatal=1"
#define FIO_ERROR	4	/* fields of what it prints, from 0 on */
#define FIO_READ_KB	5

FIXTURE(fs) {
	struct mp_movers movers;
};

FIXTURE_SETUP(fs)
{
	ASSERT_EQ(0, mp_ramdisk_load("size_mb=256"));
	ASSERT_EQ(0, mp_fs_make());
	ASSERT_EQ(0, mp_fs_mount());
	ASSERT_EQ(0, mp_movers_start(&self->movers));
}

FIXTURE_TEARDOWN(fs)
{
	EXPECT_EQ(0, mp_fs_unmount());
	EXPECT_EQ(0, mp_movers_stop(&self->movers));
	EXPECT_EQ(0, mp_fs_check());
	EXPECT_LE(MOVES, mp_stat(MP_DISK, "migrated"));
	EXPECT_LE(1, mp_movers_offlined(&self->movers));
	EXPECT_EQ(0, mp_stat_at_rest(MP_DISK));
	EXPECT_EQ(0, mp_ramdisk_unload());
	EXPECT_EQ(0, mp_deferred_drain());
}

static void tell(struct mp_movers *movers, const char *what, long long mb)
{
	printf("# figure: %lld.%02lld GB verified by %s, %ld moves, %u times offline\n",
	       mb / 1000, mb % 1000 / 10, what, mp_stat(MP_DISK, "migrated"),
	       mp_movers_offlined(movers));
}

/* Two copies are there at a time, one of them for a round longer. */
TEST_F_TIMEOUT(fs, trees_of_files, 1200)
{
	long long bytes;
	int round;

	ASSERT_EQ(0, mp_fs_unpack(0));
	bytes = mp_fs_tree_bytes(0);
	ASSERT_LT(0, bytes);
	for (round = 1; round <= TREE_ROUNDS; round++) {
		ASSERT_EQ(0, mp_fs_unpack(round));
		EXPECT_EQ(0, mp_fs_verify(round));
		EXPECT_EQ(0, mp_fs_verify(round - 1));
		ASSERT_EQ(0, mp_fs_delete(round - 1));
	}
	tell(&self->movers, "SHA-256", 2 * TREE_ROUNDS * bytes / 1000000);
}

/* Return: kB that it has read and compared, or -EILSEQ. */
static long long read_and_compared(const char *how)
{
	char command[512], text[4096], *field = text;
	long long fields[FIO_READ_KB + 1] = {};
	int i;

	snprintf(command, sizeof(command), FIO FIO_VERIFY " %s", how);
	if (mp_shell_told(command) ||
	    mp_read_file(FIO_OUTPUT, text, sizeof(text)) <= 0)
		return -EILSEQ;
	for (i = 0; i <= FIO_READ_KB && field; i++) {
		fields[i] = atoll(field);
		field = strchr(field, ';');
		field += !!field;
	}
	if (i <= FIO_READ_KB || fields[FIO_ERROR] || fields[FIO_READ_KB] <= 0)
		return -EILSEQ;
	return fields[FIO_READ_KB];
}

TEST_F_TIMEOUT(fs, fio_verifies, 1200)
{
	static const char * const ways[] = {
		"--rw=randwrite --bsrange=512-64k --direct=1",
		"--rw=randwrite --bs=4k --direct=0",
		"--rw=randrw --bsrange=1k-32k --direct=1 --verify_backlog=64",
	};
	long long kb = 0, n;
	size_t way;
	int round;

	for (round = 0; round < FIO_ROUNDS; round++) {
		for (way = 0; way < sizeof(ways) / sizeof(*ways); way++) {
			n = read_and_compared(ways[way]);
			ASSERT_LT(0, n);
			kb += n;
		}
	}
	tell(&self->movers, "fio", kb * 1024 / 1000000);
}

TEST_HARNESS_MAIN
