/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_SCALE_H
#define _MP_BENCH_SCALE_H

#include "bench.h"

int bench_scale(const struct bench_subject *subject, unsigned long count,
		struct seq_file *file);

#endif /* _MP_BENCH_SCALE_H */
