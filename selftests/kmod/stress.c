// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/mp_stress: starts owners of pools, ends them, and says what has become
 * of their pages.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mp_stress.h"

#define MP_STRESS_PAGES		BIT(20)	/* of a pool, at most */

/* Taken by whoever uses what there is; one file at a time has it. */
static DEFINE_MUTEX(stress_lock);
static struct mp_stress *stress;
static bool stress_open;

/* Any context but NMI. */
void mp_stress_wrong(struct mp_stress_owner *owner, const char *format, ...)
{
	struct mp_stress *all = owner->stress;
	unsigned long irqflags;
	va_list args;
	int n;

	spin_lock_irqsave(&all->lock, irqflags);
	if (!all->nr_wrong++) {
		n = scnprintf(all->wrong, sizeof(all->wrong),
			      "owner %u, kind %u, pool %llu: ", owner->number,
			      owner->kind, owner->life);
		va_start(args, format);
		vscnprintf(all->wrong + n, sizeof(all->wrong) - n, format,
			   args);
		va_end(args);
	}
	spin_unlock_irqrestore(&all->lock, irqflags);
}

static void mp_stress_stop(struct mp_stress *all)
{
	unsigned int i;

	for (i = 0; i < all->nr; i++)
		mp_stress_owner_stop(&all->owners[i]);
}

static void mp_stress_free(struct mp_stress *all)
{
	unsigned int i;

	if (!all)
		return;
	mp_stress_stop(all);
	for (i = 0; i < all->nr; i++)
		kvfree(all->owners[i].objects);
	kvfree(all->frames);
	kvfree(all);
}

static struct mp_stress *mp_stress_new(unsigned int owners)
{
	struct mp_stress *all;

	all = kvzalloc(struct_size(all, owners, owners), GFP_KERNEL);
	if (!all)
		return NULL;
	spin_lock_init(&all->lock);
	all->frames = kvcalloc(BITS_TO_LONGS(MP_STRESS_FRAMES), sizeof(long),
			       GFP_KERNEL);
	if (!all->frames) {
		kvfree(all);
		return NULL;
	}
	return all;
}

static int mp_stress_add_objects(struct mp_stress_owner *owner)
{
	unsigned int i;

	owner->objects = kvcalloc(owner->nr, sizeof(*owner->objects),
				  GFP_KERNEL);
	for (i = 0; owner->objects && i < owner->nr; i++)
		owner->objects[i].owner = owner;
	return owner->objects ? 0 : -ENOMEM;
}

static int mp_stress_add(struct mp_stress *all, enum mp_stress_kind kind,
			 unsigned int pages)
{
	struct mp_stress_owner *owner = &all->owners[all->nr];

	owner->stress = all;
	owner->number = all->nr;
	owner->kind = kind;
	owner->nr = pages;
	mutex_init(&owner->lock);
	all->nr++;
	return kind == MP_STRESS_BALLOON ? 0 : mp_stress_add_objects(owner);
}

/* Owners of all kinds in turns, so that none starts last. */
static int mp_stress_add_all(struct mp_stress *all,
			     const struct mp_stress_start *start)
{
	unsigned int round, kind;
	int err = 0;

	for (round = 0; round < MP_STRESS_OWNERS; round++)
		for (kind = 0; kind < MP_STRESS_KINDS && !err; kind++)
			if (round < start->owners[kind])
				err = mp_stress_add(all, kind,
						    start->pages[kind]);
	return err;
}

static int mp_stress_count(const struct mp_stress_start *start)
{
	unsigned int kind, sum = 0;

	if (start->nice < 0 || start->nice > 19 || start->pad)
		return -EINVAL;
	for (kind = 0; kind < MP_STRESS_KINDS; kind++) {
		if (start->owners[kind] > MP_STRESS_OWNERS ||
		    start->pages[kind] > MP_STRESS_PAGES ||
		    (start->owners[kind] &&
		     start->pages[kind] < MP_STRESS_SET))
			return -ERANGE;
		sum += start->owners[kind];
	}
	return sum && sum <= MP_STRESS_OWNERS ? sum : -ERANGE;
}

static int mp_stress_begin(const struct mp_stress_start *start)
{
	int err, n = mp_stress_count(start);
	struct mp_stress *all;
	unsigned int i;

	if (n < 0)
		return n;
	all = mp_stress_new(n);
	if (!all)
		return -ENOMEM;
	all->nice = start->nice;
	err = mp_stress_add_all(all, start);
	for (i = 0; i < all->nr && !err; i++)
		err = mp_stress_owner_start(&all->owners[i], start->seed);
	if (err)
		mp_stress_free(all);
	else
		stress = all;
	return err;
}

