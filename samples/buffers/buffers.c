// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/movable_buffers: buffers that processes map; movable_buffers_uapi.h says
 * what it can do.  Between which nodes they move if somebody says so, move.c.
 *
 * A buffer is a mapped pool that has all its pages from the start, so nothing
 * in it changes any more but where the pages are, and there is nothing to lock.
 * Each of its files is one reference; mappings hold files.  With the last file
 * everything goes.
 */

#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/movable_mapped.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "buffers.h"

/* Too large a buffer is its creator's to handle, not the OOM killer's. */
#define BUFFER_GFP	(GFP_USER | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* As mlock() does: CAP_IPC_LOCK has no limit. */
static int buffer_charge(struct buffer *buffer)
{
	int err = account_locked_vm(current->mm, buffer->nr, true);

	if (err)
		return err;
	buffer->payer = current->mm;
	mmgrab(buffer->payer);
	return 0;
}

static void buffer_uncharge(struct buffer *buffer)
{
	if (!buffer->payer)
		return;
	account_locked_vm(buffer->payer, buffer->nr, false);
	mmdrop(buffer->payer);
}

static int buffer_open_pool(struct buffer *buffer)
{
	struct movable_pool_attr attr = {
		.name = buffer->name,
		.flags = MOVABLE_POOL_MAPPED,
		.max_pages = buffer->nr,
	};

	buffer->pages = kvcalloc(buffer->nr, sizeof(*buffer->pages),
				 BUFFER_GFP | __GFP_ACCOUNT);
	if (!buffer->pages)
		return -ENOMEM;
	buffer->pool = movable_pool_create(&attr);
	return PTR_ERR_OR_ZERO(buffer->pool);
}

/* Nobody else can reach the page: publish has no reason to fail. */
static int buffer_add(struct buffer *buffer, unsigned long index)
{
	struct movable_page *mp = &buffer->pages[index];
	int err = movable_mapped_alloc(buffer->pool, mp, index, BUFFER_GFP);

	if (!err)
		WARN_ON(movable_page_publish(mp));
	return err;
}

static int buffer_fill(struct buffer *buffer)
{
	int err = 0;

	while (buffer->filled < buffer->nr && !err) {
		err = fatal_signal_pending(current) ? -EINTR :
		      buffer_add(buffer, buffer->filled);
		buffer->filled += !err;
		cond_resched();
	}
	return err;
}

/* Of a buffer as far as it was made. */
static void buffer_release(struct kref *kref)
{
	struct buffer *buffer = container_of(kref, struct buffer, kref);
	unsigned long i;

	for (i = 0; i < buffer->filled; i++) {
		/* Nothing in this driver pins. */
		WARN_ON(movable_page_free(&buffer->pages[i]));
		cond_resched();
	}
	movable_pool_destroy(buffer->pool);
	kvfree(buffer->pages);
	buffer_uncharge(buffer);
	kfree(buffer);
}

static void buffer_put(struct buffer *buffer)
{
	kref_put(&buffer->kref, buffer_release);
}

static struct buffer *buffer_new(const char *name, unsigned long nr)
{
	struct buffer *buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);
	int err;

	if (!buffer)
		return ERR_PTR(-ENOMEM);
	kref_init(&buffer->kref);
	strscpy(buffer->name, name, sizeof(buffer->name));
	buffer->nr = nr;
	err = buffer_charge(buffer) ?: buffer_open_pool(buffer) ?:
	      buffer_fill(buffer);
	if (!err)
		return buffer;
	buffer_put(buffer);
	return ERR_PTR(err);
}

static const struct file_operations buffer_fops;

/*
 * The caller's reference becomes the file's.  Once there is a descriptor
 * another thread may close it, and the buffer is gone.
 */
static int buffer_fd(struct buffer *buffer, int flags)
{
	int fd = movable_mapped_fd(buffer->pool, NULL, &buffer_fops, buffer,
				   flags);

	if (fd < 0)
		buffer_put(buffer);
	return fd;
}

/* It becomes the name of a directory, and may get into the kernel's log. */
static bool name_valid(const char *name)
{
	size_t i, len = strnlen(name, MOVABLE_BUFFERS_NAME_LEN);

	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || !isprint(name[i]) || name[i] == '/')
			return false;
	return len && len < MOVABLE_BUFFERS_NAME_LEN;
}

static long buffers_create(const void __user *arg)
{
	struct movable_buffers_create req;
	struct buffer *buffer;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	if (!name_valid(req.name) || req.flags || !req.size ||
	    req.size > MOVABLE_BUFFERS_MAX_SIZE)
		return -EINVAL;
	buffer = buffer_new(req.name, PAGE_ALIGN(req.size) >> PAGE_SHIFT);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	return buffer_fd(buffer, O_RDWR);
}

/* The file that is asked keeps the buffer meanwhile. */
static long buffer_share(struct buffer *buffer)
{
	kref_get(&buffer->kref);
	return buffer_fd(buffer, O_RDONLY);
}

static long buffer_status(const struct buffer *buffer, void __user *arg)
{
	struct movable_buffers_status status = {};
	struct movable_pool_stats stats;

	movable_pool_stats(buffer->pool, &stats);
	strscpy(status.name, buffer->name, sizeof(status.name));
	status.size = (u64)buffer->nr << PAGE_SHIFT;
	status.pages = stats.pages;
	status.migrated = stats.migrated;
	status.directed = stats.directed;
	status.refused_pinned = stats.refused_pinned;
	status.refused_referenced = stats.refused_referenced;
	status.refused_other = stats.refused_driver + stats.failed_driver +
			       stats.refused_unready + stats.refused_target;
	return copy_to_user(arg, &status, sizeof(status)) ? -EFAULT : 0;
}

static long buffer_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case MOVABLE_BUFFERS_SHARE:
		return buffer_share(file->private_data);
	case MOVABLE_BUFFERS_STATUS:
		return buffer_status(file->private_data, (void __user *)arg);
	case MOVABLE_BUFFERS_MOVE:
		return buffer_move(file, (void __user *)arg);
	}
	return -ENOTTY;
}

static int buffer_close(struct inode *inode, struct file *file)
{
	buffer_put(file->private_data);
	return 0;
}

static const struct file_operations buffer_fops = {
	.owner = THIS_MODULE,
	.mmap = movable_mapped_mmap,
	.unlocked_ioctl = buffer_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = buffer_close,
};

static long buffers_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	if (cmd == MOVABLE_BUFFERS_CREATE)
		return buffers_create((const void __user *)arg);
	return -ENOTTY;
}

static const struct file_operations buffers_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = buffers_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice buffers_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "movable_buffers",
	.fops = &buffers_fops,
	.mode = 0666,
};
module_misc_device(buffers_device);

MODULE_DESCRIPTION("Buffers that processes map and the kernel may move");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
