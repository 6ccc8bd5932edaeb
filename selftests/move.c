// SPDX-License-Identifier: GPL-2.0
/*
 * The rules of a move, one frame at a time: somebody wants the frames of a
 * block that is all ours, and the page goes, or stays, as its state says.
 */

#include "mp.h"
#include "mp_frame_flags.h"
#include "mp_worker.h"

#define SEED	17

static int one_block(int fd, unsigned int has)
{
	int pool = mp_create(fd, "move", MP_BLOCK, has);
	int err = pool < 0 ? pool : mp_make_block(fd, pool, 0, SEED);

	return err ?: pool;
}

/* Whoever wants the object's frame gets it, and the contents move along. */
static int moves(int fd, int pool, unsigned int index)
{
	__u64 pfn = mp_pfn(fd, pool, index);
	int err = mp_evict_retry(fd, pfn, 1) ?:
		  mp_verify(fd, pool, index, 1, SEED);

	return err ?: mp_pfn(fd, pool, index) == pfn;
}

/* Return: objects that are where a block from @pfn on had them. */
static int unmoved(int fd, int pool, __u64 pfn)
{
	struct mp_test_info infos[MP_BLOCK];
	int n = 0;
	int i;

	if (mp_infos(fd, pool, 0, MP_BLOCK, infos))
		return -EIO;
	for (i = 0; i < MP_BLOCK; i++)
		n += infos[i].pfn == pfn + i;
	return n;
}

MP_TEST_F(one_page_moves)
{
	int pool = one_block(self->fd, 0);
	__u64 pfn = mp_pfn(self->fd, pool, 3);

	EXPECT_EQ(0, moves(self->fd, pool, 3));
	EXPECT_EQ(1, mp_stats(self->fd, pool).migrated);
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 3).state);
	EXPECT_EQ(-ENOENT, mp_lookup(self->fd, pool, pfn));
	EXPECT_EQ(3, mp_lookup(self->fd, pool, mp_pfn(self->fd, pool, 3)));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 3, 1));
}

MP_TEST_F(whole_block_moves)
{
	int pool = one_block(self->fd, 0);
	__u64 pfn = mp_pfn(self->fd, pool, 0);
	struct mp_test_stats stats;

	EXPECT_EQ(0, mp_evict(self->fd, pfn, MP_BLOCK));
	EXPECT_EQ(0, unmoved(self->fd, pool, pfn));
	stats = mp_stats(self->fd, pool);
	printf("# figure: alloc_contig_range moved %d of %d pages\n",
	       (int)stats.migrated, MP_BLOCK);
	EXPECT_EQ(MP_BLOCK, stats.migrated);
	EXPECT_EQ(MP_BLOCK, stats.attempted);
	EXPECT_EQ(mp_taken(&stats, MP_BLOCK), stats.isolated);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

MP_TEST_F(whole_block_moves_by_the_drivers_op)
{
	int pool = one_block(self->fd, MP_TEST_HAS_ALL);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	EXPECT_EQ(0, mp_evict(self->fd, pfn, MP_BLOCK));
	EXPECT_EQ(0, unmoved(self->fd, pool, pfn));
	EXPECT_EQ(MP_BLOCK, mp_log(self->fd, pool).migrate);
	EXPECT_EQ(MP_BLOCK, mp_log(self->fd, pool).moved);
	EXPECT_EQ(0, mp_log(self->fd, pool).freed);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

MP_TEST_F(moved_names_both_frames)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MOVED);
	__u64 pfn = mp_pfn(self->fd, pool, 9);

	ASSERT_EQ(0, moves(self->fd, pool, 9));
	EXPECT_EQ(1, mp_log(self->fd, pool).moved);
	EXPECT_EQ(pfn, mp_log(self->fd, pool).old_pfn);
	EXPECT_EQ(mp_pfn(self->fd, pool, 9), mp_log(self->fd, pool).new_pfn);
}

