/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_CHILD_H
#define _SELFTESTS_MP_CHILD_H

/* For processes that a test forks: they have no EXPECT, and end instead. */

#include <stdio.h>
#include <unistd.h>

#define MUST(holds) do { \
	if (!(holds)) { \
		printf("# %s:%d: not so: %s\n", __FILE__, __LINE__, #holds); \
		fflush(stdout); \
		_exit(1); \
	} \
} while (0)

#endif /* _SELFTESTS_MP_CHILD_H */
