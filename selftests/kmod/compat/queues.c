// SPDX-License-Identifier: GPL-2.0
/* What a driver asks for, in the two ways there are. */

#include "../mp_fake.h"
#include "queues.h"

#ifdef MP_HAVE_VIRTQUEUE_INFO

int fake_compat_find_vqs(struct virtio_device *vdev, unsigned int n,
			 struct virtqueue *vqs[],
			 struct virtqueue_info infos[],
			 struct irq_affinity *desc)
{
	struct fake_wanted wanted[MP_FAKE_QUEUES];
	unsigned int i;

	if (n > MP_FAKE_QUEUES)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		wanted[i].name = infos[i].name;
		wanted[i].callback = infos[i].callback;
	}
	return fake_virtio_find_queues(vdev, n, vqs, wanted);
}

#else

int fake_compat_find_vqs(struct virtio_device *vdev, unsigned int n,
			 struct virtqueue *vqs[], vq_callback_t *callbacks[],
			 const char * const names[], const bool *ctx,
			 struct irq_affinity *desc)
{
	struct fake_wanted wanted[MP_FAKE_QUEUES];
	unsigned int i;

	if (n > MP_FAKE_QUEUES)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		wanted[i].name = names[i];
		wanted[i].callback = callbacks[i];
	}
	return fake_virtio_find_queues(vdev, n, vqs, wanted);
}

#endif