MP_TEST_F(pinned_pages_stay)
{
	int pool = one_block(self->fd, 0);
	__u64 pfn = mp_pfn(self->fd, pool, 0);
	int i;

	for (i = 0; i < MP_BLOCK; i += 8)
		ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, i, 1));
	EXPECT_NE(0, mp_evict(self->fd, pfn, MP_BLOCK));
	for (i = 0; i < MP_BLOCK; i += 8) {
		EXPECT_EQ(pfn + i, mp_pfn(self->fd, pool, i));
		ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, i, 1));
	}
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, MP_BLOCK));
	EXPECT_EQ(0, unmoved(self->fd, pool, pfn));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

MP_TEST_F(last_unpin_lets_go)
{
	int pool = one_block(self->fd, 0);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_PIN, 0, 1, 2));
	EXPECT_NE(0, mp_evict(self->fd, pfn, 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	EXPECT_NE(0, mp_evict(self->fd, pfn, 1));
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	EXPECT_EQ(0, moves(self->fd, pool, 0));
}

MP_TEST_F(vmapped_pages_stay)
{
	int pool = one_block(self->fd, 0);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_VMAP, 0, 16, SEED));
	EXPECT_NE(0, mp_evict(self->fd, pfn, 16));
	EXPECT_LE(16, unmoved(self->fd, pool, pfn));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_VUNMAP, 0, 0));
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 16));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 16, SEED));
}

MP_TEST_F(unpublished_pages_stay)
{
	int pool = mp_create(self->fd, "move", MP_BLOCK, 0);
	__u64 pfn;

	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_ADOPT_BLOCK, 0, MP_BLOCK,
			    MP_BLOCK_ORDER));
	pfn = mp_pfn(self->fd, pool, 0);
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_FILL, 0, MP_BLOCK, SEED));
	EXPECT_NE(0, mp_evict(self->fd, pfn, MP_BLOCK));
	EXPECT_EQ(0, mp_stats(self->fd, pool).isolated);
	EXPECT_EQ(MP_BLOCK, unmoved(self->fd, pool, pfn));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 0, MP_BLOCK));
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, MP_BLOCK));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

MP_TEST_F(unmovable_pool_stays)
{
	struct mp_test_create create = {
		.name = "fixed",
		.capacity = MP_BLOCK,
		.flags = MP_UNMOVABLE,
	};
	int pool = mp_create_as(self->fd, &create);
	__u64 pfn;

	ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, SEED));
	pfn = mp_pfn(self->fd, pool, 0);
	EXPECT_NE(0, mp_evict(self->fd, pfn, MP_BLOCK));
	EXPECT_EQ(0, mp_compact());
	EXPECT_EQ(0, mp_stats(self->fd, pool).isolated);
	EXPECT_EQ(MP_BLOCK, unmoved(self->fd, pool, pfn));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

/* In one call of migrate_pages(); it is not called so often here. */
MP_TEST_F(eagain_is_tried_again)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MIGRATE);
	struct mp_test_stats stats;

	ASSERT_EQ(0, mp_script_results(self->fd, pool, 8, -EAGAIN));
	EXPECT_EQ(0, mp_evict(self->fd, mp_pfn(self->fd, pool, 0), 1));
	EXPECT_EQ(9, mp_log(self->fd, pool).migrate);
	stats = mp_stats(self->fd, pool);
	EXPECT_EQ(9, stats.attempted);
	EXPECT_EQ(8, stats.refused_driver);
	EXPECT_EQ(mp_taken(&stats, 1), stats.isolated);
	EXPECT_EQ(1, stats.migrated);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 1, SEED));
}

