// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics: the host has one buffer of ours, always.  It returns it when it
 * wants to know, and gets it back filled.
 */

#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/vmstat.h>

#include "balloon.h"

struct balloon_stats {
	struct balloon *b;
	unsigned int n;
};

static void balloon_stat(struct balloon_stats *stats, u16 tag, u64 value)
{
	struct balloon *b = stats->b;

	if (WARN_ON_ONCE(stats->n == ARRAY_SIZE(b->stats)))
		return;
	b->stats[stats->n].tag = cpu_to_virtio16(b->vdev, tag);
	b->stats[stats->n].val = cpu_to_virtio64(b->vdev, value);
	stats->n++;
}

static void balloon_stat_pages(struct balloon_stats *stats, u16 tag, u64 pages)
{
	balloon_stat(stats, tag, pages << PAGE_SHIFT);
}

#ifdef CONFIG_VM_EVENT_COUNTERS

#ifdef VIRTIO_BALLOON_S_OOM_KILL
static void balloon_stats_pressure(struct balloon_stats *stats,
				   const unsigned long *events)
{
	unsigned long stalls = 0;
	int zone;

	for (zone = 0; zone < MAX_NR_ZONES; zone++)
		stalls += events[ALLOCSTALL_NORMAL - ZONE_NORMAL + zone];
	balloon_stat(stats, VIRTIO_BALLOON_S_OOM_KILL, events[OOM_KILL]);
	balloon_stat(stats, VIRTIO_BALLOON_S_ALLOC_STALL, stalls);
	balloon_stat_pages(stats, VIRTIO_BALLOON_S_ASYNC_SCAN,
			   balloon_compat_reclaim(events, PGSCAN_KSWAPD));
	balloon_stat_pages(stats, VIRTIO_BALLOON_S_DIRECT_SCAN,
			   balloon_compat_reclaim(events, PGSCAN_DIRECT));
	balloon_stat_pages(stats, VIRTIO_BALLOON_S_ASYNC_RECLAIM,
			   balloon_compat_reclaim(events, PGSTEAL_KSWAPD));
	balloon_stat_pages(stats, VIRTIO_BALLOON_S_DIRECT_RECLAIM,
			   balloon_compat_reclaim(events, PGSTEAL_DIRECT));
}
#else
static void balloon_stats_pressure(struct balloon_stats *stats,
				   const unsigned long *events)
{
}
#endif

static void balloon_stats_events(struct balloon_stats *stats)
{
	unsigned long events[NR_VM_EVENT_ITEMS];

	all_vm_events(events);
	balloon_stat_pages(stats, VIRTIO_BALLOON_S_SWAP_IN, events[PSWPIN]);
	balloon_stat_pages(stats, VIRTIO_BALLOON_S_SWAP_OUT, events[PSWPOUT]);
	balloon_stat(stats, VIRTIO_BALLOON_S_MAJFLT, events[PGMAJFAULT]);
	balloon_stat(stats, VIRTIO_BALLOON_S_MINFLT, events[PGFAULT]);
#ifdef CONFIG_HUGETLB_PAGE
	balloon_stat(stats, VIRTIO_BALLOON_S_HTLB_PGALLOC,
		     events[HTLB_BUDDY_PGALLOC]);
	balloon_stat(stats, VIRTIO_BALLOON_S_HTLB_PGFAIL,
		     events[HTLB_BUDDY_PGALLOC_FAIL]);
#endif
	balloon_stats_pressure(stats, events);
}

#else

static void balloon_stats_events(struct balloon_stats *stats)
{
}

#endif

/* Return: how many there are. */
static unsigned int balloon_stats_fill(struct balloon *b)
{
	struct balloon_stats stats = { .b = b };
	struct sysinfo info;

	balloon_stats_events(&stats);
	si_meminfo(&info);
	balloon_stat_pages(&stats, VIRTIO_BALLOON_S_MEMFREE, info.freeram);
	balloon_stat_pages(&stats, VIRTIO_BALLOON_S_MEMTOT, info.totalram);
	balloon_stat_pages(&stats, VIRTIO_BALLOON_S_AVAIL, si_mem_available());
	balloon_stat_pages(&stats, VIRTIO_BALLOON_S_CACHES,
			   global_node_page_state(NR_FILE_PAGES));
	return stats.n;
}

static void balloon_stats_send(struct balloon *b)
{
	struct scatterlist sg;
	unsigned int n = balloon_stats_fill(b);

	sg_init_one(&sg, b->stats, n * sizeof(b->stats[0]));
	if (balloon_post(b, BALLOON_VQ_STATS, &sg, b->stats, false))
		dev_dbg(&b->vdev->dev, "no statistics: the device is gone\n");
}

void balloon_stats_start(struct balloon *b)
{
	if (balloon_has(b, VIRTIO_BALLOON_F_STATS_VQ))
		balloon_stats_send(b);
}

/* By interrupt; to count the kernel's events one has to sleep. */
void balloon_stats_asked(struct virtqueue *vq)
{
	struct balloon *b = vq->vdev->priv;
	unsigned long flags;

	spin_lock_irqsave(&b->lock, flags);
	if (!b->quiet) {
		balloon_stay_awake(b, BALLOON_AWAKE_STATS);
		queue_work(b->wq, &b->stats_work);
	}
	spin_unlock_irqrestore(&b->lock, flags);
}

static bool balloon_stats_returned(struct balloon *b)
{
	unsigned int len;
	bool returned;

	spin_lock_irq(&b->lock);
	returned = b->state == BALLOON_UP &&
		   virtqueue_get_buf(b->vqs[BALLOON_VQ_STATS], &len);
	spin_unlock_irq(&b->lock);
	return returned;
}

void balloon_stats_work(struct work_struct *work)
{
	struct balloon *b = container_of(work, struct balloon, stats_work);

	if (balloon_stats_returned(b))
		balloon_stats_send(b);
	balloon_may_sleep(b, BALLOON_AWAKE_STATS, work);
}
