// SPDX-License-Identifier: GPL-2.0
/*
 * Backing: none.  Pages of pools that their driver exempted from moves, and of
 * all pools where the kernel is built without migration or compaction.
 *
 * The VM must not take such pages for movable ones: unplug would retry them for
 * ever instead of failing at once, and the page allocator would count their
 * blocks as movable.  So they carry a mark of our own, PG_checked, which is the
 * page's owner's to use.  Others have it, too; ours are those whose private
 * names the pool.
 */

#include <linux/mm.h>

#include "internal.h"
#include "loose.h"

static void mp_none_mark(struct page *page)
{
	SetPageChecked(page);
}

static void mp_none_unmark(struct page *page)
{
	ClearPageChecked(page);
}

static bool mp_none_marked(struct page *page)
{
	return PageChecked(page);
}

static struct mp_loose mp_none_loose = {
	.mark = mp_none_mark,
	.unmark = mp_none_unmark,
	.strand = mp_none_unmark,
	.marked = mp_none_marked,
	.offline = true,
};

const struct mp_backing mp_backing_none = {
	.name = "none",
	.about = "pages never move",
	.refs = 1,		/* the pool's */
	.loose = &mp_none_loose,
	.init = mp_loose_init,
	.exit = mp_loose_exit,
	MP_LOOSE_OPS,
};
