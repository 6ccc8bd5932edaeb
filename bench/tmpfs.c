// SPDX-License-Identifier: GPL-2.0
/*
 * Page cache: a file in tmpfs.  It zeroes its pages; a pin is a reference, and
 * who has one has to look up the page each time, for it may move in between.
 */

#include <linux/err.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

#include "bench.h"
#include "compat/tmpfs.h"

static struct file *file;

static int tmpfs_begin(unsigned long count)
{
	file = bench_compat_tmpfs_file("movable_bench", count << PAGE_SHIFT);
	return PTR_ERR_OR_ZERO(file);
}

static void tmpfs_end(void)
{
	fput(file);
}

static int tmpfs_alloc(unsigned long i)
{
	struct page *page = shmem_read_mapping_page(file->f_mapping, i);

	if (IS_ERR(page))
		return PTR_ERR(page);
	put_page(page);
	return 0;
}

static struct page *tmpfs_page(unsigned long i)
{
	struct page *page = find_get_page(file->f_mapping, i);

	if (page)
		put_page(page);
	return page;
}

static int tmpfs_pin(unsigned long i)
{
	return tmpfs_page(i) ? 0 : -ENOENT;
}

static int tmpfs_free(unsigned long i)
{
	loff_t at = (loff_t)i << PAGE_SHIFT;

	shmem_truncate_range(file_inode(file), at, at + PAGE_SIZE - 1);
	return 0;
}

static struct bench_subject subjects[] = {
	{
		.name = "tmpfs",
		.begin = tmpfs_begin,
		.end = tmpfs_end,
		.op = {
			[BENCH_ALLOC] = tmpfs_alloc,
			[BENCH_PIN] = tmpfs_pin,
			[BENCH_FREE] = tmpfs_free,
		},
		.page = tmpfs_page,
	},
};

#include "subjects.h"
