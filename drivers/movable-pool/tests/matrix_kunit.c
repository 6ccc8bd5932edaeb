// SPDX-License-Identifier: GPL-2.0
/*
 * Every operation in every state of the handle (matrix.h).
 *
 * A state that is not in an operation's table must be among those that can
 * never meet it, and in one line only.
 */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "matrix.h"

/* The operations.  Those that say yes or no return 1 or 0. */

static int mp_run_alloc(struct mp_fix *fix)
{
	return movable_page_alloc(fix->pool, &fix->mp, GFP_KERNEL);
}

static int mp_run_alloc_nowait(struct mp_fix *fix)
{
	return movable_page_alloc(fix->pool, &fix->mp, GFP_NOWAIT);
}

static int mp_run_alloc_bulk(struct mp_fix *fix)
{
	struct movable_page *mp = &fix->mp;

	return movable_page_alloc_bulk(fix->pool, &mp, 1, GFP_KERNEL);
}

/* What is not adopted is the caller's as before. */
static int mp_run_adopt(struct mp_fix *fix)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);
	int err;

	if (!page)
		return -ENOMEM;
	err = movable_page_adopt(fix->pool, &fix->mp, page);
	if (err) {
		KUNIT_EXPECT_EQ(fix->test, page_count(page), 1);
		KUNIT_EXPECT_FALSE(fix->test, PageLocked(page));
		put_page(page);
	} else {
		KUNIT_EXPECT_PTR_EQ(fix->test, mp_now(fix), page);
	}
	return err;
}

static int mp_run_publish(struct mp_fix *fix)
{
	return movable_page_publish(&fix->mp);
}

static int mp_run_pin(struct mp_fix *fix)
{
	return movable_page_pin(&fix->mp);
}

static int mp_run_trypin(struct mp_fix *fix)
{
	return movable_page_trypin(&fix->mp);
}

static int mp_run_unpin(struct mp_fix *fix)
{
	movable_page_unpin(&fix->mp);
	return 0;
}

static int mp_run_page(struct mp_fix *fix)
{
	struct page *page = movable_page_page(&fix->mp);

	KUNIT_EXPECT_TRUE(fix->test, !page || page == mp_now(fix));
	return !!page;
}

static int mp_run_map(struct mp_fix *fix)
{
	void *addr = movable_page_map(&fix->mp);

	if (IS_ERR(addr))
		return PTR_ERR(addr);
	KUNIT_EXPECT_PTR_EQ(fix->test, addr, page_address(mp_now(fix)));
	return 0;
}

static int mp_run_unmap(struct mp_fix *fix)
{
	movable_page_unmap(&fix->mp);
	return 0;
}

/* Both at once: what is mapped must be unmapped before the page is freed. */
static int mp_run_vmap(struct mp_fix *fix)
{
	struct movable_page *mp = &fix->mp;
	void *addr = movable_page_vmap(&mp, 1);
	unsigned int pins = movable_page_pins(mp);

	if (IS_ERR(addr))
		return PTR_ERR(addr);
	KUNIT_EXPECT_PTR_EQ(fix->test, vmalloc_to_page(addr), mp_now(fix));
	movable_page_vunmap(addr, &mp, 1);
	KUNIT_EXPECT_EQ(fix->test, movable_page_pins(mp), pins - 1);
	return 0;
}

static int mp_run_free(struct mp_fix *fix)
{
	return movable_page_free(&fix->mp);
}

static int mp_run_free_async(struct mp_fix *fix)
{
	return movable_page_free_async(&fix->mp);
}

static int mp_run_lookup(struct mp_fix *fix)
{
	struct page *page = mp_now(fix) ?: fix->spare;
	struct movable_page *mp = movable_page_lookup(fix->pool, page);

	/* A page that has moved is nobody's. */
	if (page == fix->dst)
		KUNIT_EXPECT_NULL(fix->test,
				  movable_page_lookup(fix->pool, fix->src));
	KUNIT_EXPECT_TRUE(fix->test, !mp || mp == &fix->mp);
	return !!mp;
}

