// SPDX-License-Identifier: GPL-2.0
/* Mapped pools on four nodes: which node takes the place of which. */

#include "mp_numa_fixture.h"
#include "mp_writer.h"

#define NODES		4

static int page_on(struct mp_mapped *it, unsigned int index, int node)
{
	return mp_pages_on(0, mp_mapped_page(it, index), 1, node) == 1;
}

/* Page i on node i modulo @nodes. */
static int deal(struct mp_mapped *it, int nodes)
{
	int node_of[PAGES], status[PAGES];
	int i;

	for (i = 0; i < PAGES; i++)
		node_of[i] = i % nodes;
	return mp_move_pages(0, it->words, PAGES, node_of, status,
			     MPOL_MF_MOVE);
}

/* Return: pages dealt out to @nodes that are now on their node's place. */
static int in_place(struct mp_mapped *it, int nodes, const int *places)
{
	int i, n = 0;

	for (i = 0; i < PAGES; i++)
		n += page_on(it, i, places[i % nodes]);
	return n;
}

static unsigned long first_nodes(int nodes)
{
	return (1UL << nodes) - 1;
}

NUMA_F(move_pages_to_four_nodes)
{
	struct mp_mapped *it = &self->it;
	const int places[] = { 0, 1, 2, 3 };

	EXPECT_EQ(0, deal(it, NODES));
	EXPECT_EQ(PAGES, in_place(it, NODES, places));
	EXPECT_EQ(PAGES / NODES * (NODES - 1), mp_mapped_moved(it));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

NUMA_F(migrate_pages_keeps_places_in_other_nodes)
{
	struct mp_mapped *it = &self->it;
	const int places[] = { 2, 3 };

	ASSERT_EQ(0, deal(it, 2));
	EXPECT_LE(0, mp_migrate_pages(0, first_nodes(2),
				      first_nodes(2) << 2));
	EXPECT_EQ(PAGES, in_place(it, 2, places));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

/* The last node first, or pages would be taken along twice. */
NUMA_F(migrate_pages_keeps_places_in_nodes_that_overlap)
{
	struct mp_mapped *it = &self->it;
	const int places[] = { 1, 2, 3 };

	ASSERT_EQ(0, deal(it, 3));
	EXPECT_LE(0, mp_migrate_pages(0, first_nodes(3),
				      first_nodes(3) << 1));
	EXPECT_EQ(PAGES, in_place(it, 3, places));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

/* As many would be moved anew as nodes are in both: these stay. */
NUMA_F(migrate_pages_to_fewer_nodes_leaves_what_is_there)
{
	struct mp_mapped *it = &self->it;
	const int places[] = { 2, 3, 2, 3 };

	ASSERT_EQ(0, deal(it, 4));
	EXPECT_LE(0, mp_migrate_pages(0, first_nodes(4),
				      first_nodes(2) << 2));
	EXPECT_EQ(PAGES, in_place(it, 4, places));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

NUMA_F(migrate_pages_to_more_nodes_uses_not_all)
{
	struct mp_mapped *it = &self->it;
	const int places[] = { 1, 1 };

	ASSERT_EQ(0, deal(it, 2));
	EXPECT_LE(0, mp_migrate_pages(0, first_nodes(2),
				      first_nodes(3) << 1));
	EXPECT_EQ(PAGES, in_place(it, 2, places));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

/* Round all nodes while a thread writes. */
NUMA_F(migrate_pages_round_four_nodes_R21)
{
	struct mp_mapped *it = &self->it;
	struct mp_writer writer;
	int i, there = 0;

	ASSERT_EQ(0, mp_writer_start(&writer, it, MP_MAPPED_SEED));
	for (i = 0; i < NODES; i++) {
		int from = i % NODES, to = (i + 1) % NODES;

		EXPECT_LE(0, mp_migrate_pages(0, MP_NODE_BIT(from),
					      MP_NODE_BIT(to)));
		there += mp_pages_on(0, it->words, PAGES, to);
		mp_writer_rounds(&writer, 1);
	}
	EXPECT_EQ(0, mp_writer_stop(&writer));
	EXPECT_EQ(NODES * PAGES, there);
	EXPECT_LE(NODES * PAGES, mp_mapped_moved(it));
}

NUMA_F(interleave_over_four_nodes)
{
	struct mp_mapped new;
	int node;

	ASSERT_EQ(0, mp_policy(MPOL_INTERLEAVE, first_nodes(NODES)));
	ASSERT_EQ(0, mp_mapped_make(&new, self->world.fd, PAGES, 0));
	mp_mapped_fill(&new, MP_MAPPED_SEED);
	for (node = 0; node < NODES; node++) {
		int n = mp_pages_on(0, new.words, PAGES, node);

		EXPECT_LE(abs(n - PAGES / NODES), 32);
	}
	mp_mapped_end(&new);
}

TEST_HARNESS_MAIN
