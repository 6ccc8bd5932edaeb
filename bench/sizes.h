/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_SIZES_H
#define _MP_BENCH_SIZES_H

#include <linux/fs.h>

unsigned int bench_size(unsigned long i);
extern const struct file_operations bench_sizes_fops;

#endif /* _MP_BENCH_SIZES_H */
