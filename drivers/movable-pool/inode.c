// SPDX-License-Identifier: GPL-2.0
/*
 * Private file systems of inodes without names, one per pool of page cache
 * (and one for all pages where non-LRU migration wants an address_space).
 *
 * Those of mapped pools have files, and who has got one as O_PATH holds mount
 * and super block, but no module.  So they have a file system of their own,
 * which is mounted while there are such inodes, and holds this module as long
 * as anybody holds its super block.
 *
 * The inodes have no type (alloc_anon_inode()): nobody can open, truncate or
 * reserve in them, and khugepaged, which wants regular files, passes them by.
 * They are on no list of a super block that drop_caches walks.
 */

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>

#include "compat/permission.h"
#include "fault.h"
#include "inode.h"

#define MP_FS_MAGIC	0x6d706f6f	/* "mpoo" */

static struct vfsmount *mp_mnt;
static struct vfsmount *mp_mapped_mnt;
static int mp_mapped_pins;

static int mp_fs_init_context(struct fs_context *fc)
{
	if (mp_fail(MP_FAIL_CONTEXT))
		return -ENOMEM;
	return init_pseudo(fc, MP_FS_MAGIC) ? 0 : -ENOMEM;
}

/* Nothing in it can be executed: mmap() with PROT_EXEC is -EPERM. */
static int mp_mapped_fs_init_context(struct fs_context *fc)
{
	int err = mp_fs_init_context(fc);

	if (!err)
		fc->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;
	return err;
}

static struct file_system_type mp_mapped_fs = {
	.owner = THIS_MODULE,
	.name = "movable_mapped",
	.init_fs_context = mp_mapped_fs_init_context,
	.kill_sb = kill_anon_super,
};

/*
 * By way of /proc/PID/fd anybody with such a file finds its inode, and could
 * have it watched (inotify).  A watch holds the inode, up to 6.12 the end of
 * the file system waits for that, and it looks for watches in a list these
 * inodes are not in.
 */
static const struct inode_operations mp_mapped_iops = {
	.permission = mp_compat_permission_denied,
};

/* No .owner: on 5.10 kern_mount() would hold this module for good. */
static struct file_system_type mp_fs = {
	.name = "movable_pool",
	.init_fs_context = mp_fs_init_context,
	.kill_sb = kill_anon_super,
};

int mp_inodes_init(void)
{
	struct vfsmount *mnt = mp_fail(MP_FAIL_MOUNT) ? ERR_PTR(-ENOMEM) :
			       kern_mount(&mp_fs);

	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	mp_mnt = mnt;
	return 0;
}

/* All inodes are gone. */
void mp_inodes_exit(void)
{
	kern_unmount(mp_mnt);
}

static struct inode *mp_inode_on(struct vfsmount *mnt,
				 const struct address_space_operations *aops)
{
	struct inode *inode = mp_fail(MP_FAIL_ALLOC_INODE) ? ERR_PTR(-ENOMEM) :
			      alloc_anon_inode(mnt->mnt_sb);

	if (IS_ERR(inode))
		return NULL;
	inode->i_mapping->a_ops = aops;
	/* Never to be written back or evicted: there is nowhere to. */
	mapping_set_unevictable(inode->i_mapping);
	return inode;
}

/**
 * mp_inode_new() - an inode for pages of ours
 * @aops: its address space's operations
 *
 * Context: May sleep.
 * Return: the inode, for iput(), or NULL.
 */
struct inode *mp_inode_new(const struct address_space_operations *aops)
{
	return mp_inode_on(mp_mnt, aops);
}

/**
 * mp_inode_new_mapped() - an inode for pages that processes map
 * @aops: its address space's operations
 * @size: in bytes, for ever
 *
 * Context: May sleep.
 * Return: the inode, for iput() and mp_inode_unpin_mapped(), or NULL.
 */
struct inode *mp_inode_new_mapped(const struct address_space_operations *aops,
				  loff_t size)
{
	struct inode *inode;

	if (mp_fail(MP_FAIL_PIN_MOUNT) ||
	    simple_pin_fs(&mp_mapped_fs, &mp_mapped_mnt, &mp_mapped_pins))
		return NULL;
	inode = mp_inode_on(mp_mapped_mnt, aops);
	if (!inode) {
		simple_release_fs(&mp_mapped_mnt, &mp_mapped_pins);
		return NULL;
	}
	inode->i_op = &mp_mapped_iops;
	i_size_write(inode, size);
	return inode;
}

/**
 * mp_inode_unpin_mapped() - after iput() of a mapped pool's inode
 *
 * The end of a file system may flush a workqueue that reclaim cannot wait for
 * (cgroup_writeback_umount(), up to 6.1), and a worker of ours must not.
 *
 * Context: May sleep.  Not in a worker that reclaim may wait for.
 */
void mp_inode_unpin_mapped(void)
{
	simple_release_fs(&mp_mapped_mnt, &mp_mapped_pins);
}

/* Any inode, for example of a file that a driver has at hand. */
bool mp_inode_is_mapped(const struct inode *inode)
{
	return inode->i_sb->s_type == &mp_mapped_fs;
}

/**
 * mp_inode_file() - open an inode of a mapped pool
 * @inode: the inode, which the file gets a reference of its own to
 * @name: for /proc/PID/maps
 * @flags: O_RDONLY or O_RDWR
 * @fops: the file's; it takes over the caller's reference to their module
 *
 * Context: May sleep.
 * Return: the file, or ERR_PTR().
 */
struct file *mp_inode_file(struct inode *inode, const char *name, int flags,
			   const struct file_operations *fops)
{
	struct file *file;

	ihold(inode);
	file = mp_fail(MP_FAIL_ALLOC_FILE) ? ERR_PTR(-ENFILE) :
	       alloc_file_pseudo(inode, mp_mapped_mnt, name, flags, fops);
	if (IS_ERR(file))
		iput(inode);
	return file;
}
