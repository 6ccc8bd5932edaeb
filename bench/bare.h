/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_BARE_H
#define _MP_BENCH_BARE_H

/*
 * The least that the contract of non-LRU pages allows: an array of pages, no
 * pins, and moves that exclude nothing.  Nobody could use it for anything.
 */

struct page;

/* The i-th page is @page now; what a kernel's migrate callback has to do. */
void bench_bare_copy(struct page *dst, struct page *src);

/* compat/bare-*.c: the marks of this kernel, page locked */
int bench_bare_register(void);
void bench_bare_unregister(void);
void bench_bare_mark(struct page *page);
void bench_bare_unmark(struct page *page);

#endif /* _MP_BENCH_BARE_H */
