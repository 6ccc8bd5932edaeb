// SPDX-License-Identifier: GPL-2.0
/*
 * Races of directed moves forced by wait points: the owner's mover is stopped
 * in a window while the VM, another thread of the owner's or a process acts,
 * and the other way round.  Needs movable_pool_test.ko.
 */

#include "mp.h"
#include "mp_directed.h"
#include "mp_mapped.h"
#include "mp_once.h"
#include "mp_owner.h"
#include "mp_peer.h"
#include "mp_point.h"

#define SEED	11
#define OTHER	12

/*
 * Object 0 is what a test is about.  The others fill its block, for to evict
 * one frame the kernel isolates all of it.
 */
FIXTURE(directed) {
	struct mp_world world;
	struct mp_once mover;
	struct mp_once vm;
	struct mp_once owner;
	struct mp_test_stats before;
	int fd;
	int pool;
	__u64 pfn;
};

FIXTURE_SETUP(directed)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	ASSERT_EQ(0, mp_points_reset());
	self->pool = mp_create(self->fd, "directed", MP_BLOCK,
			       MP_TEST_HAS_ALL);
	ASSERT_LE(0, self->pool);
	ASSERT_EQ(0, mp_make_block(self->fd, self->pool, 0, SEED));
	self->pfn = mp_pfn(self->fd, self->pool, 0);
	self->before = mp_stats(self->fd, self->pool);
}

FIXTURE_TEARDOWN(directed)
{
	mp_points_reset();
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define DIRECTED_F(name)	TEST_F(directed, name)
#define SELF			struct _test_data_directed *self

static struct mp_directed moved;	/* by the thread that does it */

static int call_move(struct mp_worker *w)
{
	moved = mp_directed_away(w->fd, w->pool, w->first, w->count);
	return moved.req.err;
}

static int move_with(struct mp_worker *w, unsigned int mode, unsigned int has)
{
	moved = (struct mp_directed) {
		.req = {
			.pool = w->pool,
			.first = w->first,
			.count = w->count,
			.mode = mode,
			.frames = MP_TEST_FRAMES_OURS,
			.has = has,
		},
	};
	return mp_directed_run(w->fd, &moved);
}

static int call_move_async(struct mp_worker *w)
{
	return move_with(w, MP_ASYNC, 0);
}

static int call_move_and_take_back(struct mp_worker *w)
{
	return move_with(w, MP_SYNC, MP_TEST_MOVE_UNUSED);
}

/* The owner's mover, with object 0, has come to @point. */
static void stop_mover_of(struct __test_metadata *_metadata, SELF,
			  const char *point,
			  int (*call)(struct mp_worker *w))
{
	ASSERT_EQ(0, mp_point_stop(point, self->pfn));
	ASSERT_EQ(0, mp_once_start(&self->mover, self->fd, self->pool, 0,
				   call));
	ASSERT_EQ(1, mp_once_stops_at(&self->mover, point));
}

static void stop_mover(struct __test_metadata *_metadata, SELF,
		       const char *point)
{
	stop_mover_of(_metadata, self, point, call_move);
}

static void let_mover_go(struct __test_metadata *_metadata, SELF,
			 const char *point)
{
	ASSERT_EQ(0, mp_point_go(point));
	EXPECT_EQ(0, mp_once_join(&self->mover));
}

static struct mp_test_stats stats_of(SELF)
{
	return mp_stats_at_rest(self->fd, self->pool);
}

static int has_moved(SELF)
{
	return moved.req.moved == 1 && stats_of(self).directed == 1 &&
	       mp_pfn(self->fd, self->pool, 0) != self->pfn;
}

static int was_left(SELF, unsigned int why)
{
	return mp_left_only(&moved, 0, why) && !stats_of(self).directed;
}

static int on_page_cache(SELF)
{
	return mp_cached(&self->before);
}

/*
 * The mover has found the page, but not its lock
 */

DIRECTED_F(free_when_it_is_found)
{
	stop_mover(_metadata, self, "directed-page");
	/* Its memory is valid until the end of the call. */
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE, 0, 1));
	EXPECT_EQ(MP_BLOCK - 1, mp_stats(self->fd, self->pool).pages);
	let_mover_go(_metadata, self, "directed-page");
	EXPECT_EQ(1, was_left(self, MP_LEFT_EMPTY));
	EXPECT_EQ(0, mp_log(self->fd, self->pool).migrate);
}