static int mp_run_destroy(struct mp_fix *fix)
{
	movable_pool_destroy(fix->pool);
	return 0;
}

static int mp_run_isolate(struct mp_fix *fix)
{
	return mp_vm_isolate(fix);
}

static int mp_run_putback(struct mp_fix *fix)
{
	return mp_vm_putback(fix);
}

static int mp_run_migrate(struct mp_fix *fix)
{
	return mp_vm_migrate(fix, MIGRATE_ASYNC);
}

/* After destroy() has begun; a poisoned page is refused in the same place. */
static int mp_run_late_isolate(struct mp_fix *fix)
{
	int ret;

	fix->pool->shutdown = true;
	ret = mp_vm_isolate(fix);
	fix->pool->shutdown = false;
	return ret;
}

static int mp_run_late_migrate(struct mp_fix *fix)
{
	int ret;

	fix->pool->shutdown = true;
	ret = mp_vm_migrate(fix, MIGRATE_SYNC);
	fix->pool->shutdown = false;
	return ret;
}

/* Somebody kept a reference beyond the pin. */
static int mp_run_stray_migrate(struct mp_fix *fix)
{
	int ret;

	get_page(fix->src);
	ret = mp_vm_migrate(fix, MIGRATE_SYNC);
	put_page(fix->src);
	return ret;
}

/* What they do. */

#define HAS_PAGE	"alloc for a handle that has a page"
#define NO_PAGE_TO_PIN	"pin of a handle without a page"
#define NOT_PINNED	"unpin of a page that is not pinned"
#define USE_UNPINNED	"use of a page that is not pinned"
#define FREED_TWICE	"free of a handle without a page, or freed twice"
#define WAITS_IN_OP	"a driver op waits for a page in motion"
#define NO_PAGE_TO_PUBLISH "publish of a handle without a page"
#define PUBLISHED_TWICE	"page published twice"
#define DESTROY_IN_OP	"destroy in a driver op would wait for itself"

static const struct mp_op_row mp_alloc_row = {
	.name = "alloc",
	.run = mp_run_alloc,
	.cells = {
		YES(IN(EMPTY), 0, PRIVATE, BOOK(allocated)),
		BAD(ALL & ~IN(EMPTY), -EEXIST, HAS_PAGE),
	},
};

static const struct mp_op_row mp_alloc_nowait_row = {
	.name = "alloc without sleeping",
	.run = mp_run_alloc_nowait,
	.cells = {
		YES(IN(EMPTY), 0, PRIVATE, BOOK(allocated)),
		BAD(ALL & ~IN(EMPTY), -EEXIST, HAS_PAGE),
	},
};

static const struct mp_op_row mp_alloc_nowait_sleeps_row = {
	.name = "alloc without sleeping",
	.run = mp_run_alloc_nowait,
	.cells = {
		NO(IN(EMPTY), -EOPNOTSUPP, 0),
		BAD(ALL & ~IN(EMPTY), -EEXIST, HAS_PAGE),
	},
};

static const struct mp_op_row mp_alloc_bulk_row = {
	.name = "alloc_bulk",
	.run = mp_run_alloc_bulk,
	.cells = {
		YES(IN(EMPTY), 1, PRIVATE, BOOK(allocated)),
		BAD(ALL & ~IN(EMPTY), 0, HAS_PAGE),
	},
};

static const struct mp_op_row mp_adopt_row = {
	.name = "adopt",
	.run = mp_run_adopt,
	.cells = {
		YES(IN(EMPTY), 0, PRIVATE, BOOK(allocated)),
		BAD(ALL & ~IN(EMPTY), -EEXIST, HAS_PAGE),
	},
};

static const struct mp_op_row mp_publish_row = {
	.name = "publish",
	.run = mp_run_publish,
	.cells = {
		YES(IN(PRIVATE), 0, LIVE, 0),
		YES(IN(PRIVATE_PINNED), 0, LIVE | PINS(1), 0),
		BAD(LIVE_FREE | LIVE_PINNED | IN(MOVING), -EALREADY,
		    PUBLISHED_TWICE),
		BAD(NO_PAGE | ALL_DYING, -ENOENT, NO_PAGE_TO_PUBLISH),
	},
};

