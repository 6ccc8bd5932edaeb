/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_WORKER_H
#define _SELFTESTS_MP_WORKER_H

/* A thread that does one thing again and again until told to stop. */

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

/**
 * struct mp_worker - the thread and what it works on
 * @step: one round; an error ends the work
 * @fd: driver
 * @pool: pool in it
 * @first: objects that are this worker's
 * @count: so many
 * @pfn: frames it wants, for those who want frames
 * @random: for rand_r()
 * @steps: rounds done
 * @err: what the last round returned
 * @stop: asked to stop
 * @thread: the thread
 */
struct mp_worker {
	int (*step)(struct mp_worker *worker);
	int fd;
	int pool;
	unsigned int first;
	unsigned int count;
	unsigned long long pfn;
	unsigned int random;
	unsigned long steps;
	int err;
	int stop;
	pthread_t thread;
};

static inline void *mp_worker_run(void *arg)
{
	struct mp_worker *worker = arg;

	while (!worker->err &&
	       !__atomic_load_n(&worker->stop, __ATOMIC_ACQUIRE)) {
		worker->err = worker->step(worker);
		__atomic_add_fetch(&worker->steps, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static inline int mp_worker_start(struct mp_worker *worker)
{
	return -pthread_create(&worker->thread, NULL, mp_worker_run, worker);
}

/* Return: 0, or the error that ended its work. */
static inline int mp_worker_stop(struct mp_worker *worker)
{
	__atomic_store_n(&worker->stop, 1, __ATOMIC_RELEASE);
	pthread_join(worker->thread, NULL);
	return worker->err;
}

static inline double mp_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

#endif /* _SELFTESTS_MP_WORKER_H */
