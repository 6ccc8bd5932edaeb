// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are not published yet: which, since when, and who got them.
 *
 * They do not move, but lie where movable pages are, so a block of memory that
 * has one cannot be unplugged, nor become a huge page.  That is so for each
 * page of a pool whose pages move: all are allocated with __GFP_MOVABLE.  Those
 * of others are not listed: to be published changes nothing for them.
 *
 * What is listed is a frame, which stays a page's until that is published, and
 * an entry neither holds nor looks at anything: whoever publishes or frees the
 * page takes it off before, while page and pool are there.  So of a pool that
 * goes there is no entry left.
 *
 * An entry that there is no memory for is not made.  Like pages from before
 * debug was on, the page is found by a walk then, without its age.
 */

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/movable_pool.h>
#include <linux/pagemap.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "fault.h"
#include "internal.h"
#include "stack.h"
#include "unpublished.h"
#include "word.h"

#define MP_UNPUBLISHED_BITS	10
/* Shown of a pool; they are the oldest. */
#define MP_UNPUBLISHED_SHOWN	1000

/**
 * struct mp_unpublished - an entry
 * @at: in the table
 * @node: in one of the lists
 * @pool: the page's
 * @pfn: its frame
 * @since: jiffies
 * @zone: its name
 * @caller: who asked for the page, or NULL
 * @pid: the task, 0 in an interrupt
 * @comm: the same
 */
struct mp_unpublished {
	struct hlist_node at;
	struct list_head node;
	const struct movable_pool *pool;
	unsigned long pfn;
	unsigned long since;
	const char *zone;
	void *caller;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/*
 * Of all that follows.  Raw, and nothing is freed under it: with PREEMPT_RT,
 * too, pages are published in any context.
 *
 * @mp_unpublished_table: entries by frame; there while the list is open
 * @mp_unpublished_new: oldest first
 * @mp_unpublished_told: those that a warning was about; older than the new ones
 * @mp_unpublished_spare: entries that have been used, to be used again
 */
static DEFINE_RAW_SPINLOCK(mp_unpublished_lock);
static struct hlist_head *mp_unpublished_table;
static bool mp_unpublished_is_open;
static LIST_HEAD(mp_unpublished_new);
static LIST_HEAD(mp_unpublished_told);
static LIST_HEAD(mp_unpublished_spare);

static struct hlist_head *mp_unpublished_bucket(unsigned long pfn)
{
	return &mp_unpublished_table[hash_long(pfn, MP_UNPUBLISHED_BITS)];
}

/* Under the lock, the list is open. */
static struct mp_unpublished *mp_unpublished_find(unsigned long pfn)
{
	struct mp_unpublished *entry;

	hlist_for_each_entry(entry, mp_unpublished_bucket(pfn), at)
		if (entry->pfn == pfn)
			return entry;
	return NULL;
}

static struct mp_unpublished *mp_unpublished_take_spare(void)
{
	struct mp_unpublished *entry;
	unsigned long irqflags;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	entry = list_first_entry_or_null(&mp_unpublished_spare,
					 struct mp_unpublished, node);
	if (entry)
		list_del(&entry->node);
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
	return entry;
}

/* The page is locked: there is no time for reclaim. */
static struct mp_unpublished *mp_unpublished_alloc(void)
{
	struct mp_unpublished *entry = mp_unpublished_take_spare();

