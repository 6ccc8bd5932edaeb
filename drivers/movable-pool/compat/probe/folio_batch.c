// SPDX-License-Identifier: GPL-2.0
/* Batches of folios have a header of their own: since 7.1. */
#include <linux/folio_batch.h>

void probe(struct folio_batch *batch);
void probe(struct folio_batch *batch)
{
	folio_batch_init(batch);
}
