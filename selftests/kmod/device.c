// SPDX-License-Identifier: GPL-2.0
/* /dev/mp_test: an open file and its pools. */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/memory_hotplug.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat/compat.h"
#include "mp_test.h"

#define MP_TEST_MAX_CAPACITY	BIT(20)

/**
 * struct mp_test_file - an open file
 * @lock: guards @pools, is not held over any call of the framework
 * @pools: its pools
 */
struct mp_test_file {
	spinlock_t lock;	/* @pools */
	struct mp_test_pool *pools[MP_TEST_POOLS];
};

static struct mp_test_pool *mp_test_get(struct mp_test_file *file, u32 number)
{
	struct mp_test_pool *pool = NULL;

	if (number >= MP_TEST_POOLS)
		return NULL;
	spin_lock(&file->lock);
	pool = file->pools[number];
	if (pool)
		kref_get(&pool->kref);
	spin_unlock(&file->lock);
	return pool;
}

static struct mp_test_pool *mp_test_take(struct mp_test_file *file, u32 number)
{
	struct mp_test_pool *pool;

	if (number >= MP_TEST_POOLS)
		return NULL;
	spin_lock(&file->lock);
	pool = file->pools[number];
	file->pools[number] = NULL;
	spin_unlock(&file->lock);
	return pool;
}

static int mp_test_add(struct mp_test_file *file, struct mp_test_pool *pool)
{
	int i;

	spin_lock(&file->lock);
	for (i = 0; i < MP_TEST_POOLS && file->pools[i]; i++)
		;
	if (i < MP_TEST_POOLS)
		file->pools[i] = pool;
	spin_unlock(&file->lock);
	return i < MP_TEST_POOLS ? i : -EMFILE;
}

static int mp_test_ioc_create(struct mp_test_file *file, void __user *arg)
{
	struct mp_test_create create;
	struct mp_test_pool *pool;
	int number;

	if (copy_from_user(&create, arg, sizeof(create)))
		return -EFAULT;
	create.name[MP_TEST_NAME - 1] = '\0';
	if (create.capacity > MP_TEST_MAX_CAPACITY)
		return -ERANGE;
	pool = mp_test_pool_create(&create);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	number = mp_test_add(file, pool);
	if (number < 0) {
		mp_test_pool_close(pool);
		mp_test_pool_put(pool);
		return number;
	}
	create.pool = number;
	return copy_to_user(arg, &create, sizeof(create)) ? -EFAULT : 0;
}

static int mp_test_ioc_destroy(struct mp_test_file *file, void __user *arg)
{
	struct mp_test_pool *pool;
	u32 number;
	int err;

	if (get_user(number, (u32 __user *)arg))
		return -EFAULT;
	pool = mp_test_take(file, number);
	if (!pool)
		return -ENXIO;
	err = mp_test_pool_destroy(pool);
	mp_test_pool_put(pool);
	return err;
}

static int mp_test_do_call(struct mp_test_pool *pool, struct mp_test_call *call)
{
	int err = mp_test_verb_check(pool, call);

	if (!err)
		err = mp_test_items_fill(pool, call->first, call->count);
	if (!err)
		mp_test_run_in(pool, call);
	return err;
}

static int mp_test_ioc_call(struct mp_test_file *file, void __user *arg)
{
	struct mp_test_pool *pool;
	struct mp_test_call call;
	int err;

	if (copy_from_user(&call, arg, sizeof(call)))
		return -EFAULT;
	pool = mp_test_get(file, call.pool);
	if (!pool)
		return -ENXIO;
	err = mp_test_do_call(pool, &call);
	mp_test_pool_put(pool);
	if (!err && copy_to_user(arg, &call, sizeof(call)))
		err = -EFAULT;
	return err;
}

static int mp_test_do_query(struct mp_test_pool *pool,
			    struct mp_test_query *query)
{
	struct mp_test_info __user *to = u64_to_user_ptr(query->infos);
	struct mp_test_info info;
	unsigned int i;

	if (query->first > pool->capacity ||
	    query->count > pool->capacity - query->first)
		return -ERANGE;
	for (i = 0; i < query->count; i++) {
		spin_lock_irq(&pool->lock);
		mp_test_item_info(pool->items[query->first + i], &info);
		spin_unlock_irq(&pool->lock);
		if (copy_to_user(to + i, &info, sizeof(info)))
			return -EFAULT;
	}
	return 0;
}

static int mp_test_ioc_query(struct mp_test_file *file, void __user *arg)
{
	struct mp_test_query query;
	struct mp_test_pool *pool;
	int err;

	if (copy_from_user(&query, arg, sizeof(query)))
		return -EFAULT;
	pool = mp_test_get(file, query.pool);
	if (!pool)
		return -ENXIO;
	err = mp_test_do_query(pool, &query);
	mp_test_pool_put(pool);
	return err;
}

