/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_STRESS_LEVER_H
#define _SELFTESTS_MP_STRESS_LEVER_H

/* What wants the frames of a stress run, or is in its way: a thread each. */

#include <sys/wait.h>

#include "mp_eater.h"
#include "mp_fault.h"
#include "mp_frame.h"
#include "mp_hotplug.h"
#include "mp_stress.h"
#include "mp_stress_map.h"
#include "mp_swap.h"
#include "mp_vballoon.h"

#define MP_LEVER_LONG		20	/* seconds, after which it is woken */
#define MP_LEVER_HUGE		16
#define MP_LEVER_SOFT		64	/* frames that soft offline may lose */
#define MP_LEVER_OOM_FROM	60	/* seconds that a run takes */
#define MP_LEVER_MIB		(1UL << 20)

/**
 * struct mp_lever - one of them
 * @name: for people
 * @step: once; 0, or -errno, of which -ENODEV says that there is no such thing
 * @pause: ms after a step, at most
 * @rest: but at least so many times as long as it took
 * @number: of several that are alike
 * @must: where it is not absent, it succeeds at least once
 * @done: steps that succeeded
 * @refused: that did not
 * @absent: there is no such thing here
 * @err: what nobody expects
 * @random: for rand_r()
 * @since: when its present step began, s; 0: it does not run
 * @s: the run
 * @thread: it
 */
struct mp_lever {
	const char *name;
	int (*step)(struct mp_lever *lever);
	unsigned int pause;
	unsigned int rest;
	unsigned int number;
	int must;
	unsigned long done;
	unsigned long refused;
	int absent;
	int err;
	unsigned int random;
	long since;
	struct mp_stress *s;
	pthread_t thread;
};

static inline unsigned int mp_lever_any(struct mp_lever *lever, unsigned int n)
{
	return rand_r(&lever->random) % n;
}

/* All of the block, or two, around a page of an owner's. */
static inline int mp_lever_evict(struct mp_lever *lever)
{
	unsigned int blocks = 1 + !mp_lever_any(lever, 8);
	int fd, err;
	__u64 pfn = mp_stress_frame(lever->s, &lever->random);

	if (!pfn)
		return -EAGAIN;
	fd = mp_frame_open();
	if (fd < 0)
		return fd;
	err = mp_frame_evict(fd, pfn / MP_BLOCK * MP_BLOCK,
			     blocks * MP_BLOCK);
	close(fd);
	return err;
}

static inline int mp_lever_compact(struct mp_lever *lever)
{
	int err = -ENOENT;

	if (mp_lever_any(lever, 2))
		err = mp_compact_node(0);
	return err == -ENOENT ? mp_compact() : err;
}

static inline int mp_lever_huge(struct mp_lever *lever)
{
	long n = mp_hugepages(1 + mp_lever_any(lever, MP_LEVER_HUGE));

	if (n == -ENOENT)
		return -ENODEV;
	mp_hugepages(0);
	return n > 0 ? 0 : -ENOMEM;
}

/* Return: the @nth memory block that can go offline, or -ENODEV. */
static inline long mp_lever_block(unsigned int nth)
{
	long blocks[64];
	int n = 0;
	long i, last = mp_last_block();

	for (i = 0; i <= last && n < 64; i++)
		if (mp_block_is_movable(i))
			blocks[n++] = i;
	return n ? blocks[nth % n] : -ENODEV;
}

/* Kept away for a moment, in which everybody has to do with less. */
static inline int mp_lever_offline(struct mp_lever *lever)
{
	long block = mp_lever_block(mp_lever_any(lever, 64));
	int err;

	if (block < 0)
		return block;
	err = mp_memory_block_set(block, "offline");
	if (err)
		return err;
	usleep(mp_lever_any(lever, 200) * 1000);
	while (mp_memory_block_set(block, "online_movable"))
		usleep(10000);
	return 0;
}

/*
 * Frames that are lost by design, so there is an end to it.  None of a block
 * that can go offline: with such a frame it never would again (limits.rst).
 */
