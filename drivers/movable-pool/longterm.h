/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_LONGTERM_H
#define _MOVABLE_POOL_LONGTERM_H

/* What pools and debugfs have to do with long-term pins, and how to get one. */

#include <linux/types.h>

struct movable_page;
struct movable_pool;
struct seq_file;

int mp_longterm_begin(struct movable_pool *pool);
void mp_longterm_end(struct movable_pool *pool);
int mp_longterm_show(struct seq_file *m, struct movable_pool *pool,
		     bool stacks);

/* place.c */
int mp_place_pin(struct movable_pool *pool, struct movable_page *mp);

#endif /* _MOVABLE_POOL_LONGTERM_H */
