// SPDX-License-Identifier: GPL-2.0
/*
 * The page cache in pages, kernels up to 5.17.
 */

#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include "../backing.h"
#include "../cache.h"

static struct workqueue_struct *mp_add_wq;
static struct mem_cgroup *mp_root_memcg;

/* A page on its way into the cache, on its owner's stack. */
struct mp_cache_adding {
	struct work_struct work;
	struct address_space *mapping;
	struct page *page;
	unsigned long index;
	gfp_t gfp;
	int err;
};

int mp_compat_cache_init(void)
{
	mp_add_wq = mp_workqueue_new("movable_pool_add", WQ_UNBOUND);
	if (!mp_add_wq)
		return -ENOMEM;
	/* Of a thread without an mm; NULL if there are no groups. */
	mp_root_memcg = get_mem_cgroup_from_mm(NULL);
	return 0;
}

void mp_compat_cache_exit(void)
{
	mem_cgroup_put(mp_root_memcg);
	destroy_workqueue(mp_add_wq);
}

static void mp_add_work(struct work_struct *work)
{
	struct mp_cache_adding *adding =
		container_of(work, struct mp_cache_adding, work);

	adding->err = add_to_page_cache_lru(adding->page, adding->mapping,
					    adding->index, adding->gfp);
}

/*
 * Whoever adds a page is charged for it; a task that happens to call the driver
 * should not be.  A thread without an mm belongs to the root memcg.
 */
static int mp_add_by_worker(struct address_space *mapping, struct page *page,
			    unsigned long index, gfp_t gfp)
{
	struct mp_cache_adding adding = {
		.mapping = mapping,
		.page = page,
		.index = index,
		.gfp = gfp,
	};

	INIT_WORK_ONSTACK(&adding.work, mp_add_work);
	queue_work(mp_add_wq, &adding.work);
	flush_work(&adding.work);
	destroy_work_on_stack(&adding.work);
	return adding.err;
}

/* Would the page be charged to a group that has nothing to do with it? */
static bool mp_charge_is_wrong(void)
{
	struct mem_cgroup *memcg;

	if (!current->mm || !mp_root_memcg)
		return false;
	memcg = get_mem_cgroup_from_mm(current->mm);
	mem_cgroup_put(memcg);
	return memcg != mp_root_memcg;
}

/*
 * A caller in reclaim, or that must not enter all of it, may hold what the
 * worker's own reclaim waits for, and needs its reserves: it does the work
 * itself, and a charge to the wrong group is the lesser evil.
 */
static bool mp_may_use_worker(gfp_t gfp)
{
	const gfp_t all = __GFP_IO | __GFP_FS;

	return !(current->flags & PF_MEMALLOC) &&
	       (current_gfp_context(gfp) & all) == all;
}

int mp_compat_cache_add(struct address_space *mapping, struct page *page,
			unsigned long index, gfp_t gfp)
{
	return add_to_page_cache_lru(page, mapping, index, gfp);
}

int mp_compat_cache_add_uncharged(struct address_space *mapping,
				  struct page *page, unsigned long index,
				  gfp_t gfp)
{
	if (mp_may_use_worker(gfp) && mp_charge_is_wrong())
		return mp_add_by_worker(mapping, page, index, gfp);
	return add_to_page_cache_lru(page, mapping, index, gfp);
}

int mp_compat_cache_replace(struct address_space *mapping, struct page *dst,
			    struct page *src)
{
	return migrate_page_move_mapping(mapping, dst, src, 0);
}

void mp_compat_cache_move_state(struct page *dst, struct page *src)
{
	migrate_page_states(dst, src);
}

/* fs/fuse/dev.c does this with pages that are spliced into its cache. */
void mp_compat_cache_supplant(struct page *dst, struct page *src)
{
	/* Memory for the tree is there: it always returns 0. */
	replace_page_cache_page(src, dst, GFP_NOFS);
	lru_cache_add(dst);
}

/* Not for modules by its own name, lru_add_drain(). */
void mp_compat_cache_drain(void)
{
	struct pagevec none;

	pagevec_init(&none);
	__pagevec_release(&none);
}

static int mp_aops_migrate(struct address_space *mapping, struct page *dst,
			   struct page *src, enum migrate_mode mode)
{
	return mp_cache_migrate(dst, src, mode);
}

static int mp_aops_release(struct page *page, gfp_t gfp)
{
	return mp_cache_evict(page);
}

static void mp_aops_invalidate(struct page *page, unsigned int offset,
			       unsigned int len)
{
	mp_cache_invalidate(page);
}

static int mp_aops_error(struct address_space *mapping, struct page *page)
{
	return mp_cache_poisoned(page);
}

/* See PG_dirty in cache.c. */
static int mp_aops_dirty(struct page *page)
{
	return 0;
}

const struct address_space_operations mp_compat_cache_aops = {
	.migratepage = mp_aops_migrate,
	.releasepage = mp_aops_release,
	.invalidatepage = mp_aops_invalidate,
	.set_page_dirty = mp_aops_dirty,
	.error_remove_page = mp_aops_error,
};