static inline int mp_lever_soft_offline(struct mp_lever *lever)
{
	__u64 pfn = mp_stress_frame(lever->s, &lever->random);
	int err;

	if (access(MP_MEMORY "soft_offline_page", F_OK))
		return -ENODEV;
	if (lever->done >= MP_LEVER_SOFT || !pfn ||
	    mp_block_is_movable(mp_memory_block(pfn)))
		return -EAGAIN;
	err = mp_soft_offline(pfn);
	return err;
}

/* A child of ours, without what keeps the driver from being unloaded. */
static inline pid_t mp_lever_fork(struct mp_lever *lever)
{
	pid_t pid;

	pthread_rwlock_wrlock(&lever->s->share);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(lever->s->fd);
		return 0;
	}
	pthread_rwlock_unlock(&lever->s->share);
	return pid;
}

static inline void mp_lever_eat(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mp_write_file("/proc/self/oom_score_adj", "1000");
	if (p != MAP_FAILED)
		memset(p, 0x5a, size);
	_exit(0);
}

/* Return: 0 if the child has ended, in any way. */
static inline int mp_lever_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Most of what there is. */
static inline int mp_lever_pressure(struct mp_lever *lever)
{
	long kb = mp_read_field("/proc/meminfo", "MemAvailable");
	size_t size = kb * 1024 / 100 * (50 + mp_lever_any(lever, 45));
	pid_t pid;

	if (kb < 0)
		return kb;
	pid = mp_lever_fork(lever);
	if (!pid)
		mp_lever_eat(size);
	return pid < 0 ? -errno : mp_lever_wait(pid);
}

/*
 * All of it, until the kernel has killed who takes it: with a kernel that looks
 * for mistakes, emulated, that alone is a minute.
 */
static inline int mp_lever_oom(struct mp_lever *lever)
{
	long before = mp_read_field("/proc/vmstat", "oom_kill");
	pid_t pid;
	int err;

	if (lever->s->seconds < MP_LEVER_OOM_FROM)
		return -ENODEV;
	pid = mp_lever_fork(lever);
	if (!pid)
		mp_eater_gorge();
	err = pid < 0 ? -errno : mp_lever_wait(pid);
	if (err)
		return err;
	return mp_read_field("/proc/vmstat", "oom_kill") > before ? 0 :
	       -EAGAIN;
}

static inline int mp_lever_swap(struct mp_lever *lever)
{
	if (access(MP_ZRAM, F_OK))
		return -ENODEV;
	return mp_swap_use((1 + mp_lever_any(lever, 8)) * MP_LEVER_MIB);
}

static inline int mp_lever_has_balloon(void)
{
	char path[128];

	return mp_find_file("/sys/bus/virtio/drivers/virtio_balloon/virtio*",
			    path, sizeof(path));
}

/* The kernel's own, which moves its pages by the same means. */
static inline int mp_lever_balloon(struct mp_lever *lever)
{
	if (!mp_lever_has_balloon())
		return -ENODEV;
	return mp_vb_want(mp_lever_any(lever, 48));
}

static inline int mp_lever_drop(struct mp_lever *lever)
{
	return mp_write_file("/proc/sys/vm/drop_caches", "3");
}

/* Processes that use mapped pools.  They are not refused, but may be early. */
static inline int mp_lever_map(struct mp_lever *lever)
{
	const char *maps = getenv("mp_stress_maps");
	int n;

	if (maps && !strcmp(maps, "0"))
		return -ENODEV;
	n = mp_stress_map_and_touch(lever->s, lever->number, &lever->random);
	return n == -ENXIO ? -ENODEV : n == -ENODEV ? -EAGAIN :
	       n < 0 ? n : n ? 0 : -EAGAIN;
}

/*
 * Sites of ours that fail once.  Not those of the module's start, which would
 * not start, and not a driver that will not undo a move, which costs the page.
 */
