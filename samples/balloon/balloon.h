/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_BALLOON_DRIVER_H
#define _MOVABLE_BALLOON_DRIVER_H

/*
 * A virtio balloon whose pages the VM may move: all that the kernel's
 * virtio_balloon does, on a balloon pool (linux/movable_balloon.h).
 *
 * main.c    the device comes, sleeps, wakes up and goes
 * host.c    messages to the host; the device's reset
 * size.c    inflate and deflate, until the host's target is met
 * move.c    one page for another, when the VM says so
 * oom.c     give memory back rather than have a process killed
 * stats.c   what the host wants to know about our memory
 * hint.c    free memory that need not be migrated (free page hinting)
 * report.c  free memory that the host may take (free page reporting)
 * wake.c    no system sleep while the host waits for us
 *
 * Three rules keep the memory whole:
 *
 * 1. A page is added to the pool when the host has answered that it is in the
 *    balloon, not before.  Inflate and deflate travel in two queues, so an
 *    unanswered inflate may be read after the page's deflate, and cost whoever
 *    has the page by then its contents.
 * 2. What was said to the host cannot be unsaid.  Who waits for an answer waits
 *    until it comes or the device has been reset; a page that the host may
 *    still read about is nobody else's until then.
 * 3. So an error of balloon_send() or balloon_wait() always means: the device
 *    has been reset, the host knows of no page any more, all are ours.
 *
 * Who waits for whom: moves (page locks held), the workers and the OOM
 * notifier wait for answers, which come by interrupt.  Nobody waits for a move
 * but movable_balloon_take_wait() in balloon_stop(), and there balloon_watch()
 * resets the device if it does not answer.
 *
 * lock		(spinlock, interrupts off) the queues, @sent, @idle, @state,
 *		@quiet, @heard, @awake; held for as long as it takes to put a
 *		buffer in a queue or out of it
 * reset_lock	(mutex) the device is reset once; waits for nothing but the
 *		device's status
 * actual_lock	(mutex) the page count that the host was told
 * oom_lock	(mutex) @relief and @owed
 * blocks_lock	(spinlock) @blocks, @nr_blocks
 *
 * Order: page lock -> oom_lock, actual_lock -> reset_lock -> lock.  A move has
 * page locks and takes reset_lock and lock; the OOM notifier may run under
 * somebody's page lock.  No memory is allocated under any of them.
 */

#include <linux/build_bug.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/movable_balloon.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/virtio.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_config.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#ifdef CONFIG_PAGE_REPORTING
#include <linux/page_reporting.h>
#endif

#include "compat/compat.h"

/* The host counts in units of 4 KiB, whatever our pages are. */
#define BALLOON_UNITS	((unsigned int)(PAGE_SIZE >> VIRTIO_BALLOON_PFN_SHIFT))
#define BALLOON_PFNS	256U			/* most in a message */
#define BALLOON_BATCH	(BALLOON_PFNS / BALLOON_UNITS)	/* pages */

static_assert(PAGE_SHIFT >= VIRTIO_BALLOON_PFN_SHIFT);
static_assert(BALLOON_BATCH);

enum balloon_queue {
	BALLOON_VQ_INFLATE,
	BALLOON_VQ_DEFLATE,
	BALLOON_VQ_STATS,
	BALLOON_VQ_HINT,
	BALLOON_VQ_REPORT,
	BALLOON_VQS
};

/**
 * enum balloon_state - of the device
 * @BALLOON_DOWN: reset, or not started; nobody reads what we say
 * @BALLOON_UP: running
 * @BALLOON_ENDING: being reset: nothing is sent any more, answers still come
 */
enum balloon_state {
	BALLOON_DOWN,
	BALLOON_UP,
	BALLOON_ENDING,
};

/**
 * struct balloon_message - page numbers for the host
 * @node: in the balloon's @sent, which is while the host owns this, or @idle;
 *	of nothing while a thread has it
 * @done: complete whenever the host does not own this
 * @then: to be queued when the host has answered, or NULL
 * @failed: the device was reset before it answered
 * @discarded: nobody waits: becomes idle by itself
 * @count: of @pfns
 * @pfns: in units of 4 KiB
 */
struct balloon_message {
	struct list_head node;
	struct completion done;
	struct work_struct *then;
	bool failed;
	bool discarded;
	unsigned int count;
	__virtio32 pfns[];
};

/**
 * struct balloon_pages - a message full of them
 * @n: how many
 * @page: which
 */
struct balloon_pages {
	unsigned int n;
	struct page *page[BALLOON_BATCH];
};

/* What we stay awake for. */
#define BALLOON_AWAKE_SIZE	BIT(0)
#define BALLOON_AWAKE_STATS	BIT(1)

