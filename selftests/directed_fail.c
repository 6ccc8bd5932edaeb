// SPDX-License-Identifier: GPL-2.0
/*
 * Directed moves and long-term pins in which something fails: nothing is
 * changed, and the next try succeeds.  Needs movable_pool_test.ko.
 */

#include "mp.h"
#include "mp_directed.h"
#include "mp_fault.h"
#include "mp_mapped.h"

#define SEED	43
#define PAGES	20
#define ODD	7	/* the page for which it fails */

FIXTURE(failing) {
	struct mp_world world;
	int fd;
	int pool;
};

FIXTURE_SETUP(failing)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	self->pool = mp_create(self->fd, "failing", PAGES, MP_TEST_HAS_ALL);
	ASSERT_LE(0, self->pool);
	ASSERT_EQ(0, mp_make(self->fd, self->pool, 0, PAGES, SEED));
}

FIXTURE_TEARDOWN(failing)
{
	mp_faults_disarm();
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define FAILING_F(name)	TEST_F(failing, name)
#define SELF		struct _test_data_failing *self

/* @site fails once, for object ODD; what the move then says. */
static struct mp_directed move_failing(struct __test_metadata *_metadata, SELF,
				       const char *site)
{
	int before = mp_fault_failed(site);
	struct mp_directed move;

	ASSERT_EQ(0, mp_fault_arm(site, ODD + 1));
	move = mp_directed_away(self->fd, self->pool, 0, PAGES);
	EXPECT_EQ(before + 1, mp_fault_failed(site));
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, PAGES, SEED));
	return move;
}

/* In use just then: the next pass moves it. */
FAILING_F(driver_says_try_again)
{
	struct mp_directed move = move_failing(_metadata, self,
					       "migrate-again");

	EXPECT_EQ(PAGES, move.req.moved);
	EXPECT_EQ(1, mp_stats(self->fd, self->pool).refused_driver);
}

FAILING_F(driver_says_no)
{
	struct mp_directed move = move_failing(_metadata, self,
					       "migrate-busy");

	EXPECT_EQ(PAGES - 1, move.req.moved);
	EXPECT_EQ(1, mp_left_only(&move, ODD, MP_LEFT_DRIVER));
}

FAILING_F(new_page_cannot_take_the_place)
{
	struct mp_directed move = move_failing(_metadata, self, "supplant");

	EXPECT_EQ(PAGES, move.req.moved);
	EXPECT_EQ(1, mp_stats(self->fd, self->pool).refused_referenced);
	EXPECT_EQ(1, mp_log(self->fd, self->pool).undone);
}

/* Its frame is lost, not given back. */
FAILING_F(driver_does_not_undo)
{
	struct mp_directed move = {
		.req = {
			.pool = self->pool,
			.first = ODD,
			.count = 1,
			.mode = MP_ASYNC,
			.frames = MP_TEST_FRAMES_OURS,
			.has = MP_TEST_MOVE_UNUSED,
		},
	};

	ASSERT_EQ(0, mp_fault_arm("supplant", 1));
	ASSERT_EQ(0, mp_fault_arm("migrate-undo", 1));
	MP_EXPECT_WARNING("refused to undo a move",
			  mp_directed_run(self->fd, &move));
	/* The next pass has moved it. */
	EXPECT_EQ(1, move.req.moved);
	EXPECT_EQ(2, move.req.allocs);
	EXPECT_EQ(0, move.req.unused);
	EXPECT_EQ(0, mp_log(self->fd, self->pool).undone);
}

FAILING_F(copy_fails)
{
	int pool = mp_create(self->fd, "failing", PAGES, 0);
	struct mp_directed move;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	ASSERT_EQ(0, mp_fault_arm("copy", ODD + 1));
	move = mp_directed_away(self->fd, pool, 0, PAGES);
	EXPECT_EQ(PAGES - 1, move.req.moved);
	EXPECT_EQ(1, mp_left_only(&move, ODD, MP_LEFT_UNREADY));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

FAILING_F(page_cache_cannot_be_supplanted)
{
	struct mp_mapped it;

	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, PAGES, MP_TEST_HAS_ALL));
	mp_mapped_fill(&it, SEED);
	ASSERT_EQ(PAGES, mp_directed_away(self->fd, it.pool, 0,
					  PAGES).req.moved);
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	ASSERT_EQ(0, mp_fault_arm("supplant", ODD + 1));
	EXPECT_EQ(PAGES, mp_directed_away(self->fd, it.pool, 0,
					  PAGES).req.moved);
	EXPECT_LE(1, mp_log(self->fd, it.pool).undone);
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	mp_mapped_end(&it);
}

