// SPDX-License-Identifier: GPL-2.0
/* Discard is a flag of the queue, beside its limits: up to 5.18. */
#include <linux/blkdev.h>

void probe(struct request_queue *q);
void probe(struct request_queue *q)
{
	blk_queue_flag_set(QUEUE_FLAG_DISCARD, q);
}
