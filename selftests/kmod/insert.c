// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that puts a page into a process behind the pool's back: mapped pools
 * are for that.
 */

#include <linux/mm.h>

#include "mp_test.h"

static int mp_test_insert_page(struct movable_page *mp,
			       struct vm_area_struct *vma)
{
	int err = movable_page_pin(mp);

	if (err)
		return err;
	err = vm_insert_page(vma, vma->vm_start, movable_page_page(mp));
	movable_page_unpin(mp);
	return err;
}

/* Object @index, to be read only: what is written would make it dirty. */
int mp_test_insert(struct mp_test_pool *pool, unsigned int index,
		   struct vm_area_struct *vma)
{
	struct mp_test_item *item;

	if (vma->vm_flags & VM_WRITE ||
	    vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	item = index < pool->capacity ? READ_ONCE(pool->items[index]) : NULL;
	return item ? mp_test_insert_page(&item->mp, vma) : -ENXIO;
}
