// SPDX-License-Identifier: GPL-2.0
/*
 * The host: a thread that reads messages and answers them, as many as it may.
 *
 * Nothing says in which order a host looks at its queues, so this one changes
 * it each time.
 */

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "mp_fake.h"

#define FAKE_PATIENCE	(60 * HZ)

void fake_host_kick(struct fake_host *host)
{
	WRITE_ONCE(host->kicked, true);
	wake_up(&host->wait);
}

static void fake_host_read(struct fake_host *host, enum mp_fake_queue number)
{
	struct fake_queue *queue = &host->queues[number];
	u16 head = fake_ring_head(queue), entry = head;
	unsigned int left = queue->ring.num;
	struct fake_buffer buffer;
	bool more = true;

	while (more && entry < queue->ring.num && left--) {
		more = fake_ring_buffer(queue, &entry, &buffer);
		fake_account_read(host, number, &buffer);
	}
	if (more)
		host->state.faults.odd++;
	queue->next++;
	queue->messages++;
	if (queue->allowed != MP_FAKE_ALL)
		queue->allowed--;
	fake_ring_answer(queue, head);
}

static void fake_host_serve_queue(struct fake_host *host,
				  enum mp_fake_queue number)
{
	struct fake_queue *queue = &host->queues[number];

	while (fake_virtio_runs(host) && queue->allowed &&
	       fake_ring_pending(queue))
		fake_host_read(host, number);
}

static bool fake_host_holds(const struct fake_host *host)
{
	int i;

	for (i = 0; i < MP_FAKE_QUEUES; i++)
		if (i != MP_FAKE_STATS &&
		    host->queues[i].allowed != MP_FAKE_ALL)
			return true;
	return false;
}

void fake_host_allow_all(struct fake_host *host)
{
	int i;

	lockdep_assert_held(&host->lock);
	for (i = 0; i < MP_FAKE_QUEUES; i++)
		if (i != MP_FAKE_STATS)
			host->queues[i].allowed = MP_FAKE_ALL;
}

static void fake_host_serve(struct fake_host *host)
{
	int i;

	mutex_lock(&host->lock);
	if (fake_host_holds(host) &&
	    time_after(jiffies, host->silent + FAKE_PATIENCE))
		fake_host_allow_all(host);
	host->backwards = !host->backwards;
	for (i = 0; i < MP_FAKE_QUEUES; i++)
		fake_host_serve_queue(host, host->backwards ?
					    MP_FAKE_QUEUES - 1 - i : i);
	mutex_unlock(&host->lock);
}

static bool fake_host_wanted(struct fake_host *host)
{
	return READ_ONCE(host->kicked) || kthread_should_stop();
}

static int fake_host_thread(void *data)
{
	struct fake_host *host = data;

	while (!kthread_should_stop()) {
		wait_event_idle_timeout(host->wait, fake_host_wanted(host), HZ);
		WRITE_ONCE(host->kicked, false);
		/* What is sent from here on kicks again. */
		smp_mb();
		fake_host_serve(host);
		cond_resched();
	}
	return 0;
}

int fake_host_allow(struct fake_host *host, const struct mp_fake_allow *allow)
{
	if (allow->queue >= MP_FAKE_QUEUES)
		return -EINVAL;
	mutex_lock(&host->lock);
	host->queues[allow->queue].allowed = allow->messages;
	host->silent = jiffies;
	mutex_unlock(&host->lock);
	fake_host_kick(host);
	return 0;
}

/* Page numbers alone: of the queues for these. */
int fake_host_peek(struct fake_host *host, struct mp_fake_peek *peek)
{
	struct fake_buffer buffer;
	struct fake_queue *queue;
	__virtio32 *pfns;
	unsigned int i;
	u16 entry;

	if (peek->queue > MP_FAKE_DEFLATE)
		return -EINVAL;
	peek->count = 0;
	mutex_lock(&host->lock);
	queue = &host->queues[peek->queue];
	if (fake_virtio_runs(host) && fake_ring_pending(queue)) {
		entry = fake_ring_head(queue);
		fake_ring_buffer(queue, &entry, &buffer);
		pfns = buffer.start;
		peek->count = min_t(u32, buffer.len / sizeof(*pfns),
				    MP_FAKE_PFNS);
	}
	for (i = 0; i < peek->count; i++)
		peek->pfns[i] = virtio32_to_cpu(host->vdev, pfns[i]);
	mutex_unlock(&host->lock);
	return 0;
}

int fake_host_start(struct fake_host *host)
{
	init_waitqueue_head(&host->wait);
	host->thread = kthread_run(fake_host_thread, host, "mp_fake_host");
	return PTR_ERR_OR_ZERO(host->thread);
}

void fake_host_stop(struct fake_host *host)
{
	kthread_stop(host->thread);
}
