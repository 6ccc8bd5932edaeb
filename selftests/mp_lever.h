/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_LEVER_H
#define _SELFTESTS_MP_LEVER_H

/* What makes the VM move pages.  0 or more, or -errno. */

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "mp_driver.h"
#include "mp_file.h"

#define MP_MEMORY	"/sys/devices/system/memory/"

static inline int mp_compact(void)
{
	return mp_write_file("/proc/sys/vm/compact_memory", "1");
}

static inline int mp_compact_node(int node)
{
	char path[64];

	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%d/compact", node);
	return mp_write_file(path, "1");
}

/* Return: how many huge pages there are now. */
static inline long mp_hugepages(long count)
{
	int err = mp_write_long("/proc/sys/vm/nr_hugepages", count);

	return err ?: mp_read_long("/proc/sys/vm/nr_hugepages");
}

/*
 * New user pages wait in per-CPU batches to be put on the LRU, and look
 * unmovable there.  move_pages(2), of no page at all, empties the batches.
 */
static inline void mp_drain_lru(void)
{
	int nodes = 0;

	syscall(SYS_move_pages, 0, 0UL, NULL, &nodes, NULL, MPOL_MF_MOVE);
}

/*
 * Somebody wants exactly these frames, once.  The kernel refuses if anything
 * around them is unmovable, though nobody wants that: use blocks that are the
 * pool's alone, as mp_make_block() makes them.
 */
static inline int mp_evict(int fd, __u64 pfn, __u64 count)
{
	struct mp_test_evict evict = { .pfn = pfn, .count = count };

	mp_drain_lru();
	return mp_ioctl(fd, MP_TEST_IOC_EVICT, &evict);
}

/* Wants them until it gets them: others' pages may be in the way a while. */
static inline int mp_evict_retry(int fd, __u64 pfn, __u64 count)
{
	int err, tries = 20;

	while ((err = mp_evict(fd, pfn, count)) && tries--)
		usleep(20000);
	return err;
}

/* Return: whether the kernel is of this version or a later one. */
static inline int mp_kernel_since(unsigned int major, unsigned int minor)
{
	unsigned int is_major, is_minor;
	struct utsname kernel;

	if (uname(&kernel) ||
	    sscanf(kernel.release, "%u.%u", &is_major, &is_minor) != 2)
		return -EINVAL;
	return is_major > major || (is_major == major && is_minor >= minor);
}

/*
 * How often migrate_pages(), for a caller that may wait, comes with a page if
 * its owner says -EBUSY.  Since 6.3 it tries pages in a batch first, where that
 * is not final, and then one by one.
 */
static inline int mp_asks(void)
{
	int since = mp_kernel_since(6, 3);

	return since < 0 ? since : 1 + since;
}

static inline int mp_soft_offline(__u64 pfn)
{
	char text[32];

	snprintf(text, sizeof(text), "%#llx",
		 (unsigned long long)pfn * mp_page_size());
	return mp_write_file(MP_MEMORY "soft_offline_page", text);
}

/* Return: pages in a memory block. */
static inline long mp_memory_block_pages(void)
{
	static long pages;	/* asked of the kernel once */
	char text[32];
	int n;

	if (!pages) {
		n = mp_read_file(MP_MEMORY "block_size_bytes", text,
				 sizeof(text));
		pages = n < 0 ? n : strtol(text, NULL, 16) / mp_page_size();
	}
	return pages;
}

/* Return: number of the memory block with @pfn. */
static inline long mp_memory_block(__u64 pfn)
{
	return pfn / mp_memory_block_pages();
}

static inline int mp_memory_block_set(long block, const char *state)
{
	char path[80];

	snprintf(path, sizeof(path), MP_MEMORY "memory%ld/state", block);
	return mp_write_file(path, state);
}

#endif /* _SELFTESTS_MP_LEVER_H */