static inline int mp_lever_fault(struct mp_lever *lever)
{
	static const char *const sites[] = {
		"alloc-pool", "alloc-stats", "alloc-pins", "alloc-name",
		"alloc-cache", "alloc-inode", "alloc-places", "pin-mount",
		"alloc-file", "debugfs", "alloc-balloon", "alloc-page",
		"alloc-bulk", "page-lock", "cache-add", "vmap-set", "vmap",
		"migrate-again", "migrate-busy", "copy", "replace", "supplant",
		"move-items", "move-target", "longterm", "longterm-page",
	};
	const int n = sizeof(sites) / sizeof(*sites);

	if (access(MP_FAULT_ARM, F_OK))
		return -EAGAIN;
	return mp_fault_arm(sites[mp_lever_any(lever, n)],
			    1 + mp_lever_any(lever, 50));
}

static inline int mp_lever_inject(const char *what, const char *percent)
{
	static const char *const settings[][2] = {
		{ "verbose", "0" }, { "task-filter", "Y" }, { "times", "-1" },
		{ "interval", "1" }, { "ignore-gfp-wait", "N" },
		{ "ignore-gfp-highmem", "N" }, { "min-order", "0" },
	};
	char path[128];
	int i;

	for (i = 0; i < (int)(sizeof(settings) / sizeof(*settings)); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", what,
			 settings[i][0]);
		mp_write_file(path, settings[i][1]);
	}
	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/probability", what);
	return mp_write_file(path, percent);
}

/* The kernel's own allocations, of owners alone: on for a while, then off. */
static inline int mp_lever_inject_all(struct mp_lever *lever)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc" };
	const char *kind = kinds[mp_lever_any(lever, 2)];
	int err = mp_lever_inject(kind, "2");

	if (err == -ENOENT)
		return -ENODEV;
	usleep(mp_lever_any(lever, 1000) * 1000);
	return err ?: mp_lever_inject(kind, "0");
}

static inline void mp_lever_count(struct mp_lever *lever, int err)
{
	if (err == -ENODEV)
		lever->absent = 1;
	else if (err == -EILSEQ)
		lever->err = err;
	else if (err)
		lever->refused++;
	else
		lever->done++;
}

static inline long mp_lever_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + 1;
}

static inline long mp_lever_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Who takes all memory, on an emulated machine, would do nothing else. */
static inline void mp_lever_pause(struct mp_lever *lever, long took)
{
	long until = mp_lever_ms() + took * lever->rest;

	if (lever->pause)
		until += mp_lever_any(lever, lever->pause);
	while (mp_lever_ms() < until && !mp_stress_stopped(lever->s))
		usleep(lever->pause < 50 ? 1000 : 20000);
}

static inline void *mp_lever_run(void *arg)
{
	struct mp_lever *lever = arg;
	long began;

	while (!mp_stress_stopped(lever->s) && !lever->absent && !lever->err) {
		__atomic_store_n(&lever->since, mp_lever_now(),
				 __ATOMIC_RELAXED);
		began = mp_lever_ms();
		mp_lever_count(lever, lever->step(lever));
		__atomic_store_n(&lever->since, 0, __ATOMIC_RELAXED);
		mp_lever_pause(lever, mp_lever_ms() - began);
	}
	return NULL;
}

static inline void mp_lever_signalled(int signal)
{
}

static inline int mp_lever_start(struct mp_lever *lever, struct mp_stress *s)
{
	const struct sigaction wake = { .sa_handler = mp_lever_signalled };

	lever->s = s;
	sigaction(SIGUSR1, &wake, NULL);
	return -pthread_create(&lever->thread, NULL, mp_lever_run, lever);
}

/* Memory that is in use goes offline never, or when a signal comes. */
static inline void mp_lever_wake(struct mp_lever *lever)
{
	long since = __atomic_load_n(&lever->since, __ATOMIC_RELAXED);

	if (since && mp_lever_now() - since > MP_LEVER_LONG)
		pthread_kill(lever->thread, SIGUSR1);
}

static inline void mp_lever_join(struct mp_lever *lever)
{
	struct timespec until;
	int err;

	do {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		err = pthread_timedjoin_np(lever->thread, NULL, &until);
		mp_lever_wake(lever);
	} while (err == ETIMEDOUT);
}

#endif /* _SELFTESTS_MP_STRESS_LEVER_H */
