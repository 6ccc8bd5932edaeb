// SPDX-License-Identifier: GPL-2.0
/*
 * One page for another.
 *
 * Runs in compaction, memory unplug and reclaim, with both pages locked and
 * perhaps many more: it allocates nothing, and waits for the host alone.  The
 * worker may be in the middle of something, and other moves too.
 *
 * Two messages, in one buffer: @dst is in the balloon, and when the host has
 * answered, @src is not.  The second answer is waited for only if the host
 * insists (MUST_TELL_HOST).  If it does not, the page may be used at once, and
 * that includes inflating it again: a host that keeps an account of pages has
 * to insist.
 */

#include <linux/module.h>
#include <linux/sched.h>

#include "balloon.h"

/* The longest wait for a message; a move that has not begun can be refused. */
#define BALLOON_IDLE_WAIT	HZ

/*
 * What to do in MIGRATE_ASYNC, which "means never block" (migrate_mode.h).  The
 * host's answer takes as long as the host takes, most often microseconds, and
 * the kernel's own driver waits for it.  Who refuses to must say -EBUSY: with
 * -EAGAIN the VM would ask again at once, up to ten times, and the host would
 * still be the same.  Then:
 *
 * - before 6.12 a page is passed by in asynchronous compaction (direct
 *   compaction begins with it), and moves in kcompactd, in unplug and when
 *   the system administrator says so;
 * - since 6.12 these, too, try all pages asynchronously first, so each move
 *   costs one refusal; and when compaction runs out of destinations in this
 *   first try, there is no second.
 */
static bool async_moves = true;
module_param(async_moves, bool, 0644);
MODULE_PARM_DESC(async_moves,
		 "wait for the host in asynchronous compaction, too (Y)");

static bool balloon_moves(struct balloon *b)
{
	return READ_ONCE(b->state) == BALLOON_UP && !READ_ONCE(b->quiet);
}

static struct balloon_message *balloon_take_idle(struct balloon *b)
{
	struct balloon_message *msg = NULL;

	spin_lock_irq(&b->lock);
	if (balloon_moves(b))
		msg = list_first_entry_or_null(&b->idle, struct balloon_message,
					       node);
	if (msg)
		list_del_init(&msg->node);
	spin_unlock_irq(&b->lock);
	return msg;
}

static struct balloon_message *balloon_get_message(struct balloon *b,
						   enum migrate_mode mode)
{
	struct balloon_message *msg = balloon_take_idle(b);

	if (!msg && mode != MIGRATE_ASYNC)
		wait_event_timeout(b->idle_wait,
				   (msg = balloon_take_idle(b)) ||
				   !balloon_moves(b), BALLOON_IDLE_WAIT);
	return msg;
}

static void balloon_put_message(struct balloon *b, struct balloon_message *msg)
{
	spin_lock_irq(&b->lock);
	balloon_idle(b, msg);
	spin_unlock_irq(&b->lock);
}

static int balloon_put_in(struct balloon *b, struct balloon_message *msg,
			  struct page *page)
{
	int err;

	msg->count = 0;
	balloon_fill(b, msg, page);
	err = balloon_send(b, BALLOON_VQ_INFLATE, msg);
	if (!err && !balloon_wait(b, msg))
		err = -EIO;
	return err;
}

/* Cannot fail: told or reset, the page is ours.  The message is gone. */
static void balloon_take_out(struct balloon *b, struct balloon_message *msg,
			     struct page *page)
{
	int err;

	msg->count = 0;
	balloon_fill(b, msg, page);
	msg->discarded = !balloon_must_tell(b);
	err = balloon_send(b, BALLOON_VQ_DEFLATE, msg);
	if (!err && !balloon_must_tell(b))
		return;
	if (!err)
		balloon_wait(b, msg);
	balloon_put_message(b, msg);
}

/**
 * balloon_exchange() - ops->exchange
 * @pool: of a balloon
 * @dst: goes into the balloon
 * @src: goes out
 * @mode: how patient the VM is
 *
 * An error after the first message means a reset (rule 3), so the host does not
 * know of @dst, and it may go back to the VM.
 *
 * Return: 0; -EAGAIN: too many moves at a time; -EBUSY.
 */
int balloon_exchange(struct movable_pool *pool, struct page *dst,
		     struct page *src, enum migrate_mode mode)
{
	struct balloon *b = movable_pool_priv(pool);
	struct balloon_message *msg;

	if (mode == MIGRATE_ASYNC && !READ_ONCE(async_moves))
		return -EBUSY;
	msg = balloon_get_message(b, mode);
	if (!msg)
		return mode == MIGRATE_ASYNC ? -EAGAIN : -EBUSY;
	if (balloon_put_in(b, msg, dst)) {
		balloon_put_message(b, msg);
		return -EBUSY;
	}
	balloon_take_out(b, msg, src);
	return 0;
}
