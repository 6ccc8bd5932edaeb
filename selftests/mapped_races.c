// SPDX-License-Identifier: GPL-2.0
/*
 * Races of mapped pages forced by wait points: a mover, a fault or the worker
 * is stopped in a window while a process, the owner or the kernel acts.  Needs
 * movable_pool_test.ko.
 */

#define _GNU_SOURCE
#include <sys/mman.h>

#include "mp.h"
#include "mp_held.h"
#include "mp_mapped.h"
#include "mp_once.h"
#include "mp_owner.h"
#include "mp_peer.h"
#include "mp_point.h"

#define PAGES	8
#define SEED	11	/* of all pages, in the beginning */
#define OTHER	12	/* of page 0, when somebody has written to it */

/*
 * Page 0 is what a test is about.  Its mover hands it over to the driver's op,
 * which leaves nothing in the old frame.  The process has all pages in its page
 * tables, the test itself has none.
 */
FIXTURE(mapped) {
	struct mp_world world;
	struct mp_mapped it;
	struct mp_peer peer;
	struct mp_once vm;
	int fd;
};

static int look_at_all(struct mp_peer *peer, unsigned int first)
{
	unsigned int i;
	int wrong = 0;

	for (i = first; i < PAGES; i++)
		wrong += mp_peer_do(peer, mp_peer_read, i, SEED) != 0;
	return wrong;
}

FIXTURE_SETUP(mapped)
{
	struct mp_mapped *it = &self->it;

	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_mapped_make(it, self->fd, PAGES, MP_TEST_HAS_ALL));
	ASSERT_EQ(0, mp_arg(self->fd, it->pool, MP_TEST_FILL, 0, PAGES, SEED));
	ASSERT_EQ(0, mp_peer_start(&self->peer, it));
	ASSERT_EQ(0, look_at_all(&self->peer, 0));
}

FIXTURE_TEARDOWN(mapped)
{
	mp_points_reset();
	mp_peer_end(&self->peer);
	mp_mapped_end(&self->it);
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define MAPPED_F(name)	TEST_F(mapped, name)
#define SELF		struct _test_data_mapped *self

static const char * const windows[] = {
	"migrate-moving", "migrate-copied", "migrate-published",
};

#define SIGNAL_BUS	MP_PEER_SIGNAL(SIGBUS)
#define SIGNAL_SEGV	MP_PEER_SIGNAL(SIGSEGV)

static __u64 pfn_of(SELF)
{
	return mp_pfn(self->fd, self->it.pool, 0);
}

static struct mp_test_stats stats_of(SELF)
{
	return mp_stats_at_rest(self->fd, self->it.pool);
}

/* Its eviction has come to @point.  Others' pages may be in the way first. */
static __u64 stop_mover(struct __test_metadata *_metadata, SELF,
			const char *point)
{
	__u64 pfn = pfn_of(self);
	int stopped, tries = 20;

	do {
		ASSERT_EQ(0, mp_points_reset());
		ASSERT_EQ(0, mp_point_stop(point, pfn));
		ASSERT_EQ(0, mp_once_evict(&self->vm, self->fd, pfn, 1));
		stopped = mp_once_stops_at(&self->vm, point);
	} while (!stopped && mp_once_join(&self->vm) && tries-- &&
		 !usleep(20000));
	ASSERT_EQ(1, stopped)
		TH_LOG("the VM says %d and was not at %s", self->vm.result,
		       point);
	return pfn;
}

/* Return: what the VM says. */
static int let_mover_go(SELF, const char *point)
{
	mp_point_go(point);
	return mp_once_join(&self->vm);
}

/* Page 0 has the contents of @seed, all others those they had. */
static void all_whole(struct __test_metadata *_metadata, SELF, __u64 seed)
{
	int fd = self->fd, pool = self->it.pool;
	unsigned int i;

	EXPECT_EQ(0, mp_verify(fd, pool, 0, 1, seed));
	EXPECT_EQ(0, mp_verify(fd, pool, 1, PAGES - 1, SEED));
	EXPECT_EQ(0, mp_mapped_page_wrong(&self->it, 0, seed));
	for (i = 1; i < PAGES; i++)
		EXPECT_EQ(0, mp_mapped_page_wrong(&self->it, i, SEED));
	if (!self->peer.pid)
		return;
	EXPECT_EQ(0, mp_peer_do(&self->peer, mp_peer_read, 0, seed));
	EXPECT_EQ(0, look_at_all(&self->peer, 1));
	EXPECT_EQ(0, mp_log(fd, pool).odd);
}

/* And it moves as if nothing had been. */
static void still_moves(struct __test_metadata *_metadata, SELF, __u64 seed)
{
	EXPECT_EQ(1, mp_held_moves(&self->it, 0));
	all_whole(_metadata, self, seed);
}

/* For a process, which may not have got @seed either if it comes too late. */
static int is_whole_or_gone(long answer)
{
	return answer == 0 || answer == SIGNAL_BUS;
}

static void frame_is_free(struct __test_metadata *_metadata, SELF, __u64 pfn)
{
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, 1));
}

