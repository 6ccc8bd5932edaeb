// SPDX-License-Identifier: GPL-2.0
/* Directed moves: what moves, what is left and why, and what is refused. */

#include <signal.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "mp.h"
#include "mp_directed.h"
#include "mp_mapped.h"
#include "mp_worker.h"
#include "mp_writer.h"

#define SEED	31
#define PAGES	300

/* Pages that are ready to move. */
static int pool_of(int fd, unsigned int pages, unsigned int has)
{
	int pool = mp_create(fd, "directed", pages, has);

	return pool < 0 ? pool : mp_make(fd, pool, 0, pages, SEED) ?: pool;
}

/* Return: of the frames in @before, those that objects still have. */
static int frames_kept(int fd, int pool, const struct mp_test_info *before,
		       unsigned int n)
{
	unsigned int i;
	int kept = 0;

	for (i = 0; i < n; i++)
		kept += mp_pfn(fd, pool, i) == before[i].pfn;
	return kept;
}

static struct mp_directed request(int pool, unsigned int count)
{
	struct mp_directed move = {
		.req = {
			.pool = pool,
			.count = count,
			.mode = MP_SYNC,
			.frames = MP_TEST_FRAMES_OURS,
		},
	};

	return move;
}

MP_TEST_F(set_moves_to_frames_of_the_drivers)
{
	int pool = pool_of(self->fd, PAGES, MP_TEST_HAS_ALL);
	struct mp_test_info before[PAGES];
	struct mp_directed move;
	struct mp_test_stats stats;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_infos(self->fd, pool, 0, PAGES, before));
	move = mp_directed_away(self->fd, pool, 0, PAGES);
	EXPECT_EQ(0, move.req.err);
	EXPECT_EQ(PAGES, move.req.moved);
	EXPECT_EQ(0, move.req.stayed);
	EXPECT_EQ(0, move.req.nr_left);
	EXPECT_EQ(PAGES, move.req.allocs);
	EXPECT_EQ(0, frames_kept(self->fd, pool, before, PAGES));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
	stats = mp_stats(self->fd, pool);
	EXPECT_EQ(PAGES, stats.directed);
	EXPECT_EQ(0, stats.migrated);
	EXPECT_EQ(PAGES, mp_log(self->fd, pool).migrate);
	EXPECT_EQ(PAGES, mp_log(self->fd, pool).moved);
	EXPECT_EQ(0, mp_log(self->fd, pool).undone);
}

MP_TEST_F(whole_pool_moves)
{
	int pool = pool_of(self->fd, PAGES, 0);
	struct mp_directed move = request(pool, 0);
	struct mp_test_info before[PAGES];

	ASSERT_LE(0, pool);
	move.req.whole = 1;
	ASSERT_EQ(0, mp_infos(self->fd, pool, 0, PAGES, before));
	EXPECT_EQ(0, mp_directed_run(self->fd, &move));
	EXPECT_EQ(PAGES, move.req.moved);
	EXPECT_EQ(0, move.req.nr_left);
	EXPECT_EQ(0, frames_kept(self->fd, pool, before, PAGES));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

/* The old frames are nobody's: there is no leak, and nothing hangs on them. */
MP_TEST_F(old_frames_are_free)
{
	int pool = mp_create(self->fd, "directed", MP_BLOCK, 0);
	__u64 first;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, SEED));
	first = mp_pfn(self->fd, pool, 0);
	EXPECT_EQ(MP_BLOCK, mp_directed_away(self->fd, pool, 0,
					     MP_BLOCK).req.moved);
	EXPECT_EQ(0, mp_evict_retry(self->fd, first, MP_BLOCK));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
	EXPECT_EQ(0, mp_deferred_drain());
}

