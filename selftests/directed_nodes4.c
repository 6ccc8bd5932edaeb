// SPDX-License-Identifier: GPL-2.0
/* Directed moves on four nodes: which node takes the place of which. */

#include "mp_nodes_fixture.h"

NODES_F(pairs_keep_their_order)
{
	ASSERT_EQ(NODES, self->nodes);
	move_all(_metadata, self, BIT(0) | BIT(1), BIT(2) | BIT(3), 2,
		 "2323");
}

NODES_F(overlapping_sets)
{
	ASSERT_EQ(NODES, self->nodes);
	move_all(_metadata, self, BIT(0) | BIT(1) | BIT(2),
		 BIT(1) | BIT(2) | BIT(3), 3, "1233");
}

NODES_F(circle)
{
	ASSERT_EQ(NODES, self->nodes);
	move_all(_metadata, self, BIT(0) | BIT(1) | BIT(2) | BIT(3),
		 BIT(1) | BIT(3), 3, "1313");
}

NODES_F(one_set_is_longer)
{
	ASSERT_EQ(NODES, self->nodes);
	move_all(_metadata, self, BIT(1) | BIT(3),
		 BIT(0) | BIT(1) | BIT(2), 2, "0021");
}

/* Without @from pages go to the next node of @to, and those on @to stay. */
NODES_F(to_any_of_two)
{
	ASSERT_EQ(NODES, self->nodes);
	move_all(_metadata, self, 0, BIT(1) | BIT(3), 2, "1133");
}

TEST_HARNESS_MAIN
