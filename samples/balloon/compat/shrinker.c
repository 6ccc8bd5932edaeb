// SPDX-License-Identifier: GPL-2.0
/* A shrinker, in the three ways kernels have had them registered. */

#include "../balloon.h"

#ifdef MP_HAVE_SHRINKER_ALLOC

static struct balloon *balloon_of(struct shrinker *shrinker)
{
	return shrinker->private_data;
}

#else

static struct balloon *balloon_of(struct shrinker *shrinker)
{
	return container_of(shrinker, struct balloon, shrinker.shrinker);
}

#endif

static unsigned long balloon_count(struct shrinker *shrinker,
				   struct shrink_control *sc)
{
	return balloon_hint_count(balloon_of(shrinker));
}

static unsigned long balloon_scan(struct shrinker *shrinker,
				  struct shrink_control *sc)
{
	unsigned long n = balloon_hint_scan(balloon_of(shrinker),
					    sc->nr_to_scan);

	return n ?: SHRINK_STOP;
}

#ifdef MP_HAVE_SHRINKER_ALLOC

int balloon_compat_shrinker_add(struct balloon *b)
{
	struct shrinker *shrinker = shrinker_alloc(0, KBUILD_MODNAME);

	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = balloon_count;
	shrinker->scan_objects = balloon_scan;
	shrinker->private_data = b;
	b->shrinker.shrinker = shrinker;
	shrinker_register(shrinker);
	return 0;
}

void balloon_compat_shrinker_remove(struct balloon *b)
{
	shrinker_free(b->shrinker.shrinker);
}

#else

int balloon_compat_shrinker_add(struct balloon *b)
{
	b->shrinker.shrinker = (struct shrinker){
		.count_objects = balloon_count,
		.scan_objects = balloon_scan,
		.seeks = DEFAULT_SEEKS,
	};
#ifdef MP_HAVE_SHRINKER_NAME
	return register_shrinker(&b->shrinker.shrinker, KBUILD_MODNAME);
#else
	return register_shrinker(&b->shrinker.shrinker);
#endif
}

void balloon_compat_shrinker_remove(struct balloon *b)
{
	unregister_shrinker(&b->shrinker.shrinker);
}

#endif
