// SPDX-License-Identifier: GPL-2.0
/* What the calls promise to a driver that uses them well. */

#include "mp.h"
#include "mp_worker.h"

#define SEED	7

MP_TEST_F(handle_of_zeroes_is_empty)
{
	int pool = mp_create(self->fd, "api", 1, 0);
	struct mp_test_info info = mp_info(self->fd, pool, 0);

	ASSERT_LE(0, pool);
	EXPECT_EQ(MP_EMPTY, info.state);
	EXPECT_EQ(0, info.pfn);
	EXPECT_EQ(0, info.pins);
}

MP_TEST_F(alloc_publish_free_states)
{
	int pool = mp_create(self->fd, "api", 1, 0);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	EXPECT_EQ(MP_PRIVATE, mp_info(self->fd, pool, 0).state);
	EXPECT_NE(0, mp_pfn(self->fd, pool, 0));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 0, 1));
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 0).state);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 0).state);
	EXPECT_EQ(0, mp_pfn(self->fd, pool, 0));
}

MP_TEST_F(handle_is_reused_after_free)
{
	int pool = mp_create(self->fd, "api", 1, 0);
	int i;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, mp_make(self->fd, pool, 0, 1, i));
		ASSERT_EQ(0, mp_verify(self->fd, pool, 0, 1, i));
		ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
	}
	EXPECT_EQ(100, mp_stats(self->fd, pool).allocated);
	EXPECT_EQ(100, mp_stats(self->fd, pool).freed);
}

MP_TEST_F(free_unpublished)
{
	int pool = mp_create(self->fd, "api", 4, 0);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 4));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 4));
	EXPECT_EQ(0, mp_stats(self->fd, pool).unpublished);
	EXPECT_EQ(0, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(contents_are_each_handles_own)
{
	int pool = mp_create(self->fd, "api", 300, 0);

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 300, SEED));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 300, SEED));
	EXPECT_EQ(-EILSEQ, mp_verify(self->fd, pool, 5, 1, SEED + 1));
	EXPECT_EQ(0, mp_arg(self->fd, pool, MP_TEST_FILL, 5, 1, SEED + 1));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 5, 1, SEED + 1));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 5, SEED));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 6, 294, SEED));
}

MP_TEST_F(books_follow_every_call)
{
	int pool = mp_create(self->fd, "api", 10, 0);
	struct mp_test_stats stats;

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 10));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 0, 6));
	mp_drain_lru();
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 4, 4));
	stats = mp_stats(self->fd, pool);
	EXPECT_EQ(10, stats.allocated);
	EXPECT_EQ(4, stats.freed);
	EXPECT_EQ(6, stats.pages);
	EXPECT_EQ(2, stats.unpublished);
	EXPECT_EQ(0, stats.deferred);
}

MP_TEST_F(bulk_gives_each_handle_a_page)
{
	int pool = mp_create(self->fd, "api", 101, 0);
	struct mp_test_call call = {
		.verb = MP_TEST_ALLOC_BULK,
		.pool = pool,
		.count = 101,
	};
	int i;

	ASSERT_EQ(0, mp_call(self->fd, &call));
	ASSERT_EQ(101, call.done);
	for (i = 0; i < 101; i++)
		EXPECT_EQ(i, mp_lookup(self->fd, pool,
				       mp_pfn(self->fd, pool, i)));
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_FILL, 0, 101, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 0, 101));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 101, SEED));
	EXPECT_EQ(101, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(bulk_of_none)
{
	int pool = mp_create(self->fd, "api", 1, 0);
	struct mp_test_call call = {
		.verb = MP_TEST_ALLOC_BULK,
		.pool = pool,
	};

	ASSERT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(0, call.done);
	EXPECT_EQ(0, mp_stats(self->fd, pool).pages);
}

static int limited_pool(int fd, unsigned int max_pages)
{
	struct mp_test_create create = {
		.name = "limited",
		.capacity = 100,
		.max_pages = max_pages,
	};

	return mp_create_as(fd, &create);
}

MP_TEST_F(max_pages_is_the_limit)
{
	int pool = limited_pool(self->fd, 3);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 3));
	EXPECT_EQ(-ENOSPC, mp_do(self->fd, pool, MP_TEST_ALLOC, 3, 1));
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 3).state);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 1, 1));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 3, 1));
	EXPECT_EQ(3, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(bulk_stops_at_max_pages)
{
	int pool = limited_pool(self->fd, 50);
	struct mp_test_call call = {
		.verb = MP_TEST_ALLOC_BULK,
		.pool = pool,
		.count = 100,
	};

	ASSERT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(50, call.done);
	EXPECT_EQ(MP_PRIVATE, mp_info(self->fd, pool, 49).state);
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 50).state);
	EXPECT_EQ(50, mp_stats(self->fd, pool).pages);
}

