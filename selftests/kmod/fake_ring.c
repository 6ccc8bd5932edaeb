// SPDX-License-Identifier: GPL-2.0
/*
 * The host's end of a split ring.  What the driver has put in is behind
 * avail->idx, what the host has answered behind used->idx.
 */

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/virtio_config.h>

#include "mp_fake.h"

int fake_ring_open(struct fake_queue *queue, struct virtio_device *vdev,
		   unsigned int index, unsigned int num,
		   bool (*notify)(struct virtqueue *vq),
		   vq_callback_t *callback, const char *name)
{
	size_t size = PAGE_ALIGN(vring_size(num, SMP_CACHE_BYTES));
	void *pages = alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO);

	if (!pages)
		return -ENOMEM;
	vring_init(&queue->ring, num, pages, SMP_CACHE_BYTES);
	queue->size = size;
	queue->next = 0;
	queue->vq = vring_new_virtqueue(index, num, SMP_CACHE_BYTES, vdev, true,
					false, pages, notify, callback, name);
	if (!queue->vq) {
		free_pages_exact(pages, size);
		return -ENOMEM;
	}
	return 0;
}

void fake_ring_close(struct fake_queue *queue)
{
	if (!queue->vq)
		return;
	vring_del_virtqueue(queue->vq);
	free_pages_exact(queue->ring.desc, queue->size);
	queue->vq = NULL;
}

static u16 fake_ring_16(const struct fake_queue *queue, __virtio16 *place)
{
	return virtio16_to_cpu(queue->vq->vdev, READ_ONCE(*place));
}

/* Return: messages that were sent and not answered. */
unsigned int fake_ring_pending(const struct fake_queue *queue)
{
	u16 idx;

	if (!queue->vq)
		return 0;
	idx = fake_ring_16(queue, &queue->ring.avail->idx);
	/* The entries, and what they point to, were written before it. */
	virt_rmb();
	return (u16)(idx - queue->next);
}

/* Return: the first entry of the oldest message; there is one. */
u16 fake_ring_head(const struct fake_queue *queue)
{
	unsigned int at = queue->next & (queue->ring.num - 1);

	return fake_ring_16(queue, &queue->ring.avail->ring[at]);
}

/**
 * fake_ring_buffer() - read a piece of a message
 * @queue: it is in
 * @entry: which; will be the next
 * @buffer: the piece
 *
 * Return: whether there is a next.
 */
bool fake_ring_buffer(const struct fake_queue *queue, u16 *entry,
		      struct fake_buffer *buffer)
{
	struct virtio_device *vdev = queue->vq->vdev;
	struct vring_desc *desc = &queue->ring.desc[*entry];
	u16 flags = fake_ring_16(queue, &desc->flags);

	buffer->start = phys_to_virt(virtio64_to_cpu(vdev, desc->addr));
	buffer->len = virtio32_to_cpu(vdev, desc->len);
	buffer->writable = flags & VRING_DESC_F_WRITE;
	*entry = fake_ring_16(queue, &desc->next);
	return flags & VRING_DESC_F_NEXT;
}

/*
 * As if by an interrupt, which with PREEMPT_RT is a thread: the driver's locks
 * are its business.
 */
static void fake_ring_interrupt(struct fake_queue *queue)
{
	static DEFINE_SPINLOCK(line);

	/* The answer is there before the look at whether it is waited for. */
	virt_mb();
	if (fake_ring_16(queue, &queue->ring.avail->flags) &
	    VRING_AVAIL_F_NO_INTERRUPT)
		return;
	spin_lock_irq(&line);
	vring_interrupt(0, queue->vq);
	spin_unlock_irq(&line);
}

/* @id: of a message that was read, or of none if the host means to lie */
void fake_ring_answer(struct fake_queue *queue, u32 id)
{
	struct virtio_device *vdev = queue->vq->vdev;
	struct vring_used *used = queue->ring.used;
	u16 idx = fake_ring_16(queue, &used->idx);
	struct vring_used_elem *answer =
		&used->ring[idx & (queue->ring.num - 1)];

	answer->id = cpu_to_virtio32(vdev, id);
	answer->len = 0;
	/* The driver reads it when it has seen the index. */
	virt_wmb();
	WRITE_ONCE(used->idx, cpu_to_virtio16(vdev, idx + 1));
	fake_ring_interrupt(queue);
}
