// SPDX-License-Identifier: GPL-2.0
/* inode_operations.permission: 5.12 to 6.2 */
#include <linux/fs.h>

int probe(struct user_namespace *userns, struct inode *inode);
int probe(struct user_namespace *userns, struct inode *inode)
{
	return inode->i_op->permission(userns, inode, 0);
}
