// SPDX-License-Identifier: GPL-2.0
/* inode_operations.permission: since 6.3 */
#include <linux/fs.h>

int probe(struct mnt_idmap *idmap, struct inode *inode);
int probe(struct mnt_idmap *idmap, struct inode *inode)
{
	return inode->i_op->permission(idmap, inode, 0);
}
