// SPDX-License-Identifier: GPL-2.0
/*
 * A page of a balloon is in the VM's hands, held there by a wait point, while
 * its owner wants it, or wants the balloon to end.
 */

#include "mp.h"
#include "mp_balloon.h"
#include "mp_fault.h"
#include "mp_once.h"
#include "mp_owner.h"

/* A balloon of one block, of which a move has come to @point with a page. */
static int stopped_at(struct __test_metadata *_metadata, int fd,
		      const char *point, struct mp_once *vm)
{
	int pool = mp_balloon_create(fd, MP_ADJUST);
	__u64 pfn;

	ASSERT_LE(0, pool);
	pfn = mp_balloon_add_block(fd, pool);
	ASSERT_NE(0, pfn);
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_stop(point, pfn));
	ASSERT_EQ(0, mp_once_evict(vm, fd, pfn, 1));
	ASSERT_EQ(1, mp_once_stops_at(vm, point))
		TH_LOG("the VM says %d and was not at %s", vm->result, point);
	return pool;
}

static int call_take_wait(struct mp_worker *w)
{
	return mp_balloon_take_wait(w->fd, w->pool, MP_BLOCK);
}

static const char * const points[] = {
	"migrate-enter", "migrate-moving", "migrate-copied",
};

MP_TEST_F(take_passes_by_what_the_vm_has)
{
	struct mp_once vm;
	int pool, i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		pool = stopped_at(_metadata, self->fd, points[i], &vm);
		EXPECT_EQ(MP_BLOCK - 1,
			  mp_balloon_take(self->fd, pool, MP_BLOCK));
		EXPECT_EQ(0, mp_balloon_take(self->fd, pool, MP_BLOCK));
		EXPECT_EQ(1, mp_stats(self->fd, pool).pages);
		ASSERT_EQ(0, mp_point_go(points[i]));
		EXPECT_EQ(0, mp_once_join(&vm));
		EXPECT_EQ(1, mp_stats(self->fd, pool).migrated);
		EXPECT_EQ(1, mp_balloon_take_wait(self->fd, pool, MP_BLOCK));
		EXPECT_EQ(0, mp_balloon_pages(self->fd, pool));
	}
}

MP_TEST_F(take_wait_sleeps_R27)
{
	struct mp_once vm, owner;
	int pool = stopped_at(_metadata, self->fd, "migrate-moving", &vm);

	EXPECT_EQ(MP_BLOCK - 1, mp_balloon_take(self->fd, pool, MP_BLOCK));
	ASSERT_EQ(0, mp_once_start(&owner, self->fd, pool, 0, call_take_wait));
	sleep(1);
	EXPECT_GE(MP_ONCE_AWAKE, mp_once_awake(&owner));
	EXPECT_EQ(0, mp_once_done(&owner));
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	EXPECT_EQ(0, mp_once_join(&vm));
	EXPECT_EQ(1, mp_once_join(&owner));
}

/* All but one page are free already, as after a driver's last take(). */
MP_TEST_F(destroy_sleeps_while_a_page_is_isolated_R6_R27)
{
	long total = mp_read_field("/proc/meminfo", "MemTotal");
	struct mp_once vm, owner;
	struct mp_warning loud;
	int pool, i;

	for (i = 0; i < ARRAY_SIZE(points); i++) {
		pool = stopped_at(_metadata, self->fd, points[i], &vm);
		EXPECT_EQ(MP_BLOCK - 1,
			  mp_balloon_take(self->fd, pool, MP_BLOCK));
		loud = mp_warning_begin("destroyed with 1 pages in the balloon");
		ASSERT_EQ(0, mp_once_start(&owner, self->fd, pool, 0,
					   mp_owner_destroy));
		sleep(1);
		EXPECT_GE(MP_ONCE_AWAKE, mp_once_awake(&owner));
		EXPECT_EQ(0, mp_once_done(&owner));
		ASSERT_EQ(0, mp_point_go(points[i]));
		EXPECT_EQ(0, mp_once_join(&owner));
		EXPECT_EQ(1, mp_warning_end(&loud));
		mp_once_join(&vm);
		EXPECT_EQ(total, mp_read_field("/proc/meminfo", "MemTotal"));
	}
}

