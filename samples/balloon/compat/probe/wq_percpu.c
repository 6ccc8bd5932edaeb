// SPDX-License-Identifier: GPL-2.0
/* A workqueue says so if its work runs where it was queued: since 6.18. */
#include <linux/workqueue.h>

unsigned int probe(void);
unsigned int probe(void)
{
	return WQ_PERCPU;
}
