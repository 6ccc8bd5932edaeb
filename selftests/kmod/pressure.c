// SPDX-License-Identifier: GPL-2.0
/* Freeing from reclaim: a shrinker with a range of objects to give. */

#include <linux/mutex.h>

#include "compat/compat.h"
#include "mp_test.h"

static struct {
	struct mutex lock;	/* all of it */
	struct mp_test_pool *pool;
	unsigned int next;
	unsigned int end;
	unsigned int freed;
} pressure = {
	.lock = __MUTEX_INITIALIZER(pressure.lock),
};

static unsigned long mp_test_pressure_count(void)
{
	return READ_ONCE(pressure.end) - READ_ONCE(pressure.next);
}

static bool mp_test_pressure_free_one(void)
{
	struct mp_test_call call = {
		.verb = MP_TEST_FREE,
		.first = pressure.next,
		.count = 1,
	};

	mp_test_verb_run(pressure.pool, &call);
	pressure.next++;
	pressure.freed += call.done;
	return call.done;
}

static unsigned long mp_test_pressure_scan(unsigned long nr)
{
	unsigned long freed = 0;

	if (!mutex_trylock(&pressure.lock))
		return 0;
	while (pressure.pool && pressure.next < pressure.end && nr--)
		freed += mp_test_pressure_free_one();
	mutex_unlock(&pressure.lock);
	return freed;
}

int mp_test_shrink(struct mp_test_pool *pool, struct mp_test_call *call)
{
	mutex_lock(&pressure.lock);
	pressure.pool = pool;
	pressure.next = call->first;
	pressure.end = call->first + call->count;
	pressure.freed = 0;
	mutex_unlock(&pressure.lock);
	call->done = call->count;
	return 0;
}

int mp_test_shrunk(struct mp_test_pool *pool, struct mp_test_call *call)
{
	mutex_lock(&pressure.lock);
	call->value = pressure.pool == pool ? pressure.freed : 0;
	mutex_unlock(&pressure.lock);
	return 0;
}

void mp_test_pressure_forget(struct mp_test_pool *pool)
{
	mutex_lock(&pressure.lock);
	if (pressure.pool == pool) {
		pressure.pool = NULL;
		pressure.next = 0;
		pressure.end = 0;
	}
	mutex_unlock(&pressure.lock);
}

int mp_test_pressure_init(void)
{
	return mp_test_compat_shrinker_add(mp_test_pressure_count,
					   mp_test_pressure_scan);
}

void mp_test_pressure_exit(void)
{
	mp_test_compat_shrinker_remove();
}