/* Nobody reaches the page any more, others are not concerned. */
static void page_is_gone(struct __test_metadata *_metadata, SELF, __u64 pfn)
{
	frame_is_free(_metadata, self, pfn);
	EXPECT_EQ(SIGNAL_BUS, mp_peer_do(&self->peer, mp_peer_read, 0, SEED));
	EXPECT_EQ(SIGNAL_BUS, mp_peer_do(&self->peer, mp_peer_write, 0, SEED));
	EXPECT_EQ(0, look_at_all(&self->peer, 1));
	EXPECT_EQ(PAGES - 1, stats_of(self).pages);
	EXPECT_EQ(0, mp_log(self->fd, self->it.pool).graves);
	EXPECT_EQ(0, mp_log(self->fd, self->it.pool).odd);
}

/* In the process: SEED is there?  Then write.  Return: words that are not. */
static long peer_rewrite(struct mp_mapped *mapped, unsigned int index,
			 __u64 value)
{
	long wrong = mp_mapped_page_wrong(mapped, index, SEED);

	mp_mapped_page_fill(mapped, index, value);
	return wrong;
}

/* It finds a migration entry, waits, and goes on in the new frame. */
static void touch_in_window(struct __test_metadata *_metadata, SELF,
			    const char *window)
{
	__u64 pfn = stop_mover(_metadata, self, window);

	ASSERT_EQ(0, mp_peer_ask(&self->peer, peer_rewrite, 0, OTHER));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	let_mover_go(self, window);
	EXPECT_EQ(0, mp_peer_answer(&self->peer));
	EXPECT_NE(pfn, pfn_of(self));
	EXPECT_EQ(1, mp_log(self->fd, self->it.pool).moved);
	EXPECT_EQ(0, mp_log(self->fd, self->it.pool).undone);
	all_whole(_metadata, self, OTHER);
	frame_is_free(_metadata, self, pfn);
}

MAPPED_F(touch_before_the_copy_waits_R21)
{
	touch_in_window(_metadata, self, "migrate-moving");
}

MAPPED_F(touch_after_the_copy_waits_R21)
{
	touch_in_window(_metadata, self, "migrate-copied");
}

MAPPED_F(touch_after_the_publication_waits_R21)
{
	touch_in_window(_metadata, self, "migrate-published");
}

/*
 * Its page tables do not have the page.  The fault finds it in the cache, and
 * has a reference to it while it waits for the lock: the move is off.
 */
static void fault_in_window(struct __test_metadata *_metadata, SELF,
			    const char *window, unsigned int undone)
{
	ASSERT_EQ(0, mp_peer_do(&self->peer, mp_peer_forget, 0, 0));
	stop_mover(_metadata, self, window);
	ASSERT_EQ(0, mp_peer_ask(&self->peer, peer_rewrite, 0, OTHER));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	let_mover_go(self, window);
	EXPECT_EQ(0, mp_peer_answer(&self->peer));
	EXPECT_LE(1, stats_of(self).refused_referenced);
	EXPECT_LE(undone, mp_log(self->fd, self->it.pool).undone);
	EXPECT_GE(undone * MP_HELD_TRIES,
		  mp_log(self->fd, self->it.pool).undone);
	still_moves(_metadata, self, OTHER);
}

MAPPED_F(fault_before_the_copy_refuses_the_move)
{
	fault_in_window(_metadata, self, "migrate-moving", 0);
}

MAPPED_F(fault_after_the_copy_undoes_the_move)
{
	fault_in_window(_metadata, self, "migrate-copied", 1);
}

