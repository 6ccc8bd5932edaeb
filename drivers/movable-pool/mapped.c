// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped pools: files of a pool, and what happens when a process touches it.
 *
 * The pages are page cache (cache.c), which the VM maps, finds in page tables
 * (rmap) and moves.  What is left to do here:
 *
 * - the fault.  Not filemap_fault(): where there is no page that would read one
 *   from the file, which has no operation for it.  And pages without an owner
 *   are on their way out of the cache: they are not mapped any more.
 * - no page_mkwrite: with it FOLL_LONGTERM pins for writing are refused since
 *   6.4, and there is nothing to write back.
 *
 * filemap_map_pages() asks nobody about owners and may map an orphan once more;
 * whoever truncates it unmaps it first, under the page lock.
 */

#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/movable_mapped.h>
#include <linux/pagemap.h>

#include "compat/compat.h"
#include "inode.h"
#include "internal.h"
#include "link.h"
#include "wait_point.h"

/**
 * movable_mapped_alloc() - give an empty handle a page at a place in the pool
 * @pool: mapped pool that will own the page
 * @mp: empty handle
 * @index: the place, in pages
 * @gfp: as for alloc_page(); must allow to sleep
 *
 * Processes see the page from now on, as zeroes.
 *
 * At the limit of the caller's memcg these pages cannot be reclaimed, so its
 * OOM killer comes, unless @gfp has __GFP_RETRY_MAYFAIL or __GFP_NORETRY.
 *
 * Context: May sleep.  Not in a driver op, nor under a lock that one takes.
 * Return: 0; -EINVAL for an @index beyond the pool's size, or a pool that is
 * not mapped; -EEXIST if there is or was a page at @index, or @mp has one;
 * -ENOMEM; otherwise as movable_page_alloc().
 */
int movable_mapped_alloc(struct movable_pool *pool, struct movable_page *mp,
			 unsigned long index, gfp_t gfp)
{
	if ((long)index < 0)
		return -EINVAL;
	return mp_page_alloc_at(pool, mp, index, gfp);
}
EXPORT_SYMBOL_GPL(movable_mapped_alloc);

static int mp_mapped_file_check(struct movable_pool *pool,
				const struct file_operations *fops, int flags)
{
	if (!(pool->flags & MOVABLE_POOL_MAPPED)) {
		mp_misuse("%s: a file of a pool that is not mapped\n",
			  pool->name);
		return -EINVAL;
	}
	/* The file is what keeps the driver's ops and handles. */
	if (fops->owner != pool->owner) {
		mp_misuse("%s: file operations without, or of another, owner\n",
			  pool->name);
		return -EINVAL;
	}
	if (flags != O_RDONLY && flags != O_RDWR)
		return -EINVAL;
	return READ_ONCE(pool->shutdown) ? -ESHUTDOWN : 0;
}

/* The caller has entered the pool: destroy() sees that, or we that it runs. */
static struct file *mp_mapped_open(struct movable_pool *pool, const char *name,
				   const struct file_operations *fops,
				   int flags)
{
	struct file *file;
	int err = mp_mapped_file_check(pool, fops, flags);

	if (err)
		return ERR_PTR(err);
	/* alloc_file_pseudo() does not, and the file's end puts it. */
	fops = fops_get(fops);
	if (!fops)
		return ERR_PTR(-ENODEV);
	file = mp_inode_file(pool->inode, name ?: pool->name, flags, fops);
	if (IS_ERR(file))
		fops_put(fops);
	return file;
}

/**
 * movable_mapped_file() - open a file through which processes map the pool
 * @pool: mapped pool
 * @name: for /proc/PID/maps; NULL: the pool's
 * @fops: the driver's; .owner is its module, .mmap movable_mapped_mmap() or
 *	what calls it; no .read and .write are needed
 * @priv: the file's private_data
 * @flags: O_RDWR, or O_RDONLY: can only be mapped to be read
 *
 * The file has the size of the pool, which nothing changes: ftruncate() is
 * -EINVAL, fallocate() -ENODEV.  It is not in any directory, and cannot be
 * opened again by way of /proc/PID/fd.
 *
 * Context: May sleep.
 * Return: the file, for fput() or fd_install(), or ERR_PTR(): -EINVAL; -ENOMEM;
 * -ENFILE; -ENODEV when the module is going; -ESHUTDOWN during
 * movable_pool_destroy().
 */
