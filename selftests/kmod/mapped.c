// SPDX-License-Identifier: GPL-2.0
/* Files of mapped pools.  An object's index is the place of its page. */

#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/movable_mapped.h>

#include "mp_test.h"

int mp_test_mapped_alloc(struct mp_test_item *item, gfp_t gfp)
{
	return movable_mapped_alloc(item->pool->pool, &item->mp, item->index,
				    gfp);
}

/* The pool may have been destroyed: what is left of it is the driver's part. */
static int mp_test_mapped_release(struct inode *inode, struct file *file)
{
	mp_test_pool_put(file->private_data);
	return 0;
}

static const struct file_operations mp_test_mapped_fops = {
	.owner = THIS_MODULE,
	.mmap = movable_mapped_mmap,
	.release = mp_test_mapped_release,
};

static const struct file_operations mp_test_ownerless_fops = {
	.mmap = movable_mapped_mmap,
	.release = mp_test_mapped_release,
};

static int mp_test_mapped_open(struct mp_test_pool *pool,
			       const struct mp_test_mapped *mapped)
{
	switch (mapped->kind) {
	case MP_TEST_FILE_GOOD:
		return movable_mapped_fd(pool->pool, NULL,
					 &mp_test_mapped_fops, pool,
					 mapped->flags);
	case MP_TEST_FILE_OWNERLESS:
		return movable_mapped_fd(pool->pool, NULL,
					 &mp_test_ownerless_fops, pool,
					 mapped->flags);
	case MP_TEST_FILE_STRANGE:
		return anon_inode_getfd("[mp_test]", &mp_test_mapped_fops,
					pool, O_RDWR | O_CLOEXEC);
	}
	return -ERANGE;
}

int mp_test_mapped_fd(struct mp_test_pool *pool,
		      const struct mp_test_mapped *mapped)
{
	int fd;

	/* The file's. */
	kref_get(&pool->kref);
	fd = mp_test_mapped_open(pool, mapped);
	if (fd < 0)
		mp_test_pool_put(pool);
	return fd;
}