/* The page is out, the VM frees it when it looks: nobody may go before that. */
MP_TEST_F(exchange_without_a_page_while_the_owner_destroys)
{
	struct mp_once vm, owner;
	int pool = stopped_at(_metadata, self->fd, "migrate-moving", &vm);

	EXPECT_EQ(MP_BLOCK - 1, mp_balloon_take(self->fd, pool, MP_BLOCK));
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 1, -ENOENT));
	ASSERT_EQ(0, mp_point_stop("migrate-copied", 0));
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	ASSERT_EQ(1, mp_once_stops_at(&vm, "migrate-copied"));
	ASSERT_EQ(0, mp_once_start(&owner, self->fd, pool, 0,
				   mp_owner_destroy));
	EXPECT_EQ(1, mp_once_waits(&owner));
	ASSERT_EQ(0, mp_point_go("migrate-copied"));
	/* The frame may come to be free too late for the VM. */
	mp_once_join(&vm);
	EXPECT_EQ(0, mp_once_join(&owner));
	EXPECT_EQ(0, mp_deferred_drain());
}

/* Whoever has just moved is taken and freed at once. */
MP_TEST_F(taken_the_instant_it_has_moved_R5)
{
	struct mp_once vm, owner;
	int pool = stopped_at(_metadata, self->fd, "migrate-copied", &vm);

	EXPECT_EQ(MP_BLOCK - 1, mp_balloon_take(self->fd, pool, MP_BLOCK));
	ASSERT_EQ(0, mp_once_start(&owner, self->fd, pool, 0, call_take_wait));
	ASSERT_EQ(0, mp_point_go("migrate-copied"));
	EXPECT_EQ(0, mp_once_join(&vm));
	EXPECT_EQ(1, mp_once_join(&owner));
	EXPECT_EQ(0, mp_destroy(self->fd, pool));
}

MP_TEST_F(create_fails)
{
	int before = mp_fault_failed("alloc-balloon");

	ASSERT_EQ(0, mp_fault_arm("alloc-balloon", 1));
	EXPECT_EQ(-ENOMEM, mp_balloon_create(self->fd, 0));
	EXPECT_EQ(before + 1, mp_fault_failed("alloc-balloon"));
	EXPECT_LE(0, mp_balloon_create(self->fd, 0));
}

MP_TEST_F(memory_comes_short)
{
	int pool = mp_balloon_create(self->fd, 0);

	ASSERT_EQ(0, mp_fault_arm("alloc-bulk", 1));
	ASSERT_EQ(0, mp_fault_arm("alloc-page", 11));
	EXPECT_EQ(-ENOMEM, mp_balloon_add(self->fd, pool, 50));
	EXPECT_EQ(10, mp_balloon_pages(self->fd, pool));
	EXPECT_EQ(50, mp_balloon_add(self->fd, pool, 50));
	EXPECT_EQ(60, mp_balloon_pages(self->fd, pool));
}

static void refused_by_a_fault(struct __test_metadata *_metadata, int fd,
			       const char *site)
{
	int pool = mp_balloon_create(fd, 0);
	__u64 pfn = mp_balloon_add_block(fd, pool);

	ASSERT_NE(0, pfn);
	ASSERT_EQ(0, mp_fault_arm(site, 1));
	EXPECT_EQ(0, mp_evict_retry(fd, pfn, MP_BLOCK));
	EXPECT_EQ(MP_BLOCK, mp_balloon_pages(fd, pool));
	EXPECT_LE(MP_BLOCK, mp_stats(fd, pool).migrated);
}

MP_TEST_F(driver_refuses)
{
	refused_by_a_fault(_metadata, self->fd, "migrate-again");
	refused_by_a_fault(_metadata, self->fd, "migrate-busy");
}

TEST_HARNESS_MAIN
