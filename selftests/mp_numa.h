/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_NUMA_H
#define _SELFTESTS_MP_NUMA_H

/* Nodes: which pages are on them, and what brings them there.  0 or -errno. */

#include <linux/mempolicy.h>
#include <sys/syscall.h>

#include "mp_file.h"

#define MP_NODE			"/sys/devices/system/node/node%d/"
#define MP_BALANCING		"/proc/sys/kernel/numa_balancing"
#define MP_NODE_BIT(n)		(1UL << (n))
#define MP_NODE_BITS		(8 * sizeof(unsigned long))
#define MP_NODE_PAGES		1024	/* most that are asked about at once */

static inline int mp_numa_call(long result)
{
	return result < 0 ? -errno : (int)result;
}

/* For this thread and those it starts. */
static inline int mp_policy(int mode, unsigned long nodes)
{
	return mp_numa_call(syscall(SYS_set_mempolicy, mode, &nodes,
				    MP_NODE_BITS));
}

static inline int mp_prefer_node(int node)
{
	return mp_policy(MPOL_PREFERRED, MP_NODE_BIT(node));
}

static inline int mp_default_policy(void)
{
	return mp_policy(MPOL_DEFAULT, 0);
}

static inline int mp_mbind(void *addr, size_t bytes, int mode,
			   unsigned long nodes, unsigned int flags)
{
	return mp_numa_call(syscall(SYS_mbind, addr, bytes, mode, &nodes,
				    MP_NODE_BITS, flags));
}

/* Return: how many pages could not be moved. */
static inline int mp_migrate_pages(pid_t pid, unsigned long from,
				   unsigned long to)
{
	return mp_numa_call(syscall(SYS_migrate_pages, pid, MP_NODE_BITS,
				    &from, &to));
}

/*
 * @count pages from @addr on, each to its node of @nodes, or with NULL only to
 * learn where they are.  Return: how many were not moved.
 */
static inline int mp_move_pages(pid_t pid, void *addr, unsigned int count,
				const int *nodes, int *status, int flags)
{
	void *pages[MP_NODE_PAGES];
	unsigned int i;

	if (count > MP_NODE_PAGES)
		return -E2BIG;
	for (i = 0; i < count; i++)
		pages[i] = (char *)addr + i * mp_page_size();
	return mp_numa_call(syscall(SYS_move_pages, pid, (unsigned long)count,
				    pages, nodes, status, flags));
}

/* Return: of @count pages that @pid has mapped at @addr, those on @node. */
static inline int mp_pages_on(pid_t pid, void *addr, unsigned int count,
			      int node)
{
	int status[MP_NODE_PAGES];
	int err = mp_move_pages(pid, addr, count, NULL, status, 0);
	int n = 0;

	if (err)
		return err;
	while (count--)
		n += status[count] == node;
	return n;
}

static inline long mp_node_vmstat(int node, const char *key)
{
	char path[128];

	snprintf(path, sizeof(path), MP_NODE "vmstat", node);
	return mp_read_field(path, key);
}

/* This thread, and those it starts, run on the node's first CPU from now on. */
static inline int mp_run_on_node(int node)
{
	unsigned long cpus;
	char path[128];
	long cpu;

	snprintf(path, sizeof(path), MP_NODE "cpulist", node);
	cpu = mp_read_long(path);
	if (cpu < 0)
		return cpu;
	cpus = 1UL << cpu;
	return syscall(SYS_sched_setaffinity, 0, sizeof(cpus),
		       &cpus) < 0 ? -errno : 0;
}

/* Does the kernel, if it can, bring pages to the nodes where they are used? */
static inline int mp_balancing(int on)
{
	int err = mp_write_long(MP_BALANCING, on);

	return err == -ENOENT && !on ? 0 : err;
}

/* There is nowhere to swap to, so that whatever moves pages does not swap. */
static inline int mp_no_swap(void)
{
	char text[1024];

	return mp_read_file("/proc/swaps", text, sizeof(text)) > 0 &&
	       !strncmp(text, "Filename", 8) &&
	       strchr(text, '\n') == strrchr(text, '\n');
}

#endif /* _SELFTESTS_MP_NUMA_H */
