/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_RAMDISK_H
#define _MOVABLE_RAMDISK_H

/**
 * DOC: A disk in memory that moves
 *
 * Each disk has a store: pages of a movable pool, and an index of them by their
 * place on the disk.  A place has no page until it is written to, and none
 * after it was discarded; it reads as zeroes then.
 *
 *	main.c		parameters; disks come and go
 *	bio.c		what a request wants of which bytes
 *	store.c		bytes in pages
 *	compat/		how kernels spell a disk
 *
 * Requests are served in submit_bio(), so in the thread that has them, which
 * may be one that reclaims memory: swap and file systems on the disk write
 * there.  What follows from that is in store.c.
 */

#include <linux/types.h>

struct bio;
struct gendisk;
struct page;
struct ramdisk_store;

/**
 * struct ramdisk - a disk
 * @store: what is on it
 * @disk: what the kernel knows of it
 * @bytes: its size, a multiple of a page
 * @number: of the disk
 * @name: /dev/NAME, and that of the pool
 */
struct ramdisk {
	struct ramdisk_store *store;
	struct gendisk *disk;
	u64 bytes;
	unsigned int number;
	char name[16];
};

struct ramdisk_store *ramdisk_store_create(const char *name, unsigned int flags,
					   unsigned long max_pages);
void ramdisk_store_destroy(struct ramdisk_store *store);
int ramdisk_store_read(struct ramdisk_store *store, u64 pos, struct page *to,
		       unsigned int offset, unsigned int len);
int ramdisk_store_write(struct ramdisk_store *store, u64 pos,
			struct page *from, unsigned int offset,
			unsigned int len);
int ramdisk_store_zero(struct ramdisk_store *store, u64 pos, u64 len);
int ramdisk_store_discard(struct ramdisk_store *store, u64 pos, u64 len);

void ramdisk_submit(struct ramdisk *rd, struct bio *bio);

#endif /* _MOVABLE_RAMDISK_H */
