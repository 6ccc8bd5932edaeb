/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_WRITER_H
#define _SELFTESTS_MP_WRITER_H

/*
 * A thread that writes to each word of a mapped pool, over and over, and finds
 * in each what it wrote the round before: no write is lost.
 */

#include "mp_mapped.h"
#include "mp_worker.h"

/**
 * struct mp_writer - the thread
 * @worker: it
 * @mapped: the pool, filled with @seed
 * @seed: of the words; grows by one a round
 */
struct mp_writer {
	struct mp_worker worker;
	struct mp_mapped *mapped;
	__u64 seed;
};

static inline int mp_writer_step(struct mp_worker *worker)
{
	struct mp_writer *writer = (struct mp_writer *)worker;
	__u64 *words = writer->mapped->words;
	size_t n = mp_mapped_nr_words(writer->mapped);
	size_t i;

	for (i = 0; i < n; i++) {
		if (__atomic_load_n(&words[i], __ATOMIC_RELAXED) !=
		    mp_mapped_word(i, writer->seed))
			return -EILSEQ;
		__atomic_store_n(&words[i],
				 mp_mapped_word(i, writer->seed + 1),
				 __ATOMIC_RELAXED);
	}
	writer->seed++;
	return 0;
}

static inline int mp_writer_start(struct mp_writer *writer,
				  struct mp_mapped *mapped, __u64 seed)
{
	*writer = (struct mp_writer) {
		.worker.step = mp_writer_step,
		.mapped = mapped,
		.seed = seed,
	};
	return mp_worker_start(&writer->worker);
}

/*
 * Waits for @rounds more rounds; they come unless a write was lost.
 * Return: whether they have come.
 */
static inline int mp_writer_rounds(struct mp_writer *writer,
				   unsigned long rounds)
{
	unsigned long *steps = &writer->worker.steps;
	unsigned long end = __atomic_load_n(steps, __ATOMIC_ACQUIRE) + rounds;

	while (__atomic_load_n(steps, __ATOMIC_ACQUIRE) < end) {
		if (__atomic_load_n(&writer->worker.err, __ATOMIC_ACQUIRE))
			return 0;
		usleep(1000);
	}
	return 1;
}

/* Return: how many words are not what the thread has written to them. */
static inline long mp_writer_stop(struct mp_writer *writer)
{
	int err = mp_worker_stop(&writer->worker);

	return err ?: mp_mapped_wrong(writer->mapped, writer->seed);
}

#endif /* _SELFTESTS_MP_WRITER_H */
