/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_ZONE_H
#define _SELFTESTS_MP_ZONE_H

/* Which frames are in ZONE_MOVABLE, on a machine with one node. */

#include <stdlib.h>
#include <string.h>

#include "mp_file.h"

#define MP_ZONEINFO_MAX	65536

static inline unsigned long mp_zone_number(const char *zone, const char *key)
{
	const char *field = strstr(zone, key);

	return field ? strtoul(field + strlen(key), NULL, 10) : 0;
}

static inline int mp_zone_movable_has(unsigned long pfn)
{
	static char text[MP_ZONEINFO_MAX];
	unsigned long first, pages;
	const char *zone;

	mp_read_file("/proc/zoneinfo", text, sizeof(text));
	zone = strstr(text, "zone  Movable");
	if (!zone)
		return 0;
	first = mp_zone_number(zone, "start_pfn:");
	pages = mp_zone_number(zone, "spanned");
	return pfn >= first && pfn < first + pages;
}

#endif /* _SELFTESTS_MP_ZONE_H */
