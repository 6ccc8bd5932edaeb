// SPDX-License-Identifier: GPL-2.0
/*
 * A driver with a data race: who looks for data races must find this one, or
 * what they do not find proves nothing.  Loading it takes as long as the race.
 */

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

#define MP_TEST_RACE_SECONDS	3

static unsigned long mp_test_race_count;

/* Two threads of it: neither locked nor marked, which is the point. */
static int mp_test_race_thread(void *unused)
{
	while (!kthread_should_stop()) {
		mp_test_race_count++;
		cond_resched();
	}
	return 0;
}

static int __init mp_test_race_init(void)
{
	struct task_struct *one, *two;

	one = kthread_run(mp_test_race_thread, NULL, "mp_test_race/1");
	if (IS_ERR(one))
		return PTR_ERR(one);
	two = kthread_run(mp_test_race_thread, NULL, "mp_test_race/2");
	if (!IS_ERR(two)) {
		ssleep(MP_TEST_RACE_SECONDS);
		kthread_stop(two);
	}
	kthread_stop(one);
	return PTR_ERR_OR_ZERO(two);
}

static void __exit mp_test_race_exit(void)
{
}

module_init(mp_test_race_init);
module_exit(mp_test_race_exit);
MODULE_DESCRIPTION("Test of movable_pool: a driver with a data race");
MODULE_LICENSE("GPL");
