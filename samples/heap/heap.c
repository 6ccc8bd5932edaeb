// SPDX-License-Identifier: GPL-2.0
/*
 * The heap: size classes on movable pages.
 *
 * One lock per class, that of the class's xarray, guards everything a class
 * has: the table of its pages, the list of those with room, and in each page
 * the generations, free list and map counts of its slots.  It is held for a few
 * instructions, never over a call that might sleep, and never two at a time.
 *
 * What keeps a page alive:
 *
 *	reachable	in the table, looked up under the lock.  A page leaves
 *			table and list under the lock in the free of its last
 *			object, and from then on belongs to that thread alone.
 *	mapped		a slot's map count, raised under the lock before the
 *			page is pinned and lowered after it is unpinned.  A
 *			mapped object cannot be freed, so its page has an
 *			object, so it stays: map() may drop the lock and sleep
 *			in the pin.
 *
 * Hence a page is only ever released without a pin, and the pool cannot refuse.
 *
 * A slot's generation is odd while it is in use.  Allocation and free each add
 * one, so the handle of a freed object never names the next object in its slot.
 */

#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/movable_pool.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "movable_heap.h"

/* Objects are multiples of this and aligned to it. */
#define HEAP_ALIGN	16
#define HEAP_MAX_SLOTS	256
#define HEAP_MAX_MAPS	U8_MAX

/* Slots in a page, by class; with 4 KiB pages objects of 16 bytes to 4096. */
static const u16 class_slots[] = {
	256, 128, 85, 64, 42, 32, 21, 16, 10, 8, 6, 5, 4, 3, 2, 1,
};

#define NR_CLASSES	ARRAY_SIZE(class_slots)

static struct kmem_cache *class_cache[NR_CLASSES];

/**
 * struct heap_page - a page and its slots
 * @mp: the page
 * @node: in @partial of the class while there is a free slot
 * @id: index in the class's table
 * @live: slots in use
 * @free: slots on the free list; the others are in use or retired
 * @head: first slot of the free list
 * @class: index of the class
 * @lap: how often the class's ids had begun again, modulo 16
 * @gen: generation of each slot, and behind them one byte for each, see link()
 */
struct heap_page {
	struct movable_page mp;
	struct list_head node;
	u32 id;
	u16 live;
	u16 free;
	u8 head;
	u8 class;
	u8 lap;
	u16 gen[];
};

/* A slot in use: how often it is mapped.  A free one: the next free slot. */
static u8 *link(struct heap_page *hp)
{
	return (u8 *)&hp->gen[class_slots[hp->class]];
}

/**
 * struct heap_class - the objects of one size
 * @pages: id to &struct heap_page; its lock is the lock of the class
 * @partial: pages with a free slot
 * @last_id: the id given out last
 * @lap: how often ids have begun again
 * @nr_pages: pages in @pages
 * @nr_objects: slots in use
 * @nr_retired: slots out of use until their page goes
 */
struct heap_class {
	struct xarray pages;
	struct list_head partial;
	u32 last_id;
	u8 lap;
	unsigned long nr_pages;
	unsigned long nr_objects;
	unsigned long nr_retired;
};

struct movable_heap {
	struct movable_pool *pool;
	struct heap_class class[NR_CLASSES];
};

static size_t class_size(unsigned int class)
{
	return round_down(PAGE_SIZE / class_slots[class], HEAP_ALIGN);
}

/* Size 0 fits no class either: the caller has refused it. */
static unsigned int class_for(size_t size)
{
	unsigned int class = 0;

	while (class_size(class) < size)
		class++;
	return class;
}

/*
 * A handle: id of the page, never 0; generation; slot; class; lap.  Lap and id
 * count up together, so they come again only after 2^36 pages.
 */
static u64 make_handle(const struct heap_page *hp, unsigned int slot)
{
	return (u64)hp->id << 32 | (u64)hp->gen[slot] << 16 | slot << 8 |
	       hp->class << 4 | hp->lap;
}

static unsigned long handle_id(u64 handle)
{
	return handle >> 32;
}

static u16 handle_gen(u64 handle)
{
	return handle >> 16;
}

static unsigned int handle_slot(u64 handle)
{
	return handle >> 8 & 0xff;
}

static unsigned int handle_class(u64 handle)
{
	return handle >> 4 & 0xf;
}

static unsigned int handle_lap(u64 handle)
{
	return handle & 0xf;
}

/* No object ever had, or will have, another kind of handle. */
static bool handle_valid(u64 handle)
{
	return handle_id(handle) && handle_gen(handle) & 1 &&
	       handle_slot(handle) < class_slots[handle_class(handle)];
}

