// SPDX-License-Identifier: GPL-2.0
/* A shrinker, in the three ways kernels have had them registered. */

#include "../shrinker.h"

#ifdef MP_HAVE_SHRINKER_ALLOC			/* since 6.7 */

static struct mp_shrinker *mp_compat_shrinker_of(struct shrinker *kernel)
{
	return kernel->private_data;
}

#else

static struct mp_shrinker *mp_compat_shrinker_of(struct shrinker *kernel)
{
	return container_of(kernel, struct mp_shrinker, kernel.shrinker);
}

#endif

static unsigned long mp_compat_count(struct shrinker *kernel,
				     struct shrink_control *sc)
{
	return mp_shrinker_count(mp_compat_shrinker_of(kernel));
}

static unsigned long mp_compat_scan(struct shrinker *kernel,
				    struct shrink_control *sc)
{
	unsigned long freed;

	freed = mp_shrinker_scan(mp_compat_shrinker_of(kernel),
				 sc->nr_to_scan, sc->gfp_mask);
	return freed ?: SHRINK_STOP;
}

#ifdef MP_HAVE_SHRINKER_ALLOC

int mp_compat_shrinker_add(struct mp_shrinker *shrinker, const char *name)
{
	struct shrinker *kernel = shrinker_alloc(0, "movable_pool:%s", name);

	if (!kernel)
		return -ENOMEM;
	kernel->count_objects = mp_compat_count;
	kernel->scan_objects = mp_compat_scan;
	kernel->private_data = shrinker;
	shrinker->kernel.shrinker = kernel;
	shrinker_register(kernel);
	return 0;
}

void mp_compat_shrinker_remove(struct mp_shrinker *shrinker)
{
	shrinker_free(shrinker->kernel.shrinker);
}

#else

int mp_compat_shrinker_add(struct mp_shrinker *shrinker, const char *name)
{
	struct shrinker *kernel = &shrinker->kernel.shrinker;

	kernel->count_objects = mp_compat_count;
	kernel->scan_objects = mp_compat_scan;
	kernel->seeks = DEFAULT_SEEKS;
#ifdef MP_HAVE_SHRINKER_NAME			/* 6.0 to 6.6 */
	return register_shrinker(kernel, "movable_pool:%s", name);
#else
	return register_shrinker(kernel);
#endif
}

void mp_compat_shrinker_remove(struct mp_shrinker *shrinker)
{
	unregister_shrinker(&shrinker->kernel.shrinker);
}

#endif
