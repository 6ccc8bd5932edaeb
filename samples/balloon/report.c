// SPDX-License-Identifier: GPL-2.0
/*
 * Free page reporting: the page allocator tells the host which memory is free,
 * and waits until the host has taken it.  The kernel knows one reporter; a
 * second balloon does without.
 */

#include <linux/mm.h>
#include <linux/page_reporting.h>

#include "balloon.h"

/* Blocks of 2 MiB where a pageblock is 512 MiB, of which none is ever free. */
#define BALLOON_REPORT_ORDER_64K	5

static int balloon_report(struct page_reporting_dev_info *reporting,
			  struct scatterlist *sg, unsigned int nents)
{
	struct balloon *b = container_of(reporting, struct balloon, reporting);

	if (balloon_send_free(b, sg, nents) || !balloon_wait(b, b->report))
		return -EIO;
	return 0;
}

void balloon_report_start(struct balloon *b)
{
	unsigned int room;
	int err;

	if (!balloon_has(b, VIRTIO_BALLOON_F_REPORTING))
		return;
	room = virtqueue_get_vring_size(b->vqs[BALLOON_VQ_REPORT]);
	b->reporting.report = balloon_report;
	err = balloon_compat_reporting(&b->reporting, room,
				       IS_ENABLED(CONFIG_ARM64_64K_PAGES) ?
				       BALLOON_REPORT_ORDER_64K : 0);
	if (!err)
		err = page_reporting_register(&b->reporting);
	b->report_on = !err;
	if (err)
		dev_warn(&b->vdev->dev, "free memory is not reported: %d\n",
			 err);
}

void balloon_report_stop(struct balloon *b)
{
	if (b->report_on)
		page_reporting_unregister(&b->reporting);
	b->report_on = false;
}
