// SPDX-License-Identifier: GPL-2.0
/* Handles in every state there is, and the VM's part played by the test. */

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

#include "../link.h"
#include "../loose.h"
#include "../word.h"
#include "tests.h"

static const char * const mp_at_names[MP_NR_AT] = {
	[MP_AT_EMPTY] = "EMPTY",
	[MP_AT_CLAIMED] = "EMPTY|dying",
	[MP_AT_PRIVATE] = "PRIVATE",
	[MP_AT_PRIVATE_PINNED] = "PRIVATE pinned",
	[MP_AT_PRIVATE_DYING] = "PRIVATE|dying",
	[MP_AT_LIVE] = "LIVE",
	[MP_AT_LIVE_PINNED] = "LIVE pinned",
	[MP_AT_LIVE_LOCKED] = "LIVE locked",
	[MP_AT_LIVE_DYING] = "LIVE|dying",
	[MP_AT_ISOLATED] = "LIVE isolated",
	[MP_AT_ISOLATED_PINNED] = "LIVE isolated pinned",
	[MP_AT_ISOLATED_LOCKED] = "LIVE isolated locked",
	[MP_AT_ISOLATED_DYING] = "LIVE|dying isolated",
	[MP_AT_MOVING] = "MOVING",
	[MP_AT_MOVING_DYING] = "MOVING|dying",
	[MP_AT_PUBLISHED] = "LIVE moved",
};

const char *mp_at_name(enum mp_at at)
{
	return mp_at_names[at];
}

/* Are there orphans, or is what was freed let go of at once? */
bool mp_rig_defers(const struct mp_rig *rig)
{
	return rig->backing->nr_orphans == mp_loose_nr_orphans;
}

bool mp_at_possible(const struct mp_rig *rig, enum mp_at at)
{
	switch (at) {
	case MP_AT_ISOLATED:
	case MP_AT_ISOLATED_PINNED:
	case MP_AT_ISOLATED_LOCKED:
	case MP_AT_ISOLATED_DYING:
		return rig->by_hand;
	case MP_AT_MOVING:
	case MP_AT_MOVING_DYING:
	case MP_AT_PUBLISHED:
		return rig->moves;
	default:
		return true;
	}
}

/* In an op: what could wait is refused there, lockdep need not say it, too. */
static void mp_fix_do_in_op(struct mp_fix *fix)
{
	fix->acted = true;
	lockdep_off();
	if (fix->at == MP_AT_MOVING_DYING)
		KUNIT_EXPECT_EQ(fix->test, 0,
				movable_page_free_async(&fix->mp));
	fix->act(fix);
	lockdep_on();
}

static int mp_fix_migrate(struct movable_page *mp, struct page *dst,
			  struct page *src, enum migrate_mode mode)
{
	struct mp_fix *fix = container_of(mp, struct mp_fix, mp);
	unsigned int ask = fix->asked + fix->undone;
	int answer = fix->answers[min(ask, fix->nr_answers - 1)];

	fix->mode = mode;
	if (src == fix->src) {
		fix->asked++;
		fix->dst = dst;
	} else {
		fix->undone++;
	}
	if (fix->act && !fix->acted && fix->at != MP_AT_PUBLISHED)
		mp_fix_do_in_op(fix);
	if (!answer)
		copy_highpage(dst, src);
	return answer;
}

static void mp_fix_moved(struct movable_pool *pool, unsigned long old_pfn,
			 unsigned long new_pfn)
{
	struct mp_fix *fix = movable_pool_priv(pool);

	fix->moved++;
	KUNIT_EXPECT_EQ(fix->test, old_pfn, page_to_pfn(fix->src));
	KUNIT_EXPECT_EQ(fix->test, new_pfn, page_to_pfn(fix->dst));
	if (fix->in_moved)
		fix->in_moved(fix);
}

static void mp_fix_freed(struct movable_page *mp)
{
	struct mp_fix *fix = container_of(mp, struct mp_fix, mp);

	fix->freed++;
	KUNIT_EXPECT_EQ(fix->test, (u64)atomic64_read(&mp->word), 0ULL);
}

const struct movable_pool_ops mp_fix_ops = {
	.migrate = mp_fix_migrate,
	.moved = mp_fix_moved,
	.freed = mp_fix_freed,
};

