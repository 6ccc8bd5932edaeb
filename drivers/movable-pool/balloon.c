// SPDX-License-Identifier: GPL-2.0
/*
 * Balloon pools: pages without handles (linux/movable_balloon.h).
 *
 * The pool's nr_pages is what the driver has added, minus what it has taken,
 * minus what an exchange has ended without a page.  Isolated pages count; that
 * is how long the pool must live.
 */

#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/movable_balloon.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "balloon.h"
#include "compat/compat.h"
#include "fault.h"
#include "internal.h"
#include "trace.h"
#include "wait_point.h"

/* Pages asked of the page allocator at a time. */
#define MP_BALLOON_BULK		64
#define MP_BALLOON_MAX_DELAY	msecs_to_jiffies(100)

/* A balloon is there to give memory away, not to have others reclaim some. */
static gfp_t mp_balloon_gfp(struct movable_pool *pool)
{
	return GFP_HIGHUSER | pool->gfp | __GFP_NOMEMALLOC | __GFP_NORETRY |
	       __GFP_NOWARN;
}

static bool mp_is_balloon(const struct movable_pool *pool)
{
	if (pool->flags & MOVABLE_POOL_BALLOON)
		return true;
	mp_misuse("%s: not a balloon pool\n", pool->name);
	return false;
}

/* There are @count more pages than before, in the zone of @page. */
void mp_balloon_adjust(struct movable_pool *pool, struct page *page,
		       long count)
{
	if (pool->flags & MOVABLE_POOL_ADJUST)
		adjust_managed_page_count(page, count);
}

/*
 * @dst is in the balloon for @src.  Most often that is in the same zone, where
 * the sum is the same: the counts are everybody's and atomic.
 */
void mp_balloon_adjust_move(struct movable_pool *pool, struct page *dst,
			    struct page *src)
{
	if (page_zone(dst) == page_zone(src))
		return;
	mp_balloon_adjust(pool, src, 1);
	mp_balloon_adjust(pool, dst, -1);
}

/**
 * struct mp_balloon_run - pages of one zone, that are counted at once
 * @pool: whose
 * @sign: 1 or -1
 * @first: of them
 * @n: how many
 */
struct mp_balloon_run {
	struct movable_pool *pool;
	int sign;
	struct page *first;
	long n;
};

static void mp_balloon_run_end(struct mp_balloon_run *run)
{
	if (run->n)
		mp_balloon_adjust(run->pool, run->first, run->sign * run->n);
	run->n = 0;
}

static void mp_balloon_run_on(struct mp_balloon_run *run, struct page *page)
{
	if (run->n && page_zone(page) != page_zone(run->first))
		mp_balloon_run_end(run);
	if (!run->n++)
		run->first = page;
}

/* While they are the caller's: what moves may end with its memory unplugged. */
static void mp_balloon_count(struct movable_pool *pool, int sign,
			     struct page **pages, unsigned int n)
{
	struct mp_balloon_run run = { .pool = pool, .sign = sign };
	unsigned int i;

	for (i = 0; i < n; i++)
		mp_balloon_run_on(&run, pages[i]);
	mp_balloon_run_end(&run);
}

static struct page *mp_balloon_page_new(gfp_t gfp)
{
	if (mp_fail(MP_FAIL_ALLOC_PAGE))
		return NULL;
	return alloc_page(gfp);
}

/* Up to MP_BALLOON_BULK; bulk allocation comes short before memory does. */
static unsigned int mp_balloon_alloc_some(gfp_t gfp, struct page **pages,
					  unsigned int n)
{
	unsigned int i = 0;

	/* It fills what is NULL, from the beginning. */
	memset(pages, 0, n * sizeof(*pages));
	if (!mp_fail(MP_FAIL_ALLOC_BULK))
		i = mp_compat_alloc_bulk(gfp, n, pages);
	for (; i < n; i++) {
		pages[i] = mp_balloon_page_new(gfp);
		if (!pages[i])
			break;
	}
	return i;
}

/**
 * movable_balloon_alloc() - get pages for a balloon from the kernel
 * @pool: balloon pool
 * @pages: where to put them
 * @n: how many
 *
 * Reclaims little and never wakes the OOM killer.  The pages are the driver's,
 * order 0, with one reference each; give them to movable_balloon_add() or free
 * them with put_page().
 *
 * Context: May sleep.  Not under a lock that ops->exchange takes, but for a
 * trylock there.
 * Return: how many there are; fewer than @n when memory is short.
 */
unsigned int movable_balloon_alloc(struct movable_pool *pool,
				   struct page **pages, unsigned int n)
{
	gfp_t gfp = mp_balloon_gfp(pool);
	unsigned int done = 0;

