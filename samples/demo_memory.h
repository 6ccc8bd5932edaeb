/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SAMPLES_DEMO_MEMORY_H
#define _SAMPLES_DEMO_MEMORY_H

/* What a pool has in physical memory, and what else is there. */

#include <glob.h>
#include <stdbool.h>

#include "demo.h"

#define CAPTURE		"/demo/capture"

/* A file of the only pool of that name. */
static inline const char *pool_file(const char *pool, const char *name)
{
	static char path[256];
	char pattern[128];
	glob_t g;

	snprintf(pattern, sizeof(pattern),
		 "/sys/kernel/debug/movable_pool/%s-*", pool);
	if (glob(pattern, 0, NULL, &g))
		die("debugfs has no pool");
	snprintf(path, sizeof(path), "%s/%s", g.gl_pathv[0], name);
	globfree(&g);
	return path;
}

static inline unsigned long pool_stat(const char *pool, const char *name)
{
	return value_of(pool_file(pool, "stats"), name);
}

static inline void report_books(const char *pool)
{
	static const char * const names[] = {
		"pages", "isolated", "migrated", "putback", "released",
		"attempted", "refused_pinned", "refused_referenced",
		"refused_driver", "failed_driver", "refused_unready",
		"refused_target", "directed",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		printf("stat %s %lu\n", names[i], pool_stat(pool, names[i]));
}

/*
 * Free pages in a per-CPU list look like pages in use.  All work is done on
 * CPU 1; taking it offline gives its list back to the page allocator.
 */
static inline void drain_cpu_lists(void)
{
	run_on(0);
	put("/sys/devices/system/cpu/cpu1/online", "0");
	put("/sys/devices/system/cpu/cpu1/online", "1");
	run_on(1);
}

/*
 * Have all of memory looked at, by tools/memmap/capture.c, which the host has
 * put beside us: what that prints is part of the report.  @names: so that the
 * host knows each page again, wherever it is.
 */
static inline void report_memory(const char *when, bool names)
{
	printf("map %s\n", when);
	fflush(stdout);
	errno = 0;
	if (system(names ? CAPTURE : CAPTURE " --no-names"))
		die(CAPTURE);
}

#endif /* _SAMPLES_DEMO_MEMORY_H */