MP_TEST_F(eagain_for_ever_is_bounded_R19)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MIGRATE);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_script_results(self->fd, pool, 100000, -EAGAIN));
	EXPECT_EQ(-EBUSY, mp_evict(self->fd, pfn, 1));
	EXPECT_LE(1, mp_log(self->fd, pool).migrate);
	EXPECT_GE(60, mp_log(self->fd, pool).migrate);
	EXPECT_EQ(mp_log(self->fd, pool).migrate,
		  mp_stats(self->fd, pool).refused_driver);
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 0, 0));
	EXPECT_EQ(0, moves(self->fd, pool, 0));
}

/*
 * alloc_contig_range() offers a page to migrate_pages() five times at most,
 * each of which asks once, or since 6.3 twice (mp_asks()).
 */
MP_TEST_F(ebusy_is_not_tried_again)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MIGRATE);
	__u64 pfn = mp_pfn(self->fd, pool, 0);
	struct mp_test_stats stats;

	ASSERT_EQ(0, mp_script_results(self->fd, pool, 100000, -EBUSY));
	EXPECT_EQ(-EBUSY, mp_evict(self->fd, pfn, 1));
	stats = mp_stats_at_rest(self->fd, pool);
	EXPECT_LE(1, stats.failed_driver);
	EXPECT_GE(5 * mp_asks(), stats.failed_driver);
	EXPECT_EQ(0, stats.refused_driver);
	EXPECT_EQ(mp_taken(&stats, 1), stats.isolated);
	EXPECT_EQ(mp_taken(&stats, 1), stats.putback);
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 0, 0));
	EXPECT_EQ(0, moves(self->fd, pool, 0));
}

MP_TEST_F(errors_leave_the_page_movable_R11_R22_R25)
{
	static const int errors[] = {
		-EAGAIN, -EBUSY, -EIO, -ENOMEM, -EINVAL, -ENOENT, -4095,
	};
	int pool = one_block(self->fd, MP_TEST_HAS_MIGRATE);
	int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		ASSERT_EQ(0, mp_script_results(self->fd, pool, 100000,
					       errors[i]));
		EXPECT_EQ(-EBUSY, mp_evict(self->fd, mp_pfn(self->fd, pool, i),
					   1));
		EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, i).state);
		EXPECT_EQ(0, mp_verify(self->fd, pool, i, 1, SEED));
		ASSERT_EQ(0, mp_script_results(self->fd, pool, 0, 0));
		EXPECT_EQ(0, moves(self->fd, pool, i));
	}
	EXPECT_EQ(ARRAY_SIZE(errors), mp_stats(self->fd, pool).migrated);
}

MP_TEST_F(a_few_pages_refuse_R22)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MIGRATE);
	__u64 pfn = mp_pfn(self->fd, pool, 0);
	struct mp_test_stats stats;

	ASSERT_EQ(0, mp_script_results(self->fd, pool, 20, -EIO));
	mp_evict(self->fd, pfn, MP_BLOCK);
	stats = mp_stats_at_rest(self->fd, pool);
	EXPECT_EQ(20, stats.failed_driver);
	EXPECT_LE(MP_BLOCK - 20, stats.migrated);
	EXPECT_EQ(stats.isolated,
		  mp_taken(&stats, stats.migrated + stats.putback));
	EXPECT_EQ(stats.attempted, stats.migrated + mp_refused(&stats));
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, MP_BLOCK));
	EXPECT_EQ(0, unmoved(self->fd, pool, pfn));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

MP_TEST_F(stray_reference_keeps_the_page)
{
	int pool = one_block(self->fd, 0);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_GET, 0, 1));
	EXPECT_EQ(-EBUSY, mp_evict(self->fd, pfn, 1));
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 0).state);
	EXPECT_LE(1, mp_stats(self->fd, pool).refused_referenced);
	EXPECT_EQ(0, mp_stats(self->fd, pool).refused_pinned);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_PUT, 0, 1));
	EXPECT_EQ(0, moves(self->fd, pool, 0));
}

static int step_evict(struct mp_worker *worker)
{
	mp_evict(worker->fd, worker->pfn, worker->count);
	return 0;
}

