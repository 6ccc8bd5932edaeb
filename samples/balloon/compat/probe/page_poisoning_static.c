// SPDX-License-Identifier: GPL-2.0
/* page_poisoning_enabled_static(): since 5.11. */
#include <linux/mm.h>

int probe(void);
int probe(void)
{
	return page_poisoning_enabled_static();
}
