// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that loses memory: who looks for leaks must find this one, or what
 * they do not find proves nothing.  It remembers the address in a way that
 * nobody else can read, and gives the memory back when it is unloaded.
 */

#include <linux/errno.h>
#include <linux/module.h>
#include <linux/slab.h>

#define MP_TEST_LEAK_BYTES	200

static unsigned long mp_test_leak_inverted;

/* Not __init, which is gone when somebody asks for its name. */
static noinline int mp_test_lose(void)
{
	void *lost = kmalloc(MP_TEST_LEAK_BYTES, GFP_KERNEL);

	if (!lost)
		return -ENOMEM;
	mp_test_leak_inverted = ~(unsigned long)lost;
	return 0;
}

static int __init mp_test_leak_init(void)
{
	return mp_test_lose();
}

static void __exit mp_test_leak_exit(void)
{
	kfree((void *)~mp_test_leak_inverted);
}

module_init(mp_test_leak_init);
module_exit(mp_test_leak_exit);
MODULE_DESCRIPTION("Test of movable_pool: a driver that loses memory");
MODULE_LICENSE("GPL");