static struct heap_class *class_of(struct movable_heap *heap, u64 handle)
{
	return &heap->class[handle_class(handle)];
}

/* The page of the object, or NULL if it is not there. */
static struct heap_page *class_find(struct heap_class *class, u64 handle)
{
	struct heap_page *hp;

	lockdep_assert_held(&class->pages.xa_lock);
	hp = xa_load(&class->pages, handle_id(handle));
	if (!hp || hp->lap != handle_lap(handle) ||
	    hp->gen[handle_slot(handle)] != handle_gen(handle))
		return NULL;
	return hp;
}

/* The page has a free slot. */
static u64 take_slot(struct heap_class *class, struct heap_page *hp)
{
	unsigned int slot = hp->head;

	lockdep_assert_held(&class->pages.xa_lock);
	hp->head = link(hp)[slot];
	link(hp)[slot] = 0;
	hp->gen[slot]++;
	hp->live++;
	class->nr_objects++;
	if (!--hp->free)
		list_del(&hp->node);
	return make_handle(hp, slot);
}

/* The slot is in use and not mapped. */
static void give_slot(struct heap_class *class, struct heap_page *hp,
		      unsigned int slot)
{
	lockdep_assert_held(&class->pages.xa_lock);
	hp->live--;
	class->nr_objects--;
	if (!++hp->gen[slot]) {
		class->nr_retired++;
		return;
	}
	link(hp)[slot] = hp->head;
	hp->head = slot;
	if (!hp->free++)
		list_add(&hp->node, &class->partial);
}

/* The page has no object: nobody else will find it from now on. */
static void class_remove(struct heap_class *class, struct heap_page *hp)
{
	lockdep_assert_held(&class->pages.xa_lock);
	if (hp->free)
		list_del(&hp->node);
	class->nr_retired -= class_slots[hp->class] - hp->free;
	class->nr_pages--;
	__xa_erase(&class->pages, hp->id);
}

static void heap_page_freed(struct movable_page *mp)
{
	struct heap_page *hp = container_of(mp, struct heap_page, mp);

	kmem_cache_free(class_cache[hp->class], hp);
}

static const struct movable_pool_ops heap_ops = {
	.freed = heap_page_freed,
};

/* @hp is not the caller's any more, and may be gone. */
static void heap_page_release(struct heap_page *hp)
{
	WARN_ON_ONCE(movable_page_free_async(&hp->mp));
}

/* A page of zeroes with all slots free, which nobody knows yet. */
static struct heap_page *heap_page_new(struct movable_heap *heap,
				       unsigned int class, gfp_t gfp)
{
	unsigned int slots = class_slots[class], slot;
	struct heap_page *hp;
	int err;

	hp = kmem_cache_zalloc(class_cache[class], gfp & ~__GFP_ZERO);
	if (!hp)
		return ERR_PTR(-ENOMEM);

	hp->class = class;
	hp->free = slots;
	for (slot = 0; slot + 1 < slots; slot++)
		link(hp)[slot] = slot + 1;

	err = movable_page_alloc(heap->pool, &hp->mp, gfp | __GFP_ZERO);
	if (err) {
		kmem_cache_free(class_cache[class], hp);
		return ERR_PTR(err);
	}
	movable_page_publish(&hp->mp);
	return hp;
}

/*
 * An id of its own for the page.  It is spent even if the page is not added in
 * the end: __xa_insert() drops the lock to allocate, and others take ids then.
 */
static void take_id(struct heap_class *class, struct heap_page *hp)
{
	lockdep_assert_held(&class->pages.xa_lock);
	if (!++class->last_id) {
		class->last_id = 1;
		class->lap = (class->lap + 1) & 0xf;
	}
	hp->id = class->last_id;
	hp->lap = class->lap;
}

static int class_add(struct heap_class *class, struct heap_page *hp, gfp_t gfp,
		     u64 *handle)
{
	unsigned long flags;
	int err;

	xa_lock_irqsave(&class->pages, flags);
	do {	/* -EBUSY: a page that has lived through a lap of ids */
		take_id(class, hp);
		err = __xa_insert(&class->pages, hp->id, hp, gfp);
	} while (err == -EBUSY);
	if (!err) {
		class->nr_pages++;
		list_add(&hp->node, &class->partial);
		*handle = take_slot(class, hp);
	}
	xa_unlock_irqrestore(&class->pages, flags);
	return err;
}

/**
 * movable_heap_alloc() - allocate an object
 * @heap: the heap
 * @size: its size in bytes, 1 to PAGE_SIZE; rounded up to that of a class
 * @gfp: for the pages the heap may need; __GFP_ZERO is ignored, a new object
 *	has zeroes or what earlier objects of the heap have left there
 * @handle: the handle, never 0
 *
 * Context: Any that @gfp allows.
 * Return: 0, -EINVAL for a size that no object can have, -ENOSPC if the heap
 * may own no more pages, -ENOMEM; otherwise as movable_page_alloc().
 */
