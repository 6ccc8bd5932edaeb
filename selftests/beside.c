// SPDX-License-Identifier: GPL-2.0
/*
 * Others whose pages the VM moves by the same means work beside a pool: zram on
 * zsmalloc, and the kernel's virtio_balloon at QEMU's device.
 */

#include "mp.h"
#include "mp_fragment.h"
#include "mp_host.h"
#include "mp_swap.h"

#define MIB	(1UL << 20)

static long count_of(const char *key)
{
	return mp_read_field("/proc/vmstat", key);
}

/* Up to 30 s, for the host is asked to do it. */
static int wait_for(const char *key, long least)
{
	int tries = 3000;

	while (count_of(key) < least && tries--)
		usleep(10000);
	return count_of(key) >= least;
}

MP_TEST_F(zram)
{
	long out = count_of("pswpout");
	struct mp_fragment fragment;

	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 40, 0));
	ASSERT_EQ(0, mp_swap_on("192M"));
	EXPECT_EQ(0, mp_swap_use(64 * MIB));
	EXPECT_EQ(0, mp_compact());
	printf("# %ld pages swapped out, %ld of the pool's moved\n",
	       count_of("pswpout") - out, mp_fragment_moved(&fragment));
	EXPECT_LE(out + 1000, count_of("pswpout"));
	EXPECT_LE(100, mp_fragment_moved(&fragment));
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	EXPECT_EQ(0, mp_swap_off());
	mp_fragment_end(&fragment);
}

/* The host makes the machine have so many MiB less than it has. */
static void set_balloon(unsigned long mib)
{
	printf("mp-qmp: balloon {\"value\": %lu}\n",
	       (mp_host_memory() - mib) * MIB);
	fflush(stdout);
}

/* Where the balloon's pages lie is the page allocator's choice. */
static int compact_until(struct mp_fragment *fragment, long moved, long least)
{
	unsigned int from;
	int err = 0;

	for (from = 0; !err && from < 7; from++)
		if (count_of("balloon_migrate") < moved + least ||
		    mp_fragment_moved(fragment) < least)
			err = mp_fragment_thin(fragment, from) ?: mp_compact();
	return err;
}

MP_TEST_F(virtio_balloon)
{
	long deflated = count_of("balloon_deflate");
	long inflated = count_of("balloon_inflate");
	long moved = count_of("balloon_migrate");
	struct mp_fragment fragment;

	ASSERT_LT(64, mp_host_memory());
	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 60, 0));
	set_balloon(64);
	EXPECT_EQ(1, wait_for("balloon_inflate", inflated + 64 * 256));
	EXPECT_EQ(0, mp_compact());
	EXPECT_EQ(0, compact_until(&fragment, moved, 100));
	printf("# %ld pages inflated, %ld of these moved, %ld of the pool's\n",
	       count_of("balloon_inflate") - inflated,
	       count_of("balloon_migrate") - moved,
	       mp_fragment_moved(&fragment));
	EXPECT_LE(moved + 100, count_of("balloon_migrate"));
	EXPECT_LE(100, mp_fragment_moved(&fragment));
	set_balloon(0);
	EXPECT_EQ(1, wait_for("balloon_deflate", deflated + 64 * 256));
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	mp_fragment_end(&fragment);
}

TEST_HARNESS_MAIN
