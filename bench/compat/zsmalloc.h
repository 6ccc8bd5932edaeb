/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_COMPAT_ZSMALLOC_H
#define _MP_BENCH_COMPAT_ZSMALLOC_H

/* Objects are read otherwise, and have a node to be on, since 6.15 or so. */

#include <linux/mm.h>
#include <linux/zsmalloc.h>

#ifdef MP_HAVE_ZS_OBJ_READ

static inline unsigned long bench_compat_zs_malloc(struct zs_pool *pool,
						   size_t size, gfp_t gfp)
{
	return zs_malloc(pool, size, gfp, NUMA_NO_NODE);
}

/* What is in two pages is copied into @buffer. */
static inline void *bench_compat_zs_map(struct zs_pool *pool,
					unsigned long handle, size_t size,
					void *buffer)
{
	return zs_obj_read_begin(pool, handle, size, buffer);
}

static inline void bench_compat_zs_unmap(struct zs_pool *pool,
					 unsigned long handle, size_t size,
					 void *addr)
{
	zs_obj_read_end(pool, handle, size, addr);
}

#else

static inline unsigned long bench_compat_zs_malloc(struct zs_pool *pool,
						   size_t size, gfp_t gfp)
{
	return zs_malloc(pool, size, gfp);
}

static inline void *bench_compat_zs_map(struct zs_pool *pool,
					unsigned long handle, size_t size,
					void *buffer)
{
	return zs_map_object(pool, handle, ZS_MM_RO);
}

static inline void bench_compat_zs_unmap(struct zs_pool *pool,
					 unsigned long handle, size_t size,
					 void *addr)
{
	zs_unmap_object(pool, handle);
}

#endif

#endif /* _MP_BENCH_COMPAT_ZSMALLOC_H */
