// SPDX-License-Identifier: GPL-2.0
/*
 * Directed moves to a node whose memory comes and goes, and is all movable:
 * node 2 has a module of hot-plugged memory and no other.
 */

#include "mp.h"
#include "mp_directed.h"
#include "mp_hotplug.h"

#define SEED	67
#define PAGES	256
#define NODE_1	2ULL	/* as masks */
#define NODE_2	4ULL

/* All memory of node 2.  Return: how many blocks changed, or -errno. */
static int node_2_goes(const char *state)
{
	char path[128];
	int err, n = 0;
	long block;

	for (block = 0; block < 1024; block++) {
		snprintf(path, sizeof(path), MP_NODE "memory%ld/state", 2,
			 block);
		if (access(path, F_OK))
			continue;
		err = mp_memory_block_set(block, state);
		if (err)
			return err;
		n++;
	}
	return n;
}

static int on_node_2(int fd, int pool)
{
	struct mp_test_info infos[PAGES];
	int i, n = 0;

	if (mp_infos(fd, pool, 0, PAGES, infos))
		return -EIO;
	for (i = 0; i < PAGES; i++)
		n += infos[i].nid == 2;
	return n;
}

MP_TEST_F(node_that_is_offline)
{
	int pool = mp_create(self->fd, "offline", PAGES, 0);
	struct mp_directed move;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_prefer_node(0));
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	ASSERT_EQ(0, mp_default_policy());
	move = mp_directed_nodes(self->fd, pool, 0, NODE_2);
	EXPECT_EQ(PAGES, move.req.moved);
	EXPECT_EQ(PAGES, on_node_2(self->fd, pool));
	/* The VM takes them out. */
	ASSERT_LE(1, node_2_goes("offline"));
	EXPECT_EQ(0, on_node_2(self->fd, pool));
	EXPECT_LE(PAGES, mp_stats_at_rest(self->fd, pool).migrated);
	move = mp_directed_nodes(self->fd, pool, 0, NODE_2);
	EXPECT_EQ(-EINVAL, move.req.err);
	move = mp_directed_nodes(self->fd, pool, 0, NODE_2 | 1);
	EXPECT_EQ(-EINVAL, move.req.err);
	/* Nothing is there to be moved. */
	move = mp_directed_nodes(self->fd, pool, NODE_2, 1);
	EXPECT_EQ(0, move.req.err);
	EXPECT_EQ(PAGES, move.req.stayed);
	ASSERT_LE(1, node_2_goes("online_movable"));
	move = mp_directed_nodes(self->fd, pool, 0, NODE_2);
	EXPECT_EQ(PAGES, move.req.moved);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

/* A pool that is for a node without memory cannot be. */
MP_TEST_F(policy_of_a_node_that_is_offline)
{
	struct mp_test_create create = {
		.name = "offline",
		.capacity = PAGES,
		.nodes = NODE_2,
	};
	int pool = mp_create_as(self->fd, &create);

	ASSERT_LE(0, pool);
	ASSERT_LE(1, node_2_goes("offline"));
	EXPECT_EQ(-EINVAL, mp_create_as(self->fd, &create));
	/* One that was made before has no page until the memory is back. */
	EXPECT_EQ(-ENOMEM, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	ASSERT_LE(1, node_2_goes("online_movable"));
	EXPECT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	EXPECT_EQ(PAGES, on_node_2(self->fd, pool));
}

/*
 * Their own node has no frame for a long-term pin, node 0, which is next, is
 * not allowed, node 1 is.
 */
MP_TEST_F(long_pin_goes_to_a_node_that_is_allowed)
{
	struct mp_test_create create = {
		.name = "offline",
		.capacity = PAGES,
		.nodes = NODE_1 | NODE_2,
	};
	int i, pool = mp_create_as(self->fd, &create);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	ASSERT_EQ(0, mp_directed_nodes(self->fd, pool, 0, NODE_2).req.nr_left);
	ASSERT_EQ(PAGES, on_node_2(self->fd, pool));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, PAGES));
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(1, mp_info(self->fd, pool, i).nid);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

TEST_HARNESS_MAIN
