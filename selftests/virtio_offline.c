// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is in the balloon goes offline: blocks of it, for the machine
 * whose node 1 has hot-plugged memory in ZONE_MOVABLE, and single frames.
 */

#include "mp.h"
#include "mp_frame_flags.h"
#include "mp_irq.h"
#include "mp_vb_fixture.h"
#include "mp_vb_map.h"
#include "mp_worker.h"

#define MIB_IN		250	/* nearly all of ZONE_MOVABLE */
#define FRAMES		32

/*
 * The worker runs where the device's interrupt comes, and gets memory of its
 * CPU's node first; node n has CPU n alone.
 */
static int work_on(int node)
{
	return mp_irqs_to("virtio", node ? "2" : "1") ?: mp_vb_reach(1) ?:
	       mp_vb_reach(0);
}

static int inflate_on(int node, long mib)
{
	return work_on(node) ?: mp_vb_reach(mib);
}

static long node_field(int node, const char *file, const char *key)
{
	char path[128];

	snprintf(path, sizeof(path), MP_MEMORY "../node/node%d/%s", node, file);
	return mp_read_field(path, key);
}

/* kB */
static long node_total(int node)
{
	char key[64];

	snprintf(key, sizeof(key), "Node %d MemTotal", node);
	return node_field(node, "meminfo", key);
}

/* Has the kernel's balloon infrastructure the pages, and counts them? */
static int kernel_counts(void)
{
	char path[160], backing[64];

	mp_find_file(MP_DEBUGFS "virtio*/backing", path, sizeof(path));
	mp_read_file(path, backing, sizeof(backing));
	return !strncmp(backing, "balloon:", strlen("balloon:"));
}

static long node_counter(int node)
{
	return node_field(node, "vmstat", "nr_balloon_pages");
}

/*
 * The kernel's infrastructure does not take the counter along when a page moves
 * to another node (balloon_page_migrate() in 7.2); the sum is right.
 */
static void expect_counters(struct __test_metadata *_metadata,
			    const struct mp_vb_map *map)
{
	int node;

	mp_write_file("/proc/sys/vm/stat_refresh", "1");
	if (kernel_counts()) {
		EXPECT_EQ(map->all, node_counter(0) + node_counter(1));
		return;
	}
	/* Old kernels have no such counter. */
	for (node = 0; node < MP_VB_NODES; node++)
		EXPECT_TRUE(node_counter(node) == -ENOENT ||
			    node_counter(node) == map->nodes[node]);
}

/* What a page in the balloon takes from its node, no more and no less. */
static void expect_nodes(struct __test_metadata *_metadata, const long *totals,
			 const struct mp_vb_map *map)
{
	int node;

	for (node = 0; node < MP_VB_NODES; node++)
		EXPECT_EQ(totals[node] - map->nodes[node] * mp_page_kb(),
			  node_total(node));
	expect_counters(_metadata, map);
}

BALLOON_F(block_full_of_its_pages_goes_offline_R3_R15)
{
	long totals[MP_VB_NODES] = { node_total(0), node_total(1) };
	long kb = mp_memory_block_pages() * mp_page_kb();
	long block = mp_last_block(), moved, there;
	struct mp_vb_map map;
	long long told;

	ASSERT_EQ(1, mp_block_is_movable(block));
	ASSERT_EQ(0, inflate_on(1, MIB_IN));
	ASSERT_EQ(0, mp_vb_map_read(&map));
	EXPECT_EQ(mp_vb_pages_of(MIB_IN), map.all);
	expect_nodes(_metadata, totals, &map);
	there = map.blocks[block];
	ASSERT_LE(mp_memory_block_pages() / 2, there);
	told = mp_host_traced(MP_VB_TOLD);
	moved = mp_vb_stat("migrated");

	EXPECT_EQ(0, mp_memory_block_set(block, "offline"));
	moved = mp_vb_stat("migrated") - moved;
	printf("# figure: memory block offline moved %ld of %ld pages\n",
	       moved, there);
	EXPECT_LE(there, moved);
	EXPECT_EQ(told + 2 * moved, mp_host_traced(MP_VB_TOLD));
	ASSERT_EQ(0, mp_vb_map_read(&map));
	EXPECT_EQ(0, map.blocks[block]);
	EXPECT_EQ(mp_vb_pages_of(MIB_IN), map.all);
	EXPECT_EQ(map.all, mp_vb_actual());
	totals[1] -= kb;
	expect_nodes(_metadata, totals, &map);
	EXPECT_EQ(0, mp_memory_block_set(block, "online_movable"));
	totals[1] += kb;
	expect_nodes(_metadata, totals, &map);
}

