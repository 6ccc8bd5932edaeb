// SPDX-License-Identifier: GPL-2.0
/* How long the same took: on average, in the middle, at least and at most. */

#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sort.h>

#include "bench.h"

int bench_figures_begin(struct bench_figures *figures, unsigned int max)
{
	figures->n = 0;
	figures->max = max;
	figures->ns = kvcalloc(max, sizeof(*figures->ns), GFP_KERNEL);
	return figures->ns ? 0 : -ENOMEM;
}

void bench_figures_add(struct bench_figures *figures, u64 ns)
{
	if (!WARN_ON_ONCE(figures->n == figures->max))
		figures->ns[figures->n++] = ns;
}

static int bench_figures_order(const void *one, const void *other)
{
	u64 a = *(const u64 *)one, b = *(const u64 *)other;

	return a < b ? -1 : a > b;
}

static u64 bench_figures_mean(const struct bench_figures *figures)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < figures->n; i++)
		sum += figures->ns[i];
	return div_u64(sum, figures->n);
}

/* @each: so many pages a time */
void bench_figures_print(struct bench_figures *figures, struct seq_file *file,
			 const struct bench_subject *subject, const char *what,
			 unsigned int each)
{
	if (!figures->n)
		return;
	sort(figures->ns, figures->n, sizeof(*figures->ns),
	     bench_figures_order, NULL);
	seq_printf(file, "%s %s %u %u %llu %llu %llu %llu\n", subject->name,
		   what, figures->n, each, bench_figures_mean(figures),
		   figures->ns[figures->n / 2], figures->ns[0],
		   figures->ns[figures->n - 1]);
}

void bench_figures_end(struct bench_figures *figures)
{
	kvfree(figures->ns);
}