/* And the VM can move the new ones. */
MP_TEST_F(vm_moves_what_was_moved)
{
	int pool = pool_of(self->fd, PAGES, 0);

	ASSERT_LE(0, pool);
	EXPECT_EQ(PAGES, mp_directed_away(self->fd, pool, 0, PAGES).req.moved);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, PAGES / 2));
	EXPECT_EQ(0, mp_compact());
	EXPECT_EQ(0, mp_verify(self->fd, pool, PAGES / 2, PAGES / 2, SEED));
	EXPECT_EQ(PAGES / 2, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(pages_on_their_node_stay)
{
	int pool = pool_of(self->fd, PAGES, 0);
	struct mp_directed move;

	ASSERT_LE(0, pool);
	move = mp_directed_nodes(self->fd, pool, 0, 1);
	EXPECT_EQ(0, move.req.err);
	EXPECT_EQ(0, move.req.moved);
	EXPECT_EQ(PAGES, move.req.stayed);
	EXPECT_EQ(0, mp_stats(self->fd, pool).attempted);
}

MP_TEST_F(nothing_is_nothing)
{
	int pool = mp_create(self->fd, "directed", 1, 0);
	struct mp_directed move;

	ASSERT_LE(0, pool);
	move = mp_directed_away(self->fd, pool, 0, 0);
	EXPECT_EQ(0, move.req.err);
	EXPECT_EQ(0, move.req.moved);
	move = mp_directed_nodes(self->fd, pool, 0, 1);
	EXPECT_EQ(0, move.req.err);
	EXPECT_EQ(0, move.req.stayed);
}

#define OLD	2000	/* objects that are there all the time */
#define YOUNG	200	/* twice as many, that come and go */
#define SWEEPS	6

/* Of one half and of the other: new names take the place of old ones. */
static int come_and_go(struct mp_worker *w)
{
	unsigned int half = w->steps % 2 * YOUNG;

	return mp_do(w->fd, w->pool, MP_TEST_FREE, OLD + half, YOUNG) ?:
	       mp_make(w->fd, w->pool, OLD + YOUNG - half, YOUNG, SEED);
}

static int evict_some(struct mp_worker *w)
{
	mp_evict(w->fd, mp_pfn(w->fd, w->pool, rand_r(&w->random) % OLD), 1);
	return 0;
}

/* They take nobody's place: all others are moved, or said to be left. */
MP_TEST_F(pages_come_and_go_meanwhile)
{
	int pool = mp_create(self->fd, "directed", OLD + 2 * YOUNG, 0);
	static struct mp_test_info before[OLD];
	struct mp_worker young = {
		.step = come_and_go,
		.fd = self->fd,
		.pool = pool,
	};
	struct mp_worker vm = {
		.step = evict_some,
		.fd = self->fd,
		.pool = pool,
	};
	struct mp_directed move;
	int i;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, OLD + YOUNG, SEED));
	ASSERT_EQ(0, mp_worker_start(&young));
	ASSERT_EQ(0, mp_worker_start(&vm));
	for (i = 0; i < SWEEPS; i++) {
		move = request(pool, 0);
		move.req.whole = 1;
		move.req.max_left = 1;
		ASSERT_EQ(0, mp_infos(self->fd, pool, 0, OLD, before));
		EXPECT_EQ(0, mp_directed_run(self->fd, &move));
		/* The VM may have brought one back to where it was. */
		EXPECT_GE(move.req.nr_left + 2,
			  frames_kept(self->fd, pool, before, OLD));
	}
	EXPECT_EQ(0, mp_worker_stop(&vm));
	EXPECT_EQ(0, mp_worker_stop(&young));
	EXPECT_LE(SWEEPS, young.steps);
	EXPECT_LE(SWEEPS, vm.steps);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, OLD, SEED));
}

/*
 * What is left
 */

#define ODD	17	/* the object that does not move */

