/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_SHARER_H
#define _SELFTESTS_MP_SHARER_H

/* Another process that has pages of a mapped pool in its page tables. */

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "mp_mapped.h"

/**
 * struct mp_sharer - the process
 * @pid: it
 * @leave: when this pipe ends it looks at the pages again and goes
 */
struct mp_sharer {
	pid_t pid;
	int leave;
};

/* The others go, for a fault maps pages around the one that is touched, too. */
static inline int mp_sharer_cut(struct mp_mapped *mapped, unsigned int pages)
{
	unsigned int others = mapped->pages - pages;
	void *from = mp_mapped_page(mapped, pages);

	mapped->pages = pages;
	return others ? munmap(from, others * mp_page_size()) : 0;
}

static inline void mp_sharer_live(struct mp_mapped mapped, unsigned int pages,
				  int ready, int leave)
{
	char c = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mp_sharer_cut(&mapped, pages) ||
	    mp_mapped_wrong(&mapped, MP_MAPPED_SEED) ||
	    write(ready, &c, 1) != 1)
		_exit(1);
	while (read(leave, &c, 1) < 0)
		;
	_exit(mp_mapped_wrong(&mapped, MP_MAPPED_SEED) ? 2 : 0);
}

/* With the first @pages of the pool.  Return: 0 when it has mapped them. */
static inline int mp_sharer_start(struct mp_sharer *sharer,
				  const struct mp_mapped *mapped,
				  unsigned int pages)
{
	int ready[2], leave[2];
	char c;

	if (pipe(ready) || pipe(leave))
		return -errno;
	sharer->pid = fork();
	if (!sharer->pid) {
		close(leave[1]);
		mp_sharer_live(*mapped, pages, ready[1], leave[0]);
	}
	close(ready[1]);
	close(leave[0]);
	sharer->leave = leave[1];
	if (sharer->pid < 0 || read(ready[0], &c, 1) != 1)
		return -ECHILD;
	close(ready[0]);
	return 0;
}

/* Return: 0 if all it has read was right. */
static inline int mp_sharer_stop(struct mp_sharer *sharer)
{
	int status = -1;

	close(sharer->leave);
	waitpid(sharer->pid, &status, 0);
	return status;
}

#endif /* _SELFTESTS_MP_SHARER_H */
