// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/mp_frame: page frames, whoever has them.  A thread that the VM keeps
 * waiting in here is in the way of nobody's unloading but this module's.
 */

#include <linux/fs.h>
#include <linux/memory_hotplug.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat/compat.h"
#include "mp_frame_uapi.h"

/**
 * struct mp_frame_file - an open file
 * @lock: guards @locked
 * @locked: page that is locked, with a reference
 */
struct mp_frame_file {
	struct mutex lock;	/* @locked */
	struct page *locked;
};

/* Return: the page with a reference, or NULL if it is free or no page. */
static struct page *mp_frame_get(u64 pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && get_page_unless_zero(page) ? page : NULL;
}

static int mp_frame_ioc_evict(void __user *arg)
{
	struct mp_frame_range range;
	u64 last;

	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	last = range.pfn + range.count - 1;
	if (!range.count || last < range.pfn ||
	    !pfn_to_online_page(range.pfn) || !pfn_to_online_page(last))
		return -ERANGE;
	return mp_test_compat_evict(range.pfn, range.count);
}

static int mp_frame_lock(struct mp_frame_file *file, u64 pfn)
{
	struct page *page;

	if (file->locked)
		return -EEXIST;
	page = mp_frame_get(pfn);
	if (!page)
		return -ENOENT;
	if (!trylock_page(page)) {
		put_page(page);
		return -EBUSY;
	}
	file->locked = page;
	return 0;
}

static int mp_frame_unlock(struct mp_frame_file *file)
{
	if (!file->locked)
		return -ENOENT;
	unlock_page(file->locked);
	put_page(file->locked);
	file->locked = NULL;
	return 0;
}

static int mp_frame_ioc_lock(struct mp_frame_file *file, void __user *arg)
{
	u64 pfn;

	if (copy_from_user(&pfn, arg, sizeof(pfn)))
		return -EFAULT;
	return mp_frame_lock(file, pfn);
}

/* The reference that is taken to look is not counted. */
static int mp_frame_ioc_look(void __user *arg)
{
	struct mp_frame_look look;
	struct page *page;

	if (copy_from_user(&look, arg, sizeof(look)))
		return -EFAULT;
	look.refs = 0;
	look.is = 0;
	page = mp_frame_get(look.pfn);
	if (page) {
		look.refs = page_count(page) - 1;
		look.is = mp_test_compat_look(page);
		put_page(page);
	}
	return copy_to_user(arg, &look, sizeof(look)) ? -EFAULT : 0;
}

static long mp_frame_ioctl(struct file *filp, unsigned int cmd,
			   unsigned long arg)
{
	struct mp_frame_file *file = filp->private_data;
	void __user *user = (void __user *)arg;
	int err = -ENOTTY;

	/* Not under the lock: it may wait for the page that is locked. */
	if (cmd == MP_FRAME_IOC_EVICT)
		return mp_frame_ioc_evict(user);
	mutex_lock(&file->lock);
	if (cmd == MP_FRAME_IOC_LOCK)
		err = mp_frame_ioc_lock(file, user);
	else if (cmd == MP_FRAME_IOC_UNLOCK)
		err = mp_frame_unlock(file);
	else if (cmd == MP_FRAME_IOC_LOOK)
		err = mp_frame_ioc_look(user);
	mutex_unlock(&file->lock);
	return err;
}

static int mp_frame_open(struct inode *inode, struct file *filp)
{
	struct mp_frame_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	mutex_init(&file->lock);
	filp->private_data = file;
	return 0;
}

static int mp_frame_release(struct inode *inode, struct file *filp)
{
	struct mp_frame_file *file = filp->private_data;

	if (file->locked)
		mp_frame_unlock(file);
	kfree(file);
	return 0;
}

static const struct file_operations mp_frame_fops = {
	.owner = THIS_MODULE,
	.open = mp_frame_open,
	.release = mp_frame_release,
	.unlocked_ioctl = mp_frame_ioctl,
};

static struct miscdevice mp_frame_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mp_frame",
	.fops = &mp_frame_fops,
	.mode = 0600,
};

module_misc_device(mp_frame_device);
MODULE_DESCRIPTION("Page frames for the tests of movable_pool");
MODULE_LICENSE("GPL");