DIRECTED_F(pin_when_it_is_found)
{
	stop_mover(_metadata, self, "directed-page");
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_TRYPIN, 0, 1));
	let_mover_go(_metadata, self, "directed-page");
	EXPECT_EQ(1, was_left(self, MP_LEFT_PINNED));
	EXPECT_EQ(self->pfn, mp_pfn(self->fd, self->pool, 0));
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_UNPIN, 0, 1));
}

DIRECTED_F(pin_for_a_moment_when_it_is_found)
{
	stop_mover(_metadata, self, "directed-page");
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_TRYPIN, 0, 1));
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_UNPIN, 0, 1));
	let_mover_go(_metadata, self, "directed-page");
	EXPECT_EQ(1, has_moved(self));
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 1, SEED));
}

/* The mover's reference is one that the VM does not expect. */
DIRECTED_F(vm_wants_what_is_found)
{
	stop_mover(_metadata, self, "directed-page");
	EXPECT_NE(0, mp_evict(self->fd, self->pfn, 1));
	EXPECT_LE(1, mp_stats(self->fd, self->pool).refused_referenced +
		     on_page_cache(self));
	EXPECT_EQ(self->pfn, mp_pfn(self->fd, self->pool, 0));
	let_mover_go(_metadata, self, "directed-page");
	EXPECT_EQ(1, has_moved(self));
	EXPECT_EQ(0, mp_evict_retry(self->fd, self->pfn, 1));
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, MP_BLOCK, SEED));
}

DIRECTED_F(destroy_waits_for_it)
{
	stop_mover(_metadata, self, "directed-page");
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE, 0, MP_BLOCK));
	ASSERT_EQ(0, mp_once_start(&self->owner, self->fd, self->pool, 0,
				   mp_owner_destroy));
	EXPECT_EQ(1, mp_once_waits(&self->owner));
	ASSERT_EQ(0, mp_point_go("directed-page"));
	mp_once_join(&self->mover);
	EXPECT_EQ(0, mp_once_join(&self->owner));
	EXPECT_EQ(0, moved.req.moved);
}

/*
 * The mover is at work
 */

static const char * const windows[] = {
	"migrate-moving", "migrate-copied",
};

#define NR_WINDOWS	(sizeof(windows) / sizeof(*windows))

DIRECTED_F(free_waits)
{
	stop_mover(_metadata, self, "migrate-moving");
	EXPECT_EQ(MP_MOVING, mp_info(self->fd, self->pool, 0).state);
	ASSERT_EQ(0, mp_once_start(&self->owner, self->fd, self->pool, 0,
				   mp_owner_free));
	EXPECT_EQ(1, mp_once_waits(&self->owner));
	let_mover_go(_metadata, self, "migrate-moving");
	EXPECT_EQ(0, mp_once_join(&self->owner));
	EXPECT_EQ(1, moved.req.moved);
	EXPECT_EQ(MP_BLOCK - 1, stats_of(self).pages);
	EXPECT_EQ(0, mp_log(self->fd, self->pool).graves);
}

DIRECTED_F(pin_waits_and_is_where_the_page_is)
{
	unsigned int i;

	for (i = 0; i < NR_WINDOWS; i++) {
		self->pfn = mp_pfn(self->fd, self->pool, 0);
		stop_mover(_metadata, self, windows[i]);
		EXPECT_EQ(-EAGAIN, mp_do(self->fd, self->pool,
					 MP_TEST_TRYPIN, 0, 1));
		ASSERT_EQ(0, mp_once_start(&self->owner, self->fd, self->pool,
					   0, mp_owner_pin));
		EXPECT_EQ(1, mp_once_waits(&self->owner));
		let_mover_go(_metadata, self, windows[i]);
		EXPECT_EQ(0, mp_once_join(&self->owner));
		EXPECT_NE(self->pfn, mp_pfn(self->fd, self->pool, 0));
		EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 1, SEED));
		EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_UNPIN, 0, 1));
	}
	EXPECT_EQ(NR_WINDOWS, stats_of(self).directed);
}

