// SPDX-License-Identifier: GPL-2.0
/*
 * Races forced by wait points: the VM's thread, or the owner's, is stopped in a
 * window while the other acts.  Needs movable_pool_test.ko.
 */

#include <linux/kernel-page-flags.h>

#include "mp.h"
#include "mp_module.h"
#include "mp_once.h"
#include "mp_owner.h"
#include "mp_point.h"
#include "mp_worker.h"

#define SEED	11

/* The same, of object @index. */
static int evict_start(struct mp_once *once, int fd, int pool,
		       unsigned int index, unsigned int count)
{
	return mp_once_evict(once, fd, mp_pfn(fd, pool, index), count);
}

/*
 * Object 0 is what a test is about.  The others fill its block: to evict one
 * frame the kernel isolates the whole block, and refuses when others' pages
 * have come to be in it.
 */
#define NEIGHBOURS	(MP_BLOCK - 1)

static int free_neighbours(int fd, int pool)
{
	return mp_do(fd, pool, MP_TEST_FREE, 1, NEIGHBOURS);
}

/* A pool with one published page, whose eviction has come to @point. */
static int stopped_at(struct __test_metadata *_metadata, int fd, int has,
		      const char *point, struct mp_once *vm)
{
	int pool = mp_create(fd, "races", MP_BLOCK, has);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make_block(fd, pool, 0, SEED));
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_stop(point, mp_pfn(fd, pool, 0)));
	ASSERT_EQ(0, evict_start(vm, fd, pool, 0, 1));
	ASSERT_EQ(1, mp_once_stops_at(vm, point))
		TH_LOG("the VM says %d and was not at %s", vm->result, point);
	return pool;
}

static __u64 frame_flags(__u64 pfn)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	__u64 flags = 0;

	if (pread(fd, &flags, sizeof(flags), pfn * sizeof(flags)) < 0)
		flags = 0;
	close(fd);
	return flags;
}

static int is_locked(__u64 pfn)
{
	return !!(frame_flags(pfn) & 1ULL << KPF_LOCKED);
}

/* Of so many objects: whose pages have a reference more than usual. */
static int held_by_the_vm(int fd, int pool, unsigned int first,
			  unsigned int count)
{
	struct mp_test_stats stats = mp_stats(fd, pool);
	/* The pool's, or the page cache's and PG_private's. */
	long usual = mp_cached(&stats) ? 2 : 1;
	int n = 0;

	for (; count--; first++)
		n += mp_frame_refs(fd, mp_pfn(fd, pool, first)) > usual;
	return n;
}

/* What only a page in other hands, or a free one, has. */
static int others_have(__u64 pfn)
{
	const __u64 others = 1ULL << KPF_LRU | 1ULL << KPF_SLAB |
			     1ULL << KPF_BUDDY | 1ULL << KPF_COMPOUND_HEAD |
			     1ULL << KPF_COMPOUND_TAIL | 1ULL << KPF_PGTABLE;

	return !!(frame_flags(pfn) & others);
}

/*
 * Nothing of ours is left on the frame: it can be had again, or somebody has
 * it, whose page may be waiting to be put on the LRU, which compaction does.
 */
static void frame_is_free(struct __test_metadata *_metadata, int fd, __u64 pfn)
{
	int tries = 20;

	EXPECT_EQ(0, mp_deferred_drain());
	while (mp_evict(fd, pfn, 1) && mp_frame_refs(fd, pfn) &&
	       !others_have(pfn) && tries--)
		mp_compact();
	EXPECT_LE(0, tries)
		TH_LOG("pfn %llu: kpageflags %#llx, %ld references", pfn,
		       frame_flags(pfn), mp_frame_refs(fd, pfn));
}

static int on_page_cache(int fd, int pool)
{
	struct mp_test_stats stats = mp_stats(fd, pool);

	return mp_cached(&stats);
}

static int defers(int fd, int pool)
{
	struct mp_test_stats stats = mp_stats(fd, pool);

	return mp_defers(&stats);
}

/* free() in a window in which the VM has the page locked. */
static void free_while(struct __test_metadata *_metadata, int fd,
		       const char *point, unsigned int released)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, fd, 0, point, &vm);
	__u64 pfn = mp_pfn(fd, pool, 0);
	struct mp_test_stats stats;

	ASSERT_EQ(0, mp_do_flags(fd, pool, MP_TEST_BURY, MP_TEST_FREE, 0, 1));
	EXPECT_EQ(defers(fd, pool), mp_stats(fd, pool).deferred);
	EXPECT_EQ(NEIGHBOURS, mp_stats(fd, pool).pages);
	EXPECT_EQ(defers(fd, pool), mp_deferred());
	ASSERT_EQ(0, mp_point_go(point));
	mp_once_join(&vm);
	frame_is_free(_metadata, fd, pfn);
	stats = mp_stats(fd, pool);
	EXPECT_EQ(mp_taken(&stats, released), stats.released);
	EXPECT_EQ(0, stats.attempted);
	EXPECT_EQ(0, stats.migrated);
	EXPECT_EQ(0, stats.putback);
	EXPECT_EQ(0, mp_log(fd, pool).graves);
}

