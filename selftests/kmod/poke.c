// SPDX-License-Identifier: GPL-2.0
/*
 * Writes one word of the kernel's memory, for tests that what is spoilt is
 * found.  "ADDRESS VALUE" to the parameter write; there is no way to ask
 * whether it is wise.
 */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/types.h>

static int mp_poke_write(const char *text, const struct kernel_param *param)
{
	unsigned long address;
	u64 value;

	if (sscanf(text, "%lx %llx", &address, &value) != 2 || !address ||
	    address % sizeof(value))
		return -EINVAL;
	WRITE_ONCE(*(u64 *)address, value);
	return 0;
}

static const struct kernel_param_ops mp_poke_ops = {
	.set = mp_poke_write,
};

module_param_cb(write, &mp_poke_ops, NULL, 0200);

MODULE_DESCRIPTION("Test of movable_pool: writes to the kernel's memory");
MODULE_LICENSE("GPL");
