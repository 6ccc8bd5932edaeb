/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_RAMDISK_COMPAT_H
#define _MOVABLE_RAMDISK_COMPAT_H

/* What kernels spell differently. */

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/string.h>

#include "../ramdisk.h"

int ramdisk_compat_new(struct ramdisk *rd, int major);
void ramdisk_compat_free(struct ramdisk *rd);
int ramdisk_compat_add(struct ramdisk *rd);
void ramdisk_compat_remove(struct ramdisk *rd);

/* A request's memory, of which the kernel may have no address yet. */
#ifdef MP_HAVE_MEMCPY_PAGE			/* since 5.12 */

static inline void ramdisk_compat_copy_to(struct page *to, unsigned int offset,
					  const void *from, unsigned int len)
{
	memcpy_to_page(to, offset, from, len);
}

static inline void ramdisk_compat_copy_from(void *to, struct page *from,
					    unsigned int offset,
					    unsigned int len)
{
	memcpy_from_page(to, from, offset, len);
}

static inline void ramdisk_compat_zero(struct page *page, unsigned int offset,
				       unsigned int len)
{
	memzero_page(page, offset, len);
}

#else

static inline void ramdisk_compat_copy_to(struct page *to, unsigned int offset,
					  const void *from, unsigned int len)
{
	void *addr = kmap_atomic(to);

	memcpy(addr + offset, from, len);
	flush_dcache_page(to);
	kunmap_atomic(addr);
}

static inline void ramdisk_compat_copy_from(void *to, struct page *from,
					    unsigned int offset,
					    unsigned int len)
{
	void *addr = kmap_atomic(from);

	memcpy(to, addr + offset, len);
	kunmap_atomic(addr);
}

static inline void ramdisk_compat_zero(struct page *page, unsigned int offset,
				       unsigned int len)
{
	void *addr = kmap_atomic(page);

	memset(addr + offset, 0, len);
	flush_dcache_page(page);
	kunmap_atomic(addr);
}

#endif

#endif /* _MOVABLE_RAMDISK_COMPAT_H */