/* create() would choose a backing; the tests have their own and all others. */
struct movable_pool *mp_fix_pool(struct kunit *test, const struct mp_rig *rig,
				 const struct movable_pool_ops *ops,
				 unsigned long max_pages, void *priv)
{
	struct movable_pool_attr attr = {
		.name = "kunit",
		.ops = ops,
		.flags = rig->backing->cached ? MOVABLE_POOL_PAGE_CACHE :
						MOVABLE_POOL_UNMOVABLE,
		.max_pages = max_pages,
		.priv = priv,
	};
	struct movable_pool *pool = movable_pool_create(&attr);

	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	pool->backing = rig->backing;
	if (rig->moves)
		pool->gfp |= __GFP_MOVABLE;
	return pool;
}

struct mp_fix *mp_fix_new(struct kunit *test, const char *what)
{
	static const int yes[] = { 0 };
	struct mp_fix *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fix);
	fix->test = test;
	fix->rig = test->priv;
	fix->what = what;
	fix->answers = yes;
	fix->nr_answers = 1;
	fix->spare = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fix->spare);
	fix->pool = mp_fix_pool(test, fix->rig, &mp_fix_ops, 0, fix);
	return fix;
}

/*
 * A page in a block where all others are free: to evict one frame the VM
 * isolates its whole block, and does not try where an unmovable page is in it.
 */
static int mp_fix_adopt(struct mp_fix *fix)
{
	struct page *block = alloc_pages(GFP_HIGHUSER_MOVABLE, pageblock_order);
	int i;

	if (!block)
		return -ENOMEM;
	split_page(block, pageblock_order);
	for (i = 1; i < pageblock_nr_pages; i++)
		__free_page(block + i);
	return movable_page_adopt(fix->pool, &fix->mp, block);
}

/* Give it a page. */
void mp_fix_make(struct mp_fix *fix, bool publish)
{
	bool by_vm = fix->rig->moves && !fix->rig->by_hand;
	int err = by_vm || fix->in_block ? mp_fix_adopt(fix) :
		  movable_page_alloc(fix->pool, &fix->mp, GFP_KERNEL);

	KUNIT_ASSERT_EQ(fix->test, err, 0);
	fix->src = pfn_to_page(movable_page_pfn(&fix->mp));
	if (publish)
		KUNIT_ASSERT_EQ(fix->test, movable_page_publish(&fix->mp), 0);
}

/* Before it is freed: to see, without it being reused, what becomes of it. */
void mp_fix_watch(struct mp_fix *fix)
{
	if (!fix->src || fix->rig->backing->cached)
		return;
	get_page(fix->src);
	fix->watch = true;
}

bool mp_vm_isolate(struct mp_fix *fix)
{
	bool ok;

	get_page(fix->src);
	if (!fix->locked)
		lock_page(fix->src);
	ok = mp_core_isolate(fix->src);
	if (!fix->locked)
		unlock_page(fix->src);
	if (ok)
		fix->held = true;
	else
		put_page(fix->src);
	return ok;
}

/* As the backings do it; the mark of some stays until the page is free. */
static void mp_vm_unmark(struct mp_fix *fix)
{
	const struct mp_loose *loose = fix->rig->backing->loose;

	if (loose->unmark)
		loose->unmark(fix->src);
}

bool mp_vm_putback(struct mp_fix *fix)
{
	bool linked;

	if (!fix->locked)
		lock_page(fix->src);
	linked = mp_core_putback(fix->src);
	if (!linked)
		mp_vm_unmark(fix);
	/* Nobody's: the page allocator's with the VM's reference. */
	if (!fix->locked || !linked) {
		unlock_page(fix->src);
		fix->locked = false;
	}
	fix->held = false;
	put_page(fix->src);
	return linked;
}

int mp_vm_migrate(struct mp_fix *fix, enum migrate_mode mode)
{
	struct page *dst = alloc_page(GFP_HIGHUSER_MOVABLE);
	int err;

	KUNIT_ASSERT_NOT_NULL(fix->test, dst);
	if (!fix->held)
		get_page(fix->src);
	if (!fix->locked)
		lock_page(fix->src);
	lock_page(dst);
	err = mp_core_migrate(fix->rig->backing, dst, fix->src, mode);
	if (!err || err == -ENOENT)
		mp_vm_unmark(fix);
	unlock_page(dst);
	/* What has moved or is nobody's goes to the page allocator. */
	if (!fix->locked || !err || err == -ENOENT) {
		unlock_page(fix->src);
		fix->locked = false;
	}
	put_page(dst);
	if (!err && !fix->held)
		fix->unlisted++;
	if (!err || err == -ENOENT || !fix->held) {
		fix->held = false;
		put_page(fix->src);
	}
	return err;
}

