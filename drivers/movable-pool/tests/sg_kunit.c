// SPDX-License-Identifier: GPL-2.0
/* Scatterlists: how pages are joined, and what is left after each failure. */

#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/movable_sg.h>
#include <linux/string.h>

#include "tests.h"

#define ORDER	3
#define PAGES	BIT(ORDER)

/* A block of memory, frame by frame, or last frame first. */
struct mp_block {
	struct movable_pool *pool;
	struct movable_page mps[PAGES];
};

static struct mp_block *block_new(struct kunit *test, bool backwards)
{
	struct mp_block *block = kunit_kzalloc(test, sizeof(*block),
					       GFP_KERNEL);
	struct page *pages = alloc_pages(GFP_HIGHUSER_MOVABLE, ORDER);
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, block && pages);
	split_page(pages, ORDER);
	block->pool = mp_fix_pool(test, test->priv, NULL, 0, NULL);
	for (i = 0; i < PAGES; i++) {
		unsigned int at = backwards ? PAGES - 1 - i : i;

		KUNIT_ASSERT_EQ(test, movable_page_adopt(block->pool,
							 &block->mps[at],
							 pages + i), 0);
	}
	KUNIT_ASSERT_EQ(test, movable_array_publish(block->mps, PAGES), 0);
	return block;
}

static void block_end(struct kunit *test, struct mp_block *block)
{
	KUNIT_EXPECT_EQ(test, movable_array_free(block->mps, PAGES), 0);
	movable_pool_destroy(block->pool);
	KUNIT_EXPECT_FALSE(test, mp_hooks_left());
}

static unsigned int block_pins(struct mp_block *block)
{
	unsigned int i, pins = 0;

	for (i = 0; i < PAGES; i++)
		pins += movable_page_pins(&block->mps[i]);
	return pins;
}

/* Each page of the table is the array's, in its order. */
static void table_is(struct kunit *test, struct sg_table *table,
		     struct mp_block *block, unsigned int max_segment)
{
	struct scatterlist *sg;
	unsigned int i, page = 0, at;

	for_each_sgtable_sg(table, sg, i) {
		KUNIT_EXPECT_LE(test, sg->length, max_segment);
		KUNIT_EXPECT_EQ(test, sg->offset, 0U);
		for (at = 0; at < sg->length; at += PAGE_SIZE, page++)
			KUNIT_EXPECT_EQ(test, page_to_pfn(sg_page(sg)) +
					at / PAGE_SIZE,
					movable_page_pfn(&block->mps[page]));
	}
	KUNIT_EXPECT_EQ(test, page, PAGES);
}

static void table_has(struct kunit *test, struct mp_block *block,
		      unsigned int max_segment, unsigned int segments)
{
	struct sg_table table;

	KUNIT_ASSERT_EQ(test, movable_sg_pin(&table, block->mps, PAGES,
					     max_segment), 0);
	KUNIT_EXPECT_EQ_MSG(test, table.orig_nents, segments,
			    "of %u bytes at most", max_segment);
	KUNIT_EXPECT_EQ(test, block_pins(block), PAGES);
	table_is(test, &table, block, max_segment);
	/* As in a device's interrupt. */
	local_irq_disable();
	movable_sg_unpin(&table, block->mps, PAGES);
	local_irq_enable();
	KUNIT_EXPECT_EQ(test, block_pins(block), 0U);
}

static void sg_joins_up_to_a_limit(struct kunit *test)
{
	struct mp_block *block = block_new(test, false);

	table_has(test, block, UINT_MAX, 1);
	table_has(test, block, PAGES * PAGE_SIZE, 1);
	table_has(test, block, PAGES * PAGE_SIZE - 1, 2);
	table_has(test, block, 3 * PAGE_SIZE, 3);
	table_has(test, block, 2 * PAGE_SIZE + 100, 4);
	table_has(test, block, PAGE_SIZE, PAGES);
	block_end(test, block);
}

static void sg_keeps_the_arrays_order(struct kunit *test)
{
	struct mp_block *block = block_new(test, true);

	table_has(test, block, UINT_MAX, PAGES);
	block_end(test, block);
}

static void no_table(struct kunit *test, struct mp_block *block,
		     unsigned int n, unsigned int max_segment, int err)
{
	struct sg_table table;

	KUNIT_EXPECT_EQ(test, movable_sg_pin(&table, block->mps, n,
					     max_segment), err);
	KUNIT_EXPECT_EQ(test, block_pins(block), 0U);
}

static void sg_fails(struct kunit *test)
{
	struct mp_block *block = block_new(test, false);

	no_table(test, block, 0, UINT_MAX, -EINVAL);
	no_table(test, block, PAGES, 0, -EINVAL);
	no_table(test, block, PAGES, PAGE_SIZE - 1, -EINVAL);
	mp_hook_fail(MP_FAIL_SG_PAGES);
	no_table(test, block, PAGES, UINT_MAX, -ENOMEM);
	mp_hook_fail(MP_FAIL_SG_TABLE);
	no_table(test, block, PAGES, UINT_MAX, -ENOMEM);
	block_end(test, block);
}

/* Each of them in turn: its memory has failed, or it has no page. */
static void sg_of_a_page_that_cannot_be_pinned(struct kunit *test)
{
	struct mp_block *block = block_new(test, false);
	char last[160];
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		atomic64_or(MP_WORD_POISONED, &block->mps[i].word);
		no_table(test, block, PAGES, UINT_MAX, -EHWPOISON);
		atomic64_andnot(MP_WORD_POISONED, &block->mps[i].word);
	}
	for (i = 0; i < PAGES; i++) {
		KUNIT_ASSERT_EQ(test, movable_page_free(&block->mps[i]), 0);
		no_table(test, block, PAGES, UINT_MAX, -ENOENT);
		KUNIT_EXPECT_EQ(test, mp_hooks_said(last, sizeof(last)), 1U);
		KUNIT_ASSERT_EQ(test, movable_page_alloc(block->pool,
							 &block->mps[i],
							 GFP_KERNEL), 0);
	}
	block_end(test, block);
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(sg_joins_up_to_a_limit),
	KUNIT_CASE(sg_keeps_the_arrays_order),
	KUNIT_CASE(sg_fails),
	KUNIT_CASE(sg_of_a_page_that_cannot_be_pinned),
	{}
};

MP_SUITE(tested, "sg", mp_cases);
kunit_test_suites(&mp_suite_tested);
