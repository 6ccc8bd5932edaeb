/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_INODE_H
#define _MOVABLE_POOL_INODE_H

#include <linux/fs.h>

int mp_inodes_init(void);
void mp_inodes_exit(void);
struct inode *mp_inode_new(const struct address_space_operations *aops);

#endif /* _MOVABLE_POOL_INODE_H */