int movable_heap_alloc(struct movable_heap *heap, size_t size, gfp_t gfp,
		       u64 *handle)
{
	struct heap_class *class;
	struct heap_page *hp;
	unsigned long flags;
	int err;

	if (!size || size > PAGE_SIZE)
		return -EINVAL;
	gfp &= ~__GFP_ZERO;
	class = &heap->class[class_for(size)];

	xa_lock_irqsave(&class->pages, flags);
	hp = list_first_entry_or_null(&class->partial, struct heap_page, node);
	if (hp)
		*handle = take_slot(class, hp);
	xa_unlock_irqrestore(&class->pages, flags);
	if (hp)
		return 0;

	hp = heap_page_new(heap, class_for(size), gfp);
	if (IS_ERR(hp))
		return PTR_ERR(hp);
	err = class_add(class, hp, gfp, handle);
	if (err)
		heap_page_release(hp);
	return err;
}
EXPORT_SYMBOL_GPL(movable_heap_alloc);

/**
 * movable_heap_free() - free an object
 * @heap: the heap
 * @handle: the object
 *
 * The page of the last object in it is given back.
 *
 * Context: Any but NMI.
 * Return: 0, -EBUSY if the object is mapped, -ENOENT if there is no such
 * object (any more), -EINVAL if there cannot be one.  On an error nothing has
 * changed.
 */
int movable_heap_free(struct movable_heap *heap, u64 handle)
{
	struct heap_class *class = class_of(heap, handle);
	unsigned int slot = handle_slot(handle);
	struct heap_page *hp, *empty = NULL;
	unsigned long flags;
	int err = 0;

	if (!handle_valid(handle))
		return -EINVAL;

	xa_lock_irqsave(&class->pages, flags);
	hp = class_find(class, handle);
	if (!hp) {
		err = -ENOENT;
	} else if (link(hp)[slot]) {
		err = -EBUSY;
	} else {
		give_slot(class, hp, slot);
		if (!hp->live) {
			class_remove(class, hp);
			empty = hp;
		}
	}
	xa_unlock_irqrestore(&class->pages, flags);

	if (empty)
		heap_page_release(empty);
	return err;
}
EXPORT_SYMBOL_GPL(movable_heap_free);

/**
 * movable_heap_map() - get at the contents of an object
 * @heap: the heap
 * @handle: the object
 *
 * Until movable_heap_unmap() the object stays where it is and cannot be freed.
 * An object can be mapped several times.  The caller may sleep with it mapped,
 * but what is needed for long should be copied.
 *
 * Context: May sleep, while the page is being moved.
 * Return: the address, aligned to 16 bytes, or ERR_PTR(): -ENOENT, -EINVAL as
 * movable_heap_free(), -EOVERFLOW if it is mapped 255 times.
 */
void *movable_heap_map(struct movable_heap *heap, u64 handle)
{
	struct heap_class *class = class_of(heap, handle);
	unsigned int slot = handle_slot(handle);
	struct heap_page *hp;
	unsigned long flags;
	void *addr;
	int err = 0;

	if (!handle_valid(handle))
		return ERR_PTR(-EINVAL);

	xa_lock_irqsave(&class->pages, flags);
	hp = class_find(class, handle);
	if (!hp)
		err = -ENOENT;
	else if (link(hp)[slot] == HEAP_MAX_MAPS)
		err = -EOVERFLOW;
	else
		link(hp)[slot]++;
	xa_unlock_irqrestore(&class->pages, flags);
	if (err)
		return ERR_PTR(err);

	addr = movable_page_map(&hp->mp);
	if (IS_ERR(addr)) {
		xa_lock_irqsave(&class->pages, flags);
		link(hp)[slot]--;
		xa_unlock_irqrestore(&class->pages, flags);
		return addr;
	}
	return addr + slot * class_size(hp->class);
}
EXPORT_SYMBOL_GPL(movable_heap_map);

/**
 * movable_heap_unmap() - end a movable_heap_map()
 * @heap: the heap
 * @handle: the object; it is mapped
 *
 * Context: Process.
 */