/* In an op a page in motion may be waiting for this very thread. */
static const struct mp_op_row mp_pin_row = {
	.name = "pin",
	.run = mp_run_pin,
	.cells = {
		YES(IN(PRIVATE), 0, PRIVATE | PINS(1), 0),
		YES(IN(PRIVATE_PINNED), 0, PRIVATE | PINS(2), 0),
		YES(LIVE_FREE, 0, LIVE | PINS(1), 0),
		YES(LIVE_PINNED, 0, LIVE | PINS(2), 0),
		BAD(IN(MOVING), -EDEADLK, WAITS_IN_OP),
		NO(ALL_DYING, -ENOENT, 0),
		BAD(NO_PAGE, -ENOENT, NO_PAGE_TO_PIN),
	},
};

static const struct mp_op_row mp_map_row = {
	.name = "map",
	.run = mp_run_map,
	.cells = {
		YES(IN(PRIVATE), 0, PRIVATE | PINS(1), 0),
		YES(IN(PRIVATE_PINNED), 0, PRIVATE | PINS(2), 0),
		YES(LIVE_FREE, 0, LIVE | PINS(1), 0),
		YES(LIVE_PINNED, 0, LIVE | PINS(2), 0),
		BAD(IN(MOVING), -EDEADLK, WAITS_IN_OP),
		NO(ALL_DYING, -ENOENT, 0),
		BAD(NO_PAGE, -ENOENT, NO_PAGE_TO_PIN),
	},
};

static const struct mp_op_row mp_vmap_row = {
	.name = "vmap and vunmap",
	.run = mp_run_vmap,
	.cells = {
		NO(IN(PRIVATE) | IN(PRIVATE_PINNED) | LIVE_FREE | LIVE_PINNED,
		   0, 0),
		BAD(IN(MOVING), -EDEADLK, WAITS_IN_OP),
		NO(ALL_DYING, -ENOENT, 0),
		BAD(NO_PAGE, -ENOENT, NO_PAGE_TO_PIN),
	},
};

static const struct mp_op_row mp_trypin_row = {
	.name = "trypin",
	.run = mp_run_trypin,
	.cells = {
		YES(IN(PRIVATE), 0, PRIVATE | PINS(1), 0),
		YES(IN(PRIVATE_PINNED), 0, PRIVATE | PINS(2), 0),
		YES(LIVE_FREE, 0, LIVE | PINS(1), 0),
		YES(LIVE_PINNED, 0, LIVE | PINS(2), 0),
		NO(IN(MOVING), -EAGAIN, 0),
		NO(ALL_DYING, -ENOENT, 0),
		BAD(NO_PAGE, -ENOENT, NO_PAGE_TO_PIN),
	},
};

static const struct mp_op_row mp_unpin_row = {
	.name = "unpin",
	.run = mp_run_unpin,
	.cells = {
		YES(IN(PRIVATE_PINNED), 0, PRIVATE, 0),
		YES(LIVE_PINNED, 0, LIVE, 0),
		BAD(ALL & ~ALL_PINNED, 0, NOT_PINNED),
	},
};

static const struct mp_op_row mp_page_row = {
	.name = "page",
	.run = mp_run_page,
	.cells = {
		NO(ALL_PINNED, 1, 0),
		BAD(ALL & ~ALL_PINNED, 0, USE_UNPINNED),
	},
};

static const struct mp_op_row mp_unmap_row = {
	.name = "unmap",
	.run = mp_run_unmap,
	.cells = {
		YES(IN(PRIVATE_PINNED), 0, PRIVATE, 0),
		YES(LIVE_PINNED, 0, LIVE, 0),
		BAD(ALL & ~ALL_PINNED, 0, USE_UNPINNED),
	},
};

