// SPDX-License-Identifier: GPL-2.0
/* A shrinker, in the three ways kernels have had them registered. */

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/shrinker.h>

#include "compat.h"

static unsigned long (*shrinker_count)(void);
static unsigned long (*shrinker_scan)(unsigned long nr);

static unsigned long compat_count(struct shrinker *shrinker,
				  struct shrink_control *sc)
{
	return shrinker_count();
}

static unsigned long compat_scan(struct shrinker *shrinker,
				 struct shrink_control *sc)
{
	unsigned long freed = shrinker_scan(sc->nr_to_scan);

	return freed ?: SHRINK_STOP;
}

#ifdef MP_HAVE_SHRINKER_ALLOC

static struct shrinker *compat_shrinker;

static int compat_register(void)
{
	compat_shrinker = shrinker_alloc(0, "mp_test");
	if (!compat_shrinker)
		return -ENOMEM;
	compat_shrinker->count_objects = compat_count;
	compat_shrinker->scan_objects = compat_scan;
	shrinker_register(compat_shrinker);
	return 0;
}

static void compat_unregister(void)
{
	shrinker_free(compat_shrinker);
}

#else

static struct shrinker compat_shrinker = {
	.count_objects = compat_count,
	.scan_objects = compat_scan,
	.seeks = DEFAULT_SEEKS,
};

static int compat_register(void)
{
#ifdef MP_HAVE_SHRINKER_NAME
	return register_shrinker(&compat_shrinker, "mp_test");
#else
	return register_shrinker(&compat_shrinker);
#endif
}

static void compat_unregister(void)
{
	unregister_shrinker(&compat_shrinker);
}

#endif

int mp_test_compat_shrinker_add(unsigned long (*count)(void),
				unsigned long (*scan)(unsigned long nr))
{
	shrinker_count = count;
	shrinker_scan = scan;
	return compat_register();
}

void mp_test_compat_shrinker_remove(void)
{
	compat_unregister();
}