MP_TEST_F(free_before_isolation_R9)
{
	free_while(_metadata, self->fd, "isolate-enter", 0);
}

MP_TEST_F(free_at_isolation_R9)
{
	free_while(_metadata, self->fd, "isolate-done", 1);
}

MP_TEST_F(free_before_migration_R9_R10)
{
	free_while(_metadata, self->fd, "migrate-enter", 1);
}

/*
 * One of two pages is isolated while the other moves.  Since 6.3 a batch holds
 * the locks of both; page cache waits in any case, for the VM's reference.
 */
MP_TEST_F(free_while_isolated_R9)
{
	int pool = mp_create(self->fd, "races", MP_BLOCK, 0);
	struct mp_test_stats stats;
	struct mp_once vm;
	__u64 pfn;
	int later;

	ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, SEED));
	pfn = mp_pfn(self->fd, pool, 0);
	ASSERT_EQ(0, mp_points_reset());
	/* The VM begins with the page it has isolated last. */
	ASSERT_EQ(0, mp_point_stop("migrate-enter", pfn + 1));
	ASSERT_EQ(0, evict_start(&vm, self->fd, pool, 0, 2));
	ASSERT_EQ(1, mp_once_stops_at(&vm, "migrate-enter"));
	ASSERT_EQ(2, held_by_the_vm(self->fd, pool, 0, 2));
	later = defers(self->fd, pool) &&
		(on_page_cache(self->fd, pool) || is_locked(pfn));
	ASSERT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_BURY, MP_TEST_FREE,
				 0, 1));
	stats = mp_stats(self->fd, pool);
	EXPECT_EQ(mp_taken(&stats, 1), stats.released);
	EXPECT_EQ(later, stats.deferred);
	ASSERT_EQ(0, mp_point_go("migrate-enter"));
	EXPECT_TRUE(!mp_once_join(&vm) || later);
	EXPECT_EQ(1, mp_stats(self->fd, pool).migrated);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 1, 1, SEED));
	frame_is_free(_metadata, self->fd, pfn);
}

MP_TEST_F(free_before_putback_R9)
{
	int pool = mp_create(self->fd, "races", MP_BLOCK, MP_TEST_HAS_MIGRATE);
	struct mp_once vm;
	__u64 pfn;

	ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, SEED));
	ASSERT_EQ(0, mp_script_results(self->fd, pool, ~0U, -EBUSY));
	pfn = mp_pfn(self->fd, pool, 0);
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_stop("putback-enter", pfn));
	ASSERT_EQ(0, evict_start(&vm, self->fd, pool, 0, 1));
	ASSERT_EQ(1, mp_point_wait("putback-enter"));
	ASSERT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_BURY, MP_TEST_FREE,
				 0, 1));
	EXPECT_EQ(defers(self->fd, pool), mp_deferred());
	ASSERT_EQ(0, mp_point_go("putback-enter"));
	/* What is freed at once may be had when the VM tries once more. */
	EXPECT_TRUE(mp_once_join(&vm) || !defers(self->fd, pool));
	EXPECT_EQ(1, mp_stats(self->fd, pool).released);
	EXPECT_EQ(0, mp_stats(self->fd, pool).putback);
	frame_is_free(_metadata, self->fd, pfn);
}

/* free() waits for a move, and frees where the page is then. */
static void free_waits_while(struct __test_metadata *_metadata, int fd,
			     const char *point)
{
	struct mp_once vm, owner;
	int pool = stopped_at(_metadata, fd, 0, point, &vm);
	__u64 pfn = mp_pfn(fd, pool, 0);

	EXPECT_EQ(MP_MOVING, mp_info(fd, pool, 0).state);
	ASSERT_EQ(0, mp_once_start(&owner, fd, pool, 0, mp_owner_free));
	EXPECT_EQ(1, mp_once_waits(&owner));
	ASSERT_EQ(0, mp_point_go(point));
	EXPECT_EQ(0, mp_once_join(&owner));
	EXPECT_EQ(0, mp_once_join(&vm));
	EXPECT_EQ(NEIGHBOURS, mp_stats(fd, pool).pages);
	EXPECT_EQ(1, mp_stats(fd, pool).migrated);
	EXPECT_EQ(0, mp_log(fd, pool).graves);
	frame_is_free(_metadata, fd, pfn);
}

MP_TEST_F(free_waits_for_the_copy)
{
	free_waits_while(_metadata, self->fd, "migrate-moving");
}

MP_TEST_F(free_waits_for_the_publication)
{
	free_waits_while(_metadata, self->fd, "migrate-copied");
}