/* What bulk has taken from the page allocator in vain goes back. */
MP_TEST_F(bulk_keeps_no_page_over)
{
	long before = mp_read_field("/proc/meminfo", "MemFree");
	int pool = limited_pool(self->fd, 1);
	struct mp_test_call call = {
		.verb = MP_TEST_ALLOC_BULK,
		.pool = pool,
		.count = 32,
	};
	int rounds = 600;
	int i;

	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, mp_call(self->fd, &call));
		ASSERT_EQ(1, call.done);
		ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
	}
	/* A quarter of what would be missing otherwise. */
	EXPECT_GT(rounds * 31 * mp_page_kb() / 4,
		  before - mp_read_field("/proc/meminfo", "MemFree"));
}

MP_TEST_F(adopt_stops_at_max_pages)
{
	int pool = limited_pool(self->fd, 10);
	struct mp_test_call call = {
		.verb = MP_TEST_ADOPT_BLOCK,
		.pool = pool,
		.count = 16,
		.arg = 4,
	};

	EXPECT_EQ(-ENOSPC, mp_call(self->fd, &call));
	EXPECT_EQ(10, call.done);
	EXPECT_EQ(10, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(adopt_keeps_frames_and_contents)
{
	int pool = mp_create(self->fd, "api", MP_BLOCK, 0);
	struct mp_test_call call = {
		.verb = MP_TEST_ADOPT_BLOCK,
		.pool = pool,
		.count = MP_BLOCK,
		.arg = MP_BLOCK_ORDER,
		.value = SEED,
	};
	__u64 first;
	int i;

	ASSERT_EQ(0, mp_call(self->fd, &call));
	ASSERT_EQ(MP_BLOCK, call.done);
	first = mp_pfn(self->fd, pool, 0);
	for (i = 0; i < MP_BLOCK; i++)
		ASSERT_EQ(first + i, mp_pfn(self->fd, pool, i));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
	EXPECT_EQ(MP_BLOCK, mp_stats(self->fd, pool).allocated);
	EXPECT_EQ(MP_BLOCK, mp_stats(self->fd, pool).unpublished);
}

MP_TEST_F(lookup_finds_only_own_pages)
{
	int one = mp_create(self->fd, "one", 20, 0);
	int two = mp_create(self->fd, "two", 20, 0);
	__u64 pfn;
	int i;

	ASSERT_EQ(0, mp_make(self->fd, one, 0, 20, SEED));
	ASSERT_EQ(0, mp_do(self->fd, two, MP_TEST_ALLOC, 0, 20));
	for (i = 0; i < 20; i++) {
		pfn = mp_pfn(self->fd, one, i);
		EXPECT_EQ(i, mp_lookup(self->fd, one, pfn));
		EXPECT_EQ(-ENOENT, mp_lookup(self->fd, two, pfn));
		pfn = mp_pfn(self->fd, two, i);
		EXPECT_EQ(i, mp_lookup(self->fd, two, pfn));
	}
	pfn = mp_pfn(self->fd, one, 3);
	ASSERT_EQ(0, mp_do(self->fd, one, MP_TEST_FREE, 3, 1));
	EXPECT_EQ(-ENOENT, mp_lookup(self->fd, one, pfn));
}

MP_TEST_F(pins_are_counted)
{
	int pool = mp_create(self->fd, "api", 1, 0);

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 1, SEED));
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_PIN, 0, 1, 3));
	EXPECT_EQ(3, mp_info(self->fd, pool, 0).pins);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_TRYPIN, 0, 1));
	EXPECT_EQ(4, mp_info(self->fd, pool, 0).pins);
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 0).state);
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_UNPIN, 0, 1, 4));
	EXPECT_EQ(0, mp_info(self->fd, pool, 0).pins);
}