MP_TEST_F(no_write_by_a_stray_reference_is_lost)
{
	int pool = one_block(self->fd, 0);
	struct mp_worker evictor = {
		.step = step_evict,
		.fd = self->fd,
		.pfn = mp_pfn(self->fd, pool, 0),
		.count = 1,
	};
	struct mp_test_call call = {
		.verb = MP_TEST_SCRIBBLE,
		.pool = pool,
		.count = 1,
		.arg = 1000,
	};
	__u64 written;

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_GET, 0, 1));
	ASSERT_EQ(0, mp_worker_start(&evictor));
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(0, mp_worker_stop(&evictor));
	written = call.value;
	call.verb = MP_TEST_PEEK;
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(written, call.value);
	EXPECT_LE(10, mp_stats(self->fd, pool).refused_referenced);
	EXPECT_EQ(0, mp_stats(self->fd, pool).migrated);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_PUT, 0, 1));
	EXPECT_EQ(0, mp_evict_retry(self->fd, evictor.pfn, 1));
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(written, call.value);
}

/*
 * A slow op: for object 0 it takes its time to return @result, the first time.
 * The VM may come a dozen times more with a page that it could not move, and as
 * often in the next round.
 */
static int slow_result(int fd, int pool, struct mp_worker *evictor, int result)
{
	int tries = 2000;
	int err;

	*evictor = (struct mp_worker) {
		.step = step_evict,
		.fd = fd,
		.pfn = mp_pfn(fd, pool, 0),
		.count = 1,
	};
	err = mp_script(fd, (struct mp_test_script) {
		.pool = pool,
		.then = result,
		.sleep_ms = 1500,
		.sleep_times = 1,
	});
	err = err ?: mp_worker_start(evictor);
	while (!err && mp_info(fd, pool, 0).state != MP_MOVING && tries--)
		usleep(5000);
	return err ?: tries < 0;
}

static int slow_move(int fd, int pool, struct mp_worker *evictor)
{
	return slow_result(fd, pool, evictor, 0);
}

MP_TEST_F(pin_waits_for_the_move)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MIGRATE);
	__u64 pfn = mp_pfn(self->fd, pool, 0);
	struct mp_worker evictor;

	ASSERT_EQ(0, slow_move(self->fd, pool, &evictor));
	EXPECT_EQ(-EAGAIN, mp_do(self->fd, pool, MP_TEST_TRYPIN, 0, 1));
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	EXPECT_NE(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	EXPECT_EQ(0, mp_worker_stop(&evictor));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

MP_TEST_F(pin_waits_for_a_move_that_fails)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MIGRATE);
	__u64 pfn = mp_pfn(self->fd, pool, 0);
	struct mp_worker evictor;

	ASSERT_EQ(0, slow_result(self->fd, pool, &evictor, -EBUSY));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 0).state);
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	EXPECT_EQ(0, mp_worker_stop(&evictor));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

MP_TEST_F(free_waits_for_the_move_R5)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MIGRATE);
	struct mp_worker evictor;

	ASSERT_EQ(0, slow_move(self->fd, pool, &evictor));
	EXPECT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_BURY, MP_TEST_FREE,
				 0, 1));
	EXPECT_EQ(0, mp_worker_stop(&evictor));
	EXPECT_EQ(MP_BLOCK - 1, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_evict_retry(self->fd, evictor.pfn, 1));
}

