/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_COMPAT_TMPFS_H
#define _MP_BENCH_COMPAT_TMPFS_H

/* A file without flags, which are of a type of their own since 7.0. */

#include <linux/mm.h>
#include <linux/shmem_fs.h>

static inline struct file *bench_compat_tmpfs_file(const char *name,
						   loff_t size)
{
#ifdef EMPTY_VMA_FLAGS
	return shmem_file_setup(name, size, EMPTY_VMA_FLAGS);
#else
	return shmem_file_setup(name, size, 0);
#endif
}

#endif /* _MP_BENCH_COMPAT_TMPFS_H */