#ifdef MP_HAVE_CONTIG_FLAGS
#define MP_CONTIG_KIND	ACR_FLAGS_NONE
#else
#define MP_CONTIG_KIND	MIGRATE_MOVABLE
#endif

static int mp_vm_claim(unsigned long pfn)
{
	int err = alloc_contig_range(pfn, pfn + 1, MP_CONTIG_KIND,
				     GFP_KERNEL | __GFP_NOWARN);

	if (!err)
		free_contig_range(pfn, 1);
	return err;
}

/*
 * New page cache is on a per-CPU list, and no page of the LRU before that is
 * emptied.  The VM does that once it is sure of a range: a free block, say.
 */
int mp_vm_drain(void)
{
	struct page *block = alloc_pages(GFP_HIGHUSER_MOVABLE, pageblock_order);

	if (!block)
		return -ENOMEM;
	__free_pages(block, pageblock_order);
	return mp_vm_claim(page_to_pfn(block));
}

int mp_vm_evict(unsigned long pfn)
{
	return mp_vm_drain() ?: mp_vm_claim(pfn);
}

static void mp_fix_do(void *arg)
{
	struct mp_fix *fix = arg;

	fix->acted = true;
	fix->act(fix);
}

static void mp_fix_move(struct mp_fix *fix)
{
	int err;

	if (fix->rig->by_hand) {
		KUNIT_ASSERT_TRUE(fix->test, mp_vm_isolate(fix));
		err = mp_vm_migrate(fix, MIGRATE_SYNC);
	} else {
		err = mp_vm_evict(page_to_pfn(fix->src));
	}
	KUNIT_EXPECT_EQ_MSG(fix->test, err, 0, "the move, %s", fix->what);
}

static void mp_fix_free(struct mp_fix *fix)
{
	mp_hook(MP_WAIT_FREE_DYING, mp_fix_do, fix);
	KUNIT_EXPECT_EQ(fix->test, 0, movable_page_free(&fix->mp));
}

static void mp_fix_prepare(struct mp_fix *fix)
{
	switch (fix->at) {
	case MP_AT_EMPTY:
		break;
	case MP_AT_CLAIMED:
		atomic64_set(&fix->mp.word, 4);
		break;
	case MP_AT_PRIVATE:
	case MP_AT_PRIVATE_PINNED:
	case MP_AT_PRIVATE_DYING:
		mp_fix_make(fix, false);
		break;
	default:
		mp_fix_make(fix, true);
	}
}

static void mp_fix_pin(struct mp_fix *fix)
{
	KUNIT_ASSERT_EQ(fix->test, 0, movable_page_trypin(&fix->mp));
}

static void mp_fix_lock(struct mp_fix *fix)
{
	lock_page(fix->src);
	fix->locked = true;
}

/* Bring the handle to @at, and have @act done there, once. */
void mp_fix_reach(struct mp_fix *fix, enum mp_at at,
		  void (*act)(struct mp_fix *fix))
{
	fix->at = at;
	fix->act = act;
	mp_fix_prepare(fix);
	if (at >= MP_AT_ISOLATED && at <= MP_AT_ISOLATED_DYING)
		KUNIT_ASSERT_TRUE(fix->test, mp_vm_isolate(fix));
	switch (at) {
	case MP_AT_PRIVATE_DYING:
	case MP_AT_LIVE_DYING:
	case MP_AT_ISOLATED_DYING:
		mp_fix_free(fix);
		break;
	case MP_AT_PUBLISHED:
		mp_hook(MP_WAIT_MIGRATE_PUBLISHED, mp_fix_do, fix);
		fallthrough;
	case MP_AT_MOVING:
	case MP_AT_MOVING_DYING:
		mp_fix_move(fix);
		break;
	case MP_AT_PRIVATE_PINNED:
	case MP_AT_LIVE_PINNED:
	case MP_AT_ISOLATED_PINNED:
		mp_fix_pin(fix);
		mp_fix_do(fix);
		break;
	case MP_AT_LIVE_LOCKED:
	case MP_AT_ISOLATED_LOCKED:
		mp_fix_lock(fix);
		fallthrough;
	default:
		mp_fix_do(fix);
	}
	KUNIT_EXPECT_TRUE_MSG(fix->test, fix->acted, "%s", fix->what);
}

/* Exactly @sentence has been said since this was asked last; NULL: nothing. */
void mp_fix_said(struct mp_fix *fix, const char *sentence)
{
	unsigned int said;
	char last[160];

	said = mp_hooks_said(last, sizeof(last));
	KUNIT_EXPECT_EQ_MSG(fix->test, said, sentence ? 1 : 0, "%s: \"%s\"",
			    fix->what, last);
	if (sentence)
		KUNIT_EXPECT_NOT_NULL_MSG(fix->test, strstr(last, sentence),
					  "%s: \"%s\" instead of \"%s\"",
					  fix->what, last, sentence);
}

