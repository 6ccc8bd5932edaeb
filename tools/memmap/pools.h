/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MEMMAP_POOLS_H
#define _MEMMAP_POOLS_H

/*
 * The pools of movable_pool and the frames of their pages, from its debugfs
 * (Documentation/debugging.rst).  Without the module there is none.  A pool may
 * go while it is read.
 */

#include <dirent.h>

#include "owned.h"

#define POOLS		"/sys/kernel/debug/movable_pool"
#define NAME_CHARS	8		/* of 48 bits */
#define RUN_PAGES	1024

/* Pages in frames that follow one another, and are in the same state. */
struct pool_run {
	int pool;
	const char *state;
	unsigned long first;
	unsigned int nr;
	bool named;
	char names[RUN_PAGES * NAME_CHARS + 1];
};

/* Frames of long-term pins, in the order of time. */
struct pool_pins {
	unsigned long *pfns;
	size_t nr;
};

static inline FILE *pool_file(const char *pool, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), POOLS "/%s/%s", pool, name);
	return fopen(path, "re");
}

/* "pages POOL STATE FIRST COUNT [names]" */
static inline void pool_run_write(struct pool_run *run)
{
	if (!run->nr)
		return;
	printf("pages %d %s %lu %u", run->pool, run->state, run->first,
	       run->nr);
	if (run->named)
		printf(" %.*s", (int)(run->nr * NAME_CHARS), run->names);
	printf("\n");
	run->nr = 0;
}

/* Six bits a character. */
static inline void pool_name(uint64_t name, char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	int i;

	for (i = NAME_CHARS; i--; name >>= 6)
		text[i] = digits[name & 63];
}

static inline void pool_run_add(struct pool_run *run, unsigned long pfn,
				const char *state, const char *name)
{
	bool named = *name != '-';

	if (run->nr == RUN_PAGES || pfn != run->first + run->nr ||
	    state != run->state || named != run->named)
		pool_run_write(run);
	if (!run->nr) {
		run->first = pfn;
		run->state = state;
		run->named = named;
	}
	if (named)
		pool_name(strtoull(name, NULL, 16),
			  run->names + run->nr * NAME_CHARS);
	run->nr++;
}

static inline int pool_pin_order(const void *a, const void *b)
{
	const unsigned long *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

/* "seconds frame task pid caller" a line; a task's name may have blanks. */
static inline struct pool_pins pool_longterm(const char *pool)
{
	FILE *file = pool_file(pool, "longterm");
	struct pool_pins pins = { 0 };
	unsigned long pfn;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*u %lu", &pfn) != 1)
			continue;
		pins.pfns = text_room(pins.pfns, pins.nr + 1,
				      sizeof(*pins.pfns));
		pins.pfns[pins.nr++] = pfn;
	}
	if (file)
		fclose(file);
	if (pins.nr)
		qsort(pins.pfns, pins.nr, sizeof(*pins.pfns), pool_pin_order);
	return pins;
}

/* A word of ours for the state of a page, and whether it is pinned. */
static inline const char *pool_state(const char *state, unsigned int pins,
				     unsigned long pfn,
				     const struct pool_pins *longterm)
{
	static const char * const others[] = {
		"private", "moving", "locked", "poisoned",
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(state, others[i]))
			return others[i];
	if (!pins)
		return "live";
	return longterm->nr &&
	       bsearch(&pfn, longterm->pfns, longterm->nr, sizeof(pfn),
		       pool_pin_order) ? "longterm" : "pinned";
}

static inline void pool_write_pages(const char *pool, int number, bool names,
				    struct owned *owned)
{
	static struct pool_run run;
	struct pool_pins longterm = pool_longterm(pool);
	FILE *file = pool_file(pool, "pages");
	char state[16], name[20], line[128];
	unsigned long pfn;
	unsigned int pins;

	run.pool = number;
	while (file && fgets(line, sizeof(line), file)) {
		snprintf(name, sizeof(name), "-");
		if (sscanf(line, "%lu %15s %u %19s", &pfn, state, &pins,
			   name) < 3)
			continue;
		owned_add(owned, pfn);
		pool_run_add(&run, pfn,
			     pool_state(state, pins, pfn, &longterm),
			     names ? name : "-");
	}
	pool_run_write(&run);
	if (file)
		fclose(file);
	free(longterm.pfns);
}

/* What moves its pages, the word before the colon. */
static inline bool pool_backing(const char *pool, char *backing, size_t size)
{
	FILE *file = pool_file(pool, "backing");
	bool read = file && fgets(backing, size, file);

	if (file)
		fclose(file);
	if (read)
		backing[strcspn(backing, ":\n")] = '\0';
	return read;
}

/* "pool NUMBER NAME BACKING name=value ...": its books */
static inline bool pool_write(const char *pool, int number)
{
	char backing[64], line[128], name[64];
	unsigned long value;
	FILE *file;

	if (!pool_backing(pool, backing, sizeof(backing)))
		return false;
	printf("pool %d %s %s", number, pool, backing);
	file = pool_file(pool, "stats");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %lu", name, &value) == 2)
			printf(" %s=%lu", name, value);
	if (file)
		fclose(file);
	printf("\n");
	return true;
}

/* Pages of pools, with names if @names; @owned learns which they are. */
static inline void pools_capture(struct owned *owned, bool names)
{
	struct dirent **entries;
	int n = scandir(POOLS, &entries, NULL, alphasort);
	int number = 0, i;

	for (i = 0; i < n; i++) {
		const char *pool = entries[i]->d_name;

		if (entries[i]->d_type == DT_DIR && *pool != '.' &&
		    pool_write(pool, number))
			pool_write_pages(pool, number++, names, owned);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

#endif /* _MEMMAP_POOLS_H */
