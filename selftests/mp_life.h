/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_LIFE_H
#define _SELFTESTS_MP_LIFE_H

/*
 * What events say of a pool: books kept by them alone, and the life of each
 * page, from the frame it came in to the one where it is.
 */

#include <stdlib.h>

#include "mp_books.h"
#include "mp_trace.h"

#define MP_LIFE_FRAMES	(1L << 21)	/* 8 GiB */

/* In the order of their numbers in events, 0 being success. */
enum {
	MP_RESULT_DONE,
	MP_RESULT_PINNED,
	MP_RESULT_REFERENCED,
	MP_RESULT_DRIVER,
	MP_RESULT_FAILED,
	MP_RESULT_UNREADY,
	MP_RESULT_TARGET,
	MP_RESULTS,
};

/**
 * struct mp_life - one page
 * @first: the frame it was allocated in
 * @now: where it is, 0: it was freed
 * @moves: how often it has moved
 */
struct mp_life {
	long first;
	long now;
	long moves;
};

/**
 * struct mp_lives - a pool, by its events
 * @pool: its name
 * @allocs: events of each kind ...
 * @publishes: ...
 * @frees: ...
 * @putbacks: ...
 * @moves: ...
 * @pins: ... of those that succeeded
 * @unpins: ...
 * @isolates: by result
 * @vm: mp_migrate by the VM, by result
 * @owner: the same by the owner
 * @ns: the longest migrate
 * @ms: the longest pin
 * @lives: pages in the order of their allocation
 * @at: which of these is in a frame, and 1
 * @odd: events that do not fit what went before; the first is @what
 * @what: what was wrong with it
 */
struct mp_lives {
	char pool[64];
	long allocs, publishes, frees, putbacks, moves, pins, unpins;
	long isolates[MP_RESULTS], vm[MP_RESULTS], owner[MP_RESULTS];
	long ns, ms;
	struct mp_life *lives;
	int *at;
	long odd;
	char what[320];
};

static inline int mp_life_result(const struct mp_trace_event *event)
{
	static const char * const names[MP_RESULTS] = {
		[MP_RESULT_PINNED] = "refused_pinned",
		[MP_RESULT_REFERENCED] = "refused_referenced",
		[MP_RESULT_DRIVER] = "refused_driver",
		[MP_RESULT_FAILED] = "failed_driver",
		[MP_RESULT_UNREADY] = "refused_unready",
		[MP_RESULT_TARGET] = "refused_target",
	};
	const char *done = strcmp(event->name, "mp_isolate") ? "moved" :
							       "isolated";
	int i;

	if (mp_trace_is(event, "result", done))
		return MP_RESULT_DONE;
	for (i = 1; i < MP_RESULTS; i++)
		if (mp_trace_is(event, "result", names[i]))
			return i;
	return -EINVAL;
}

static inline void mp_life_odd(struct mp_lives *pool, const char *why,
			       const struct mp_trace_event *event)
{
	if (!pool->odd++)
		snprintf(pool->what, sizeof(pool->what), "%s: %s %s", why,
			 event->name, event->fields);
}

/* Return: the page in the frame, or NULL with a complaint. */
static inline struct mp_life *mp_life_in(struct mp_lives *pool, long pfn,
					 const struct mp_trace_event *event)
{
	if (pfn > 0 && pfn < MP_LIFE_FRAMES && pool->at[pfn])
		return &pool->lives[pool->at[pfn] - 1];
	mp_life_odd(pool, "no page there", event);
	return NULL;
}

static inline void mp_life_put(struct mp_lives *pool, struct mp_life *life,
			       long pfn, const struct mp_trace_event *event)
{
	if (pfn <= 0 || pfn >= MP_LIFE_FRAMES || pool->at[pfn]) {
		mp_life_odd(pool, "frame is taken", event);
		return;
	}
	life->now = pfn;
	pool->at[pfn] = life - pool->lives + 1;
}

static inline void mp_life_begin(struct mp_lives *pool,
				 const struct mp_trace_event *event)
{
	long n = pool->allocs++, pfn = mp_trace_number(event, "pfn");
	struct mp_life *lives = pool->lives;

	/* Twice as many when there is room for no more. */
	if (!(n & (n - 1)))
		lives = realloc(lives, 2 * (n ?: 1) * sizeof(*lives));
	if (!lives) {
		mp_life_odd(pool, "no memory", event);
		return;
	}
	pool->lives = lives;
	lives[n] = (struct mp_life) { .first = pfn };
	mp_life_put(pool, &lives[n], pfn, event);
}

static inline void mp_life_move(struct mp_lives *pool,
				const struct mp_trace_event *event)
{
	long from = mp_trace_number(event, "old_pfn");
	struct mp_life *life = mp_life_in(pool, from, event);

	pool->moves++;
	if (!life)
		return;
	pool->at[from] = 0;
	life->moves++;
	mp_life_put(pool, life, mp_trace_number(event, "new_pfn"), event);
}

static inline void mp_life_end(struct mp_lives *pool,
			       const struct mp_trace_event *event)
{
	long pfn = mp_trace_number(event, "pfn");
	struct mp_life *life = mp_life_in(pool, pfn, event);

	pool->frees++;
	if (!life)
		return;
	pool->at[pfn] = 0;
	life->now = 0;
}

