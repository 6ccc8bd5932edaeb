// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/movable_heap: a heap for each open file; movable_heap_uapi.h says what
 * it can do.
 *
 * Contents cross between user and heap through a buffer, so that an object is
 * mapped for a memcpy(), not for as long as a page fault of the user takes.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/movable_pool.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "movable_heap.h"
#include "movable_heap_uapi.h"

/*
 * A full heap is the owner's to handle; the OOM killer would not know whom to
 * take for it.
 */
#define HEAP_GFP	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* One MOVABLE_HEAP_MAP. */
struct heap_map {
	struct list_head node;
	u64 handle;
};

/**
 * struct heap_file - an open file
 * @heap: NULL before MOVABLE_HEAP_CREATE; then the same until the file is
 *	closed, which cannot happen during an ioctl
 * @lock: of the two others
 * @maps: what MOVABLE_HEAP_MAP keeps mapped
 */
struct heap_file {
	struct movable_heap *heap;
	struct mutex lock;	/* @maps, setting @heap */
	struct list_head maps;
};

static void unmap_one(struct heap_file *hf, struct heap_map *map)
{
	list_del(&map->node);
	movable_heap_unmap(hf->heap, map->handle);
	kfree(map);
}

static int heap_open(struct inode *inode, struct file *file)
{
	struct heap_file *hf = kzalloc(sizeof(*hf), GFP_KERNEL_ACCOUNT);

	if (!hf)
		return -ENOMEM;
	mutex_init(&hf->lock);
	INIT_LIST_HEAD(&hf->maps);
	file->private_data = hf;
	return 0;
}

static int heap_release(struct inode *inode, struct file *file)
{
	struct heap_file *hf = file->private_data;
	struct heap_map *map, *next;

	list_for_each_entry_safe(map, next, &hf->maps, node)
		unmap_one(hf, map);
	if (hf->heap)
		movable_heap_destroy(hf->heap);
	kfree(hf);
	return 0;
}

static long heap_create(struct heap_file *hf, const void __user *arg)
{
	struct movable_heap_create req;
	struct movable_heap *heap;
	unsigned int flags = 0;
	long err = 0;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	if (req.flags & ~MOVABLE_HEAP_FLAGS || req.reserved ||
	    req.max_pages > ULONG_MAX || !req.name[0] ||
	    strnlen(req.name, sizeof(req.name)) == sizeof(req.name) ||
	    strchr(req.name, '/'))
		return -EINVAL;
	if (req.flags & MOVABLE_HEAP_UNMOVABLE)
		flags |= MOVABLE_POOL_UNMOVABLE;

	mutex_lock(&hf->lock);
	if (hf->heap) {
		err = -EBUSY;
		goto unlock;
	}
	heap = movable_heap_create(req.name, flags, req.max_pages);
	if (IS_ERR(heap))
		err = PTR_ERR(heap);
	else	/* pairs with smp_load_acquire() in heap_ioctl() */
		smp_store_release(&hf->heap, heap);
unlock:
	mutex_unlock(&hf->lock);
	return err;
}

/*
 * Whoever guesses the handle before it is given out sees, at worst, what was in
 * this heap, which is this file's, before: pages come to a heap zeroed.
 */
static int clear_object(struct movable_heap *heap, u64 handle)
{
	void *addr = movable_heap_map(heap, handle);

	if (IS_ERR(addr))
		return PTR_ERR(addr);
	memset(addr, 0, movable_heap_size(handle));
	movable_heap_unmap(heap, handle);
	return 0;
}

static long heap_alloc(struct movable_heap *heap, void __user *arg)
{
	struct movable_heap_new req;
	int err;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	if (req.size > PAGE_SIZE)
		return -EINVAL;

	err = movable_heap_alloc(heap, req.size, HEAP_GFP, &req.handle);
	if (err)
		return err;
	req.size = movable_heap_size(req.handle);

	err = clear_object(heap, req.handle);
	if (!err && copy_to_user(arg, &req, sizeof(req)))
		err = -EFAULT;
	if (err)
		movable_heap_free(heap, req.handle);
	return err;
}

static int get_io(struct movable_heap_io *io, const void __user *arg)
{
	if (copy_from_user(io, arg, sizeof(*io)))
		return -EFAULT;
	if (!io->len || io->len > PAGE_SIZE || io->offset > PAGE_SIZE)
		return -EINVAL;
	return 0;
}

/* Where in the object the caller may copy; the object is then mapped. */
static void *map_range(struct movable_heap *heap,
		       const struct movable_heap_io *io)
{
	void *addr = movable_heap_map(heap, io->handle);

	if (IS_ERR(addr))
		return addr;
	if (io->offset + io->len > movable_heap_size(io->handle)) {
		movable_heap_unmap(heap, io->handle);
		return ERR_PTR(-EINVAL);
	}
	return addr + io->offset;
}

