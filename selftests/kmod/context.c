// SPDX-License-Identifier: GPL-2.0
/* Making a call from another context than the ioctl's. */

#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/spinlock.h>

#include "mp_test.h"

struct mp_test_run {
	struct mp_test_pool *pool;
	struct mp_test_call *call;
	struct completion done;
	struct irq_work irq;
	struct tasklet_struct softirq;
};

static void mp_test_run_softirq(struct tasklet_struct *tasklet)
{
	struct mp_test_run *run = from_tasklet(run, tasklet, softirq);

	mp_test_verb_run(run->pool, run->call);
	complete(&run->done);
}

static void mp_test_run_hardirq(struct irq_work *irq)
{
	struct mp_test_run *run = container_of(irq, struct mp_test_run, irq);

	mp_test_verb_run(run->pool, run->call);
	complete(&run->done);
}

static void mp_test_in_softirq(struct mp_test_run *run)
{
	tasklet_setup(&run->softirq, mp_test_run_softirq);
	tasklet_schedule(&run->softirq);
	wait_for_completion(&run->done);
	tasklet_kill(&run->softirq);
}

static void mp_test_in_hardirq(struct mp_test_run *run)
{
	init_irq_work(&run->irq, mp_test_run_hardirq);
	irq_work_queue(&run->irq);
	wait_for_completion(&run->done);
	irq_work_sync(&run->irq);
}

/* As drivers do it: with PREEMPT_RT interrupts stay on. */
static void mp_test_in_irqs_off(struct mp_test_run *run)
{
	static DEFINE_SPINLOCK(lock);
	unsigned long irqflags;

	spin_lock_irqsave(&lock, irqflags);
	mp_test_verb_run(run->pool, run->call);
	spin_unlock_irqrestore(&lock, irqflags);
}

void mp_test_run_in(struct mp_test_pool *pool, struct mp_test_call *call)
{
	struct mp_test_run run = { .pool = pool, .call = call };

	init_completion(&run.done);
	switch (call->context) {
	case MP_TEST_IN_IRQS_OFF:
		return mp_test_in_irqs_off(&run);
	case MP_TEST_IN_SOFTIRQ:
		return mp_test_in_softirq(&run);
	case MP_TEST_IN_HARDIRQ:
		return mp_test_in_hardirq(&run);
	}
	mp_test_verb_run(pool, call);
}