/* The owner frees the page in the instant the new frame is published. */
MP_TEST_F(free_at_publication_R5)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, self->fd, MP_TEST_HAS_MOVED,
			      "migrate-published", &vm);

	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 0).state);
	ASSERT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_BURY, MP_TEST_FREE,
				 0, 1));
	EXPECT_EQ(NEIGHBOURS, mp_stats(self->fd, pool).pages);
	EXPECT_EQ(defers(self->fd, pool), mp_deferred());
	ASSERT_EQ(0, mp_point_go("migrate-published"));
	EXPECT_EQ(0, mp_once_join(&vm));
	EXPECT_EQ(1, mp_stats(self->fd, pool).migrated);
	EXPECT_EQ(1, mp_log(self->fd, pool).moved);
	EXPECT_EQ(0, mp_log(self->fd, pool).graves);
	frame_is_free(_metadata, self->fd, mp_log(self->fd, pool).old_pfn);
}

MP_TEST_F(use_at_publication_R5)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, self->fd, 0, "migrate-published", &vm);

	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 1, SEED));
	EXPECT_EQ(0, mp_arg(self->fd, pool, MP_TEST_FILL, 0, 1, SEED + 1));
	ASSERT_EQ(0, mp_point_go("migrate-published"));
	EXPECT_EQ(0, mp_once_join(&vm));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 1, SEED + 1));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
}

/* free_async() of a page in motion: the mover frees it and says so. */
static void free_async_while(struct __test_metadata *_metadata, int fd,
			     const char *point, enum mp_test_context context)
{
	struct mp_test_call call = {
		.verb = MP_TEST_FREE_ASYNC,
		.context = context,
		.flags = MP_TEST_KFREE,
		.count = 1,
	};
	struct mp_once vm;
	int pool = stopped_at(_metadata, fd, MP_TEST_HAS_FREED, point, &vm);
	__u64 pfn = mp_pfn(fd, pool, 0);
	struct mp_test_stats stats;

	call.pool = pool;
	ASSERT_EQ(0, mp_call(fd, &call));
	EXPECT_EQ(0, mp_log(fd, pool).freed);
	EXPECT_EQ(MP_BLOCK, mp_stats(fd, pool).pages);
	ASSERT_EQ(0, mp_point_go(point));
	mp_once_join(&vm);
	EXPECT_EQ(1, mp_log(fd, pool).freed);
	stats = mp_stats(fd, pool);
	EXPECT_EQ(NEIGHBOURS, stats.pages);
	EXPECT_EQ(mp_taken(&stats, 1), stats.released);
	EXPECT_EQ(1, stats.attempted);
	EXPECT_EQ(1, stats.refused_unready);
	EXPECT_EQ(0, stats.migrated);
	frame_is_free(_metadata, fd, pfn);
}

MP_TEST_F(free_async_before_the_copy_R10)
{
	free_async_while(_metadata, self->fd, "migrate-moving",
			 MP_TEST_IN_PROCESS);
}

MP_TEST_F(free_async_after_the_copy_R10)
{
	free_async_while(_metadata, self->fd, "migrate-copied",
			 MP_TEST_IN_PROCESS);
}

MP_TEST_F(free_async_in_hardirq_while_moving_R10)
{
	free_async_while(_metadata, self->fd, "migrate-copied",
			 MP_TEST_IN_HARDIRQ);
}

MP_TEST_F(free_async_with_irqs_off_while_moving_R10)
{
	free_async_while(_metadata, self->fd, "migrate-moving",
			 MP_TEST_IN_IRQS_OFF);
}

/* free_async() where free() would defer, from the contexts that need it. */
static void free_async_in_contexts(struct __test_metadata *_metadata, int fd,
				   const char *point, unsigned int released)
{
	struct mp_test_stats stats;
	unsigned int context;

	for (context = 0; context <= MP_TEST_IN_HARDIRQ; context++) {
		struct mp_once vm;
		int pool = stopped_at(_metadata, fd, MP_TEST_HAS_FREED, point,
				      &vm);

		ASSERT_EQ(0, mp_do_in(fd, pool, context, MP_TEST_FREE_ASYNC,
				      0, 1));
		EXPECT_EQ(1, mp_log(fd, pool).freed);
		EXPECT_EQ(defers(fd, pool), mp_deferred());
		ASSERT_EQ(0, mp_point_go(point));
		mp_once_join(&vm);
		EXPECT_EQ(0, mp_deferred_drain());
		stats = mp_stats(fd, pool);
		EXPECT_EQ(mp_taken(&stats, released), stats.released);
		EXPECT_EQ(0, stats.attempted);
		ASSERT_EQ(0, free_neighbours(fd, pool));
		ASSERT_EQ(0, mp_destroy(fd, pool));
		EXPECT_EQ(0, mp_deferred_drain());
	}
}

MP_TEST_F(free_async_before_isolation_in_every_context)
{
	free_async_in_contexts(_metadata, self->fd, "isolate-enter", 0);
}

MP_TEST_F(free_async_at_isolation_in_every_context)
{
	free_async_in_contexts(_metadata, self->fd, "isolate-done", 1);
}

