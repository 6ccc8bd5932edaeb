/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_SHIFT_H
#define _MP_BENCH_SHIFT_H

/* Op after op, with time in between to look at what each has done. */

#include "crew.h"

/**
 * struct bench_shift - a crew at work
 * @crew: its hands are the CPUs
 * @subject: whose pages they have; NULL if nobody is at work
 */
struct bench_shift {
	struct bench_crew crew;
	const struct bench_subject *subject;
};

int bench_shift_begin(struct bench_shift *shift,
		      const struct bench_subject *subject, unsigned long count,
		      unsigned int cpus);
int bench_shift_do(struct bench_shift *shift, const char *name,
		   struct seq_file *file);
void bench_shift_end(struct bench_shift *shift);

#endif /* _MP_BENCH_SHIFT_H */
