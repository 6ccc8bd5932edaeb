/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_HOTPLUG_H
#define _SELFTESTS_MP_HOTPLUG_H

/* Memory blocks that come and go, and the node they are on. */

#include "mp_driver.h"
#include "mp_lever.h"
#include "mp_numa.h"

/* The last memory block there is: hot-plugged memory, where there is such. */
static inline long mp_last_block(void)
{
	char path[128];
	long block = -ENOENT;
	long i;

	for (i = 0; i < 1024; i++) {
		snprintf(path, sizeof(path), MP_MEMORY "memory%ld/state", i);
		if (!access(path, F_OK))
			block = i;
	}
	return block;
}

static inline int mp_block_is_movable(long block)
{
	char path[128], zones[64];

	snprintf(path, sizeof(path), MP_MEMORY "memory%ld/valid_zones", block);
	mp_read_file(path, zones, sizeof(zones));
	return !!strstr(zones, "Movable");
}

/* Return: how many of the pool's first @count objects are in the block. */
static inline int mp_pages_in(int fd, int pool, int count, long block)
{
	struct mp_test_info *infos = calloc(count, sizeof(*infos));
	int n = infos ? mp_infos(fd, pool, 0, count, infos) : -ENOMEM;
	int i;

	for (i = 0; n >= 0 && i < count; i++)
		n += infos[i].pfn && mp_memory_block(infos[i].pfn) == block;
	free(infos);
	return n;
}

#endif /* _SELFTESTS_MP_HOTPLUG_H */
