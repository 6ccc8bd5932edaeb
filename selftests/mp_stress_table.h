/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_STRESS_TABLE_H
#define _SELFTESTS_MP_STRESS_TABLE_H

/* What a stress run says: lines that the bench shows at once. */

#include <stdarg.h>

#include "mp_stress_lever.h"

#define MP_STRESS_COLUMN	40

static const char *const mp_stress_acts[MP_STRESS_ACTS] = {
	[MP_STRESS_ALLOC] = "pages allocated",
	[MP_STRESS_BULK] = "pages allocated in bulk",
	[MP_STRESS_ADOPT] = "pages adopted",
	[MP_STRESS_PUBLISH] = "published",
	[MP_STRESS_CHECK] = "looked at",
	[MP_STRESS_REWRITE] = "rewritten",
	[MP_STRESS_PIN] = "pinned for a while",
	[MP_STRESS_TRYPIN] = "trypin, interrupts off",
	[MP_STRESS_LONGTERM] = "pinned for long",
	[MP_STRESS_VMAP] = "mapped side by side",
	[MP_STRESS_LOOKUP] = "looked up",
	[MP_STRESS_FREE] = "freed",
	[MP_STRESS_FREE_ASYNC] = "freed, free_async",
	[MP_STRESS_INFLATE] = "put into balloons",
	[MP_STRESS_DEFLATE] = "taken out of balloons",
	[MP_STRESS_NO_MEMORY] = "calls without memory",
	[MP_STRESS_MOVE] = "calls of directed moves",
	[MP_STRESS_CREATE] = "pools created",
	[MP_STRESS_DESTROY] = "pools destroyed",
};

__attribute__((format(printf, 1, 2)))
static inline void mp_stress_say(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	printf("# say: %s\n", line);
	fflush(stdout);
}

/* With commas.  @text: 32 bytes. */
static inline const char *mp_stress_number(char *text, __u64 n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu",
			   (unsigned long long)n);
	char *to = text;
	int i;

	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}

static inline void mp_stress_row(const char *what, __u64 n)
{
	char text[32];

	mp_stress_say("  %-*s %16s", MP_STRESS_COLUMN, what,
		      mp_stress_number(text, n));
}

static inline __u64 mp_stress_ops(const struct mp_stress_report *r)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < MP_STRESS_ACTS; i++)
		if (i != MP_STRESS_NO_MEMORY)
			sum += r->acts[i];
	return sum;
}

static inline __u64 mp_stress_bytes(const struct mp_stress *s,
				    const struct mp_stress_report *r)
{
	return (r->words + __atomic_load_n(&s->user_words, __ATOMIC_RELAXED)) *
	       sizeof(__u64);
}

static inline __u64 mp_stress_bad(const struct mp_stress *s,
				  const struct mp_stress_report *r)
{
	return (r->bad + __atomic_load_n(&s->user_bad, __ATOMIC_RELAXED)) *
	       sizeof(__u64);
}

static inline void mp_stress_progress(const struct mp_stress *s,
				      const struct mp_stress_report *r,
				      long seconds)
{
	char vm[32], directed[32], ops[32], mib[32];

	mp_stress_say("%6ld s  moved %s, by owners %s; ops %s; %s MiB compared, %llu bytes bad",
		      seconds, mp_stress_number(vm, r->migrated),
		      mp_stress_number(directed, r->directed),
		      mp_stress_number(ops, mp_stress_ops(r)),
		      mp_stress_number(mib, mp_stress_bytes(s, r) >> 20),
		      (unsigned long long)mp_stress_bad(s, r));
}

static inline void mp_stress_lever_row(const struct mp_lever *lever)
{
	char done[32], refused[32];

	if (lever->absent)
		mp_stress_say("  %-*s %16s", MP_STRESS_COLUMN, lever->name,
			      "not here");
	else
		mp_stress_say("  %-*s %16s %14s refused", MP_STRESS_COLUMN,
			      lever->name,
			      mp_stress_number(done, lever->done),
			      mp_stress_number(refused, lever->refused));
}

static inline void mp_stress_books(const struct mp_stress_report *r)
{
	mp_stress_row("pages in", r->allocated);
	mp_stress_row("pages out", r->freed);
	mp_stress_row("isolated by the VM", r->isolated);
	mp_stress_row("  put back", r->putback);
	mp_stress_row("  released by their owner meanwhile", r->released);
	mp_stress_row("moves attempted", r->attempted);
	mp_stress_row("  moved by the VM", r->migrated);
	mp_stress_row("  moved by their owner", r->directed);
	mp_stress_row("  refused", r->refused);
	mp_stress_row("moves undone by the driver", r->undone);
	mp_stress_row("frees that waited for a page lock", r->deferred);
}

static inline void mp_stress_table(const struct mp_stress *s,
				   const struct mp_stress_report *r,
				   const struct mp_lever *levers, int n,
				   long seconds)
{
	int i;

	mp_stress_say("owners");
	for (i = 0; i < MP_STRESS_ACTS; i++)
		mp_stress_row(mp_stress_acts[i], r->acts[i]);
	mp_stress_say("levers");
	for (i = 0; i < n; i++)
		mp_stress_lever_row(&levers[i]);
	mp_stress_row("driver loaded again", s->round);
	mp_stress_row("  and the framework with it", s->core_reloads);
	mp_stress_say("books, of all pools together");
	mp_stress_books(r);
	mp_stress_say("in all, in %ld s", seconds);
	mp_stress_row("moved by the VM, in a second", r->migrated / seconds);
	mp_stress_row("moved by their owner, in a second",
		      r->directed / seconds);
	mp_stress_row("ops", mp_stress_ops(r));
	mp_stress_row("bytes compared", mp_stress_bytes(s, r));
	mp_stress_row("  not as they were written", mp_stress_bad(s, r));
	mp_stress_row("pages lost", r->allocated - r->freed);
}

#endif /* _SELFTESTS_MP_STRESS_TABLE_H */
