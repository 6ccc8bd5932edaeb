/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_DEBUG_H
#define _MOVABLE_POOL_DEBUG_H

/*
 * Debug checks, behind one parameter: old_page.h, unpublished.h, stack.h.  Off,
 * each costs the static key, one instruction that does nothing.
 */

#include <linux/jump_label.h>
#include <linux/types.h>

struct seq_file;

DECLARE_STATIC_KEY_FALSE(mp_debug_key);

/* A hint: it changes at any time, on one CPU before the next. */
static __always_inline bool mp_debugging(void)
{
	return static_branch_unlikely(&mp_debug_key);
}

int mp_debug_set(bool on);
bool mp_debug_show_off(struct seq_file *m);
void mp_debug_init(void);
void mp_debug_exit(void);

#endif /* _MOVABLE_POOL_DEBUG_H */
