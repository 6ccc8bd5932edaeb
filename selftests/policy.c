// SPDX-License-Identifier: GPL-2.0
/*
 * Where the pages of a pool may be: at allocation, when the owner moves them,
 * and when the VM does.  Two nodes, all zones.
 */

#include "mp.h"
#include "mp_directed.h"
#include "mp_mapped.h"
#include "mp_numa.h"

#define SEED	41
#define PAGES	256
#define BIT(n)	(1ULL << (n))

/* Physical addresses that end there; ZONE_DMA is 16 MiB, ZONE_DMA32 4 GiB. */
#define MASK(bits)	(BIT(bits) - 1)

static int pool_as(int fd, struct mp_test_create create)
{
	snprintf(create.name, sizeof(create.name), "policy");
	if (!create.capacity)
		create.capacity = MP_BLOCK;
	return mp_create_as(fd, &create);
}

/* Return: of the first PAGES objects, those beyond the mask or off the node. */
static int astray(int fd, int pool, __u64 mask, int node)
{
	struct mp_test_info infos[PAGES];
	int i, n = 0;

	if (mp_infos(fd, pool, 0, PAGES, infos))
		return -EIO;
	for (i = 0; i < PAGES; i++)
		n += (infos[i].pfn + 1) * mp_page_size() - 1 > mask ||
		     (node >= 0 && infos[i].nid != node);
	return n;
}

MP_TEST_F(pages_come_from_the_node)
{
	int node, pool;

	for (node = 0; node < 2; node++) {
		pool = pool_as(self->fd, (struct mp_test_create) {
			.nodes = BIT(node),
		});
		ASSERT_LE(0, pool);
		EXPECT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
		EXPECT_EQ(0, astray(self->fd, pool, ~0ULL, node));
	}
}

MP_TEST_F(pages_come_in_bulk_from_the_node)
{
	int pool = pool_as(self->fd, (struct mp_test_create) {
		.nodes = BIT(1),
	});
	struct mp_test_call call = {
		.verb = MP_TEST_ALLOC_BULK,
		.pool = pool,
		.count = PAGES,
	};

	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(PAGES, call.done);
	EXPECT_EQ(0, astray(self->fd, pool, ~0ULL, 1));
}

/* As fits the device: 24 bits are ZONE_DMA, 28 less than ZONE_DMA32. */
MP_TEST_F(pages_are_within_the_mask)
{
	static const int bits[] = { 24, 26, 28, 32 };
	unsigned int i;
	int pool;

	for (i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
		pool = pool_as(self->fd, (struct mp_test_create) {
			.dma_mask = MASK(bits[i]),
		});
		ASSERT_LE(0, pool);
		EXPECT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
		EXPECT_EQ(0, astray(self->fd, pool, MASK(bits[i]), -1));
	}
}

MP_TEST_F(pages_are_in_the_zone)
{
	int pool = pool_as(self->fd, (struct mp_test_create) {
		.zone = MP_TEST_ZONE_DMA,
	});

	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	EXPECT_EQ(0, astray(self->fd, pool, MASK(24), -1));
	pool = pool_as(self->fd, (struct mp_test_create) {
		.zone = MP_TEST_ZONE_DMA32,
	});
	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	EXPECT_EQ(0, astray(self->fd, pool, MASK(32), -1));
}

