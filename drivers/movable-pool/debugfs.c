// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/movable_pool/
 *
 *	deferred	freed pages that still wait for their page lock
 *	<pool>/backing	the mechanism that moves the pool's pages, and why it
 *	<pool>/stats	the books, a "name value" a line
 *	<pool>/pages	"pfn state pins name" a line, found by walking all
 *			frames; state is "poisoned" where a memory failure has
 *			hit; a page keeps its name, 12 hexadecimal digits, when
 *			it moves; it is "-" where there is no handle to be seen
 *	<pool>/longterm	long-term pins, the oldest first: "seconds pfn task pid
 *			caller" a line, and "# and N others" if there are many
 *	<pool>/longterm_stacks
 *			the same with stacks, if debug is on (debug.c)
 *	<pool>/unpublished
 *			pages that are not published yet, the oldest first, if
 *			debug is on: "seconds pfn zone task pid caller" a line,
 *			and "# and others" if there are many
 */

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/movable_pool.h>
#include <linux/pagemap.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/siphash.h>

#include "debug.h"
#include "fault.h"
#include "internal.h"
#include "link.h"
#include "longterm.h"
#include "unpublished.h"
#include "wait_point.h"
#include "word.h"

#define PAGES_NAME_BITS	48

static struct dentry *mp_debugfs_dir;
static siphash_key_t pages_key;