MP_TEST_F(free_async_before_migration_in_every_context)
{
	free_async_in_contexts(_metadata, self->fd, "migrate-enter", 1);
}

/* A handle whose page the mover will free is gone for everybody. */
MP_TEST_F(dying_page_is_refused)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, self->fd, MP_TEST_HAS_FREED,
			      "migrate-moving", &vm);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE_ASYNC, 0, 1));
	EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_TRYPIN, 0, 1));
	EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	mp_once_join(&vm);
	EXPECT_EQ(1, mp_log(self->fd, pool).freed);
}

MP_TEST_F(freed_twice_in_motion_R14)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, self->fd, MP_TEST_HAS_FREED,
			      "migrate-moving", &vm);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE_ASYNC, 0, 1));
	MP_EXPECT_WARNING("free of a handle without a page, or freed twice", {
		EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_FREE_ASYNC,
					 0, 1));
		EXPECT_EQ(-ENOENT, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
	});
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	mp_once_join(&vm);
	EXPECT_EQ(1, mp_log(self->fd, pool).freed);
}

MP_TEST_F(pin_before_migration_refuses_it)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, self->fd, 0, "migrate-enter", &vm);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	ASSERT_EQ(0, mp_point_go("migrate-enter"));
	EXPECT_NE(0, mp_once_join(&vm));
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_LE(1, mp_stats(self->fd, pool).refused_pinned);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	frame_is_free(_metadata, self->fd, pfn);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 1, SEED));
}

static void pin_waits_while(struct __test_metadata *_metadata, int fd,
			    const char *point)
{
	struct mp_once vm, owner;
	int pool = stopped_at(_metadata, fd, 0, point, &vm);
	__u64 pfn = mp_pfn(fd, pool, 0);

	EXPECT_EQ(-EAGAIN, mp_do(fd, pool, MP_TEST_TRYPIN, 0, 1));
	EXPECT_EQ(-EAGAIN, mp_do_in(fd, pool, MP_TEST_IN_HARDIRQ,
				    MP_TEST_TRYPIN, 0, 1));
	ASSERT_EQ(0, mp_once_start(&owner, fd, pool, 0, mp_owner_pin));
	EXPECT_EQ(1, mp_once_waits(&owner));
	ASSERT_EQ(0, mp_point_go(point));
	EXPECT_EQ(0, mp_once_join(&owner));
	EXPECT_EQ(0, mp_once_join(&vm));
	EXPECT_NE(pfn, mp_pfn(fd, pool, 0));
	EXPECT_EQ(1, mp_info(fd, pool, 0).pins);
	EXPECT_EQ(0, mp_verify(fd, pool, 0, 1, SEED));
	EXPECT_EQ(0, mp_do(fd, pool, MP_TEST_UNPIN, 0, 1));
}

MP_TEST_F(pin_waits_for_the_copy_R11)
{
	pin_waits_while(_metadata, self->fd, "migrate-moving");
}

MP_TEST_F(pin_waits_for_the_publication_R11)
{
	pin_waits_while(_metadata, self->fd, "migrate-copied");
}

/* The move ends between a pinner's look and its sleep. */
MP_TEST_F(no_lost_wakeup_R8)
{
	struct mp_once vm, owner;
	int pool = stopped_at(_metadata, self->fd, 0, "migrate-moving", &vm);

	ASSERT_EQ(0, mp_point_stop("pin-wait", 0));
	ASSERT_EQ(0, mp_once_start(&owner, self->fd, pool, 0, mp_owner_pin));
	ASSERT_EQ(1, mp_point_wait("pin-wait"));
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	EXPECT_EQ(0, mp_once_join(&vm));
	ASSERT_EQ(0, mp_point_go("pin-wait"));
	EXPECT_EQ(0, mp_once_join(&owner));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
}

MP_TEST_F(every_waiter_wakes_R8)
{
	struct mp_once vm, owners[16];
	int pool = stopped_at(_metadata, self->fd, 0, "migrate-moving", &vm);
	int i;

	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, mp_once_start(&owners[i], self->fd, pool, 0,
					   mp_owner_pin));
	EXPECT_EQ(1, mp_once_waits(&owners[15]));
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	for (i = 0; i < 16; i++)
		EXPECT_EQ(0, mp_once_join(&owners[i]));
	EXPECT_EQ(16, mp_info(self->fd, pool, 0).pins);
	EXPECT_EQ(0, mp_once_join(&vm));
	EXPECT_EQ(0, mp_arg(self->fd, pool, MP_TEST_UNPIN, 0, 1, 16));
}

MP_TEST_F(waiters_wake_when_a_move_fails_R8)
{
	struct mp_once vm, owner;
	int pool = stopped_at(_metadata, self->fd, MP_TEST_HAS_MIGRATE,
			      "migrate-moving", &vm);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_script_results(self->fd, pool, ~0U, -EBUSY));
	ASSERT_EQ(0, mp_once_start(&owner, self->fd, pool, 0, mp_owner_pin));
	EXPECT_EQ(1, mp_once_waits(&owner));
	ASSERT_EQ(0, mp_point_go("migrate-moving"));
	EXPECT_EQ(0, mp_once_join(&owner));
	EXPECT_NE(0, mp_once_join(&vm));
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
}

