/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_CREW_H
#define _MP_BENCH_CREW_H

/* The same done on several CPUs at once, each with pages of its own. */

#include <linux/completion.h>

#include "bench.h"

struct task_struct;

/**
 * struct bench_hand - one of those who do it
 * @subject: with whose pages
 * @op: what
 * @from: first page of its share
 * @to: after the last one
 * @figures: how long that took
 * @work: does it
 * @err: what came of it
 * @begin: all begin at once
 * @done: it has done it
 * @task: the thread; the first hand is the caller's own
 */
struct bench_hand {
	const struct bench_subject *subject;
	enum bench_op op;
	unsigned long from;
	unsigned long to;
	struct bench_figures figures;
	int (*work)(struct bench_hand *hand);
	int err;
	struct completion *begin;
	struct completion done;
	struct task_struct *task;
};

struct bench_crew {
	const struct bench_subject *subject;
	struct bench_hand *hands;
	unsigned int n;
	struct completion begin;
};

int bench_crew_begin(struct bench_crew *crew,
		     const struct bench_subject *subject, unsigned int cpus,
		     unsigned long share, unsigned int times);
int bench_crew_run(struct bench_crew *crew, enum bench_op op,
		   int (*work)(struct bench_hand *hand));
void bench_crew_print(struct bench_crew *crew, struct seq_file *file,
		      const char *what, unsigned int each);
void bench_crew_end(struct bench_crew *crew);

/* cost.c */
int bench_cost_begin(struct bench_crew *crew,
		     const struct bench_subject *subject, unsigned long count,
		     unsigned int cpus);
int bench_op(struct bench_crew *crew, enum bench_op op, const char *name,
	     struct seq_file *file);
void bench_cost_end(struct bench_crew *crew);

#endif /* _MP_BENCH_CREW_H */
