/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_BALLOON_H
#define _MP_BENCH_BALLOON_H

/* compat/balloon-*.c: moves, and what it takes for them */

#include "compat/balloon_infra.h"

int bench_balloon_open(struct balloon_dev_info *info);
void bench_balloon_close(struct balloon_dev_info *info);

#endif /* _MP_BENCH_BALLOON_H */