struct file *movable_mapped_file(struct movable_pool *pool, const char *name,
				 const struct file_operations *fops,
				 void *priv, int flags)
{
	struct file *file;

	mp_pool_enter(pool);
	/* Pairs with that in mp_pool_end(). */
	smp_mb();
	file = mp_mapped_open(pool, name, fops, flags);
	mp_pool_leave(pool);
	if (!IS_ERR(file))
		file->private_data = priv;
	return file;
}
EXPORT_SYMBOL_GPL(movable_mapped_file);

/**
 * movable_mapped_fd() - the same as a descriptor of the calling process
 * @pool: as movable_mapped_file()
 * @name: as movable_mapped_file()
 * @fops: as movable_mapped_file()
 * @priv: as movable_mapped_file()
 * @flags: as movable_mapped_file()
 *
 * The descriptor is closed on exec.  From when there is one the process can
 * close it, and fops->release() comes, perhaps before this returns.
 *
 * Context: May sleep.
 * Return: the descriptor; -EMFILE; or as movable_mapped_file().
 */
int movable_mapped_fd(struct movable_pool *pool, const char *name,
		      const struct file_operations *fops, void *priv, int flags)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	file = movable_mapped_file(pool, name, fops, priv, flags);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}
EXPORT_SYMBOL_GPL(movable_mapped_fd);

/*
 * With mmap_lock or the VMA's lock held, which no driver op takes.  A thread
 * that was killed meanwhile is sent SIGBUS, too, which it does not live to see;
 * one that may not wait (KVM's asynchronous faults) comes again, and keeps its
 * mmap_lock, as faultin_page() has it.
 */
static vm_fault_t mp_mapped_wait(struct page *page, struct vm_fault *vmf)
{
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	return mp_compat_lock_killable(page) ? VM_FAULT_SIGBUS : 0;
}

/*
 * The page at the fault's place, locked and with a reference.  One that is
 * moved away between the look and the lock is looked for again; with our
 * reference it can meanwhile come into no other mapping.  Return: 0, or what
 * the fault ends with.
 */
static vm_fault_t mp_mapped_lock(struct vm_fault *vmf, struct page **found)
{
	struct address_space *mapping = vmf->vma->vm_file->f_mapping;
	struct page *page;

	while ((page = find_get_page(mapping, vmf->pgoff))) {
		vm_fault_t ret = 0;

		mp_wait_point(MP_WAIT_FAULT_PAGE, page);
		if (!trylock_page(page))
			ret = mp_mapped_wait(page, vmf);
		if (ret) {
			put_page(page);
			return ret;
		}
		if (page->mapping == mapping) {
			*found = page;
			return 0;
		}
		unlock_page(page);
		put_page(page);
	}
	return VM_FAULT_SIGBUS;
}

static vm_fault_t mp_mapped_fault(struct vm_fault *vmf)
{
	struct page *page;
	vm_fault_t ret = mp_mapped_lock(vmf, &page);

	if (ret)
		return ret;
	if (!mp_link_owned(page)) {
		unlock_page(page);
		put_page(page);
		return VM_FAULT_SIGBUS;
	}
	vmf->page = page;
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct mp_mapped_vm_ops = {
	.fault = mp_mapped_fault,
	.map_pages = filemap_map_pages,
};

/**
 * movable_mapped_mmap() - the mmap of a mapped pool's file
 * @file: movable_mapped_file()'s
 * @vma: what is to be mapped
 *
 * What lies beyond the pool's size, or has no page, gives SIGBUS when touched.
 * The VFS has refused to write through a file that is O_RDONLY (-EACCES) and
 * PROT_EXEC (-EPERM).
 *
 * Context: mmap(2).
 * Return: 0; -EINVAL for MAP_PRIVATE, or a file that is no such pool's; -ENODEV
 * after movable_pool_destroy().
 */
int movable_mapped_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct inode *inode = file_inode(file);

	if (!mp_inode_is_mapped(inode)) {
		mp_misuse("mmap of a file that movable_mapped_file() has not made\n");
		return -EINVAL;
	}
	/* Not VM_SHARED: what cannot be written to does not have that. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	/* Pairs with mp_cache_close(); after it there are no pages to map. */
	if (!READ_ONCE(inode->i_private))
		return -ENODEV;
	vma->vm_ops = &mp_mapped_vm_ops;
	return 0;
}
EXPORT_SYMBOL_GPL(movable_mapped_mmap);
