/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_HEAP_H
#define _MOVABLE_HEAP_H

/**
 * DOC: A heap whose objects move
 *
 * Objects from a few bytes to a page, packed by size class into pages of a
 * movable pool.  An object is named by a handle, never by an address: the
 * kernel may move the page under it whenever nobody has the object mapped.
 * movable_heap_map() gives the address, which is good until
 * movable_heap_unmap(); maps should be short, for the page cannot move and the
 * object cannot be freed meanwhile.
 *
 * A handle that is not, or no longer, that of an object is refused by every
 * call, not followed.  All calls on a heap may run at the same time, but for
 * movable_heap_destroy(), which must be the last one.
 */

#include <linux/gfp.h>
#include <linux/types.h>

struct movable_heap;

/**
 * struct movable_heap_stats - what a heap holds
 * @objects: objects allocated
 * @object_bytes: their sizes, each rounded up to its class
 * @pages: pages they lie in; a page without objects is given back at once
 * @meta_bytes: what the heap itself needs to keep books on these pages:
 *	@meta_bytes / @objects is the overhead of an object
 * @retired: slots that have been used so often that their next handle would
 *	look like their first; they come back with their page
 */
struct movable_heap_stats {
	u64 objects;
	u64 object_bytes;
	u64 pages;
	u64 meta_bytes;
	u64 retired;
};

struct movable_heap *movable_heap_create(const char *name, unsigned int flags,
					 unsigned long max_pages);
void movable_heap_destroy(struct movable_heap *heap);

int movable_heap_alloc(struct movable_heap *heap, size_t size, gfp_t gfp,
		       u64 *handle);
int movable_heap_free(struct movable_heap *heap, u64 handle);
void *movable_heap_map(struct movable_heap *heap, u64 handle);
void movable_heap_unmap(struct movable_heap *heap, u64 handle);
size_t movable_heap_size(u64 handle);
void movable_heap_stats(struct movable_heap *heap,
			struct movable_heap_stats *stats);

/* heap.c and heap_dev.c are one module. */
int movable_heap_caches_init(void);
void movable_heap_caches_exit(void);

#endif /* _MOVABLE_HEAP_H */
