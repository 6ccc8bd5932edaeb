// SPDX-License-Identifier: GPL-2.0
/*
 * The device as a driver sees it: status, features, configuration and queues.
 * A virtio device of the modern kind, so all is little endian.
 */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>

#include "compat/queues.h"
#include "mp_fake.h"

/* The one that drivers of @vdev talk to. */
static struct fake_host *fake_virtio_host;

bool fake_virtio_runs(const struct fake_host *host)
{
	return READ_ONCE(host->status) & VIRTIO_CONFIG_S_DRIVER_OK;
}

static void fake_virtio_get(struct virtio_device *vdev, unsigned int offset,
			    void *buf, unsigned int len)
{
	struct fake_host *host = fake_virtio_host;

	mutex_lock(&host->lock);
	memset(buf, 0, len);
	if (offset + len <= sizeof(host->config))
		memcpy(buf, (char *)&host->config + offset, len);
	mutex_unlock(&host->lock);
}

static void fake_virtio_set(struct virtio_device *vdev, unsigned int offset,
			    const void *buf, unsigned int len)
{
	struct fake_host *host = fake_virtio_host;

	mutex_lock(&host->lock);
	if (offset + len <= sizeof(host->config))
		memcpy((char *)&host->config + offset, buf, len);
	else
		host->state.faults.odd++;
	mutex_unlock(&host->lock);
}

static u8 fake_virtio_get_status(struct virtio_device *vdev)
{
	return READ_ONCE(fake_virtio_host->status);
}

static void fake_virtio_set_status(struct virtio_device *vdev, u8 status)
{
	WRITE_ONCE(fake_virtio_host->status, status);
}

/* When it returns, the host reads nothing any more. */
static void fake_virtio_reset(struct virtio_device *vdev)
{
	struct fake_host *host = fake_virtio_host;

	mutex_lock(&host->lock);
	host->state.resets += fake_virtio_runs(host);
	WRITE_ONCE(host->status, 0);
	fake_account_clear(host);
	mutex_unlock(&host->lock);
}

static u64 fake_virtio_get_features(struct virtio_device *vdev)
{
	return fake_virtio_host->setup.features | BIT_ULL(VIRTIO_F_VERSION_1);
}

static int fake_virtio_finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	fake_virtio_host->state.features = vdev->features;
	return 0;
}

/* The driver's lock is held, perhaps. */
static bool fake_virtio_notify(struct virtqueue *vq)
{
	struct fake_host *host = fake_virtio_host;

	if (!fake_virtio_runs(host))
		atomic_inc(&host->stray);
	if (READ_ONCE(host->setup.deaf))
		return false;
	fake_host_kick(host);
	return true;
}

static void fake_virtio_del_queues(struct virtio_device *vdev)
{
	struct fake_queue old[MP_FAKE_QUEUES];
	struct fake_host *host = fake_virtio_host;
	int i;

	mutex_lock(&host->lock);
	memcpy(old, host->queues, sizeof(old));
	for (i = 0; i < MP_FAKE_QUEUES; i++)
		host->queues[i].vq = NULL;
	mutex_unlock(&host->lock);
	for (i = 0; i < MP_FAKE_QUEUES; i++)
		fake_ring_close(&old[i]);
}

static unsigned int fake_virtio_queue_size(const struct fake_host *host,
					   unsigned int number)
{
	if (number == MP_FAKE_HINT && host->setup.hint_size)
		return host->setup.hint_size;
	return host->setup.queue_size;
}

/* Nothing is running yet, so nobody else looks. */
int fake_virtio_find_queues(struct virtio_device *vdev, unsigned int n,
			    struct virtqueue **vqs,
			    const struct fake_wanted *wanted)
{
	struct fake_host *host = fake_virtio_host;
	unsigned int i, index = 0;
	int err = host->setup.find_error;

	for (i = 0; !err && i < n; i++) {
		vqs[i] = NULL;
		if (!wanted[i].name)
			continue;
		err = fake_ring_open(&host->queues[i], vdev, index++,
				     fake_virtio_queue_size(host, i),
				     fake_virtio_notify, wanted[i].callback,
				     wanted[i].name);
		vqs[i] = host->queues[i].vq;
	}
	if (err)
		fake_virtio_del_queues(vdev);
	return err;
}