MP_TEST_F(pin_and_fill_before_publish)
{
	int pool = mp_create(self->fd, "api", 1, 0);
	__u64 pfn;

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	pfn = mp_pfn(self->fd, pool, 0);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	EXPECT_EQ(MP_PRIVATE, mp_info(self->fd, pool, 0).state);
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_FILL, 0, 1, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 0, 1));
	EXPECT_EQ(1, mp_info(self->fd, pool, 0).pins);
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 1, SEED));
}

MP_TEST_F(free_of_a_pinned_page_waits_for_the_owner)
{
	int pool = mp_create(self->fd, "api", 1, MP_TEST_HAS_FREED);

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 1, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	EXPECT_EQ(-EBUSY, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
	EXPECT_EQ(-EBUSY, mp_do(self->fd, pool, MP_TEST_FREE_ASYNC, 0, 1));
	EXPECT_EQ(1, mp_info(self->fd, pool, 0).pins);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 1, SEED));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
}

MP_TEST_F(vmap_shows_pages_side_by_side)
{
	int pool = mp_create(self->fd, "api", 8, 0);
	int i;

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 8, SEED));
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_VMAP, 0, 8, SEED));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(1, mp_info(self->fd, pool, i).pins);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_VUNMAP, 0, 0));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, mp_info(self->fd, pool, i).pins);
}

MP_TEST_F(vmap_pins_all_or_none)
{
	int pool = mp_create(self->fd, "api", 8, 0);
	int i;

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 8, SEED));
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_PIN, 6, 1, MP_MAX_PINS));
	EXPECT_EQ(-EOVERFLOW,
		  mp_arg(self->fd, pool, MP_TEST_VMAP, 0, 8, SEED));
	for (i = 0; i < 6; i++)
		EXPECT_EQ(0, mp_info(self->fd, pool, i).pins);
	EXPECT_EQ(MP_MAX_PINS, mp_info(self->fd, pool, 6).pins);
	EXPECT_EQ(0, mp_info(self->fd, pool, 7).pins);
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_UNPIN, 6, 1, 1));
	EXPECT_EQ(0, mp_arg(self->fd, pool, MP_TEST_VMAP, 0, 8, SEED));
}

MP_TEST_F(vmap_of_none)
{
	int pool = mp_create(self->fd, "api", 1, 0);

	EXPECT_EQ(-EINVAL, mp_arg(self->fd, pool, MP_TEST_VMAP, 0, 0, SEED));
}

MP_TEST_F(two_pools_keep_apart)
{
	int one = mp_create(self->fd, "same", 50, 0);
	int two = mp_create(self->fd, "same", 50, 0);

	ASSERT_NE(one, two);
	ASSERT_EQ(0, mp_make(self->fd, one, 0, 50, SEED));
	ASSERT_EQ(0, mp_make(self->fd, two, 0, 30, SEED + 1));
	ASSERT_EQ(0, mp_do(self->fd, one, MP_TEST_FREE, 0, 50));
	EXPECT_EQ(0, mp_stats(self->fd, one).pages);
	EXPECT_EQ(30, mp_stats(self->fd, two).pages);
	ASSERT_EQ(0, mp_destroy(self->fd, one));
	EXPECT_EQ(0, mp_verify(self->fd, two, 0, 30, SEED + 1));
	EXPECT_EQ(0, mp_make(self->fd, two, 30, 20, SEED + 1));
}

MP_TEST_F(destroy_of_an_empty_pool_is_quiet)
{
	int pool = mp_create(self->fd, "api", 1, MP_TEST_HAS_ALL);

	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_destroy(self->fd, pool));
	EXPECT_EQ(-ENXIO, mp_destroy(self->fd, pool));
}

MP_TEST_F(free_async_calls_freed_once)
{
	int pool = mp_create(self->fd, "api", 10, MP_TEST_HAS_FREED);
	int i;

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 10, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE_ASYNC, 0, 10));
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(1, mp_info(self->fd, pool, i).freed);
		EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, i).state);
	}
	EXPECT_EQ(10, mp_log(self->fd, pool).freed);
	EXPECT_EQ(0, mp_stats(self->fd, pool).pages);
}