static int mp_test_ioc_stats(struct mp_test_file *file, void __user *arg)
{
	struct mp_test_stats stats;
	struct mp_test_pool *pool;

	if (copy_from_user(&stats, arg, sizeof(stats)))
		return -EFAULT;
	pool = mp_test_get(file, stats.pool);
	if (!pool)
		return -ENXIO;
	mp_test_pool_stats(pool, &stats);
	mp_test_pool_put(pool);
	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static int mp_test_ioc_lookup(struct mp_test_file *file, void __user *arg)
{
	struct mp_test_lookup lookup;
	struct mp_test_pool *pool;
	int err;

	if (copy_from_user(&lookup, arg, sizeof(lookup)))
		return -EFAULT;
	pool = mp_test_get(file, lookup.pool);
	if (!pool)
		return -ENXIO;
	err = mp_test_pool_lookup(pool, &lookup);
	mp_test_pool_put(pool);
	if (!err && copy_to_user(arg, &lookup, sizeof(lookup)))
		err = -EFAULT;
	return err;
}

static int mp_test_ioc_evict(void __user *arg)
{
	struct mp_test_evict evict;
	u64 last;

	if (copy_from_user(&evict, arg, sizeof(evict)))
		return -EFAULT;
	last = evict.pfn + evict.count - 1;
	if (!evict.count || last < evict.pfn || !pfn_valid(evict.pfn) ||
	    !pfn_valid(last))
		return -ENXIO;
	return mp_test_compat_evict(evict.pfn, evict.count);
}

static int mp_test_ioc_frame(void __user *arg)
{
	struct mp_test_frame frame;
	struct page *page;

	if (copy_from_user(&frame, arg, sizeof(frame)))
		return -EFAULT;
	/* Of memory that is offline there is nothing to be read. */
	page = pfn_to_online_page(frame.pfn);
	if (!page)
		return -ENXIO;
	frame.refs = page_count(page);
	return copy_to_user(arg, &frame, sizeof(frame)) ? -EFAULT : 0;
}

static int mp_test_ioc_mapped(struct mp_test_file *file, void __user *arg)
{
	struct mp_test_mapped mapped;
	struct mp_test_pool *pool;

	if (copy_from_user(&mapped, arg, sizeof(mapped)))
		return -EFAULT;
	pool = mp_test_get(file, mapped.pool);
	if (!pool)
		return -ENXIO;
	mapped.fd = mp_test_mapped_fd(pool, &mapped);
	mp_test_pool_put(pool);
	if (mapped.fd < 0)
		return mapped.fd;
	return copy_to_user(arg, &mapped, sizeof(mapped)) ? -EFAULT : 0;
}

/* Of another pool than the objects'. */
static int mp_test_move_by(struct mp_test_file *file,
			   struct mp_test_pool *pool,
			   struct mp_test_move *move)
{
	struct mp_test_pool *other;
	int err;

	if (!move->other)
		return mp_test_move(pool, pool->pool, move);
	other = mp_test_get(file, move->other - 1);
	if (!other)
		return -ENXIO;
	err = mp_test_move(pool, other->pool, move);
	mp_test_pool_put(other);
	return err;
}

static int mp_test_ioc_move(struct mp_test_file *file, void __user *arg)
{
	struct mp_test_pool *pool;
	struct mp_test_move move;
	int err;

	if (copy_from_user(&move, arg, sizeof(move)))
		return -EFAULT;
	pool = mp_test_get(file, move.pool);
	if (!pool)
		return -ENXIO;
	err = mp_test_move_by(file, pool, &move);
	mp_test_pool_put(pool);
	if (!err && copy_to_user(arg, &move, sizeof(move)))
		err = -EFAULT;
	return err;
}

static bool mp_test_script_sane(const struct mp_test_script *script,
				struct mp_test_pool *act_pool)
{
	return script->act == MP_TEST_ALLOC ||
	       script->act_index == MP_TEST_OWN ||
	       (act_pool && script->act_index < act_pool->capacity);
}

static int mp_test_ioc_script(struct mp_test_file *file, void __user *arg)
{
	struct mp_test_pool *pool, *act_pool;
	struct mp_test_script script;

	if (copy_from_user(&script, arg, sizeof(script)))
		return -EFAULT;
	pool = mp_test_get(file, script.pool);
	if (!pool)
		return -ENXIO;
	act_pool = mp_test_get(file, script.act_pool);
	if (!mp_test_script_sane(&script, act_pool)) {
		if (act_pool)
			mp_test_pool_put(act_pool);
		mp_test_pool_put(pool);
		return -ERANGE;
	}
	mp_test_driver_script(pool, &script, act_pool);
	mp_test_pool_put(pool);
	return 0;
}

static int mp_test_ioc_log(struct mp_test_file *file, void __user *arg)
{
	struct mp_test_pool *pool;
	struct mp_test_log log;

	if (copy_from_user(&log, arg, sizeof(log)))
		return -EFAULT;
	pool = mp_test_get(file, log.pool);
	if (!pool)
		return -ENXIO;
	mp_test_driver_log(pool, &log);
	mp_test_pool_put(pool);
	return copy_to_user(arg, &log, sizeof(log)) ? -EFAULT : 0;
}

static int mp_test_ioc_cma(void __user *arg);

static long mp_test_ioctl(struct file *filp, unsigned int cmd,
			  unsigned long arg)
{
	struct mp_test_file *file = filp->private_data;
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case MP_TEST_IOC_CREATE:
		return mp_test_ioc_create(file, user);
	case MP_TEST_IOC_DESTROY:
		return mp_test_ioc_destroy(file, user);
	case MP_TEST_IOC_CALL:
		return mp_test_ioc_call(file, user);
	case MP_TEST_IOC_QUERY:
		return mp_test_ioc_query(file, user);
	case MP_TEST_IOC_STATS:
		return mp_test_ioc_stats(file, user);
	case MP_TEST_IOC_LOOKUP:
		return mp_test_ioc_lookup(file, user);
	case MP_TEST_IOC_EVICT:
		return mp_test_ioc_evict(user);
	case MP_TEST_IOC_FRAME:
		return mp_test_ioc_frame(user);
	case MP_TEST_IOC_MAPPED:
		return mp_test_ioc_mapped(file, user);
	case MP_TEST_IOC_MOVE:
		return mp_test_ioc_move(file, user);
	case MP_TEST_IOC_CMA:
		return mp_test_ioc_cma(user);
	case MP_TEST_IOC_SCRIPT:
		return mp_test_ioc_script(file, user);
	case MP_TEST_IOC_LOG:
		return mp_test_ioc_log(file, user);
	}
	return -ENOTTY;
}