static void free_async_while(struct __test_metadata *_metadata, SELF,
			     const char *point)
{
	struct mp_test_stats stats;

	stop_mover(_metadata, self, point);
	ASSERT_EQ(0, mp_do_flags(self->fd, self->pool, MP_TEST_BURY,
				 MP_TEST_FREE_ASYNC, 0, 1));
	EXPECT_EQ(0, mp_log(self->fd, self->pool).freed);
	EXPECT_EQ(MP_BLOCK, mp_stats(self->fd, self->pool).pages);
	ASSERT_EQ(0, mp_point_go(point));
	mp_once_join(&self->mover);
	EXPECT_EQ(0, moved.req.moved);
	EXPECT_EQ(1, mp_log(self->fd, self->pool).freed);
	stats = stats_of(self);
	EXPECT_EQ(MP_BLOCK - 1, stats.pages);
	EXPECT_EQ(1, stats.refused_unready);
	EXPECT_EQ(0, stats.directed);
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_log(self->fd, self->pool).graves);
}

DIRECTED_F(free_async_before_the_copy_R10)
{
	free_async_while(_metadata, self, "migrate-moving");
}

DIRECTED_F(free_async_after_the_copy_R10)
{
	free_async_while(_metadata, self, "migrate-copied");
}

/* The new page was the pool's: the driver must not have it back. */
DIRECTED_F(freed_page_is_not_given_back)
{
	stop_mover_of(_metadata, self, "migrate-copied",
		      call_move_and_take_back);
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE_ASYNC, 0, 1));
	ASSERT_EQ(0, mp_point_go("migrate-copied"));
	EXPECT_EQ(0, mp_once_join(&self->mover));
	EXPECT_EQ(1, mp_left_only(&moved, 0, MP_LEFT_EMPTY));
	EXPECT_EQ(1, moved.req.allocs);
	EXPECT_EQ(0, moved.req.unused);
	EXPECT_EQ(0, mp_deferred_drain());
}

/* Somebody else's reference, by which he writes. */
static void grab_and_scribble(struct __test_metadata *_metadata, SELF,
			      const char *point, __u64 *word)
{
	struct mp_test_call call = {
		.verb = MP_TEST_SCRIBBLE,
		.pool = self->pool,
		.count = 1,
		.arg = 1,
	};

	stop_mover(_metadata, self, point);
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PAGE_GRAB, 0, 1));
	ASSERT_EQ(0, mp_call(self->fd, &call));
	*word = call.value;
	let_mover_go(_metadata, self, point);
}

static void write_is_there(struct __test_metadata *_metadata, SELF, __u64 word)
{
	struct mp_test_call call = {
		.verb = MP_TEST_PEEK,
		.pool = self->pool,
		.count = 1,
	};

	EXPECT_EQ(1, was_left(self, MP_LEFT_REFERENCED));
	EXPECT_EQ(self->pfn, mp_pfn(self->fd, self->pool, 0));
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(word, call.value);
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PAGE_PUT, 0, 1));
	EXPECT_EQ(1, mp_directed_away(self->fd, self->pool, 0, 1).req.moved);
}

DIRECTED_F(stray_reference_before_the_copy)
{
	__u64 word;

	grab_and_scribble(_metadata, self, "migrate-moving", &word);
	write_is_there(_metadata, self, word);
}

/* Page cache alone looks again; the driver has turned back. */
DIRECTED_F(stray_reference_after_the_copy)
{
	stop_mover(_metadata, self, "migrate-copied");
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PAGE_GRAB, 0, 1));
	let_mover_go(_metadata, self, "migrate-copied");
	EXPECT_EQ(1, was_left(self, MP_LEFT_REFERENCED));
	EXPECT_LE(1, mp_log(self->fd, self->pool).undone);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 1, SEED));
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PAGE_PUT, 0, 1));
}

/*
 * The VM does not get at the page, and no harm is done.  Page cache it takes
 * hold of: then the owner's move is refused, the VM's comes first, and the next
 * pass of the owner's may end where all began.
 */
