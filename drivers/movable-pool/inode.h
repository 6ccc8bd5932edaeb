/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_INODE_H
#define _MOVABLE_POOL_INODE_H

#include <linux/fs.h>

int mp_inodes_init(void);
void mp_inodes_exit(void);
struct inode *mp_inode_new(const struct address_space_operations *aops);
struct inode *mp_inode_new_mapped(const struct address_space_operations *aops,
				  loff_t size);
void mp_inode_unpin_mapped(void);
bool mp_inode_is_mapped(const struct inode *inode);
struct file *mp_inode_file(struct inode *inode, const char *name, int flags,
			   const struct file_operations *fops);

#endif /* _MOVABLE_POOL_INODE_H */