/*
 * Somebody who scans memory gets hold of a page that is copied already.  In the
 * page cache it cannot be replaced then: the driver has to turn back.
 */
MP_TEST_F(stray_reference_after_the_copy)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, self->fd, MP_TEST_HAS_ALL,
			      "migrate-copied", &vm);
	__u64 pfn = mp_pfn(self->fd, pool, 0);
	struct mp_test_stats stats;

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_GRAB, 0, 1));
	ASSERT_EQ(0, mp_point_go("migrate-copied"));
	EXPECT_NE(0, mp_once_join(&vm));
	EXPECT_EQ(1, mp_log(self->fd, pool).migrate);
	EXPECT_EQ(1, mp_log(self->fd, pool).undone);
	EXPECT_EQ(0, mp_log(self->fd, pool).moved);
	stats = mp_stats_at_rest(self->fd, pool);
	EXPECT_LE(2, stats.refused_referenced);
	EXPECT_EQ(stats.attempted, stats.refused_referenced);
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(MP_LIVE, mp_info(self->fd, pool, 0).state);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_PUT, 0, 1));
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 1));
	EXPECT_NE(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(1, mp_log(self->fd, pool).moved);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

/* The same, and the owner frees the page meanwhile. */
MP_TEST_F(free_async_while_a_move_is_undone_R10)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, self->fd, MP_TEST_HAS_ALL,
			      "migrate-copied", &vm);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_GRAB, 0, 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE_ASYNC, 0, 1));
	EXPECT_EQ(0, mp_log(self->fd, pool).freed);
	ASSERT_EQ(0, mp_point_go("migrate-copied"));
	mp_once_join(&vm);
	EXPECT_EQ(1, mp_log(self->fd, pool).undone);
	EXPECT_EQ(1, mp_log(self->fd, pool).freed);
	EXPECT_EQ(0, mp_log(self->fd, pool).moved);
	EXPECT_EQ(NEIGHBOURS, mp_stats(self->fd, pool).pages);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_PUT, 0, 1));
	frame_is_free(_metadata, self->fd, pfn);
}

/* A reference outlives its pin, both taken when the VM has the page already. */
MP_TEST_F(stray_reference_in_the_window)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, self->fd, 0, "migrate-enter", &vm);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_GET, 0, 1));
	ASSERT_EQ(0, mp_point_go("migrate-enter"));
	EXPECT_NE(0, mp_once_join(&vm));
	EXPECT_LE(1, mp_stats(self->fd, pool).refused_referenced);
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_PUT, 0, 1));
	frame_is_free(_metadata, self->fd, pfn);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, 1, SEED));
}

/*
 * alloc_contig_range() has isolated the first pages of a block; soft offline
 * and compaction come for the same ones.  Soft offline would wait for a lock
 * that the first one's batch holds (since 6.3).
 */
MP_TEST_F(second_isolator_leaves_the_first_ones_pages)
{
	int pool = mp_create(self->fd, "races", MP_BLOCK, 0);
	struct mp_once vm;
	__u64 pfn, isolated;

	ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, SEED));
	pfn = mp_pfn(self->fd, pool, 0);
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_stop("migrate-enter", 0));
	ASSERT_EQ(0, evict_start(&vm, self->fd, pool, 0, MP_BLOCK));
	ASSERT_EQ(1, mp_once_stops_at(&vm, "migrate-enter"));
	isolated = mp_stats(self->fd, pool).isolated;
	ASSERT_LE(8, held_by_the_vm(self->fd, pool, 0, MP_BLOCK));
	if (!is_locked(pfn))
		EXPECT_NE(0, mp_soft_offline(pfn));
	EXPECT_EQ(isolated, mp_stats(self->fd, pool).isolated);
	EXPECT_EQ(0, mp_compact());
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, 0));
	EXPECT_EQ(pfn + 1, mp_pfn(self->fd, pool, 1));
	ASSERT_EQ(0, mp_point_go("migrate-enter"));
	mp_once_join(&vm);
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, MP_BLOCK));
	EXPECT_LE(MP_BLOCK, mp_stats(self->fd, pool).migrated);
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

/* All freed and destroyed while the VM is on its way to move the page. */
static void destroy_while(struct __test_metadata *_metadata, int fd,
			  const char *point)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, fd, MP_TEST_HAS_ALL, point, &vm);
	/* On page cache the pool's inode, too. */
	int held = defers(fd, pool) + on_page_cache(fd, pool);
	__u64 pfn = mp_pfn(fd, pool, 0);

	ASSERT_EQ(0, free_neighbours(fd, pool));
	ASSERT_EQ(0, mp_do_flags(fd, pool, MP_TEST_KFREE, MP_TEST_FREE, 0, 1));
	ASSERT_EQ(0, mp_destroy(fd, pool));
	EXPECT_EQ(held, mp_deferred_become(held));
	ASSERT_EQ(0, mp_point_go(point));
	mp_once_join(&vm);
	frame_is_free(_metadata, fd, pfn);
}

