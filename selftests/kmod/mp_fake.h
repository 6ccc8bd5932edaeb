/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_FAKE_H
#define _MP_FAKE_H

/*
 * A host for balloon drivers, in the kernel that they run in.
 *
 * fake_device.c	/dev/mp_fake_host
 * fake_virtio.c	the virtio device, as its driver sees it
 * fake_host.c		who reads messages, and when
 * fake_account.c	what the messages say
 * fake_ring.c		the host's end of a queue
 *
 * Order: plug_lock -> the driver's -> lock -> the driver's that its interrupt
 * takes.  Under @lock nothing is allocated and user space is not touched: the
 * driver comes here from reclaim.
 */

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/virtio.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_ring.h>
#include <linux/wait.h>

#include "mp_fake_uapi.h"

/**
 * struct fake_queue - the host's end
 * @vq: the driver's end, or NULL
 * @ring: what both see
 * @size: of the memory of @ring
 * @next: entry of the avail ring to be read next
 * @allowed: messages that may be read, MP_FAKE_ALL for all
 * @messages: read and answered
 * @pages: in these
 */
struct fake_queue {
	struct virtqueue *vq;
	struct vring ring;
	size_t size;
	u16 next;
	u32 allowed;
	u64 messages;
	u64 pages;
};

/**
 * struct fake_buffer - a piece of a message
 * @start: of it
 * @len: in bytes
 * @writable: the host may write to it
 */
struct fake_buffer {
	void *start;
	u32 len;
	bool writable;
};

/**
 * struct fake_host - there is one
 * @plug_lock: one at a time plugs or unplugs
 * @lock: guards the rest
 * @vdev: the device, or NULL
 * @gone: it has been freed
 * @setup: for the next driver
 * @config: what the driver reads and writes
 * @status: of the device
 * @state: counts
 * @queues: by enum mp_fake_queue
 * @backwards: which queue is looked at first, in turns
 * @silent: since when somebody has not been answered, in jiffies
 * @in: a bit for each frame in the balloon
 * @stats: the last message of the kind
 * @thread: the host
 * @wait: of @thread
 * @kicked: there may be something to read
 * @stray: kicks of a device that does not run
 */
struct fake_host {
	struct mutex plug_lock;		/* @vdev changes */
	struct mutex lock;		/* what follows */
	struct virtio_device *vdev;
	struct completion gone;
	struct mp_fake_setup setup;
	struct virtio_balloon_config config;
	u8 status;
	struct mp_fake_state state;
	struct fake_queue queues[MP_FAKE_QUEUES];
	bool backwards;
	unsigned long silent;
	unsigned long *in;
	struct mp_fake_stats stats;

	struct task_struct *thread;
	wait_queue_head_t wait;
	bool kicked;
	atomic_t stray;
};

/* fake_host.c */
int fake_host_start(struct fake_host *host);
void fake_host_stop(struct fake_host *host);
void fake_host_kick(struct fake_host *host);
void fake_host_allow_all(struct fake_host *host);
int fake_host_allow(struct fake_host *host, const struct mp_fake_allow *allow);
int fake_host_peek(struct fake_host *host, struct mp_fake_peek *peek);

/* fake_account.c */
int fake_account_open(struct fake_host *host);
void fake_account_close(struct fake_host *host);
void fake_account_clear(struct fake_host *host);
u64 fake_account_range(struct fake_host *host, u64 pfn, u64 count);
void fake_account_read(struct fake_host *host, enum mp_fake_queue queue,
		       const struct fake_buffer *buffer);

/* fake_virtio.c */
int fake_virtio_plug(struct fake_host *host);
int fake_virtio_unplug(struct fake_host *host, bool surprise);
int fake_virtio_break(struct fake_host *host);
int fake_virtio_config(struct fake_host *host, __le32 *field, u32 value);
bool fake_virtio_runs(const struct fake_host *host);

/* fake_ring.c */
int fake_ring_open(struct fake_queue *queue, struct virtio_device *vdev,
		   unsigned int index, unsigned int num,
		   bool (*notify)(struct virtqueue *vq),
		   vq_callback_t *callback, const char *name);
void fake_ring_close(struct fake_queue *queue);
unsigned int fake_ring_pending(const struct fake_queue *queue);
u16 fake_ring_head(const struct fake_queue *queue);
bool fake_ring_buffer(const struct fake_queue *queue, u16 *entry,
		      struct fake_buffer *buffer);
void fake_ring_answer(struct fake_queue *queue, u32 id);

#endif /* _MP_FAKE_H */
