// SPDX-License-Identifier: GPL-2.0
/*
 * Free page hinting: a host that migrates the machine asks which memory need
 * not be copied.  It writes a command id to the configuration; the driver sends
 * it back, then all free blocks, then the end, and keeps the blocks until the
 * host says that it is done, or the kernel wants them.
 *
 * Who gets a block before the host has read of it may use it: the host sees
 * that it was written to.  So this queue has no interrupt and nobody waits.
 */

#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/movable_shrinker.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>

#include "balloon.h"

/* The largest blocks there are. */
#define BALLOON_BLOCK_PAGES	((unsigned long)MAX_ORDER_NR_PAGES)
#define BALLOON_BLOCK_ORDER	ilog2(MAX_ORDER_NR_PAGES)
#define BALLOON_HINT_PATIENCE	(5 * HZ)
/* What is free now: neither reclaim nor the reserves. */
#define BALLOON_BLOCK_GFP	(__GFP_NORETRY | __GFP_NOWARN | \
				 __GFP_NOMEMALLOC)

static unsigned long balloon_free_blocks(struct balloon *b, unsigned long most)
{
	struct page *page, *next;
	unsigned long n = 0;

	spin_lock(&b->blocks_lock);
	list_for_each_entry_safe(page, next, &b->blocks, lru) {
		if (n == most)
			break;
		list_del(&page->lru);
		__free_pages(page, BALLOON_BLOCK_ORDER);
		n++;
	}
	b->nr_blocks -= n;
	spin_unlock(&b->blocks_lock);
	return n;
}

static unsigned long balloon_hint_count(struct movable_pool *pool)
{
	const struct balloon *b = movable_pool_priv(pool);

	return READ_ONCE(b->nr_blocks) * BALLOON_BLOCK_PAGES;
}

static unsigned long balloon_hint_scan(struct movable_pool *pool,
				       unsigned long nr)
{
	unsigned long most = DIV_ROUND_UP(nr, BALLOON_BLOCK_PAGES);

	return balloon_free_blocks(movable_pool_priv(pool), most) *
	       BALLOON_BLOCK_PAGES;
}

/* The blocks are the driver's beside its pool, which has its own pages. */
static const struct movable_shrinker_ops balloon_hint_ops = {
	.count = balloon_hint_count,
	.scan = balloon_hint_scan,
};

/* Reading the configuration takes an exit to the host: only when it changed. */
static u32 balloon_hint_wanted(struct balloon *b)
{
	if (READ_ONCE(b->state) != BALLOON_UP)
		return VIRTIO_BALLOON_CMD_ID_DONE;
	if (test_and_clear_bit(0, &b->hint_fresh))
		virtio_cread_le(b->vdev, struct virtio_balloon_config,
				free_page_hint_cmd_id, &b->hint_wanted);
	return b->hint_wanted;
}

/* Return: how much room there is, without what the host has read. */
static unsigned int balloon_hint_room(struct balloon *b)
{
	struct virtqueue *vq = b->vqs[BALLOON_VQ_HINT];
	unsigned int room = 0;
	unsigned int len;

	spin_lock_irq(&b->lock);
	if (b->state == BALLOON_UP) {
		while (virtqueue_get_buf(vq, &len))
			;
		room = vq->num_free;
		/* It has no interrupt that would find out. */
		if (virtqueue_is_broken(vq))
			schedule_delayed_work(&b->watch, 0);
	}
	spin_unlock_irq(&b->lock);
	return room;
}

/* A host that is slow is waited for; but these are only hints. */
static bool balloon_hint_wait(struct balloon *b, unsigned int room)
{
	unsigned long end = jiffies + BALLOON_HINT_PATIENCE;

	while (balloon_hint_room(b) < room) {
		if (READ_ONCE(b->quiet) || READ_ONCE(b->state) != BALLOON_UP ||
		    time_after_eq(jiffies, end))
			return false;
		schedule_timeout_uninterruptible(1);
	}
	return true;
}

static int balloon_hint_say(struct balloon *b, __virtio32 *id)
{
	struct scatterlist sg;

	if (!balloon_hint_wait(b, 1))
		return -EAGAIN;
	sg_init_one(&sg, id, sizeof(*id));
	return balloon_post(b, BALLOON_VQ_HINT, &sg, id, false);
}