DIRECTED_F(vm_wants_it_meanwhile)
{
	unsigned int i;

	for (i = 0; i < NR_WINDOWS; i++) {
		self->pfn = mp_pfn(self->fd, self->pool, 0);
		stop_mover(_metadata, self, windows[i]);
		ASSERT_EQ(0, mp_once_evict(&self->vm, self->fd, self->pfn, 1));
		usleep(300000);
		EXPECT_EQ(self->pfn, mp_pfn(self->fd, self->pool, 0));
		let_mover_go(_metadata, self, windows[i]);
		mp_once_join(&self->vm);
		EXPECT_EQ(1, moved.req.moved);
		EXPECT_TRUE(self->pfn != mp_pfn(self->fd, self->pool, 0) ||
			    on_page_cache(self));
	}
	EXPECT_EQ(NR_WINDOWS, stats_of(self).directed);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, MP_BLOCK, SEED));
}

DIRECTED_F(two_owners_at_one_page)
{
	struct mp_directed second;

	stop_mover(_metadata, self, "migrate-moving");
	second = mp_directed_away(self->fd, self->pool, 0, 1);
	EXPECT_EQ(0, second.req.err);
	EXPECT_EQ(1, mp_left_only(&second, 0, MP_LEFT_MOVING));
	let_mover_go(_metadata, self, "migrate-moving");
	EXPECT_EQ(1, has_moved(self));
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 1, SEED));
}

DIRECTED_F(free_at_publication_R5)
{
	stop_mover(_metadata, self, "migrate-published");
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, self->pool, 0).state);
	ASSERT_EQ(0, mp_do_flags(self->fd, self->pool, MP_TEST_BURY,
				 MP_TEST_FREE, 0, 1));
	EXPECT_EQ(MP_BLOCK - 1, mp_stats(self->fd, self->pool).pages);
	let_mover_go(_metadata, self, "migrate-published");
	EXPECT_EQ(1, moved.req.moved);
	EXPECT_EQ(1, stats_of(self).directed);
	EXPECT_EQ(0, mp_log(self->fd, self->pool).graves);
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_evict_retry(self->fd, self->pfn, 1));
}

DIRECTED_F(use_at_publication_R5)
{
	stop_mover(_metadata, self, "migrate-published");
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 1, SEED));
	EXPECT_EQ(0, mp_arg(self->fd, self->pool, MP_TEST_FILL, 0, 1, OTHER));
	let_mover_go(_metadata, self, "migrate-published");
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 1, OTHER));
	EXPECT_EQ(1, has_moved(self));
}

/*
 * The VM was first
 */

/* The VM's eviction of @count pages has come to @point with the one at @pfn. */
static void stop_vm(struct __test_metadata *_metadata, SELF, const char *point,
		    __u64 pfn, unsigned int count)
{
	ASSERT_EQ(0, mp_point_stop(point, pfn));
	ASSERT_EQ(0, mp_once_evict(&self->vm, self->fd, self->pfn, count));
	ASSERT_EQ(1, mp_once_stops_at(&self->vm, point));
}

static void left_to_the_vm(struct __test_metadata *_metadata, SELF,
			   const char *point, unsigned int why)
{
	stop_vm(_metadata, self, point, self->pfn, 1);
	moved = mp_directed_away(self->fd, self->pool, 0, 1);
	EXPECT_EQ(1, mp_left_only(&moved, 0, why));
	ASSERT_EQ(0, mp_point_go(point));
	EXPECT_EQ(0, mp_once_join(&self->vm));
	EXPECT_EQ(1, stats_of(self).migrated);
	EXPECT_EQ(0, stats_of(self).directed);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, MP_BLOCK, SEED));
	EXPECT_EQ(1, mp_directed_away(self->fd, self->pool, 0, 1).req.moved);
}

DIRECTED_F(vm_isolates_it)
{
	left_to_the_vm(_metadata, self, "isolate-enter", MP_LEFT_LOCKED);
}

DIRECTED_F(vm_has_just_isolated_it)
{
	left_to_the_vm(_metadata, self, "isolate-done", MP_LEFT_LOCKED);
}

DIRECTED_F(vm_is_about_to_move_it)
{
	left_to_the_vm(_metadata, self, "migrate-enter", MP_LEFT_LOCKED);
}

DIRECTED_F(vm_moves_it)
{
	left_to_the_vm(_metadata, self, "migrate-moving", MP_LEFT_MOVING);
}

