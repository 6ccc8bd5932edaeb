/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_NODES_FIXTURE_H
#define _SELFTESTS_MP_NODES_FIXTURE_H

/* Tests of a pool whose pages are dealt out to all nodes of the machine. */

#include "mp.h"
#include "mp_directed.h"
#include "mp_numa.h"

#define SEED	37
#define PART	64	/* pages that are on each node */
#define NODES	4
#define BIT(n)	(1ULL << (n))

FIXTURE(nodes) {
	struct mp_world world;
	int fd;
	int pool;
	int nodes;	/* the machine's */
};

static inline int nr_nodes(void)
{
	char path[128];
	int node = 0;

	do
		snprintf(path, sizeof(path), MP_NODE "meminfo", node);
	while (!access(path, R_OK) && ++node < NODES);
	return node;
}

/* The @nth PART of the pool is on node @nth. */
static inline int fill_nodes(int fd, int pool, int nodes)
{
	int node, err = 0;

	for (node = 0; node < nodes && !err; node++)
		err = mp_policy(MPOL_BIND, MP_NODE_BIT(node)) ?:
		      mp_make(fd, pool, node * PART, PART, SEED);
	return err ?: mp_default_policy();
}

/* Return: which node objects @first to @first + PART are all on; -1: several */
static inline int node_of(int fd, int pool, unsigned int first)
{
	struct mp_test_info infos[PART];
	int i;

	if (mp_infos(fd, pool, first, PART, infos))
		return -EIO;
	for (i = 1; i < PART; i++)
		if (infos[i].nid != infos[0].nid)
			return -1;
	return infos[0].nid;
}

FIXTURE_SETUP(nodes)
{
	int node;

	ASSERT_EQ(0, mp_balancing(0));
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	self->nodes = nr_nodes();
	self->pool = mp_create(self->fd, "nodes", NODES * PART,
			       MP_TEST_HAS_ALL);
	ASSERT_LE(0, self->pool);
	ASSERT_EQ(0, fill_nodes(self->fd, self->pool, self->nodes));
	for (node = 0; node < self->nodes; node++)
		ASSERT_EQ(node, node_of(self->fd, self->pool, node * PART));
}

FIXTURE_TEARDOWN(nodes)
{
	int node;

	for (node = 0; node < self->nodes; node++)
		EXPECT_EQ(0, mp_verify(self->fd, self->pool, node * PART,
				       PART, SEED));
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define NODES_F(name)	TEST_F(nodes, name)
#define SELF		struct _test_data_nodes *self

/* Parts 0, 1, 2, 3 are on the nodes that the digits of @want say. */
static inline void parts_are_on(struct __test_metadata *_metadata, SELF,
				const char *want)
{
	int part;

	for (part = 0; part < self->nodes; part++)
		EXPECT_EQ(want[part] - '0', node_of(self->fd, self->pool,
						    part * PART))
			TH_LOG("part %d", part);
}

static inline void move_all(struct __test_metadata *_metadata, SELF,
			    __u64 from, __u64 to, unsigned int moves,
			    const char *want)
{
	struct mp_directed move = mp_directed_nodes(self->fd, self->pool, from,
						    to);

	EXPECT_EQ(0, move.req.err);
	EXPECT_EQ(moves * PART, move.req.moved);
	EXPECT_EQ((self->nodes - moves) * PART, move.req.stayed);
	EXPECT_EQ(0, move.req.nr_left);
	parts_are_on(_metadata, self, want);
}

#endif /* _SELFTESTS_MP_NODES_FIXTURE_H */