static int balloon_hint_block(struct balloon *b)
{
	struct scatterlist sg;
	struct page *page;
	int err;

	page = alloc_pages(BALLOON_BLOCK_GFP, BALLOON_BLOCK_ORDER);
	if (!page)
		return -ENOMEM;
	sg_init_table(&sg, 1);
	sg_set_page(&sg, page, PAGE_SIZE * BALLOON_BLOCK_PAGES, 0);
	err = balloon_post(b, BALLOON_VQ_HINT, &sg, page, true);
	if (err) {
		__free_pages(page, BALLOON_BLOCK_ORDER);
		return err;
	}
	spin_lock(&b->blocks_lock);
	list_add(&page->lru, &b->blocks);
	b->nr_blocks++;
	spin_unlock(&b->blocks_lock);
	return 0;
}

/*
 * QEMU names an id only until it has got that back; then it says STOP, although
 * it reads.  Whoever looks again, for a change that was told late, must not
 * take that for the end: that is another id, or DONE.
 */
static bool balloon_hint_goes_on(struct balloon *b)
{
	u32 id = balloon_hint_wanted(b);

	return !READ_ONCE(b->quiet) && (id == b->hint_active ||
					id == VIRTIO_BALLOON_CMD_ID_STOP);
}

/* One entry stays free, for the end. */
static void balloon_hint_blocks(struct balloon *b)
{
	while (balloon_hint_goes_on(b))
		if (!balloon_hint_wait(b, 2) || balloon_hint_block(b))
			return;
}

static void balloon_hint_all(struct balloon *b, u32 id)
{
	b->hint_start = cpu_to_virtio32(b->vdev, id);
	if (balloon_hint_say(b, &b->hint_start))
		return;
	b->hint_active = id;
	balloon_hint_blocks(b);
	balloon_hint_say(b, &b->hint_stop);
}

void balloon_hint_work(struct work_struct *work)
{
	struct balloon *b = container_of(work, struct balloon, hint_work);
	u32 id = balloon_hint_wanted(b);

	if (id != VIRTIO_BALLOON_CMD_ID_DONE &&
	    id != VIRTIO_BALLOON_CMD_ID_STOP && id != b->hint_active)
		balloon_hint_all(b, id);
	if (balloon_hint_wanted(b) == VIRTIO_BALLOON_CMD_ID_DONE)
		balloon_free_blocks(b, ULONG_MAX);
}

/* Under the lock, not quiet. */
void balloon_hint_changed(struct balloon *b)
{
	lockdep_assert_held(&b->lock);
	if (!b->hint_on)
		return;
	set_bit(0, &b->hint_fresh);
	queue_work(b->wq, &b->hint_work);
}

int balloon_hint_start(struct balloon *b)
{
	int err;

	if (!balloon_has(b, VIRTIO_BALLOON_F_FREE_PAGE_HINT))
		return 0;
	if (virtqueue_get_vring_size(b->vqs[BALLOON_VQ_HINT]) < 2)
		return -ENOSPC;
	b->hint_wanted = VIRTIO_BALLOON_CMD_ID_STOP;
	b->hint_active = VIRTIO_BALLOON_CMD_ID_STOP;
	b->hint_stop = cpu_to_virtio32(b->vdev, VIRTIO_BALLOON_CMD_ID_STOP);
	err = movable_pool_shrinker_add(b->pool, &balloon_hint_ops);
	b->hint_on = !err;
	return err;
}

/*
 * QEMU's I/O thread reads this queue beside the thread that resets the device,
 * and counts the buffer it has in hand in the queue of the next driver, whose
 * first id is then not seen (QEMU 7.2).  So it gets a while to read to the end.
 */
static void balloon_hint_let_read(struct balloon *b)
{
	unsigned int all = virtqueue_get_vring_size(b->vqs[BALLOON_VQ_HINT]);
	unsigned long end = jiffies + BALLOON_HINT_PATIENCE;

	while (balloon_hint_room(b) < all &&
	       READ_ONCE(b->state) == BALLOON_UP && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
}

/* A host that does not read to the end may still: see above. */
void balloon_hint_stop(struct balloon *b)
{
	if (b->hint_on) {
		movable_pool_shrinker_remove(b->pool);
		balloon_hint_let_read(b);
	}
	b->hint_on = false;
	balloon_free_blocks(b, ULONG_MAX);
}
