// SPDX-License-Identifier: GPL-2.0
/* Freeing from reclaim: a pool's shrinker, with a range of objects to give. */

#include <linux/movable_shrinker.h>
#include <linux/mutex.h>

#include "mp_test.h"

static unsigned long mp_test_pressure_count(struct movable_pool *real)
{
	struct mp_test_pool *pool = movable_pool_priv(real);

	return READ_ONCE(pool->shrink.end) - READ_ONCE(pool->shrink.next);
}

static bool mp_test_pressure_free_one(struct mp_test_pool *pool)
{
	struct mp_test_call call = {
		.verb = MP_TEST_FREE,
		.first = pool->shrink.next,
		.count = 1,
	};

	mp_test_verb_run(pool, &call);
	WRITE_ONCE(pool->shrink.next, pool->shrink.next + 1);
	pool->shrink.freed += call.done;
	return call.done;
}

static unsigned long mp_test_pressure_scan(struct movable_pool *real,
					   unsigned long nr)
{
	struct mp_test_pool *pool = movable_pool_priv(real);
	unsigned long freed = 0;

	if (!mutex_trylock(&pool->shrink.lock))
		return 0;
	while (pool->shrink.next < pool->shrink.end && nr--)
		freed += mp_test_pressure_free_one(pool);
	mutex_unlock(&pool->shrink.lock);
	return freed;
}

static const struct movable_shrinker_ops mp_test_pressure_ops = {
	.count = mp_test_pressure_count,
	.scan = mp_test_pressure_scan,
};

static void mp_test_pressure_give(struct mp_test_pool *pool, unsigned int first,
				  unsigned int count)
{
	mutex_lock(&pool->shrink.lock);
	WRITE_ONCE(pool->shrink.next, first);
	WRITE_ONCE(pool->shrink.end, first + count);
	pool->shrink.freed = 0;
	mutex_unlock(&pool->shrink.lock);
}

int mp_test_shrink(struct mp_test_pool *pool, struct mp_test_call *call)
{
	int err = 0;

	mp_test_pressure_give(pool, call->first, call->count);
	/* Whoever is first adds it; the others may go on before it is there. */
	if (!xchg(&pool->shrink.added, true))
		err = movable_pool_shrinker_add(pool->pool,
						&mp_test_pressure_ops);
	if (err)
		WRITE_ONCE(pool->shrink.added, false);
	else
		call->done = call->count;
	return err;
}

int mp_test_shrunk(struct mp_test_pool *pool, struct mp_test_call *call)
{
	mutex_lock(&pool->shrink.lock);
	call->value = pool->shrink.freed;
	mutex_unlock(&pool->shrink.lock);
	return 0;
}

/* The objects are to be used for something else. */
void mp_test_pressure_forget(struct mp_test_pool *pool)
{
	movable_pool_shrinker_remove(pool->pool);
}
