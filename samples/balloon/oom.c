// SPDX-License-Identifier: GPL-2.0
/*
 * DEFLATE_ON_OOM: before the OOM killer takes a process, it may have a message
 * full of pages.
 *
 * A host that does not answer shall not stop the OOM killer for longer than
 * BALLOON_OOM_WAIT.  If it insists on being told first (MUST_TELL_HOST), pages
 * that it has not read about in that time are owed: they are freed when it has.
 */

#include <linux/oom.h>

#include "balloon.h"

#define BALLOON_OOM_WAIT	(HZ / 2)
/* As the kernel's driver: after those who have caches to shrink. */
#define BALLOON_OOM_PRIORITY	80

/* Return: whether there is nothing owed any more, and the message is free. */
static bool balloon_settle(struct balloon *b, unsigned long limit)
{
	lockdep_assert_held(&b->oom_lock);
	if (!wait_for_completion_timeout(&b->relief->done, limit))
		return false;
	balloon_free_pages(&b->owed);
	return true;
}

void balloon_settle_work(struct work_struct *work)
{
	struct balloon *b = container_of(work, struct balloon, settle_work);

	mutex_lock(&b->oom_lock);
	balloon_settle(b, 0);
	mutex_unlock(&b->oom_lock);
}

/* Return: how many pages were freed. */
static unsigned long balloon_relieve(struct balloon *b)
{
	struct balloon_pages *owed = &b->owed;
	/* Of the last time, and counted then as nothing. */
	unsigned int freed = owed->n;
	unsigned int n;

	lockdep_assert_held(&b->oom_lock);
	if (!balloon_settle(b, BALLOON_OOM_WAIT))
		return 0;
	n = movable_balloon_take(b->pool, owed->page, BALLOON_BATCH);
	if (!n)
		return freed;
	owed->n = n;
	balloon_fill_pages(b, b->relief, owed);
	if (balloon_send(b, BALLOON_VQ_DEFLATE, b->relief) ||
	    !balloon_must_tell(b)) {
		balloon_free_pages(owed);
		return freed + n;
	}
	return freed + (balloon_settle(b, BALLOON_OOM_WAIT) ? n : 0);
}

static int balloon_oom(struct notifier_block *oom, unsigned long unused,
		       void *data)
{
	struct balloon *b = container_of(oom, struct balloon, oom);
	unsigned long *freed = data;

	balloon_size_calm(b);
	mutex_lock(&b->oom_lock);
	*freed += balloon_relieve(b);
	mutex_unlock(&b->oom_lock);
	balloon_tell_actual(b);
	return NOTIFY_OK;
}

int balloon_oom_start(struct balloon *b)
{
	int err;

	if (!balloon_has(b, VIRTIO_BALLOON_F_DEFLATE_ON_OOM))
		return 0;
	b->oom.notifier_call = balloon_oom;
	b->oom.priority = BALLOON_OOM_PRIORITY;
	err = register_oom_notifier(&b->oom);
	b->oom_on = !err;
	return err;
}

void balloon_oom_stop(struct balloon *b)
{
	if (b->oom_on)
		unregister_oom_notifier(&b->oom);
	b->oom_on = false;
}
