// SPDX-License-Identifier: GPL-2.0
/* The third argument of alloc_contig_range(): flags of its own since 6.17. */
#include <linux/gfp.h>

int probe(void);
int probe(void)
{
	acr_flags_t flags = ACR_FLAGS_NONE;

	return alloc_contig_range(0, 1, flags, GFP_KERNEL);
}