DIRECTED_F(vm_has_copied_it)
{
	left_to_the_vm(_metadata, self, "migrate-copied", MP_LEFT_MOVING);
}

/* The new page, which the VM has locked still. */
DIRECTED_F(vm_has_published_it)
{
	stop_vm(_metadata, self, "migrate-published", self->pfn, 1);
	EXPECT_NE(self->pfn, mp_pfn(self->fd, self->pool, 0));
	moved = mp_directed_away(self->fd, self->pool, 0, 1);
	EXPECT_EQ(1, mp_left_only(&moved, 0, MP_LEFT_LOCKED));
	ASSERT_EQ(0, mp_point_go("migrate-published"));
	EXPECT_EQ(0, mp_once_join(&self->vm));
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 1, SEED));
	EXPECT_EQ(1, mp_directed_away(self->fd, self->pool, 0, 1).req.moved);
}

/*
 * The VM has isolated all of the block up to object 1, and has not got its lock
 * on object 0: to it, that will be a page that was freed.
 */
DIRECTED_F(vm_has_it_isolated)
{
	struct mp_test_stats stats;

	stop_vm(_metadata, self, "isolate-done", self->pfn + 1, 2);
	stats = mp_stats(self->fd, self->pool);
	ASSERT_LE(1, stats.isolated);
	moved = mp_directed_away(self->fd, self->pool, 0, 1);
	EXPECT_EQ(1, moved.req.moved);
	stats = mp_stats(self->fd, self->pool);
	EXPECT_EQ(1, stats.directed);
	EXPECT_EQ(1, stats.released);
	EXPECT_NE(self->pfn, mp_pfn(self->fd, self->pool, 0));
	ASSERT_EQ(0, mp_point_go("isolate-done"));
	mp_once_join(&self->vm);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, MP_BLOCK, SEED));
	EXPECT_EQ(0, mp_evict_retry(self->fd, self->pfn, 2));
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, MP_BLOCK, SEED));
}

/* Page cache is isolated without us: its owner sees one reference too many. */
DIRECTED_F(vm_has_page_cache_isolated)
{
	/* The VM begins with the page it has isolated last. */
	stop_vm(_metadata, self, "migrate-enter", self->pfn + 1, 2);
	moved = mp_directed_away(self->fd, self->pool, 0, 1);
	EXPECT_EQ(0, moved.req.moved);
	EXPECT_EQ(1, moved.req.nr_left);
	EXPECT_TRUE(moved.left[0].why == MP_LEFT_REFERENCED ||
		    moved.left[0].why == MP_LEFT_LOCKED);
	ASSERT_EQ(0, mp_point_go("migrate-enter"));
	mp_once_join(&self->vm);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, MP_BLOCK, SEED));
	EXPECT_EQ(1, mp_directed_away(self->fd, self->pool, 0, 1).req.moved);
}

/* It gives the page back to nobody. */
DIRECTED_F(vm_is_about_to_put_it_back)
{
	ASSERT_EQ(0, mp_script_results(self->fd, self->pool, ~0U, -EBUSY));
	ASSERT_EQ(0, mp_point_stop("putback-enter", self->pfn));
	ASSERT_EQ(0, mp_once_evict(&self->vm, self->fd, self->pfn, 1));
	ASSERT_EQ(1, mp_once_stops_at(&self->vm, "putback-enter"));
	moved = mp_directed_away(self->fd, self->pool, 0, 1);
	EXPECT_EQ(1, mp_left_only(&moved, 0, MP_LEFT_LOCKED));
	ASSERT_EQ(0, mp_script_results(self->fd, self->pool, 0, 0));
	ASSERT_EQ(0, mp_point_go("putback-enter"));
	mp_once_join(&self->vm);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, MP_BLOCK, SEED));
	EXPECT_EQ(1, mp_directed_away(self->fd, self->pool, 0, 1).req.moved);
}