/* All but one move; when @mend is done, that one does. */
static void all_but_one(struct __test_metadata *_metadata, int fd, int pool,
			unsigned int why, enum mp_test_verb mend)
{
	struct mp_directed move = mp_directed_away(fd, pool, 0, PAGES);
	__u64 pfn = mp_pfn(fd, pool, ODD);

	EXPECT_EQ(0, move.req.err);
	EXPECT_EQ(PAGES - 1, move.req.moved);
	EXPECT_EQ(1, mp_left_only(&move, ODD, why))
		TH_LOG("%llu left, the first is %u for reason %u",
		       move.req.nr_left, move.left[0].index, move.left[0].why);
	if (!mend)
		return;
	EXPECT_EQ(0, mp_do(fd, pool, mend, ODD, 1));
	move = mp_directed_away(fd, pool, ODD, 1);
	EXPECT_EQ(1, move.req.moved);
	EXPECT_NE(pfn, mp_pfn(fd, pool, ODD));
	EXPECT_EQ(0, mp_verify(fd, pool, 0, PAGES, SEED));
}

MP_TEST_F(pinned_page_is_left)
{
	int pool = pool_of(self->fd, PAGES, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, ODD, 1));
	all_but_one(_metadata, self->fd, pool, MP_LEFT_PINNED, MP_TEST_UNPIN);
	EXPECT_EQ(MP_PASSES, mp_stats(self->fd, pool).refused_pinned);
}

MP_TEST_F(referenced_page_is_left)
{
	int pool = pool_of(self->fd, PAGES, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_GET, ODD, 1));
	all_but_one(_metadata, self->fd, pool, MP_LEFT_REFERENCED,
		    MP_TEST_PAGE_PUT);
	EXPECT_LE(MP_PASSES, mp_stats(self->fd, pool).refused_referenced);
}

MP_TEST_F(locked_page_is_left)
{
	int pool = pool_of(self->fd, PAGES, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_LOCK, ODD, 1));
	all_but_one(_metadata, self->fd, pool, MP_LEFT_LOCKED,
		    MP_TEST_PAGE_UNLOCK);
}

MP_TEST_F(unpublished_page_is_left)
{
	int pool = mp_create(self->fd, "directed", PAGES, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, ODD, SEED));
	ASSERT_EQ(0, mp_make(self->fd, pool, ODD + 1, PAGES - ODD - 1, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, ODD, 1));
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_FILL, ODD, 1, SEED));
	all_but_one(_metadata, self->fd, pool, MP_LEFT_UNREADY,
		    MP_TEST_PUBLISH);
}

MP_TEST_F(empty_handle_is_left)
{
	int pool = pool_of(self->fd, PAGES, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, ODD, 1));
	all_but_one(_metadata, self->fd, pool, MP_LEFT_EMPTY, 0);
}

/* Of the whole pool, what is not there is not missed. */
MP_TEST_F(whole_pool_has_no_empty_handles)
{
	int pool = pool_of(self->fd, PAGES, 0);
	struct mp_directed move = request(pool, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, ODD, 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 2));
	move.req.whole = 1;
	EXPECT_EQ(0, mp_directed_run(self->fd, &move));
	EXPECT_EQ(PAGES - 3, move.req.moved);
	EXPECT_EQ(2, move.req.nr_left);
	EXPECT_EQ(1, move.left[0].index + move.left[1].index);
	EXPECT_EQ(MP_LEFT_PINNED, move.left[0].why);
	EXPECT_EQ(MP_LEFT_PINNED, move.left[1].why);
}

