// SPDX-License-Identifier: GPL-2.0
/*
 * The parameter "debug", when the module is loaded or later, and what is on
 * with it.
 *
 * It may change while pages come and go.  Old pages and stacks are things of a
 * moment.  The list of unpublished pages is not: a page that is listed must be
 * taken off it.  So the list opens after the key is on everywhere, and closes,
 * with what is in it, before the key goes off anywhere: whoever finds the list
 * open, which he learns under its lock, will be followed by one who finds the
 * key on.
 */

#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/smp.h>

#include "debug.h"
#include "internal.h"
#include "unpublished.h"

DEFINE_STATIC_KEY_FALSE(mp_debug_key);

/*
 * @mp_debug_here: what the parameter turns on is there.  It can be written
 * before the module's first function has run, and after its last.
 */
static DEFINE_MUTEX(mp_debug_lock);
static bool mp_debug_wanted;
static bool mp_debug_here;

static int mp_debug_on(void)
{
	int err = mp_unpublished_prepare();

	if (err)
		return err;
	static_branch_enable(&mp_debug_key);
	/* Not every machine waits for CPUs that fetched what was there. */
	kick_all_cpus_sync();
	mp_unpublished_open();
	return 0;
}

static void mp_debug_off(void)
{
	mp_unpublished_close();
	static_branch_disable(&mp_debug_key);
}

/* Return: 0 or -ENOMEM, with nothing changed. */
static int mp_debug_turn(bool on)
{
	if (!mp_debug_here || on == static_key_enabled(&mp_debug_key))
		return 0;
	if (on)
		return mp_debug_on();
	mp_debug_off();
	return 0;
}

/**
 * mp_debug_set() - turn the debug checks on or off
 * @on: which
 *
 * Context: May sleep, and reclaims.
 * Return: 0 or -ENOMEM, with nothing changed.
 */
int mp_debug_set(bool on)
{
	int err;

	mutex_lock(&mp_debug_lock);
	err = mp_debug_turn(on);
	if (!err)
		mp_debug_wanted = on;
	mutex_unlock(&mp_debug_lock);
	return err;
}

/* "debug" alone is on. */
static int mp_debug_param_set(const char *text, const struct kernel_param *kp)
{
	bool on = true;
	int err = text ? kstrtobool(text, &on) : 0;

	return err ?: mp_debug_set(on);
}

static const struct kernel_param_ops mp_debug_param_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = mp_debug_param_set,
	.get = param_get_bool,
};

module_param_cb(debug, &mp_debug_param_ops, &mp_debug_wanted, 0644);
MODULE_PARM_DESC(debug, "checks that cost time: old pages, stacks, ages");

/*
 * For files of debugfs that have nothing to say without.  Return: whether that
 * has been said.
 */
bool mp_debug_show_off(struct seq_file *m)
{
	if (mp_debugging())
		return false;
	seq_puts(m, "# debug is off: echo 1 > /sys/module/" KBUILD_MODNAME
		 "/parameters/debug\n");
	return true;
}

/* The backings are there.  Without the memory for them there are no checks. */
void mp_debug_init(void)
{
	mutex_lock(&mp_debug_lock);
	mp_debug_here = true;
	if (mp_debug_turn(mp_debug_wanted)) {
		mp_debug_wanted = false;
		pr_err("no memory for debug=1: it is off\n");
	}
	mutex_unlock(&mp_debug_lock);
}

/* No pool is left. */
void mp_debug_exit(void)
{
	mutex_lock(&mp_debug_lock);
	mp_debug_turn(false);
	mp_debug_here = false;
	mutex_unlock(&mp_debug_lock);
}