/* The cache has the new page by then: that is what it finds and waits for. */
MAPPED_F(fault_after_the_publication_gets_the_new_page)
{
	__u64 pfn;

	ASSERT_EQ(0, mp_peer_do(&self->peer, mp_peer_forget, 0, 0));
	pfn = stop_mover(_metadata, self, "migrate-published");
	ASSERT_EQ(0, mp_peer_ask(&self->peer, peer_rewrite, 0, OTHER));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	let_mover_go(self, "migrate-published");
	EXPECT_EQ(0, mp_peer_answer(&self->peer));
	EXPECT_NE(pfn, pfn_of(self));
	EXPECT_EQ(0, stats_of(self).refused_referenced);
	all_whole(_metadata, self, OTHER);
	frame_is_free(_metadata, self, pfn);
}

/* It waits for the page's lock, which a deadly signal ends. */
MAPPED_F(kill_in_a_fault)
{
	ASSERT_EQ(0, mp_peer_do(&self->peer, mp_peer_forget, 0, 0));
	stop_mover(_metadata, self, "migrate-moving");
	ASSERT_EQ(0, mp_peer_ask(&self->peer, peer_rewrite, 0, OTHER));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	ASSERT_EQ(0, kill(self->peer.pid, SIGKILL));
	EXPECT_EQ(1, mp_peer_dies(&self->peer));
	EXPECT_EQ(0, mp_once_done(&self->vm));
	EXPECT_EQ(0, let_mover_go(self, "migrate-moving"));
	all_whole(_metadata, self, SEED);
}

/* Who waits at a migration entry may have to see the end of the move. */
MAPPED_F(kill_at_a_migration_entry)
{
	int i;

	for (i = 0; i < 3; i++) {
		__u64 pfn = stop_mover(_metadata, self, windows[i]);

		ASSERT_EQ(0, mp_peer_ask(&self->peer, peer_rewrite, 0, OTHER));
		EXPECT_EQ(1, mp_peer_waits(&self->peer));
		ASSERT_EQ(0, kill(self->peer.pid, SIGKILL));
		let_mover_go(self, windows[i]);
		EXPECT_EQ(1, mp_peer_dies(&self->peer));
		EXPECT_NE(pfn, pfn_of(self));
		all_whole(_metadata, self, SEED);
		ASSERT_EQ(0, mp_peer_start(&self->peer, &self->it));
		ASSERT_EQ(0, look_at_all(&self->peer, 0));
	}
}

/* The process has forgotten page 0, touches it, and its fault has found it. */
static __u64 stop_fault(struct __test_metadata *_metadata, SELF)
{
	__u64 pfn = pfn_of(self);

	ASSERT_EQ(0, mp_peer_do(&self->peer, mp_peer_forget, 0, 0));
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_stop("fault-page", pfn));
	ASSERT_EQ(0, mp_peer_ask(&self->peer, mp_peer_write, 0, OTHER));
	ASSERT_EQ(1, mp_point_wait("fault-page"));
	return pfn;
}

MAPPED_F(move_while_a_fault_has_the_page)
{
	stop_fault(_metadata, self);
	MP_EXPECT_HELD(mp_held(&self->it, 0), referenced);
	EXPECT_EQ(0, mp_peer_answered(&self->peer, 0));
	ASSERT_EQ(0, mp_point_go("fault-page"));
	EXPECT_EQ(0, mp_peer_answer(&self->peer));
	still_moves(_metadata, self, OTHER);
}

/* Its lock is free, its mapping is not the fault's any more. */
MAPPED_F(free_while_a_fault_has_the_page)
{
	__u64 pfn = stop_fault(_metadata, self);

	ASSERT_EQ(0, mp_do_flags(self->fd, self->it.pool, MP_TEST_BURY,
				 MP_TEST_FREE, 0, 1));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_peer_answered(&self->peer, 0));
	EXPECT_LE(1, mp_frame_refs(self->fd, pfn));
	ASSERT_EQ(0, mp_point_go("fault-page"));
	EXPECT_EQ(SIGNAL_BUS, mp_peer_answer(&self->peer));
	page_is_gone(_metadata, self, pfn);
}

/* The same, and the page is still in the cache, for the worker is late. */
MAPPED_F(fault_finds_a_freed_page)
{
	__u64 pfn = stop_fault(_metadata, self);

	ASSERT_EQ(0, mp_point_stop("deferred-page", pfn));
	ASSERT_EQ(0, mp_do_flags(self->fd, self->it.pool, MP_TEST_BURY,
				 MP_TEST_FREE, 0, 1));
	ASSERT_EQ(1, mp_point_wait("deferred-page"));
	ASSERT_EQ(0, mp_point_go("fault-page"));
	EXPECT_EQ(SIGNAL_BUS, mp_peer_answer(&self->peer));
	EXPECT_EQ(1, mp_deferred());
	ASSERT_EQ(0, mp_point_go("deferred-page"));
	page_is_gone(_metadata, self, pfn);
}