/* The worker frees them as soon as it gets their locks. */
void mp_orphans_gone(struct kunit *test, const struct mp_backing *backing,
		     const char *what)
{
	unsigned long end = jiffies + 5 * HZ;

	while (backing->nr_orphans(backing) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ_MSG(test, backing->nr_orphans(backing), 0L,
			    "orphans, %s", what);
}

static void mp_fix_let_go(struct mp_fix *fix)
{
	if (fix->locked)
		unlock_page(fix->src);
	fix->locked = false;
	if (fix->held)
		mp_vm_putback(fix);
	if (fix->at == MP_AT_CLAIMED && atomic64_read(&fix->mp.word) == 4)
		atomic64_set(&fix->mp.word, 0);
	while (movable_page_pins(&fix->mp))
		movable_page_unpin(&fix->mp);
	if (movable_page_state(&fix->mp) != MOVABLE_PAGE_EMPTY)
		KUNIT_EXPECT_EQ_MSG(fix->test, movable_page_free(&fix->mp), 0,
				    "the last free, %s", fix->what);
}

static void mp_fix_balance(struct mp_fix *fix)
{
	struct movable_pool_stats s;

	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ_MSG(fix->test, s.pages, 0UL, "%s", fix->what);
	KUNIT_EXPECT_EQ_MSG(fix->test, s.unpublished, 0UL, "%s", fix->what);
	KUNIT_EXPECT_EQ_MSG(fix->test, s.allocated, s.freed, "%s", fix->what);
	KUNIT_EXPECT_EQ_MSG(fix->test, s.attempted, s.migrated + s.directed +
			    s.refused_pinned + s.refused_referenced +
			    s.refused_driver + s.failed_driver +
			    s.refused_unready + s.refused_target, "%s",
			    fix->what);
	if (!fix->rig->backing->cached)
		KUNIT_EXPECT_EQ_MSG(fix->test, s.isolated + fix->unlisted,
				    s.migrated + s.putback + s.released,
				    "%s", fix->what);
}

/* Nobody has it but us, nothing of the pool's is left on it. */
static void mp_fix_unwatch(struct mp_fix *fix)
{
	const struct mp_backing *backing = fix->rig->backing;

	KUNIT_EXPECT_EQ_MSG(fix->test, page_count(fix->src), 1, "%s",
			    fix->what);
	KUNIT_EXPECT_FALSE_MSG(fix->test, PageLocked(fix->src), "%s",
			       fix->what);
	KUNIT_EXPECT_FALSE_MSG(fix->test, backing->owns(fix->pool, fix->src),
			       "%s", fix->what);
	put_page(fix->src);
	fix->watch = false;
}

/* Whatever state it is in: to the end, where all books must balance. */
void mp_fix_end(struct mp_fix *fix)
{
	mp_fix_let_go(fix);
	mp_orphans_gone(fix->test, fix->rig->backing, fix->what);
	if (fix->watch)
		mp_fix_unwatch(fix);
	mp_fix_balance(fix);
	KUNIT_EXPECT_EQ_MSG(fix->test, page_count(fix->spare), 1, "%s",
			    fix->what);
	put_page(fix->spare);
	movable_pool_destroy(fix->pool);
	mp_fix_said(fix, NULL);
	KUNIT_EXPECT_FALSE_MSG(fix->test, mp_hooks_left(),
			       "never came to a hook: %s", fix->what);
}

/* After a test that gave up, the next begins with a clean slate. */
void mp_suite_quiet(struct kunit *test)
{
	char last[160];

	mp_hooks_left();
	KUNIT_EXPECT_EQ(test, mp_hooks_said(last, sizeof(last)), 0U);
}

int mp_suite_open(struct kunit_suite *suite)
{
	int err = mp_loose_init(&mp_backing_tested);

	mp_hooks_listen(!err);
	return err;
}

/* Inodes of pools that are gone count as orphans until a worker was there. */
void mp_suite_close(struct kunit_suite *suite)
{
	unsigned long end = jiffies + 5 * HZ;

	WARN_ON(mp_backing_tested.nr_orphans(&mp_backing_tested));
	while (mp_backings_orphans() && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	WARN_ON(mp_backings_orphans());
	mp_loose_exit(&mp_backing_tested);
	mp_hooks_listen(false);
}
