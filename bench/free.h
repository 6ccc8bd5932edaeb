/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_FREE_H
#define _MP_BENCH_FREE_H

/* Free memory: one CPU, and nobody else at work, so no lock keeps it so. */

struct zone;

unsigned long bench_free_at(struct zone *zone, unsigned long pfn);
void bench_free_drain(void);
unsigned long bench_free_pages(void);

#endif /* _MP_BENCH_FREE_H */
