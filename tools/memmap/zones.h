/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MEMMAP_ZONES_H
#define _MEMMAP_ZONES_H

/* Zones, and the free blocks that the page allocator counts in each. */

#include "text.h"

#define PAGETYPEINFO	"/proc/pagetypeinfo"

/* Return: pages in a pageblock. */
static inline unsigned long zones_block(void)
{
	FILE *file = text_open(PAGETYPEINFO);
	char line[256];
	long pages = -1;

	while (pages < 0 && fgets(line, sizeof(line), file))
		pages = text_number(line, "Pages per block:");
	fclose(file);
	errno = 0;
	if (pages <= 0 || pages & (pages - 1))
		die(PAGETYPEINFO " has no size of a pageblock");
	return pages;
}

/* "zone NODE NAME FIRST SPANNED": where each is; one without memory is not. */
static inline void zones_write_places(void)
{
	FILE *file = text_open("/proc/zoneinfo");
	long spanned = 0, first, value;
	char line[256], name[32];
	int node = 0;

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Node %d, zone %31s", &node, name) == 2) {
			spanned = 0;
			continue;
		}
		value = text_number(line, " spanned ");
		if (value >= 0)
			spanned = value;
		first = text_number(line, " start_pfn: ");
		if (first >= 0 && spanned > 0)
			printf("zone %d %s %ld %ld\n", node, name, first,
			       spanned);
	}
	fclose(file);
}

/* "buddy NODE NAME n n n ...": free blocks of 1, 2, 4 ... pages */
static inline void zones_write_free(void)
{
	FILE *file = text_open("/proc/buddyinfo");
	static const char ends[] = { ' ', '\n', '\0' };
	char line[512], name[32], *word, *rest;
	int node, at;

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Node %d, zone %31s%n", &node, name, &at) != 2)
			continue;
		printf("buddy %d %s", node, name);
		word = strtok_r(line + at, ends, &rest);
		for (; word; word = strtok_r(NULL, ends, &rest))
			printf(" %s", word);
		printf("\n");
	}
	fclose(file);
}

#endif /* _MEMMAP_ZONES_H */
