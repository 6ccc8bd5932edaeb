// SPDX-License-Identifier: GPL-2.0
/* alloc_contig_range() on a range that others use. */

#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>

#include "compat.h"

#ifdef MP_HAVE_CONTIG_FLAGS
#define CONTIG_KIND	ACR_FLAGS_NONE
#else
#define CONTIG_KIND	MIGRATE_MOVABLE
#endif

#ifdef CONFIG_CONTIG_ALLOC

/*
 * Ranges that are allocated at the same time must not share pageblocks: CMA has
 * its cma_mutex for that, and a kernel with DEBUG_VM stops where they do.
 */
static DEFINE_MUTEX(contig_lock);

int mp_test_compat_evict(unsigned long pfn, unsigned long count)
{
	int err;

	/*
	 * Frame 0, at which their pageblock begins, is in no zone.  A kernel
	 * with DEBUG_VM dumps its page then, looks for its pageblock to print
	 * that, and so on (7.2).
	 */
	if (pfn < MAX_ORDER_NR_PAGES)
		return -ERANGE;
	mutex_lock(&contig_lock);
	err = alloc_contig_range(pfn, pfn + count, CONTIG_KIND,
				 GFP_KERNEL | __GFP_NOWARN);
	if (!err)
		free_contig_range(pfn, count);
	mutex_unlock(&contig_lock);
	return err;
}

#else

int mp_test_compat_evict(unsigned long pfn, unsigned long count)
{
	return -EOPNOTSUPP;
}

#endif

/* For mp_test.ko. */
EXPORT_SYMBOL_GPL(mp_test_compat_evict);
