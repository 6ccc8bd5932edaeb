// SPDX-License-Identifier: GPL-2.0
/* The infrastructure exchanges pages itself and tells the driver: since 7.0. */

#include "../balloon.h"

static int balloon_migrate(struct balloon_dev_info *info, struct page *dst,
			   struct page *src, enum migrate_mode mode)
{
	return 0;
}

int bench_balloon_open(struct balloon_dev_info *info)
{
	info->migratepage = balloon_migrate;
	return 0;
}

void bench_balloon_close(struct balloon_dev_info *info)
{
}