MP_TEST_F(free_async_does_not_wait_for_the_move_R10)
{
	int pool = one_block(self->fd, MP_TEST_HAS_ALL);
	struct mp_worker evictor;
	struct mp_test_stats stats;

	ASSERT_EQ(0, slow_move(self->fd, pool, &evictor));
	EXPECT_EQ(0, mp_do_in(self->fd, pool, MP_TEST_IN_HARDIRQ,
			      MP_TEST_FREE_ASYNC, 0, 1));
	EXPECT_EQ(0, mp_info(self->fd, pool, 0).freed);
	EXPECT_EQ(MP_BLOCK, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, mp_worker_stop(&evictor));
	EXPECT_EQ(1, mp_info(self->fd, pool, 0).freed);
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 0).state);
	EXPECT_EQ(MP_BLOCK - 1, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, mp_log(self->fd, pool).moved);
	stats = mp_stats(self->fd, pool);
	EXPECT_EQ(1, stats.refused_unready);
	EXPECT_EQ(mp_taken(&stats, 1), stats.released);
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_evict_retry(self->fd, evictor.pfn, 1));
}

MP_TEST_F(pin_of_a_page_freed_in_its_move_finds_none)
{
	int pool = one_block(self->fd, MP_TEST_HAS_ALL);
	struct mp_worker evictor;

	ASSERT_EQ(0, slow_move(self->fd, pool, &evictor));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE_ASYNC, 0, 1));
	EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_TRYPIN, 0, 1));
	EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	EXPECT_EQ(0, mp_worker_stop(&evictor));
	EXPECT_EQ(1, mp_info(self->fd, pool, 0).freed);
}

/* mp_test.ko warns if destroy() returns while an op runs. */
MP_TEST_F(destroy_waits_for_the_drivers_op_R6)
{
	int pool = one_block(self->fd, MP_TEST_HAS_ALL);
	struct mp_worker evictor;

	ASSERT_EQ(0, slow_move(self->fd, pool, &evictor));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 1, MP_BLOCK - 1));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE_ASYNC, 0, 1));
	EXPECT_EQ(MP_MOVING, mp_info(self->fd, pool, 0).state);
	EXPECT_EQ(0, mp_destroy(self->fd, pool));
	EXPECT_EQ(0, mp_worker_stop(&evictor));
}

MP_TEST_F(destroy_waits_for_the_end_of_moved_R6)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MOVED);
	struct mp_worker evictor = {
		.step = step_evict,
		.fd = self->fd,
		.pfn = mp_pfn(self->fd, pool, 0),
		.count = 1,
	};
	int tries = 2000;

	ASSERT_EQ(0, mp_script(self->fd, (struct mp_test_script) {
		.pool = pool,
		.sleep_ms = 1000,
		.sleep_in = MP_TEST_HAS_MOVED,
	}));
	ASSERT_EQ(0, mp_worker_start(&evictor));
	while (!mp_log(self->fd, pool).moved && tries--)
		usleep(5000);
	EXPECT_EQ(1, mp_log(self->fd, pool).moved);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, MP_BLOCK));
	EXPECT_EQ(0, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, mp_destroy(self->fd, pool));
	EXPECT_EQ(0, mp_worker_stop(&evictor));
}

MP_TEST_F(destroy_with_pages_waits_for_the_drivers_op_R6)
{
	int pool = one_block(self->fd, MP_TEST_HAS_ALL);
	struct mp_worker evictor;

	ASSERT_EQ(0, slow_move(self->fd, pool, &evictor));
	MP_EXPECT_WARNING("pages still allocated", {
		EXPECT_EQ(0, mp_destroy(self->fd, pool));
	});
	EXPECT_EQ(0, mp_worker_stop(&evictor));
}

MP_TEST_F(op_may_trypin)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MIGRATE);

	ASSERT_EQ(0, mp_script_act(self->fd, pool, MP_TEST_HAS_MIGRATE,
				   MP_TEST_TRYPIN, MP_TEST_OWN));
	EXPECT_EQ(0, moves(self->fd, pool, 0));
	EXPECT_EQ(1, mp_log(self->fd, pool).acts);
	EXPECT_EQ(-EAGAIN, mp_log(self->fd, pool).act_err);
	ASSERT_EQ(0, mp_script_act(self->fd, pool, MP_TEST_HAS_MIGRATE,
				   MP_TEST_TRYPIN, 5));
	EXPECT_EQ(0, moves(self->fd, pool, 1));
	EXPECT_EQ(0, mp_log(self->fd, pool).act_err);
	EXPECT_EQ(1, mp_info(self->fd, pool, 5).pins);
}