MP_TEST_F(page_of_another_pool_is_left)
{
	int pool = pool_of(self->fd, PAGES, 0);
	int other = mp_create(self->fd, "other", 1, 0);
	struct mp_directed move = request(pool, PAGES);

	ASSERT_LE(0, pool);
	ASSERT_LE(0, other);
	move.req.other = other + 1;
	EXPECT_EQ(0, mp_directed_run(self->fd, &move));
	EXPECT_EQ(0, move.req.moved);
	EXPECT_EQ(PAGES, move.req.nr_left);
	EXPECT_EQ(MP_LEFT_FOREIGN, move.left[0].why);
	EXPECT_EQ(0, mp_stats(self->fd, pool).attempted);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

/* What the op of object ODD returns, every time. */
static int script_odd(int fd, int pool, int result)
{
	return mp_script(fd, (struct mp_test_script) {
		.pool = pool,
		.only = ODD,
		.then = result,
	});
}

MP_TEST_F(driver_refuses_for_good)
{
	int pool = pool_of(self->fd, PAGES, MP_TEST_HAS_ALL);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, script_odd(self->fd, pool, -EBUSY));
	all_but_one(_metadata, self->fd, pool, MP_LEFT_DRIVER, 0);
	EXPECT_EQ(1, mp_stats(self->fd, pool).failed_driver);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

MP_TEST_F(driver_says_try_again)
{
	int pool = pool_of(self->fd, PAGES, MP_TEST_HAS_ALL);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, script_odd(self->fd, pool, -EAGAIN));
	all_but_one(_metadata, self->fd, pool, MP_LEFT_DRIVER, 0);
	EXPECT_EQ(MP_PASSES, mp_stats(self->fd, pool).refused_driver);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

MP_TEST_F(page_moves_in_a_later_pass)
{
	int pool = pool_of(self->fd, PAGES, MP_TEST_HAS_ALL);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_script(self->fd, (struct mp_test_script) {
		.pool = pool,
		.only = ODD,
		.times = MP_PASSES - 1,
		.result = -EAGAIN,
	}));
	EXPECT_EQ(PAGES, mp_directed_away(self->fd, pool, 0, PAGES).req.moved);
	EXPECT_EQ(MP_PASSES - 1, mp_stats(self->fd, pool).refused_driver);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

MP_TEST_F(async_gives_up_early)
{
	int pool = pool_of(self->fd, PAGES, MP_TEST_HAS_ALL);
	struct mp_directed move = request(pool, PAGES);
	struct mp_test_log log;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, script_odd(self->fd, pool, -EAGAIN));
	move.req.mode = MP_ASYNC;
	EXPECT_EQ(0, mp_directed_run(self->fd, &move));
	EXPECT_EQ(1, mp_left_only(&move, ODD, MP_LEFT_DRIVER));
	log = mp_log(self->fd, pool);
	EXPECT_EQ(PAGES - 1 + MP_PASSES_ASYNC, log.mode[MP_ASYNC]);
	EXPECT_EQ(0, log.mode[MP_SYNC]);
}

MP_TEST_F(driver_is_told_the_mode)
{
	int pool = pool_of(self->fd, 3, MP_TEST_HAS_ALL);
	struct mp_directed move = request(pool, 1);
	struct mp_test_log log;
	unsigned int mode;

	ASSERT_LE(0, pool);
	for (mode = MP_ASYNC; mode <= MP_SYNC; mode++) {
		move.req.first = mode;
		move.req.mode = mode;
		EXPECT_EQ(0, mp_directed_run(self->fd, &move));
		EXPECT_EQ(1, move.req.moved);
		log = mp_log(self->fd, pool);
		EXPECT_EQ(1, log.mode[mode]);
	}
}

/*
 * The caller's callbacks
 */

MP_TEST_F(callback_has_no_page_at_the_nth)
{
	int pool = pool_of(self->fd, PAGES, 0);
	struct mp_directed move = request(pool, PAGES);

	ASSERT_LE(0, pool);
	move.req.bad_at = ODD + 1;
	EXPECT_EQ(0, mp_directed_run(self->fd, &move));
	EXPECT_EQ(PAGES - 1, move.req.moved);
	EXPECT_EQ(1, mp_left_only(&move, ODD, MP_LEFT_NO_MEMORY));
	EXPECT_EQ(PAGES, move.req.allocs);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

/* A request in which one of the driver's frames is of that kind. */
static struct mp_directed request_odd_frame(int pool, unsigned int frames)
{
	struct mp_directed move = request(pool, PAGES);

	move.req.frames = frames;
	move.req.has = MP_TEST_MOVE_UNUSED;
	move.req.bad_at = ODD + 1;
	return move;
}

MP_TEST_F(callback_gives_no_page_of_one_owner)
{
	int pool = pool_of(self->fd, PAGES, 0);
	struct mp_directed move = request_odd_frame(pool, MP_TEST_FRAMES_BAD);

	ASSERT_LE(0, pool);
	MP_EXPECT_WARNING("not an order-0 page of one owner",
			  mp_directed_run(self->fd, &move));
	EXPECT_EQ(0, move.req.err);
	EXPECT_EQ(PAGES - 1, move.req.moved);
	EXPECT_EQ(1, mp_left_only(&move, ODD, MP_LEFT_TARGET));
	EXPECT_EQ(1, move.req.unused);
}

/* A scanner of memory passes by: as good as any other, a moment later. */
MP_TEST_F(callback_gives_a_page_that_is_looked_at)
{
	int pool = pool_of(self->fd, PAGES, 0);
	struct mp_directed move = request_odd_frame(pool, MP_TEST_FRAMES_HELD);

	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_directed_run(self->fd, &move));
	EXPECT_EQ(PAGES, move.req.moved);
	EXPECT_EQ(1, move.req.unused);
	EXPECT_EQ(PAGES + 1, move.req.allocs);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, PAGES, SEED));
}

