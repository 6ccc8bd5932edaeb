// SPDX-License-Identifier: GPL-2.0
/*
 * The size of the balloon: a worker brings it to what the host wants, a message
 * at a time, and reads before each what that is now.
 *
 * What it could not do, for want of memory or because the VM has the pages in
 * its hands, it tries again later, and then later still; at once when the host
 * changes its mind.
 */

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "balloon.h"

#define BALLOON_MIN_DELAY	msecs_to_jiffies(200)
#define BALLOON_MAX_DELAY	msecs_to_jiffies(10000)

/*
 * What is below this would not be given freely, but by reclaim, and then by the
 * OOM killer: a host that asks for all memory means as much as can be spared.
 */
static unsigned int spare = 16;
module_param(spare, uint, 0644);
MODULE_PARM_DESC(spare,
		 "MiB of available memory that the balloon leaves alone (16)");

void balloon_free_pages(struct balloon_pages *pages)
{
	while (pages->n)
		put_page(pages->page[--pages->n]);
}

/*
 * A host that wants a part of a page wants it all, or this would go up and down
 * for ever.  One that knows of nothing any more wants nothing.
 */
static unsigned long balloon_target(struct balloon *b)
{
	u32 units = 0;

	/* Little endian, even if nothing else of a legacy device is. */
	if (READ_ONCE(b->state) == BALLOON_UP)
		virtio_cread_le(b->vdev, struct virtio_balloon_config,
				num_pages, &units);
	/* DIV_ROUND_UP() wraps: hosts may ask for all ones. */
	return units / BALLOON_UNITS + !!(units % BALLOON_UNITS);
}

/**
 * balloon_tell_actual() - let the host know how large the balloon is
 * @b: the balloon
 *
 * Context: May sleep.
 */
void balloon_tell_actual(struct balloon *b)
{
	u32 actual;

	mutex_lock(&b->actual_lock);
	actual = movable_balloon_pages(b->pool) * BALLOON_UNITS;
	if (actual != b->actual && READ_ONCE(b->state) == BALLOON_UP) {
		virtio_cwrite_le(b->vdev, struct virtio_balloon_config,
				 actual, &actual);
		b->actual = actual;
	}
	mutex_unlock(&b->actual_lock);
}

static bool balloon_has_room(struct balloon *b)
{
	long least = (long)READ_ONCE(spare) * (SZ_1M >> PAGE_SHIFT);
	u64 calm;

	spin_lock_irq(&b->lock);
	calm = b->calm;
	spin_unlock_irq(&b->lock);
	return si_mem_available() >= least &&
	       !time_before64(get_jiffies_64(), calm);
}

/* It does not matter how it ends: told or reset, the pages are ours. */
static void balloon_release(struct balloon *b, struct balloon_pages *pages)
{
	int err;

	balloon_fill_pages(b, b->deflate, pages);
	err = balloon_send(b, BALLOON_VQ_DEFLATE, b->deflate);
	if (!balloon_must_tell(b))
		balloon_free_pages(pages);
	if (!err)
		balloon_wait(b, b->deflate);
	balloon_free_pages(pages);
}

/* Rule 1: they are in the balloon when the host says so. */
static unsigned int balloon_inflate(struct balloon *b, unsigned int n)
{
	struct balloon_pages *pages = &b->pages;

	if (!balloon_has_room(b))
		return 0;
	pages->n = movable_balloon_alloc(b->pool, pages->page, n);
	if (!pages->n)
		return 0;
	balloon_fill_pages(b, b->inflate, pages);
	if (balloon_send(b, BALLOON_VQ_INFLATE, b->inflate) ||
	    !balloon_wait(b, b->inflate)) {
		balloon_free_pages(pages);
		return 0;
	}
	n = movable_balloon_add(b->pool, pages->page, pages->n);
	pages->n -= n;
	/* Their memory has failed meanwhile. */
	if (pages->n)
		balloon_release(b, pages);
	return n;
}

static unsigned int balloon_deflate(struct balloon *b, unsigned int n)
{
	struct balloon_pages *pages = &b->pages;

	n = movable_balloon_take(b->pool, pages->page, n);
	pages->n = n;
	if (n)
		balloon_release(b, pages);
	return n;
}

/**
 * balloon_empty() - give all pages back
 * @b: quiet, and its workers are gone
 *
 * Context: Sleeps until the VM has put back what it has isolated.
 */
void balloon_empty(struct balloon *b)
{
	struct balloon_pages *pages = &b->pages;

	while ((pages->n = movable_balloon_take_wait(b->pool, pages->page,
						     BALLOON_BATCH)))
		balloon_release(b, pages);
	balloon_tell_actual(b);
}

/* @now: also if an OOM has put it off meanwhile.  Else nothing if queued. */
static void balloon_size_again(struct balloon *b, bool now, unsigned long delay)
{
	unsigned long flags;

	spin_lock_irqsave(&b->lock, flags);
	if (!b->quiet && now)
		mod_delayed_work(b->wq, &b->size_work, 0);
	else if (!b->quiet)
		queue_delayed_work(b->wq, &b->size_work, delay);
	spin_unlock_irqrestore(&b->lock, flags);
}

static void balloon_size_retry(struct balloon *b, unsigned long missing)
{
	unsigned long delay = READ_ONCE(b->delay);

	if (delay == BALLOON_MIN_DELAY && !READ_ONCE(b->quiet))
		dev_info_ratelimited(&b->vdev->dev,
				     "%lu pages from what the host wants, will try again\n",
				     missing);
	WRITE_ONCE(b->delay, min(2 * delay, BALLOON_MAX_DELAY));
	/* If the host has changed its mind, it is queued. */
	balloon_size_again(b, false, delay);
}

void balloon_size_work(struct work_struct *work)
{
	struct balloon *b = container_of(work, struct balloon, size_work.work);
	unsigned long has = movable_balloon_pages(b->pool);
	unsigned long wants = balloon_target(b);
	unsigned long missing = max(has, wants) - min(has, wants);
	unsigned int n = min_t(unsigned long, missing, BALLOON_BATCH);
	unsigned int done = 0;

	if (wants > has)
		done = balloon_inflate(b, n);
	else if (wants < has)
		done = balloon_deflate(b, n);
	balloon_tell_actual(b);
	if (missing && done == n) {
		WRITE_ONCE(b->delay, BALLOON_MIN_DELAY);
		balloon_size_again(b, true, 0);
		return;
	}
	balloon_may_sleep(b, BALLOON_AWAKE_SIZE, work);
	if (missing)
		balloon_size_retry(b, missing - done);
}

/* The host wants another size, perhaps; under the lock, not quiet. */
void balloon_size_changed(struct balloon *b)
{
	lockdep_assert_held(&b->lock);
	balloon_stay_awake(b, BALLOON_AWAKE_SIZE);
	WRITE_ONCE(b->delay, BALLOON_MIN_DELAY);
	mod_delayed_work(b->wq, &b->size_work, 0);
}

/*
 * Somebody needs the memory more than the host does, for now: nothing else will
 * start the worker again when it had got to the target before.
 */
void balloon_size_calm(struct balloon *b)
{
	unsigned long flags;

	spin_lock_irqsave(&b->lock, flags);
	b->calm = get_jiffies_64() + BALLOON_MAX_DELAY;
	if (!b->quiet)
		queue_delayed_work(b->wq, &b->size_work, BALLOON_MAX_DELAY);
	spin_unlock_irqrestore(&b->lock, flags);
}
