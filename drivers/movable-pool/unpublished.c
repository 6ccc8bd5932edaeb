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
 * goes there is no entry left.  That holds while the list is being closed, too:
 * it takes no more entries then, but those in it are still taken off.
 *
 * An entry that there is no memory for is not made.  Like pages from before
 * debug was on, the page is found by a walk then, without its age.
 */

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
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
#include "wait_point.h"
#include "word.h"

/* Were all memory unpublished, some as many would be in a bucket. */
#define MP_UNPUBLISHED_CHAIN	64
#define MP_UNPUBLISHED_MIN_BITS	10U
#define MP_UNPUBLISHED_MAX_BITS	20U
/* Shown of a pool; they are the oldest. */
#define MP_UNPUBLISHED_SHOWN	1000

/**
 * struct mp_unpublished - an entry
 * @at: in the table
 * @due: while no warning was about it; or among the spare ones
 * @mine: in the pool's list
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
	struct list_head due;
	struct list_head mine;
	struct movable_pool *pool;
	unsigned long pfn;
	unsigned long since;
	const char *zone;
	void *caller;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/*
 * Of all that follows, and of pool->unpublished, which has the pool's entries,
 * oldest first.  Raw, and nothing is freed under it: pages are published in any
 * context, with PREEMPT_RT, too.
 *
 * @mp_unpublished_table: entries by frame, NULL while there are none
 * @mp_unpublished_bits: its size
 * @mp_unpublished_is_open: entries may be added
 * @mp_unpublished_due: those that no warning was about, oldest first
 * @mp_unpublished_spare: entries that have been used, to be used again soon
 */
static DEFINE_RAW_SPINLOCK(mp_unpublished_lock);
static struct hlist_head *mp_unpublished_table;
static unsigned int mp_unpublished_bits;
static bool mp_unpublished_is_open;
static LIST_HEAD(mp_unpublished_due);
static LIST_HEAD(mp_unpublished_spare);

static struct hlist_head *mp_unpublished_bucket(unsigned long pfn)
{
	return &mp_unpublished_table[hash_long(pfn, mp_unpublished_bits)];
}

/* Under the lock. */
static struct mp_unpublished *mp_unpublished_find(unsigned long pfn)
{
	struct mp_unpublished *entry;

	if (!mp_unpublished_table)
		return NULL;
	hlist_for_each_entry(entry, mp_unpublished_bucket(pfn), at)
		if (entry->pfn == pfn)
			return entry;
	return NULL;
}

/* Under the lock. */
static void mp_unpublished_unlist(struct mp_unpublished *entry)
{
	hlist_del(&entry->at);
	list_del(&entry->mine);
	list_move(&entry->due, &mp_unpublished_spare);
}

static struct mp_unpublished *mp_unpublished_take_spare(void)
{
	struct mp_unpublished *entry;
	unsigned long irqflags;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	entry = list_first_entry_or_null(&mp_unpublished_spare,
					 struct mp_unpublished, due);
	if (entry)
		list_del(&entry->due);
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
	return entry;
}

/* The page is locked: there is no time for reclaim.  Nor are there reserves. */
#define MP_UNPUBLISHED_GFP	(GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC)

static struct mp_unpublished *mp_unpublished_alloc(void)
{
	struct mp_unpublished *entry = mp_unpublished_take_spare();

	if (!entry && !mp_fail(MP_FAIL_UNPUBLISHED))
		entry = kmalloc(sizeof(*entry), MP_UNPUBLISHED_GFP);
	return entry;
}

static void mp_unpublished_fill(struct mp_unpublished *entry,
				struct movable_pool *pool, struct page *page)
{
	entry->pool = pool;
	entry->pfn = page_to_pfn(page);
	entry->zone = page_zone(page)->name;
	entry->pid = in_task() ? task_pid_nr(current) : 0;
	strscpy(entry->comm, in_task() ? current->comm : "interrupt",
		sizeof(entry->comm));
}

