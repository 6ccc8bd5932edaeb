/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FAULT_H
#define _SELFTESTS_MP_FAULT_H

/* Failing sites, which movable_pool_test.ko alone has (fault.h there). */

#include "mp_books.h"
#include "mp_file.h"

#define MP_FAULTS	MP_DEBUGFS "faults"
#define MP_FAULT_ARM	"/sys/module/movable_pool_test/parameters/fail"

/* The @nth that comes to the site fails, counted from 1. */
static inline int mp_fault_arm(const char *site, int nth)
{
	char line[80];

	snprintf(line, sizeof(line), "%s:%d", site, nth);
	return mp_write_file(MP_FAULT_ARM, line);
}

static inline int mp_faults_disarm(void)
{
	return mp_write_file(MP_FAULT_ARM, "none");
}

/* How often the site has failed since the module was loaded. */
static inline int mp_fault_failed(const char *site)
{
	int passes, failed, found = -ENOENT;
	char name[32];
	FILE *list;

	list = fopen(MP_FAULTS, "r");
	if (!list)
		return -errno;
	while (found < 0 && fscanf(list, "%31s %d %d", name, &passes,
				   &failed) == 3)
		if (!strcmp(name, site))
			found = failed;
	fclose(list);
	return found;
}

#endif /* _SELFTESTS_MP_FAULT_H */
