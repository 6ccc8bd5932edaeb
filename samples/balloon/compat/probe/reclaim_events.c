// SPDX-License-Identifier: GPL-2.0
/* Reclaim is counted among the events; else it is in linux/mmzone.h. */
#include <linux/vm_event_item.h>

enum vm_event_item probe(void);
enum vm_event_item probe(void)
{
	return PGSCAN_KSWAPD;
}