	if (!entry && !mp_fail(MP_FAIL_UNPUBLISHED))
		entry = kmalloc(sizeof(*entry), GFP_NOWAIT | __GFP_NOWARN);
	return entry;
}

static void mp_unpublished_fill(struct mp_unpublished *entry,
				const struct movable_pool *pool,
				struct page *page)
{
	entry->pool = pool;
	entry->pfn = page_to_pfn(page);
	entry->zone = page_zone(page)->name;
	entry->pid = in_task() ? task_pid_nr(current) : 0;
	strscpy(entry->comm, in_task() ? current->comm : "interrupt",
		sizeof(entry->comm));
}

/* Return: false if the list has been closed. */
static bool mp_unpublished_list(struct mp_unpublished *entry)
{
	unsigned long irqflags;
	bool open;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	open = mp_unpublished_is_open;
	if (open) {
		entry->since = jiffies;
		hlist_add_head(&entry->at, mp_unpublished_bucket(entry->pfn));
		list_add_tail(&entry->node, &mp_unpublished_new);
	}
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
	return open;
}

static bool mp_unpublished_matters(const struct movable_pool *pool)
{
	return pool->backing != &mp_backing_none;
}

void mp_unpublished_add(struct movable_pool *pool, struct page *page)
{
	struct mp_unpublished *entry;

	if (!mp_unpublished_matters(pool))
		return;
	entry = mp_unpublished_alloc();
	if (!entry)
		return;
	entry->caller = mp_stack_caller();
	mp_unpublished_fill(entry, pool, page);
	if (!mp_unpublished_list(entry))
		kfree(entry);
}

void mp_unpublished_remove(unsigned long pfn)
{
	struct mp_unpublished *entry = NULL;
	unsigned long irqflags;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	if (mp_unpublished_is_open)
		entry = mp_unpublished_find(pfn);
	if (entry) {
		hlist_del(&entry->at);
		list_move(&entry->node, &mp_unpublished_spare);
	}
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
}

/*
 * The warning: once for each page.
 */

/* @name: where the pool's goes, which may be gone right after. */
static bool mp_unpublished_overdue(struct mp_unpublished *copy, char *name,
				   size_t size)
{
	struct mp_unpublished *entry;
	unsigned long irqflags;
	bool overdue;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	entry = list_first_entry_or_null(&mp_unpublished_new,
					 struct mp_unpublished, node);
	overdue = entry && time_after_eq(jiffies, entry->since + MP_TELL_EVERY);
	if (overdue) {
		list_move_tail(&entry->node, &mp_unpublished_told);
		*copy = *entry;
		strscpy(name, entry->pool->name, size);
	}
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
	return overdue;
}

static unsigned long mp_unpublished_age(const struct mp_unpublished *entry)
{
	return (jiffies - entry->since) / HZ;
}

static void mp_unpublished_look(struct work_struct *work)
{
	struct mp_unpublished entry;
	char name[64];

	while (mp_unpublished_overdue(&entry, name, sizeof(name))) {
		pr_warn_ratelimited("%s: pfn %#lx, zone %s, is not published after %lu s, so it blocks unplug: allocated by %ps for %s[%d]\n",
				    name, entry.pfn, entry.zone,
				    mp_unpublished_age(&entry), entry.caller,
				    entry.comm, entry.pid);
		cond_resched();
	}
	queue_delayed_work(mp_backings_wq, to_delayed_work(work),
			   round_jiffies_relative(HZ));
}

static DECLARE_DELAYED_WORK(mp_unpublished_work, mp_unpublished_look);

/* Return: 0 or -ENOMEM.  mp_unpublished_close() undoes it. */
int mp_unpublished_prepare(void)
{
	if (!mp_fail(MP_FAIL_UNPUBLISHED_TABLE))
		mp_unpublished_table = kcalloc(BIT(MP_UNPUBLISHED_BITS),
					       sizeof(struct hlist_head),
					       GFP_KERNEL);
	return mp_unpublished_table ? 0 : -ENOMEM;
}

static void mp_unpublished_set_open(bool open)
{
	unsigned long irqflags;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	mp_unpublished_is_open = open;
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
}

/* The key is on. */
void mp_unpublished_open(void)
{
	mp_unpublished_set_open(true);
	queue_delayed_work(mp_backings_wq, &mp_unpublished_work, HZ);
}

static void mp_unpublished_free(struct list_head *list)
{
	struct mp_unpublished *entry, *next;

	list_for_each_entry_safe(entry, next, list, node)
		kfree(entry);
	INIT_LIST_HEAD(list);
}

/*
 * The key is still on.  Closed, and with the work ended, only those who take a
 * spare entry still come to the lists.
 */
void mp_unpublished_close(void)
{
	unsigned long irqflags;
	LIST_HEAD(all);

	mp_unpublished_set_open(false);
	cancel_delayed_work_sync(&mp_unpublished_work);
	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	list_splice_init(&mp_unpublished_new, &all);
	list_splice_init(&mp_unpublished_told, &all);
	list_splice_init(&mp_unpublished_spare, &all);
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
	mp_unpublished_free(&all);
	kfree(mp_unpublished_table);
	mp_unpublished_table = NULL;
}

/*
 * debugfs
 */

/**
 * struct mp_unpublished_view - the entries of a pool, as they were
 * @pool: which
 * @entries: copies, oldest first
 * @nr: of them
 * @all: there were no more
 */
struct mp_unpublished_view {
	const struct movable_pool *pool;
	struct mp_unpublished *entries;
	unsigned int nr;
	bool all;
};

static void mp_unpublished_copy(struct mp_unpublished_view *view,
				const struct list_head *list)
{
	const struct mp_unpublished *entry;

	list_for_each_entry(entry, list, node) {
		if (entry->pool != view->pool)
			continue;
		view->all = view->nr < MP_UNPUBLISHED_SHOWN;
		if (!view->all)
			break;
		view->entries[view->nr++] = *entry;
	}
}

static void mp_unpublished_look_at(struct mp_unpublished_view *view)
{
	unsigned long irqflags;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	mp_unpublished_copy(view, &mp_unpublished_told);
	if (view->all)
		mp_unpublished_copy(view, &mp_unpublished_new);
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
}

/* Any context. */
bool mp_unpublished_listed(unsigned long pfn)
{
	unsigned long irqflags;
	bool listed;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	listed = mp_unpublished_is_open && mp_unpublished_find(pfn);
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
	return listed;
}

/* @page has a reference of the caller's. */
static bool mp_unpublished_is(struct movable_pool *pool, struct page *page)
{
	bool is = false;
	u64 word;

	if (!trylock_page(page))
		return false;
	/* Under the lock: it may have been let go since it was found. */
	if (pool->backing->owns(pool, page) &&
	    mp_walk_word(pool, page, &word, NULL))
		is = mp_word_state(word) == MOVABLE_PAGE_PRIVATE;
	unlock_page(page);
	return is;
}

/* Those that are not listed: a walk over all memory. */
static void mp_unpublished_show_unlisted(struct seq_file *m,
					 struct movable_pool *pool)
{
	unsigned long pfn;
	struct page *page;

