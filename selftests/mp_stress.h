/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_STRESS_H
#define _SELFTESTS_MP_STRESS_H

/* mp_stress.ko in a run that goes on while the module comes and goes. */

#include <pthread.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "mp_file.h"
#include "mp_module.h"
#include "mp_stress_uapi.h"

#define MP_STRESS_CORE	"movable_pool_test"

/**
 * struct mp_stress - the run
 * @seed: of everything
 * @seconds: that it shall take
 * @round: how often the driver was loaded, less one
 * @fd: of the driver
 * @use: held for reading by whoever uses @fd, or what came from it
 * @share: held for writing to fork(), and for reading while there is a mapping
 *	that no child may inherit, or the driver could not be unloaded
 * @stop: everybody shall come to an end
 * @past: what the rounds before have come to
 * @user_words: looked at by processes that map pages
 * @user_bad: of these, not as written
 * @start: what the driver is told
 * @core_reloads: how often the framework itself was loaded again
 * @parameters: of the framework
 */
struct mp_stress {
	__u64 seed;
	long seconds;
	unsigned int round;
	int fd;
	pthread_rwlock_t use;
	pthread_rwlock_t share;
	int stop;
	struct mp_stress_report past;
	__u64 user_words;
	__u64 user_bad;
	struct mp_stress_start start;
	unsigned int core_reloads;
	char parameters[80];
};

static inline int mp_stress_stopped(const struct mp_stress *s)
{
	return __atomic_load_n(&s->stop, __ATOMIC_ACQUIRE);
}

static inline int mp_stress_ioctl(const struct mp_stress *s,
				  unsigned long cmd, void *arg)
{
	return ioctl(s->fd, cmd, arg) ? -errno : 0;
}

/* Faults are on: whoever was made to fail is asked again. */
static inline int mp_stress_persist(int (*call)(struct mp_stress *s),
				    struct mp_stress *s)
{
	int err, tries = 1000;

	while (((err = call(s)) == -ENOMEM || err == -EAGAIN ||
		err == -EBUSY) && tries--)
		usleep(10000);
	return err;
}

static inline int mp_stress_begin_once(struct mp_stress *s)
{
	s->start.seed = s->seed + s->round;
	return mp_stress_ioctl(s, MP_STRESS_IOC_START, &s->start);
}

static inline int mp_stress_open(struct mp_stress *s)
{
	s->fd = open(MP_STRESS_DEVICE, O_RDWR | O_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

static inline int mp_stress_begin(struct mp_stress *s)
{
	return mp_stress_persist(mp_stress_open, s) ?:
	       mp_stress_persist(mp_stress_begin_once, s);
}

/* Of everything up to now; the first that is wrong is kept. */
static inline int mp_stress_report(const struct mp_stress *s,
				   struct mp_stress_report *report)
{
	const size_t words = offsetof(struct mp_stress_report, wrong) / 8;
	const __u64 *past = (const __u64 *)&s->past;
	__u64 *sum = (__u64 *)report;
	int err = 0;
	size_t i;

	memset(report, 0, sizeof(*report));
	if (s->fd >= 0)
		err = mp_stress_ioctl(s, MP_STRESS_IOC_REPORT, report);
	for (i = 0; i < words; i++)
		sum[i] += past[i];
	if (s->past.nr_wrong)
		memcpy(report->wrong, s->past.wrong, sizeof(report->wrong));
	return err;
}

/* Ends the owners; their books are closed, and remembered. */
static inline int mp_stress_end(struct mp_stress *s)
{
	struct mp_stress_report report;
	int err = mp_stress_ioctl(s, MP_STRESS_IOC_STOP, NULL) ?:
		  mp_stress_report(s, &report);

	if (!err)
		s->past = report;
	close(s->fd);
	s->fd = -1;
	return err;
}

static inline int mp_stress_unload(struct mp_stress *s)
{
	return mp_module_unload("mp_stress");
}

static inline int mp_stress_load(struct mp_stress *s)
{
	return mp_module_load("mp_stress", "");
}

static inline int mp_stress_unload_core(struct mp_stress *s)
{
	return mp_module_unload(MP_STRESS_CORE);
}

static inline int mp_stress_load_core(struct mp_stress *s)
{
	return mp_module_load(MP_STRESS_CORE, s->parameters);
}

static inline int mp_stress_reload_core(struct mp_stress *s)
{
	int err = mp_stress_persist(mp_stress_unload_core, s) ?:
		  mp_stress_persist(mp_stress_load_core, s);

	s->core_reloads += !err;
	return err;
}

/*
 * The driver goes and comes back, now and then the framework, too, while all
 * else goes on.  The VM may have freed pages of theirs in its hands.
 */
static inline int mp_stress_reload(struct mp_stress *s, int core)
{
	int err;

	pthread_rwlock_wrlock(&s->use);
	err = mp_stress_end(s) ?: mp_stress_persist(mp_stress_unload, s);
	if (!err && core)
		err = mp_stress_reload_core(s);
	err = err ?: mp_stress_persist(mp_stress_load, s);
	s->round++;
	err = err ?: mp_stress_begin(s);
	pthread_rwlock_unlock(&s->use);
	return err;
}

/* Return: the frame of a page of an owner's, or 0. */
static inline __u64 mp_stress_frame(struct mp_stress *s, unsigned int *random)
{
	struct mp_stress_frame frame;

	frame.random = (__u64)rand_r(random) << 32 | rand_r(random);
	frame.pfn = 0;
	pthread_rwlock_rdlock(&s->use);
	if (mp_stress_ioctl(s, MP_STRESS_IOC_FRAME, &frame))
		frame.pfn = 0;
	pthread_rwlock_unlock(&s->use);
	return frame.pfn;
}

#endif /* _SELFTESTS_MP_STRESS_H */
