// SPDX-License-Identifier: GPL-2.0
/* What owners do to published pages, besides reading and writing them. */

#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/mm.h>

#include "mp_stress.h"

/* The contents have been looked at: with the last pin they may move. */
static void mp_stress_unhold(struct mp_stress_object *object)
{
	mp_stress_object_check(object);
	movable_page_unpin(&object->mp);
	object->pins--;
}

static void mp_stress_hold(struct mp_stress_object *object)
{
	struct mp_stress_owner *owner = object->owner;
	unsigned int at = owner->next_held++ % MP_STRESS_HELD;

	if (owner->held[at])
		mp_stress_unhold(owner->held[at]);
	owner->held[at] = object;
	object->pins++;
}

/* The framework must find the handle of a page that cannot move away. */
static void mp_stress_lookup(struct mp_stress_object *object)
{
	struct page *page = movable_page_page(&object->mp);
	struct movable_page *found;

	found = movable_page_lookup(object->owner->pool, page);
	if (found != &object->mp)
		mp_stress_wrong(object->owner, "pfn %#lx: lookup finds %p",
				page_to_pfn(page), found);
	object->owner->acts[MP_STRESS_LOOKUP]++;
}

static void mp_stress_pin(struct mp_stress_object *object)
{
	int err = movable_page_pin(&object->mp);

	if (err)
		return mp_stress_wrong(object->owner, "pin: %d", err);
	object->owner->acts[MP_STRESS_PIN]++;
	mp_stress_lookup(object);
	mp_stress_hold(object);
}

static int mp_stress_trypin_irqs_off(struct mp_stress_object *object)
{
	unsigned long irqflags;
	int err;

	local_irq_save(irqflags);
	err = movable_page_trypin(&object->mp);
	if (!err)
		movable_page_unpin(&object->mp);
	local_irq_restore(irqflags);
	return err;
}

static void mp_stress_trypin(struct mp_stress_object *object)
{
	int err = mp_stress_trypin_irqs_off(object);

	if (err && err != -EAGAIN)
		mp_stress_wrong(object->owner, "trypin: %d", err);
	object->owner->acts[MP_STRESS_TRYPIN]++;
}

static void mp_stress_end_longterm(struct mp_stress_longterm *longterm)
{
	if (!longterm->pin)
		return;
	mp_stress_object_check(longterm->object);
	movable_page_unpin_longterm(longterm->pin);
	longterm->object->longterms--;
	longterm->pin = NULL;
}

/* One that an owner's own pin holds in ZONE_MOVABLE is refused: EBUSY. */
static void mp_stress_longterm(struct mp_stress_object *object)
{
	struct mp_stress_owner *owner = object->owner;
	struct mp_stress_longterm *longterm;
	struct movable_pin *pin;

	longterm = &owner->longterms[owner->next_longterm++ %
				     MP_STRESS_LONGTERMS];
	mp_stress_end_longterm(longterm);
	pin = movable_page_pin_longterm(owner->pool, &object->mp);
	if (PTR_ERR_OR_ZERO(pin) == -ENOMEM) {
		owner->acts[MP_STRESS_NO_MEMORY]++;
	} else if (IS_ERR(pin)) {
		if (PTR_ERR(pin) != -EBUSY)
			mp_stress_wrong(owner, "longterm: %ld", PTR_ERR(pin));
	} else {
		longterm->pin = pin;
		longterm->object = object;
		object->longterms++;
		owner->acts[MP_STRESS_LONGTERM]++;
	}
}

/* The object and those after it that have pages. */
static unsigned int mp_stress_set(struct mp_stress_object *object,
				  struct movable_page **mps, unsigned int most)
{
	struct mp_stress_owner *owner = object->owner;
	struct mp_stress_object *end = owner->objects + owner->nr;
	unsigned int n = 0;

	for (; object < end && n < most; object++)
		if (!mp_stress_is_away(object) &&
		    movable_page_state(&object->mp) != MOVABLE_PAGE_EMPTY)
			mps[n++] = &object->mp;
	return n;
}

static void mp_stress_vmap(struct mp_stress_object *object)
{
	unsigned int i, n = 1 + mp_stress_random(object->owner) % 8;
	struct mp_stress_owner *owner = object->owner;
	struct movable_page *mps[8];
	void *addr;

	n = mp_stress_set(object, mps, n);
	addr = movable_page_vmap(mps, n);
	if (IS_ERR(addr)) {
		owner->acts[MP_STRESS_NO_MEMORY]++;
		if (PTR_ERR(addr) != -ENOMEM)
			mp_stress_wrong(owner, "vmap: %ld", PTR_ERR(addr));
		return;
	}
	for (i = 0; i < n; i++)
		mp_stress_object_compare(container_of(mps[i],
						      struct mp_stress_object,
						      mp),
					 addr + i * PAGE_SIZE);
	movable_page_vunmap(addr, mps, n);
	owner->acts[MP_STRESS_VMAP] += n;
}

static bool mp_stress_is_free(struct mp_stress_object *object)
{
	return !object->pins && !object->longterms;
}

static void mp_stress_free_one(struct mp_stress_object *object)
{
	if (mp_stress_is_free(object))
		mp_stress_object_end(object);
}

/* As drivers do it: with PREEMPT_RT interrupts stay on. */
static int mp_stress_free_irqs_off(struct mp_stress_object *object)
{
	static DEFINE_SPINLOCK(lock);
	unsigned long irqflags;
	int err;

	spin_lock_irqsave(&lock, irqflags);
	err = movable_page_free_async(&object->mp);
	spin_unlock_irqrestore(&lock, irqflags);
	return err;
}

static void mp_stress_free_async(struct mp_stress_object *object)
{
	struct mp_stress_owner *owner = object->owner;
	int err;

	if (!mp_stress_is_free(object) || !mp_stress_object_check(object))
		return;
	/* From the call on it is not ours until ops->freed says so. */
	object->async = true;
	err = mp_stress_one_in(owner, 2) ? mp_stress_free_irqs_off(object) :
					   movable_page_free_async(&object->mp);
	if (err) {
		object->async = false;
		mp_stress_wrong(owner, "free_async: %d", err);
	}
	owner->acts[MP_STRESS_FREE_ASYNC]++;
}

void mp_stress_act(struct mp_stress_object *object)
{
	struct mp_stress_owner *owner = object->owner;
	u32 random = mp_stress_random(owner) % 256;

	if (random < 32)
		mp_stress_pin(object);
	else if (random < 80)
		mp_stress_trypin(object);
	else if (random < 81)
		mp_stress_longterm(object);
	else if (random < 82)
		mp_stress_shed(owner);
	else if (random < 90)
		mp_stress_vmap(object);
	else if (random < 116)
		mp_stress_move_set(object);
	else if (random < 186)
		mp_stress_free_one(object);
	else
		mp_stress_free_async(object);
	if (mp_stress_one_in(owner, owner->nr * 4))
		mp_stress_move_all(owner);
}

/* All pins, before the pool goes. */
void mp_stress_let_go(struct mp_stress_owner *owner)
{
	unsigned int i;

	for (i = 0; i < MP_STRESS_HELD; i++)
		if (owner->held[i])
			mp_stress_unhold(owner->held[i]);
	memset(owner->held, 0, sizeof(owner->held));
	for (i = 0; i < MP_STRESS_LONGTERMS; i++)
		mp_stress_end_longterm(&owner->longterms[i]);
}
