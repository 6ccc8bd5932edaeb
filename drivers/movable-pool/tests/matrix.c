// SPDX-License-Identifier: GPL-2.0
/* How a cell of the matrix is tried (matrix.h). */

#include <linux/mm.h>

#include "../link.h"
#include "matrix.h"

/* A cell at work. */
struct mp_try {
	struct mp_fix *fix;
	const struct mp_op_row *row;
	const struct mp_cell *cell;
	unsigned long before[NR_FIELDS];
};

static struct mp_try mp_try;

struct page *mp_now(struct mp_fix *fix)
{
	unsigned long pfn = (u64)atomic64_read(&fix->mp.word) >> 24;

	return pfn ? pfn_to_page(pfn) : NULL;
}

static void mp_books(struct mp_fix *fix, unsigned long *fields)
{
	movable_pool_stats(fix->pool, (struct movable_pool_stats *)fields);
}

/* The others are checked apart. */
static bool mp_field_counts(struct mp_fix *fix, unsigned int field)
{
	return field != FIELD(pages) && field != FIELD(unpublished) &&
	       /* Page cache may be freed at once, or later. */
	       (field != FIELD(deferred) || !fix->rig->backing->cached);
}

static bool mp_deferred(struct mp_try *try)
{
	return (try->cell->books & BOOK(deferred)) &&
	       mp_rig_defers(try->fix->rig);
}

static unsigned long mp_book_of(struct mp_try *try, unsigned int field)
{
	if (field == FIELD(deferred))
		return mp_deferred(try);
	return (try->cell->books >> field) & 1;
}

static void mp_check_books(struct mp_try *try)
{
	unsigned long after[NR_FIELDS];
	struct mp_fix *fix = try->fix;
	u64 word = atomic64_read(&fix->mp.word);
	unsigned int i;

	mp_books(fix, after);
	for (i = 0; i < NR_FIELDS; i++)
		if (mp_field_counts(fix, i))
			KUNIT_EXPECT_EQ_MSG(fix->test,
					    after[i] - try->before[i],
					    mp_book_of(try, i),
					    "book %u, %s", i, fix->what);
	i = FIELD(unpublished);
	KUNIT_EXPECT_EQ_MSG(fix->test, after[i],
			    (word & 3) == PRIVATE ? 1UL : 0UL,
			    "unpublished, %s", fix->what);
	KUNIT_EXPECT_EQ_MSG(fix->test, after[FIELD(pages)],
			    after[FIELD(allocated)] - after[FIELD(freed)],
			    "pages, %s", fix->what);
}

static void mp_check_word(struct mp_try *try, u64 before)
{
	struct mp_fix *fix = try->fix;
	u64 word = atomic64_read(&fix->mp.word);
	u64 want = try->cell->word;

	if (want == SAME) {
		want = before;
	} else if (want & 3) {
		want |= ASYNC | (before & 3 ? before & ~0xffffffULL :
					      word & ~0xffffffULL);
		/* A move puts the new frame there. */
		if (try->cell->books & BOOK(migrated))
			want = (want & 0xffffff) | PFN(fix->dst ?: fix->src);
	}
	KUNIT_EXPECT_EQ_MSG(fix->test, word, want, "word, %s", fix->what);
	KUNIT_EXPECT_EQ(fix->test, (u64)movable_page_state(&fix->mp),
			want & 3);
	KUNIT_EXPECT_EQ(fix->test, (u64)movable_page_pins(&fix->mp),
			(want >> 4) & 0x3ffff);
	KUNIT_EXPECT_EQ(fix->test, (u64)movable_page_pfn(&fix->mp),
			want >> 24);
}

/* A page with a handle leads to it; nobody has the link lock. */
static void mp_check_link(struct mp_try *try)
{
	struct mp_fix *fix = try->fix;
	struct page *page = mp_now(fix);
	unsigned long want;

	if (!page)
		return;
	want = (unsigned long)&fix->mp;
	if (fix->held && page == fix->src)
		want |= 2;
	/* The VM itself has isolated it. */
	if (!fix->rig->by_hand && !fix->rig->backing->cached &&
	    page == fix->src && fix->at >= MP_AT_MOVING)
		want |= 2;
	KUNIT_EXPECT_EQ_MSG(fix->test, *mp_link_word(page), want, "link, %s",
			    fix->what);
	KUNIT_EXPECT_PTR_EQ_MSG(fix->test, mp_link_pool(page), fix->pool, "%s",
				fix->what);
	KUNIT_EXPECT_TRUE_MSG(fix->test,
			      fix->rig->backing->owns(fix->pool, page), "%s",
			      fix->what);
}

/* One is the pool's, one that of whom the VM moves it for; cut: of nobody. */
static int mp_refs(struct mp_fix *fix, struct page *page)
{
	bool moving = fix->at >= MP_AT_MOVING;

	if (page == mp_now(fix))
		return 1 + (page == fix->src ? fix->held + fix->watch :
					       moving);
	return fix->held + fix->watch;
}