MAPPED_F(destroy_while_a_fault_has_the_page)
{
	__u64 pfn = stop_fault(_metadata, self);

	ASSERT_EQ(0, mp_do(self->fd, self->it.pool, MP_TEST_FREE, 0, PAGES));
	ASSERT_EQ(0, mp_destroy(self->fd, self->it.pool));
	EXPECT_EQ(0, mp_peer_answered(&self->peer, 0));
	ASSERT_EQ(0, mp_point_go("fault-page"));
	EXPECT_EQ(SIGNAL_BUS, mp_peer_answer(&self->peer));
	EXPECT_EQ(SIGNAL_BUS, mp_peer_do(&self->peer, mp_peer_read, 1, SEED));
	frame_is_free(_metadata, self, pfn);
}

MAPPED_F(kill_while_a_fault_has_the_page)
{
	stop_fault(_metadata, self);
	ASSERT_EQ(0, kill(self->peer.pid, SIGKILL));
	ASSERT_EQ(0, mp_point_go("fault-page"));
	EXPECT_EQ(1, mp_peer_dies(&self->peer));
	still_moves(_metadata, self, SEED);
}

/* The process touches it, too, and may be before the owner or behind. */
static void touched_while_freed(struct __test_metadata *_metadata, SELF,
				const char *window)
{
	ASSERT_EQ(0, mp_peer_ask(&self->peer, mp_peer_read, 0, SEED));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	let_mover_go(self, window);
	EXPECT_EQ(1, is_whole_or_gone(mp_peer_answer(&self->peer)));
}

static void free_in_window(struct __test_metadata *_metadata, SELF,
			   const char *window)
{
	__u64 pfn = stop_mover(_metadata, self, window);

	ASSERT_EQ(0, mp_do_flags(self->fd, self->it.pool, MP_TEST_BURY,
				 MP_TEST_FREE, 0, 1));
	EXPECT_EQ(0, mp_once_done(&self->vm));
	EXPECT_EQ(1, mp_deferred());
	touched_while_freed(_metadata, self, window);
	page_is_gone(_metadata, self, pfn);
}

/* free() lets the mover have the page first. */
static void free_waits_in_window(struct __test_metadata *_metadata, SELF,
				 const char *window)
{
	__u64 pfn = stop_mover(_metadata, self, window);
	struct mp_once owner;

	ASSERT_EQ(0, mp_once_start(&owner, self->fd, self->it.pool, 0,
				   mp_owner_free));
	EXPECT_EQ(1, mp_once_waits(&owner));
	touched_while_freed(_metadata, self, window);
	EXPECT_EQ(0, mp_once_join(&owner));
	EXPECT_EQ(1, stats_of(self).migrated);
	page_is_gone(_metadata, self, pfn);
}

MAPPED_F(free_before_migration_R9)
{
	free_in_window(_metadata, self, "migrate-enter");
	EXPECT_EQ(0, stats_of(self).migrated);
}

MAPPED_F(free_before_the_copy)
{
	free_waits_in_window(_metadata, self, "migrate-moving");
}

MAPPED_F(free_after_the_copy)
{
	free_waits_in_window(_metadata, self, "migrate-copied");
}

MAPPED_F(free_after_the_publication_R5)
{
	free_in_window(_metadata, self, "migrate-published");
	EXPECT_EQ(1, stats_of(self).migrated);
}

/* The mover frees the page: where it was, or where it is by then. */
static void free_async_in_window(struct __test_metadata *_metadata, SELF,
				 const char *window)
{
	__u64 pfn = stop_mover(_metadata, self, window);

	ASSERT_EQ(0, mp_do_flags(self->fd, self->it.pool, MP_TEST_KFREE,
				 MP_TEST_FREE_ASYNC, 0, 1));
	EXPECT_EQ(0, mp_log(self->fd, self->it.pool).freed);
	ASSERT_EQ(0, mp_peer_ask(&self->peer, mp_peer_read, 0, SEED));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	let_mover_go(self, window);
	EXPECT_EQ(1, is_whole_or_gone(mp_peer_answer(&self->peer)));
	EXPECT_EQ(1, mp_log(self->fd, self->it.pool).freed);
	EXPECT_EQ(0, mp_log(self->fd, self->it.pool).moved);
	EXPECT_EQ(0, stats_of(self).migrated);
	page_is_gone(_metadata, self, pfn);
}

