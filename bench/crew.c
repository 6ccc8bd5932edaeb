// SPDX-License-Identifier: GPL-2.0
/* The same done on several CPUs at once (crew.h). */

#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "crew.h"

/**
 * bench_crew_begin() - get a crew together
 * @crew: the crew
 * @subject: with whose pages it works
 * @cpus: how many hands
 * @share: pages of each
 * @times: how often each looks at the clock in one run
 *
 * Context: May sleep.
 * Return: 0; -ENXIO if there are not so many CPUs; -ENOMEM.
 */
int bench_crew_begin(struct bench_crew *crew,
		     const struct bench_subject *subject, unsigned int cpus,
		     unsigned long share, unsigned int times)
{
	unsigned int i;
	int err = 0;

	if (!cpus || cpus > num_online_cpus())
		return -ENXIO;
	crew->subject = subject;
	crew->n = cpus;
	crew->hands = kcalloc(cpus, sizeof(*crew->hands), GFP_KERNEL);
	if (!crew->hands)
		return -ENOMEM;
	for (i = 0; i < cpus && !err; i++) {
		crew->hands[i].subject = subject;
		crew->hands[i].from = i * share;
		crew->hands[i].to = (i + 1) * share;
		crew->hands[i].begin = &crew->begin;
		err = bench_figures_begin(&crew->hands[i].figures, times);
	}
	if (err)
		bench_crew_end(crew);
	return err;
}

/* Stays till it is told to go, for only then its module may. */
static int bench_hand_thread(void *data)
{
	struct bench_hand *hand = data;

	wait_for_completion(hand->begin);
	hand->err = hand->work(hand);
	complete(&hand->done);
	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int bench_hand_start(struct bench_hand *hand, unsigned int number)
{
	struct task_struct *task;

	task = kthread_create(bench_hand_thread, hand, "mp_bench/%u", number);
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpumask_local_spread(number, NUMA_NO_NODE));
	init_completion(&hand->done);
	hand->task = task;
	wake_up_process(task);
	return 0;
}

/* A thread that is stopped before it has run would never run. */
static void bench_hand_stop(struct bench_hand *hand)
{
	wait_for_completion(&hand->done);
	kthread_stop(hand->task);
}

static int bench_hand_nothing(struct bench_hand *hand)
{
	return 0;
}

/**
 * bench_crew_run() - have all hands do something at once
 * @crew: the crew
 * @op: what
 * @work: does it with one hand's share; a crew of one works in the caller
 *
 * Context: May sleep.
 * Return: 0, or the error of one that failed; each hand has its own.
 */
int bench_crew_run(struct bench_crew *crew, enum bench_op op,
		   int (*work)(struct bench_hand *hand))
{
	unsigned int i, started = 0;
	int err = 0;

	init_completion(&crew->begin);
	for (i = 0; i < crew->n; i++) {
		crew->hands[i].op = op;
		crew->hands[i].work = work;
		crew->hands[i].figures.n = 0;
	}
	if (crew->n == 1) {
		crew->hands->err = work(crew->hands);
		return crew->hands->err;
	}
	while (started < crew->n && !err) {
		err = bench_hand_start(&crew->hands[started], started);
		started += !err;
	}
	/* They wait for all, and one is not there. */
	for (i = 0; i < crew->n && err; i++) {
		crew->hands[i].work = bench_hand_nothing;
		crew->hands[i].err = err;
	}
	complete_all(&crew->begin);
	for (i = 0; i < started; i++)
		bench_hand_stop(&crew->hands[i]);
	for (i = 0; i < crew->n && !err; i++)
		err = crew->hands[i].err;
	return err;
}

/* One line, of all times that anybody has measured. */
void bench_crew_print(struct bench_crew *crew, struct seq_file *file,
		      const char *what, unsigned int each)
{
	struct bench_figures all;
	unsigned int i, k, n = 0;

	for (i = 0; i < crew->n; i++)
		n += crew->hands[i].figures.n;
	if (bench_figures_begin(&all, n))
		return;
	for (i = 0; i < crew->n; i++)
		for (k = 0; k < crew->hands[i].figures.n; k++)
			bench_figures_add(&all, crew->hands[i].figures.ns[k]);
	bench_figures_print(&all, file, crew->subject, what, each);
	bench_figures_end(&all);
}

void bench_crew_end(struct bench_crew *crew)
{
	unsigned int i;

	for (i = 0; i < crew->n; i++)
		bench_figures_end(&crew->hands[i].figures);
	kfree(crew->hands);
}