static void mp_check_refs(struct mp_try *try)
{
	struct mp_fix *fix = try->fix;
	struct page *page = mp_now(fix);

	if (fix->rig->backing->cached)
		return;
	if (page)
		KUNIT_EXPECT_EQ_MSG(fix->test, page_count(page),
				    mp_refs(fix, page), "refs, %s", fix->what);
	if (fix->watch && page != fix->src && fix->at < MP_AT_MOVING) {
		KUNIT_EXPECT_EQ_MSG(fix->test, page_count(fix->src),
				    mp_refs(fix, fix->src) +
				    mp_deferred(try),
				    "refs of what was freed, %s", fix->what);
		KUNIT_EXPECT_PTR_EQ_MSG(fix->test, mp_link_handle(fix->src),
					NULL, "%s", fix->what);
	}
}

static void mp_try_act(struct mp_fix *fix)
{
	const struct mp_cell *cell = mp_try.cell;
	unsigned int freed = fix->freed;
	u64 before;
	int ret;

	mp_fix_said(fix, NULL);
	if (mp_try.row->frees)
		mp_fix_watch(fix);
	before = atomic64_read(&fix->mp.word);
	mp_books(fix, mp_try.before);
	ret = mp_try.row->run(fix);
	KUNIT_EXPECT_EQ_MSG(fix->test, ret, cell->ret, "%s", fix->what);
	mp_fix_said(fix, cell->said);
	mp_check_word(&mp_try, before);
	mp_check_books(&mp_try);
	mp_check_link(&mp_try);
	mp_check_refs(&mp_try);
	/* free_async() says so once, unless the mover will. */
	KUNIT_EXPECT_EQ_MSG(fix->test, fix->freed - freed,
			    mp_try.row->async &&
			    !ret && !atomic64_read(&fix->mp.word) ? 1U : 0U,
			    "calls of ops->freed, %s", fix->what);
}

/* What the move that went on around the operation came to. */
static void mp_check_move(struct mp_fix *fix, bool dying)
{
	struct movable_pool_stats s;

	movable_pool_stats(fix->pool, &s);
	KUNIT_EXPECT_EQ_MSG(fix->test, s.migrated, dying ? 0UL : 1UL, "%s",
			    fix->what);
	KUNIT_EXPECT_EQ_MSG(fix->test, fix->moved, dying ? 0U : 1U,
			    "calls of ops->moved, %s", fix->what);
	if (dying) {
		KUNIT_EXPECT_EQ_MSG(fix->test, fix->freed, 1U,
				    "calls of ops->freed, %s", fix->what);
		KUNIT_EXPECT_EQ_MSG(fix->test,
				    (u64)atomic64_read(&fix->mp.word), EMPTY,
				    "%s", fix->what);
		KUNIT_EXPECT_EQ_MSG(fix->test, s.refused_unready, 1UL, "%s",
				    fix->what);
	}
}

static const struct mp_cell *mp_cell_find(struct kunit *test,
					  const struct mp_op_row *row,
					  enum mp_at at)
{
	const struct mp_cell *cell, *found = NULL;
	unsigned int times = (row->never >> at) & 1;

	for (cell = row->cells; cell < row->cells + MP_NR_AT; cell++)
		if (cell->in & BIT(at)) {
			found = cell;
			times++;
		}
	KUNIT_EXPECT_EQ_MSG(test, times, 1, "entries for %s in %s", row->name,
			    mp_at_name(at));
	return found;
}

static void mp_try_cell(struct kunit *test, const struct mp_op_row *row,
			const struct mp_cell *cell, enum mp_at at)
{
	char what[64];
	bool dying;

	scnprintf(what, sizeof(what), "%s in %s", row->name, mp_at_name(at));
	mp_try.row = row;
	mp_try.cell = cell;
	mp_try.fix = mp_fix_new(test, what);
	mp_fix_reach(mp_try.fix, at, mp_try_act);
	dying = at == MP_AT_MOVING_DYING || (cell->word & DYING);
	if (at >= MP_AT_MOVING)
		mp_check_move(mp_try.fix, cell->word != SAME ? dying :
			      at == MP_AT_MOVING_DYING);
	mp_fix_end(mp_try.fix);
}

void mp_try_row(struct kunit *test, const struct mp_op_row *row)
{
	const struct mp_rig *rig = test->priv;
	const struct mp_cell *cell;
	unsigned int cells = 0;
	enum mp_at at;

	for (at = 0; at < MP_NR_AT; at++) {
		cell = mp_cell_find(test, row, at);
		if (!cell || !mp_at_possible(rig, at))
			continue;
		mp_try_cell(test, row, cell, at);
		cells++;
	}
	kunit_info(test, "%u states\n", cells);
}
