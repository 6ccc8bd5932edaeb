// SPDX-License-Identifier: GPL-2.0
/*
 * A platform device with a buffer of movable pages, all of which ends with it.
 * Its second half is a cache that memory pressure may have.  What tests want of
 * it they write to, and read from, files of the device:
 *
 *	verify	pages that are not what they should be, and pages there are
 *	pin	1 pins the buffer, 0 unpins it
 *	sg	read: segments and pages of a table; written: most bytes in one
 *	fill	written: the cache has its pages again
 *
 * Parameters say which mistakes the driver makes, or what fails.
 */

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include <linux/movable_cleanup.h>
#include <linux/movable_devm.h>
#include <linux/movable_sg.h>

static unsigned int pages = 256;
module_param(pages, uint, 0644);
MODULE_PARM_DESC(pages, "in the buffer");

static bool fail;
module_param(fail, bool, 0644);
MODULE_PARM_DESC(fail, "probe fails when all is there");

static bool leave;
module_param(leave, bool, 0644);
MODULE_PARM_DESC(leave, "leave a page that is in no array");

static unsigned int scan_ms;
module_param(scan_ms, uint, 0644);
MODULE_PARM_DESC(scan_ms, "the shrinker takes so long");

static unsigned int scans;
module_param(scans, uint, 0444);
MODULE_PARM_DESC(scans, "how often it has been called");

/**
 * struct mp_devm - the driver's data, older than the pool
 * @lock: guards @kept and @pinned
 * @pool: ends with the device
 * @pages: the buffer
 * @n: pages in it
 * @kept: of these, pages that are there, the first ones
 * @pinned: all of these are pinned
 * @max_segment: of tables
 * @other: a page that is not of the array
 */
struct mp_devm {
	struct mutex lock;	/* @kept, @pinned; trylocked by the shrinker */
	struct movable_pool *pool;
	struct movable_page *pages;
	unsigned int n;
	unsigned int kept;
	bool pinned;
	unsigned int max_segment;
	struct movable_page other;
};

static u64 mp_devm_word(unsigned int page)
{
	return 0x9e3779b97f4a7c15ULL * (page + 1);
}

/* Where the kernel has scopes, this is what they are for. */
static int mp_devm_write(struct movable_page *mp, unsigned int page)
{
#ifdef CLASS
	CLASS(movable_page_map, at)(mp);

	if (IS_ERR(at.addr))
		return PTR_ERR(at.addr);
	memset64(at.addr, mp_devm_word(page), PAGE_SIZE / sizeof(u64));
#else
	u64 *addr = movable_page_map(mp);

	if (IS_ERR(addr))
		return PTR_ERR(addr);
	memset64(addr, mp_devm_word(page), PAGE_SIZE / sizeof(u64));
	movable_page_unmap(mp);
#endif
	return 0;
}

static bool mp_devm_whole(const u64 *addr, unsigned int page)
{
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(u64); i++)
		if (addr[i] != mp_devm_word(page))
			return false;
	return true;
}

/* From @first to the end, which have no pages, or private ones. */
static int mp_devm_prepare(struct mp_devm *d, unsigned int first)
{
	unsigned int i;
	int err = 0;

	for (i = first; !err && i < d->n; i++)
		err = mp_devm_write(&d->pages[i], i);
	if (!err)
		err = movable_array_publish(d->pages + first, d->n - first);
	return err;
}

static unsigned long mp_devm_count(struct movable_pool *pool)
{
	struct mp_devm *d = movable_pool_priv(pool);
	unsigned int kept = READ_ONCE(d->kept);

	return kept > d->n / 2 ? kept - d->n / 2 : 0;
}

static unsigned long mp_devm_drop(struct mp_devm *d, unsigned long nr)
{
	unsigned int drop = min_t(unsigned long, nr, mp_devm_count(d->pool));

	if (!drop || d->pinned)
		return 0;
	WRITE_ONCE(d->kept, d->kept - drop);
	WARN_ON(movable_array_free(d->pages + d->kept, drop));
	return drop;
}

static unsigned long mp_devm_scan(struct movable_pool *pool, unsigned long nr)
{
	struct mp_devm *d = movable_pool_priv(pool);
	unsigned long freed;

	if (!mutex_trylock(&d->lock))
		return 0;
	scans++;
	if (scan_ms)
		msleep(scan_ms);
	freed = mp_devm_drop(d, nr);
	mutex_unlock(&d->lock);
	return freed;
}

static const struct movable_shrinker_ops mp_devm_shrinker_ops = {
	.count = mp_devm_count,
	.scan = mp_devm_scan,
};

static int mp_devm_verify(struct mp_devm *d, unsigned int *wrong)
{
	void *addr = movable_array_vmap(d->pages, d->kept);
	unsigned int i;

	*wrong = 0;
	if (IS_ERR(addr))
		return PTR_ERR(addr);
	for (i = 0; i < d->kept; i++)
		*wrong += !mp_devm_whole(addr + i * PAGE_SIZE, i);
	movable_array_vunmap(addr, d->pages, d->kept);
	return 0;
}

static ssize_t verify_show(struct device *dev, struct device_attribute *attr,
			   char *text)
{
	struct mp_devm *d = dev_get_drvdata(dev);
	unsigned int wrong;
	int err;

	mutex_lock(&d->lock);
	err = mp_devm_verify(d, &wrong);
	mutex_unlock(&d->lock);
	return err ?: sysfs_emit(text, "%u %u\n", wrong, d->kept);
}
static DEVICE_ATTR_ADMIN_RO(verify);