/* The driver has back what was not used, in each pass. */
MP_TEST_F(callback_takes_back_what_is_unused)
{
	int pool = pool_of(self->fd, PAGES, 0);
	struct mp_directed move = request(pool, PAGES);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, ODD, 1));
	move.req.has = MP_TEST_MOVE_UNUSED;
	EXPECT_EQ(0, mp_directed_run(self->fd, &move));
	EXPECT_EQ(PAGES - 1, move.req.moved);
	EXPECT_EQ(MP_PASSES, move.req.unused);
	EXPECT_EQ(PAGES - 1 + MP_PASSES, move.req.allocs);
}

MP_TEST_F(progress_is_reported)
{
	const unsigned int pages = 3 * MP_PROGRESS_STEP;
	int pool = pool_of(self->fd, pages, 0);
	struct mp_directed move = request(pool, pages);

	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_directed_run(self->fd, &move));
	EXPECT_EQ(pages, move.req.moved);
	EXPECT_EQ(3 + 1, move.req.progress);
	EXPECT_EQ(pages, move.req.done);
	EXPECT_EQ(pages, move.req.total);
}

MP_TEST_F(caller_stops_it)
{
	const unsigned int pages = 3 * MP_PROGRESS_STEP;
	int pool = pool_of(self->fd, pages, 0);
	struct mp_directed move = request(pool, pages);

	ASSERT_LE(0, pool);
	move.req.stop_at = 2;
	EXPECT_EQ(-ECANCELED, mp_directed_run(self->fd, &move));
	EXPECT_EQ(2, move.req.progress);
	EXPECT_EQ(2 * MP_PROGRESS_STEP - 1, move.req.moved);
	EXPECT_EQ(pages - move.req.moved, move.req.nr_left);
	EXPECT_EQ(2 * MP_PROGRESS_STEP - 1, move.left[0].index);
	EXPECT_EQ(MP_LEFT_STOPPED, move.left[0].why);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, pages, SEED));
}

/* No more than there is room for is named, but all are counted. */
MP_TEST_F(list_is_as_long_as_the_caller_wants)
{
	int pool = pool_of(self->fd, PAGES, 0);
	struct mp_directed move = request(pool, PAGES);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 10));
	move.req.max_left = 4;
	move.left[4].why = 99;
	EXPECT_EQ(0, mp_directed_run(self->fd, &move));
	EXPECT_EQ(10, move.req.nr_left);
	EXPECT_EQ(3, move.left[3].index);
	EXPECT_EQ(99, move.left[4].why);
}

/* A thousand pages whose moves take 5 ms each; the mover is killed. */
MP_TEST_F(fatal_signal_ends_it)
{
	int pool = pool_of(self->fd, 1000, MP_TEST_HAS_ALL);
	struct mp_directed move = request(pool, 1000);
	struct mp_test_stats stats;
	double start;
	pid_t pid;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_script(self->fd, (struct mp_test_script) {
		.pool = pool,
		.only = MP_TEST_ANY,
		.sleep_ms = 5,
	}));
	pid = fork();
	if (!pid)
		_exit(-mp_directed_run(self->fd, &move));
	while (mp_stats(self->fd, pool).directed < 20)
		usleep(1000);
	start = mp_seconds();
	kill(pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_GT(3, mp_seconds() - start);
	stats = mp_stats_at_rest(self->fd, pool);
	EXPECT_LE(20, stats.directed);
	EXPECT_GT(900, stats.directed);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 1000, SEED));
}

