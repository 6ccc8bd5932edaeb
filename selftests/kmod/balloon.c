// SPDX-License-Identifier: GPL-2.0
/*
 * Balloon pools under test.  Like a host, the driver keeps a bit for each frame
 * that it believes to be in the balloon: what comes, goes and is exchanged must
 * agree with that.
 */

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/movable_balloon.h>
#include <linux/pagemap.h>

#include "mp_test.h"

/* Frame numbers there may be: of 4 GiB in pages of 4 KiB. */
#define MP_TEST_FRAMES	BIT(20)
#define MP_TEST_BATCH	64U

int mp_test_balloon_open(struct mp_test_pool *pool)
{
	pool->frames = kvcalloc(BITS_TO_LONGS(MP_TEST_FRAMES), sizeof(long),
				GFP_KERNEL);
	return pool->frames ? 0 : -ENOMEM;
}

static void mp_test_frame_odd(struct mp_test_pool *pool, bool odd)
{
	if (!odd)
		return;
	spin_lock_irq(&pool->lock);
	pool->log.odd++;
	spin_unlock_irq(&pool->lock);
}

static void mp_test_frame_in(struct mp_test_pool *pool, struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	mp_test_frame_odd(pool, pfn >= MP_TEST_FRAMES ||
			  test_and_set_bit(pfn, pool->frames));
}

static void mp_test_frame_out(struct mp_test_pool *pool, struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	mp_test_frame_odd(pool, pfn >= MP_TEST_FRAMES ||
			  !test_and_clear_bit(pfn, pool->frames));
}

/* Before they are added: they may move at once. */
static void mp_test_balloon_fill(struct mp_test_pool *pool,
				 struct mp_test_call *call,
				 struct page **pages, unsigned int n)
{
	unsigned int i, in;

	for (i = 0; i < n; i++)
		mp_test_frame_in(pool, pages[i]);
	in = movable_balloon_add(pool->pool, pages, n);
	call->done += in;
	for (i = 0; i < n - in; i++) {
		mp_test_frame_out(pool, pages[i]);
		put_page(pages[i]);
	}
}

int mp_test_balloon_add(struct mp_test_pool *pool, struct mp_test_call *call)
{
	struct page *pages[MP_TEST_BATCH];
	unsigned int want, got, left = call->arg;

	do {
		want = min_t(unsigned int, left, MP_TEST_BATCH);
		got = movable_balloon_alloc(pool->pool, pages, want);
		mp_test_balloon_fill(pool, call, pages, got);
		left -= got;
	} while (left && got == want);
	return left ? -ENOMEM : 0;
}

/* Consecutive frames, so that they can be evicted; value: the first. */
int mp_test_balloon_add_block(struct mp_test_pool *pool,
			      struct mp_test_call *call)
{
	struct page *block, *page;
	unsigned int i, n;

	if (call->arg > ilog2(MAX_ORDER_NR_PAGES))
		return -EINVAL;
	n = 1U << call->arg;
	block = alloc_pages(GFP_USER | __GFP_MOVABLE | __GFP_NOWARN, call->arg);
	if (!block)
		return -ENOMEM;
	split_page(block, call->arg);
	call->value = page_to_pfn(block);
	for (i = 0; i < n; i++) {
		page = block + i;
		mp_test_balloon_fill(pool, call, &page, 1);
	}
	return 0;
}

/*
 * What must be refused: a page twice, and one that is of no use.  done: how
 * many of four were taken for good.
 */
int mp_test_balloon_add_odd(struct mp_test_pool *pool,
			    struct mp_test_call *call)
{
	struct page *pages[4] = {}, *again[2], *bad;

	if (movable_balloon_alloc(pool->pool, pages, 2) == 2)
		pages[2] = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
	if (!pages[2])
		return -ENOMEM;
	bad = pages[2];
	again[0] = pages[0];
	again[1] = pages[1];
	pages[3] = pages[0];
	mp_test_frame_in(pool, pages[0]);
	mp_test_frame_in(pool, pages[1]);
	call->done = movable_balloon_add(pool->pool, pages, 4);
	mp_test_frame_odd(pool, pages[0] != bad || pages[1] != again[0]);
	call->done += movable_balloon_add(pool->pool, again, 2);
	__free_pages(bad, 1);
	return 0;
}

static void mp_test_balloon_free(struct mp_test_pool *pool,
				 struct page **pages, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		mp_test_frame_out(pool, pages[i]);
		put_page(pages[i]);
	}
}

typedef unsigned int mp_test_take_t(struct movable_pool *pool,
				    struct page **pages, unsigned int n);

static int mp_test_balloon_take_by(struct mp_test_pool *pool,
				   struct mp_test_call *call,
				   mp_test_take_t *take)
{
	struct page *pages[MP_TEST_BATCH];
	unsigned int want, got, left = call->arg;

	do {
		want = min_t(unsigned int, left, MP_TEST_BATCH);
		got = take(pool->pool, pages, want);
		mp_test_balloon_free(pool, pages, got);
		left -= got;
	} while (left && got == want);
	call->done = call->arg - left;
	return 0;
}

int mp_test_balloon_take(struct mp_test_pool *pool, struct mp_test_call *call)
{
	return mp_test_balloon_take_by(pool, call, movable_balloon_take);
}

int mp_test_balloon_take_wait(struct mp_test_pool *pool,
			      struct mp_test_call *call)
{
	return mp_test_balloon_take_by(pool, call, movable_balloon_take_wait);
}

/* What a driver does before it destroys its pool. */
void mp_test_balloon_close(struct mp_test_pool *pool)
{
	struct mp_test_call call = { .arg = 256 };

	if (!pool->frames)
		return;
	do {
		mp_test_balloon_take_wait(pool, &call);
	} while (call.done);
	mp_test_frame_odd(pool, !bitmap_empty(pool->frames, MP_TEST_FRAMES));
}

/* value: how many frames the driver believes to be in the balloon */
int mp_test_balloon_count(struct mp_test_pool *pool, struct mp_test_call *call)
{
	call->value = bitmap_weight(pool->frames, MP_TEST_FRAMES);
	call->done = movable_balloon_pages(pool->pool);
	return 0;
}

/* @err: what the op is going to return */
void mp_test_balloon_exchanged(struct mp_test_pool *pool, struct page *dst,
			       struct page *src, int err)
{
	mp_test_frame_odd(pool, !PageLocked(dst) || !PageLocked(src) ||
			  dst == src);
	if (!err)
		mp_test_frame_in(pool, dst);
	if (!err || err == -ENOENT)
		mp_test_frame_out(pool, src);
}
