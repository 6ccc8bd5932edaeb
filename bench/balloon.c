// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's balloon infrastructure, with a driver that does what they all
 * do but has no host to tell.  A page that moves is not copied.
 */

#include <linux/list.h>
#include <linux/mm.h>

#include "balloon.h"
#include "bench.h"

static struct page **pages;
static struct balloon_dev_info info;

static int balloon_begin(unsigned long count)
{
	int err;

	pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	balloon_devinfo_init(&info);
	err = bench_balloon_open(&info);
	if (err)
		kvfree(pages);
	return err;
}

static void balloon_end(void)
{
	bench_balloon_close(&info);
	kvfree(pages);
}

static int balloon_alloc(unsigned long i)
{
	pages[i] = balloon_page_alloc();
	return pages[i] ? 0 : -ENOMEM;
}

static int balloon_publish(unsigned long i)
{
	balloon_page_enqueue(&info, pages[i]);
	return 0;
}

/* Any; which, it does not let one say. */
static int balloon_free(unsigned long i)
{
	struct page *page;
	LIST_HEAD(one);

	if (!balloon_page_list_dequeue(&info, &one, 1))
		return -EAGAIN;
	page = list_first_entry(&one, struct page, lru);
	list_del(&page->lru);
	put_page(page);
	return 0;
}

static struct page *balloon_page(unsigned long i)
{
	return pages[i];
}

static struct bench_subject subjects[] = {
	{
		.name = "balloon",
		.begin = balloon_begin,
		.end = balloon_end,
		.op = {
			[BENCH_ALLOC] = balloon_alloc,
			[BENCH_PUBLISH] = balloon_publish,
			[BENCH_FREE] = balloon_free,
		},
		.page = balloon_page,
	},
};

#include "subjects.h"
