// SPDX-License-Identifier: GPL-2.0
/*
 * Backing: non-LRU page migration through struct movable_operations, kernels
 * 6.0 to 6.16 (68f2736a8583, "mm: Convert all PageMovable users to
 * movable_operations", to the page types of 6.17).
 *
 * The VM's rules for it, from mm/migrate.c and mm/compaction.c of 6.1 and 6.12:
 *
 * - isolate, migrate and putback are called with the page locked, and not any
 *   more once the mark is cleared, which takes the page lock too;
 * - on success migrate must have cleared the source's mark;
 * - the VM has one reference to an isolated page besides the owner's;
 * - page->lru is the VM's while the page is isolated; page->mapping holds the
 *   mark until the page is free.
 */

#include <linux/migrate.h>
#include <linux/mm.h>

#include "../internal.h"
#include "../loose.h"

static const struct movable_operations mp_mops;

void mp_nonlru_mark(struct page *page)
{
	__SetPageMovable(page, &mp_mops);
}

/*
 * A cleared page still looks movable until it is free (PageMovable() is false,
 * __PageMovable() true), and unplug would retry it for ever.  A poisoned one is
 * never free.  On a list of the VM's it would then pass for an LRU page.
 */
void mp_nonlru_unmark(struct page *page)
{
	__ClearPageMovable(page);
	if (PageHWPoison(page) && !PageIsolated(page))
		WRITE_ONCE(page->mapping, NULL);
}

/* It stays in use for ever: as above. */
static void mp_mops_strand(struct page *page)
{
	__ClearPageMovable(page);
	if (!WARN_ON_ONCE(PageIsolated(page)))
		WRITE_ONCE(page->mapping, NULL);
}

static bool mp_mops_marked(struct page *page)
{
	unsigned long mark = (unsigned long)&mp_mops | PAGE_MAPPING_MOVABLE;

	return (unsigned long)READ_ONCE(page->mapping) == mark;
}

static bool mp_mops_isolate(struct page *page, isolate_mode_t mode)
{
	return mp_core_isolate(page);
}

static int mp_mops_migrate(struct page *dst, struct page *src,
			   enum migrate_mode mode)
{
	int err = mp_core_migrate(&mp_backing_nonlru, dst, src, mode);

	/* An orphan was freed: nothing is left to move. */
	if (err == -ENOENT)
		err = 0;
	if (!err)
		mp_nonlru_unmark(src);
	return err;
}

static void mp_mops_putback(struct page *page)
{
	if (!mp_core_putback(page))
		mp_nonlru_unmark(page);
}

static const struct movable_operations mp_mops = {
	.isolate_page = mp_mops_isolate,
	.migrate_page = mp_mops_migrate,
	.putback_page = mp_mops_putback,
};

static struct mp_loose mp_mops_loose = {
	.mark = mp_nonlru_mark,
	.unmark = mp_nonlru_unmark,
	.strand = mp_mops_strand,
	.marked = mp_mops_marked,
	.offline = true,
};

const struct mp_backing mp_backing_nonlru = {
	.name = "mops",
	.about = "non-LRU migration, struct movable_operations",
	.refs = 2,		/* the pool's and the mover's */
	.loose = &mp_mops_loose,
	.init = mp_loose_init,
	.exit = mp_loose_exit,
	MP_LOOSE_OPS,
};
