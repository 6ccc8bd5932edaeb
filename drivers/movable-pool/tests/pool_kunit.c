// SPDX-License-Identifier: GPL-2.0
/* Pools: what they refuse, what fails, and how they end. */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/string.h>

#include "../link.h"
#include "../loose.h"
#include "tests.h"

#define BAD_GFP		"refused gfp"
#define NOT_ADOPTABLE	"cannot adopt pfn"
#define LEFT_OVER	"destroyed with 1 pages still allocated"

static int mp_create(const char *name, unsigned int flags)
{
	struct movable_pool_attr attr = { .name = name, .flags = flags };
	struct movable_pool *pool = movable_pool_create(&attr);

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	movable_pool_destroy(pool);
	return 0;
}

static void attributes(struct kunit *test)
{
	static const char longest[] = "12345678901234567890123456789012";

	KUNIT_EXPECT_EQ(test, mp_create("a", 0), 0);
	KUNIT_EXPECT_EQ(test, mp_create(longest, 0), 0);
	KUNIT_EXPECT_EQ(test, mp_create("123456789012345678901234567890123",
					0), -EINVAL);
	KUNIT_EXPECT_EQ(test, mp_create("", 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, mp_create(NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, mp_create("a/b", 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, mp_create("a", MOVABLE_POOL_FLAGS + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, mp_create("a", MOVABLE_POOL_UNMOVABLE |
					MOVABLE_POOL_PAGE_CACHE), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(__movable_pool_create(NULL, NULL)),
			-EINVAL);
	movable_pool_destroy(NULL);
	movable_pool_destroy(ERR_PTR(-ENOMEM));
}

static void create_fails(struct kunit *test)
{
	static const enum mp_fail fails[] = {
		MP_FAIL_ALLOC_POOL, MP_FAIL_ALLOC_STATS, MP_FAIL_ALLOC_PINS,
		MP_FAIL_ALLOC_NAME, MP_FAIL_ALLOC_CACHE, MP_FAIL_ALLOC_INODE,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(fails); i++) {
		mp_hook_fail(fails[i]);
		KUNIT_EXPECT_EQ_MSG(test, mp_create("kunit",
						    MOVABLE_POOL_PAGE_CACHE),
				    -ENOMEM, "%d", i);
		KUNIT_EXPECT_FALSE_MSG(test, mp_hooks_left(), "%d", i);
	}
}

/* Nothing is taken, nothing lost, and the handle is as it was. */
static void alloc_fails(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "alloc fails");
	struct movable_pool_stats s;

	mp_hook_fail(MP_FAIL_ALLOC_PAGE);
	KUNIT_EXPECT_EQ(test, movable_page_alloc(fix->pool, &fix->mp,
						 GFP_KERNEL), -ENOMEM);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&fix->mp.word), 0ULL);
	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ(test, s.pages + s.allocated + s.freed, 0UL);
	mp_fix_end(fix);
}

static void gfp_refused(struct kunit *test)
{
	static const gfp_t bad[] = {
		__GFP_ACCOUNT, __GFP_COMP, __GFP_DMA, __GFP_DMA32,
		__GFP_RECLAIMABLE,
	};
	struct mp_fix *fix = mp_fix_new(test, "gfp");
	struct movable_page *mp = &fix->mp;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ_MSG(test, movable_page_alloc(fix->pool, mp,
							     GFP_KERNEL |
							     bad[i]),
				    -EINVAL, "gfp %d", i);
		mp_fix_said(fix, BAD_GFP);
		KUNIT_EXPECT_EQ_MSG(test,
				    movable_page_alloc_bulk(fix->pool, &mp, 1,
							    GFP_KERNEL |
							    bad[i]), 0U,
				    "gfp %d", i);
		mp_fix_said(fix, BAD_GFP);
	}
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&mp->word), 0ULL);
	mp_fix_end(fix);
}

