/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MEMMAP_OWNED_H
#define _MEMMAP_OWNED_H

/* Which frames some pool has said are its own: a bit for each. */

#include "text.h"

#define OWNED_BITS	64

struct owned {
	uint64_t *words;
	size_t nr;
};

static inline void owned_add(struct owned *owned, unsigned long pfn)
{
	size_t nr = pfn / OWNED_BITS + 1;

	if (nr > owned->nr) {
		nr *= 2;
		owned->words = text_room(owned->words, nr, sizeof(uint64_t));
		memset(owned->words + owned->nr, 0,
		       (nr - owned->nr) * sizeof(uint64_t));
		owned->nr = nr;
	}
	owned->words[pfn / OWNED_BITS] |= 1ULL << pfn % OWNED_BITS;
}

static inline bool owned_has(const struct owned *owned, unsigned long pfn)
{
	return pfn / OWNED_BITS < owned->nr &&
	       owned->words[pfn / OWNED_BITS] >> pfn % OWNED_BITS & 1;
}

static inline void owned_clear(struct owned *owned)
{
	memset(owned->words, 0, owned->nr * sizeof(uint64_t));
}

#endif /* _MEMMAP_OWNED_H */
