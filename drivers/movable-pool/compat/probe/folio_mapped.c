// SPDX-License-Identifier: GPL-2.0
/* folio_mapped(): since 5.16 */
#include <linux/mm.h>

bool probe(struct folio *folio);
bool probe(struct folio *folio)
{
	return folio_mapped(folio);
}
