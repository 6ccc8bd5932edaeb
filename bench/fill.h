/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_FILL_H
#define _MP_BENCH_FILL_H

/* Memory full of a subject's pages, in places that do not depend on whose. */

#include "bench.h"

/**
 * struct bench_fill - who fills memory, and how
 * @subject: whose pages they are, NULL: nobody's
 * @percent: of the pages of memory that were free, so many are the subject's;
 *	0: one page in each pageblock, the worst that can be done to it
 * @count: how many that were
 * @astray: of these, not where they should have been
 */
struct bench_fill {
	const struct bench_subject *subject;
	unsigned int percent;
	unsigned long count;
	unsigned long astray;
};

int bench_fill_begin(struct bench_fill *fill,
		     const struct bench_subject *subject, unsigned int percent);
void bench_fill_print(const struct bench_fill *fill, struct seq_file *file);
void bench_fill_end(struct bench_fill *fill);

#endif /* _MP_BENCH_FILL_H */
