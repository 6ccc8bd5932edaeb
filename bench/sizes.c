// SPDX-License-Identifier: GPL-2.0
/* Sizes of objects as they are in real life: written to debugfs, "sizes". */

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/mm.h>

#include "sizes.h"

/* Numbers of two bytes each; one user, who writes while nothing is measured. */
static u16 sizes[1 << 16];
static unsigned int n;

/**
 * bench_size() - how large an object is
 * @i: its number
 *
 * Return: bytes, at most a page; a page if nobody has said.
 */
unsigned int bench_size(unsigned long i)
{
	unsigned int count = READ_ONCE(n);

	return count ? sizes[i % count] : PAGE_SIZE;
}
EXPORT_SYMBOL_GPL(bench_size);

static bool bench_sizes_good(unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!sizes[i] || sizes[i] > PAGE_SIZE)
			return false;
	return true;
}

static ssize_t bench_sizes_write(struct file *file, const char __user *buf,
				 size_t size, loff_t *pos)
{
	ssize_t done = simple_write_to_buffer(sizes, sizeof(sizes), pos, buf,
					      size);

	if (done < 0)
		return done;
	n = *pos / sizeof(*sizes);
	if (bench_sizes_good(n))
		return done ?: -ENOSPC;
	n = 0;
	return -EINVAL;
}

const struct file_operations bench_sizes_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = bench_sizes_write,
	.llseek = default_llseek,
};