MP_TEST_F(free_does_not_call_freed)
{
	int pool = mp_create(self->fd, "api", 10, MP_TEST_HAS_FREED);

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 10, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 10));
	EXPECT_EQ(0, mp_log(self->fd, pool).freed);
}

MP_TEST_F(free_async_without_freed_is_not_supported)
{
	int pool = mp_create(self->fd, "api", 1, MP_TEST_HAS_MIGRATE);

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 1, SEED));
	EXPECT_EQ(-EOPNOTSUPP,
		  mp_do(self->fd, pool, MP_TEST_FREE_ASYNC, 0, 1));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 1, SEED));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
}

MP_TEST_F(object_memory_is_the_drivers_after_free)
{
	int pool = mp_create(self->fd, "api", 40, MP_TEST_HAS_FREED);

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 40, SEED));
	EXPECT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_BURY,
				 MP_TEST_FREE, 0, 10));
	EXPECT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_BURY,
				 MP_TEST_FREE_ASYNC, 10, 10));
	EXPECT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_KFREE,
				 MP_TEST_FREE, 20, 10));
	EXPECT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_KFREE,
				 MP_TEST_FREE_ASYNC, 30, 10));
	EXPECT_EQ(0, mp_make(self->fd, pool, 0, 40, SEED));
	EXPECT_EQ(0, mp_log(self->fd, pool).graves);
}

/* Of pages that are there. */
static int later_life_in(int fd, int pool, enum mp_test_context context)
{
	return mp_do_in(fd, pool, context, MP_TEST_TRYPIN, 0, 20) ?:
	       mp_do_in(fd, pool, context, MP_TEST_PUBLISH, 0, 20) ?:
	       mp_do_in(fd, pool, context, MP_TEST_UNPIN, 0, 20) ?:
	       mp_do_in(fd, pool, context, MP_TEST_FREE_ASYNC, 0, 20);
}

static int life_in(int fd, int pool, enum mp_test_context context)
{
	return mp_do_in(fd, pool, context, MP_TEST_ALLOC, 0, 20) ?:
	       later_life_in(fd, pool, context);
}

MP_TEST_F(whole_life_with_interrupts_off)
{
	int pool = mp_create(self->fd, "api", 20, MP_TEST_HAS_FREED);

	EXPECT_EQ(0, life_in(self->fd, pool, MP_TEST_IN_IRQS_OFF));
	EXPECT_EQ(20, mp_log(self->fd, pool).freed);
}

MP_TEST_F(whole_life_in_softirq)
{
	int pool = mp_create(self->fd, "api", 20, MP_TEST_HAS_FREED);

	EXPECT_EQ(0, life_in(self->fd, pool, MP_TEST_IN_SOFTIRQ));
	EXPECT_EQ(20, mp_log(self->fd, pool).freed);
}

MP_TEST_F(whole_life_in_hardirq)
{
	int pool = mp_create(self->fd, "api", 20, MP_TEST_HAS_FREED);

	EXPECT_EQ(0, life_in(self->fd, pool, MP_TEST_IN_HARDIRQ));
	EXPECT_EQ(20, mp_log(self->fd, pool).freed);
}

/* To be put in the page cache takes a context that may sleep. */
MP_TEST_F(alloc_in_atomic_context_or_not_at_all)
{
	int pool = mp_create(self->fd, "api", 1, 0);
	struct mp_test_stats stats = mp_stats(self->fd, pool);
	int expected = mp_cached(&stats) ? -EOPNOTSUPP : 0;
	unsigned int context;

	for (context = 0; context <= MP_TEST_IN_HARDIRQ; context++) {
		struct mp_test_call call = {
			.verb = MP_TEST_ALLOC,
			.context = context,
			.pool = pool,
			.count = 1,
			.arg = MP_TEST_GFP_ATOMIC,
		};

		EXPECT_EQ(expected, mp_call(self->fd, &call));
		EXPECT_EQ(expected ? MP_EMPTY : MP_PRIVATE,
			  mp_info(self->fd, pool, 0).state);
		EXPECT_EQ(!expected, mp_stats(self->fd, pool).pages);
		if (!expected)
			ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
	}
	EXPECT_EQ(0, mp_make(self->fd, pool, 0, 1, SEED));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
}

