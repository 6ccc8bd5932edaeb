// SPDX-License-Identifier: GPL-2.0
/* What each op costs, page after page, on one CPU or on several at once. */

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "bench.h"
#include "crew.h"

/* Pages between two looks at the clock. */
#define BATCH	256
#define MOST_TRIES	1000

const char * const bench_op_names[BENCH_NR_OPS] = {
	[BENCH_ALLOC] = "alloc",
	[BENCH_PUBLISH] = "publish",
	[BENCH_PIN] = "pin",
	[BENCH_MAP] = "map",
	[BENCH_FREE] = "free",
};

/**
 * bench_call_on() - go on doing something with each of some pages
 * @subject: whose
 * @op: what
 * @at: the first page; set to the one that it failed with, or @to
 * @to: after the last one
 *
 * Return: 0, or the error.
 */
int bench_call_on(const struct bench_subject *subject, enum bench_op op,
		  unsigned long *at, unsigned long to)
{
	int (*call)(unsigned long i) = subject->op[op];
	unsigned long i = *at;
	int err = 0;

	for (; call && i < to; i++) {
		err = call(i);
		if (err)
			break;
	}
	*at = i;
	return err;
}

/**
 * bench_call() - do something with each of some pages
 * @subject: whose
 * @op: what
 * @from: first page
 * @to: after the last one
 *
 * What has been allocated is freed if not all could be.
 *
 * Return: 0, or the error of the first that failed.
 */
int bench_call(const struct bench_subject *subject, enum bench_op op,
	       unsigned long from, unsigned long to)
{
	unsigned long at = from;
	int err = bench_call_on(subject, op, &at, to);

	if (err && op == BENCH_ALLOC)
		bench_free(subject, from, at);
	return err;
}

/**
 * bench_free() - free pages whatever it takes
 * @subject: whose
 * @from: first page
 * @to: after the last one
 *
 * A balloon cannot give back what the VM has isolated, for a moment.
 *
 * Context: May sleep.
 */
void bench_free(const struct bench_subject *subject, unsigned long from,
		unsigned long to)
{
	int (*call)(unsigned long i) = subject->op[BENCH_FREE];
	int err, tries = MOST_TRIES;

	while (call && from < to && tries) {
		err = call(from);
		from += !err;
		if (err) {
			tries = err == -EAGAIN ? tries - 1 : 0;
			msleep(20);
		}
		cond_resched();
	}
	WARN(call && from < to, "%s: %lu pages are not freed\n",
	     subject->name, to - from);
}

/* One of the crew, on its share of the pages. */
static int bench_share(struct bench_hand *hand)
{
	unsigned long i;
	int err = 0;

	for (i = hand->from; i < hand->to && !err; i += BATCH) {
		u64 start = ktime_get_ns();

		err = bench_call(hand->subject, hand->op, i, i + BATCH);
		bench_figures_add(&hand->figures, ktime_get_ns() - start);
		cond_resched();
	}
	if (err && hand->op == BENCH_ALLOC)
		bench_call(hand->subject, BENCH_FREE, hand->from, i - BATCH);
	return err;
}

/* Who could not allocate all of his share has given it back. */
static void bench_undo(const struct bench_crew *crew, enum bench_op op)
{
	const struct bench_hand *hand;

	for (hand = crew->hands; hand < crew->hands + crew->n; hand++)
		if (op != BENCH_ALLOC || !hand->err)
			bench_call(hand->subject, BENCH_FREE, hand->from,
				   hand->to);
}

/**
 * bench_op() - measure one op with each page
 * @crew: who does it, between bench_cost_begin() and bench_cost_end()
 * @op: what; nothing is done if the subject cannot
 * @name: what the line begins with
 * @file: gets a line as bench_cost() writes them
 *
 * Context: May sleep.
 * Return: 0, or an error, and nobody has a page any more, unless it is the free
 * that failed.
 */
int bench_op(struct bench_crew *crew, enum bench_op op, const char *name,
	     struct seq_file *file)
{
	int err;

	if (!crew->subject->op[op])
		return 0;
	err = bench_crew_run(crew, op, bench_share);
	if (!err)
		bench_crew_print(crew, file, name, BATCH);
	else if (op != BENCH_FREE)
		bench_undo(crew, op);
	return err;
}

/* A page in somebody else's hands, from whom its owner cannot take it. */
static void bench_hold(struct page **pages, unsigned long count,
		       const struct bench_subject *subject)
{
	unsigned long i;

	for (i = 0; i < count; i++) {
		pages[i] = subject->page(i);
		get_page(pages[i]);
		lock_page(pages[i]);
	}
}

static void bench_let_go(struct page **pages, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++) {
		unlock_page(pages[i]);
		put_page(pages[i]);
	}
}

static int bench_free_locked(struct bench_crew *crew, struct seq_file *file)
{
	unsigned long count = crew->hands[crew->n - 1].to;
	struct page **pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL);
	int err;

	if (!pages)
		return -ENOMEM;
	err = bench_call(crew->subject, BENCH_ALLOC, 0, count);
	if (!err) {
		err = bench_call(crew->subject, BENCH_PUBLISH, 0, count);
		if (err)
			bench_call(crew->subject, BENCH_FREE, 0, count);
	}
	if (!err) {
		bench_hold(pages, count, crew->subject);
		err = bench_op(crew, BENCH_FREE, "free-locked", file);
		bench_let_go(pages, count);
	}
	kvfree(pages);
	return err;
}

static int bench_ops(struct bench_crew *crew, struct seq_file *file)
{
	enum bench_op op;
	int err = 0;

	for (op = 0; op < BENCH_NR_OPS && !err; op++)
		err = bench_op(crew, op, bench_op_names[op], file);
	if (!err && crew->subject->lock_free)
		err = bench_free_locked(crew, file);
	return err;
}

/**
 * bench_cost_begin() - get a crew together that has pages
 * @crew: the crew
 * @subject: whose pages
 * @count: pages of each CPU, rounded down to whole batches
 * @cpus: how many CPUs
 *
 * Context: May sleep.
 * Return: 0, or an error.
 */
int bench_cost_begin(struct bench_crew *crew,
		     const struct bench_subject *subject, unsigned long count,
		     unsigned int cpus)
{
	int err;

	count = rounddown(count, BATCH);
	if (!count)
		return -EINVAL;
	err = bench_crew_begin(crew, subject, cpus, count, count / BATCH);
	if (err)
		return err;
	err = subject->begin ? subject->begin(count * cpus) : 0;
	if (err)
		bench_crew_end(crew);
	return err;
}

/**
 * bench_cost_end() - undo bench_cost_begin()
 * @crew: the crew
 *
 * Context: May sleep.
 */
void bench_cost_end(struct bench_crew *crew)
{
	if (crew->subject->end)
		crew->subject->end();
	bench_crew_end(crew);
}

/**
 * bench_cost() - what each op costs
 * @subject: who is measured
 * @count: pages of each CPU, rounded down to whole batches
 * @cpus: so many CPUs at once, with pages of their own each
 * @file: gets a line for each op: subject, op, how often it was measured, of
 *	how many pages at a time, and in ns, of so many pages, mean, median,
 *	minimum and maximum
 *
 * Context: May sleep.
 * Return: 0, or an error, with all pages freed that can be.
 */
int bench_cost(const struct bench_subject *subject, unsigned long count,
	       unsigned int cpus, struct seq_file *file)
{
	struct bench_crew crew;
	int err = bench_cost_begin(&crew, subject, count, cpus);

	if (err)
		return err;
	err = bench_ops(&crew, file);
	bench_cost_end(&crew);
	return err;
}
