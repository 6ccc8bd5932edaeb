// SPDX-License-Identifier: GPL-2.0
/* An object's life: its page comes, has contents, and goes. */

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/movable_mapped.h>
#include <linux/sched.h>

#include "mp_stress.h"

#define MP_STRESS_GFP	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

static unsigned int mp_stress_nr_words(const struct mp_stress_object *object)
{
	return object->owner->kind == MP_STRESS_MAPPED ?
	       MP_STRESS_SHARE : PAGE_SIZE / sizeof(u64);
}

/* What is in no other page, and was not in this one before. */
static u64 mp_stress_first(const struct mp_stress_object *object)
{
	struct mp_stress_owner *owner = object->owner;
	u64 name = (u64)(object - owner->objects) * MP_STRESS_OWNERS +
		   owner->number;

	return hash_64(name << 32 | object->generation, 64);
}

static void mp_stress_fill(struct mp_stress_object *object, u64 *page)
{
	unsigned int i, n = mp_stress_nr_words(object);
	u64 word;

	object->generation++;
	word = mp_stress_first(object);
	for (i = 0; i < n; i++, word += GOLDEN_RATIO_64)
		page[i] = word;
}

static void mp_stress_bad(struct mp_stress_object *object, unsigned int at,
			  u64 is, u64 should)
{
	object->owner->bad++;
	mp_stress_wrong(object->owner,
			"object %td, generation %u, word %u is %#llx, not %#llx",
			object - object->owner->objects, object->generation,
			at, is, should);
}

void mp_stress_object_compare(struct mp_stress_object *object, const u64 *page)
{
	unsigned int i, n = mp_stress_nr_words(object);
	u64 word = mp_stress_first(object);

	for (i = 0; i < n; i++, word += GOLDEN_RATIO_64)
		if (unlikely(page[i] != word))
			mp_stress_bad(object, i, page[i], word);
	object->owner->words += n;
}

/* Return: the page's address, or NULL: every object that comes here has one. */
static u64 *mp_stress_map(struct mp_stress_object *object)
{
	u64 *page = movable_page_map(&object->mp);

	if (!IS_ERR(page))
		return page;
	mp_stress_wrong(object->owner, "map: %ld", PTR_ERR(page));
	return NULL;
}

/* Return: whether the page could be looked at. */
bool mp_stress_object_check(struct mp_stress_object *object)
{
	u64 *page = mp_stress_map(object);

	if (!page)
		return false;
	mp_stress_object_compare(object, page);
	movable_page_unmap(&object->mp);
	return true;
}

static void mp_stress_rewrite(struct mp_stress_object *object)
{
	u64 *page = mp_stress_map(object);

	if (!page)
		return;
	mp_stress_object_compare(object, page);
	mp_stress_fill(object, page);
	movable_page_unmap(&object->mp);
	object->owner->acts[MP_STRESS_REWRITE]++;
}

static void mp_stress_not_late(struct mp_stress_object *object)
{
	if (object->owner->late == object)
		object->owner->late = NULL;
}

static void mp_stress_publish(struct mp_stress_object *object)
{
	int err = movable_page_publish(&object->mp);

	mp_stress_not_late(object);
	if (err)
		mp_stress_wrong(object->owner, "publish: %d", err);
	object->owner->acts[MP_STRESS_PUBLISH]++;
}

/*
 * Nobody can have the block of a page that is not published: there is one at a
 * time.
 */
static void mp_stress_publish_later(struct mp_stress_object *object)
{
	struct mp_stress_object *late = object->owner->late;

	if (late && mp_stress_object_check(late))
		mp_stress_publish(late);
	object->owner->late = object;
}

/* It has a page, for which there shall be contents. */
void mp_stress_object_born(struct mp_stress_object *object)
{
	u64 *page = mp_stress_map(object);

	if (!page)
		return;
	mp_stress_fill(object, page);
	/* Also with the pin still there. */
	if (mp_stress_one_in(object->owner, 4)) {
		mp_stress_publish(object);
		movable_page_unmap(&object->mp);
		return;
	}
	movable_page_unmap(&object->mp);
	if (mp_stress_one_in(object->owner, 16))
		mp_stress_publish_later(object);
	else
		mp_stress_publish(object);
}

/* Holes, where there may have been none. */
void mp_stress_shed(struct mp_stress_owner *owner)
{
	struct mp_stress_object *object;
	unsigned int i;

	for (i = 0; i < MP_STRESS_SET; i++) {
		object = &owner->objects[mp_stress_random(owner) % owner->nr];
		if (!object->pins && !object->longterms)
			mp_stress_object_end(object);
	}
}

/* Others need memory, too: give some of ours, and wait a moment. */
static void mp_stress_relent(struct mp_stress_owner *owner)
{
	owner->acts[MP_STRESS_NO_MEMORY]++;
	mp_stress_shed(owner);
	usleep_range(1000, 2000);
}

