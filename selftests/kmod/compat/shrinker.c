// SPDX-License-Identifier: GPL-2.0
/* A shrinker with a name, as kernels 6.0 to 6.6 register it. */

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

static struct shrinker compat_shrinker = {
	.count_objects = compat_count,
	.scan_objects = compat_scan,
	.seeks = DEFAULT_SEEKS,
};

int mp_test_compat_shrinker_add(unsigned long (*count)(void),
				unsigned long (*scan)(unsigned long nr))
{
	shrinker_count = count;
	shrinker_scan = scan;
	return register_shrinker(&compat_shrinker, "mp_test");
}

void mp_test_compat_shrinker_remove(void)
{
	unregister_shrinker(&compat_shrinker);
}
