// SPDX-License-Identifier: GPL-2.0
/* Page reporting with an order of the driver's choice: since 5.14. */
#include <linux/page_reporting.h>

void probe(struct page_reporting_dev_info *info);
void probe(struct page_reporting_dev_info *info)
{
	info->order = 5;
}
