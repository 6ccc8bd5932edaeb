/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_MAP_H
#define _SELFTESTS_MP_MAP_H

/*
 * What tools/memmap/capture.c says of memory, read again, in the words of
 * Documentation/map.rst.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#define MP_MAP_CAPTURE	"/programs/capture"
#define MP_MAP_NAME	8
#define MP_MAP_ORDERS	16
#define MP_MAP_LINE	(1 << 15)

static const char mp_map_blanks[] = { ' ', '\n', '\0' };

struct mp_map_page {
	__u64 pfn;
	int pool;
	char state[12];
	char name[MP_MAP_NAME + 1];	/* "" if it has none */
};

struct mp_map_zone {
	int node;
	char name[32];
	unsigned long free[MP_MAP_ORDERS];
};

/**
 * struct mp_map - a capture
 * @ended: its last line has been there
 * @odd: lines that are none of a capture
 * @block: pages in a pageblock
 * @frames: how many the kernel has told of
 * @pools: how many there are
 * @pool: the number of the pool asked for, -1 if it is not there
 * @pages: of all pools, in the order of lines
 * @nr_pages: how many
 * @counted: pages that are no pool's
 * @free: of these
 * @whole: blocks of which all pages are free
 * @kinds: by block: pages that are no pool's
 * @zones: what the page allocator has
 * @nr_zones: how many
 */
struct mp_map {
	int ended;
	int odd;
	unsigned long block;
	unsigned long frames;
	int pools;
	int pool;
	struct mp_map_page *pages;
	unsigned long nr_pages;
	unsigned long counted;
	unsigned long free;
	unsigned long whole;
	unsigned int *kinds;
	struct mp_map_zone zones[16];
	int nr_zones;
};

static inline void mp_map_end(struct mp_map *map)
{
	free(map->pages);
	free(map->kinds);
	memset(map, 0, sizeof(*map));
}

static inline void mp_map_add_pages(struct mp_map *map, const char *line)
{
	struct mp_map_page page = { 0 };
	unsigned long count, i;
	int at = 0;

	if (sscanf(line, "%d %11s %llu %lu%n", &page.pool, page.state,
		   &page.pfn, &count, &at) != 4) {
		map->odd++;
		return;
	}
	map->pages = realloc(map->pages, (map->nr_pages + count) *
			     sizeof(*map->pages));
	line += at;
	line += *line == ' ';
	for (i = 0; i < count; i++, page.pfn++) {
		if (*line && *line != '\n')
			memcpy(page.name, line + i * MP_MAP_NAME, MP_MAP_NAME);
		map->pages[map->nr_pages++] = page;
	}
}

/* kind=pages ... */
static inline void mp_map_add_blocks(struct mp_map *map, char *line)
{
	unsigned long first, count, pages, free = 0, all = 0, i;
	char *word, *rest, *value;
	int at = 0;

	if (sscanf(line, "%lu %lu%n", &first, &count, &at) != 2) {
		map->odd++;
		return;
	}
	word = strtok_r(line + at, mp_map_blanks, &rest);
	for (; word; word = strtok_r(NULL, mp_map_blanks, &rest)) {
		value = strchr(word, '=');
		pages = value ? strtoul(value + 1, NULL, 10) : 0;
		map->odd += !pages;
		all += pages;
		if (!strncmp(word, "free=", 5))
			free = pages;
	}
	map->odd += all > map->block;
	map->counted += all * count;
	map->free += free * count;
	map->whole += free == map->block ? count : 0;
	/* It is said last how many frames there are. */
	map->kinds = realloc(map->kinds, (first + count) * sizeof(int));
	for (i = map->frames; i < first + count; i++)
		map->kinds[i] = i < first ? 0 : all;
	map->frames = first + count;
}

static inline void mp_map_add_zone(struct mp_map *map, char *line)
{
	struct mp_map_zone *zone = &map->zones[map->nr_zones];
	char *word, *rest;
	int at = 0, order = 0;

	if (map->nr_zones == 16 ||
	    sscanf(line, "%d %31s%n", &zone->node, zone->name, &at) != 2) {
		map->odd++;
		return;
	}
	map->nr_zones++;
	word = strtok_r(line + at, mp_map_blanks, &rest);
	for (; word && order < MP_MAP_ORDERS; order++) {
		zone->free[order] = strtoul(word, NULL, 10);
		word = strtok_r(NULL, mp_map_blanks, &rest);
	}
}

static inline void mp_map_add_pool(struct mp_map *map, const char *line,
				   const char *name)
{
	char found[64] = "";
	int number = -1;

	if (sscanf(line, "%d %63s", &number, found) != 2 ||
	    number != map->pools)
		map->odd++;
	if (!strncmp(found, name, strlen(name)) && found[strlen(name)] == '-')
		map->pool = number;
	map->pools++;
}

/* The lines that this does not look at are of the machine, and of zones. */
static inline void mp_map_add(struct mp_map *map, char *line, const char *pool)
{
	char word[16] = "";
	int at = 0;

	if (sscanf(line, "%15s%n", word, &at) != 1)
		map->odd++;
	at += line[at] == ' ';
	line += at;
	if (!strcmp(word, "block"))
		map->block = strtoul(line, NULL, 10);
	else if (!strcmp(word, "pool"))
		mp_map_add_pool(map, line, pool);
	else if (!strcmp(word, "pages"))
		mp_map_add_pages(map, line);
	else if (!strcmp(word, "blocks"))
		mp_map_add_blocks(map, line);
	else if (!strcmp(word, "buddy"))
		mp_map_add_zone(map, line);
	else if (!strcmp(word, "frames"))
		map->frames = strtoul(line, NULL, 10);
	else if (!strcmp(word, "end"))
		map->ended++;
	else if (strcmp(word, "memory-map") && strcmp(word, "time") &&
		 strcmp(word, "release") && strcmp(word, "page") &&
		 strcmp(word, "zone"))
		map->odd++;
}

/*
 * One capture, with @words for the program.  @pool: the name that a driver gave
 * to a pool.  Return: 0; or -errno.
 */
static inline int mp_map_take(struct mp_map *map, const char *words,
			      const char *pool)
{
	char command[128];
	char *line = malloc(MP_MAP_LINE);
	FILE *lines;
	int status;

	memset(map, 0, sizeof(*map));
	map->pool = -1;
	snprintf(command, sizeof(command), MP_MAP_CAPTURE " %s", words);
	lines = popen(command, "r");
	if (!lines || !line)
		return -ENOMEM;
	while (fgets(line, MP_MAP_LINE, lines))
		mp_map_add(map, line, pool);
	free(line);
	status = pclose(lines);
	return status || !map->ended || map->odd ? -EPROTO : 0;
}

/* Return: the page in that frame, or NULL. */
static inline const struct mp_map_page *mp_map_page(const struct mp_map *map,
						    __u64 pfn)
{
	unsigned long i;

	for (i = 0; i < map->nr_pages; i++)
		if (map->pages[i].pfn == pfn)
			return &map->pages[i];
	return NULL;
}

static inline unsigned long mp_map_pages_of(const struct mp_map *map, int pool)
{
	unsigned long i, n = 0;

	for (i = 0; i < map->nr_pages; i++)
		n += map->pages[i].pool == pool;
	return n;
}

/* Free blocks of an order, larger ones taken apart. */
static inline unsigned long mp_map_free_blocks(const struct mp_map_zone *zone,
					       int order)
{
	unsigned long n = 0;
	int i;

	for (i = order; i < MP_MAP_ORDERS; i++)
		n += zone->free[i] << (i - order);
	return n;
}

#endif /* _SELFTESTS_MP_MAP_H */
