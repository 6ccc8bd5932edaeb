// SPDX-License-Identifier: GPL-2.0
/*
 * Anonymous memory of the process that asks for all this.  What it has for a
 * page and what a driver has are not the same, so only places are compared.
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#include "bench.h"

static struct mm_struct *mm;
static unsigned long start, size;

static int anon_begin(unsigned long count)
{
	size = count << PAGE_SHIFT;
	start = vm_mmap(NULL, 0, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(start))
		return start;
	mm = current->mm;
	mmgrab(mm);
	return 0;
}

/* Whoever else ends it leaves it to its process. */
static void anon_end(void)
{
	if (mm == current->mm)
		vm_munmap(start, size);
	mmdrop(mm);
}

static struct page *anon_page(unsigned long i)
{
	struct page *page;

	/* Nobody else, a kernel thread least of all, has this memory. */
	if (current->mm != mm)
		return NULL;
	if (get_user_pages_fast(start + (i << PAGE_SHIFT), 1, FOLL_WRITE,
				&page) != 1)
		return NULL;
	put_page(page);
	return page;
}

static int anon_alloc(unsigned long i)
{
	return anon_page(i) ? 0 : -ENOMEM;
}

static struct bench_subject subjects[] = {
	{
		.name = "anon",
		.begin = anon_begin,
		.end = anon_end,
		.op = {
			[BENCH_ALLOC] = anon_alloc,
		},
		.page = anon_page,
	},
};

#include "subjects.h"
