// SPDX-License-Identifier: GPL-2.0
/* A virtio driver may have a shutdown() of its own, which ends with this. */
#include <linux/virtio.h>

void probe(struct virtio_driver *driver);
void probe(struct virtio_driver *driver)
{
	driver->shutdown = virtio_device_shutdown;
}
