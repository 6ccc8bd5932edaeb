// SPDX-License-Identifier: GPL-2.0
/*
 * The page cache in folios, kernels 6.0 and later.
 */

#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#ifdef MP_HAVE_FOLIO_BATCH			/* since 7.1 */
#include <linux/folio_batch.h>
#else
#include <linux/pagevec.h>
#endif

#include "../cache.h"

/*
 * For data of the kernel nobody is charged: not a task that happens to call the
 * driver.  7.2 has AS_KERNEL_FILE for this, but its counter does not follow a
 * page that moves to another node (mm/migrate.c), and older kernels have
 * nothing.
 */
static struct mem_cgroup *mp_root_memcg;

static void mp_find_root_memcg(struct work_struct *work)
{
	/* A thread without an mm belongs to the root. */
	mp_root_memcg = get_mem_cgroup_from_mm(NULL);
}

int mp_compat_cache_init(void)
{
	struct work_struct work;

	INIT_WORK_ONSTACK(&work, mp_find_root_memcg);
	schedule_work(&work);
	flush_work(&work);
	destroy_work_on_stack(&work);
	return 0;
}

/* The root memcg is not counted. */
void mp_compat_cache_exit(void)
{
}

int mp_compat_cache_add(struct address_space *mapping, struct page *page,
			unsigned long index, gfp_t gfp)
{
	return filemap_add_folio(mapping, page_folio(page), index, gfp);
}

int mp_compat_cache_add_uncharged(struct address_space *mapping,
				  struct page *page, unsigned long index,
				  gfp_t gfp)
{
	struct mem_cgroup *old = set_active_memcg(mp_root_memcg);
	int err = filemap_add_folio(mapping, page_folio(page), index, gfp);

	set_active_memcg(old);
	return err;
}

int mp_compat_cache_replace(struct address_space *mapping, struct page *dst,
			    struct page *src)
{
	return folio_migrate_mapping(mapping, page_folio(dst), page_folio(src),
				     0);
}

void mp_compat_cache_move_state(struct page *dst, struct page *src)
{
	folio_migrate_flags(page_folio(dst), page_folio(src));
}

/* fs/fuse/dev.c does this with pages that are spliced into its cache. */
void mp_compat_cache_supplant(struct page *dst, struct page *src)
{
#ifdef MP_HAVE_REPLACE_FOLIO			/* since 6.3 */
	replace_page_cache_folio(page_folio(src), page_folio(dst));
#else
	replace_page_cache_page(src, dst);
#endif
	folio_add_lru(page_folio(dst));
}

/* Not for modules by its own name, lru_add_drain(). */
void mp_compat_cache_drain(void)
{
#ifdef MP_HAVE_PAGEVEC_RELEASE			/* up to 6.4 */
	struct pagevec none;

	pagevec_init(&none);
	__pagevec_release(&none);
#else
	struct folio_batch none;

	folio_batch_init(&none);
	__folio_batch_release(&none);
#endif
}

static int mp_aops_migrate(struct address_space *mapping, struct folio *dst,
			   struct folio *src, enum migrate_mode mode)
{
	return mp_cache_migrate(&dst->page, &src->page, mode);
}

static bool mp_aops_release(struct folio *folio, gfp_t gfp)
{
	return mp_cache_evict(&folio->page);
}

static void mp_aops_invalidate(struct folio *folio, size_t offset, size_t len)
{
	mp_cache_invalidate(&folio->page);
}

#ifdef MP_HAVE_ERROR_REMOVE_FOLIO		/* since 6.8 */
static int mp_aops_error(struct address_space *mapping, struct folio *folio)
{
	return mp_cache_poisoned(&folio->page);
}
#else
static int mp_aops_error(struct address_space *mapping, struct page *page)
{
	return mp_cache_poisoned(page);
}
#endif

/* See PG_dirty in cache.c. */
static bool mp_aops_dirty(struct address_space *mapping, struct folio *folio)
{
	return false;
}

const struct address_space_operations mp_compat_cache_aops = {
	.migrate_folio = mp_aops_migrate,
	.release_folio = mp_aops_release,
	.invalidate_folio = mp_aops_invalidate,
	.dirty_folio = mp_aops_dirty,
#ifdef MP_HAVE_ERROR_REMOVE_FOLIO
	.error_remove_folio = mp_aops_error,
#else
	.error_remove_page = mp_aops_error,
#endif
};