MP_TEST_F(destroy_before_isolation_R6_R7)
{
	destroy_while(_metadata, self->fd, "isolate-enter");
}

MP_TEST_F(destroy_while_isolated_R6_R7)
{
	destroy_while(_metadata, self->fd, "isolate-done");
}

MP_TEST_F(destroy_before_migration_R6_R7)
{
	destroy_while(_metadata, self->fd, "migrate-enter");
}

/* A published page is freed, its mover not yet through with the pool. */
MP_TEST_F(destroy_waits_for_the_mover_R5_R7)
{
	struct mp_once vm, owner;
	int pool = stopped_at(_metadata, self->fd, MP_TEST_HAS_MOVED,
			      "migrate-published", &vm);

	ASSERT_EQ(0, free_neighbours(self->fd, pool));
	ASSERT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_KFREE, MP_TEST_FREE,
				 0, 1));
	ASSERT_EQ(0, mp_once_start(&owner, self->fd, pool, 0,
				   mp_owner_destroy));
	EXPECT_EQ(1, mp_once_waits(&owner));
	ASSERT_EQ(0, mp_point_go("migrate-published"));
	EXPECT_EQ(0, mp_once_join(&owner));
	EXPECT_EQ(0, mp_once_join(&vm));
	EXPECT_EQ(0, mp_deferred_drain());
}

/* A driver that frees nothing, while its page is locked or in motion. */
static void abandon_while(struct __test_metadata *_metadata, int fd,
			  const char *point)
{
	struct mp_once vm, owner;
	int pool = stopped_at(_metadata, fd, 0, point, &vm);
	__u64 pfn = mp_pfn(fd, pool, 0);

	ASSERT_EQ(0, free_neighbours(fd, pool));
	MP_EXPECT_WARNING("destroyed with 1 pages", {
		ASSERT_EQ(0, mp_once_start(&owner, fd, pool, 0,
					   mp_owner_destroy));
		EXPECT_EQ(1, mp_once_waits(&owner));
		ASSERT_EQ(0, mp_point_go(point));
		EXPECT_EQ(0, mp_once_join(&owner));
	});
	mp_once_join(&vm);
	frame_is_free(_metadata, fd, pfn);
	frame_is_free(_metadata, fd, vm.worker.pfn);
}

MP_TEST_F(abandoned_page_before_migration)
{
	abandon_while(_metadata, self->fd, "migrate-enter");
}

MP_TEST_F(abandoned_page_in_motion)
{
	abandon_while(_metadata, self->fd, "migrate-moving");
}

MP_TEST_F(abandoned_page_after_the_copy)
{
	abandon_while(_metadata, self->fd, "migrate-copied");
}

MP_TEST_F(abandoned_page_at_publication_R5)
{
	abandon_while(_metadata, self->fd, "migrate-published");
}

/* destroy() has found a page: from then on the VM cannot have it. */
MP_TEST_F(abandoned_page_stays_for_destroy)
{
	int pool = mp_create(self->fd, "races", MP_BLOCK, 0);
	struct mp_once owner;
	__u64 pfn;

	ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, SEED));
	pfn = mp_pfn(self->fd, pool, 0);
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_stop("destroy-walk", pfn));
	ASSERT_EQ(0, free_neighbours(self->fd, pool));
	MP_EXPECT_WARNING("destroyed with 1 pages", {
		ASSERT_EQ(0, mp_once_start(&owner, self->fd, pool, 0,
					   mp_owner_destroy));
		ASSERT_EQ(1, mp_point_wait("destroy-walk"));
		EXPECT_NE(0, mp_evict(self->fd, pfn, 1));
		ASSERT_EQ(0, mp_point_go("destroy-walk"));
		EXPECT_EQ(0, mp_once_join(&owner));
	});
	frame_is_free(_metadata, self->fd, pfn);
}

/* The VM gets to the page before the worker does; neither finishes it twice. */
MP_TEST_F(worker_after_the_vm_R10)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, self->fd, 0, "migrate-enter", &vm);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_point_stop("deferred-page", pfn));
	ASSERT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_BURY, MP_TEST_FREE,
				 0, 1));
	ASSERT_EQ(1, mp_point_wait("deferred-page"));
	ASSERT_EQ(0, mp_point_go("migrate-enter"));
	mp_once_join(&vm);
	EXPECT_EQ(1, mp_deferred());
	/* The worker's reference is still there: the frame is not to be had. */
	EXPECT_NE(0, mp_evict(self->fd, pfn, 1));
	ASSERT_EQ(0, mp_point_go("deferred-page"));
	frame_is_free(_metadata, self->fd, pfn);
}

