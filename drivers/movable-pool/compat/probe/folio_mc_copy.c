// SPDX-License-Identifier: GPL-2.0
/* Since 6.11. */
#include <linux/mm.h>

int probe(struct folio *dst, struct folio *src);
int probe(struct folio *dst, struct folio *src)
{
	return folio_mc_copy(dst, src);
}
