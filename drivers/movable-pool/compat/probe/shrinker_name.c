// SPDX-License-Identifier: GPL-2.0
/* Shrinkers are registered with a name from 6.0 to 6.6. */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/shrinker.h>

int probe(struct shrinker *shrinker);
int probe(struct shrinker *shrinker)
{
	return register_shrinker(shrinker, "probe");
}
