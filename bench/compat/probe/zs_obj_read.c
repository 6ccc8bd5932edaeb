// SPDX-License-Identifier: GPL-2.0
/* zsmalloc's objects are read by these. */
#include <linux/gfp.h>
#include <linux/zsmalloc.h>

void *probe(struct zs_pool *pool);
void *probe(struct zs_pool *pool)
{
	return zs_obj_read_begin(pool, zs_malloc(pool, 1, GFP_KERNEL, 0), 1,
				 NULL);
}