static int stats_show(struct seq_file *m, void *v)
{
	struct movable_pool_stats s;

	movable_pool_stats(m->private, &s);
	seq_printf(m, "pages %lu\n", s.pages);
	seq_printf(m, "unpublished %lu\n", s.unpublished);
	seq_printf(m, "allocated %lu\n", s.allocated);
	seq_printf(m, "freed %lu\n", s.freed);
	seq_printf(m, "isolated %lu\n", s.isolated);
	seq_printf(m, "migrated %lu\n", s.migrated);
	seq_printf(m, "putback %lu\n", s.putback);
	seq_printf(m, "released %lu\n", s.released);
	seq_printf(m, "attempted %lu\n", s.attempted);
	seq_printf(m, "directed %lu\n", s.directed);
	seq_printf(m, "refused_pinned %lu\n", s.refused_pinned);
	seq_printf(m, "refused_referenced %lu\n", s.refused_referenced);
	seq_printf(m, "refused_driver %lu\n", s.refused_driver);
	seq_printf(m, "failed_driver %lu\n", s.failed_driver);
	seq_printf(m, "refused_unready %lu\n", s.refused_unready);
	seq_printf(m, "refused_target %lu\n", s.refused_target);
	seq_printf(m, "deferred %lu\n", s.deferred);
	seq_printf(m, "poisoned %lu\n", s.poisoned);
	seq_printf(m, "shrunk %lu\n", s.shrunk);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static int backing_show(struct seq_file *m, void *v)
{
	struct movable_pool *pool = m->private;

	seq_printf(m, "%s: %s\n%s\n", pool->backing->name,
		   pool->backing->about, pool->why);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(backing);

static int longterm_show(struct seq_file *m, void *v)
{
	return mp_longterm_show(m, m->private, false);
}
DEFINE_SHOW_ATTRIBUTE(longterm);

static int longterm_stacks_show(struct seq_file *m, void *v)
{
	return mp_debug_show_off(m) ? 0 :
	       mp_longterm_show(m, m->private, true);
}
DEFINE_SHOW_ATTRIBUTE(longterm_stacks);

static int unpublished_show(struct seq_file *m, void *v)
{
	return mp_debug_show_off(m) ? 0 : mp_unpublished_show(m, m->private);
}
DEFINE_SHOW_ATTRIBUTE(unpublished);

static int deferred_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%ld\n", mp_backings_orphans());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(deferred);

/* The iterator is a page with a reference; the position is its pfn. */
static void *pages_at(struct seq_file *m, loff_t *pos)
{
	unsigned long pfn = *pos;
	struct page *page = mp_walk_read(m->private, &pfn);

	*pos = pfn;
	return page;
}

static void *pages_start(struct seq_file *m, loff_t *pos)
{
	return pages_at(m, pos);
}

static void *pages_next(struct seq_file *m, void *v, loff_t *pos)
{
	put_page(v);
	++*pos;
	return pages_at(m, pos);
}

static void pages_stop(struct seq_file *m, void *v)
{
	if (v)
		put_page(v);
}

/*
 * What tells a page from others, wherever it is: that of its handle, until the
 * driver frees the page and uses the handle again.  No address gets out.
 */
static u64 pages_name(const struct movable_page *mp)
{
	return siphash_1u64((uintptr_t)mp, &pages_key) >>
	       (64 - PAGES_NAME_BITS);
}

static const char *pages_state(struct page *page, enum movable_page_state state)
{
	static const char * const states[] = {
		[MOVABLE_PAGE_EMPTY] = "empty",
		[MOVABLE_PAGE_PRIVATE] = "private",
		[MOVABLE_PAGE_LIVE] = "live",
		[MOVABLE_PAGE_MOVING] = "moving",
	};

	return PageHWPoison(page) ? "poisoned" : states[state];
}

static int pages_show(struct seq_file *m, void *v)
{
	struct movable_pool *pool = m->private;
	struct page *page = v;
	const struct movable_page *mp;
	u64 word;

	if (!trylock_page(page)) {
		seq_printf(m, "%lu locked 0 -\n", page_to_pfn(page));
		return 0;
	}
	/* Under the lock: it may have been let go since it was found. */
	if (!pool->backing->owns(pool, page))
		goto unlock;
	if (pool->flags & MOVABLE_POOL_BALLOON)
		seq_printf(m, "%lu %s 0 -\n", page_to_pfn(page),
			   pages_state(page, MOVABLE_PAGE_LIVE));
	else if (mp_walk_word(pool, page, &word, &mp))
		seq_printf(m, "%lu %s %u %012llx\n", page_to_pfn(page),
			   pages_state(page, mp_word_state(word)),
			   mp_word_pins(word), pages_name(mp));
unlock:
	unlock_page(page);
	return 0;
}

static const struct seq_operations pages_sops = {
	.start = pages_start,
	.next = pages_next,
	.stop = pages_stop,
	.show = pages_show,
};
DEFINE_SEQ_ATTRIBUTE(pages);

/* debugfs may be absent or full; nothing here depends on it. */
void mp_debugfs_add(struct movable_pool *pool)
{
	pool->dir = mp_fail(MP_FAIL_DEBUGFS) ? ERR_PTR(-ENOMEM) :
		    debugfs_create_dir(pool->name, mp_debugfs_dir);
	debugfs_create_file("stats", 0400, pool->dir, pool, &stats_fops);
	debugfs_create_file("backing", 0400, pool->dir, pool, &backing_fops);
	debugfs_create_file("pages", 0400, pool->dir, pool, &pages_fops);
	debugfs_create_file("longterm", 0400, pool->dir, pool, &longterm_fops);
	debugfs_create_file("longterm_stacks", 0400, pool->dir, pool,
			    &longterm_stacks_fops);
	debugfs_create_file("unpublished", 0400, pool->dir, pool,
			    &unpublished_fops);
}

/* Waits for readers. */
void mp_debugfs_remove(struct movable_pool *pool)
{
	debugfs_remove_recursive(pool->dir);
}

void mp_debugfs_init(void)
{
	get_random_bytes(&pages_key, sizeof(pages_key));
	mp_debugfs_dir = debugfs_create_dir("movable_pool", NULL);
	debugfs_create_file("deferred", 0400, mp_debugfs_dir, NULL,
			    &deferred_fops);
	mp_wait_points_init(mp_debugfs_dir);
	mp_faults_debugfs(mp_debugfs_dir);
}

void mp_debugfs_exit(void)
{
	mp_wait_points_exit();
	debugfs_remove_recursive(mp_debugfs_dir);
}