/*
 * The worker is late: the VM finds a page that its owner has freed, and may not
 * have it.  It is not asked for one that it cannot isolate.
 */
MP_TEST_F(orphan_does_not_move_R10)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, self->fd, MP_TEST_HAS_ALL,
			      "migrate-enter", &vm);
	int asked = on_page_cache(self->fd, pool);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_point_stop("deferred-page", pfn));
	ASSERT_EQ(0, mp_do_flags(self->fd, pool, MP_TEST_BURY, MP_TEST_FREE,
				 0, 1));
	ASSERT_EQ(1, mp_point_wait("deferred-page"));
	ASSERT_EQ(0, mp_point_go("migrate-enter"));
	mp_once_join(&vm);
	ASSERT_EQ(0, mp_point_stop("migrate-enter", pfn));
	ASSERT_EQ(0, mp_once_evict(&vm, self->fd, pfn, 1));
	EXPECT_EQ(asked, mp_once_stops_at(&vm, "migrate-enter"));
	ASSERT_EQ(0, mp_point_go("migrate-enter"));
	EXPECT_NE(0, mp_once_join(&vm));
	EXPECT_EQ(1, mp_deferred());
	EXPECT_EQ(0, mp_stats(self->fd, pool).attempted);
	EXPECT_EQ(0, mp_log(self->fd, pool).migrate);
	ASSERT_EQ(0, mp_point_go("deferred-page"));
	frame_is_free(_metadata, self->fd, pfn);
}

/* The owner has chosen the page to free; its lock is, or is not, taken yet. */
static void evict_while_freeing(struct __test_metadata *_metadata, int fd,
				const char *point)
{
	int pool = mp_create(fd, "races", MP_BLOCK, 0);
	struct mp_once owner;
	__u64 pfn;

	ASSERT_EQ(0, mp_make_block(fd, pool, 0, SEED));
	pfn = mp_pfn(fd, pool, 0);
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_stop(point, pfn));
	ASSERT_EQ(0, mp_once_start(&owner, fd, pool, 0, mp_owner_free));
	ASSERT_EQ(1, mp_point_wait(point));
	EXPECT_NE(0, mp_evict(fd, pfn, 1));
	EXPECT_EQ(0, mp_stats(fd, pool).isolated);
	EXPECT_EQ(-ENOENT, mp_do(fd, pool, MP_TEST_TRYPIN, 0, 1));
	ASSERT_EQ(0, mp_point_go(point));
	EXPECT_EQ(0, mp_once_join(&owner));
	frame_is_free(_metadata, fd, pfn);
}

MP_TEST_F(eviction_before_owner_locks_R1)
{
	evict_while_freeing(_metadata, self->fd, "free-dying");
}

MP_TEST_F(eviction_after_the_cut_R1)
{
	evict_while_freeing(_metadata, self->fd, "free-cut");
}

/*
 * A shrinker frees a page whose lock the VM holds, as a migration batch does
 * over direct reclaim: it must come back at once.
 */
static void shrink_while(struct __test_metadata *_metadata, int fd,
			 const char *point)
{
	struct mp_once vm;
	int pool = stopped_at(_metadata, fd, 0, point, &vm);
	__u64 pfn = mp_pfn(fd, pool, 0);

	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_SHRINK, 0, 1));
	ASSERT_EQ(0, mp_write_file("/proc/sys/vm/drop_caches", "2"));
	EXPECT_EQ(MP_EMPTY, mp_info(fd, pool, 0).state);
	EXPECT_EQ(defers(fd, pool), mp_deferred());
	ASSERT_EQ(0, mp_point_go(point));
	mp_once_join(&vm);
	frame_is_free(_metadata, fd, pfn);
}

MP_TEST_F(free_from_a_shrinker_at_isolation_R28)
{
	shrink_while(_metadata, self->fd, "isolate-done");
}

MP_TEST_F(free_from_a_shrinker_before_migration_R28)
{
	shrink_while(_metadata, self->fd, "migrate-enter");
}

/* Pinned, isolated, and its pool destroyed: the frame is lost, loudly. */
MP_TEST_F(pinned_and_isolated_at_destroy)
{
	struct mp_once vm, owner;
	int pool = stopped_at(_metadata, self->fd, 0, "migrate-enter", &vm);
	__u64 pfn = mp_pfn(self->fd, pool, 0);

	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	ASSERT_EQ(0, free_neighbours(self->fd, pool));
	MP_EXPECT_WARNING("destroyed with 1 pages", {
		ASSERT_EQ(0, mp_once_start(&owner, self->fd, pool, 0,
					   mp_owner_destroy));
		EXPECT_EQ(1, mp_once_waits(&owner));
		ASSERT_EQ(0, mp_point_go("migrate-enter"));
		EXPECT_EQ(0, mp_once_join(&owner));
	});
	EXPECT_NE(0, mp_once_join(&vm));
	/* In use by nobody the kernel can name, and never to be had again. */
	EXPECT_EQ(0, frame_flags(pfn) & 1ULL << KPF_BUDDY);
	EXPECT_NE(0, mp_evict(self->fd, pfn, 1));
}

