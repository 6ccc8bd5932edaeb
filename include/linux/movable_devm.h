/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOVABLE_DEVM_H
#define _LINUX_MOVABLE_DEVM_H

/**
 * DOC: Pools that end with their device
 *
 * What is managed by a device (devres) ends when the device is unbound from its
 * driver, after the driver's remove(), or when its probe() fails: what was made
 * last ends first::
 *
 *	pool = devm_movable_pool_create(dev, &attr);
 *	pages = devm_movable_array_alloc(dev, pool, n, GFP_KERNEL);
 *
 * Pages of such an array are freed before the pool ends, and their handles
 * after the pages; nothing of it is left to the driver but to have stopped the
 * device in remove(), and to have no page pinned then.  A shrinker whose ops
 * look at the array has to end before that, so it is added last, and managed::
 *
 *	err = devm_movable_pool_shrinker_add(dev, pool, &shrinker_ops);
 *
 * Handles elsewhere are as with movable_pool_destroy(): the driver frees their
 * pages in remove(), or they are freed with the pool, loudly.  Their memory
 * must not be gone by then, for until then pages move: if it is managed, too,
 * it is allocated before the pool is created.
 */

#include <linux/movable_array.h>
#include <linux/movable_shrinker.h>

struct device;

struct movable_pool *
__devm_movable_pool_create(struct device *dev,
			   const struct movable_pool_attr *attr,
			   struct module *owner);
struct movable_page *devm_movable_array_alloc(struct device *dev,
					      struct movable_pool *pool,
					      unsigned int n, gfp_t gfp);
int __must_check
devm_movable_pool_shrinker_add(struct device *dev, struct movable_pool *pool,
			       const struct movable_shrinker_ops *ops);

/**
 * devm_movable_pool_create() - create a pool that ends with a device
 * @dev: the device, bound or being bound to its driver
 * @attr: as movable_pool_create()
 *
 * The pool is destroyed as by movable_pool_destroy(), which the driver does not
 * call itself.
 *
 * Context: May sleep.
 * Return: the pool, or ERR_PTR() as movable_pool_create().
 */
#define devm_movable_pool_create(dev, attr) \
	__devm_movable_pool_create(dev, attr, THIS_MODULE)

#endif /* _LINUX_MOVABLE_DEVM_H */
