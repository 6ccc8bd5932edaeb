// SPDX-License-Identifier: GPL-2.0
/*
 * Pools and arrays that end with a device.
 */

#include <linux/device.h>
#include <linux/mm.h>
#include <linux/movable_devm.h>
#include <linux/slab.h>

#include "fault.h"
#include "internal.h"

static void mp_devm_destroy(void *pool)
{
	movable_pool_destroy(pool);
}

static int mp_devm_add(struct device *dev, struct movable_pool *pool)
{
	if (mp_fail(MP_FAIL_DEVM_POOL))
		return -ENOMEM;
	return devm_add_action(dev, mp_devm_destroy, pool);
}

/**
 * __devm_movable_pool_create() - devm_movable_pool_create() for a given module
 * @dev: the device
 * @attr: what the driver says about the pool
 * @owner: module whose ops and handles the pool will use
 *
 * Context: May sleep.
 * Return: the pool, or ERR_PTR(), as devm_movable_pool_create().
 */
struct movable_pool *
__devm_movable_pool_create(struct device *dev,
			   const struct movable_pool_attr *attr,
			   struct module *owner)
{
	struct movable_pool *pool = __movable_pool_create(attr, owner);
	int err;

	if (IS_ERR(pool))
		return pool;
	err = mp_devm_add(dev, pool);
	if (!err)
		return pool;
	movable_pool_destroy(pool);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(__devm_movable_pool_create);

/* In devres, which ends with the device; the handles may have to stay. */
struct mp_devm_array {
	struct movable_page *mps;
	unsigned int n;
};

/*
 * Who has a page pinned though the device is gone may still write to it, and
 * the pool knows where its handle is.
 */
static void mp_devm_array_release(struct device *dev, void *res)
{
	struct mp_devm_array *array = res;
	int err = movable_array_free(array->mps, array->n);

	if (!err)
		kvfree(array->mps);
	else
		mp_misuse("%s: pages of an array are pinned when their device ends: %d\n",
			  dev_name(dev), err);
}

static struct mp_devm_array *mp_devm_array_new(unsigned int n)
{
	struct mp_devm_array *array;

	if (mp_fail(MP_FAIL_DEVM_ARRAY))
		return NULL;
	array = devres_alloc(mp_devm_array_release, sizeof(*array), GFP_KERNEL);
	if (!array)
		return NULL;
	array->n = n;
	array->mps = kvcalloc(n, sizeof(*array->mps), GFP_KERNEL);
	if (array->mps)
		return array;
	devres_free(array);
	return NULL;
}

/**
 * devm_movable_array_alloc() - an array of pages that ends with a device
 * @dev: the device
 * @pool: pool that will own the pages; ends no earlier than the device's
 *	resources that were added before this
 * @n: how many, at least one
 * @gfp: as for movable_page_alloc(); of the pages
 *
 * Handles and pages; all of them, or none.  The driver may free pages of it,
 * and allocate them anew, at any time before.  A page that is pinned when the
 * device ends is left to the pool, loudly, and the handles are lost.
 *
 * Context: May sleep.
 * Return: the handles, or ERR_PTR(): -EINVAL for @n 0, -ENOMEM, or as
 * movable_array_alloc() returns.
 */
struct movable_page *devm_movable_array_alloc(struct device *dev,
					      struct movable_pool *pool,
					      unsigned int n, gfp_t gfp)
{
	struct mp_devm_array *array;
	int err;

	if (!n)
		return ERR_PTR(-EINVAL);
	array = mp_devm_array_new(n);
	if (!array)
		return ERR_PTR(-ENOMEM);
	err = movable_array_alloc(pool, array->mps, n, gfp);
	if (err) {
		kvfree(array->mps);
		devres_free(array);
		return ERR_PTR(err);
	}
	devres_add(dev, array);
	return array->mps;
}
EXPORT_SYMBOL_GPL(devm_movable_array_alloc);

static void mp_devm_shrinker_remove(void *pool)
{
	movable_pool_shrinker_remove(pool);
}

/**
 * devm_movable_pool_shrinker_add() - a shrinker that ends with a device
 * @dev: the device
 * @pool: as movable_pool_shrinker_add(); ends no earlier than the device's
 *	resources that were added before this
 * @ops: as movable_pool_shrinker_add()
 *
 * It ends before what the device was given earlier, such as an array that the
 * ops free pages of.
 *
 * Context: May sleep.  Not in reclaim, nor under a lock that the ops take.
 * Return: as movable_pool_shrinker_add().
 */
int devm_movable_pool_shrinker_add(struct device *dev,
				   struct movable_pool *pool,
				   const struct movable_shrinker_ops *ops)
{
	int err = movable_pool_shrinker_add(pool, ops);

	if (err)
		return err;
	err = mp_fail(MP_FAIL_DEVM_SHRINKER) ? -ENOMEM :
	      devm_add_action(dev, mp_devm_shrinker_remove, pool);
	if (err)
		movable_pool_shrinker_remove(pool);
	return err;
}
EXPORT_SYMBOL_GPL(devm_movable_pool_shrinker_add);
