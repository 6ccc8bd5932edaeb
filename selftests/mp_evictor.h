/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_EVICTOR_H
#define _SELFTESTS_MP_EVICTOR_H

/* A thread that wants the frames of a mapped pool, all the time. */

#include "mp_lever.h"
#include "mp_mapped.h"
#include "mp_worker.h"

/**
 * struct mp_evictor - the thread
 * @worker: the same; its objects are all of the pool's
 * @mapped: the pool
 * @before: its moves when the thread began
 */
struct mp_evictor {
	struct mp_worker worker;
	const struct mp_mapped *mapped;
	long before;
};

/* All of the block that one of the pages is in; now and then its frame only. */
static inline int mp_evictor_step(struct mp_worker *worker)
{
	__u64 pfn = mp_pfn(worker->fd, worker->pool,
			   rand_r(&worker->random) % worker->count);

	if (worker->steps % 8)
		mp_evict(worker->fd, pfn / MP_BLOCK * MP_BLOCK, MP_BLOCK);
	else
		mp_evict(worker->fd, pfn, 1);
	return 0;
}

static inline int mp_evictor_start(struct mp_evictor *evictor,
				   const struct mp_mapped *mapped)
{
	evictor->mapped = mapped;
	evictor->before = mp_mapped_moved(mapped);
	evictor->worker = (struct mp_worker) {
		.step = mp_evictor_step,
		.fd = mapped->fd,
		.pool = mapped->pool,
		.count = mapped->pages,
		.random = 1,
	};
	return mp_worker_start(&evictor->worker);
}

/* Return: moves since the start. */
static inline long mp_evictor_moved(const struct mp_evictor *evictor)
{
	return mp_mapped_moved(evictor->mapped) - evictor->before;
}

static inline long mp_evictor_stop(struct mp_evictor *evictor)
{
	return mp_worker_stop(&evictor->worker) ?: mp_evictor_moved(evictor);
}

#endif /* _SELFTESTS_MP_EVICTOR_H */