/* One page of two is refused, by each way in. */
static void page_limit(struct kunit *test)
{
	struct movable_page a = {}, b = {}, c = {};
	struct movable_page *many[] = { &a, &b, &c };
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);
	struct movable_pool_stats s;
	struct movable_pool *pool;

	pool = mp_fix_pool(test, test->priv, &mp_fix_ops, 2, NULL);
	KUNIT_EXPECT_EQ(test, movable_page_alloc(pool, &a, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, movable_page_alloc(pool, &b, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, movable_page_alloc(pool, &c, GFP_KERNEL),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, movable_page_adopt(pool, &c, page), -ENOSPC);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&c.word), 0ULL);
	KUNIT_EXPECT_EQ(test, movable_page_free(&a), 0);
	KUNIT_EXPECT_EQ(test, movable_page_free(&b), 0);
	KUNIT_EXPECT_EQ(test, movable_page_alloc_bulk(pool, many, 3,
						      GFP_KERNEL), 2U);
	movable_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.pages, 2UL);
	KUNIT_EXPECT_EQ(test, movable_page_free(&a), 0);
	KUNIT_EXPECT_EQ(test, movable_page_adopt(pool, &a, page), 0);
	KUNIT_EXPECT_EQ(test, movable_page_free(&a), 0);
	KUNIT_EXPECT_EQ(test, movable_page_free(&b), 0);
	movable_pool_destroy(pool);
}

/* More than are taken from the allocator at a time; some singly. */
static void bulk(struct kunit *test)
{
	struct movable_page *mps = kunit_kcalloc(test, 100, sizeof(*mps),
						 GFP_KERNEL);
	struct movable_page **many = kunit_kcalloc(test, 100, sizeof(*many),
						   GFP_KERNEL);
	struct movable_pool_stats s;
	struct movable_pool *pool;
	struct page *page;
	int i;

	KUNIT_ASSERT_TRUE(test, mps && many);
	for (i = 0; i < 100; i++)
		many[i] = &mps[i];
	pool = mp_fix_pool(test, test->priv, NULL, 0, NULL);
	mp_hook_fail(MP_FAIL_ALLOC_BULK);
	KUNIT_EXPECT_EQ(test, movable_page_alloc_bulk(pool, many, 100,
						      GFP_KERNEL), 100U);
	movable_pool_stats(pool, &s);
	KUNIT_EXPECT_EQ(test, s.allocated, 100UL);
	for (i = 0; i < 100; i++) {
		page = pfn_to_page(movable_page_pfn(&mps[i]));
		KUNIT_EXPECT_PTR_EQ(test, movable_page_lookup(pool, page),
				    &mps[i]);
		KUNIT_EXPECT_EQ(test, movable_page_free(&mps[i]), 0);
	}
	movable_pool_destroy(pool);
}

/* Pages on per-CPU lists are not counted as free. */
static unsigned long mp_free_pages(struct kunit *test)
{
	struct sysinfo info;

	KUNIT_ASSERT_EQ(test, mp_vm_drain(), 0);
	si_meminfo(&info);
	return info.freeram;
}

#define ROUNDS	500

/*
 * A pool that is full refuses the first of five; what the page allocator has
 * given for them goes back.  On one CPU without SMP that is one page, not five.
 */
static void bulk_gives_back(struct kunit *test)
{
	struct movable_page mps[5] = {}, full = {};
	struct movable_page *many[5];
	struct movable_pool *pool;
	unsigned long before;
	int i;

	for (i = 0; i < 5; i++)
		many[i] = &mps[i];
	pool = mp_fix_pool(test, test->priv, &mp_fix_ops, 1, NULL);
	KUNIT_ASSERT_EQ(test, movable_page_alloc(pool, &full, GFP_KERNEL), 0);
	before = mp_free_pages(test);
	for (i = 0; i < ROUNDS; i++)
		KUNIT_EXPECT_EQ(test, movable_page_alloc_bulk(pool, many, 5,
							      GFP_KERNEL), 0U);
	/* A page lost in each round is more than others take meanwhile. */
	KUNIT_EXPECT_GT(test, mp_free_pages(test) + ROUNDS / 2, before);
	KUNIT_EXPECT_EQ(test, movable_page_free(&full), 0);
	movable_pool_destroy(pool);
}

static void mp_not_adopted(struct mp_fix *fix, struct page *page, int err,
			   const char *said)
{
	KUNIT_EXPECT_EQ(fix->test, movable_page_adopt(fix->pool, &fix->mp,
						      page), err);
	KUNIT_EXPECT_EQ(fix->test, (u64)atomic64_read(&fix->mp.word), 0ULL);
	mp_fix_said(fix, said);
}

