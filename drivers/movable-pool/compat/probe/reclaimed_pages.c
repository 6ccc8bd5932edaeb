// SPDX-License-Identifier: GPL-2.0
/* Who reclaims is told of pages by a function, since 6.4. */
#include <linux/swap.h>

void probe(void);
void probe(void)
{
	mm_account_reclaimed_pages(1);
}
