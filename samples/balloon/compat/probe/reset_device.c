// SPDX-License-Identifier: GPL-2.0
/* virtio_reset_device(): since 5.17. */
#include <linux/virtio.h>

void probe(struct virtio_device *vdev);
void probe(struct virtio_device *vdev)
{
	virtio_reset_device(vdev);
}