static int mp_devm_pin(struct mp_devm *d, bool pin)
{
	int err = 0;

	if (d->pinned == pin)
		return -EALREADY;
	if (pin)
		err = movable_array_pin(d->pages, d->kept);
	else
		movable_array_unpin(d->pages, d->kept);
	if (!err)
		d->pinned = pin;
	return err;
}

static ssize_t pin_store(struct device *dev, struct device_attribute *attr,
			 const char *text, size_t size)
{
	struct mp_devm *d = dev_get_drvdata(dev);
	bool pin;
	int err = kstrtobool(text, &pin);

	if (err)
		return err;
	mutex_lock(&d->lock);
	err = mp_devm_pin(d, pin);
	mutex_unlock(&d->lock);
	return err ?: size;
}
static DEVICE_ATTR_WO(pin);

/* As for a transfer, which is over at once. */
static int mp_devm_transfer(struct device *dev, struct mp_devm *d,
			    unsigned int *segments, unsigned int *bytes)
{
	struct scatterlist *sg;
	unsigned int sum = 0;
	struct sg_table table;
	unsigned int i;
	int err;

	err = movable_sg_pin(&table, d->pages, d->kept, d->max_segment);
	if (err)
		return err;
	*segments = table.orig_nents;
	err = dma_map_sgtable(dev, &table, DMA_TO_DEVICE, 0);
	if (!err) {
		for_each_sgtable_dma_sg(&table, sg, i)
			sum += sg_dma_len(sg);
		dma_unmap_sgtable(dev, &table, DMA_TO_DEVICE, 0);
	}
	*bytes = sum;
	movable_sg_unpin(&table, d->pages, d->kept);
	return err;
}

static ssize_t sg_show(struct device *dev, struct device_attribute *attr,
		       char *text)
{
	struct mp_devm *d = dev_get_drvdata(dev);
	unsigned int segments, bytes;
	int err;

	mutex_lock(&d->lock);
	err = mp_devm_transfer(dev, d, &segments, &bytes);
	mutex_unlock(&d->lock);
	return err ?: sysfs_emit(text, "%u %lu\n", segments,
				 bytes / PAGE_SIZE);
}

static ssize_t sg_store(struct device *dev, struct device_attribute *attr,
			const char *text, size_t size)
{
	struct mp_devm *d = dev_get_drvdata(dev);

	return kstrtouint(text, 0, &d->max_segment) ?: size;
}
static DEVICE_ATTR_RW(sg);

static int mp_devm_fill(struct mp_devm *d)
{
	unsigned int lost = d->n - d->kept;
	int err = movable_array_alloc(d->pool, d->pages + d->kept, lost,
				      GFP_KERNEL | __GFP_NORETRY);

	if (err)
		return err;
	err = mp_devm_prepare(d, d->kept);
	if (err)
		WARN_ON(movable_array_free(d->pages + d->kept, lost));
	else
		WRITE_ONCE(d->kept, d->n);
	return err;
}

static ssize_t fill_store(struct device *dev, struct device_attribute *attr,
			  const char *text, size_t size)
{
	struct mp_devm *d = dev_get_drvdata(dev);
	int err = -EBUSY;

	mutex_lock(&d->lock);
	if (!d->pinned)
		err = mp_devm_fill(d);
	mutex_unlock(&d->lock);
	return err ?: size;
}
static DEVICE_ATTR_WO(fill);

static struct attribute *mp_devm_attrs[] = {
	&dev_attr_verify.attr,
	&dev_attr_pin.attr,
	&dev_attr_sg.attr,
	&dev_attr_fill.attr,
	NULL
};
ATTRIBUTE_GROUPS(mp_devm);

static int mp_devm_buffer(struct device *dev, struct mp_devm *d)
{
	int err;

	d->pages = devm_movable_array_alloc(dev, d->pool, d->n, GFP_KERNEL);
	if (IS_ERR(d->pages))
		return PTR_ERR(d->pages);
	err = mp_devm_prepare(d, 0);
	if (err)
		return err;
	d->kept = d->n;
	return devm_movable_pool_shrinker_add(dev, d->pool,
					      &mp_devm_shrinker_ops);
}

static int mp_devm_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct mp_devm *d = devm_kzalloc(dev, sizeof(*d), GFP_KERNEL);
	struct movable_pool_attr attr = { .name = "devm", .priv = d };
	int err;

	if (!d)
		return -ENOMEM;
	mutex_init(&d->lock);
	d->n = pages;
	d->max_segment = UINT_MAX;
	dev_set_drvdata(dev, d);
	d->pool = devm_movable_pool_create(dev, &attr);
	if (IS_ERR(d->pool))
		return PTR_ERR(d->pool);
	err = mp_devm_buffer(dev, d);
	if (!err)
		err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (!err && leave)
		err = movable_page_alloc(d->pool, &d->other, GFP_KERNEL);
	/* Not an error for which the driver core looks for another driver. */
	return err ?: fail ? -EIO : 0;
}

static struct platform_driver mp_devm_driver = {
	.probe = mp_devm_probe,
	.driver = {
		.name = "mp_devm",
		.dev_groups = mp_devm_groups,
	},
};

static struct platform_device *mp_devm_device;

static int __init mp_devm_init(void)
{
	int err = platform_driver_register(&mp_devm_driver);

	if (err)
		return err;
	mp_devm_device = platform_device_register_simple("mp_devm", -1, NULL,
							 0);
	err = PTR_ERR_OR_ZERO(mp_devm_device);
	if (err)
		platform_driver_unregister(&mp_devm_driver);
	return err;
}

static void __exit mp_devm_exit(void)
{
	platform_device_unregister(mp_devm_device);
	platform_driver_unregister(&mp_devm_driver);
}

module_init(mp_devm_init);
module_exit(mp_devm_exit);
MODULE_DESCRIPTION("Test of movable_pool: a device with a buffer");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
