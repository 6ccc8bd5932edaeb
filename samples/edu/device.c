// SPDX-License-Identifier: GPL-2.0
/* /dev/movable_eduN: movable_edu_uapi.h says what it can do. */

#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/movable_move.h>
#include <linux/pfn.h>
#include <linux/uaccess.h>

#include "edu.h"

static DEFINE_IDA(edu_numbers);

static struct movable_page *edu_page(struct edu *edu, u32 page)
{
	return page < MOVABLE_EDU_PAGES ? &edu->pages[page] : NULL;
}

static long edu_copy(struct edu *edu, const void __user *arg, bool fill)
{
	struct movable_edu_copy copy;
	struct movable_page *mp;
	unsigned long missing;
	void *bytes;

	if (copy_from_user(&copy, arg, sizeof(copy)))
		return -EFAULT;
	mp = edu_page(edu, copy.page);
	if (!mp || copy.pad)
		return -EINVAL;
	bytes = movable_page_map(mp);
	if (IS_ERR(bytes))
		return PTR_ERR(bytes);
	if (fill)
		missing = copy_from_user(bytes, u64_to_user_ptr(copy.data),
					 MOVABLE_EDU_BYTES);
	else
		missing = copy_to_user(u64_to_user_ptr(copy.data), bytes,
				       MOVABLE_EDU_BYTES);
	movable_page_unmap(mp);
	return missing ? -EFAULT : 0;
}

static long edu_do_transfer(struct edu *edu, const u32 __user *arg,
			    enum dma_data_direction dir)
{
	struct movable_page *mp;
	u32 page;

	if (get_user(page, arg))
		return -EFAULT;
	mp = edu_page(edu, page);
	return mp ? edu_transfer(edu, mp, dir) : -EINVAL;
}

/*
 * A frame that the device reaches, or any: the pool's policy is what decides.
 * ZONE_DMA32 is larger than the device's part of it, ZONE_DMA smaller.
 */
static struct page *edu_frame(struct movable_page *mp, unsigned long pfn,
			      void *priv)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_MOVABLE | __GFP_NOWARN;
	struct page *page = alloc_page(gfp | __GFP_DMA32);
	u64 mask = *(u64 *)priv;

	if (page && (u64)PFN_PHYS(page_to_pfn(page)) + PAGE_SIZE - 1 > mask) {
		__free_page(page);
		page = alloc_page(gfp | __GFP_DMA);
	}
	return page;
}

static long edu_move(struct edu *edu, void __user *arg)
{
	u64 mask = DMA_BIT_MASK(EDU_MASK_BITS);
	const struct movable_move move = {
		.mode = MIGRATE_SYNC_LIGHT,
		.alloc = edu_frame,
		.priv = &mask,
	};
	struct movable_page *mps[MOVABLE_EDU_PAGES];
	struct movable_edu_moved result = {};
	struct movable_moved moved = {};
	int i, err;

	for (i = 0; i < MOVABLE_EDU_PAGES; i++)
		mps[i] = &edu->pages[i];
	err = movable_pages_move(edu->pool, mps, MOVABLE_EDU_PAGES, &move,
				 &moved);
	if (err)
		return err;
	result.moved = moved.moved;
	result.left = moved.nr_left;
	return copy_to_user(arg, &result, sizeof(result)) ? -EFAULT : 0;
}

static long edu_status(struct edu *edu, void __user *arg)
{
	struct movable_edu_status status = {
		.mask = DMA_BIT_MASK(EDU_MASK_BITS),
	};
	struct movable_pool_stats stats;
	int i;

	movable_pool_stats(edu->pool, &stats);
	status.migrated = stats.migrated;
	status.directed = stats.directed;
	status.refused_pinned = stats.refused_pinned;
	status.refused_target = stats.refused_target;
	mutex_lock(&edu->lock);
	status.transfers = edu->transfers;
	status.astray = edu->astray;
	mutex_unlock(&edu->lock);
	for (i = 0; i < MOVABLE_EDU_PAGES; i++)
		status.pfn[i] = movable_page_pfn(&edu->pages[i]);
	return copy_to_user(arg, &status, sizeof(status)) ? -EFAULT : 0;
}

static long edu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct edu *edu = file->private_data;
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case MOVABLE_EDU_FILL:
		return edu_copy(edu, user, true);
	case MOVABLE_EDU_FETCH:
		return edu_copy(edu, user, false);
	case MOVABLE_EDU_SEND:
		return edu_do_transfer(edu, user, DMA_TO_DEVICE);
	case MOVABLE_EDU_RECEIVE:
		return edu_do_transfer(edu, user, DMA_FROM_DEVICE);
	case MOVABLE_EDU_MOVE:
		return edu_move(edu, user);
	case MOVABLE_EDU_STATUS:
		return edu_status(edu, user);
	}
	return -ENOTTY;
}

/* misc_open() has put the miscdevice there, and misc_deregister() waits. */
static int edu_open(struct inode *inode, struct file *file)
{
	struct edu *edu = container_of(file->private_data, struct edu, misc);

	kref_get(&edu->kref);
	file->private_data = edu;
	return 0;
}

static int edu_close(struct inode *inode, struct file *file)
{
	edu_put(file->private_data);
	return 0;
}

static const struct file_operations edu_fops = {
	.owner = THIS_MODULE,
	.open = edu_open,
	.release = edu_close,
	.unlocked_ioctl = edu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

int edu_device_add(struct edu *edu)
{
	int err;

	edu->number = ida_alloc(&edu_numbers, GFP_KERNEL);
	if (edu->number < 0)
		return edu->number;
	snprintf(edu->name, sizeof(edu->name), "movable_edu%d", edu->number);
	edu->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = edu->name,
		.fops = &edu_fops,
		.parent = &edu->pdev->dev,
		.mode = 0600,
	};
	err = misc_register(&edu->misc);
	if (err)
		ida_free(&edu_numbers, edu->number);
	return err;
}

void edu_device_remove(struct edu *edu)
{
	misc_deregister(&edu->misc);
	ida_free(&edu_numbers, edu->number);
}
