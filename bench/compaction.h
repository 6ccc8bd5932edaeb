/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_COMPACTION_H
#define _MP_BENCH_COMPACTION_H

#include "bench.h"

int bench_compaction(const struct bench_subject *subject, unsigned int percent,
		     struct seq_file *file);

#endif /* _MP_BENCH_COMPACTION_H */