	if (!mp_is_balloon(pool))
		return 0;
	while (done < n) {
		unsigned int want = min_t(unsigned int, n - done,
					  MP_BALLOON_BULK);
		unsigned int got = mp_balloon_alloc_some(gfp, pages + done,
							 want);

		done += got;
		if (got < want)
			break;
		cond_resched();
	}
	return done;
}
EXPORT_SYMBOL_GPL(movable_balloon_alloc);

/* In a balloon already, for instance; that memory fails is nobody's mistake. */
static bool mp_balloon_fits(struct movable_pool *pool, struct page *page)
{
	if (PageHWPoison(page))
		return false;
	if (mp_page_adoptable(page) && !pool->backing->owns(pool, page))
		return true;
	mp_misuse("%s: pfn %#lx is not a page for a balloon\n", pool->name,
		  page_to_pfn(page));
	return false;
}

/**
 * movable_balloon_add() - put pages in the balloon
 * @pool: balloon pool
 * @pages: that movable_balloon_alloc() has given; afterwards the first of them,
 *	@n minus what is returned, are those that were refused
 * @n: how many
 *
 * From here on they may move, before the call returns.  What is not fit,
 * compound, mapped, somebody else's or in a balloon already, is left as it was
 * and complained about; a page whose memory has failed is refused, too.
 *
 * Context: May sleep.
 * Return: how many are in it now; 0 for a pool that is being destroyed or is
 * not a balloon.
 */
unsigned int movable_balloon_add(struct movable_pool *pool,
				 struct page **pages, unsigned int n)
{
	unsigned int i, refused = 0;

	might_sleep();
	if (!mp_is_balloon(pool) || READ_ONCE(pool->shutdown))
		return 0;
	/* First: it must not look empty while a page is isolated. */
	atomic_long_add(n, &pool->nr_pages);
	mp_balloon_count(pool, -1, pages, n);
	for (i = 0; i < n; i++) {
		if (!mp_balloon_fits(pool, pages[i])) {
			pages[refused++] = pages[i];
			continue;
		}
		trace_mp_alloc(pool, pages[i]);
		pool->backing->balloon->add(pool, pages[i]);
	}
	mp_balloon_count(pool, 1, pages, refused);
	mp_count_many(pool, MP_ALLOCATED, n - refused);
	if (refused)
		atomic_long_sub_return(refused, &pool->nr_pages);
	return n - refused;
}
EXPORT_SYMBOL_GPL(movable_balloon_add);

/* They are in the caller's hands. */
static __cold noinline void mp_balloon_trace_free(struct movable_pool *pool,
						  struct page **pages,
						  unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		trace_mp_free(pool, pages[i]);
}

/**
 * movable_balloon_take() - get pages out of the balloon
 * @pool: balloon pool
 * @pages: where to put them
 * @n: how many at most
 *
 * They do not move any more, are the driver's and are to be freed, each with
 * put_page().
 *
 * Context: Process context, interrupts on; does not sleep.
 * Return: how many; fewer than @n when the others are in the VM's hands, or
 * there are none.
 */
unsigned int movable_balloon_take(struct movable_pool *pool,
				  struct page **pages, unsigned int n)
{
	unsigned int taken;

	if (!mp_is_balloon(pool))
		return 0;
	taken = pool->backing->balloon->take(pool, pages, n);
	mp_balloon_count(pool, 1, pages, taken);
	mp_count_many(pool, MP_FREED, taken);
	if (trace_mp_free_enabled())
		mp_balloon_trace_free(pool, pages, taken);
	/* Ordered: with the last page out destroy() may free the pool. */
	atomic_long_sub_return(taken, &pool->nr_pages);
	return taken;
}
EXPORT_SYMBOL_GPL(movable_balloon_take);

/* What the VM has it gives back soon, but tells nobody when. */
static unsigned int mp_balloon_take_wait(struct movable_pool *pool,
					 struct page **pages, unsigned int n,
					 const char *who)
{
	unsigned long warn = jiffies + MP_TELL_EVERY;
	unsigned int delay = 1;
	unsigned int taken;

	for (;;) {
		taken = movable_balloon_take(pool, pages, n);
		if (taken || !n || !movable_balloon_pages(pool))
			return taken;
		if (time_after(jiffies, warn)) {
			warn = jiffies + MP_TELL_EVERY;
			pr_warn("%s: %s waits for %lu pages that are isolated or locked: pfn %#lx\n",
				pool->name, who, movable_balloon_pages(pool),
				mp_walk_first(pool));
		}
		schedule_timeout_uninterruptible(delay);
		delay = min_t(unsigned int, 2 * delay, MP_BALLOON_MAX_DELAY);
	}
}

/**
 * movable_balloon_take_wait() - get pages out of the balloon, however long
 * @pool: balloon pool
 * @pages: where to put them
 * @n: how many at most
 *
 * For a driver that must empty its balloon: sleeps while all pages are in the
 * VM's hands, with a message every 10 s.
 *
 * Context: May sleep.  Not in an op, nor under a lock that one takes, but for a
 * trylock there.
 * Return: how many; 0 only when the balloon is empty (or @n is 0).
 */
