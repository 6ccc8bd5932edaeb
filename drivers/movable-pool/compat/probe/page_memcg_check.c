// SPDX-License-Identifier: GPL-2.0
/* Since 5.11; before, struct page has a member mem_cgroup. */
#include <linux/memcontrol.h>

bool probe(struct page *page);
bool probe(struct page *page)
{
	return page_memcg_check(page);
}
