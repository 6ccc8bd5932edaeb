/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_NUMA_FIXTURE_H
#define _SELFTESTS_MP_NUMA_FIXTURE_H

/*
 * Tests of a mapped pool whose pages are on node 0 to begin with, and that
 * nobody moves but the test.
 */

#include "mp.h"
#include "mp_mapped.h"
#include "mp_numa.h"

#define PAGES		512

FIXTURE(numa) {
	struct mp_world world;
	struct mp_mapped it;
};

FIXTURE_SETUP(numa)
{
	ASSERT_EQ(1, mp_no_swap());
	ASSERT_EQ(0, mp_balancing(0));
	ASSERT_EQ(0, mp_world_open(&self->world));
	ASSERT_EQ(0, mp_prefer_node(0));
	ASSERT_EQ(0, mp_mapped_make(&self->it, self->world.fd, PAGES, 0));
	ASSERT_EQ(0, mp_default_policy());
	mp_mapped_fill(&self->it, MP_MAPPED_SEED);
	ASSERT_EQ(PAGES, mp_pages_on(0, self->it.words, PAGES, 0));
}

FIXTURE_TEARDOWN(numa)
{
	mp_mapped_end(&self->it);
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define NUMA_F(name)	TEST_F(numa, name)

#endif /* _SELFTESTS_MP_NUMA_FIXTURE_H */
