// SPDX-License-Identifier: GPL-2.0
/* Moves: what the driver says to those of the VM's, and its own. */

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>

#include "mp_stress.h"

static const enum migrate_mode stress_modes[] = {
	MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT, MIGRATE_SYNC,
};

/*
 * Copies, and spoils what it has copied from: whoever goes on with the old page
 * is found.  Refuses now and then, but not to undo a move.
 */
int mp_stress_op_migrate(struct movable_page *mp, struct page *dst,
			 struct page *src, enum migrate_mode mode)
{
	struct mp_stress_owner *owner;
	unsigned int asked;

	owner = container_of(mp, struct mp_stress_object, mp)->owner;
	if (movable_page_pfn(mp) == page_to_pfn(dst)) {
		atomic_inc(&owner->undone);
	} else {
		asked = atomic_inc_return(&owner->asked);
		if (!(asked % 64))
			return asked % 128 ? -EAGAIN : -EBUSY;
	}
	copy_highpage(dst, src);
	clear_highpage(src);
	return 0;
}

static struct page *mp_stress_new_frame(struct movable_page *mp,
					unsigned long pfn, void *priv)
{
	return alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN);
}

static void mp_stress_moved(struct mp_stress_owner *owner, int err)
{
	owner->acts[MP_STRESS_MOVE]++;
	if (err == -ENOMEM)
		owner->acts[MP_STRESS_NO_MEMORY]++;
	else if (err)
		mp_stress_wrong(owner, "directed move: %d", err);
}

/* The object and those after it, whatever they have. */
void mp_stress_move_set(struct mp_stress_object *object)
{
	struct mp_stress_owner *owner = object->owner;
	u32 random = mp_stress_random(owner);
	struct movable_page *mps[MP_STRESS_SET];
	const struct movable_move move = {
		.mode = stress_modes[random % ARRAY_SIZE(stress_modes)],
		.alloc = mp_stress_new_frame,
	};
	struct movable_moved moved = {};
	unsigned int n = 1 + random / 8 % MP_STRESS_SET;
	unsigned int i, first = object - owner->objects;

	for (i = 0; i < n && first + i < owner->nr; i++)
		mps[i] = &owner->objects[first + i].mp;
	mp_stress_moved(owner, movable_pages_move(owner->pool, mps, i, &move,
						  &moved));
}

void mp_stress_move_all(struct mp_stress_owner *owner)
{
	const struct movable_move move = {
		.mode = MIGRATE_SYNC,
		.alloc = mp_stress_new_frame,
	};
	struct movable_moved moved = {};

	mp_stress_moved(owner, movable_pool_move(owner->pool, &move, &moved));
}
