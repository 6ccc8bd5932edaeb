// SPDX-License-Identifier: GPL-2.0
/* struct virtqueue_info: since 6.11. */
#include <linux/virtio.h>
#include <linux/virtio_config.h>

int probe(struct virtio_device *vdev, struct virtqueue **vqs);
int probe(struct virtio_device *vdev, struct virtqueue **vqs)
{
	struct virtqueue_info infos[1] = { { .name = "probe" } };

	return virtio_find_vqs(vdev, 1, vqs, infos, NULL);
}
