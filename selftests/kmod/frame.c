// SPDX-License-Identifier: GPL-2.0
/* The frame under a handle in somebody else's hands: references and locks. */

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/vmalloc.h>

#include "mp_test.h"

#define MP_TEST_MAX_SCRIBBLE	60000	/* ms */

/* A reference to the page, which outlives the pin: what no driver may do. */
static struct page *mp_test_frame(struct mp_test_item *item, int *err)
{
	struct page *page;

	*err = movable_page_pin(&item->mp);
	if (*err)
		return NULL;
	page = movable_page_page(&item->mp);
	get_page(page);
	movable_page_unpin(&item->mp);
	return page;
}

int mp_test_page_get(struct mp_test_item *item, struct mp_test_call *call)
{
	int err;

	if (item->stray)
		return -EEXIST;
	item->stray = mp_test_frame(item, &err);
	return err;
}

static int mp_test_grab(struct mp_test_item *item, struct page *page)
{
	if (item->stray)
		return -EEXIST;
	if (!get_page_unless_zero(page))
		return -ENOENT;
	item->stray = page;
	return 0;
}

/*
 * A reference that no pin has led to, also while the page is being moved: the
 * test has stopped the mover, so the handle's frame is its page's.
 */
int mp_test_page_grab(struct mp_test_item *item, struct mp_test_call *call)
{
	unsigned long pfn = movable_page_pfn(&item->mp);

	return pfn ? mp_test_grab(item, pfn_to_page(pfn)) : -ENOENT;
}

/* The frame it has just left: the mover, stopped, has it still. */
int mp_test_page_grab_kept(struct mp_test_item *item,
			   struct mp_test_call *call)
{
	return item->kept ? mp_test_grab(item, virt_to_page(item->kept)) :
			    -ENOENT;
}

int mp_test_page_put(struct mp_test_item *item, struct mp_test_call *call)
{
	if (!item->stray)
		return -ENOENT;
	put_page(item->stray);
	item->stray = NULL;
	return 0;
}

/* As a migration batch holds it: with a reference. */
int mp_test_page_lock(struct mp_test_item *item, struct mp_test_call *call)
{
	int err;

	if (item->locked)
		return -EEXIST;
	err = movable_page_pin(&item->mp);
	if (err)
		return err;
	item->locked = movable_page_page(&item->mp);
	get_page(item->locked);
	lock_page(item->locked);
	movable_page_unpin(&item->mp);
	return 0;
}

int mp_test_page_unlock(struct mp_test_item *item, struct mp_test_call *call)
{
	if (!item->locked)
		return -ENOENT;
	unlock_page(item->locked);
	put_page(item->locked);
	item->locked = NULL;
	return 0;
}

/* As whoever has written to a page by another mapping of it says. */
int mp_test_page_dirty(struct mp_test_item *item, struct mp_test_call *call)
{
	int err = movable_page_pin(&item->mp);

	if (err)
		return err;
	lock_page(movable_page_page(&item->mp));
	set_page_dirty(movable_page_page(&item->mp));
	call->value = PageDirty(movable_page_page(&item->mp));
	unlock_page(movable_page_page(&item->mp));
	movable_page_unpin(&item->mp);
	return 0;
}

static u64 mp_test_scribble_once(u64 *words, u64 value)
{
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		WRITE_ONCE(words[i], value);
	return value;
}

/* Write to the page by the stray reference: these writes must not get lost. */
int mp_test_scribble(struct mp_test_item *item, struct mp_test_call *call)
{
	unsigned long end = jiffies + msecs_to_jiffies(call->arg);
	u64 value = 0;
	u64 *words;

	if (call->arg > MP_TEST_MAX_SCRIBBLE)
		return -ERANGE;
	if (!item->stray)
		return -ENOENT;
	words = vmap(&item->stray, 1, VM_MAP, PAGE_KERNEL);
	if (!words)
		return -ENOMEM;
	do {
		call->value = mp_test_scribble_once(words, ++value);
		cond_resched();
	} while (time_before(jiffies, end));
	vunmap(words);
	return 0;
}