/* So that unplug meets pages that have just come, or are about to go. */
static int step_up_and_down(struct mp_worker *worker)
{
	return mp_vb_reach(worker->steps % 2 ? 64 : MIB_IN);
}

BALLOON_F(offline_while_pages_go_in_and_out_R3)
{
	struct mp_worker host = { .step = step_up_and_down };
	long block = mp_last_block(), moved = mp_vb_stat("migrated");
	int i;

	ASSERT_EQ(0, work_on(1));
	ASSERT_EQ(0, mp_worker_start(&host));
	for (i = 0; i < 40; i++) {
		EXPECT_EQ(0, mp_memory_block_set(block, "offline"));
		EXPECT_EQ(0, mp_memory_block_set(block, "online_movable"));
		if (i >= 4 && mp_vb_stat("migrated") >= moved + 1000)
			break;
		usleep(200000);
	}
	EXPECT_EQ(0, mp_worker_stop(&host));
	moved = mp_vb_stat("migrated") - moved;
	printf("# %d times offline, %ld pages moved\n", i + 1, moved);
	EXPECT_LE(1000, moved);
	EXPECT_EQ(self->total - mp_vb_stat("pages") * mp_page_kb(),
		  mp_mem_total());
	EXPECT_EQ(mp_vb_stat("pages"), mp_vb_actual());
}

/* Return: how many frames on node 0 there are, up to FRAMES, far apart. */
static int choose_frames(long *pfns)
{
	long pfn, next = 0, node1 = mp_vb_node1();
	FILE *frames = mp_vb_frames();
	int n = 0;

	while (frames && n < FRAMES && (pfn = mp_vb_next_frame(frames)) >= 0) {
		if (pfn < next || pfn >= node1)
			continue;
		pfns[n++] = pfn;
		next = pfn + 100;
	}
	if (frames)
		fclose(frames);
	return n;
}

/* Return: how many of them are in the balloon. */
static int frames_in_it(const long *pfns)
{
	FILE *frames = mp_vb_frames();
	int i, n = 0;
	long pfn;

	while (frames && (pfn = mp_vb_next_frame(frames)) >= 0)
		for (i = 0; i < FRAMES; i++)
			n += pfns[i] == pfn;
	if (frames)
		fclose(frames);
	return n;
}

BALLOON_F(soft_offline_R18)
{
	long pfns[FRAMES], moved;
	int i;

	ASSERT_EQ(0, inflate_on(0, MIB_IN));
	ASSERT_EQ(FRAMES, choose_frames(pfns));
	moved = mp_vb_stat("migrated");
	for (i = 0; i < FRAMES; i++)
		EXPECT_EQ(0, mp_soft_offline(pfns[i]));
	EXPECT_LE(moved + FRAMES, mp_vb_stat("migrated"));
	EXPECT_EQ(0, frames_in_it(pfns));
	EXPECT_EQ(mp_vb_pages_of(MIB_IN), mp_vb_actual());
	/* Out and in again: they do not come back. */
	ASSERT_EQ(0, mp_vb_reach(0));
	ASSERT_EQ(0, inflate_on(0, MIB_IN));
	EXPECT_EQ(0, frames_in_it(pfns));
	for (i = 0; i < FRAMES; i++)
		EXPECT_EQ(1, mp_frame_poisoned(pfns[i]));
}

TEST_HARNESS_MAIN