unsigned int movable_balloon_take_wait(struct movable_pool *pool,
				       struct page **pages, unsigned int n)
{
	might_sleep();
	mp_op_might_wait();
	if (mp_op_running()) {
		mp_misuse("%s: take_wait in a driver op would wait for itself\n",
			  pool->name);
		return movable_balloon_take(pool, pages, n);
	}
	return mp_balloon_take_wait(pool, pages, n, "the driver");
}
EXPORT_SYMBOL_GPL(movable_balloon_take_wait);

/**
 * movable_balloon_pages() - how many pages are in the balloon
 * @pool: balloon pool
 *
 * Context: Any.
 * Return: pages added and not taken, those in the VM's hands included.
 */
unsigned long movable_balloon_pages(const struct movable_pool *pool)
{
	return atomic_long_read_acquire(&pool->nr_pages);
}
EXPORT_SYMBOL_GPL(movable_balloon_pages);

/* The driver may say 0, -EAGAIN, -EBUSY, -ENOENT.  @event is for the books. */
static int mp_balloon_verdict(struct movable_pool *pool, int err,
			      enum mp_event *event)
{
	if (err > 0 || err < -MAX_ERRNO) {
		mp_misuse("%s: ops->exchange returned %d\n", pool->name, err);
		err = -EBUSY;
	}
	switch (err) {
	case 0:
		*event = MP_MIGRATED;
		return err;
	case -ENOENT:
		*event = MP_REFUSED_UNREADY;
		return err;
	case -EAGAIN:
		*event = MP_REFUSED_DRIVER;
		return err;
	default:
		*event = MP_FAILED_DRIVER;
		return -EBUSY;
	}
}

static int mp_balloon_ask(struct movable_pool *pool, struct page *dst,
			  struct page *src, enum migrate_mode mode)
{
	struct mp_op op;
	int err;

	if (mp_fail(MP_FAIL_MIGRATE_AGAIN))
		return -EAGAIN;
	if (mp_fail(MP_FAIL_MIGRATE_BUSY))
		return -EBUSY;
	if (!pool->ops->exchange)
		return 0;
	mp_op_enter(&op, pool, "exchange", src);
	err = pool->ops->exchange(pool, dst, src, mode);
	mp_op_exit(&op);
	return err;
}

static int mp_balloon_try(struct movable_pool *pool, struct page *dst,
			  struct page *src, enum migrate_mode mode,
			  enum mp_event *event)
{
	int err;

	/* Pairs with that in mp_pool_end(). */
	smp_mb();
	if (READ_ONCE(pool->shutdown)) {
		*event = MP_REFUSED_UNREADY;
		return -EBUSY;
	}
	mp_wait_point(MP_WAIT_MIGRATE_MOVING, src);
	err = mp_balloon_verdict(pool, mp_balloon_ask(pool, dst, src, mode),
				 event);
	mp_wait_point(MP_WAIT_MIGRATE_COPIED, src);
	return err;
}

/**
 * mp_balloon_exchange() - ask the driver to take one page for another
 * @pool: alive, for @src is isolated and counts
 * @dst: the VM's, locked
 * @src: the pool's, locked
 * @mode: as the VM says
 *
 * The caller has entered the pool (mp_pool_enter()), and only then looks
 * whether it is being destroyed: destroy() of a driver that is gone sets
 * shutdown first and then waits for those who have entered.
 *
 * Return: 0, for the caller to count; -ENOENT: @src is out, but @dst not in;
 * -EAGAIN, -EBUSY: nothing changed.
 */
int mp_balloon_exchange(struct movable_pool *pool, struct page *dst,
			struct page *src, enum migrate_mode mode)
{
	u32 began = trace_mp_migrate_enabled() ? mp_trace_clock() : 0;
	enum mp_event event;
	int err;

	mp_count(pool, MP_ATTEMPTED);
	err = mp_balloon_try(pool, dst, src, mode, &event);
	if (err)
		mp_count(pool, event);
	else
		trace_mp_moved(pool, dst, src);
	trace_mp_migrate(pool, dst, src, mode, false, event, began);
	return err;
}

/**
 * mp_balloon_drain() - destroy() of a balloon pool: empty it
 * @pool: shut down
 * @driver_is_there: its ops may run, until this returns
 *
 * Context: May sleep.
 */
void mp_balloon_drain(struct movable_pool *pool, bool driver_is_there)
{
	struct page *pages[MP_BALLOON_BULK];
	unsigned long left = 0;
	unsigned int i, n;

	while ((n = mp_balloon_take_wait(pool, pages, MP_BALLOON_BULK,
					 "destroy"))) {
		for (i = 0; i < n; i++)
			put_page(pages[i]);
		left += n;
	}
	if (left && driver_is_there)
		mp_misuse("%s: destroyed with %lu pages in the balloon\n",
			  pool->name, left);
}