/* ASYNC returns while somebody else has the lock. */
DIRECTED_F(async_waits_for_nobody)
{
	stop_vm(_metadata, self, "migrate-moving", self->pfn, 1);
	ASSERT_EQ(0, mp_once_start(&self->mover, self->fd, self->pool, 0,
				   call_move_async));
	EXPECT_EQ(1, mp_once_through(&self->mover));
	EXPECT_EQ(0, mp_once_join(&self->mover));
	EXPECT_EQ(1, mp_left_only(&moved, 0, MP_LEFT_MOVING));
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	EXPECT_EQ(0, mp_once_join(&self->vm));
}

/*
 * Long-term pins are moves, too
 */

/* Nothing holds it yet. */
DIRECTED_F(free_before_a_long_pin)
{
	stop_mover_of(_metadata, self, "directed-page",
		      mp_owner_pin_longterm);
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE, 0, 1));
	ASSERT_EQ(0, mp_point_go("directed-page"));
	EXPECT_EQ(-ENOENT, mp_once_join(&self->mover));
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, self->pool, 0).state);
	EXPECT_EQ(0, mp_info(self->fd, self->pool, 0).pins);
}

/* The handle stays, as whoever pins it must see to. */
static int call_free(struct mp_worker *w)
{
	return mp_do(w->fd, w->pool, MP_TEST_FREE, w->first, w->count);
}

/* The pool is looked at until the last try. */
DIRECTED_F(destroy_waits_for_a_long_pin)
{
	stop_mover_of(_metadata, self, "directed-page",
		      mp_owner_pin_longterm);
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE, 0, MP_BLOCK));
	ASSERT_EQ(0, mp_once_start(&self->owner, self->fd, self->pool, 0,
				   mp_owner_destroy));
	EXPECT_EQ(1, mp_once_waits(&self->owner));
	ASSERT_EQ(0, mp_point_go("directed-page"));
	EXPECT_EQ(-ENOENT, mp_once_join(&self->mover));
	EXPECT_EQ(0, mp_once_join(&self->owner));
}

/* It is tried again and again, for somebody has a reference. */
DIRECTED_F(free_between_tries_of_a_long_pin)
{
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PAGE_GET, 0, 1));
	stop_mover_of(_metadata, self, "migrate-moving",
		      mp_owner_pin_longterm);
	ASSERT_EQ(0, mp_once_start(&self->owner, self->fd, self->pool, 0,
				   call_free));
	EXPECT_EQ(1, mp_once_waits(&self->owner));
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	EXPECT_EQ(0, mp_once_join(&self->owner));
	EXPECT_NE(0, mp_once_join(&self->mover));
	EXPECT_EQ(0, stats_of(self).directed);
}

/* Another thread that pins it meanwhile waits, and has its pin, too. */
static void pinned_meanwhile(struct __test_metadata *_metadata, SELF,
			     int (*pin)(struct mp_worker *w))
{
	stop_mover_of(_metadata, self, "migrate-moving", mp_owner_pin_longterm);
	ASSERT_EQ(0, mp_once_start(&self->owner, self->fd, self->pool, 0,
				   pin));
	EXPECT_EQ(1, mp_once_waits(&self->owner));
	let_mover_go(_metadata, self, "migrate-moving");
	EXPECT_EQ(0, mp_once_join(&self->owner));
	EXPECT_EQ(2, mp_info(self->fd, self->pool, 0).pins);
	EXPECT_EQ(1, stats_of(self).directed);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 1, SEED));
}

/* Each would be in the other's way with a pin. */
DIRECTED_F(two_long_pins_at_once)
{
	pinned_meanwhile(_metadata, self, mp_owner_pin_longterm);
}

/* Another pin, but for a moment. */
DIRECTED_F(pin_before_a_long_pin)
{
	stop_mover_of(_metadata, self, "directed-page", mp_owner_pin_longterm);
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_TRYPIN, 0, 1));
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_UNPIN, 0, 1));
	let_mover_go(_metadata, self, "directed-page");
	EXPECT_NE(self->pfn, mp_pfn(self->fd, self->pool, 0));
	EXPECT_EQ(1, mp_info(self->fd, self->pool, 0).pins);
}

DIRECTED_F(pin_during_a_long_pin)
{
	pinned_meanwhile(_metadata, self, mp_owner_pin);
}