MAPPED_F(free_async_before_the_copy_R10)
{
	free_async_in_window(_metadata, self, "migrate-moving");
}

MAPPED_F(free_async_after_the_copy_R10)
{
	free_async_in_window(_metadata, self, "migrate-copied");
}

static int call_free_all_and_destroy(struct mp_worker *w)
{
	return mp_do(w->fd, w->pool, MP_TEST_FREE, 0, PAGES) ?:
	       mp_destroy(w->fd, w->pool);
}

/* Processes must not reach the pages: it waits even where free() does not. */
static void destroy_in_window(struct __test_metadata *_metadata, SELF,
			      const char *window,
			      int (*call)(struct mp_worker *worker))
{
	__u64 pfn = stop_mover(_metadata, self, window);
	struct mp_once owner;

	ASSERT_EQ(0, mp_once_start(&owner, self->fd, self->it.pool, 0, call));
	ASSERT_EQ(0, mp_peer_ask(&self->peer, mp_peer_read, 0, SEED));
	EXPECT_EQ(1, mp_once_waits(&owner));
	EXPECT_EQ(0, mp_peer_answered(&self->peer, 0));
	let_mover_go(self, window);
	EXPECT_EQ(0, mp_once_join(&owner));
	EXPECT_EQ(1, is_whole_or_gone(mp_peer_answer(&self->peer)));
	EXPECT_EQ(SIGNAL_BUS, mp_peer_do(&self->peer, mp_peer_read, 0, SEED));
	EXPECT_EQ(SIGNAL_BUS, mp_peer_do(&self->peer, mp_peer_read, 1, SEED));
	frame_is_free(_metadata, self, pfn);
}

MAPPED_F(destroy_before_migration_R6_R7)
{
	destroy_in_window(_metadata, self, "migrate-enter",
			  call_free_all_and_destroy);
}

MAPPED_F(destroy_before_the_copy_R6_R7)
{
	destroy_in_window(_metadata, self, "migrate-moving",
			  call_free_all_and_destroy);
}

MAPPED_F(destroy_after_the_copy_R6_R7)
{
	destroy_in_window(_metadata, self, "migrate-copied",
			  call_free_all_and_destroy);
}

MAPPED_F(destroy_after_the_publication_R6_R7)
{
	destroy_in_window(_metadata, self, "migrate-published",
			  call_free_all_and_destroy);
}

static int call_free_others_and_destroy(struct mp_worker *w)
{
	return mp_do(w->fd, w->pool, MP_TEST_FREE, 1, PAGES - 1) ?:
	       mp_destroy(w->fd, w->pool);
}

/* The driver leaves page 0 to destroy(). */
static void abandon_in_window(struct __test_metadata *_metadata, SELF,
			      const char *window)
{
	MP_EXPECT_WARNING("destroyed with 1 pages", {
		destroy_in_window(_metadata, self, window,
				  call_free_others_and_destroy);
	});
}

MAPPED_F(abandoned_before_migration_R6)
{
	abandon_in_window(_metadata, self, "migrate-enter");
}

MAPPED_F(abandoned_before_the_copy_R6)
{
	abandon_in_window(_metadata, self, "migrate-moving");
}

MAPPED_F(abandoned_after_the_copy_R6)
{
	abandon_in_window(_metadata, self, "migrate-copied");
}

MAPPED_F(abandoned_after_the_publication_R6)
{
	abandon_in_window(_metadata, self, "migrate-published");
}

/* What a process does to its mapping, page 0 of which is in motion. */
static long peer_unmap(struct mp_mapped *mapped, unsigned int index,
		       __u64 value)
{
	return munmap(mp_mapped_page(mapped, index), mp_page_size()) ?
	       -errno : 0;
}

static long peer_map(struct mp_mapped *mapped, unsigned int index, __u64 value)
{
	void *page = mp_mapped_page(mapped, index);

	return mmap(page, mp_page_size(), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, mapped->file,
		    index * mp_page_size()) == page ? 0 : -errno;
}

static long peer_protect(struct mp_mapped *mapped, unsigned int index,
			 __u64 protection)
{
	return mprotect(mp_mapped_page(mapped, index), mp_page_size(),
			protection) ? -errno : 0;
}

/* All of it, to somewhere else. */
static long peer_remap(struct mp_mapped *mapped, unsigned int index,
		       __u64 value)
{
	size_t size = mp_mapped_bytes(mapped);
	void *to = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	if (mremap(mapped->words, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
		   to) != to)
		return -errno;
	mapped->words = to;
	return 0;
}

