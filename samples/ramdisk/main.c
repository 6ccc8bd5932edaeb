// SPDX-License-Identifier: GPL-2.0
/*
 * Disks /dev/mrd0, mrd1, ... in memory that the kernel may move.  They are
 * there from load to unload, and empty at first:
 *
 *	insmod movable_ramdisk.ko size_mb=256 disks=2
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/movable_pool.h>

#include "compat/compat.h"
#include "ramdisk.h"

#define MAX_DISKS	16
#define MAX_SIZE_MB	(8u << 20)	/* a page's place fits 32 bits */
#define MB_SHIFT	20

static unsigned int disks = 1;
module_param(disks, uint, 0444);
MODULE_PARM_DESC(disks, "how many disks, 1 to 16 (1)");

static unsigned int size_mb = 64;
module_param(size_mb, uint, 0444);
MODULE_PARM_DESC(size_mb, "size of each disk in MiB (64)");

static unsigned int limit_mb;
module_param(limit_mb, uint, 0444);
MODULE_PARM_DESC(limit_mb, "most memory of each disk in MiB, if less than its size (0: its size)");

static bool unmovable;
module_param(unmovable, bool, 0444);
MODULE_PARM_DESC(unmovable, "the pages stay where they are, to compare with");

static struct ramdisk ramdisks[MAX_DISKS];
static int ramdisk_major;

static unsigned long ramdisk_pages(unsigned int mb)
{
	return (u64)mb << MB_SHIFT >> PAGE_SHIFT;
}

/* All of a disk that can fail before anybody sees it. */
static int ramdisk_new(struct ramdisk *rd, unsigned int number)
{
	unsigned int flags = unmovable ? MOVABLE_POOL_UNMOVABLE : 0;
	int err;

	rd->number = number;
	rd->bytes = (u64)size_mb << MB_SHIFT;
	snprintf(rd->name, sizeof(rd->name), "mrd%u", number);
	/* No limit where its size is one. */
	rd->store = ramdisk_store_create(rd->name, flags, limit_mb < size_mb ?
					 ramdisk_pages(limit_mb) : 0);
	if (IS_ERR(rd->store))
		return PTR_ERR(rd->store);
	err = ramdisk_compat_new(rd, ramdisk_major);
	if (err)
		ramdisk_store_destroy(rd->store);
	return err;
}

/* Nobody has seen these: those from @n on. */
static void ramdisk_free_from(unsigned int n)
{
	for (; n < disks; n++) {
		if (!ramdisks[n].disk)
			continue;
		ramdisk_compat_free(&ramdisks[n]);
		ramdisk_store_destroy(ramdisks[n].store);
	}
}

static int ramdisk_new_all(void)
{
	unsigned int n;
	int err;

	for (n = 0; n < disks; n++) {
		err = ramdisk_new(&ramdisks[n], n);
		if (err) {
			pr_err("no disk mrd%u: error %d\n", n, err);
			ramdisk_free_from(0);
			return err;
		}
	}
	return 0;
}

/*
 * A module that fails to load is freed at once, even if somebody has a disk of
 * it open: the kernel itself has, to look for partitions, until the thread is
 * on its way back to user space.  So with one disk there is no way back.
 */
static int ramdisk_add_all(void)
{
	unsigned int n;
	int err = 0;

	for (n = 0; n < disks; n++) {
		err = ramdisk_compat_add(&ramdisks[n]);
		if (err)
			break;
	}
	if (!err)
		return 0;
	pr_err("no disk mrd%u and above: error %d\n", n, err);
	ramdisk_free_from(n);
	disks = n;
	return n ? 0 : err;
}

static int ramdisk_check_parameters(void)
{
	if (!disks || disks > MAX_DISKS) {
		pr_err("disks=%u: there are 1 to %u\n", disks, MAX_DISKS);
		return -EINVAL;
	}
	if (!size_mb || size_mb > MAX_SIZE_MB) {
		pr_err("size_mb=%u: a disk has 1 to %u MiB\n", size_mb,
		       MAX_SIZE_MB);
		return -EINVAL;
	}
	if (limit_mb > size_mb) {
		pr_err("limit_mb=%u: a disk of %u MiB needs no more than that\n",
		       limit_mb, size_mb);
		return -EINVAL;
	}
	return 0;
}

static int __init ramdisk_init(void)
{
	int err = ramdisk_check_parameters();

	if (err)
		return err;
	ramdisk_major = register_blkdev(0, KBUILD_MODNAME);
	if (ramdisk_major < 0)
		return ramdisk_major;
	err = ramdisk_new_all() ?: ramdisk_add_all();
	if (err)
		unregister_blkdev(ramdisk_major, KBUILD_MODNAME);
	return err;
}

/* No request is under way once a disk is gone. */
static void __exit ramdisk_exit(void)
{
	while (disks--) {
		ramdisk_compat_remove(&ramdisks[disks]);
		ramdisk_store_destroy(ramdisks[disks].store);
	}
	unregister_blkdev(ramdisk_major, KBUILD_MODNAME);
}

module_init(ramdisk_init);
module_exit(ramdisk_exit);
MODULE_DESCRIPTION("Disks in memory that moves");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
