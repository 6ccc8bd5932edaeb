// SPDX-License-Identifier: GPL-2.0
/*
 * The device comes, sleeps, wakes up and goes.
 *
 * probe	the balloon, its pool and its work; then start
 * freeze	stop: the balloon is emptied.  The pool stays
 * restore	start: the worker fills it again
 * remove	stop; then the pool and the rest
 * shutdown	reset at once: the host forgets, the memory is nobody's concern
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poison.h>
#include <linux/slab.h>
#include <linux/virtio_ring.h>

#include "balloon.h"

static const struct virtio_device_id balloon_ids[] = {
	{ VIRTIO_ID_BALLOON, VIRTIO_DEV_ANY_ID },
	{ }
};

static const struct movable_pool_ops balloon_ops = {
	.exchange = balloon_exchange,
};

/* What the kernel makes of a page that it frees; the host shall, too. */
static void balloon_tell_poison(struct balloon *b)
{
	u32 poison = 0;

	if (!balloon_has(b, VIRTIO_BALLOON_F_PAGE_POISON))
		return;
	/* All bytes are the same, so it has no endianness. */
	if (!want_init_on_free())
		memset(&poison, PAGE_POISON, sizeof(poison));
	virtio_cwrite_le(b->vdev, struct virtio_balloon_config, poison_val,
			 &poison);
}

static void balloon_set_quiet(struct balloon *b, bool quiet)
{
	spin_lock_irq(&b->lock);
	WRITE_ONCE(b->quiet, quiet);
	spin_unlock_irq(&b->lock);
	wake_up_all(&b->idle_wait);
}

/* What the kernel calls us for.  Close the doors even if they do not open. */
static int balloon_open_doors(struct balloon *b)
{
	int err = balloon_hint_start(b);

	if (!err)
		err = balloon_oom_start(b);
	if (!err)
		balloon_report_start(b);
	return err;
}

/* Page reporting may wait for the host; balloon_watch() sees to that. */
static void balloon_close_doors(struct balloon *b)
{
	balloon_report_stop(b);
	balloon_oom_stop(b);
	cancel_delayed_work_sync(&b->size_work);
	cancel_work_sync(&b->stats_work);
	cancel_work_sync(&b->hint_work);
	cancel_work_sync(&b->settle_work);
	balloon_hint_stop(b);
}

/* As if the host had changed its mind, which it may have while we were gone. */
static void balloon_changed(struct virtio_device *vdev)
{
	struct balloon *b = vdev->priv;
	unsigned long flags;

	spin_lock_irqsave(&b->lock, flags);
	if (!b->quiet) {
		balloon_size_changed(b);
		balloon_hint_changed(b);
	}
	spin_unlock_irqrestore(&b->lock, flags);
}

static int balloon_start(struct balloon *b)
{
	int err = balloon_host_open(b);

	if (err)
		return err;
	balloon_tell_poison(b);
	b->calm = 0;
	/* So that it is told, whatever the host believes. */
	b->actual = ~0U;
	balloon_set_quiet(b, false);
	virtio_device_ready(b->vdev);
	err = balloon_open_doors(b);
	if (err) {
		balloon_set_quiet(b, true);
		balloon_close_doors(b);
		balloon_host_close(b);
		return err;
	}
	b->started = true;
	balloon_stats_start(b);
	balloon_changed(b->vdev);
	return 0;
}

/* From here on no worker is started, and none waits for the host for long. */
static void balloon_wind_down(struct balloon *b)
{
	balloon_set_quiet(b, true);
	schedule_delayed_work(&b->watch, 0);
}

static void balloon_stop(struct balloon *b)
{
	if (!b->started)
		return;
	b->started = false;
	balloon_wind_down(b);
	balloon_close_doors(b);
	balloon_empty(b);
	balloon_host_close(b);
	balloon_free_pages(&b->owed);
	b->awake = 0;
	pm_relax(&b->vdev->dev);
}

static void balloon_init(struct balloon *b, struct virtio_device *vdev)
{
	b->vdev = vdev;
	b->quiet = true;
	spin_lock_init(&b->lock);
	INIT_LIST_HEAD(&b->sent);
	INIT_LIST_HEAD(&b->idle);
	init_waitqueue_head(&b->idle_wait);
	mutex_init(&b->reset_lock);
	INIT_DELAYED_WORK(&b->watch, balloon_watch);
	INIT_DELAYED_WORK(&b->size_work, balloon_size_work);
	mutex_init(&b->actual_lock);
	INIT_WORK(&b->stats_work, balloon_stats_work);
	INIT_WORK(&b->hint_work, balloon_hint_work);
	spin_lock_init(&b->blocks_lock);
	INIT_LIST_HEAD(&b->blocks);
	mutex_init(&b->oom_lock);
	INIT_WORK(&b->settle_work, balloon_settle_work);
}

/* With DEFLATE_ON_OOM the memory is still there, in a way. */
static struct movable_pool *balloon_pool(struct balloon *b)
{
	struct movable_pool_attr attr = {
		.name = dev_name(&b->vdev->dev),
		.ops = &balloon_ops,
		.flags = MOVABLE_POOL_BALLOON,
		.priv = b,
	};

