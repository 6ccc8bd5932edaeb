// SPDX-License-Identifier: GPL-2.0
/*
 * Backing: non-LRU page migration through address_space_operations, kernels
 * 4.8 to 5.19 (bda807d44454, "mm: migrate: support non-lru movable page
 * migration", to 68f2736a8583 in 6.0).
 *
 * The VM's rules are those of nonlru-mops.c, and:
 *
 * - the operations are found through an address_space, which takes an inode; it
 *   must outlive the last clearing of a mark, not only the last page;
 * - the isolated flag is set and cleared by non-atomic operations (up to 5.17,
 *   356ea3865687), which may wipe out what others set in page->flags meanwhile,
 *   PG_waiters among it: nobody may sleep on the lock of a marked page.
 */

#include <linux/fs.h>
#include <linux/migrate.h>
#include <linux/mm.h>

#include "../inode.h"
#include "../internal.h"
#include "../loose.h"

static struct inode *mp_nonlru_inode;

void mp_nonlru_mark(struct page *page)
{
	__SetPageMovable(page, mp_nonlru_inode->i_mapping);
}

/* A cleared page still looks movable until it is free; see nonlru-mops.c. */
void mp_nonlru_unmark(struct page *page)
{
	__ClearPageMovable(page);
	if (PageHWPoison(page) && !PageIsolated(page))
		WRITE_ONCE(page->mapping, NULL);
}

/* It stays in use for ever: as above. */
static void mp_nonlru_strand(struct page *page)
{
	__ClearPageMovable(page);
	if (!WARN_ON_ONCE(PageIsolated(page)))
		WRITE_ONCE(page->mapping, NULL);
}

static bool mp_nonlru_marked(struct page *page)
{
	unsigned long mark = (unsigned long)mp_nonlru_inode->i_mapping |
			     PAGE_MAPPING_MOVABLE;

	return (unsigned long)READ_ONCE(page->mapping) == mark;
}

static bool mp_aops_isolate(struct page *page, isolate_mode_t mode)
{
	return mp_core_isolate(page);
}

/* An orphan was freed: nothing is left to move. */
static int mp_aops_migrate(struct address_space *mapping, struct page *dst,
			   struct page *src, enum migrate_mode mode)
{
	int err = mp_core_migrate(&mp_backing_nonlru, dst, src, mode);

	if (err == -ENOENT)
		err = 0;
	if (!err)
		mp_nonlru_unmark(src);
	return err;
}

static void mp_aops_putback(struct page *page)
{
	if (!mp_core_putback(page))
		mp_nonlru_unmark(page);
}

static const struct address_space_operations mp_nonlru_aops = {
	.isolate_page = mp_aops_isolate,
	.migratepage = mp_aops_migrate,
	.putback_page = mp_aops_putback,
};

static int mp_nonlru_init(const struct mp_backing *backing)
{
	mp_nonlru_inode = mp_inode_new(&mp_nonlru_aops);
	if (!mp_nonlru_inode)
		return -ENOMEM;
	return mp_loose_init(backing);
}

static void mp_nonlru_exit(const struct mp_backing *backing)
{
	mp_loose_exit(backing);
	iput(mp_nonlru_inode);
}

static struct mp_loose mp_nonlru_loose = {
	.mark = mp_nonlru_mark,
	.unmark = mp_nonlru_unmark,
	.strand = mp_nonlru_strand,
	.marked = mp_nonlru_marked,
	.offline = true,
};

const struct mp_backing mp_backing_nonlru = {
	.name = "aops",
	.about = "non-LRU migration, address_space_operations",
	.refs = 2,		/* the pool's and the mover's */
	.loose = &mp_nonlru_loose,
	.init = mp_nonlru_init,
	.exit = mp_nonlru_exit,
	MP_LOOSE_OPS,
};