/* Return: false if the list is closed. */
static bool mp_unpublished_list(struct mp_unpublished *entry)
{
	unsigned long irqflags;
	bool open;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	open = mp_unpublished_is_open;
	if (open) {
		entry->since = jiffies;
		hlist_add_head(&entry->at, mp_unpublished_bucket(entry->pfn));
		list_add_tail(&entry->due, &mp_unpublished_due);
		list_add_tail(&entry->mine, &entry->pool->unpublished);
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
	struct mp_unpublished *entry;
	unsigned long irqflags;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	entry = mp_unpublished_find(pfn);
	if (entry)
		mp_unpublished_unlist(entry);
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
}

static void mp_unpublished_free_spare(void)
{
	struct mp_unpublished *entry, *next;
	unsigned long irqflags;
	LIST_HEAD(spare);

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	list_splice_init(&mp_unpublished_spare, &spare);
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
	list_for_each_entry_safe(entry, next, &spare, due) {
		kfree(entry);
		cond_resched();
	}
}

/*
 * The warning: once for each page.
 */

/* @name: set to the pool's, which may be gone right after. */
static bool mp_unpublished_overdue(struct mp_unpublished *copy, char *name,
				   size_t size)
{
	struct mp_unpublished *entry;
	unsigned long irqflags;
	bool overdue;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	entry = list_first_entry_or_null(&mp_unpublished_due,
					 struct mp_unpublished, due);
	overdue = entry && time_after_eq(jiffies, entry->since + MP_TELL_EVERY);
	if (overdue) {
		list_del_init(&entry->due);
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
	mp_unpublished_free_spare();
	queue_delayed_work(mp_backings_wq, to_delayed_work(work),
			   round_jiffies_relative(HZ));
}

static DECLARE_DELAYED_WORK(mp_unpublished_work, mp_unpublished_look);

/* Whoever found the key on before it went off may still look at the table. */
static void mp_unpublished_set_table(struct hlist_head *table,
				     unsigned int bits)
{
	unsigned long irqflags;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	mp_unpublished_table = table;
	mp_unpublished_bits = bits;
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
}

/* Return: 0 or -ENOMEM.  mp_unpublished_close() undoes it. */
int mp_unpublished_prepare(void)
{
	unsigned int bits = ilog2(totalram_pages() / MP_UNPUBLISHED_CHAIN | 1);
	struct hlist_head *table = NULL;

	bits = clamp(bits, MP_UNPUBLISHED_MIN_BITS, MP_UNPUBLISHED_MAX_BITS);
	if (!mp_fail(MP_FAIL_UNPUBLISHED_TABLE))
		table = kvcalloc(BIT(bits), sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	mp_unpublished_set_table(table, bits);
	return 0;
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

static void mp_unpublished_empty(struct hlist_head *bucket)
{
	struct mp_unpublished *entry;
	struct hlist_node *next;
	unsigned long irqflags;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	hlist_for_each_entry_safe(entry, next, bucket, at)
		mp_unpublished_unlist(entry);
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
}

/* The key is still on: while entries go one by one, others take theirs off. */
void mp_unpublished_close(void)
{
	struct hlist_head *table = mp_unpublished_table;
	unsigned long n;

	mp_unpublished_set_open(false);
	mp_wait_point(MP_WAIT_DEBUG_CLOSE, NULL);
	cancel_delayed_work_sync(&mp_unpublished_work);
	for (n = 0; n < BIT(mp_unpublished_bits); n++) {
		mp_unpublished_empty(&table[n]);
		cond_resched();
	}
	mp_unpublished_set_table(NULL, 0);
	mp_unpublished_free_spare();
	kvfree(table);
}

/*
 * debugfs
 */

/**
 * struct mp_unpublished_view - the entries of a pool, as they were
 * @entries: copies, oldest first
 * @nr: of them
 * @all: there were no more
 */
struct mp_unpublished_view {
	struct mp_unpublished *entries;
	unsigned int nr;
	bool all;
};

static void mp_unpublished_look_at(struct mp_unpublished_view *view,
				   const struct movable_pool *pool)
{
	const struct mp_unpublished *entry;
	unsigned long irqflags;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	list_for_each_entry(entry, &pool->unpublished, mine) {
		view->all = view->nr < MP_UNPUBLISHED_SHOWN;
		if (!view->all)
			break;
		view->entries[view->nr++] = *entry;
	}
	raw_spin_unlock_irqrestore(&mp_unpublished_lock, irqflags);
}

/* Any context but NMI. */
bool mp_unpublished_listed(unsigned long pfn)
{
	unsigned long irqflags;
	bool listed;

	raw_spin_lock_irqsave(&mp_unpublished_lock, irqflags);
	listed = mp_unpublished_find(pfn);
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

static void mp_unpublished_show_others(struct seq_file *m)
{
	seq_puts(m, "# and others: stats has how many\n");
}

/* Those that are not listed: a walk over all memory.  @lines: shown before. */
static void mp_unpublished_show_unlisted(struct seq_file *m,
					 struct movable_pool *pool,
					 unsigned int lines)
{
	const char *zone;
	unsigned long pfn;
	struct page *page;
	bool found;

	for (pfn = 0; (page = mp_walk_read(pool, &pfn)); pfn++) {
		found = mp_unpublished_is(pool, page) &&
			!mp_unpublished_listed(pfn);
		zone = page_zone(page)->name;
		put_page(page);
		if (!found)
			continue;
		/* seq_file calls again, with a larger buffer. */
		if (seq_has_overflowed(m))
			return;
		if (lines++ == MP_UNPUBLISHED_SHOWN) {
			mp_unpublished_show_others(m);
			return;
		}
		seq_printf(m, "unknown %lu %s - - unknown\n", pfn, zone);
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
		mp_unpublished_show_others(m);
	else if (stats.unpublished > view->nr && mp_unpublished_matters(pool))
		mp_unpublished_show_unlisted(m, pool, view->nr);
}

int mp_unpublished_show(struct seq_file *m, struct movable_pool *pool)
{
	struct mp_unpublished_view view = { .all = true };

	if (!mp_fail(MP_FAIL_UNPUBLISHED_VIEW))
		view.entries = kvmalloc_array(MP_UNPUBLISHED_SHOWN,
					      sizeof(*view.entries),
					      GFP_KERNEL);
	if (!view.entries)
		return -ENOMEM;
	mp_unpublished_look_at(&view, pool);
	mp_unpublished_show_view(m, pool, &view);
	kvfree(view.entries);
	return 0;
}
