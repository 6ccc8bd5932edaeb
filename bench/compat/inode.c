// SPDX-License-Identifier: GPL-2.0
/* Inodes without names, for their address spaces. */

#include <linux/export.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "inode.h"

#define BENCH_FS_MAGIC	0x6d706266	/* "mpbf" */

static int bench_fs_init_context(struct fs_context *fc)
{
	return init_pseudo(fc, BENCH_FS_MAGIC) ? 0 : -ENOMEM;
}

/* No .owner: kern_mount() would hold this module for good. */
static struct file_system_type bench_fs = {
	.name = "movable_bench",
	.init_fs_context = bench_fs_init_context,
	.kill_sb = kill_anon_super,
};

static struct vfsmount *bench_mnt;

int bench_inodes_init(void)
{
	bench_mnt = kern_mount(&bench_fs);
	return PTR_ERR_OR_ZERO(bench_mnt);
}

void bench_inodes_exit(void)
{
	kern_unmount(bench_mnt);
}

/* Return: the inode, or ERR_PTR(). */
struct inode *bench_inode_new(const struct address_space_operations *ops)
{
	struct inode *inode = alloc_anon_inode(bench_mnt->mnt_sb);

	if (!IS_ERR(inode))
		inode->i_mapping->a_ops = ops;
	return inode;
}
EXPORT_SYMBOL_GPL(bench_inode_new);

void bench_inode_end(struct inode *inode)
{
	iput(inode);
}
EXPORT_SYMBOL_GPL(bench_inode_end);