static int mp_stress_ioc_start(void __user *arg)
{
	struct mp_stress_start start;

	if (copy_from_user(&start, arg, sizeof(start)))
		return -EFAULT;
	return stress ? -EEXIST : mp_stress_begin(&start);
}

static int mp_stress_ioc_report(void __user *arg)
{
	struct mp_stress_report *report;
	unsigned int i;
	int err;

	report = kzalloc(sizeof(*report), GFP_KERNEL);
	if (!report)
		return -ENOMEM;
	for (i = 0; i < stress->nr; i++)
		mp_stress_owner_report(&stress->owners[i], report);
	spin_lock_irq(&stress->lock);
	report->nr_wrong = stress->nr_wrong;
	memcpy(report->wrong, stress->wrong, sizeof(report->wrong));
	spin_unlock_irq(&stress->lock);
	err = copy_to_user(arg, report, sizeof(*report)) ? -EFAULT : 0;
	kfree(report);
	return err;
}

/* Objects stay while there are owners, whatever becomes of their pages. */
static int mp_stress_ioc_frame(void __user *arg)
{
	struct mp_stress_frame frame;
	struct mp_stress_owner *owner;
	u32 high, low;

	if (copy_from_user(&frame, arg, sizeof(frame)))
		return -EFAULT;
	high = frame.random >> 32;
	low = frame.random;
	owner = &stress->owners[high % stress->nr];
	frame.pfn = 0;
	if (owner->objects)
		frame.pfn = movable_page_pfn(&owner->objects[low %
							     owner->nr].mp);
	return copy_to_user(arg, &frame, sizeof(frame)) ? -EFAULT : 0;
}

static struct mp_stress_owner *mp_stress_mapped_owner(unsigned int which)
{
	unsigned int i;

	for (i = 0; i < stress->nr; i++)
		if (stress->owners[i].kind == MP_STRESS_MAPPED && !which--)
			return &stress->owners[i];
	return NULL;
}

static int mp_stress_ioc_mapped(void __user *arg)
{
	struct mp_stress_mapped mapped;
	struct mp_stress_owner *owner;
	int err;

	if (copy_from_user(&mapped, arg, sizeof(mapped)))
		return -EFAULT;
	owner = mp_stress_mapped_owner(mapped.which);
	if (!owner)
		return -ENXIO;
	err = mp_stress_owner_fd(owner, &mapped);
	if (err)
		return err;
	/* The descriptor stays, if the caller cannot be told of it. */
	return copy_to_user(arg, &mapped, sizeof(mapped)) ? -EFAULT : 0;
}

static int mp_stress_ioctl_locked(unsigned int cmd, void __user *arg)
{
	if (cmd == MP_STRESS_IOC_START)
		return mp_stress_ioc_start(arg);
	if (!stress)
		return -ENOENT;
	switch (cmd) {
	case MP_STRESS_IOC_STOP:
		mp_stress_stop(stress);
		return 0;
	case MP_STRESS_IOC_REPORT:
		return mp_stress_ioc_report(arg);
	case MP_STRESS_IOC_FRAME:
		return mp_stress_ioc_frame(arg);
	case MP_STRESS_IOC_MAPPED:
		return mp_stress_ioc_mapped(arg);
	}
	return -ENOTTY;
}

static long mp_stress_ioctl(struct file *file, unsigned int cmd,
			    unsigned long arg)
{
	int err;

	mutex_lock(&stress_lock);
	err = mp_stress_ioctl_locked(cmd, (void __user *)arg);
	mutex_unlock(&stress_lock);
	return err;
}

static int mp_stress_open(struct inode *inode, struct file *file)
{
	int err;

	mutex_lock(&stress_lock);
	err = stress_open ? -EBUSY : 0;
	stress_open = true;
	mutex_unlock(&stress_lock);
	return err;
}

static int mp_stress_release(struct inode *inode, struct file *file)
{
	mutex_lock(&stress_lock);
	mp_stress_free(stress);
	stress = NULL;
	stress_open = false;
	mutex_unlock(&stress_lock);
	return 0;
}

static const struct file_operations mp_stress_fops = {
	.owner = THIS_MODULE,
	.open = mp_stress_open,
	.release = mp_stress_release,
	.unlocked_ioctl = mp_stress_ioctl,
};

static struct miscdevice mp_stress_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mp_stress",
	.fops = &mp_stress_fops,
	.mode = 0600,
};

module_misc_device(mp_stress_device);
MODULE_DESCRIPTION("Test of movable_pool: owners that do anything, at random");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
