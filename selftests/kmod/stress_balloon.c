// SPDX-License-Identifier: GPL-2.0
/*
 * A balloon's owner.  Nobody looks at what is in its pages; but each frame is
 * in one balloon or in none, which a bit for each says.
 */

#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/movable_balloon.h>

#include "mp_stress.h"

static void mp_stress_frame_in(struct mp_stress_owner *owner,
			       struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	if (pfn < MP_STRESS_FRAMES &&
	    test_and_set_bit(pfn, owner->stress->frames))
		mp_stress_wrong(owner, "pfn %#lx comes, and was there", pfn);
	atomic_inc(&owner->balloon);
}

static void mp_stress_frame_out(struct mp_stress_owner *owner,
				struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	if (pfn < MP_STRESS_FRAMES &&
	    !test_and_clear_bit(pfn, owner->stress->frames))
		mp_stress_wrong(owner, "pfn %#lx goes, and was not there",
				pfn);
	atomic_dec(&owner->balloon);
}

/* Both pages are locked.  Refuses now and then, or loses the new page. */
int mp_stress_op_exchange(struct movable_pool *pool, struct page *dst,
			  struct page *src, enum migrate_mode mode)
{
	struct mp_stress_owner *owner = movable_pool_priv(pool);
	unsigned int asked = atomic_inc_return(&owner->asked);

	if (!(asked % 64))
		return asked % 128 ? -EAGAIN : -EBUSY;
	mp_stress_frame_out(owner, src);
	if (!(asked % 1000))
		return -ENOENT;
	mp_stress_frame_in(owner, dst);
	return 0;
}

/* Before they are added: they may move at once. */
static void mp_stress_inflate(struct mp_stress_owner *owner, unsigned int n)
{
	struct page *pages[MP_STRESS_SET];
	unsigned int i, got, in;

	got = movable_balloon_alloc(owner->pool, pages, n);
	for (i = 0; i < got; i++)
		mp_stress_frame_in(owner, pages[i]);
	in = movable_balloon_add(owner->pool, pages, got);
	owner->acts[MP_STRESS_INFLATE] += in;
	for (i = 0; i < got - in; i++) {
		mp_stress_frame_out(owner, pages[i]);
		put_page(pages[i]);
	}
	if (got < n) {
		owner->acts[MP_STRESS_NO_MEMORY]++;
		usleep_range(1000, 2000);
	}
}

static void mp_stress_deflated(struct mp_stress_owner *owner,
			       struct page **pages, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		mp_stress_frame_out(owner, pages[i]);
		put_page(pages[i]);
	}
	owner->acts[MP_STRESS_DEFLATE] += n;
}

/* Above its size it shrinks, below it does either. */
void mp_stress_balloon_step(struct mp_stress_owner *owner)
{
	struct page *pages[MP_STRESS_SET];
	unsigned int n = 1 + mp_stress_random(owner) % MP_STRESS_SET;

	if (movable_balloon_pages(owner->pool) + n <= owner->nr &&
	    !mp_stress_one_in(owner, 3)) {
		mp_stress_inflate(owner, n);
		return;
	}
	n = mp_stress_one_in(owner, 16) ?
	    movable_balloon_take_wait(owner->pool, pages, n) :
	    movable_balloon_take(owner->pool, pages, n);
	mp_stress_deflated(owner, pages, n);
}

void mp_stress_balloon_end(struct mp_stress_owner *owner)
{
	struct page *pages[MP_STRESS_SET];
	unsigned int n;

	while ((n = movable_balloon_take_wait(owner->pool, pages,
					      MP_STRESS_SET)))
		mp_stress_deflated(owner, pages, n);
	if (movable_balloon_pages(owner->pool) || atomic_read(&owner->balloon))
		mp_stress_wrong(owner, "empty, but %lu pages, %d frames",
				movable_balloon_pages(owner->pool),
				atomic_read(&owner->balloon));
}
