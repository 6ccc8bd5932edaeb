// SPDX-License-Identifier: GPL-2.0
/*
 * Talking to the host.
 *
 * A message is either a thread's, the host's (on @sent) or idle (on @idle).
 * It becomes the host's in balloon_send() and nobody's but by an answer, which
 * the sender finds at once or comes in the queue's interrupt, or by the reset.
 *
 * There are as many messages as both queues have room for, so adding one to a
 * queue fails for one reason: the device is broken, or was reset.
 */

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "balloon.h"

/* Moves that can be under way at a time, if the queues have room for them. */
#define BALLOON_MOVES		16U
/* Messages beside these in a queue: the worker's and the OOM notifier's. */
#define BALLOON_OTHERS		2U
#define BALLOON_SILENCE		(10 * HZ)
#define BALLOON_PERIOD		(HZ / 2)

static unsigned int patience = 10;
module_param(patience, uint, 0644);
MODULE_PARM_DESC(patience,
		 "seconds of silence before a driver that goes resets the device (10)");

void balloon_fill(struct balloon *b, struct balloon_message *msg,
		  struct page *page)
{
	u32 pfn = page_to_pfn(page) * BALLOON_UNITS;
	unsigned int i;

	for (i = 0; i < BALLOON_UNITS; i++)
		msg->pfns[msg->count++] = cpu_to_virtio32(b->vdev, pfn + i);
}

void balloon_fill_pages(struct balloon *b, struct balloon_message *msg,
			const struct balloon_pages *pages)
{
	unsigned int i;

	msg->count = 0;
	for (i = 0; i < pages->n; i++)
		balloon_fill(b, msg, pages->page[i]);
}

/* It is there for any move. */
void balloon_idle(struct balloon *b, struct balloon_message *msg)
{
	lockdep_assert_held(&b->lock);
	list_add(&msg->node, &b->idle);
	/*
	 * Who waits for one is in the queue before it looks, under the lock, so
	 * nobody is missed; and most often nobody waits.
	 */
	if (waitqueue_active(&b->idle_wait))
		wake_up(&b->idle_wait);
}

/* The host does not own it any more.  Its thread may free it at once. */
static void balloon_finish(struct balloon *b, struct balloon_message *msg,
			   bool failed)
{
	lockdep_assert_held(&b->lock);
	list_del_init(&msg->node);
	msg->failed = failed;
	b->heard = jiffies;
	b->complained = false;
	if (msg->then && !b->quiet)
		queue_work(b->wq, msg->then);
	if (msg->discarded) {
		msg->discarded = false;
		balloon_idle(b, msg);
	}
	complete_all(&msg->done);
}

/*
 * By interrupt, and by who has sent a message.  After the reset the messages
 * are not the host's any more.
 */
static void balloon_answered(struct virtqueue *vq)
{
	struct balloon *b = vq->vdev->priv;
	struct balloon_message *msg;
	unsigned long flags;
	unsigned int len;

	spin_lock_irqsave(&b->lock, flags);
	while (b->state != BALLOON_DOWN && (msg = virtqueue_get_buf(vq, &len)))
		balloon_finish(b, msg, false);
	/* What the host says makes no sense, so no more of it will be heard. */
	if (b->state == BALLOON_UP && virtqueue_is_broken(vq))
		schedule_delayed_work(&b->watch, 0);
	spin_unlock_irqrestore(&b->lock, flags);
}

/* @free: memory nobody uses, for the host to write to; not a message */
static int balloon_add(struct balloon *b, enum balloon_queue queue,
		       struct scatterlist *sg, unsigned int nents,
		       void *token, bool free)
{
	struct virtqueue *vq = b->vqs[queue];

	lockdep_assert_held(&b->lock);
	if (b->state != BALLOON_UP)
		return -EIO;
	if (free)
		return virtqueue_add_inbuf(vq, sg, nents, token, GFP_ATOMIC);
	return virtqueue_add_outbuf(vq, sg, nents, token, GFP_ATOMIC);
}

/**
 * balloon_post() - give the host a buffer without waiting for anything
 * @b: the balloon
 * @queue: which
 * @sg: the buffer
 * @token: for virtqueue_get_buf()
 * @free: it is free memory, not a message
 *
 * Context: Process.
 * Return: 0 or an error.
 */
int balloon_post(struct balloon *b, enum balloon_queue queue,
		 struct scatterlist *sg, void *token, bool free)
{
	bool notify = false;
	int err;

	spin_lock_irq(&b->lock);
	err = balloon_add(b, queue, sg, 1, token, free);
	if (!err)
		notify = virtqueue_kick_prepare(b->vqs[queue]);
	spin_unlock_irq(&b->lock);
	if (notify && !virtqueue_notify(b->vqs[queue]))
		schedule_delayed_work(&b->watch, 0);
	return err;
}

