/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_STAT_H
#define _SELFTESTS_MP_STAT_H

/* The books of pools that are not mp_test.ko's, by name, from debugfs. */

#include <string.h>

#include "mp_books.h"
#include "mp_file.h"

/* Return: how many pools there are of that name, "*" for all. */
static inline int mp_stat_pools(const char *name)
{
	char path[160], pattern[80];

	snprintf(pattern, sizeof(pattern), MP_DEBUGFS "%s-*/stats", name);
	return mp_find_file(pattern, path, sizeof(path));
}

/* Return: -ENOENT unless there is one pool of that name. */
static inline long mp_stat(const char *pool, const char *name)
{
	char path[160], pattern[80];

	snprintf(pattern, sizeof(pattern), MP_DEBUGFS "%s-*/stats", pool);
	if (mp_find_file(pattern, path, sizeof(path)) != 1)
		return -ENOENT;
	return mp_read_field(path, name);
}

/* Page cache is not isolated by the pool. */
static inline int mp_stat_cached(const char *pool)
{
	char path[160], pattern[80], text[128];

	snprintf(pattern, sizeof(pattern), MP_DEBUGFS "%s-*/backing", pool);
	return mp_find_file(pattern, path, sizeof(path)) == 1 &&
	       mp_read_file(path, text, sizeof(text)) > 0 &&
	       !strncmp(text, "cache:", 6);
}

static inline long mp_stat_isolations(const char *pool)
{
	long migrated = mp_stat_cached(pool) ? 0 : mp_stat(pool, "migrated");

	return mp_stat(pool, "isolated") - migrated -
	       mp_stat(pool, "putback") - mp_stat(pool, "released");
}

static inline long mp_stat_attempts(const char *pool)
{
	return mp_stat(pool, "attempted") - mp_stat(pool, "migrated") -
	       mp_stat(pool, "directed") - mp_stat(pool, "refused_target") -
	       mp_stat(pool, "refused_pinned") -
	       mp_stat(pool, "refused_referenced") -
	       mp_stat(pool, "refused_driver") -
	       mp_stat(pool, "failed_driver") -
	       mp_stat(pool, "refused_unready");
}

static inline long mp_stat_in_flight(const char *pool)
{
	return mp_stat_attempts(pool) ?: mp_stat_isolations(pool);
}

/* The VM gives back what it holds in its own time: wait up to 10 s. */
static inline long mp_stat_at_rest(const char *pool)
{
	int tries = 1000;
	long n;

	while ((n = mp_stat_in_flight(pool)) && tries--)
		usleep(10000);
	return n;
}

#endif /* _SELFTESTS_MP_STAT_H */