/* It has no pin yet, though the mover is to add one. */
DIRECTED_F(free_async_during_a_long_pin)
{
	stop_mover_of(_metadata, self, "migrate-moving", mp_owner_pin_longterm);
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE_ASYNC, 0, 1));
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	EXPECT_EQ(-ENOENT, mp_once_join(&self->mover));
	EXPECT_EQ(1, mp_log(self->fd, self->pool).freed);
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, self->pool, 0).state);
	EXPECT_EQ(0, mp_info(self->fd, self->pool, 0).pins);
	EXPECT_EQ(MP_BLOCK - 1, stats_of(self).pages);
}

DIRECTED_F(vm_moves_it_before_a_long_pin)
{
	stop_vm(_metadata, self, "migrate-moving", self->pfn, 1);
	ASSERT_EQ(0, mp_once_start(&self->owner, self->fd, self->pool, 0,
				   mp_owner_pin_longterm));
	EXPECT_EQ(1, mp_once_waits(&self->owner));
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	EXPECT_EQ(0, mp_once_join(&self->vm));
	EXPECT_EQ(0, mp_once_join(&self->owner));
	EXPECT_EQ(1, stats_of(self).migrated);
	EXPECT_EQ(1, stats_of(self).directed);
	EXPECT_EQ(1, mp_info(self->fd, self->pool, 0).pins);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, 1, SEED));
}

/*
 * Pages that processes have mapped
 */

#define MAPPED_PAGES	8

/* The process has all pages in its page tables, the test itself has none. */
FIXTURE(shared) {
	struct mp_world world;
	struct mp_mapped it;
	struct mp_peer peer;
	struct mp_once mover;
	int fd;
	__u64 pfn;
};

static int peer_looks(struct mp_peer *peer)
{
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < MAPPED_PAGES; i++)
		wrong += mp_peer_do(peer, mp_peer_read, i, SEED) != 0;
	return wrong;
}

FIXTURE_SETUP(shared)
{
	struct mp_mapped *it = &self->it;

	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_mapped_make(it, self->fd, MAPPED_PAGES,
				    MP_TEST_HAS_ALL));
	ASSERT_EQ(0, mp_arg(self->fd, it->pool, MP_TEST_FILL, 0, MAPPED_PAGES,
			    SEED));
	ASSERT_EQ(0, mp_peer_start(&self->peer, it));
	/* Nothing holds them but the process. */
	ASSERT_EQ(MAPPED_PAGES, mp_directed_away(self->fd, it->pool, 0,
						 MAPPED_PAGES).req.moved);
	ASSERT_EQ(0, peer_looks(&self->peer));
	self->pfn = mp_pfn(self->fd, it->pool, 0);
}

FIXTURE_TEARDOWN(shared)
{
	mp_points_reset();
	mp_peer_end(&self->peer);
	mp_mapped_end(&self->it);
	EXPECT_STREQ("", mp_world_close(&self->world));
}

static void stop_shared(struct __test_metadata *_metadata,
			struct _test_data_shared *self, const char *point)
{
	ASSERT_EQ(0, mp_point_stop(point, self->pfn));
	ASSERT_EQ(0, mp_once_start(&self->mover, self->fd, self->it.pool, 0,
				   call_move));
	ASSERT_EQ(1, mp_once_stops_at(&self->mover, point));
}

static void shared_goes_on(struct __test_metadata *_metadata,
			   struct _test_data_shared *self, const char *point)
{
	ASSERT_EQ(0, mp_point_go(point));
	EXPECT_EQ(0, mp_once_join(&self->mover));
}

/* The peer writes before the page leaves its page tables: nothing is lost. */
TEST_F(shared, written_to_before_it_is_unmapped)
{
	stop_shared(_metadata, self, "migrate-moving");
	ASSERT_EQ(0, mp_peer_do(&self->peer, mp_peer_write, 0, OTHER));
	shared_goes_on(_metadata, self, "migrate-moving");
	EXPECT_EQ(1, moved.req.moved);
	EXPECT_NE(self->pfn, mp_pfn(self->fd, self->it.pool, 0));
	EXPECT_EQ(0, mp_peer_do(&self->peer, mp_peer_read, 0, OTHER));
	EXPECT_EQ(0, mp_verify(self->fd, self->it.pool, 0, 1, OTHER));
}

/*
 * It is out of the page tables and copied: the fault waits for the page lock,
 * with a reference.  Page cache sees that, and the page moves in a later pass.
 */