static int balloon_send_sg(struct balloon *b, enum balloon_queue queue,
			   struct balloon_message *msg, struct scatterlist *sg,
			   unsigned int nents)
{
	bool notify = false;
	int err;

	reinit_completion(&msg->done);
	spin_lock_irq(&b->lock);
	err = balloon_add(b, queue, sg, nents, msg, queue == BALLOON_VQ_REPORT);
	if (!err) {
		if (list_empty(&b->sent))
			b->heard = jiffies;
		list_add_tail(&msg->node, &b->sent);
		notify = virtqueue_kick_prepare(b->vqs[queue]);
	} else {
		msg->discarded = false;
		complete_all(&msg->done);
	}
	spin_unlock_irq(&b->lock);
	/*
	 * Rule 3; waits for a reset that is under way.  The host may do all its
	 * work in the notification: for that nobody shall spin, and then the
	 * answer is there, and need not be slept for until the interrupt.
	 */
	if (err || (notify && !virtqueue_notify(b->vqs[queue])))
		balloon_reset(b);
	else
		balloon_answered(b->vqs[queue]);
	return err;
}

/**
 * balloon_send() - tell the host about pages
 * @b: the balloon
 * @queue: BALLOON_VQ_INFLATE or BALLOON_VQ_DEFLATE
 * @msg: the caller's, with page numbers; now the host's
 *
 * Context: May sleep, but only to reset a broken device.  Page locks may be
 * held.
 * Return: 0, and balloon_wait() tells how it ended; or an error: @msg is the
 * caller's and the device has been reset.
 */
int balloon_send(struct balloon *b, enum balloon_queue queue,
		 struct balloon_message *msg)
{
	struct scatterlist sg;

	sg_init_one(&sg, msg->pfns, msg->count * sizeof(msg->pfns[0]));
	return balloon_send_sg(b, queue, msg, &sg, 1);
}

/* The same with @report, about free memory. */
int balloon_send_free(struct balloon *b, struct scatterlist *sg,
		      unsigned int nents)
{
	return balloon_send_sg(b, BALLOON_VQ_REPORT, b->report, sg, nents);
}

/* Once for each silence. */
static void balloon_complain(struct balloon *b)
{
	bool complain;

	spin_lock_irq(&b->lock);
	complain = !b->complained && !list_empty(&b->sent) &&
		   time_after_eq(jiffies, b->heard + BALLOON_SILENCE);
	if (complain)
		b->complained = true;
	spin_unlock_irq(&b->lock);
	if (complain)
		dev_warn(&b->vdev->dev,
			 "the host has not answered for %d s\n",
			 BALLOON_SILENCE / HZ);
}

/**
 * balloon_wait() - wait until the host does not own a message
 * @b: the balloon
 * @msg: the caller's before it was sent, and again afterwards
 *
 * Context: Sleeps, as long as it takes.  Page locks may be held.
 * Return: the host has read it; or else the device has been reset.
 */
bool balloon_wait(struct balloon *b, struct balloon_message *msg)
{
	while (!wait_for_completion_timeout(&msg->done, BALLOON_SILENCE))
		balloon_complain(b);
	return !msg->failed;
}

/* Until now the host may have read what it was sent, but not from here on. */
static void balloon_down(struct balloon *b)
{
	struct balloon_message *msg, *next;

	spin_lock_irq(&b->lock);
	WRITE_ONCE(b->state, BALLOON_DOWN);
	list_for_each_entry_safe(msg, next, &b->sent, node)
		balloon_finish(b, msg, true);
	/* What is for a host that knows of nothing any more is given back. */
	if (!b->quiet) {
		balloon_size_changed(b);
		balloon_hint_changed(b);
	}
	spin_unlock_irq(&b->lock);
	wake_up_all(&b->idle_wait);
}

/**
 * balloon_reset() - make the host forget all it was told
 * @b: the balloon
 *
 * All waits end.  The second time nothing happens.
 *
 * Context: May sleep; page locks may be held.
 */
void balloon_reset(struct balloon *b)
{
	bool up;

	mutex_lock(&b->reset_lock);
	spin_lock_irq(&b->lock);
	up = b->state == BALLOON_UP;
	if (up)
		WRITE_ONCE(b->state, BALLOON_ENDING);
	spin_unlock_irq(&b->lock);
	if (up) {
		balloon_compat_reset(b->vdev);
		balloon_down(b);
	}
	mutex_unlock(&b->reset_lock);
}

static bool balloon_broken(struct balloon *b)
{
	int i;

	for (i = 0; i < BALLOON_VQS; i++)
		if (b->vqs[i] && virtqueue_is_broken(b->vqs[i]))
			return true;
	return false;
}

