/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_EATER_H
#define _SELFTESTS_MP_EATER_H

/* A process that needs memory, writes to all of it and reads it again. */

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mp_file.h"
#include "mp_warning.h"

#define MP_EATER_MIB	(1UL << 20)
#define MP_EATER_WORDS	(MP_EATER_MIB / sizeof(unsigned long))

/**
 * struct mp_eater - the process
 * @pid: it
 * @mib: what it needs
 * @eaten: MiB that it has written to, shared with it
 * @leave: when this pipe ends, it looks at them again and goes
 */
struct mp_eater {
	pid_t pid;
	long mib;
	long *eaten;
	int leave;
};

static inline unsigned long mp_eater_word(unsigned long i)
{
	return i * 0x9e3779b97f4a7c15UL;
}

static inline void mp_eater_fill(struct mp_eater *eater, unsigned long *words)
{
	unsigned long mib, i;

	for (mib = 0; mib < eater->mib; mib++) {
		for (i = 0; i < MP_EATER_WORDS; i++, words++)
			*words = mp_eater_word(mib * MP_EATER_WORDS + i);
		__atomic_add_fetch(eater->eaten, 1, __ATOMIC_RELEASE);
	}
}

static inline int mp_eater_whole(struct mp_eater *eater,
				 const unsigned long *words)
{
	unsigned long i;

	for (i = 0; i < eater->mib * MP_EATER_WORDS; i++)
		if (words[i] != mp_eater_word(i))
			return 0;
	return 1;
}

/* If anyone is to be killed for want of memory, then this process. */
static inline void mp_eater_live(struct mp_eater *eater)
{
	unsigned long *words;
	char end;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	mp_write_file("/proc/self/oom_score_adj", "1000");
	words = mmap(NULL, eater->mib * MP_EATER_MIB, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (words == MAP_FAILED)
		_exit(2);
	mp_eater_fill(eater, words);
	while (read(eater->leave, &end, 1) < 0)
		;
	_exit(mp_eater_whole(eater, words) ? 0 : 3);
}

static inline int mp_eater_start(struct mp_eater *eater, long mib)
{
	int ends[2];

	eater->mib = mib;
	eater->eaten = mmap(NULL, mp_page_size(), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (eater->eaten == MAP_FAILED || pipe(ends))
		return -errno;
	eater->leave = ends[0];
	eater->pid = fork();
	if (!eater->pid) {
		close(ends[1]);
		mp_eater_live(eater);
	}
	close(ends[0]);
	eater->leave = ends[1];
	return eater->pid < 0 ? -errno : 0;
}

/* Return: 0 when it has all that it needs; -ESRCH if it is gone. */
static inline int mp_eater_full(struct mp_eater *eater)
{
	siginfo_t info = {};
	int tries = 12000;

	while (__atomic_load_n(eater->eaten, __ATOMIC_ACQUIRE) < eater->mib &&
	       tries--) {
		waitid(P_PID, eater->pid, &info, WEXITED | WNOHANG | WNOWAIT);
		if (info.si_pid)
			return -ESRCH;
		usleep(10000);
	}
	return tries < 0 ? -ETIMEDOUT : 0;
}

/* Return: 0 if its memory was what it had written; else how it ended. */
static inline int mp_eater_stop(struct mp_eater *eater)
{
	int status = -1;

	close(eater->leave);
	waitpid(eater->pid, &status, 0);
	munmap(eater->eaten, mp_page_size());
	return status;
}

static inline void mp_eater_gorge(void)
{
	size_t step = 16UL << 20;

	mp_write_file("/proc/self/oom_score_adj", "1000");
	for (;;) {
		char *p = mmap(NULL, step, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p != MAP_FAILED)
			memset(p, 0x5a, step);
	}
}

/*
 * A process takes all memory there is; the kernel kills it for that, and says
 * so with a stack.  Return: the signal that it died of.
 */
static inline int mp_eat_all(void)
{
	int status = -1;
	pid_t pid;

	mp_kmsg_say("mp-expect-begin: ", "oom_kill_process|warn_alloc");
	pid = fork();
	if (!pid)
		mp_eater_gorge();
	waitpid(pid, &status, 0);
	mp_kmsg_say("mp-expect-end", "");
	return WIFSIGNALED(status) ? WTERMSIG(status) : -ECHILD;
}

#endif /* _SELFTESTS_MP_EATER_H */
