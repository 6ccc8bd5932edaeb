// SPDX-License-Identifier: GPL-2.0
/* Batches of pages: up to 6.4; of folios since. */
#include <linux/pagevec.h>

void probe(struct pagevec *pvec);
void probe(struct pagevec *pvec)
{
	__pagevec_release(pvec);
}
