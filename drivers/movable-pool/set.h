/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_SET_H
#define _MOVABLE_POOL_SET_H

/*
 * A set of handles, in either form in which drivers have them: each in an
 * object of its own, with pointers to them, or all in an array.
 */

#include <linux/movable_pool.h>

struct page;

/**
 * struct mp_set - a set of handles
 * @each: pointers to them, or NULL
 * @array: they themselves, if @each is NULL
 * @n: how many
 */
struct mp_set {
	struct movable_page **each;
	struct movable_page *array;
	unsigned int n;
};

static inline struct movable_page *mp_set_at(const struct mp_set *set,
					     unsigned int i)
{
	return set->each ? set->each[i] : set->array + i;
}

int mp_pin_set(const struct mp_set *set, struct page **pages);
void mp_unpin_set(const struct mp_set *set);

#endif /* _MOVABLE_POOL_SET_H */
