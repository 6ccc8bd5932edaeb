// SPDX-License-Identifier: GPL-2.0
/* error_remove_folio: since 6.8; with a page before. */
#include <linux/fs.h>

int probe(const struct address_space_operations *ops,
	  struct address_space *mapping, struct folio *folio);
int probe(const struct address_space_operations *ops,
	  struct address_space *mapping, struct folio *folio)
{
	return ops->error_remove_folio(mapping, folio);
}