/* Return: the child, which reads the page. */
static long peer_fork(struct mp_mapped *mapped, unsigned int index,
		      __u64 value)
{
	pid_t pid = fork();

	if (!pid)
		_exit(!!mp_mapped_page_wrong(mapped, index, value));
	return pid < 0 ? -errno : pid;
}

/* Return: its exit status. */
static long peer_wait(struct mp_mapped *mapped, unsigned int index, __u64 pid)
{
	int status;

	return waitpid(pid, &status, 0) < 0 ? -errno : status;
}

static long peer_exit(struct mp_mapped *mapped, unsigned int index,
		      __u64 value)
{
	_exit(0);
}

/* It does not wait for the mover.  Return: what it returned. */
static long done_in_window(struct __test_metadata *_metadata, SELF,
			   mp_peer_call call, __u64 value)
{
	EXPECT_EQ(0, mp_peer_ask(&self->peer, call, 0, value));
	EXPECT_EQ(1, mp_peer_does_not_wait(&self->peer));
	EXPECT_EQ(0, mp_once_done(&self->vm));
	return mp_peer_answer(&self->peer);
}

/* The mover is through, with success. */
static void mover_ends(struct __test_metadata *_metadata, SELF,
		       const char *window, __u64 pfn)
{
	let_mover_go(self, window);
	EXPECT_NE(pfn, pfn_of(self));
}

MAPPED_F(munmap_in_every_window_R21)
{
	int i;

	for (i = 0; i < 3; i++) {
		__u64 pfn = stop_mover(_metadata, self, windows[i]);

		EXPECT_EQ(0, done_in_window(_metadata, self, peer_unmap, 0));
		mover_ends(_metadata, self, windows[i], pfn);
		EXPECT_EQ(SIGNAL_SEGV, mp_peer_do(&self->peer, mp_peer_read, 0,
						  SEED));
		EXPECT_EQ(0, mp_peer_do(&self->peer, peer_map, 0, 0));
		all_whole(_metadata, self, SEED);
		frame_is_free(_metadata, self, pfn);
	}
}

/* It was writable when the mover took it out of the page tables. */
MAPPED_F(mprotect_in_every_window_R21)
{
	int i;

	for (i = 0; i < 3; i++) {
		__u64 pfn;

		EXPECT_EQ(0, mp_peer_do(&self->peer, mp_peer_write, 0, SEED));
		pfn = stop_mover(_metadata, self, windows[i]);
		EXPECT_EQ(0, done_in_window(_metadata, self, peer_protect,
					    PROT_READ));
		mover_ends(_metadata, self, windows[i], pfn);
		EXPECT_EQ(SIGNAL_SEGV, mp_peer_do(&self->peer, mp_peer_write,
						  0, OTHER));
		all_whole(_metadata, self, SEED);
		EXPECT_EQ(0, mp_peer_do(&self->peer, peer_protect, 0,
					PROT_READ | PROT_WRITE));
		frame_is_free(_metadata, self, pfn);
	}
}

MAPPED_F(mremap_in_every_window_R21)
{
	int i;

	for (i = 0; i < 3; i++) {
		__u64 pfn = stop_mover(_metadata, self, windows[i]);

		EXPECT_EQ(0, done_in_window(_metadata, self, peer_remap, 0));
		ASSERT_EQ(0, mp_peer_ask(&self->peer, mp_peer_read, 0, SEED));
		EXPECT_EQ(1, mp_peer_waits(&self->peer));
		mover_ends(_metadata, self, windows[i], pfn);
		EXPECT_EQ(0, mp_peer_answer(&self->peer));
		all_whole(_metadata, self, SEED);
		frame_is_free(_metadata, self, pfn);
	}
}

/* The child has nothing in its page tables: its fault may refuse the move. */
MAPPED_F(fork_in_every_window_R21)
{
	long child;
	int i;

	for (i = 0; i < 3; i++) {
		stop_mover(_metadata, self, windows[i]);
		child = done_in_window(_metadata, self, peer_fork, SEED);
		EXPECT_LT(0, child);
		let_mover_go(self, windows[i]);
		EXPECT_EQ(0, mp_peer_do(&self->peer, peer_wait, 0, child));
		still_moves(_metadata, self, SEED);
	}
}

