// SPDX-License-Identifier: GPL-2.0
/* alloc_contig_range(), as kernels up to 6.16 have it. */

#include <linux/gfp.h>
#include <linux/mmzone.h>

#include "compat.h"

int mp_test_compat_evict(unsigned long pfn, unsigned long count)
{
	int err = alloc_contig_range(pfn, pfn + count, MIGRATE_MOVABLE,
				     GFP_KERNEL | __GFP_NOWARN);

	if (!err)
		free_contig_range(pfn, count);
	return err;
}
