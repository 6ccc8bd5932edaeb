// SPDX-License-Identifier: GPL-2.0
/*
 * A backing for tests: loose pages with a mark that no part of the VM knows, so
 * that a test can play the VM's part on every kernel, step by step.
 */

#include <linux/mm.h>

#include "../balloon.h"
#include "../loose.h"
#include "tests.h"

int mp_tested_replace_error;

static void mp_tested_mark(struct page *page)
{
	SetPageChecked(page);
}

static void mp_tested_unmark(struct page *page)
{
	ClearPageChecked(page);
}

static bool mp_tested_marked(struct page *page)
{
	return PageChecked(page);
}

static struct mp_loose mp_tested_loose = {
	.mark = mp_tested_mark,
	.unmark = mp_tested_unmark,
	.strand = mp_tested_unmark,
	.marked = mp_tested_marked,
};

static int mp_tested_replace(const struct mp_backing *backing,
			     struct page *dst, struct page *src)
{
	int err = mp_tested_replace_error;

	mp_tested_replace_error = 0;
	return err ?: mp_loose_replace(backing, dst, src);
}

/* Who clears the mark, the mark being the tests', is the same for both. */
static int mp_tested_supplant(const struct mp_backing *backing,
			      struct page *dst, struct page *src)
{
	int err = mp_tested_replace(backing, dst, src);

	if (!err)
		mp_tested_unmark(src);
	return err;
}

const struct mp_backing mp_backing_tested = {
	.name = "tested",
	.about = "moved by tests",
	.refs = 2,		/* the pool's and the mover's */
	.loose = &mp_tested_loose,
	.balloon = &mp_balloon_loose,
	.owns = mp_loose_owns,
	.add = mp_loose_add,
	.release = mp_loose_release,
	.let_go = mp_loose_let_go,
	.orphan = mp_loose_orphan,
	.strand = mp_loose_strand,
	.replace = mp_tested_replace,
	.supplant = mp_tested_supplant,
	.nr_orphans = mp_loose_nr_orphans,
};

const struct mp_rig mp_rig_tested = {
	.backing = &mp_backing_tested,
	.moves = true,
	.by_hand = true,
};

const struct mp_rig mp_rig_none = {
	.backing = &mp_backing_none,
};

#ifdef MP_HAVE_MIGRATION
const struct mp_rig mp_rig_cache = {
	.backing = &mp_backing_cache,
	.moves = true,
};
#endif

#ifdef MP_HAVE_NONLRU
const struct mp_rig mp_rig_nonlru = {
	.backing = &mp_backing_nonlru,
	.moves = true,
	.by_hand = true,
};
#endif