MAPPED_F(exit_in_every_window_R21)
{
	int i;

	for (i = 0; i < 3; i++) {
		__u64 pfn = stop_mover(_metadata, self, windows[i]);

		ASSERT_EQ(0, mp_peer_ask(&self->peer, peer_exit, 0, 0));
		EXPECT_EQ(1, mp_peer_dies(&self->peer));
		EXPECT_EQ(0, mp_once_done(&self->vm));
		mover_ends(_metadata, self, windows[i], pfn);
		all_whole(_metadata, self, SEED);
		frame_is_free(_metadata, self, pfn);
		ASSERT_EQ(0, mp_peer_start(&self->peer, &self->it));
		ASSERT_EQ(0, look_at_all(&self->peer, 0));
	}
}

static void pin_in_window(struct __test_metadata *_metadata, SELF,
			  const char *window)
{
	__u64 pfn = stop_mover(_metadata, self, window);
	int fd = self->fd, pool = self->it.pool;
	struct mp_once owner;

	EXPECT_EQ(-EAGAIN, mp_do(fd, pool, MP_TEST_TRYPIN, 0, 1));
	ASSERT_EQ(0, mp_once_start(&owner, fd, pool, 0, mp_owner_pin));
	ASSERT_EQ(0, mp_peer_ask(&self->peer, peer_rewrite, 0, OTHER));
	EXPECT_EQ(1, mp_once_waits(&owner));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	let_mover_go(self, window);
	EXPECT_EQ(0, mp_once_join(&owner));
	EXPECT_EQ(0, mp_peer_answer(&self->peer));
	EXPECT_NE(pfn, pfn_of(self));
	EXPECT_EQ(1, mp_info(fd, pool, 0).pins);
	MP_EXPECT_HELD(mp_held(&self->it, 0), pinned);
	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_UNPIN, 0, 1));
	still_moves(_metadata, self, OTHER);
}

MAPPED_F(pin_before_the_copy_waits_R11)
{
	pin_in_window(_metadata, self, "migrate-moving");
}

MAPPED_F(pin_after_the_copy_waits_R11)
{
	pin_in_window(_metadata, self, "migrate-copied");
}

/* By then the new frame is pinned, and not in the page tables yet. */
MAPPED_F(pin_after_the_publication)
{
	__u64 pfn = stop_mover(_metadata, self, "migrate-published");
	int fd = self->fd, pool = self->it.pool;

	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_PIN, 0, 1));
	EXPECT_NE(pfn, pfn_of(self));
	EXPECT_EQ(0, mp_arg(fd, pool, MP_TEST_FILL, 0, 1, OTHER));
	ASSERT_EQ(0, mp_peer_ask(&self->peer, mp_peer_read, 0, OTHER));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	let_mover_go(self, "migrate-published");
	EXPECT_EQ(0, mp_peer_answer(&self->peer));
	MP_EXPECT_HELD(mp_held(&self->it, 0), pinned);
	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_UNPIN, 0, 1));
	still_moves(_metadata, self, OTHER);
}

/* Its PTEs are gone, and come back when the move is refused. */
MAPPED_F(pin_before_migration_refuses_it_R11)
{
	__u64 pfn = stop_mover(_metadata, self, "migrate-enter");
	int fd = self->fd, pool = self->it.pool;

	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_PIN, 0, 1));
	ASSERT_EQ(0, mp_peer_ask(&self->peer, peer_rewrite, 0, OTHER));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	EXPECT_NE(0, let_mover_go(self, "migrate-enter"));
	EXPECT_EQ(0, mp_peer_answer(&self->peer));
	EXPECT_EQ(pfn, pfn_of(self));
	EXPECT_LE(1, stats_of(self).refused_pinned);
	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_UNPIN, 0, 1));
	still_moves(_metadata, self, OTHER);
}

/*
 * The owner has freed the page, the worker has not come to take it away:
 * whoever has it mapped may still see it, and nothing else there.
 */
static void free_with_the_worker_late(struct __test_metadata *_metadata, SELF)
{
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_point_stop("deferred-page", pfn_of(self)));
	ASSERT_EQ(0, mp_do(self->fd, self->it.pool, MP_TEST_FREE, 0, 1));
	ASSERT_EQ(1, mp_point_wait("deferred-page"));
}

