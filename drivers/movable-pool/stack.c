// SPDX-License-Identifier: GPL-2.0
/*
 * Stacks of those who keep pages from moving.
 *
 * Each is kept for itself, not in the kernel's stack depot: that is not for
 * modules everywhere, and what is in it stays for ever.
 */

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stacktrace.h>

#include "fault.h"
#include "stack.h"

#define MP_STACK_DEPTH	16

/**
 * struct mp_stack - where a thread was
 * @refs: whose it is, and who shows it
 * @nr: of @entries
 * @entries: return addresses, the innermost first
 */
struct mp_stack {
	refcount_t refs;
	unsigned int nr;
	unsigned long entries[MP_STACK_DEPTH];
};

/* From the caller's caller on. */
#ifdef CONFIG_STACKTRACE
static __always_inline unsigned int mp_stack_read(unsigned long *entries)
{
	return stack_trace_save(entries, MP_STACK_DEPTH, 1);
}
#else
static inline unsigned int mp_stack_read(unsigned long *entries)
{
	return 0;
}
#endif

/*
 * Is the @nth of a stack ours?  Built in, what is ours is not to be told from
 * the rest by its address: the first two are, for who calls alloc or adopt.
 */
static bool mp_stack_ours(unsigned long entry, unsigned int nth)
{
#ifdef MODULE
	return within_module(entry, THIS_MODULE);
#else
	return nth < 2;
#endif
}

/**
 * mp_stack_take() - keep this thread's stack
 *
 * Context: May sleep.
 * Return: it, for mp_stack_put(); NULL without memory.
 */
struct mp_stack *mp_stack_take(void)
{
	struct mp_stack *stack = NULL;

	if (!mp_fail(MP_FAIL_STACK))
		stack = kmalloc(sizeof(*stack), GFP_KERNEL_ACCOUNT);
	if (!stack)
		return NULL;
	refcount_set(&stack->refs, 1);
	stack->nr = mp_stack_read(stack->entries);
	return stack;
}

/* Any context.  @stack may be NULL. */
struct mp_stack *mp_stack_get(struct mp_stack *stack)
{
	if (stack)
		refcount_inc(&stack->refs);
	return stack;
}

/* As kfree().  @stack may be NULL. */
void mp_stack_put(struct mp_stack *stack)
{
	if (stack && refcount_dec_and_test(&stack->refs))
		kfree(stack);
}

/* A line each, which begins with a tab.  @stack may be NULL. */
void mp_stack_show(struct seq_file *m, const struct mp_stack *stack)
{
	unsigned int i;

	if (!stack || !stack->nr)
		seq_puts(m, "\tunknown\n");
	for (i = 0; stack && i < stack->nr; i++)
		seq_printf(m, "\t%pS\n", (void *)stack->entries[i]);
}

/**
 * mp_stack_caller() - who has called the framework?
 *
 * Context: Any but NMI.
 * Return: an address in the caller's text, NULL if that is not known.
 */
void *mp_stack_caller(void)
{
	unsigned long entries[MP_STACK_DEPTH];
	unsigned int i, nr = mp_stack_read(entries);

	for (i = 0; i < nr; i++)
		if (!mp_stack_ours(entries[i], i))
			return (void *)entries[i];
	return NULL;
}
