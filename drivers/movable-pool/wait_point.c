// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/movable_pool/wait_points, test build only
 *
 *	stop NAME [PFN]	the next thread to come to NAME (with that page) stops
 *	go NAME		it goes on; what is armed there is disarmed
 *	reset		go everywhere
 *
 * Reading gives "NAME armed hits stopped" a line.  hits counts arrivals that
 * stopped, since the last reset.
 */

#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "internal.h"
#include "wait_point.h"

/* A test that died must not take the machine with it. */
#define MP_WAIT_LIMIT	(60 * HZ)

struct mp_point {
	const char *name;
	unsigned int armed;	/* stops to come */
	unsigned long pfn;	/* 0: any page */
	unsigned int hits;
	unsigned int stopped;
	unsigned int generation; /* raised by go */
};

static struct mp_point mp_waits[MP_NR_WAITS] = {
	[MP_WAIT_ISOLATE_ENTER] = { "isolate-enter" },
	[MP_WAIT_ISOLATE_DONE] = { "isolate-done" },
	[MP_WAIT_MIGRATE_ENTER] = { "migrate-enter" },
	[MP_WAIT_MIGRATE_MOVING] = { "migrate-moving" },
	[MP_WAIT_MIGRATE_COPIED] = { "migrate-copied" },
	[MP_WAIT_MIGRATE_PUBLISHED] = { "migrate-published" },
	[MP_WAIT_PUTBACK_ENTER] = { "putback-enter" },
	[MP_WAIT_FREE_DYING] = { "free-dying" },
	[MP_WAIT_FREE_CUT] = { "free-cut" },
	[MP_WAIT_FREE_WAIT] = { "free-wait" },
	[MP_WAIT_PIN_WAIT] = { "pin-wait" },
	[MP_WAIT_DEFERRED_PAGE] = { "deferred-page" },
	[MP_WAIT_DESTROY_WALK] = { "destroy-walk" },
	[MP_WAIT_FAULT_PAGE] = { "fault-page" },
	[MP_WAIT_DIRECTED_PAGE] = { "directed-page" },
	[MP_WAIT_DEBUG_CLOSE] = { "debug-close" },
};

static DEFINE_SPINLOCK(mp_points_lock);
static DECLARE_WAIT_QUEUE_HEAD(mp_points_wq);

static bool mp_point_take(struct mp_point *point, struct page *page,
			  unsigned int *generation)
{
	unsigned long flags;
	bool taken = false;

	spin_lock_irqsave(&mp_points_lock, flags);
	if (point->armed &&
	    (!point->pfn || (page && page_to_pfn(page) == point->pfn))) {
		point->armed--;
		point->hits++;
		point->stopped++;
		*generation = point->generation;
		taken = true;
	}
	spin_unlock_irqrestore(&mp_points_lock, flags);
	return taken;
}

void mp_wait_point(enum mp_wait wait, struct page *page)
{
	struct mp_point *point = &mp_waits[wait];
	unsigned int generation;

	/* None of ours is under a spinlock; a test's driver knows its own. */
	if (!READ_ONCE(point->armed) || !in_task() || irqs_disabled())
		return;
	if (!mp_point_take(point, page, &generation))
		return;
	if (!wait_event_timeout(mp_points_wq,
				READ_ONCE(point->generation) != generation,
				MP_WAIT_LIMIT))
		pr_err("wait point %s: nobody said go\n", point->name);
	spin_lock_irq(&mp_points_lock);
	point->stopped--;
	spin_unlock_irq(&mp_points_lock);
}

static struct mp_point *mp_point_find(const char *name)
{
	int n = MP_NR_WAITS;

	while (n--)
		if (!strcmp(mp_waits[n].name, name))
			return &mp_waits[n];
	return NULL;
}

static void mp_point_go(struct mp_point *point)
{
	point->armed = 0;
	point->pfn = 0;
	point->generation++;
}

static void mp_points_reset(void)
{
	int i;

	for (i = 0; i < MP_NR_WAITS; i++) {
		mp_point_go(&mp_waits[i]);
		mp_waits[i].hits = 0;
	}
}

static int mp_points_command(const char *verb, const char *name,
			     unsigned long arg)
{
	struct mp_point *wait = mp_point_find(name);

	if (!strcmp(verb, "reset")) {
		mp_points_reset();
	} else if (!strcmp(verb, "stop") && wait) {
		wait->pfn = arg;
		wait->armed++;
	} else if (!strcmp(verb, "go") && wait) {
		mp_point_go(wait);
	} else {
		return -EINVAL;
	}
	return 0;
}

static ssize_t mp_points_write(struct file *file, const char __user *from,
			       size_t len, loff_t *pos)
{
	char buf[64] = "", verb[8] = "", name[32] = "";
	unsigned long arg = 0;
	int err;

	if (len >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, from, len))
		return -EFAULT;
	if (sscanf(buf, "%7s %31s %lu", verb, name, &arg) < 1)
		return -EINVAL;
	spin_lock_irq(&mp_points_lock);
	err = mp_points_command(verb, name, arg);
	spin_unlock_irq(&mp_points_lock);
	wake_up_all(&mp_points_wq);
	return err ?: len;
}

static int mp_points_show(struct seq_file *m, void *v)
{
	int i;

	spin_lock_irq(&mp_points_lock);
	for (i = 0; i < MP_NR_WAITS; i++)
		seq_printf(m, "%s %u %u %u\n", mp_waits[i].name,
			   mp_waits[i].armed, mp_waits[i].hits,
			   mp_waits[i].stopped);
	spin_unlock_irq(&mp_points_lock);
	return 0;
}

static int mp_points_open(struct inode *inode, struct file *file)
{
	return single_open(file, mp_points_show, NULL);
}

static const struct file_operations mp_points_fops = {
	.owner = THIS_MODULE,
	.open = mp_points_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
	.write = mp_points_write,
};

void mp_wait_points_init(struct dentry *dir)
{
	debugfs_create_file("wait_points", 0600, dir, NULL, &mp_points_fops);
}

/* Nobody may be asleep in a point when the module goes. */
void mp_wait_points_exit(void)
{
	spin_lock_irq(&mp_points_lock);
	mp_points_reset();
	spin_unlock_irq(&mp_points_lock);
	wake_up_all(&mp_points_wq);
}
