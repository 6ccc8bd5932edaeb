/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_COUNTERS_H
#define _SELFTESTS_MP_COUNTERS_H

/* What page cache adds to the counters of nodes, and that it goes again. */

#include "mp_books.h"
#include "mp_harness.h"
#include "mp_lever.h"
#include "mp_numa.h"

#define MP_COUNTER_NODES	4	/* absent ones stay the same */

/*
 * Counters that page cache could leave its traces in.  Not those of anonymous
 * memory and shmem: there the test's own pages are, and the root file system's,
 * which move, too.
 */
static const char * const mp_counter_keys[] = {
	"nr_file_pages",
	"nr_unevictable",
	"nr_inactive_file",
	"nr_active_file",
	"nr_isolated_file",
	"nr_isolated_anon",
	"nr_dirty",
	"nr_kernel_file_pages",
	"nr_zone_unevictable",
	"nr_zone_inactive_file",
	"nr_zone_active_file",
};

enum { MP_FILE_PAGES, MP_UNEVICTABLE };

#define MP_COUNTERS	ARRAY_SIZE(mp_counter_keys)

struct mp_counters {
	long of[MP_COUNTER_NODES][MP_COUNTERS];
};

/* Fold what the CPUs have counted on their own. */
static inline void mp_counters_fold(void)
{
	mp_drain_lru();
	mp_write_file("/proc/sys/vm/stat_refresh", "1");
}

static inline void mp_counters_read(struct mp_counters *counters)
{
	int node;
	size_t i;

	mp_counters_fold();
	for (node = 0; node < MP_COUNTER_NODES; node++) {
		long *of = counters->of[node];

		for (i = 0; i < MP_COUNTERS; i++)
			of[i] = mp_node_vmstat(node, mp_counter_keys[i]);
		of[MP_FILE_PAGES] -= mp_node_vmstat(node, "nr_shmem");
	}
}

/* Return: how many counters differ; says which. */
static inline int mp_counters_compare(const struct mp_counters *a,
				      const struct mp_counters *b, int say)
{
	int node, differ = 0;
	size_t i;

	for (node = 0; node < MP_COUNTER_NODES; node++) {
		for (i = 0; i < MP_COUNTERS; i++) {
			if (a->of[node][i] == b->of[node][i])
				continue;
			differ++;
			if (say)
				printf("# node%d %s: %ld, was %ld\n", node,
				       mp_counter_keys[i], b->of[node][i],
				       a->of[node][i]);
		}
	}
	return differ;
}

/* Freed pages sit in per-CPU batches for a while: up to 10 s. */
static inline int mp_counters_returned(const struct mp_counters *before)
{
	struct mp_counters now;
	int tries = 100;

	do {
		mp_counters_read(&now);
	} while (mp_counters_compare(before, &now, 0) && tries-- &&
		 !usleep(100000));
	return mp_counters_compare(before, &now, 1);
}

/* On one node, since @before. */
static inline long mp_counters_added_on(const struct mp_counters *before,
					int node, int key)
{
	struct mp_counters now;

	mp_counters_read(&now);
	return now.of[node][key] - before->of[node][key];
}

static inline long mp_counters_added(const struct mp_counters *before, int key)
{
	long added = 0;
	int node;

	for (node = 0; node < MP_COUNTER_NODES; node++)
		added += mp_counters_added_on(before, node, key);
	return added;
}

#endif /* _SELFTESTS_MP_COUNTERS_H */