/* Node 1 begins beyond 16 MiB. */
MP_TEST_F(no_page_can_follow_both)
{
	int pool = pool_as(self->fd, (struct mp_test_create) {
		.nodes = BIT(1),
		.zone = MP_TEST_ZONE_DMA,
	});

	ASSERT_LE(0, pool);
	EXPECT_EQ(-ENOMEM, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	EXPECT_EQ(0, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(page_elsewhere_is_not_adopted)
{
	int pool = pool_as(self->fd, (struct mp_test_create) {
		.zone = MP_TEST_ZONE_DMA,
	});

	ASSERT_LE(0, pool);
	EXPECT_EQ(-ERANGE, mp_arg(self->fd, pool, MP_TEST_ADOPT_BLOCK, 0,
				  MP_BLOCK, MP_BLOCK_ORDER));
	EXPECT_EQ(0, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(policies_that_cannot_be)
{
	EXPECT_EQ(-EINVAL, pool_as(self->fd, (struct mp_test_create) {
		.nodes = BIT(63),
	}));
	EXPECT_EQ(-EINVAL, pool_as(self->fd, (struct mp_test_create) {
		.dma_mask = mp_page_size() - 2,
	}));
	EXPECT_EQ(-EINVAL, pool_as(self->fd, (struct mp_test_create) {
		.zone = MP_TEST_ZONE_ODD,
	}));
	EXPECT_EQ(-EINVAL, pool_as(self->fd, (struct mp_test_create) {
		.nodes = BIT(0),
		.flags = MP_BALLOON,
		.has = MP_TEST_HAS_EXCHANGE,
	}));
}

/*
 * The VM's moves
 */

/* The driver brings a block of node 1 along. */
MP_TEST_F(vm_moves_within_the_node)
{
	int pool = pool_as(self->fd, (struct mp_test_create) {
		.nodes = BIT(1),
	});

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_policy(MPOL_BIND, MP_NODE_BIT(1)));
	ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, SEED));
	ASSERT_EQ(0, mp_default_policy());
	EXPECT_EQ(0, mp_evict_retry(self->fd, mp_pfn(self->fd, pool, 0), 64));
	EXPECT_LE(64, mp_stats_at_rest(self->fd, pool).migrated);
	EXPECT_EQ(0, astray(self->fd, pool, ~0ULL, 1));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

/* A page that is to leave its frame never gets one of ZONE_DMA from the VM. */
MP_TEST_F(vm_may_not_move_out_of_the_zone)
{
	int pool = pool_as(self->fd, (struct mp_test_create) {
		.zone = MP_TEST_ZONE_DMA,
	});
	int i;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	for (i = 0; i < 8; i++)
		EXPECT_NE(0, mp_soft_offline(mp_pfn(self->fd, pool, i)));
	EXPECT_EQ(0, astray(self->fd, pool, MASK(24), -1));
	EXPECT_LE(8, mp_stats_at_rest(self->fd, pool).refused_target);
	EXPECT_EQ(0, mp_stats(self->fd, pool).migrated);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

/* The kernel would give memory of node 0, and is refused. */
MP_TEST_F(vm_may_not_move_to_another_node)
{
	struct mp_mapped it;
	struct mp_test_create create = {
		.name = "policy",
		.flags = MP_MAPPED,
		.capacity = PAGES,
		.max_pages = PAGES,
		.nodes = BIT(1),
	};

	it = (struct mp_mapped) { .fd = self->fd, .pages = PAGES };
	it.pool = mp_create_as(self->fd, &create);
	ASSERT_LE(0, it.pool);
	ASSERT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_ALLOC, 0, PAGES));
	ASSERT_EQ(0, mp_do(self->fd, it.pool, MP_TEST_PUBLISH, 0, PAGES));
	ASSERT_EQ(0, mp_mapped_map(&it));
	mp_mapped_fill(&it, SEED);
	ASSERT_EQ(PAGES, mp_pages_on(0, it.words, PAGES, 1));
	/* As many as have not moved. */
	EXPECT_EQ(PAGES, mp_migrate_pages(0, MP_NODE_BIT(1), MP_NODE_BIT(0)));
	EXPECT_EQ(PAGES, mp_pages_on(0, it.words, PAGES, 1));
	EXPECT_LE(PAGES, mp_stats(self->fd, it.pool).refused_target);
	EXPECT_EQ(0, mp_stats(self->fd, it.pool).migrated);
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	mp_mapped_end(&it);
}

/*
 * The owner's moves
 */

MP_TEST_F(owner_may_not_move_to_another_node)
{
	int pool = pool_as(self->fd, (struct mp_test_create) {
		.nodes = BIT(1),
	});
	struct mp_directed move;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	move = mp_directed_nodes(self->fd, pool, 0, BIT(0));
	EXPECT_EQ(0, move.req.err);
	EXPECT_EQ(0, move.req.moved);
	EXPECT_EQ(PAGES, move.req.nr_left);
	EXPECT_EQ(MP_LEFT_NO_MEMORY, move.left[0].why);
	move = mp_directed_to(self->fd, pool, 0, PAGES, 0);
	EXPECT_EQ(0, move.req.moved);
	EXPECT_EQ(PAGES, move.req.nr_left);
	EXPECT_EQ(MP_LEFT_TARGET, move.left[0].why);
	EXPECT_EQ(PAGES, mp_stats(self->fd, pool).refused_target);
	move = mp_directed_to(self->fd, pool, 0, PAGES, 1);
	EXPECT_EQ(PAGES, move.req.moved);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

MP_TEST_F(owner_moves_within_the_mask)
{
	int pool = pool_as(self->fd, (struct mp_test_create) {
		.dma_mask = MASK(28),
	});
	struct mp_directed move;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	/* Node 1 is beyond it. */
	move = mp_directed_nodes(self->fd, pool, 0, BIT(1));
	EXPECT_EQ(0, move.req.moved);
	EXPECT_EQ(MP_LEFT_NO_MEMORY, move.left[0].why);
	EXPECT_EQ(0, astray(self->fd, pool, MASK(28), 0));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

MP_TEST_F(long_pin_stays_within_the_mask)
{
	int pool = pool_as(self->fd, (struct mp_test_create) {
		.dma_mask = MASK(28),
	});

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, PAGES));
	EXPECT_EQ(PAGES, mp_stats(self->fd, pool).directed);
	EXPECT_EQ(0, astray(self->fd, pool, MASK(28), -1));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN_LONGTERM, 0, PAGES));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

TEST_HARNESS_MAIN