static void adopt_refused(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "adopt");
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);
	struct page *big = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);

	KUNIT_ASSERT_TRUE(test, page && big);
	mp_not_adopted(fix, big, -EINVAL, NOT_ADOPTABLE);
	get_page(page);
	mp_not_adopted(fix, page, -EBUSY, NULL);
	put_page(page);
	lock_page(page);
	mp_not_adopted(fix, page, -EBUSY, NULL);
	unlock_page(page);
	page->mapping = (void *)test;
	mp_not_adopted(fix, page, -EINVAL, NOT_ADOPTABLE);
	page->mapping = NULL;
	SetPagePrivate(page);
	mp_not_adopted(fix, page, -EINVAL, NOT_ADOPTABLE);
	ClearPagePrivate(page);
	atomic_set(&page->_mapcount, 0);
	mp_not_adopted(fix, page, -EINVAL, NOT_ADOPTABLE);
	atomic_set(&page->_mapcount, -1);
	KUNIT_EXPECT_EQ(test, movable_page_adopt(fix->pool, &fix->mp, page), 0);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	__free_pages(big, 1);
	mp_fix_end(fix);
}

/* A driver that has no ops->freed cannot be told. */
static void free_async_needs_op(struct kunit *test)
{
	static const struct movable_pool_ops no_ops;
	struct movable_page mp = {};
	struct movable_pool *pool;
	u64 word;

	pool = mp_fix_pool(test, test->priv, &no_ops, 0, NULL);
	KUNIT_ASSERT_EQ(test, movable_page_alloc(pool, &mp, GFP_KERNEL), 0);
	word = atomic64_read(&mp.word);
	KUNIT_EXPECT_EQ(test, word & 0xffffff, 1ULL);
	KUNIT_EXPECT_EQ(test, movable_page_free_async(&mp), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&mp.word), word);
	KUNIT_EXPECT_EQ(test, movable_page_free(&mp), 0);
	movable_pool_destroy(pool);
}

static void vmap_set(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "vmap");
	struct movable_page other = {};
	struct movable_page *both[] = { &fix->mp, &other };
	char *addr;

	mp_fix_make(fix, true);
	KUNIT_EXPECT_EQ(test, PTR_ERR(movable_page_vmap(both, 0)), -EINVAL);
	/* All or none: the second has no page. */
	KUNIT_EXPECT_EQ(test, PTR_ERR(movable_page_vmap(both, 2)), -ENOENT);
	mp_fix_said(fix, "pin of a handle without a page");
	KUNIT_EXPECT_EQ(test, movable_page_pins(&fix->mp), 0U);
	KUNIT_ASSERT_EQ(test, movable_page_alloc(fix->pool, &other,
						 GFP_KERNEL), 0);
	mp_hook_fail(MP_FAIL_VMAP_SET);
	KUNIT_EXPECT_EQ(test, PTR_ERR(movable_page_vmap(both, 2)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, movable_page_pins(&fix->mp), 0U);
	mp_hook_fail(MP_FAIL_VMAP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(movable_page_vmap(both, 2)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, movable_page_pins(&fix->mp), 0U);
	addr = movable_page_vmap(both, 2);
	KUNIT_ASSERT_FALSE(test, IS_ERR(addr));
	KUNIT_EXPECT_EQ(test, movable_page_pins(&other), 1U);
	KUNIT_EXPECT_EQ(test, page_to_pfn(vmalloc_to_page(addr + PAGE_SIZE)),
			movable_page_pfn(&other));
	movable_page_vunmap(addr, both, 2);
	KUNIT_EXPECT_EQ(test, movable_page_pins(&other), 0U);
	KUNIT_EXPECT_EQ(test, movable_page_free(&other), 0);
	mp_fix_end(fix);
}

/* Another pool's page is not ours, whatever it looks like. */
static void lookup_of_others(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "others");
	struct movable_pool *pool;

	pool = mp_fix_pool(test, test->priv, &mp_fix_ops, 0, NULL);
	mp_fix_make(fix, true);
	KUNIT_EXPECT_NULL(test, movable_page_lookup(pool, fix->src));
	KUNIT_EXPECT_PTR_EQ(test, movable_page_lookup(fix->pool, fix->src),
			    &fix->mp);
	KUNIT_EXPECT_EQ(test, page_count(fix->src), 1);
	movable_pool_destroy(pool);
	mp_fix_end(fix);
}

