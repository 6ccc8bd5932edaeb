// SPDX-License-Identifier: GPL-2.0
/* What is free. */

#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/vmstat.h>

#include "compat/compat.h"
#include "free.h"

/* No buddy page is larger than this; one that is just allocated may say so. */
#define LARGEST	16U

/* Return: how many pages are free here, in one piece; 0: this one is not. */
unsigned long bench_free_at(struct zone *zone, unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	if (!page || page_zone(page) != zone || !PageBuddy(page))
		return 0;
	return 1UL << min_t(unsigned long, READ_ONCE(page->private), LARGEST);
}

/* Taking a range does that; so take a free page of a block that is not free. */
static void bench_free_drain_zone(struct zone *zone)
{
	unsigned long pfn = zone->zone_start_pfn, free;

	while (pfn < zone_end_pfn(zone)) {
		free = bench_free_at(zone, pfn);
		if (free && free < pageblock_nr_pages &&
		    !bench_compat_contig(pfn, 1)) {
			free_contig_range(pfn, 1);
			break;
		}
		pfn = free ? ALIGN(pfn + 1, pageblock_nr_pages) : pfn + 1;
	}
}

/**
 * bench_free_drain() - pages that CPUs keep for themselves go back
 *
 * These are not counted as free.  Since 6.7 they may be many.
 *
 * Context: May sleep.
 */
void bench_free_drain(void)
{
	struct zone *zones = NODE_DATA(0)->node_zones;
	unsigned int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		if (populated_zone(&zones[i]))
			bench_free_drain_zone(&zones[i]);
}

/* Return: all that are free, the CPUs' included.  May sleep. */
unsigned long bench_free_pages(void)
{
	bench_free_drain();
	return global_zone_page_state(NR_FREE_PAGES);
}