static const char *fake_virtio_bus_name(struct virtio_device *vdev)
{
	return "mp_fake_host";
}

static const struct virtio_config_ops fake_virtio_ops = {
	.get = fake_virtio_get,
	.set = fake_virtio_set,
	.get_status = fake_virtio_get_status,
	.set_status = fake_virtio_set_status,
	.reset = fake_virtio_reset,
	.find_vqs = fake_compat_find_vqs,
	.del_vqs = fake_virtio_del_queues,
	.get_features = fake_virtio_get_features,
	.finalize_features = fake_virtio_finalize_features,
	.bus_name = fake_virtio_bus_name,
};

static void fake_virtio_release(struct device *dev)
{
	struct virtio_device *vdev = container_of(dev, struct virtio_device,
						  dev);

	kfree(vdev);
	complete(&fake_virtio_host->gone);
}

/* A new device: nothing has happened yet. */
static void fake_virtio_start(struct fake_host *host,
			      struct virtio_device *vdev)
{
	mutex_lock(&host->lock);
	memset(&host->state, 0, sizeof(host->state));
	memset(&host->config, 0, sizeof(host->config));
	memset(host->queues, 0, sizeof(host->queues));
	atomic_set(&host->stray, 0);
	host->config.poison_val = cpu_to_le32(host->setup.poison);
	fake_host_allow_all(host);
	host->vdev = vdev;
	mutex_unlock(&host->lock);
}

static void fake_virtio_end(struct fake_host *host)
{
	struct virtio_device *vdev = host->vdev;

	mutex_lock(&host->lock);
	host->vdev = NULL;
	mutex_unlock(&host->lock);
	put_device(&vdev->dev);
	/* The module may go when nobody has the device any more. */
	wait_for_completion(&host->gone);
}

static int fake_virtio_plug_locked(struct fake_host *host)
{
	struct virtio_device *vdev;
	int err;

	if (host->vdev)
		return -EEXIST;
	vdev = kzalloc(sizeof(*vdev), GFP_KERNEL);
	if (!vdev)
		return -ENOMEM;
	vdev->id.device = VIRTIO_ID_BALLOON;
	vdev->config = &fake_virtio_ops;
	vdev->dev.release = fake_virtio_release;
	fake_virtio_host = host;
	init_completion(&host->gone);
	fake_virtio_start(host, vdev);
	err = register_virtio_device(vdev);
	if (err)
		fake_virtio_end(host);
	return err;
}

int fake_virtio_plug(struct fake_host *host)
{
	int err;

	mutex_lock(&host->plug_lock);
	err = fake_virtio_plug_locked(host);
	mutex_unlock(&host->plug_lock);
	return err;
}

int fake_virtio_break(struct fake_host *host)
{
	int err = -ENODEV;

	mutex_lock(&host->lock);
	if (host->vdev) {
		virtio_break_device(host->vdev);
		err = 0;
	}
	mutex_unlock(&host->lock);
	return err;
}

/* Waits for the driver, which may wait for the host. */
int fake_virtio_unplug(struct fake_host *host, bool surprise)
{
	int err = -ENODEV;

	mutex_lock(&host->plug_lock);
	if (host->vdev) {
		if (surprise)
			fake_virtio_break(host);
		get_device(&host->vdev->dev);
		unregister_virtio_device(host->vdev);
		fake_virtio_end(host);
		err = 0;
	}
	mutex_unlock(&host->plug_lock);
	return err;
}

/* The driver is told by interrupt. */
int fake_virtio_config(struct fake_host *host, __le32 *field, u32 value)
{
	int err = -ENODEV;

	mutex_lock(&host->lock);
	if (host->vdev) {
		*field = cpu_to_le32(value);
		virtio_config_changed(host->vdev);
		err = 0;
	}
	mutex_unlock(&host->lock);
	return err;
}
