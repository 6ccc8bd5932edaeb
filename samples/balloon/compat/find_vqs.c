// SPDX-License-Identifier: GPL-2.0
/* Queues are asked for by an array of structures since 6.11. */

#include "../balloon.h"

#ifdef MP_HAVE_VIRTQUEUE_INFO

int balloon_compat_find_vqs(struct virtio_device *vdev, unsigned int n,
			    struct virtqueue **vqs,
			    const struct balloon_vq *wanted)
{
	struct virtqueue_info infos[BALLOON_VQS] = {};
	unsigned int i;

	for (i = 0; i < n; i++) {
		infos[i].name = wanted[i].name;
		infos[i].callback = wanted[i].callback;
	}
	return virtio_find_vqs(vdev, n, vqs, infos, NULL);
}

#else

int balloon_compat_find_vqs(struct virtio_device *vdev, unsigned int n,
			    struct virtqueue **vqs,
			    const struct balloon_vq *wanted)
{
	vq_callback_t *callbacks[BALLOON_VQS];
	const char *names[BALLOON_VQS];
	unsigned int i;

	for (i = 0; i < n; i++) {
		names[i] = wanted[i].name;
		callbacks[i] = wanted[i].callback;
	}
	return virtio_find_vqs(vdev, n, vqs, callbacks, names, NULL);
}

#endif
