// SPDX-License-Identifier: GPL-2.0
/* Does a page cost the same, however many there are?  All of them, op by op. */

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "free.h"
#include "scale.h"

/* Between two chances for others to run. */
#define STRIDE	4096UL

/* On error @done says how many have had it. */
static int bench_scale_op(const struct bench_subject *subject,
			  enum bench_op op, unsigned long count,
			  unsigned long *done)
{
	int err = 0;

	for (*done = 0; *done < count && !err; cond_resched())
		err = bench_call_on(subject, op, done,
				    min(*done + STRIDE, count));
	return err;
}

static void bench_scale_print(const struct bench_subject *subject,
			      const char *what, s64 figure,
			      struct seq_file *file)
{
	seq_printf(file, "%s %s %lld\n", subject->name, what, figure);
}

static s64 bench_scale_taken(unsigned long free)
{
	return free - bench_free_pages();
}

/* @free: pages that were, before anybody had one. */
static int bench_scale_ops(const struct bench_subject *subject,
			   unsigned long count, unsigned long free,
			   struct seq_file *file)
{
	unsigned long done, have = 0;
	enum bench_op op;
	int err = 0;
	u64 start;

	for (op = 0; op < BENCH_NR_OPS && !err; op++) {
		if (!subject->op[op])
			continue;
		if (op == BENCH_FREE)
			bench_scale_print(subject, "taken",
					  bench_scale_taken(free), file);
		start = ktime_get_ns();
		err = bench_scale_op(subject, op, count, &done);
		start = ktime_get_ns() - start;
		if (op == BENCH_ALLOC)
			have = done;
		if (!err)
			bench_scale_print(subject, bench_op_names[op], start,
					  file);
	}
	/* If it is the free that failed, @done are free. */
	if (err)
		bench_free(subject, op > BENCH_FREE ? done : 0, have);
	return err;
}

/**
 * bench_scale() - what many pages cost
 * @subject: who is measured
 * @count: pages
 * @file: gets lines: subject, op, ns for all pages; subject, "taken", pages of
 *	memory that are gone while there are all pages; subject, "end", ns that
 *	it takes when there is none any more
 *
 * Context: May sleep.
 * Return: 0, or an error.  All pages are freed.
 */
int bench_scale(const struct bench_subject *subject, unsigned long count,
		struct seq_file *file)
{
	unsigned long free = bench_free_pages();
	int err = subject->begin ? subject->begin(count) : 0;
	u64 start;

	if (err)
		return err;
	err = bench_scale_ops(subject, count, free, file);
	start = ktime_get_ns();
	if (subject->end)
		subject->end();
	if (!err)
		bench_scale_print(subject, "end", ktime_get_ns() - start, file);
	return err;
}