/* While the driver goes it looks now and then whether the host is there. */
void balloon_watch(struct work_struct *work)
{
	struct balloon *b = container_of(work, struct balloon, watch.work);
	unsigned long limit = READ_ONCE(patience) * HZ;
	bool broken = false;
	bool silent = false;

	spin_lock_irq(&b->lock);
	if (b->state == BALLOON_UP) {
		broken = balloon_broken(b);
		silent = b->quiet && !list_empty(&b->sent) &&
			 time_after_eq(jiffies, b->heard + limit);
		if (b->quiet)
			schedule_delayed_work(&b->watch, BALLOON_PERIOD);
	}
	spin_unlock_irq(&b->lock);
	if (!broken && !silent)
		return;
	dev_warn(&b->vdev->dev, "%s: resetting the device\n",
		 broken ? "a queue is broken" : "the host does not answer");
	balloon_reset(b);
}

static int balloon_find_queues(struct balloon *b)
{
	struct balloon_vq wanted[BALLOON_VQS] = {
		[BALLOON_VQ_INFLATE] = { "inflate", balloon_answered },
		[BALLOON_VQ_DEFLATE] = { "deflate", balloon_answered },
	};

	if (balloon_has(b, VIRTIO_BALLOON_F_STATS_VQ))
		wanted[BALLOON_VQ_STATS] = (struct balloon_vq){
			"stats", balloon_stats_asked };
	if (balloon_has(b, VIRTIO_BALLOON_F_FREE_PAGE_HINT))
		wanted[BALLOON_VQ_HINT] = (struct balloon_vq){ "hint", NULL };
	if (balloon_has(b, VIRTIO_BALLOON_F_REPORTING))
		wanted[BALLOON_VQ_REPORT] = (struct balloon_vq){
			"report", balloon_answered };
	return balloon_compat_find_vqs(b->vdev, BALLOON_VQS, b->vqs, wanted);
}

static struct balloon_message *balloon_message_new(unsigned int pfns)
{
	struct balloon_message *msg;

	msg = kzalloc(struct_size(msg, pfns, pfns), GFP_KERNEL);
	if (!msg)
		return NULL;
	INIT_LIST_HEAD(&msg->node);
	init_completion(&msg->done);
	complete_all(&msg->done);
	return msg;
}

static void balloon_free_messages(struct balloon *b)
{
	struct balloon_message *msg, *next;

	list_for_each_entry_safe(msg, next, &b->idle, node)
		kfree(msg);
	INIT_LIST_HEAD(&b->idle);
	kfree(b->inflate);
	kfree(b->deflate);
	kfree(b->relief);
	kfree(b->report);
	b->inflate = NULL;
	b->deflate = NULL;
	b->relief = NULL;
	b->report = NULL;
}

static int balloon_new_messages(struct balloon *b)
{
	unsigned int room =
		min(virtqueue_get_vring_size(b->vqs[BALLOON_VQ_INFLATE]),
		    virtqueue_get_vring_size(b->vqs[BALLOON_VQ_DEFLATE]));
	unsigned int i;

	if (room <= BALLOON_OTHERS)
		return -ENOSPC;
	b->inflate = balloon_message_new(BALLOON_PFNS);
	b->deflate = balloon_message_new(BALLOON_PFNS);
	b->relief = balloon_message_new(BALLOON_PFNS);
	b->report = balloon_message_new(0);
	if (!b->inflate || !b->deflate || !b->relief || !b->report)
		return -ENOMEM;
	b->relief->then = &b->settle_work;
	for (i = 0; i < min(BALLOON_MOVES, room - BALLOON_OTHERS); i++) {
		struct balloon_message *move =
			balloon_message_new(BALLOON_UNITS);

		if (!move)
			return -ENOMEM;
		list_add(&move->node, &b->idle);
	}
	return 0;
}

/**
 * balloon_host_open() - get the queues, and messages to fill them
 * @b: down
 *
 * Context: May sleep.
 * Return: 0, and nothing is in the queues; -ENOSPC if they are too small to be
 * of use; another error.
 */
int balloon_host_open(struct balloon *b)
{
	int err = balloon_find_queues(b);

	if (err)
		return err;
	err = balloon_new_messages(b);
	if (err) {
		balloon_free_messages(b);
		b->vdev->config->del_vqs(b->vdev);
		return err;
	}
	b->complained = false;
	b->state = BALLOON_UP;
	return 0;
}

/**
 * balloon_host_close() - undo balloon_host_open(), and reset the device
 * @b: nobody waits for an answer
 *
 * Context: May sleep.
 */
void balloon_host_close(struct balloon *b)
{
	balloon_reset(b);
	/* No interrupt starts it any more. */
	cancel_delayed_work_sync(&b->watch);
	b->vdev->config->del_vqs(b->vdev);
	balloon_free_messages(b);
}
