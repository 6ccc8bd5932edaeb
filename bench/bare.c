// SPDX-License-Identifier: GPL-2.0
/* The smallest driver whose pages move (bare.h). */

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "bare.h"
#include "bench.h"

static struct page **pages;

static int bare_begin(unsigned long count)
{
	int err;

	pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	err = bench_bare_register();
	if (err)
		kvfree(pages);
	return err;
}

static void bare_end(void)
{
	bench_bare_unregister();
	kvfree(pages);
}

static int bare_alloc(unsigned long i)
{
	pages[i] = alloc_page(BENCH_GFP);
	return pages[i] ? 0 : -ENOMEM;
}

/* page->private is 0 for pages that are nobody's (kernel-patches/7.2). */
static void bare_set(unsigned long i, struct page *page)
{
	pages[i] = page;
	set_page_private(page, i + 1);
}

static int bare_publish(unsigned long i)
{
	struct page *page = pages[i];

	lock_page(page);
	bare_set(i, page);
	bench_bare_mark(page);
	unlock_page(page);
	return 0;
}

static int bare_free(unsigned long i)
{
	struct page *page = pages[i];

	lock_page(page);
	set_page_private(page, 0);
	bench_bare_unmark(page);
	unlock_page(page);
	put_page(page);
	return 0;
}

/* Both pages are locked.  The VM gives up its own reference to @src. */
void bench_bare_copy(struct page *dst, struct page *src)
{
	copy_highpage(dst, src);
	get_page(dst);
	bench_bare_mark(dst);
	bare_set(page_private(src) - 1, dst);
	set_page_private(src, 0);
	bench_bare_unmark(src);
	put_page(src);
}

static struct page *bare_page(unsigned long i)
{
	return pages[i];
}

static struct bench_subject subjects[] = {
	{
		.name = "bare",
		.begin = bare_begin,
		.end = bare_end,
		.op = {
			[BENCH_ALLOC] = bare_alloc,
			[BENCH_PUBLISH] = bare_publish,
			[BENCH_FREE] = bare_free,
		},
		.page = bare_page,
	},
};

#include "subjects.h"