/* Pages allocated where that may sleep are then used and freed anywhere. */
static void live_on_in(struct __test_metadata *_metadata, int fd,
		       enum mp_test_context context)
{
	int pool = mp_create(fd, "api", 20, MP_TEST_HAS_FREED);

	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_ALLOC, 0, 20));
	EXPECT_EQ(0, later_life_in(fd, pool, context));
	EXPECT_EQ(20, mp_log(fd, pool).freed);
	EXPECT_EQ(0, mp_stats(fd, pool).pages);
	EXPECT_EQ(0, mp_deferred_drain());
}

MP_TEST_F(life_after_alloc_with_interrupts_off)
{
	live_on_in(_metadata, self->fd, MP_TEST_IN_IRQS_OFF);
}

MP_TEST_F(life_after_alloc_in_softirq)
{
	live_on_in(_metadata, self->fd, MP_TEST_IN_SOFTIRQ);
}

MP_TEST_F(life_after_alloc_in_hardirq)
{
	live_on_in(_metadata, self->fd, MP_TEST_IN_HARDIRQ);
}

static int step_evict_once(struct mp_worker *worker)
{
	worker->stop = 1;
	return mp_evict(worker->fd, worker->pfn, worker->count);
}

/* Return: 0 if the frame has been had. */
static int evicted_so_far(struct mp_worker *evictor)
{
	return __atomic_load_n(&evictor->steps, __ATOMIC_ACQUIRE) ?
	       evictor->err : -EINPROGRESS;
}

/*
 * The frames cannot be had meanwhile.  In 5.10 and 6.1 the VM isolates page
 * cache without a look at the lock, and then waits for that.
 */
MP_TEST_F(free_never_waits_for_a_page_lock_R10)
{
	int pool = mp_create(self->fd, "api", MP_BLOCK, MP_TEST_HAS_FREED);
	struct mp_worker evictor = {
		.step = step_evict_once,
		.fd = self->fd,
		.count = 1,
	};
	struct mp_test_stats stats;
	int later;

	ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, SEED));
	stats = mp_stats(self->fd, pool);
	later = mp_defers(&stats) ? 2 : 0;
	evictor.pfn = mp_pfn(self->fd, pool, 0);
	mp_drain_lru();
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_LOCK, 0, 2));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
	EXPECT_EQ(0, mp_do_in(self->fd, pool, MP_TEST_IN_HARDIRQ,
			      MP_TEST_FREE_ASYNC, 1, 1));
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, pool, 0).state);
	EXPECT_EQ(1, mp_info(self->fd, pool, 1).freed);
	EXPECT_EQ(later, mp_stats(self->fd, pool).deferred);
	ASSERT_EQ(0, mp_worker_start(&evictor));
	usleep(300000);
	EXPECT_EQ(later, mp_deferred());
	EXPECT_NE(0, evicted_so_far(&evictor));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_UNLOCK, 0, 2));
	mp_worker_stop(&evictor);
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_evict_retry(self->fd, evictor.pfn, 1));
}

MP_TEST_F(destroy_after_a_deferred_free)
{
	int pool = mp_create(self->fd, "api", 1, 0);
	int other = mp_create(self->fd, "other", 1, 0);
	struct mp_test_stats stats = mp_stats(self->fd, pool);

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 1, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_LOCK, 0, 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
	EXPECT_EQ(0, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(mp_defers(&stats), mp_deferred());
	EXPECT_EQ(0, mp_make(self->fd, other, 0, 1, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_UNLOCK, 0, 1));
	EXPECT_EQ(0, mp_destroy(self->fd, pool));
	EXPECT_EQ(0, mp_deferred_drain());
}

MP_TEST_F(freed_frames_are_the_kernels_again)
{
	int pool = mp_create(self->fd, "api", MP_BLOCK, 0);
	__u64 pfn;

	ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, SEED));
	pfn = mp_pfn(self->fd, pool, 0);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, MP_BLOCK));
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, MP_BLOCK));
	EXPECT_EQ(0, mp_stats(self->fd, pool).isolated);
}

