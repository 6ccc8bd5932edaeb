/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_VB_MAP_H
#define _SELFTESTS_MP_VB_MAP_H

/* Where the pages in the balloon are: memory block by block, node by node. */

#include <limits.h>

#include "mp_hotplug.h"
#include "mp_vballoon.h"

#define MP_VB_BLOCKS	1024
#define MP_VB_NODES	2

/**
 * struct mp_vb_map - the balloon's pages
 * @blocks: how many in each memory block
 * @nodes: how many on each node
 * @all: how many
 */
struct mp_vb_map {
	long blocks[MP_VB_BLOCKS];
	long nodes[MP_VB_NODES];
	long all;
};

/* Return: the list of all frames in the balloon, "pfn state pins" a line. */
static inline FILE *mp_vb_frames(void)
{
	char path[160];

	if (mp_find_file(MP_DEBUGFS "virtio*/pages", path, sizeof(path)) != 1)
		return NULL;
	return fopen(path, "re");
}

/* Return: the next frame, or -ENOENT. */
static inline long mp_vb_next_frame(FILE *frames)
{
	long pfn;

	return fscanf(frames, "%ld%*[^\n]", &pfn) == 1 ? pfn : -ENOENT;
}

/* Return: where node 1 begins, above all of node 0, or LONG_MAX. */
static inline long mp_vb_node1(void)
{
	FILE *zones = fopen("/proc/zoneinfo", "re");
	long start, first = LONG_MAX;
	char line[256];
	int node = 0;

	while (zones && fgets(line, sizeof(line), zones)) {
		if (sscanf(line, "Node %d", &node) == 1)
			continue;
		/* Zones without memory begin at 0. */
		if (sscanf(line, " start_pfn: %ld", &start) == 1 &&
		    node == 1 && start && start < first)
			first = start;
	}
	if (zones)
		fclose(zones);
	return first;
}

static inline int mp_vb_map_read(struct mp_vb_map *map)
{
	FILE *frames = mp_vb_frames();
	long node1 = mp_vb_node1(), pfn;

	*map = (struct mp_vb_map){};
	if (!frames)
		return -ENOENT;
	while ((pfn = mp_vb_next_frame(frames)) >= 0) {
		long block = mp_memory_block(pfn);

		map->all++;
		map->nodes[pfn >= node1]++;
		if (block < MP_VB_BLOCKS)
			map->blocks[block]++;
	}
	fclose(frames);
	return 0;
}

#endif /* _SELFTESTS_MP_VB_MAP_H */