static void mp_stress_alloced(struct mp_stress_object *object, int err,
			      unsigned int act)
{
	struct mp_stress_owner *owner = object->owner;

	if (!err) {
		owner->acts[act]++;
		mp_stress_object_born(object);
	} else if (err == -ENOMEM) {
		mp_stress_relent(owner);
	} else if (err != -EBUSY) {
		/* EBUSY: a scanner had the new page in its hands. */
		mp_stress_wrong(owner, "no page, act %u: %d", act, err);
	}
}

static void mp_stress_alloc(struct mp_stress_object *object)
{
	struct mp_stress_owner *owner = object->owner;
	gfp_t gfp = MP_STRESS_GFP;

	if (!owner->cached && mp_stress_one_in(owner, 4))
		gfp = GFP_NOWAIT | __GFP_NOWARN;
	mp_stress_alloced(object, movable_page_alloc(owner->pool, &object->mp,
						     gfp), MP_STRESS_ALLOC);
}

static void mp_stress_adopt(struct mp_stress_object *object)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY |
				       __GFP_NOWARN);
	int err;

	if (!page)
		return mp_stress_relent(object->owner);
	err = movable_page_adopt(object->owner->pool, &object->mp, page);
	if (err)
		__free_page(page);
	mp_stress_alloced(object, err, MP_STRESS_ADOPT);
}

static bool mp_stress_is_empty(struct mp_stress_object *object)
{
	return !mp_stress_is_away(object) &&
	       movable_page_state(&object->mp) == MOVABLE_PAGE_EMPTY;
}

/* The object and those after it that have no page either. */
static void mp_stress_bulk(struct mp_stress_object *object)
{
	struct mp_stress_owner *owner = object->owner;
	struct movable_page *mps[MP_STRESS_SET];
	struct mp_stress_object *end = owner->objects + owner->nr;
	unsigned int i, n = 0, got;

	for (; object < end && n < MP_STRESS_SET; object++)
		if (mp_stress_is_empty(object))
			mps[n++] = &object->mp;
	got = movable_page_alloc_bulk(owner->pool, mps, n, MP_STRESS_GFP);
	owner->acts[MP_STRESS_BULK] += got;
	for (i = 0; i < got; i++)
		mp_stress_object_born(container_of(mps[i],
						   struct mp_stress_object,
						   mp));
	if (got < n)
		mp_stress_relent(owner);
}

/* A place is used up even if there was no memory for its page. */
static void mp_stress_place(struct mp_stress_object *object)
{
	struct mp_stress_owner *owner = object->owner;

	if (object->used)
		return;
	object->used = true;
	owner->left--;
	mp_stress_alloced(object,
			  movable_mapped_alloc(owner->pool, &object->mp,
					       object - owner->objects,
					       MP_STRESS_GFP),
			  MP_STRESS_ALLOC);
}

static void mp_stress_be_born(struct mp_stress_object *object)
{
	struct mp_stress_owner *owner = object->owner;

	if (owner->kind == MP_STRESS_MAPPED)
		return mp_stress_place(object);
	switch (mp_stress_random(owner) % 8) {
	case 0:
		return mp_stress_adopt(object);
	case 1:
	case 2:
	case 3:
		return mp_stress_alloc(object);
	}
	mp_stress_bulk(object);
}

/* Of what is published, half of the steps look at it or write to it. */
static void mp_stress_live(struct mp_stress_object *object)
{
	struct mp_stress_owner *owner = object->owner;

	switch (mp_stress_random(owner) % 8) {
	case 0:
	case 1:
	case 2:
		mp_stress_object_check(object);
		owner->acts[MP_STRESS_CHECK]++;
		return;
	case 3:
		return mp_stress_rewrite(object);
	}
	mp_stress_act(object);
}

void mp_stress_object_step(struct mp_stress_owner *owner)
{
	struct mp_stress_object *object;

	object = &owner->objects[mp_stress_random(owner) % owner->nr];
	if (mp_stress_is_away(object))
		return;
	switch (movable_page_state(&object->mp)) {
	case MOVABLE_PAGE_EMPTY:
		return mp_stress_be_born(object);
	case MOVABLE_PAGE_PRIVATE:
		if (mp_stress_object_check(object))
			mp_stress_publish(object);
		return;
	default:
		mp_stress_live(object);
	}
}

/* Whatever it has, but pins: it is looked at once more, and goes. */
void mp_stress_object_end(struct mp_stress_object *object)
{
	int err;

	mp_stress_not_late(object);
	while (mp_stress_is_away(object))
		usleep_range(1000, 2000);
	if (movable_page_state(&object->mp) != MOVABLE_PAGE_EMPTY &&
	    mp_stress_object_check(object)) {
		err = movable_page_free(&object->mp);
		if (err)
			mp_stress_wrong(object->owner, "free: %d", err);
		object->owner->acts[MP_STRESS_FREE]++;
	}
}
