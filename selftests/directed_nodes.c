// SPDX-License-Identifier: GPL-2.0
/* Directed moves between nodes, two or more: where each page ends. */

#include "mp_mapped.h"
#include "mp_nodes_fixture.h"
#include "mp_writer.h"

NODES_F(all_to_one)
{
	move_all(_metadata, self, 0, BIT(1), self->nodes - 1, "1111");
	move_all(_metadata, self, 0, BIT(0), self->nodes, "0000");
}

NODES_F(from_one_to_another)
{
	move_all(_metadata, self, BIT(0), BIT(1), 1, "1123");
	/* Which came from there is not known any more. */
	move_all(_metadata, self, BIT(1), BIT(0), 2, "0023");
}

/* Both at once: nothing moves twice. */
NODES_F(nodes_change_places)
{
	move_all(_metadata, self, BIT(0) | BIT(1), BIT(0) | BIT(1), 0, "0123");
	/* Counted in a circle: two to one. */
	move_all(_metadata, self, BIT(0) | BIT(1), BIT(1), 1, "1123");
}

NODES_F(from_nodes_without_pages)
{
	move_all(_metadata, self, BIT(40), BIT(1), 0, "0123");
	/* Node 1 is the first of @from. */
	move_all(_metadata, self, BIT(1) | BIT(40), BIT(0), 1, "0023");
}

/* A set of handles, and what is pinned stays. */
NODES_F(some_of_the_pages)
{
	struct mp_directed move = {
		.req = {
			.pool = self->pool,
			.first = 10,
			.count = 20,
			.mode = MP_SYNC_LIGHT,
			.has = MP_TEST_MOVE_TO,
			.to = BIT(1),
		},
	};

	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PIN, 15, 1));
	EXPECT_EQ(0, mp_directed_run(self->fd, &move));
	EXPECT_EQ(19, move.req.moved);
	EXPECT_EQ(1, mp_left_only(&move, 15, MP_LEFT_PINNED));
	EXPECT_EQ(0, mp_info(self->fd, self->pool, 9).nid);
	EXPECT_EQ(1, mp_info(self->fd, self->pool, 10).nid);
	EXPECT_EQ(0, mp_info(self->fd, self->pool, 15).nid);
	EXPECT_EQ(1, mp_info(self->fd, self->pool, 29).nid);
	EXPECT_EQ(0, mp_info(self->fd, self->pool, 30).nid);
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_UNPIN, 15, 1));
}

/* More than the node has: some are left, with the reason, and none is lost. */
NODES_F(node_that_is_full)
{
	char path[128];
	unsigned int pages, on;
	struct mp_directed move;
	int big;

	snprintf(path, sizeof(path), MP_NODE "meminfo", 1);
	pages = mp_read_field(path, "Node 1 MemTotal") / mp_page_kb() + 2000;
	big = mp_create(self->fd, "big", pages, 0);
	ASSERT_LE(0, big);
	ASSERT_EQ(0, mp_policy(MPOL_BIND, MP_NODE_BIT(0)));
	ASSERT_EQ(0, mp_make(self->fd, big, 0, pages, SEED));
	ASSERT_EQ(0, mp_default_policy());
	move = mp_directed_nodes(self->fd, big, BIT(0), BIT(1));
	EXPECT_EQ(0, move.req.err);
	EXPECT_LE(pages / 3, move.req.moved);
	EXPECT_LE(2000, move.req.nr_left);
	EXPECT_EQ(pages, move.req.moved + move.req.nr_left);
	EXPECT_EQ(MP_LEFT_NO_MEMORY, move.left[0].why);
	on = mp_info(self->fd, big, move.left[0].index).nid;
	EXPECT_EQ(0, on);
	EXPECT_EQ(0, mp_verify(self->fd, big, 0, pages, SEED));
}

#define ROUNDS	6

NODES_F(mapped_pages_between_nodes)
{
	struct mp_writer writer;
	struct mp_mapped it;
	long moved = 0;
	int i;

	ASSERT_EQ(0, mp_policy(MPOL_BIND, MP_NODE_BIT(0)));
	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, 8 * PART, 0));
	ASSERT_EQ(0, mp_default_policy());
	mp_mapped_fill(&it, SEED);
	ASSERT_EQ(0, mp_writer_start(&writer, &it, SEED));
	for (i = 0; i < ROUNDS; i++)
		moved += mp_directed_nodes(self->fd, it.pool, 0,
					   BIT(!(i % 2))).req.moved;
	EXPECT_EQ(1, mp_writer_rounds(&writer, 2));
	EXPECT_EQ(0, mp_writer_stop(&writer));
	/* What was just being touched may be left. */
	EXPECT_LE(ROUNDS * 8 * PART * 9 / 10, moved);
	EXPECT_EQ(moved, mp_stats(self->fd, it.pool).directed);
	mp_mapped_end(&it);
}

/* There is no node of that number, or it has no memory. */
NODES_F(absent_nodes)
{
	struct mp_directed move;

	move = mp_directed_nodes(self->fd, self->pool, 0, BIT(self->nodes));
	EXPECT_EQ(-EINVAL, move.req.err);
	move = mp_directed_nodes(self->fd, self->pool, 0, BIT(0) | BIT(63));
	EXPECT_EQ(-EINVAL, move.req.err);
	parts_are_on(_metadata, self, "0123");
}

TEST_HARNESS_MAIN