	for (pfn = 0; (page = mp_walk_next(pool, &pfn)); pfn++) {
		if (!seq_has_overflowed(m) && mp_unpublished_is(pool, page) &&
		    !mp_unpublished_listed(pfn))
			seq_printf(m, "unknown %lu %s - - unknown\n", pfn,
				   page_zone(page)->name);
		put_page(page);
	}
}

static void mp_unpublished_show_one(struct seq_file *m,
				    const struct mp_unpublished *entry)
{
	seq_printf(m, "%lu %lu %s %s %d ", mp_unpublished_age(entry),
		   entry->pfn, entry->zone, entry->comm, entry->pid);
	if (entry->caller)
		seq_printf(m, "%ps\n", entry->caller);
	else
		seq_puts(m, "unknown\n");
}

static void mp_unpublished_show_view(struct seq_file *m,
				     struct movable_pool *pool,
				     const struct mp_unpublished_view *view)
{
	struct movable_pool_stats stats;
	unsigned int i;

	for (i = 0; i < view->nr; i++)
		mp_unpublished_show_one(m, &view->entries[i]);
	movable_pool_stats(pool, &stats);
	if (!view->all)
		seq_puts(m, "# and others: stats has how many\n");
	else if (stats.unpublished > view->nr && mp_unpublished_matters(pool))
		mp_unpublished_show_unlisted(m, pool);
}

int mp_unpublished_show(struct seq_file *m, struct movable_pool *pool)
{
	struct mp_unpublished_view view = { .pool = pool, .all = true };

	if (!mp_fail(MP_FAIL_UNPUBLISHED_VIEW))
		view.entries = kvmalloc_array(MP_UNPUBLISHED_SHOWN,
					      sizeof(*view.entries),
					      GFP_KERNEL);
	if (!view.entries)
		return -ENOMEM;
	mp_unpublished_look_at(&view);
	mp_unpublished_show_view(m, pool, &view);
	kvfree(view.entries);
	return 0;
}