	if (!balloon_has(b, VIRTIO_BALLOON_F_DEFLATE_ON_OOM))
		attr.flags |= MOVABLE_POOL_ADJUST;
	return movable_pool_create(&attr);
}

/*
 * The CPU that hears of a new target works towards it.  Most often it also gets
 * the host's answers, which then need not wake another one for each message.
 * CPU_INTENSIVE: other work of that CPU does not wait until we have finished.
 */
static struct workqueue_struct *balloon_workqueue(void)
{
	return alloc_workqueue("%s", WQ_FREEZABLE | WQ_CPU_INTENSIVE |
			       BALLOON_WQ_PERCPU, 0, KBUILD_MODNAME);
}

static int balloon_probe(struct virtio_device *vdev)
{
	struct balloon *b;
	int err = -ENOMEM;

	if (!vdev->config->get)
		return -EINVAL;
	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return err;
	balloon_init(b, vdev);
	vdev->priv = b;
	b->wq = balloon_workqueue();
	if (!b->wq)
		goto free;
	b->pool = balloon_pool(b);
	err = PTR_ERR_OR_ZERO(b->pool);
	if (err)
		goto destroy_wq;
	err = balloon_start(b);
	if (err)
		goto destroy_pool;
	device_set_wakeup_capable(&vdev->dev, true);
	return 0;

destroy_pool:
	movable_pool_destroy(b->pool);
destroy_wq:
	destroy_workqueue(b->wq);
free:
	kfree(b);
	return err;
}

/*
 * To destroy_workqueue() of kernels before 5.15 a queue is still busy for a
 * moment when cancel_work_sync() had to wait for a worker, and it says so
 * loudly.  So the workers are gone when they are cancelled.  Only at the end:
 * in a suspend the queue is frozen.
 */
static void balloon_flush(struct balloon *b)
{
	if (!b->started)
		return;
	balloon_wind_down(b);
	cancel_delayed_work(&b->size_work);
	flush_workqueue(b->wq);
}

static void balloon_remove(struct virtio_device *vdev)
{
	struct balloon *b = vdev->priv;

	device_set_wakeup_capable(&vdev->dev, false);
	balloon_flush(b);
	balloon_stop(b);
	movable_pool_destroy(b->pool);
	destroy_workqueue(b->wq);
	kfree(b);
}

#ifdef CONFIG_PM_SLEEP
/* The workqueue is frozen by now. */
static int balloon_freeze(struct virtio_device *vdev)
{
	balloon_stop(vdev->priv);
	return 0;
}

static int balloon_restore(struct virtio_device *vdev)
{
	return balloon_start(vdev->priv);
}
#endif

#ifdef MP_HAVE_DRIVER_SHUTDOWN
/* First the reset, which ends all waits. */
static void balloon_shutdown(struct virtio_device *vdev)
{
	struct balloon *b = vdev->priv;

	balloon_set_quiet(b, true);
	balloon_reset(b);
	balloon_close_doors(b);
	virtio_device_shutdown(vdev);
}
#endif

/*
 * Free memory may be given to a host that does not know what it has to look
 * like when it comes back only if it does not matter.
 */
static int balloon_validate(struct virtio_device *vdev)
{
	if (!want_init_on_free() && !balloon_compat_poisons())
		__virtio_clear_bit(vdev, VIRTIO_BALLOON_F_PAGE_POISON);
	else if (!virtio_has_feature(vdev, VIRTIO_BALLOON_F_PAGE_POISON))
		__virtio_clear_bit(vdev, VIRTIO_BALLOON_F_REPORTING);
	/* With these a buffer in a queue costs an allocation, in reclaim. */
	__virtio_clear_bit(vdev, VIRTIO_RING_F_INDIRECT_DESC);
	/* Pages have numbers here, no DMA addresses. */
	__virtio_clear_bit(vdev, VIRTIO_F_ACCESS_PLATFORM);
	return 0;
}

static const unsigned int balloon_features[] = {
	VIRTIO_BALLOON_F_MUST_TELL_HOST,
	VIRTIO_BALLOON_F_STATS_VQ,
	VIRTIO_BALLOON_F_DEFLATE_ON_OOM,
	VIRTIO_BALLOON_F_FREE_PAGE_HINT,
	VIRTIO_BALLOON_F_PAGE_POISON,
#ifdef CONFIG_PAGE_REPORTING
	VIRTIO_BALLOON_F_REPORTING,
#endif
};

static struct virtio_driver balloon_driver = {
	.feature_table = balloon_features,
	.feature_table_size = ARRAY_SIZE(balloon_features),
	.driver.name = KBUILD_MODNAME,
	.driver.owner = THIS_MODULE,
	.id_table = balloon_ids,
	.validate = balloon_validate,
	.probe = balloon_probe,
	.remove = balloon_remove,
	.config_changed = balloon_changed,
#ifdef CONFIG_PM_SLEEP
	.freeze = balloon_freeze,
	.restore = balloon_restore,
#endif
#ifdef MP_HAVE_DRIVER_SHUTDOWN
	.shutdown = balloon_shutdown,
#endif
};

module_virtio_driver(balloon_driver);
MODULE_DEVICE_TABLE(virtio, balloon_ids);
MODULE_DESCRIPTION("Virtio balloon of pages that may move");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