FAILING_F(no_memory_for_the_list)
{
	struct mp_directed move;
	int whole;

	for (whole = 0; whole < 2; whole++) {
		ASSERT_EQ(0, mp_fault_arm("move-items", 1));
		move = (struct mp_directed) {
			.req = {
				.pool = self->pool,
				.count = PAGES,
				.whole = whole,
				.mode = MP_SYNC,
				.frames = MP_TEST_FRAMES_OURS,
			},
		};
		EXPECT_EQ(-ENOMEM, mp_directed_run(self->fd, &move));
		EXPECT_EQ(0, move.req.moved);
		EXPECT_EQ(0, move.req.nr_left);
		EXPECT_EQ(0, move.req.allocs);
	}
	EXPECT_EQ(0, mp_stats(self->fd, self->pool).attempted);
}

/* One node of two: all there is for the pages of the other. */
FAILING_F(no_memory_on_the_node)
{
	struct mp_directed move;

	ASSERT_EQ(0, mp_directed_to(self->fd, self->pool, 0, PAGES,
				    0).req.nr_left);
	ASSERT_EQ(0, mp_fault_arm("move-target", 1));
	move = mp_directed_nodes(self->fd, self->pool, 0, 2);
	EXPECT_EQ(0, move.req.err);
	EXPECT_EQ(PAGES, move.req.nr_left);
	EXPECT_EQ(MP_LEFT_NO_MEMORY, move.left[0].why);
	EXPECT_EQ(PAGES, mp_directed_nodes(self->fd, self->pool, 0,
					   2).req.moved);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, PAGES, SEED));
}

/* @site fails, and so does the pin; nothing has changed. */
static void pin_fails(struct __test_metadata *_metadata, SELF,
		      const char *site, int err)
{
	__u64 pfn = mp_pfn(self->fd, self->pool, 0);

	ASSERT_EQ(0, mp_fault_arm(site, 1));
	EXPECT_EQ(err, mp_do(self->fd, self->pool, MP_TEST_PIN_LONGTERM, 0,
			     1));
	EXPECT_EQ(pfn, mp_pfn(self->fd, self->pool, 0));
	EXPECT_EQ(0, mp_info(self->fd, self->pool, 0).pins);
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, self->pool, 0).state);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 1, SEED));
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PIN_LONGTERM, 0, 1));
	EXPECT_NE(pfn, mp_pfn(self->fd, self->pool, 0));
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 1, SEED));
}

FAILING_F(no_memory_for_a_long_pin)
{
	pin_fails(_metadata, self, "longterm", -ENOMEM);
}

FAILING_F(no_frame_for_a_long_pin)
{
	pin_fails(_metadata, self, "longterm-page", -ENOMEM);
}

FAILING_F(no_page_where_the_policy_says)
{
	pin_fails(_metadata, self, "alloc-page", -ENOMEM);
}

FAILING_F(driver_refuses_a_long_pin)
{
	pin_fails(_metadata, self, "migrate-busy", -EBUSY);
}

/* It was only in the way for a moment. */
FAILING_F(driver_puts_off_a_long_pin)
{
	__u64 pfn = mp_pfn(self->fd, self->pool, 0);

	ASSERT_EQ(0, mp_fault_arm("migrate-again", 1));
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PIN_LONGTERM, 0, 1));
	EXPECT_NE(pfn, mp_pfn(self->fd, self->pool, 0));
	EXPECT_EQ(1, mp_info(self->fd, self->pool, 0).pins);
}

/* A device that cannot have the page does not keep it in place. */
FAILING_F(dma_cannot_be_mapped)
{
	struct mp_test_call call = {
		.verb = MP_TEST_DMA,
		.pool = self->pool,
		.count = 1,
	};

	ASSERT_EQ(0, mp_fault_arm("dma-map", 1));
	EXPECT_EQ(-EIO, mp_call(self->fd, &call));
	EXPECT_EQ(0, mp_info(self->fd, self->pool, 0).pins);
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(1, call.value);
	EXPECT_EQ(0, mp_info(self->fd, self->pool, 0).pins);
	EXPECT_EQ(1, mp_directed_away(self->fd, self->pool, 0, 1).req.moved);
}

TEST_HARNESS_MAIN