MAPPED_F(freed_page_that_is_mapped)
{
	__u64 pfn = pfn_of(self);

	free_with_the_worker_late(_metadata, self);
	EXPECT_EQ(0, mp_peer_do(&self->peer, mp_peer_read, 0, SEED));
	EXPECT_NE(0, mp_evict(self->fd, pfn, 1));
	EXPECT_EQ(0, mp_peer_do(&self->peer, mp_peer_read, 0, SEED));
	EXPECT_EQ(1, mp_deferred());
	ASSERT_EQ(0, mp_point_go("deferred-page"));
	page_is_gone(_metadata, self, pfn);
}

/* filemap_map_pages() does not ask for owners, the fault does. */
MAPPED_F(freed_page_that_is_mapped_again)
{
	__u64 pfn = pfn_of(self);

	free_with_the_worker_late(_metadata, self);
	EXPECT_EQ(0, mp_peer_do(&self->peer, mp_peer_forget, 0, 0));
	EXPECT_EQ(SIGNAL_BUS, mp_peer_do(&self->peer, mp_peer_write, 0, SEED));
	EXPECT_TRUE(is_whole_or_gone(mp_peer_do(&self->peer, mp_peer_read, 0,
						SEED)));
	EXPECT_EQ(1, mp_deferred());
	ASSERT_EQ(0, mp_point_go("deferred-page"));
	page_is_gone(_metadata, self, pfn);
}

/* The place is not given to another page, neither before nor after. */
MAPPED_F(place_of_a_freed_page)
{
	int fd = self->fd, pool = self->it.pool;
	__u64 pfn = pfn_of(self);

	free_with_the_worker_late(_metadata, self);
	EXPECT_EQ(-EEXIST, mp_do(fd, pool, MP_TEST_ALLOC, 0, 1));
	ASSERT_EQ(0, mp_point_go("deferred-page"));
	page_is_gone(_metadata, self, pfn);
	EXPECT_EQ(-EEXIST, mp_do(fd, pool, MP_TEST_ALLOC, 0, 1));
}

/*
 * A scanner of memory gets hold of a page that is copied, and its old frame
 * worth nothing any more: the driver turns back.  Then the page goes, from
 * where it is, and none of the others.
 */
static void undone(struct __test_metadata *_metadata, SELF)
{
	__u64 pfn = stop_mover(_metadata, self, "migrate-copied");
	int fd = self->fd, pool = self->it.pool;
	struct mp_test_stats stats;

	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_PAGE_GRAB, 0, 1));
	ASSERT_EQ(0, mp_peer_ask(&self->peer, peer_rewrite, 0, OTHER));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	EXPECT_NE(0, let_mover_go(self, "migrate-copied"));
	EXPECT_EQ(0, mp_peer_answer(&self->peer));
	EXPECT_EQ(1, mp_log(fd, pool).undone);
	EXPECT_EQ(0, mp_log(fd, pool).moved);
	stats = stats_of(self);
	EXPECT_LE(1, stats.refused_referenced);
	EXPECT_EQ(stats.attempted, stats.refused_referenced);
	EXPECT_EQ(pfn, pfn_of(self));
	all_whole(_metadata, self, OTHER);
	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_PAGE_PUT, 0, 1));
}

MAPPED_F(undone_and_moved_again)
{
	undone(_metadata, self);
	still_moves(_metadata, self, OTHER);
}

MAPPED_F(undone_and_freed)
{
	__u64 pfn = pfn_of(self);

	undone(_metadata, self);
	ASSERT_EQ(0, mp_do_flags(self->fd, self->it.pool, MP_TEST_BURY,
				 MP_TEST_FREE, 0, 1));
	page_is_gone(_metadata, self, pfn);
}

/* The owner frees it while it is on its way back. */
MAPPED_F(undone_and_freed_meanwhile_R10)
{
	__u64 pfn = stop_mover(_metadata, self, "migrate-copied");
	int fd = self->fd, pool = self->it.pool;

	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_PAGE_GRAB, 0, 1));
	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_FREE_ASYNC, 0, 1));
	ASSERT_EQ(0, mp_peer_ask(&self->peer, mp_peer_read, 0, SEED));
	EXPECT_EQ(1, mp_peer_waits(&self->peer));
	let_mover_go(self, "migrate-copied");
	EXPECT_EQ(1, is_whole_or_gone(mp_peer_answer(&self->peer)));
	EXPECT_EQ(1, mp_log(fd, pool).undone);
	EXPECT_EQ(1, mp_log(fd, pool).freed);
	EXPECT_EQ(0, mp_log(fd, pool).moved);
	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_PAGE_PUT, 0, 1));
	page_is_gone(_metadata, self, pfn);
}

TEST_HARNESS_MAIN