static long heap_write(struct movable_heap *heap, const void __user *arg)
{
	struct movable_heap_io io;
	void *buffer, *addr;
	long err;

	err = get_io(&io, arg);
	if (err)
		return err;
	buffer = memdup_user(u64_to_user_ptr(io.buffer), io.len);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);

	addr = map_range(heap, &io);
	if (IS_ERR(addr)) {
		err = PTR_ERR(addr);
	} else {
		memcpy(addr, buffer, io.len);
		movable_heap_unmap(heap, io.handle);
	}
	kfree(buffer);
	return err;
}

static long heap_read(struct movable_heap *heap, const void __user *arg)
{
	struct movable_heap_io io;
	void *buffer, *addr;
	long err;

	err = get_io(&io, arg);
	if (err)
		return err;
	buffer = kmalloc(io.len, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;

	addr = map_range(heap, &io);
	if (IS_ERR(addr)) {
		err = PTR_ERR(addr);
	} else {
		memcpy(buffer, addr, io.len);
		movable_heap_unmap(heap, io.handle);
		if (copy_to_user(u64_to_user_ptr(io.buffer), buffer, io.len))
			err = -EFAULT;
	}
	kfree(buffer);
	return err;
}

static long heap_map(struct heap_file *hf, u64 handle)
{
	struct heap_map *map = kmalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);
	void *addr;

	if (!map)
		return -ENOMEM;
	addr = movable_heap_map(hf->heap, handle);
	if (IS_ERR(addr)) {
		kfree(map);
		return PTR_ERR(addr);
	}

	map->handle = handle;
	mutex_lock(&hf->lock);
	list_add(&map->node, &hf->maps);
	mutex_unlock(&hf->lock);
	return 0;
}

static long heap_unmap(struct heap_file *hf, u64 handle)
{
	struct heap_map *map;
	long err = -ENOENT;

	mutex_lock(&hf->lock);
	list_for_each_entry(map, &hf->maps, node) {
		if (map->handle == handle) {
			unmap_one(hf, map);
			err = 0;
			break;
		}
	}
	mutex_unlock(&hf->lock);
	return err;
}

static long heap_info(struct movable_heap *heap, void __user *arg)
{
	struct movable_heap_stats stats;
	struct movable_heap_info info;

	movable_heap_stats(heap, &stats);
	info = (struct movable_heap_info){
		.objects = stats.objects,
		.object_bytes = stats.object_bytes,
		.pages = stats.pages,
		.meta_bytes = stats.meta_bytes,
		.retired = stats.retired,
	};
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long heap_ioctl(struct file *file, unsigned int cmd, unsigned long ptr)
{
	struct heap_file *hf = file->private_data;
	/* pairs with smp_store_release() in heap_create() */
	struct movable_heap *heap = smp_load_acquire(&hf->heap);
	void __user *arg = (void __user *)ptr;
	u64 handle = 0;

	if (cmd == MOVABLE_HEAP_CREATE)
		return heap_create(hf, arg);
	if (!heap)
		return -ENXIO;

	switch (cmd) {
	case MOVABLE_HEAP_FREE:
	case MOVABLE_HEAP_MAP:
	case MOVABLE_HEAP_UNMAP:
		if (copy_from_user(&handle, arg, sizeof(handle)))
			return -EFAULT;
	}

	switch (cmd) {
	case MOVABLE_HEAP_ALLOC:
		return heap_alloc(heap, arg);
	case MOVABLE_HEAP_FREE:
		return movable_heap_free(heap, handle);
	case MOVABLE_HEAP_WRITE:
		return heap_write(heap, arg);
	case MOVABLE_HEAP_READ:
		return heap_read(heap, arg);
	case MOVABLE_HEAP_MAP:
		return heap_map(hf, handle);
	case MOVABLE_HEAP_UNMAP:
		return heap_unmap(hf, handle);
	case MOVABLE_HEAP_STATS:
		return heap_info(heap, arg);
	}
	return -ENOTTY;
}

static const struct file_operations heap_fops = {
	.owner = THIS_MODULE,
	.open = heap_open,
	.release = heap_release,
	.unlocked_ioctl = heap_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice heap_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "movable_heap",
	.fops = &heap_fops,
	.mode = 0600,
};

static int __init heap_init(void)
{
	int err = movable_heap_caches_init();

	if (err)
		return err;
	err = misc_register(&heap_device);
	if (err)
		movable_heap_caches_exit();
	return err;
}

static void __exit heap_exit(void)
{
	misc_deregister(&heap_device);
	movable_heap_caches_exit();
}

module_init(heap_init);
module_exit(heap_exit);

MODULE_DESCRIPTION("Heap of objects that keep their handle while they move");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