static int call_unload_first(struct mp_worker *w)
{
	return mp_module_unload("movable_first");
}

static int call_soft_offline(struct mp_worker *w)
{
	return mp_soft_offline(w->pfn);
}

/* The frame of the only page of the module "movable_first". */
static __u64 first_pfn(void)
{
	char path[128], text[64];

	if (mp_find_file(MP_DEBUGFS "first-*/pages", path, sizeof(path)) != 1 ||
	    mp_read_file(path, text, sizeof(text)) < 0)
		return 0;
	return strtoull(text, NULL, 10);
}

static int first_is_on(const char *backing)
{
	char path[128], text[128];

	return mp_find_file(MP_DEBUGFS "first-*/backing", path,
			    sizeof(path)) == 1 &&
	       mp_read_file(path, text, sizeof(text)) > 0 &&
	       !strncmp(text, backing, strlen(backing));
}

/* The VM has the page of the module "movable_first", which is loaded. */
static void first_stopped_at(struct __test_metadata *_metadata,
			     const char *point, struct mp_once *vm)
{
	__u64 pfn;

	ASSERT_EQ(0, mp_module_load("movable_first", ""));
	pfn = first_pfn();
	ASSERT_NE(0, pfn);
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_stop(point, pfn));
	vm->call = call_soft_offline;
	vm->worker = (struct mp_worker) { .step = mp_once_step, .pfn = pfn };
	ASSERT_EQ(0, mp_worker_start(&vm->worker));
	ASSERT_EQ(1, mp_once_stops_at(vm, point));
}

/*
 * rmmod of a driver while the VM holds its page, isolated and locked: the
 * driver goes at once, the framework keeps the page until the VM is done.
 */
static void rmmod_at(struct __test_metadata *_metadata, const char *point,
		     struct mp_once *vm)
{
	int held;

	first_stopped_at(_metadata, point, vm);
	/* On page cache the pool's inode, too. */
	held = !first_is_on("typed:") + first_is_on("cache:");
	EXPECT_EQ(0, mp_module_unload("movable_first"));
	EXPECT_EQ(held, mp_deferred_become(held));
}

static void rmmod_while(struct __test_metadata *_metadata, const char *point)
{
	struct mp_once vm;

	rmmod_at(_metadata, point, &vm);
	ASSERT_EQ(0, mp_point_go(point));
	mp_once_join(&vm);
	EXPECT_EQ(0, mp_deferred_drain());
}

MP_TEST_F(rmmod_before_isolation_R17_R30)
{
	rmmod_while(_metadata, "isolate-enter");
}

MP_TEST_F(rmmod_while_isolated_R17_R30)
{
	rmmod_while(_metadata, "isolate-done");
}

MP_TEST_F(rmmod_before_migration_R17_R30)
{
	rmmod_while(_metadata, "migrate-enter");
}

/* The driver's exit maps the page, so it waits while that moves. */
static void rmmod_waits_while(struct __test_metadata *_metadata,
			      const char *point)
{
	struct mp_once vm, rmmod;

	first_stopped_at(_metadata, point, &vm);
	ASSERT_EQ(0, mp_once_start(&rmmod, -1, 0, 0, call_unload_first));
	EXPECT_EQ(1, mp_once_waits(&rmmod));
	ASSERT_EQ(0, mp_point_go(point));
	EXPECT_EQ(0, mp_once_join(&rmmod));
	mp_once_join(&vm);
	EXPECT_EQ(0, mp_deferred_drain());
}

MP_TEST_F(rmmod_waits_for_the_copy_R17)
{
	rmmod_waits_while(_metadata, "migrate-moving");
}

MP_TEST_F(rmmod_waits_for_the_publication_R17)
{
	rmmod_waits_while(_metadata, "migrate-copied");
}

/* The page is freed at once, but the mover is not yet through with its pool. */
MP_TEST_F(rmmod_waits_for_the_mover_R17)
{
	rmmod_waits_while(_metadata, "migrate-published");
}

/*
 * The framework goes, too: its exit lets the stopped thread run, and waits till
 * the VM has let go of the last page before its text is gone.
 */
TEST(framework_unload_waits_for_the_vm_R30)
{
	char parameters[64];
	struct mp_once vm;

	mp_core_parameters("movable_pool_test", parameters, sizeof(parameters));
	ASSERT_EQ(0, mp_module_unload("mp_test"));
	rmmod_at(_metadata, "migrate-enter", &vm);
	EXPECT_EQ(0, mp_module_unload("movable_pool_test"));
	mp_once_join(&vm);
	EXPECT_EQ(0, mp_module_load("movable_pool_test", parameters));
	EXPECT_EQ(0, mp_module_load("mp_test", ""));
}

TEST_HARNESS_MAIN