static const struct mp_op_row mp_free_row = {
	.name = "free",
	.run = mp_run_free,
	.frees = true,
	.cells = {
		YES(IN(PRIVATE) | IN(LIVE), 0, EMPTY, BOOK(freed)),
		YES(IN(LIVE_LOCKED) | IN(PUBLISHED), 0, EMPTY,
		    BOOK(freed) | BOOK(deferred)),
		YES(IN(ISOLATED), 0, EMPTY, BOOK(freed) | BOOK(released)),
		YES(IN(ISOLATED_LOCKED), 0, EMPTY,
		    BOOK(freed) | BOOK(released) | BOOK(deferred)),
		NO(ALL_PINNED, -EBUSY, 0),
		BAD(IN(MOVING), -EDEADLK, WAITS_IN_OP),
		BAD(NO_PAGE | ALL_DYING, -ENOENT, FREED_TWICE),
	},
};

static const struct mp_op_row mp_free_async_row = {
	.name = "free_async",
	.run = mp_run_free_async,
	.frees = true,
	.async = true,
	.cells = {
		YES(IN(PRIVATE) | IN(LIVE), 0, EMPTY, BOOK(freed)),
		YES(IN(LIVE_LOCKED) | IN(PUBLISHED), 0, EMPTY,
		    BOOK(freed) | BOOK(deferred)),
		YES(IN(ISOLATED), 0, EMPTY, BOOK(freed) | BOOK(released)),
		YES(IN(ISOLATED_LOCKED), 0, EMPTY,
		    BOOK(freed) | BOOK(released) | BOOK(deferred)),
		NO(ALL_PINNED, -EBUSY, 0),
		YES(IN(MOVING), 0, MOVING | DYING, 0),
		BAD(NO_PAGE | ALL_DYING, -ENOENT, FREED_TWICE),
	},
};

static const struct mp_op_row mp_lookup_row = {
	.name = "lookup",
	.run = mp_run_lookup,
	.cells = {
		NO(NO_PAGE, 0, 0),
		NO(ALL & ~NO_PAGE, 1, 0),
	},
};

/* What it does elsewhere it does to the whole pool: pool_kunit.c. */
static const struct mp_op_row mp_destroy_row = {
	.name = "destroy",
	.run = mp_run_destroy,
	.never = ALL & ~(IN(MOVING) | IN(MOVING_DYING)),
	.cells = {
		BAD(IN(MOVING) | IN(MOVING_DYING), 0, DESTROY_IN_OP),
	},
};

static const struct mp_op_row mp_isolate_row = {
	.name = "isolate",
	.run = mp_run_isolate,
	.never = NO_PAGE | IN_MOVE | IN(ISOLATED) | IN(ISOLATED_PINNED) |
		 IN(ISOLATED_LOCKED) | IN(ISOLATED_DYING),
	.by_hand = true,
	.cells = {
		NO(IN(LIVE) | IN(LIVE_LOCKED), 1, BOOK(isolated)),
		NO(IN(PRIVATE_PINNED) | IN(LIVE_PINNED), 0, REFUSED(pinned)),
		NO(IN(PRIVATE) | IN(PRIVATE_DYING) | IN(LIVE_DYING), 0,
		   REFUSED(unready)),
	},
};

static const struct mp_op_row mp_late_isolate_row = {
	.name = "isolate after shutdown",
	.run = mp_run_late_isolate,
	.never = NO_PAGE | IN_MOVE | IN(ISOLATED) | IN(ISOLATED_PINNED) |
		 IN(ISOLATED_LOCKED) | IN(ISOLATED_DYING),
	.by_hand = true,
	.cells = {
		NO(IN(PRIVATE) | IN(PRIVATE_PINNED) | IN(PRIVATE_DYING) |
		   IN(LIVE) | IN(LIVE_PINNED) | IN(LIVE_LOCKED) |
		   IN(LIVE_DYING), 0, 0),
	},
};

static const struct mp_op_row mp_putback_row = {
	.name = "putback",
	.run = mp_run_putback,
	.never = NO_PAGE | IN_MOVE | IN(PRIVATE) | IN(PRIVATE_PINNED) |
		 IN(PRIVATE_DYING) | IN(LIVE) | IN(LIVE_PINNED) |
		 IN(LIVE_LOCKED) | IN(LIVE_DYING),
	.by_hand = true,
	.cells = {
		NO(IN(ISOLATED) | IN(ISOLATED_PINNED) | IN(ISOLATED_LOCKED) |
		   IN(ISOLATED_DYING), 1, BOOK(putback)),
	},
};