TEST_F(shared, touched_when_it_is_copied_R21)
{
	stop_shared(_metadata, self, "migrate-copied");
	ASSERT_EQ(0, mp_peer_ask(&self->peer, mp_peer_write, 0, OTHER));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	shared_goes_on(_metadata, self, "migrate-copied");
	EXPECT_EQ(0, mp_peer_answer(&self->peer));
	EXPECT_EQ(1, moved.req.moved);
	EXPECT_LE(1, mp_log(self->fd, self->it.pool).undone);
	EXPECT_EQ(0, mp_peer_do(&self->peer, mp_peer_read, 0, OTHER));
	EXPECT_EQ(0, mp_verify(self->fd, self->it.pool, 0, 1, OTHER));
	EXPECT_EQ(0, mp_verify(self->fd, self->it.pool, 1, MAPPED_PAGES - 1,
			       SEED));
}

/* It is where it will be, and locked: the fault reaches the new page. */
TEST_F(shared, touched_when_it_is_published)
{
	stop_shared(_metadata, self, "migrate-published");
	ASSERT_EQ(0, mp_peer_ask(&self->peer, mp_peer_write, 0, OTHER));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	shared_goes_on(_metadata, self, "migrate-published");
	EXPECT_EQ(0, mp_peer_answer(&self->peer));
	EXPECT_EQ(1, moved.req.moved);
	EXPECT_EQ(0, mp_verify(self->fd, self->it.pool, 0, 1, OTHER));
}

/*
 * A fault has found the page and not got its lock.  When it does, the page has
 * no mapping any more; it looks again.
 */
TEST_F(shared, fault_finds_the_old_page)
{
	ASSERT_EQ(0, mp_peer_do(&self->peer, mp_peer_forget, 0, 0));
	ASSERT_EQ(0, mp_point_stop("fault-page", self->pfn));
	ASSERT_EQ(0, mp_peer_ask(&self->peer, mp_peer_write, 0, OTHER));
	ASSERT_EQ(1, mp_point_wait("fault-page"));
	/* It has a reference. */
	moved = mp_directed_away(self->fd, self->it.pool, 0, 1);
	EXPECT_EQ(1, mp_left_only(&moved, 0, MP_LEFT_REFERENCED));
	ASSERT_EQ(0, mp_point_go("fault-page"));
	EXPECT_EQ(0, mp_peer_answer(&self->peer));
	EXPECT_EQ(0, mp_verify(self->fd, self->it.pool, 0, 1, OTHER));
	EXPECT_EQ(1, mp_directed_away(self->fd, self->it.pool, 0,
				      1).req.moved);
	EXPECT_EQ(0, mp_peer_do(&self->peer, mp_peer_read, 0, OTHER));
}

TEST_F(shared, unmapped_meanwhile)
{
	static const char * const points[] = {
		"directed-page", "migrate-moving", "migrate-copied",
		"migrate-published",
	};
	unsigned int i;

	for (i = 0; i < sizeof(points) / sizeof(*points); i++) {
		self->pfn = mp_pfn(self->fd, self->it.pool, 0);
		stop_shared(_metadata, self, points[i]);
		ASSERT_EQ(0, mp_peer_do(&self->peer, mp_peer_forget, 0, 0));
		shared_goes_on(_metadata, self, points[i]);
		EXPECT_EQ(1, moved.req.moved);
		EXPECT_EQ(0, peer_looks(&self->peer));
	}
}

TEST_F(shared, process_is_killed_while_it_waits)
{
	stop_shared(_metadata, self, "migrate-copied");
	ASSERT_EQ(0, mp_peer_ask(&self->peer, mp_peer_write, 0, OTHER));
	ASSERT_EQ(1, mp_peer_waits(&self->peer));
	kill(self->peer.pid, SIGKILL);
	EXPECT_EQ(1, mp_peer_dies(&self->peer));
	shared_goes_on(_metadata, self, "migrate-copied");
	EXPECT_EQ(1, moved.req.moved);
	EXPECT_EQ(0, mp_verify(self->fd, self->it.pool, 0, MAPPED_PAGES,
			       SEED));
}

TEST_HARNESS_MAIN
