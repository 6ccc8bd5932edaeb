// SPDX-License-Identifier: GPL-2.0
/* What the page type of movable_pool says, where the kernel has it. */

#include <linux/mm.h>
#include <linux/page-flags.h>

#include "../mp_frame_uapi.h"
#include "compat.h"

#ifdef MP_HAVE_PAGE_TYPE

/* The page's, at this instant; the caller has a reference. */
u64 mp_test_compat_look(struct page *page)
{
	u64 is = 0;

	if (PageMovablePool(page))
		is |= MP_FRAME_TYPED;
	if (page_has_movable_ops(page))
		is |= MP_FRAME_MOVABLE;
	if (PageMovablePool(page) && PageMovableOpsIsolated(page))
		is |= MP_FRAME_ISOLATED;
	if (PageMovablePool(page) && READ_ONCE(page->private))
		is |= MP_FRAME_OWNED;
	return is;
}

#else

u64 mp_test_compat_look(struct page *page)
{
	return 0;
}

#endif
