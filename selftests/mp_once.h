/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_ONCE_H
#define _SELFTESTS_MP_ONCE_H

/* A thread for a call that waits, or that a wait point stops. */

#include "mp_driver.h"
#include "mp_lever.h"
#include "mp_point.h"
#include "mp_worker.h"

/**
 * struct mp_once - a thread that does one call, once
 * @worker: the thread
 * @call: the call
 * @result: what it has returned, when mp_once_done()
 * @tid: the thread's, as /proc names it
 */
struct mp_once {
	struct mp_worker worker;
	int (*call)(struct mp_worker *worker);
	int result;
	int tid;
};

static inline int mp_once_step(struct mp_worker *worker)
{
	struct mp_once *once = (struct mp_once *)worker;

	__atomic_store_n(&once->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	once->result = once->call(worker);
	return -ESHUTDOWN;	/* one round is enough */
}

static inline int mp_once_start(struct mp_once *once, int fd, int pool,
				unsigned int first,
				int (*call)(struct mp_worker *worker))
{
	once->call = call;
	once->tid = 0;
	once->worker = (struct mp_worker) {
		.step = mp_once_step,
		.fd = fd,
		.pool = pool,
		.first = first,
		.count = 1,
	};
	return mp_worker_start(&once->worker);
}

static inline int mp_once_done(struct mp_once *once)
{
	return __atomic_load_n(&once->worker.steps, __ATOMIC_ACQUIRE);
}

static inline int mp_once_join(struct mp_once *once)
{
	/* Not mp_worker_stop(): the thread may not have begun. */
	pthread_join(once->worker.thread, NULL);
	return once->result;
}

/* Long enough for a thread that does not wait to be through. */
static inline int mp_once_waits(struct mp_once *once)
{
	usleep(300000);
	return !mp_once_done(once);
}

/* Return: whether it is through, in time for the slowest machine. */
static inline int mp_once_through(struct mp_once *once)
{
	int tries = 300;

	while (!mp_once_done(once) && tries--)
		usleep(100000);
	return mp_once_done(once);
}

static inline char mp_once_state(struct mp_once *once)
{
	int tid = __atomic_load_n(&once->tid, __ATOMIC_ACQUIRE);
	char path[64], text[256];
	const char *name_end;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	if (!tid || mp_read_file(path, text, sizeof(text)) <= 0)
		return '?';
	name_end = strrchr(text, ')');
	return name_end && name_end[1] ? name_end[2] : '?';
}

/*
 * Of 40 looks at a thread that sleeps: who waits for a page that the VM has in
 * its hands looks now and then, and on a slow machine that takes a while.
 */
#define MP_ONCE_AWAKE	10

/*
 * How often, of 40 looks in two seconds, it was not asleep.  CPU time would not
 * do: to a guest a CPU that its host has stopped looks like a busy one.
 */
static inline int mp_once_awake(struct mp_once *once)
{
	int i, awake = 0;

	for (i = 0; i < 40; i++) {
		usleep(50000);
		awake += !strchr("SD", mp_once_state(once));
	}
	return awake;
}

static inline int mp_once_call_evict(struct mp_worker *w)
{
	return mp_evict(w->fd, w->pfn, w->count);
}

/* The VM wants this frame, and the @count - 1 behind it. */
static inline int mp_once_evict(struct mp_once *once, int fd, __u64 pfn,
				unsigned int count)
{
	once->call = mp_once_call_evict;
	once->tid = 0;
	once->worker = (struct mp_worker) {
		.step = mp_once_step,
		.fd = fd,
		.pfn = pfn,
		.count = count,
	};
	return mp_worker_start(&once->worker);
}

/* Until the VM is at @point, or through without having come there. */
static inline int mp_once_stops_at(struct mp_once *vm, const char *point)
{
	int armed, hits, stopped = 0;

	while (!mp_once_done(vm) &&
	       !mp_point_read(point, &armed, &hits, &stopped) && !stopped)
		usleep(1000);
	return stopped;
}

#endif /* _SELFTESTS_MP_ONCE_H */
