/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_COMPAT_INODE_H
#define _MP_BENCH_COMPAT_INODE_H

/*
 * Up to 5.19 the operations of movable pages are an address space's, which
 * takes an inode.
 */

#include <linux/fs.h>

#ifdef MP_HAVE_NONLRU_AOPS
struct inode *bench_inode_new(const struct address_space_operations *ops);
void bench_inode_end(struct inode *inode);
int bench_inodes_init(void);
void bench_inodes_exit(void);
#else
static inline int bench_inodes_init(void)
{
	return 0;
}

static inline void bench_inodes_exit(void)
{
}
#endif

#endif /* _MP_BENCH_COMPAT_INODE_H */
