/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FUZZ_CROWD_H
#define _SELFTESTS_MP_FUZZ_CROWD_H

/* Hostile callers, several at once: threads of processes. */

#include <grp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "mp_fuzz.h"

#define MP_FUZZ_THREADS	4
#define MP_FUZZ_NOBODY	65534

/**
 * struct mp_fuzz_crowd - who calls
 * @set: what
 * @seed: of all their choices
 * @calls: of each thread
 * @processes: how many
 * @threads: of each, up to MP_FUZZ_THREADS
 * @locked: bytes of RLIMIT_MEMLOCK of a process of user MP_FUZZ_NOBODY; 0: they
 *	are root's, and have no limit
 * @tally: of all of them, in memory that they share
 * @pids: of the processes
 */
struct mp_fuzz_crowd {
	const struct mp_fuzz_set *set;
	__u64 seed;
	unsigned long calls;
	unsigned int processes;
	unsigned int threads;
	unsigned long locked;
	struct mp_fuzz_tally *tally;
	pid_t pids[8];
};

/**
 * struct mp_fuzz_thread - a thread of a process
 * @fuzz: it
 * @calls: to do
 * @err: it could not begin
 * @thread: the same
 */
struct mp_fuzz_thread {
	struct mp_fuzz fuzz;
	unsigned long calls;
	int err;
	pthread_t thread;
};

static inline void *mp_fuzz_thread(void *arg)
{
	struct mp_fuzz_thread *it = arg;

	it->err = mp_fuzz_begin(&it->fuzz);
	if (it->err)
		return NULL;
	while (it->calls--)
		mp_fuzz_step(&it->fuzz);
	mp_fuzz_end(&it->fuzz);
	return NULL;
}

static inline int mp_fuzz_limit(int resource, unsigned long most)
{
	struct rlimit limit = { .rlim_cur = most, .rlim_max = most };

	return setrlimit(resource, &limit) ? -errno : 0;
}

/* Of no privilege, and no more locked memory than that. */
static inline int mp_fuzz_become_nobody(unsigned long locked)
{
	if (mp_fuzz_limit(RLIMIT_MEMLOCK, locked) || setgroups(0, NULL) ||
	    setresgid(MP_FUZZ_NOBODY, MP_FUZZ_NOBODY, MP_FUZZ_NOBODY) ||
	    setresuid(MP_FUZZ_NOBODY, MP_FUZZ_NOBODY, MP_FUZZ_NOBODY))
		return -errno;
	return 0;
}

static inline int mp_fuzz_process(const struct mp_fuzz_crowd *crowd,
				  unsigned int number)
{
	static struct mp_fuzz_thread threads[MP_FUZZ_THREADS];
	unsigned int i, first = number * MP_FUZZ_THREADS;
	int err = crowd->locked ? mp_fuzz_become_nobody(crowd->locked) : 0;

	for (i = 0; i < crowd->threads && !err; i++) {
		threads[i] = (struct mp_fuzz_thread) {
			.fuzz.set = crowd->set,
			.fuzz.tally = crowd->tally,
			.fuzz.random = mp_fuzz_mix(crowd->seed, first + i),
			.calls = crowd->calls,
		};
		err = -pthread_create(&threads[i].thread, NULL, mp_fuzz_thread,
				      &threads[i]);
	}
	while (i--) {
		if (threads[i].thread)
			pthread_join(threads[i].thread, NULL);
		err = err ?: threads[i].err;
	}
	return err;
}

static inline int mp_fuzz_crowd_start(struct mp_fuzz_crowd *crowd)
{
	unsigned int i;

	crowd->tally = mmap(NULL, sizeof(*crowd->tally), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crowd->tally == MAP_FAILED)
		return -errno;
	fflush(stdout);
	for (i = 0; i < crowd->processes; i++) {
		crowd->pids[i] = fork();
		if (!crowd->pids[i])
			_exit(-mp_fuzz_process(crowd, i));
		if (crowd->pids[i] < 0)
			return -errno;
	}
	return 0;
}

/* Return: how many processes have not come to their end. */
static inline int mp_fuzz_crowd_wait(struct mp_fuzz_crowd *crowd)
{
	unsigned int i;
	int lost = 0;

	for (i = 0; i < crowd->processes; i++) {
		int how = -1;

		waitpid(crowd->pids[i], &how, 0);
		if (how)
			printf("# %s: process %u has ended with %#x\n",
			       crowd->set->name, i, how);
		lost += !!how;
	}
	return lost;
}

static inline int mp_fuzz_poor(const struct mp_fuzz_op *op,
			       const struct mp_fuzz_count *count,
			       unsigned long least)
{
	int done = op->flags & MP_FUZZ_NEVER_DONE ? !count->ok :
		   count->ok >= least;
	int refused = op->flags & MP_FUZZ_NEVER_REFUSED ? 1 :
		      count->refused >= least;

	if (op->flags & MP_FUZZ_MAY_LACK && !count->ok && !count->refused) {
		printf("#   %-12s not in this kernel\n", op->name);
		return 0;
	}
	printf("#   %-12s %8lu done %8lu refused%s\n", op->name, count->ok,
	       count->refused, done && refused ? "" : "  <-- too few");
	return !(done && refused);
}

/*
 * Return: how many kinds of calls have not come out both ways at least @least
 * times, so that little was tried; and were done though they cannot be.
 */
static inline long mp_fuzz_crowd_poor(const struct mp_fuzz_crowd *crowd,
				      unsigned long least)
{
	const struct mp_fuzz_tally *tally = crowd->tally;
	const struct mp_fuzz_op *ops = crowd->set->ops;
	long poor = 0;
	int i;

	printf("# %s, seed %#llx, %lu calls of each of %u threads:\n",
	       crowd->set->name, (unsigned long long)crowd->seed, crowd->calls,
	       crowd->processes * crowd->threads);
	for (i = 0; ops[i].name; i++)
		poor += mp_fuzz_poor(&ops[i], &tally->of[i], least);
	if (tally->astray)
		printf("#   %lu done with an argument that cannot be read\n",
		       tally->astray);
	return poor + tally->astray;
}

/* Return: how many calls have come through. */
static inline unsigned long
mp_fuzz_crowd_done(const struct mp_fuzz_crowd *crowd)
{
	unsigned long done = 0;
	int i;

	for (i = 0; i < MP_FUZZ_OPS; i++)
		done += crowd->tally->of[i].ok;
	return done;
}

#endif /* _SELFTESTS_MP_FUZZ_CROWD_H */