/**
 * struct balloon - a device
 * @vdev: the device
 * @pool: the pages in the balloon
 * @wq: freezable: all work but @watch
 * @lock: see above
 * @state: of the device; set under @reset_lock, too, but when it starts
 * @quiet: no work is queued and no move begins
 * @started: has queues
 * @vqs: NULL for what was not negotiated
 * @sent: messages that the host owns
 * @idle: messages for moves
 * @idle_wait: there may be one
 * @heard: jiffies of the last answer, or of the first message after silence
 * @complained: have said that the host is silent
 * @awake: BALLOON_AWAKE_*
 * @reset_lock: see above
 * @watch: gives up on the device; not freezable, for freeze needs it
 * @inflate: size worker's
 * @deflate: size worker's, then balloon_stop()'s
 * @report: page reporting's
 * @pages: size worker's, then balloon_stop()'s
 * @size_work: towards the target
 * @delay: until it tries again what it could not do, in jiffies
 * @calm: jiffies, in 64 bits, before which nothing is inflated; under @lock
 * @actual_lock: see above
 * @actual: what the host was told, in units
 * @stats_work: answers the host
 * @stats: host's, but in that work
 * @hint_work: does what the command id says
 * @hint_fresh: bit 0: the command id may have changed
 * @hint_wanted: command id, cached
 * @hint_active: the one that hints are sent for
 * @hint_start: host's: @hint_active
 * @hint_stop: host's: the end of hints
 * @blocks_lock: see above
 * @blocks: free memory the host was told of, by page->lru
 * @nr_blocks: how many
 * @hint_on: the shrinker is registered
 * @oom: notifier
 * @oom_on: it is registered
 * @oom_lock: see above
 * @relief: its message
 * @owed: pages in it, to be freed when the host has answered
 * @settle_work: frees them if the notifier did not wait
 * @reporting: what page reporting knows of us
 * @report_on: it does
 */
struct balloon {
	struct virtio_device *vdev;
	struct movable_pool *pool;
	struct workqueue_struct *wq;

	spinlock_t lock;		/* what follows, to @awake */
	enum balloon_state state;
	bool quiet;
	bool started;
	struct virtqueue *vqs[BALLOON_VQS];
	struct list_head sent;
	struct list_head idle;
	wait_queue_head_t idle_wait;
	unsigned long heard;
	bool complained;
	unsigned int awake;

	struct mutex reset_lock;	/* reset the device once */
	struct delayed_work watch;

	struct balloon_message *inflate;
	struct balloon_message *deflate;
	struct balloon_message *report;

	struct balloon_pages pages;
	struct delayed_work size_work;
	unsigned long delay;
	u64 calm;
	struct mutex actual_lock;	/* @actual and the device's */
	u32 actual;

	struct work_struct stats_work;
	struct virtio_balloon_stat stats[VIRTIO_BALLOON_S_NR];

	struct work_struct hint_work;
	unsigned long hint_fresh;
	u32 hint_wanted;
	u32 hint_active;
	__virtio32 hint_start;
	__virtio32 hint_stop;
	spinlock_t blocks_lock;		/* @blocks, @nr_blocks */
	struct list_head blocks;
	unsigned long nr_blocks;
	bool hint_on;

	struct notifier_block oom;
	bool oom_on;
	struct mutex oom_lock;		/* @relief, @owed */
	struct balloon_message *relief;
	struct balloon_pages owed;
	struct work_struct settle_work;

#ifdef CONFIG_PAGE_REPORTING
	struct page_reporting_dev_info reporting;
	bool report_on;
#endif
};

static inline bool balloon_has(const struct balloon *b, unsigned int feature)
{
	return virtio_has_feature(b->vdev, feature);
}

/* May a page be used before the host has read that it is out? */
static inline bool balloon_must_tell(const struct balloon *b)
{
	return balloon_has(b, VIRTIO_BALLOON_F_MUST_TELL_HOST);
}

/* host.c */
int balloon_host_open(struct balloon *b);
void balloon_host_close(struct balloon *b);
void balloon_fill(struct balloon *b, struct balloon_message *msg,
		  struct page *page);
void balloon_fill_pages(struct balloon *b, struct balloon_message *msg,
			const struct balloon_pages *pages);
void balloon_idle(struct balloon *b, struct balloon_message *msg);
int balloon_send(struct balloon *b, enum balloon_queue queue,
		 struct balloon_message *msg);
int balloon_send_free(struct balloon *b, struct scatterlist *sg,
		      unsigned int nents);
bool balloon_wait(struct balloon *b, struct balloon_message *msg);
int balloon_post(struct balloon *b, enum balloon_queue queue,
		 struct scatterlist *sg, void *token, bool free);
void balloon_watch(struct work_struct *work);
void balloon_reset(struct balloon *b);

/* size.c */
void balloon_size_work(struct work_struct *work);
void balloon_size_changed(struct balloon *b);
void balloon_size_calm(struct balloon *b);
void balloon_tell_actual(struct balloon *b);
void balloon_empty(struct balloon *b);
void balloon_free_pages(struct balloon_pages *pages);

/* move.c */
int balloon_exchange(struct movable_pool *pool, struct page *dst,
		     struct page *src, enum migrate_mode mode);

/* stats.c */
void balloon_stats_work(struct work_struct *work);
void balloon_stats_asked(struct virtqueue *vq);
void balloon_stats_start(struct balloon *b);

/* hint.c */
int balloon_hint_start(struct balloon *b);
void balloon_hint_stop(struct balloon *b);
void balloon_hint_work(struct work_struct *work);
void balloon_hint_changed(struct balloon *b);

/* oom.c */
int balloon_oom_start(struct balloon *b);
void balloon_oom_stop(struct balloon *b);
void balloon_settle_work(struct work_struct *work);

/* report.c */
#ifdef CONFIG_PAGE_REPORTING
void balloon_report_start(struct balloon *b);
void balloon_report_stop(struct balloon *b);
#else
static inline void balloon_report_start(struct balloon *b)
{
}

static inline void balloon_report_stop(struct balloon *b)
{
}
#endif

/* wake.c */
void balloon_stay_awake(struct balloon *b, unsigned int why);
void balloon_may_sleep(struct balloon *b, unsigned int why,
		       struct work_struct *work);

#endif /* _MOVABLE_BALLOON_DRIVER_H */
