/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_H
#define _MP_BENCH_H

/* What is done with a page, and who is measured doing it. */

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/seq_file.h>

struct page;

enum bench_op {
	BENCH_ALLOC,
	BENCH_PUBLISH,		/* mark as movable */
	BENCH_PIN,		/* and unpin */
	BENCH_MAP,		/* and unmap */
	BENCH_FREE,
	BENCH_NR_OPS,
};

/* Of all who let one choose. */
#define BENCH_GFP	(GFP_KERNEL | __GFP_HIGHMEM | __GFP_MOVABLE)

/**
 * struct bench_subject - one way to own pages
 * @op: what it can do with its i-th page, NULL for what it cannot.  All that
 *	these have besides the call they are about, the empty subject has, too
 * @page: where the i-th page is, as long as none has moved, or NULL; NULL
 *	itself if none can move
 * @take: makes a page of the caller's its i-th, as if it had allocated that, or
 *	NULL: it allocates where pages that move are
 * @name: one word
 * @lock_free: a page can be freed that somebody has locked
 * @node: in the list of all
 * @owner: the module that has the functions
 * @begin: before the first op; there will be at most @count pages
 * @end: after the last
 */
struct bench_subject {
	int (*op[BENCH_NR_OPS])(unsigned long i);
	struct page *(*page)(unsigned long i);
	void (*take)(unsigned long i, struct page *page);
	const char *name;
	bool lock_free;
	struct list_head node;
	struct module *owner;
	int (*begin)(unsigned long count);
	void (*end)(void);
};

/* main.c; modules that are subjects and nothing else: subjects.h */
int bench_add(struct bench_subject *subjects, unsigned int n,
	      struct module *owner);
void bench_remove(struct bench_subject *subjects, unsigned int n);

/**
 * struct bench_figures - how long the same took, again and again
 * @ns: each time
 * @n: how many there are
 * @max: how many there is room for
 */
struct bench_figures {
	u64 *ns;
	unsigned int n;
	unsigned int max;
};

/* figures.c */
int bench_figures_begin(struct bench_figures *figures, unsigned int max);
void bench_figures_add(struct bench_figures *figures, u64 ns);
void bench_figures_print(struct bench_figures *figures, struct seq_file *file,
			 const struct bench_subject *subject, const char *what,
			 unsigned int each);
void bench_figures_end(struct bench_figures *figures);

/* cost.c */
extern const char * const bench_op_names[BENCH_NR_OPS];
int bench_call_on(const struct bench_subject *subject, enum bench_op op,
		  unsigned long *at, unsigned long to);
int bench_call(const struct bench_subject *subject, enum bench_op op,
	       unsigned long from, unsigned long to);
void bench_free(const struct bench_subject *subject, unsigned long from,
		unsigned long to);
int bench_cost(const struct bench_subject *subject, unsigned long count,
	       unsigned int cpus, struct seq_file *file);

/* move.c */
int bench_move(const struct bench_subject *subject, unsigned long count,
	       struct seq_file *file);

#endif /* _MP_BENCH_H */