/*
 * Bad input
 */

MP_TEST_F(nodes_that_cannot_be)
{
	int pool = pool_of(self->fd, 1, 0);
	struct mp_directed move;
	int node;

	ASSERT_LE(0, pool);
	for (node = 1; node < 64; node++) {
		move = mp_directed_nodes(self->fd, pool, 0, 1 | 1ULL << node);
		EXPECT_EQ(-EINVAL, move.req.err);
	}
	move = mp_directed_nodes(self->fd, pool, 0, 0);
	EXPECT_EQ(-EINVAL, move.req.err);
	/* Where pages come from there need be none. */
	move = mp_directed_nodes(self->fd, pool, 1ULL << 63 | 2, 1);
	EXPECT_EQ(0, move.req.err);
	EXPECT_EQ(1, move.req.stayed);
	move.req.has = MP_TEST_MOVE_TO | MP_TEST_MOVE_FROM;
	move.req.from = 0;
	EXPECT_EQ(-EINVAL, mp_directed_run(self->fd, &move));
	EXPECT_EQ(0, mp_stats(self->fd, pool).attempted);
}

MP_TEST_F(requests_that_make_no_sense)
{
	static const struct mp_test_move bad[] = {
		{ .mode = MP_SYNC },
		{ .mode = MP_SYNC, .has = MP_TEST_MOVE_FROM, .from = 1 },
		{ .mode = MP_SYNC, .has = MP_TEST_MOVE_TO, .to = 1,
		  .frames = MP_TEST_FRAMES_OURS },
		{ .mode = MP_SYNC, .has = MP_TEST_MOVE_FROM, .from = 1,
		  .frames = MP_TEST_FRAMES_OURS },
		{ .mode = MP_SYNC, .to = 1,
		  .has = MP_TEST_MOVE_TO | MP_TEST_MOVE_UNUSED },
		{ .mode = 99, .frames = MP_TEST_FRAMES_OURS },
	};
	int pool = pool_of(self->fd, 1, 0);
	unsigned int i;

	ASSERT_LE(0, pool);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct mp_directed move = { .req = bad[i] };

		move.req.pool = pool;
		move.req.count = 1;
		EXPECT_EQ(-EINVAL, mp_directed_run(self->fd, &move))
			TH_LOG("request %u", i);
	}
	EXPECT_EQ(0, mp_stats(self->fd, pool).attempted);
}

static int pool_with(int fd, unsigned int flags)
{
	struct mp_test_create create = {
		.name = "directed",
		.flags = flags,
		.has = flags & MP_BALLOON ? MP_TEST_HAS_EXCHANGE : 0,
		.capacity = 1,
	};

	return mp_create_as(fd, &create);
}

MP_TEST_F(pools_that_cannot)
{
	int unmovable = pool_with(self->fd, MP_UNMOVABLE);
	int balloon = pool_with(self->fd, MP_BALLOON);
	struct mp_directed move;

	ASSERT_LE(0, unmovable);
	ASSERT_LE(0, balloon);
	ASSERT_EQ(0, mp_make(self->fd, unmovable, 0, 1, SEED));
	move = mp_directed_away(self->fd, unmovable, 0, 1);
	EXPECT_EQ(-EOPNOTSUPP, move.req.err);
	move = mp_directed_nodes(self->fd, balloon, 0, 1);
	EXPECT_EQ(-EOPNOTSUPP, move.req.err);
}

/*
 * Pages that processes have mapped
 */

