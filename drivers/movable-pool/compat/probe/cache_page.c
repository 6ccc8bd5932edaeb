// SPDX-License-Identifier: GPL-2.0
/* The page cache in pages: up to 5.17. */
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

static int probe_migrate(struct address_space *mapping, struct page *dst,
			 struct page *src, enum migrate_mode mode)
{
	int err = migrate_page_move_mapping(mapping, dst, src, 0);

	migrate_page_states(dst, src);
	return err ?: add_to_page_cache_lru(dst, mapping, 0, GFP_KERNEL);
}

static int probe_release(struct page *page, gfp_t gfp)
{
	return 0;
}

static void probe_invalidate(struct page *page, unsigned int offset,
			     unsigned int len)
{
}

static int probe_dirty(struct page *page)
{
	return 0;
}

extern const struct address_space_operations probe;
const struct address_space_operations probe = {
	.migratepage = probe_migrate,
	.releasepage = probe_release,
	.invalidatepage = probe_invalidate,
	.set_page_dirty = probe_dirty,
};
