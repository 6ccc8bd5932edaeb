// SPDX-License-Identifier: GPL-2.0
/*
 * A private file system of inodes without names, one per pool of page cache
 * (and one for all pages where non-LRU migration wants an address_space).
 *
 * The inodes have no type (alloc_anon_inode()): nobody can open, truncate or
 * reserve in them, and khugepaged, which wants regular files, passes them by.
 * They are on no list of a super block that drop_caches walks.
 */

#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>

#include "fault.h"
#include "inode.h"

#define MP_FS_MAGIC	0x6d706f6f	/* "mpoo" */

static struct vfsmount *mp_mnt;

static int mp_fs_init_context(struct fs_context *fc)
{
	if (mp_fail(MP_FAIL_CONTEXT))
		return -ENOMEM;
	return init_pseudo(fc, MP_FS_MAGIC) ? 0 : -ENOMEM;
}

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

/**
 * mp_inode_new() - an inode for pages of ours
 * @aops: its address space's operations
 *
 * Context: May sleep.
 * Return: the inode, for iput(), or NULL.
 */
struct inode *mp_inode_new(const struct address_space_operations *aops)
{
	struct inode *inode = mp_fail(MP_FAIL_ALLOC_INODE) ? ERR_PTR(-ENOMEM) :
			      alloc_anon_inode(mp_mnt->mnt_sb);

	if (IS_ERR(inode))
		return NULL;
	inode->i_mapping->a_ops = aops;
	/* Never to be written back or evicted: there is nowhere to. */
	mapping_set_unevictable(inode->i_mapping);
	return inode;
}
