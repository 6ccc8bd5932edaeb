/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_COMPAT_PERMISSION_H
#define _MOVABLE_POOL_COMPAT_PERMISSION_H

/* inode_operations.permission of what nobody may open by name. */

#include <linux/errno.h>
#include <linux/fs.h>

#if defined(MP_HAVE_PERMISSION_IDMAP)		/* since 6.3 */
static inline int mp_compat_permission_denied(struct mnt_idmap *idmap,
					      struct inode *inode, int mask)
{
	return -EACCES;
}
#elif defined(MP_HAVE_PERMISSION_USERNS)	/* 5.12 to 6.2 */
static inline int mp_compat_permission_denied(struct user_namespace *userns,
					      struct inode *inode, int mask)
{
	return -EACCES;
}
#else
static inline int mp_compat_permission_denied(struct inode *inode, int mask)
{
	return -EACCES;
}
#endif

#endif /* _MOVABLE_POOL_COMPAT_PERMISSION_H */
