/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_FAKE_QUEUES_H
#define _MP_FAKE_QUEUES_H

/* Queues are asked for by an array of structures since 6.11. */

#include <linux/virtio.h>
#include <linux/virtio_config.h>

struct irq_affinity;

/**
 * struct fake_wanted - a queue that a driver asks for
 * @name: NULL if it does not
 * @callback: NULL for no interrupt
 */
struct fake_wanted {
	const char *name;
	vq_callback_t *callback;
};

int fake_virtio_find_queues(struct virtio_device *vdev, unsigned int n,
			    struct virtqueue **vqs,
			    const struct fake_wanted *wanted);

/* For struct virtio_config_ops; calls the one above. */
#ifdef MP_HAVE_VIRTQUEUE_INFO
int fake_compat_find_vqs(struct virtio_device *vdev, unsigned int n,
			 struct virtqueue *vqs[],
			 struct virtqueue_info infos[],
			 struct irq_affinity *desc);
#else
int fake_compat_find_vqs(struct virtio_device *vdev, unsigned int n,
			 struct virtqueue *vqs[], vq_callback_t *callbacks[],
			 const char * const names[], const bool *ctx,
			 struct irq_affinity *desc);
#endif

#endif /* _MP_FAKE_QUEUES_H */