static inline void mp_life_attempt(struct mp_lives *pool,
				   const struct mp_trace_event *event)
{
	int result = mp_life_result(event);
	long ns = mp_trace_number(event, "ns");

	if (result < 0) {
		mp_life_odd(pool, "no result", event);
	} else if (!strcmp(event->name, "mp_isolate")) {
		pool->isolates[result]++;
	} else if (!strstr(event->fields, " mode=sync") &&
		   !strstr(event->fields, " mode=async")) {
		mp_life_odd(pool, "no mode", event);
	} else if (mp_trace_is(event, "by", "vm")) {
		pool->vm[result]++;
	} else if (mp_trace_is(event, "by", "owner")) {
		pool->owner[result]++;
	} else {
		mp_life_odd(pool, "by nobody", event);
	}
	if (ns > pool->ns)
		pool->ns = ns;
}

static inline void mp_life_pin(struct mp_lives *pool,
			       const struct mp_trace_event *event)
{
	long ms = mp_trace_number(event, "ms");

	if (!strcmp(event->name, "mp_pin_longterm"))
		pool->pins += mp_trace_is(event, "err", "0");
	else
		pool->unpins++;
	if (ms > pool->ms)
		pool->ms = ms;
}

static inline int mp_life_tell(const struct mp_trace_event *event, void *data)
{
	struct mp_lives *pool = data;

	if (!mp_trace_is(event, "pool", pool->pool))
		return 0;
	if (!strcmp(event->name, "mp_alloc"))
		mp_life_begin(pool, event);
	else if (!strcmp(event->name, "mp_publish"))
		pool->publishes++;
	else if (!strcmp(event->name, "mp_putback"))
		pool->putbacks++;
	else if (!strcmp(event->name, "mp_free"))
		mp_life_end(pool, event);
	else if (!strcmp(event->name, "mp_moved"))
		mp_life_move(pool, event);
	else if (strstr(event->name, "longterm"))
		mp_life_pin(pool, event);
	else
		mp_life_attempt(pool, event);
	return 0;
}

/* Finds the pool called @name-N while it is there.  Return: 0 or -errno. */
static inline int mp_lives_begin(struct mp_lives *pool, const char *name)
{
	char pattern[96], path[160];

	memset(pool, 0, sizeof(*pool));
	snprintf(pattern, sizeof(pattern), MP_DEBUGFS "%s-*", name);
	if (mp_find_file(pattern, path, sizeof(path)) != 1)
		return -ENOENT;
	snprintf(pool->pool, sizeof(pool->pool), "%s", strrchr(path, '/') + 1);
	pool->at = calloc(MP_LIFE_FRAMES, sizeof(*pool->at));
	return pool->at ? 0 : -ENOMEM;
}

/* All that was traced of it, once.  Return: events, or -errno. */
static inline long mp_lives_read(struct mp_lives *pool)
{
	return mp_trace_read(mp_life_tell, pool);
}

static inline void mp_lives_end(struct mp_lives *pool)
{
	free(pool->at);
	free(pool->lives);
}

/* Attempts that ended so. */
static inline long mp_lives_results(const struct mp_lives *pool, int result)
{
	return pool->isolates[result] + pool->vm[result] + pool->owner[result];
}

/* Return: "", or which number differs from the pool's books. */
static inline const char *mp_lives_differ(const struct mp_lives *is,
					  const struct mp_test_stats *books)
{
	static char what[128];
	const struct {
		const char *name;
		long events;
		long books;
	} pairs[] = {
		{ "allocated", is->allocs, books->allocated },
		{ "freed", is->frees, books->freed },
		{ "isolated", is->isolates[MP_RESULT_DONE], books->isolated },
		{ "putback", is->putbacks, books->putback },
		{ "migrated", is->vm[MP_RESULT_DONE], books->migrated },
		{ "directed", is->owner[MP_RESULT_DONE], books->directed },
		{ "moved", is->moves, books->migrated + books->directed },
		{ "refused_pinned", mp_lives_results(is, MP_RESULT_PINNED),
		  books->refused_pinned },
		{ "refused_referenced",
		  mp_lives_results(is, MP_RESULT_REFERENCED),
		  books->refused_referenced },
		{ "refused_driver", mp_lives_results(is, MP_RESULT_DRIVER),
		  books->refused_driver },
		{ "failed_driver", mp_lives_results(is, MP_RESULT_FAILED),
		  books->failed_driver },
		{ "refused_unready", mp_lives_results(is, MP_RESULT_UNREADY),
		  books->refused_unready },
		{ "refused_target", mp_lives_results(is, MP_RESULT_TARGET),
		  books->refused_target },
	};
	unsigned int i;

	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		if (pairs[i].events == pairs[i].books)
			continue;
		snprintf(what, sizeof(what), "%s: events %ld, books %ld",
			 pairs[i].name, pairs[i].events, pairs[i].books);
		return what;
	}
	return "";
}

#endif /* _SELFTESTS_MP_LIFE_H */