/* Page cache is migrated without having been isolated by us. */
static const struct mp_op_row mp_migrate_row = {
	.name = "migrate",
	.run = mp_run_migrate,
	.never = NO_PAGE | IN_MOVE,
	.by_hand = true,
	.cells = {
		YES(IN(LIVE) | IN(LIVE_LOCKED) | IN(ISOLATED) |
		    IN(ISOLATED_LOCKED), 0, LIVE,
		    BOOK(attempted) | BOOK(migrated)),
		NO(ALL_PINNED, -EAGAIN, REFUSED(pinned)),
		NO(IN(PRIVATE) | IN(PRIVATE_DYING) | IN(LIVE_DYING) |
		   IN(ISOLATED_DYING), -EAGAIN, REFUSED(unready)),
	},
};

static const struct mp_op_row mp_stray_migrate_row = {
	.name = "migrate with a stray reference",
	.run = mp_run_stray_migrate,
	.never = NO_PAGE | IN_MOVE,
	.by_hand = true,
	.cells = {
		NO(IN(LIVE) | IN(LIVE_LOCKED) | IN(ISOLATED) |
		   IN(ISOLATED_LOCKED), -EAGAIN, REFUSED(referenced)),
		NO(ALL_PINNED, -EAGAIN, REFUSED(pinned)),
		NO(IN(PRIVATE) | IN(PRIVATE_DYING) | IN(LIVE_DYING) |
		   IN(ISOLATED_DYING), -EAGAIN, REFUSED(unready)),
	},
};

static const struct mp_op_row mp_late_migrate_row = {
	.name = "migrate after shutdown",
	.run = mp_run_late_migrate,
	.never = NO_PAGE | IN_MOVE,
	.by_hand = true,
	.cells = {
		NO(ALL & ~(NO_PAGE | IN_MOVE), -EBUSY, REFUSED(unready)),
	},
};

