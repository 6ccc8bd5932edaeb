/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_STACK_H
#define _MOVABLE_POOL_STACK_H

/* Who has called: stacks, with debug on. */

#include "debug.h"

struct mp_stack;
struct seq_file;

struct mp_stack *mp_stack_take(void);
struct mp_stack *mp_stack_get(struct mp_stack *stack);
void mp_stack_put(struct mp_stack *stack);
void mp_stack_show(struct seq_file *m, const struct mp_stack *stack);
void *mp_stack_caller(void);

/* May sleep.  Return: this thread's stack, for mp_stack_put(), or NULL. */
static __always_inline struct mp_stack *mp_stack_save(void)
{
	return mp_debugging() ? mp_stack_take() : NULL;
}

#endif /* _MOVABLE_POOL_STACK_H */
