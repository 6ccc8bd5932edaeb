// SPDX-License-Identifier: GPL-2.0
/* Op after op, with time in between (shift.h). */

#include <linux/errno.h>
#include <linux/string.h>

#include "shift.h"

/**
 * bench_shift_begin() - get ready
 * @shift: not begun
 * @subject: whose pages; its module stays until the end
 * @count: pages of each CPU, as for bench_cost()
 * @cpus: how many
 *
 * Context: May sleep.
 * Return: 0, or an error.
 */
int bench_shift_begin(struct bench_shift *shift,
		      const struct bench_subject *subject, unsigned long count,
		      unsigned int cpus)
{
	int err = bench_cost_begin(&shift->crew, subject, count, cpus);

	if (!err)
		shift->subject = subject;
	return err;
}

/**
 * bench_shift_do() - one op, with each page
 * @shift: begun; on error it has ended
 * @name: of the op; who wrote it knows which come before which
 * @file: as of bench_cost()
 *
 * Context: May sleep.
 * Return: 0; -EINVAL if there is no such op; or an error of the subject's.
 */
int bench_shift_do(struct bench_shift *shift, const char *name,
		   struct seq_file *file)
{
	enum bench_op op;
	int err;

	for (op = 0; op < BENCH_NR_OPS; op++)
		if (!strcmp(bench_op_names[op], name))
			break;
	if (op == BENCH_NR_OPS)
		return -EINVAL;
	err = bench_op(&shift->crew, op, name, file);
	if (err)
		bench_shift_end(shift);
	return err;
}

/**
 * bench_shift_end() - that was all
 * @shift: begun; all pages are free
 *
 * Context: May sleep.
 */
void bench_shift_end(struct bench_shift *shift)
{
	bench_cost_end(&shift->crew);
	shift->subject = NULL;
}