/* What a driver leaves behind: destroy() says so, and ends it. */
struct mp_leftover {
	enum mp_at at;
	bool stranded;		/* pinned: its frame is never used again */
};

static const struct mp_leftover mp_leftovers[] = {
	{ MP_AT_PRIVATE },
	{ MP_AT_PRIVATE_PINNED, .stranded = true },
	{ MP_AT_LIVE },
	{ MP_AT_LIVE_PINNED, .stranded = true },
	{ MP_AT_ISOLATED },
};

static void mp_destroy_leftover(struct mp_fix *fix)
{
	get_page(fix->src);
	mp_fix_said(fix, NULL);
	movable_pool_destroy(fix->pool);
	fix->pool = NULL;
	mp_fix_said(fix, LEFT_OVER);
}

static void destroy_leftovers(struct kunit *test)
{
	const struct mp_leftover *left;
	struct mp_fix *fix;
	int i;

	for (i = 0; i < ARRAY_SIZE(mp_leftovers); i++) {
		left = &mp_leftovers[i];
		fix = mp_fix_new(test, mp_at_name(left->at));
		mp_fix_reach(fix, left->at, mp_destroy_leftover);
		KUNIT_EXPECT_EQ_MSG(test, (u64)atomic64_read(&fix->mp.word),
				    0ULL, "%s", fix->what);
		KUNIT_EXPECT_EQ_MSG(test, page_count(fix->src),
				    1 + left->stranded + fix->held, "%s",
				    fix->what);
		KUNIT_EXPECT_NULL_MSG(test, mp_link_handle(fix->src), "%s",
				      fix->what);
		KUNIT_EXPECT_FALSE_MSG(test, PageLocked(fix->src), "%s",
				       fix->what);
		if (fix->held)
			KUNIT_EXPECT_FALSE(test, mp_vm_putback(fix));
		if (left->stranded)
			put_page(fix->src);
		put_page(fix->src);
		put_page(fix->spare);
	}
	kunit_info(test, "%u states\n", i);
}

/* A driver whose memory is gone: its handles are not touched, nor read. */
static void release_without_handles(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "no handles");
	unsigned long left;
	u64 word;

	mp_fix_make(fix, true);
	KUNIT_ASSERT_EQ(test, movable_page_pin(&fix->mp), 0);
	word = atomic64_read(&fix->mp.word);
	mp_fix_watch(fix);
	KUNIT_EXPECT_EQ(test, mp_walk_release(fix->pool, false, &left),
			1UL);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&fix->mp.word), word);
	atomic64_set(&fix->mp.word, 0);
	mp_fix_end(fix);
}

/* No page comes in any more. */
static void alloc_after_shutdown(struct kunit *test)
{
	struct mp_fix *fix = mp_fix_new(test, "shutdown");
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);

	mp_pool_shut(fix->pool);
	KUNIT_EXPECT_EQ(test, movable_page_alloc(fix->pool, &fix->mp,
						 GFP_KERNEL), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, movable_page_adopt(fix->pool, &fix->mp, page),
			-ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&fix->mp.word), 0ULL);
	put_page(page);
	mp_fix_end(fix);
}

static struct kunit_case mp_cases[] = {
	KUNIT_CASE(attributes),
	KUNIT_CASE(create_fails),
	KUNIT_CASE(alloc_fails),
	KUNIT_CASE(gfp_refused),
	KUNIT_CASE(page_limit),
	KUNIT_CASE(bulk),
	KUNIT_CASE(bulk_gives_back),
	KUNIT_CASE(adopt_refused),
	KUNIT_CASE(free_async_needs_op),
	KUNIT_CASE(vmap_set),
	KUNIT_CASE(lookup_of_others),
	KUNIT_CASE(destroy_leftovers),
	KUNIT_CASE(release_without_handles),
	KUNIT_CASE(alloc_after_shutdown),
	{}
};

MP_SUITE(tested, "pool", mp_cases);
kunit_test_suites(&mp_suite_tested);
