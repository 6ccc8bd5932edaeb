/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_BALLOON_COMPAT_H
#define _MOVABLE_BALLOON_COMPAT_H

/* What kernels spell differently. */

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

/* Work runs on the CPU that queued it. */
#ifdef MP_HAVE_WQ_PERCPU
#define BALLOON_WQ_PERCPU	WQ_PERCPU
#else
#define BALLOON_WQ_PERCPU	0
#endif

/**
 * struct balloon_vq - a queue wanted
 * @name: NULL if it is not
 * @callback: NULL for no interrupt
 */
struct balloon_vq {
	const char *name;
	vq_callback_t *callback;
};

int balloon_compat_find_vqs(struct virtio_device *vdev, unsigned int n,
			    struct virtqueue **vqs,
			    const struct balloon_vq *wanted);

static inline void balloon_compat_reset(struct virtio_device *vdev)
{
#ifdef MP_HAVE_RESET_DEVICE
	virtio_reset_device(vdev);
#else
	vdev->config->reset(vdev);
#endif
}

/* Does the kernel write a pattern over what is freed, and expect to see it? */
static inline bool balloon_compat_poisons(void)
{
#ifdef MP_HAVE_PAGE_POISONING_STATIC
	return page_poisoning_enabled_static();
#else
	return page_poisoning_enabled() &&
	       !IS_ENABLED(CONFIG_PAGE_POISONING_NO_SANITY);
#endif
}

/* PGSCAN_* and PGSTEAL_* were events, then became properties of nodes. */
#ifdef MP_HAVE_RECLAIM_EVENTS
#define balloon_compat_reclaim(events, item)	((events)[item])
#else
#define balloon_compat_reclaim(events, item) \
	((void)(events), global_node_page_state(item))
#endif

#ifdef CONFIG_PAGE_REPORTING
#include <linux/page_reporting.h>

/* @room: buffers in a report; @order: of its blocks, or 0 for any */
static inline int
balloon_compat_reporting(struct page_reporting_dev_info *info,
			 unsigned int room, unsigned int order)
{
#ifdef MP_HAVE_REPORTING_ORDER
	info->order = order;
#ifdef PAGE_REPORTING_ORDER_UNSPECIFIED
	if (!order)
		info->order = PAGE_REPORTING_ORDER_UNSPECIFIED;
#endif
#endif
#ifdef MP_HAVE_REPORTING_CAPACITY
	info->capacity = min_t(unsigned int, room, PAGE_REPORTING_CAPACITY);
	return 0;
#else
	return room < PAGE_REPORTING_CAPACITY ? -ENOSPC : 0;
#endif
}
#endif

#endif /* _MOVABLE_BALLOON_COMPAT_H */
