/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_COMPAT_H
#define _MP_BENCH_COMPAT_H

/* alloc_contig_range(): its third argument is flags of its own since 6.17. */

#include <linux/gfp.h>
#include <linux/mmzone.h>

static inline int bench_compat_contig(unsigned long pfn, unsigned long count)
{
#ifdef MP_HAVE_CONTIG_FLAGS
	return alloc_contig_range(pfn, pfn + count, ACR_FLAGS_NONE,
				  GFP_KERNEL | __GFP_NOWARN);
#else
	return alloc_contig_range(pfn, pfn + count, MIGRATE_MOVABLE,
				  GFP_KERNEL | __GFP_NOWARN);
#endif
}

#endif /* _MP_BENCH_COMPAT_H */