static int mp_test_open(struct inode *inode, struct file *filp)
{
	struct mp_test_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	spin_lock_init(&file->lock);
	filp->private_data = file;
	return 0;
}

static int mp_test_release(struct inode *inode, struct file *filp)
{
	struct mp_test_file *file = filp->private_data;
	struct mp_test_pool *pool;
	u32 i;

	for (i = 0; i < MP_TEST_POOLS; i++) {
		pool = mp_test_take(file, i);
		if (!pool)
			continue;
		mp_test_pool_close(pool);
		mp_test_pool_put(pool);
	}
	kfree(file);
	return 0;
}

/* The offset names pool and object: MP_TEST_MMAP(). */
static int mp_test_mmap(struct file *filp, struct vm_area_struct *vma)
{
	unsigned long place = vma->vm_pgoff;
	struct mp_test_pool *pool;
	int err;

	pool = mp_test_get(filp->private_data, place >> MP_TEST_MMAP_SHIFT);
	if (!pool)
		return -ENXIO;
	err = mp_test_insert(pool, place & (BIT(MP_TEST_MMAP_SHIFT) - 1), vma);
	mp_test_pool_put(pool);
	return err;
}

static const struct file_operations mp_test_fops = {
	.owner = THIS_MODULE,
	.open = mp_test_open,
	.release = mp_test_release,
	.unlocked_ioctl = mp_test_ioctl,
	.mmap = mp_test_mmap,
};

static struct miscdevice mp_test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mp_test",
	.fops = &mp_test_fops,
	.mode = 0600,
};

/* For what takes a device: DMA, and memory of CMA. */
struct device *mp_test_dev(void)
{
	return mp_test_device.this_device;
}

static int mp_test_ioc_cma(void __user *arg)
{
	struct mp_test_cma cma;
	int err;

	if (copy_from_user(&cma, arg, sizeof(cma)))
		return -EFAULT;
	err = mp_test_cma(&cma);
	if (err)
		return err;
	return copy_to_user(arg, &cma, sizeof(cma)) ? -EFAULT : 0;
}

static int __init mp_test_init(void)
{
	return misc_register(&mp_test_device);
}

static void __exit mp_test_exit(void)
{
	misc_deregister(&mp_test_device);
}

module_init(mp_test_init);
module_exit(mp_test_exit);
MODULE_DESCRIPTION("Test driver of movable_pool");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
