// SPDX-License-Identifier: GPL-2.0
/*
 * Backing: none.  Pages of pools that their driver exempted from moves, and of
 * all pools where the kernel is built without migration or compaction.
 *
 * The VM must not take such pages for movable ones: unplug would retry them for
 * ever instead of failing at once, and the page allocator would count their
 * blocks as movable.  So they carry a mark of our own, PG_owner_priv_1.  Other
 * pages have that flag too; ours are those whose private names the pool.
 */

#include <linux/mm.h>

#include "backing.h"

static void mp_none_mark(struct page *page)
{
	SetPageOwnerPriv1(page);
}

static void mp_none_unmark(struct page *page)
{
	ClearPageOwnerPriv1(page);
}

static bool mp_none_marked(struct page *page)
{
	return PageOwnerPriv1(page);
}

struct mp_backing mp_backing_none = {
	.name = "none, pages never move",
	.refs = 1,
	.mark = mp_none_mark,
	.unmark = mp_none_unmark,
	.strand = mp_none_unmark,
	.marked = mp_none_marked,
};
