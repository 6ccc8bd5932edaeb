// SPDX-License-Identifier: GPL-2.0
/* The page cache in folios: 6.0 and later. */
#include <linux/memcontrol.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

static int probe_migrate(struct address_space *mapping, struct folio *dst,
			 struct folio *src, enum migrate_mode mode)
{
	int err = folio_migrate_mapping(mapping, dst, src, 0);

	folio_migrate_flags(dst, src);
	return err ?: filemap_add_folio(mapping, dst, 0, GFP_KERNEL);
}

static bool probe_release(struct folio *folio, gfp_t gfp)
{
	return get_mem_cgroup_from_mm(NULL);
}

extern const struct address_space_operations probe;
const struct address_space_operations probe = {
	.migrate_folio = probe_migrate,
	.release_folio = probe_release,
};