MP_TEST_F(mapped_pages_move)
{
	struct mp_mapped it;
	struct mp_directed move;

	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, PAGES, 0));
	mp_mapped_fill(&it, SEED);
	EXPECT_EQ(PAGES, mp_mapped_resident(&it, it.words));
	move = mp_directed_away(self->fd, it.pool, 0, PAGES);
	EXPECT_EQ(PAGES, move.req.moved);
	/* Out of the page tables, until somebody touches them. */
	EXPECT_EQ(0, mp_mapped_resident(&it, it.words));
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	EXPECT_EQ(PAGES, mp_mapped_resident(&it, it.words));
	mp_mapped_end(&it);
}

/* They are locked again with the next touch, which mlock(2) is not. */
MP_TEST_F(locked_memory_moves)
{
	struct mp_mapped it;
	long locked;

	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, PAGES, 0));
	mp_mapped_fill(&it, SEED);
	ASSERT_EQ(0, mlock(it.words, mp_mapped_bytes(&it)));
	locked = mp_read_field("/proc/self/status", "VmLck");
	EXPECT_EQ(PAGES, mp_directed_away(self->fd, it.pool, 0,
					  PAGES).req.moved);
	EXPECT_EQ(locked, mp_read_field("/proc/self/status", "VmLck"));
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	EXPECT_EQ(PAGES, mp_directed_away(self->fd, it.pool, 0,
					  PAGES).req.moved);
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	mp_mapped_end(&it);
}

/* To take them out of page tables is to wait for a lock. */
MP_TEST_F(async_leaves_mapped_pages)
{
	struct mp_mapped it;
	struct mp_directed move;

	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, PAGES, 0));
	mp_mapped_fill(&it, SEED);
	/* Nothing else holds them by now. */
	ASSERT_EQ(PAGES, mp_directed_away(self->fd, it.pool, 0,
					  PAGES).req.moved);
	EXPECT_EQ(0, mp_mapped_page_wrong(&it, ODD, 0) < 0);
	move = request(it.pool, PAGES);
	move.req.mode = MP_ASYNC;
	EXPECT_EQ(0, mp_directed_run(self->fd, &move));
	EXPECT_LE(1, move.req.nr_left);
	EXPECT_EQ(MP_LEFT_REFERENCED, move.left[0].why);
	EXPECT_EQ(1, mp_mapped_frame(mp_mapped_page(&it, ODD)) ==
		     mp_pfn(self->fd, it.pool, ODD));
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	mp_mapped_end(&it);
}

#define ROUNDS	8

MP_TEST_F(writer_loses_nothing_R21)
{
	struct mp_mapped it;
	struct mp_writer writer;
	long moved = 0;
	int i;

	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, PAGES, 0));
	mp_mapped_fill(&it, SEED);
	ASSERT_EQ(0, mp_writer_start(&writer, &it, SEED));
	for (i = 0; i < ROUNDS; i++)
		moved += mp_directed_away(self->fd, it.pool, 0,
					  PAGES).req.moved;
	EXPECT_EQ(1, mp_writer_rounds(&writer, 2));
	EXPECT_EQ(0, mp_writer_stop(&writer));
	/* What was just being touched may be left. */
	EXPECT_LE(ROUNDS * PAGES * 9 / 10, moved);
	mp_mapped_end(&it);
}

/* A pipe has the page: vmsplice(2). */
MP_TEST_F(page_in_a_pipe_is_left)
{
	struct mp_mapped it;
	struct mp_directed move;
	struct iovec page;
	int pipes[2];

	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, PAGES, 0));
	mp_mapped_fill(&it, SEED);
	ASSERT_EQ(0, pipe(pipes));
	page.iov_base = mp_mapped_page(&it, ODD);
	page.iov_len = mp_page_size();
	ASSERT_EQ(mp_page_size(), vmsplice(pipes[1], &page, 1, 0));
	move = mp_directed_away(self->fd, it.pool, 0, PAGES);
	EXPECT_EQ(PAGES - 1, move.req.moved);
	EXPECT_EQ(1, mp_left_only(&move, ODD, MP_LEFT_REFERENCED));
	close(pipes[0]);
	close(pipes[1]);
	EXPECT_EQ(1, mp_directed_away(self->fd, it.pool, ODD, 1).req.moved);
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	mp_mapped_end(&it);
}

TEST_HARNESS_MAIN