MP_TEST_F(op_may_free_its_own_page)
{
	int pool = one_block(self->fd, MP_TEST_HAS_ALL);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_script_act(self->fd, pool, MP_TEST_HAS_MIGRATE,
				   MP_TEST_FREE_ASYNC, MP_TEST_OWN));
	mp_evict(self->fd, pfn, 1);
	EXPECT_EQ(0, mp_log(self->fd, pool).act_err);
	EXPECT_EQ(1, mp_info(self->fd, pool, 0).freed);
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 0).state);
	EXPECT_EQ(MP_BLOCK - 1, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 1));
}

MP_TEST_F(op_may_free_its_own_page_and_refuse)
{
	int pool = one_block(self->fd, MP_TEST_HAS_ALL);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_script(self->fd, (struct mp_test_script) {
		.pool = pool,
		.times = 1,
		.result = -EBUSY,
		.act = MP_TEST_FREE_ASYNC,
		.act_pool = pool,
		.act_index = MP_TEST_OWN,
		.act_in = MP_TEST_HAS_MIGRATE,
	}));
	mp_evict(self->fd, pfn, 1);
	EXPECT_EQ(0, mp_log(self->fd, pool).act_err);
	EXPECT_EQ(1, mp_info(self->fd, pool, 0).freed);
	EXPECT_EQ(MP_BLOCK - 1, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 1));
}

MP_TEST_F(op_may_free_another_page)
{
	int pool = one_block(self->fd, MP_TEST_HAS_ALL);

	ASSERT_EQ(0, mp_script_act(self->fd, pool, MP_TEST_HAS_MIGRATE,
				   MP_TEST_FREE_ASYNC, 100));
	EXPECT_EQ(0, moves(self->fd, pool, 0));
	EXPECT_EQ(1, mp_info(self->fd, pool, 100).freed);
	ASSERT_EQ(0, mp_script_act(self->fd, pool, MP_TEST_HAS_MOVED,
				   MP_TEST_FREE_ASYNC, 101));
	EXPECT_EQ(0, moves(self->fd, pool, 1));
	EXPECT_EQ(1, mp_info(self->fd, pool, 101).freed);
	EXPECT_EQ(MP_BLOCK - 2, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(soft_offline_keeps_contents_and_frame_R18)
{
	long before = mp_read_field("/proc/meminfo", "HardwareCorrupted");
	int pool = one_block(self->fd, MP_TEST_HAS_MOVED);
	__u64 pfns[10];
	int i;

	for (i = 0; i < 10; i++) {
		pfns[i] = mp_pfn(self->fd, pool, i);
		EXPECT_EQ(0, mp_soft_offline(pfns[i]));
		EXPECT_NE(pfns[i], mp_pfn(self->fd, pool, i));
	}
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
	EXPECT_EQ(10, mp_stats(self->fd, pool).migrated);
	EXPECT_EQ(10, mp_log(self->fd, pool).moved);
	EXPECT_EQ(before + 10 * mp_page_kb(),
		  mp_read_field("/proc/meminfo", "HardwareCorrupted"));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, MP_BLOCK));
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(1, mp_frame_poisoned(pfns[i]));
		/* The VM's, which is never dropped; none of ours. */
		EXPECT_EQ(1, mp_frame_refs(self->fd, pfns[i]));
	}
}

MP_TEST_F(soft_offline_of_a_pinned_page_fails_R18)
{
	int pool = one_block(self->fd, 0);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	EXPECT_NE(0, mp_soft_offline(pfn));
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(0, mp_frame_poisoned(pfn));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	EXPECT_EQ(0, mp_soft_offline(pfn));
	EXPECT_NE(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 1, SEED));
}

TEST_HARNESS_MAIN