MP_TEST_F(unmovable_pool_is_a_pool)
{
	struct mp_test_create create = {
		.name = "fixed",
		.capacity = 20,
		.flags = MP_UNMOVABLE,
	};
	int pool = mp_create_as(self->fd, &create);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 20, SEED));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 20, SEED));
	EXPECT_EQ(20, mp_stats(self->fd, pool).pages);
}

/* There is nowhere to write it to, and NUMA balancing skips dirty pages. */
MP_TEST_F(page_cache_is_never_dirty)
{
	struct mp_test_create create = {
		.name = "dirty",
		.capacity = 1,
		.flags = MP_PAGE_CACHE,
	};
	int pool = mp_create_as(self->fd, &create);
	struct mp_test_call call = {
		.verb = MP_TEST_DIRTY,
		.pool = pool,
		.count = 1,
	};

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 1, SEED));
	EXPECT_EQ(0, mp_call(self->fd, &call));
	EXPECT_EQ(0, call.value);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 1, SEED));
}

/* Return: lines of the pool's list; each must be one of its pages. */
static int count_listed(int fd, int pool, const char *path, int *foreign)
{
	unsigned long long pfn;
	unsigned int pins;
	char state[16];
	int lines = 0;
	FILE *list;
	int index;

	list = fopen(path, "r");
	if (!list)
		return -errno;
	while (fscanf(list, "%llu %15s %u%*[^\n]", &pfn, state, &pins) == 3) {
		lines++;
		index = mp_lookup(fd, pool, pfn);
		if (index < 0 || pins != mp_info(fd, pool, index).pins ||
		    strcmp(state, index < 5 ? "live" : "private"))
			++*foreign;
	}
	fclose(list);
	return lines;
}

MP_TEST_F(debugfs_lists_exactly_the_pools_pages)
{
	int pool = mp_create(self->fd, "listed", 8, 0);
	int other = mp_create(self->fd, "unlisted", 8, 0);
	int foreign = 0;
	char path[128];

	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 5, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 5, 3));
	ASSERT_EQ(0, mp_make(self->fd, other, 0, 8, SEED));
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_PIN, 3, 1, 2));
	ASSERT_EQ(1, mp_find_file(MP_DEBUGFS "listed-*/pages", path,
				  sizeof(path)));
	EXPECT_EQ(8, count_listed(self->fd, pool, path, &foreign));
	EXPECT_EQ(0, foreign);
}

/* More than one read(2) can have; unpublished, so that none moves meanwhile. */
MP_TEST_F(debugfs_lists_a_thousand_pages_and_which_is_locked)
{
	int pool = mp_create(self->fd, "many", 1000, 0);
	int pages = 0, locked = 0;
	char path[128], line[64];
	FILE *list;

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1000));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_LOCK, 500, 1));
	mp_find_file(MP_DEBUGFS "many-*/pages", path, sizeof(path));
	list = fopen(path, "r");
	ASSERT_NE(NULL, list);
	while (fgets(line, sizeof(line), list)) {
		pages++;
		locked += !!strstr(line, " locked ");
	}
	fclose(list);
	EXPECT_EQ(1000, pages);
	EXPECT_EQ(1, locked);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_UNLOCK, 500, 1));
}

MP_TEST_F(debugfs_shows_the_books)
{
	int pool = mp_create(self->fd, "shown", 8, 0);
	char path[128];

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 8));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 0, 6));
	mp_drain_lru();
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 2));
	ASSERT_EQ(1, mp_find_file(MP_DEBUGFS "shown-*/stats", path,
				  sizeof(path)));
	EXPECT_EQ(6, mp_read_field(path, "pages"));
	EXPECT_EQ(2, mp_read_field(path, "unpublished"));
	EXPECT_EQ(8, mp_read_field(path, "allocated"));
	EXPECT_EQ(2, mp_read_field(path, "freed"));
	EXPECT_EQ(0, mp_read_field(path, "isolated"));
	EXPECT_EQ(0, mp_read_field(path, "deferred"));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 2, 6));
	ASSERT_EQ(0, mp_destroy(self->fd, pool));
	EXPECT_EQ(0, mp_find_file(MP_DEBUGFS "shown-*", path, sizeof(path)));
}

TEST_HARNESS_MAIN