void movable_heap_unmap(struct movable_heap *heap, u64 handle)
{
	struct heap_class *class = class_of(heap, handle);
	unsigned int slot = handle_slot(handle);
	struct heap_page *hp = NULL;
	unsigned long flags;

	xa_lock_irqsave(&class->pages, flags);
	if (handle_valid(handle))
		hp = class_find(class, handle);
	if (hp && !link(hp)[slot])
		hp = NULL;
	xa_unlock_irqrestore(&class->pages, flags);
	if (WARN_ON_ONCE(!hp))
		return;

	/* The caller's map keeps the page until it is uncounted below. */
	movable_page_unmap(&hp->mp);

	xa_lock_irqsave(&class->pages, flags);
	link(hp)[slot]--;
	xa_unlock_irqrestore(&class->pages, flags);
}
EXPORT_SYMBOL_GPL(movable_heap_unmap);

/**
 * movable_heap_size() - how large an object is
 * @handle: of an object
 *
 * Context: Any.
 * Return: its size in bytes: what was asked for, rounded up to the class.
 */
size_t movable_heap_size(u64 handle)
{
	return class_size(handle_class(handle));
}
EXPORT_SYMBOL_GPL(movable_heap_size);

/**
 * movable_heap_stats() - what a heap holds
 * @heap: the heap
 * @stats: filled in; exact when nothing happens, near otherwise
 *
 * Context: Any but NMI.
 */
void movable_heap_stats(struct movable_heap *heap,
			struct movable_heap_stats *stats)
{
	unsigned int i;

	*stats = (struct movable_heap_stats){};
	for (i = 0; i < NR_CLASSES; i++) {
		struct heap_class *class = &heap->class[i];
		unsigned long flags;

		xa_lock_irqsave(&class->pages, flags);
		stats->objects += class->nr_objects;
		stats->object_bytes += class->nr_objects * class_size(i);
		stats->pages += class->nr_pages;
		stats->meta_bytes += class->nr_pages *
				     (kmem_cache_size(class_cache[i]) +
				      sizeof(struct xa_node) / XA_CHUNK_SIZE);
		stats->retired += class->nr_retired;
		xa_unlock_irqrestore(&class->pages, flags);
	}
}
EXPORT_SYMBOL_GPL(movable_heap_stats);

/**
 * movable_heap_create() - create a heap
 * @name: of its pool, for messages and debugfs; copied
 * @flags: MOVABLE_POOL_*
 * @max_pages: most pages it may own, 0 for no limit
 *
 * Context: May sleep.
 * Return: the heap, or ERR_PTR(): -EINVAL for unknown flags, -ENOMEM.
 */
struct movable_heap *movable_heap_create(const char *name, unsigned int flags,
					 unsigned long max_pages)
{
	struct movable_pool_attr attr = {
		.name = name,
		.ops = &heap_ops,
		.flags = flags,
		.max_pages = max_pages,
	};
	struct movable_heap *heap;
	unsigned int i;

	heap = kzalloc(sizeof(*heap), GFP_KERNEL);
	if (!heap)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < NR_CLASSES; i++) {
		xa_init_flags(&heap->class[i].pages,
			      XA_FLAGS_LOCK_IRQ);
		INIT_LIST_HEAD(&heap->class[i].partial);
	}

	heap->pool = movable_pool_create(&attr);
	if (IS_ERR(heap->pool)) {
		void *err = ERR_CAST(heap->pool);

		kfree(heap);
		return err;
	}
	return heap;
}
EXPORT_SYMBOL_GPL(movable_heap_create);

/**
 * movable_heap_destroy() - free a heap and all objects in it
 * @heap: the heap; nobody uses it any more, and no object is mapped
 *
 * Context: May sleep.
 */
void movable_heap_destroy(struct movable_heap *heap)
{
	unsigned int i;

	for (i = 0; i < NR_CLASSES; i++) {
		struct heap_class *class = &heap->class[i];
		struct heap_page *hp;
		unsigned long id;

		xa_for_each(&class->pages, id, hp) {
			heap_page_release(hp);
			cond_resched();
		}
		xa_destroy(&class->pages);
	}
	movable_pool_destroy(heap->pool);
	kfree(heap);
}
EXPORT_SYMBOL_GPL(movable_heap_destroy);

void movable_heap_caches_exit(void)
{
	unsigned int i;

	for (i = 0; i < NR_CLASSES; i++)
		kmem_cache_destroy(class_cache[i]);
}

int movable_heap_caches_init(void)
{
	unsigned int i;

	BUILD_BUG_ON(NR_CLASSES > 16);
	for (i = 0; i < NR_CLASSES; i++) {
		size_t slot_bytes = sizeof(u16) + sizeof(u8);
		size_t size = offsetof(struct heap_page, gen) +
			      class_slots[i] * slot_bytes;
		char name[32];

		snprintf(name, sizeof(name), "movable_heap-%zu", class_size(i));
		class_cache[i] = kmem_cache_create(name, size, 0, 0, NULL);
		if (!class_cache[i]) {
			movable_heap_caches_exit();
			return -ENOMEM;
		}
	}
	return 0;
}
