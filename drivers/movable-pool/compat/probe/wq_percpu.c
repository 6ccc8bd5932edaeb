// SPDX-License-Identifier: GPL-2.0
/* Queues whose works run where they were queued have to say so: since 6.18. */
#include <linux/workqueue.h>

unsigned int probe(void);
unsigned int probe(void)
{
	return WQ_PERCPU;
}