/* Each is a test, in each suite. */
#define MP_ROW_TEST(row_name) \
	static void row_name##_anywhere(struct kunit *test) \
	{ \
		mp_try_row(test, &mp_##row_name##_row); \
	}

MP_ROW_TEST(alloc)
MP_ROW_TEST(alloc_nowait)
MP_ROW_TEST(alloc_nowait_sleeps)
MP_ROW_TEST(alloc_bulk)
MP_ROW_TEST(adopt)
MP_ROW_TEST(publish)
MP_ROW_TEST(pin)
MP_ROW_TEST(trypin)
MP_ROW_TEST(unpin)
MP_ROW_TEST(page)
MP_ROW_TEST(map)
MP_ROW_TEST(unmap)
MP_ROW_TEST(vmap)
MP_ROW_TEST(free)
MP_ROW_TEST(free_async)
MP_ROW_TEST(lookup)
MP_ROW_TEST(destroy)
MP_ROW_TEST(isolate)
MP_ROW_TEST(late_isolate)
MP_ROW_TEST(putback)
MP_ROW_TEST(migrate)
MP_ROW_TEST(stray_migrate)
MP_ROW_TEST(late_migrate)

static struct kunit_case mp_cases_tested[] = {
	KUNIT_CASE(alloc_anywhere),
	KUNIT_CASE(alloc_nowait_anywhere),
	KUNIT_CASE(alloc_bulk_anywhere),
	KUNIT_CASE(adopt_anywhere),
	KUNIT_CASE(publish_anywhere),
	KUNIT_CASE(pin_anywhere),
	KUNIT_CASE(trypin_anywhere),
	KUNIT_CASE(unpin_anywhere),
	KUNIT_CASE(page_anywhere),
	KUNIT_CASE(map_anywhere),
	KUNIT_CASE(unmap_anywhere),
	KUNIT_CASE(vmap_anywhere),
	KUNIT_CASE(free_anywhere),
	KUNIT_CASE(free_async_anywhere),
	KUNIT_CASE(lookup_anywhere),
	KUNIT_CASE(destroy_anywhere),
	KUNIT_CASE(isolate_anywhere),
	KUNIT_CASE(late_isolate_anywhere),
	KUNIT_CASE(putback_anywhere),
	KUNIT_CASE(migrate_anywhere),
	KUNIT_CASE(stray_migrate_anywhere),
	KUNIT_CASE(late_migrate_anywhere),
	{}
};

static struct kunit_case mp_cases_none[] = {
	KUNIT_CASE(alloc_anywhere),
	KUNIT_CASE(alloc_nowait_anywhere),
	KUNIT_CASE(alloc_bulk_anywhere),
	KUNIT_CASE(adopt_anywhere),
	KUNIT_CASE(publish_anywhere),
	KUNIT_CASE(pin_anywhere),
	KUNIT_CASE(trypin_anywhere),
	KUNIT_CASE(unpin_anywhere),
	KUNIT_CASE(page_anywhere),
	KUNIT_CASE(map_anywhere),
	KUNIT_CASE(unmap_anywhere),
	KUNIT_CASE(vmap_anywhere),
	KUNIT_CASE(free_anywhere),
	KUNIT_CASE(free_async_anywhere),
	KUNIT_CASE(lookup_anywhere),
	{}
};

MP_SUITE(tested, "state-tested", mp_cases_tested);
MP_SUITE(none, "state-none", mp_cases_none);
kunit_test_suites(&mp_suite_tested, &mp_suite_none);

#ifdef MP_HAVE_MIGRATION
static struct kunit_case mp_cases_cache[] = {
	KUNIT_CASE(alloc_anywhere),
	KUNIT_CASE(alloc_nowait_sleeps_anywhere),
	KUNIT_CASE(alloc_bulk_anywhere),
	KUNIT_CASE(adopt_anywhere),
	KUNIT_CASE(publish_anywhere),
	KUNIT_CASE(pin_anywhere),
	KUNIT_CASE(trypin_anywhere),
	KUNIT_CASE(unpin_anywhere),
	KUNIT_CASE(page_anywhere),
	KUNIT_CASE(map_anywhere),
	KUNIT_CASE(unmap_anywhere),
	KUNIT_CASE(vmap_anywhere),
	KUNIT_CASE(free_anywhere),
	KUNIT_CASE(free_async_anywhere),
	KUNIT_CASE(lookup_anywhere),
	KUNIT_CASE(destroy_anywhere),
	{}
};

MP_SUITE(cache, "state-cache", mp_cases_cache);
kunit_test_suites(&mp_suite_cache);
#endif

#ifdef MP_HAVE_NONLRU
static struct kunit_case mp_cases_nonlru[] = {
	KUNIT_CASE(alloc_anywhere),
	KUNIT_CASE(alloc_nowait_anywhere),
	KUNIT_CASE(alloc_bulk_anywhere),
	KUNIT_CASE(adopt_anywhere),
	KUNIT_CASE(publish_anywhere),
	KUNIT_CASE(pin_anywhere),
	KUNIT_CASE(trypin_anywhere),
	KUNIT_CASE(unpin_anywhere),
	KUNIT_CASE(page_anywhere),
	KUNIT_CASE(map_anywhere),
	KUNIT_CASE(unmap_anywhere),
	KUNIT_CASE(vmap_anywhere),
	KUNIT_CASE(free_anywhere),
	KUNIT_CASE(free_async_anywhere),
	KUNIT_CASE(lookup_anywhere),
	KUNIT_CASE(destroy_anywhere),
	KUNIT_CASE(isolate_anywhere),
	KUNIT_CASE(late_isolate_anywhere),
	KUNIT_CASE(putback_anywhere),
	KUNIT_CASE(migrate_anywhere),
	KUNIT_CASE(stray_migrate_anywhere),
	KUNIT_CASE(late_migrate_anywhere),
	{}
};

MP_SUITE(nonlru, "state-nonlru", mp_cases_nonlru);
kunit_test_suites(&mp_suite_nonlru);
#endif
