// SPDX-License-Identifier: GPL-2.0
/*
 * Others whose pages the VM moves by the same means work beside a pool: zram on
 * zsmalloc, and the kernel's virtio_balloon at QEMU's device.
 */

#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>

#include "mp.h"
#include "mp_fragment.h"

#define ZRAM	"/sys/block/zram0/"
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

/* Return: 0 with the device being swap. */
static int zram_on(void)
{
	int err = mp_write_file(ZRAM "disksize", "192M");

	if (err)
		return err;
	if (system("mkswap /dev/zram0 >/dev/null"))
		return -EIO;
	return swapon("/dev/zram0", 0) ? -errno : 0;
}

static unsigned int word_at(size_t i)
{
	return i * 2654435761u;
}

/*
 * Compressible: one word of eight is not zero.  The pages go to zram because
 * they are told to: memory that is used up until they must go has, now and
 * then, brought the OOM killer, as zram itself needs memory to store them.
 */
static int fill_and_check(unsigned int *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i += 8)
		words[i] = word_at(i);
	if (madvise(words, n * sizeof(*words), MADV_PAGEOUT))
		return -errno;
	mp_compact();
	for (i = 0; i < n; i += 8)
		if (words[i] != word_at(i))
			return -EIO;
	return 0;
}

static int use_swap(size_t size)
{
	unsigned int *words = mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	if (words == MAP_FAILED)
		return -ENOMEM;
	err = fill_and_check(words, size / sizeof(*words));
	munmap(words, size);
	return err;
}

MP_TEST_F(zram)
{
	long out = count_of("pswpout");
	struct mp_fragment fragment;

	ASSERT_EQ(0, mp_fragment_make(&fragment, self->fd, 40, 0));
	ASSERT_EQ(0, zram_on());
	EXPECT_EQ(0, use_swap(64 * MIB));
	EXPECT_EQ(0, mp_compact());
	printf("# %ld pages swapped out, %ld of the pool's moved\n",
	       count_of("pswpout") - out, mp_fragment_moved(&fragment));
	EXPECT_LE(out + 1000, count_of("pswpout"));
	EXPECT_LE(100, mp_fragment_moved(&fragment));
	EXPECT_EQ(0, mp_fragment_verify(&fragment));
	EXPECT_EQ(0, swapoff("/dev/zram0") ? errno : 0);
	EXPECT_EQ(0, mp_write_file(ZRAM "reset", "1"));
	mp_fragment_end(&fragment);
}

/* MiB, as the bench has told us; 0 if it has not. */
static unsigned long machine_memory(void)
{
	const char *text = getenv("mp_memory");

	return text ? strtoul(text, NULL, 10) : 0;
}

/* The host makes the machine have so many MiB less than it has. */
static void set_balloon(unsigned long mib)
{
	printf("mp-qmp: balloon {\"value\": %lu}\n",
	       (machine_memory() - mib) * MIB);
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

	ASSERT_LT(64, machine_memory());
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
