// SPDX-License-Identifier: GPL-2.0
/* A disk, as the block layer has wanted to be told of it. */

#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>

#include "compat.h"

#define RAMDISK_MINORS	16		/* the disk and its partitions */
/* Sectors at a time, in whole pages: a page cut in two is not freed. */
#define RAMDISK_MOST	((UINT_MAX & PAGE_MASK) >> SECTOR_SHIFT)

static struct ramdisk *ramdisk_of(struct bio *bio)
{
#ifdef MP_HAVE_BIO_BDEV				/* since 5.12 */
	return bio->bi_bdev->bd_disk->private_data;
#else
	return bio->bi_disk->private_data;
#endif
}

#ifdef MP_HAVE_SUBMIT_VOID			/* since 5.16 */
static void ramdisk_submit_bio(struct bio *bio)
{
	ramdisk_submit(ramdisk_of(bio), bio);
}
#else
static blk_qc_t ramdisk_submit_bio(struct bio *bio)
{
	ramdisk_submit(ramdisk_of(bio), bio);
	return BLK_QC_T_NONE;
}
#endif

static const struct block_device_operations ramdisk_fops = {
	.owner = THIS_MODULE,
	.submit_bio = ramdisk_submit_bio,
};

#ifdef MP_HAVE_DISK_LIMITS			/* since 6.9 */

static struct gendisk *ramdisk_disk_new(void)
{
	struct queue_limits limits = {
		.physical_block_size = PAGE_SIZE,
		.discard_granularity = PAGE_SIZE,
		.max_hw_discard_sectors = RAMDISK_MOST,
		.max_write_zeroes_sectors = RAMDISK_MOST,
	};

	return blk_alloc_disk(&limits, NUMA_NO_NODE);
}

#else

static void ramdisk_set_limits(struct request_queue *q)
{
	blk_queue_physical_block_size(q, PAGE_SIZE);
	q->limits.discard_granularity = PAGE_SIZE;
	blk_queue_max_discard_sectors(q, RAMDISK_MOST);
	blk_queue_max_write_zeroes_sectors(q, RAMDISK_MOST);
	blk_queue_flag_set(QUEUE_FLAG_NONROT, q);
	blk_queue_flag_clear(QUEUE_FLAG_ADD_RANDOM, q);
#ifdef MP_HAVE_DISCARD_FLAG			/* up to 5.18 */
	blk_queue_flag_set(QUEUE_FLAG_DISCARD, q);
#endif
}

static struct gendisk *ramdisk_disk_bare(void)
{
#ifdef MP_HAVE_ALLOC_DISK			/* since 5.14 */
	return blk_alloc_disk(NUMA_NO_NODE);
#else
	struct gendisk *disk = alloc_disk(RAMDISK_MINORS);

	if (!disk)
		return NULL;
	disk->queue = blk_alloc_queue(NUMA_NO_NODE);
	if (disk->queue)
		return disk;
	put_disk(disk);
	return NULL;
#endif
}

static struct gendisk *ramdisk_disk_new(void)
{
	struct gendisk *disk = ramdisk_disk_bare();

	if (!disk)
		return ERR_PTR(-ENOMEM);
	ramdisk_set_limits(disk->queue);
	return disk;
}

#endif

/**
 * ramdisk_compat_new() - have a disk that nobody sees yet
 * @rd: the disk, all set up but for @rd->disk
 * @major: number of the driver
 *
 * Context: May sleep.
 * Return: 0, or -errno.
 */
int ramdisk_compat_new(struct ramdisk *rd, int major)
{
	struct gendisk *disk = ramdisk_disk_new();

	if (IS_ERR(disk))
		return PTR_ERR(disk);
	disk->major = major;
	disk->first_minor = rd->number * RAMDISK_MINORS;
	disk->minors = RAMDISK_MINORS;
	disk->fops = &ramdisk_fops;
	disk->private_data = rd;
	strscpy(disk->disk_name, rd->name, DISK_NAME_LEN);
	set_capacity(disk, rd->bytes >> SECTOR_SHIFT);
	rd->disk = disk;
	return 0;
}

static void ramdisk_disk_put(struct gendisk *disk, bool added)
{
#if defined(MP_HAVE_CLEANUP_DISK)		/* 5.14 to 5.19 */
	blk_cleanup_disk(disk);
#elif defined(MP_HAVE_ALLOC_DISK) || defined(MP_HAVE_DISK_LIMITS)
	put_disk(disk);
#else
	blk_cleanup_queue(disk->queue);
	/* The disk has a reference to its queue only once it was added. */
	if (!added)
		disk->queue = NULL;
	put_disk(disk);
#endif
}

/**
 * ramdisk_compat_free() - the end of a disk that nobody has seen
 * @rd: the disk
 *
 * Context: May sleep.
 */
void ramdisk_compat_free(struct ramdisk *rd)
{
	ramdisk_disk_put(rd->disk, false);
}

/**
 * ramdisk_compat_add() - show a disk to the world
 * @rd: the disk
 *
 * Requests may come before this returns.
 *
 * Context: May sleep.
 * Return: 0, or -errno.
 */
int ramdisk_compat_add(struct ramdisk *rd)
{
#ifdef MP_HAVE_ADD_DISK_ERROR			/* since 5.15 */
	return add_disk(rd->disk);
#else
	add_disk(rd->disk);
	return 0;
#endif
}

/**
 * ramdisk_compat_remove() - take a disk back
 * @rd: the disk, which was added; nobody has it open
 *
 * Context: May sleep, until all requests are done.
 */
void ramdisk_compat_remove(struct ramdisk *rd)
{
	del_gendisk(rd->disk);
	ramdisk_disk_put(rd->disk, true);
}
