// SPDX-License-Identifier: GPL-2.0
/*
 * Where pages of a directed move go: to frames of the caller's, or to nodes.
 *
 * Relative placement is that of do_migrate_pages() (mm/mempolicy.c): a node's
 * pages go to one node, and to no other if that is full.  Without it a page may
 * go to any of the nodes, and tries those that follow its own first, so that
 * what was spread stays so.
 */

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/movable_move.h>
#include <linux/nodemask.h>

#include "fault.h"
#include "internal.h"
#include "target.h"

static int mp_target_check_nodes(const struct movable_move *move)
{
	if (nodes_empty(*move->to) ||
	    !nodes_subset(*move->to, node_states[N_MEMORY]))
		return -EINVAL;
	return move->from && nodes_empty(*move->from) ? -EINVAL : 0;
}

/**
 * mp_target_check() - is this something that can be done?
 * @move: what the caller wants
 *
 * As migrate_pages(2): destinations have memory, origins need not.
 *
 * Return: 0 or -EINVAL.
 */
int mp_target_check(const struct movable_move *move)
{
	if (move->mode != MIGRATE_ASYNC && move->mode != MIGRATE_SYNC_LIGHT &&
	    move->mode != MIGRATE_SYNC)
		return -EINVAL;
	if (move->alloc)
		return move->to || move->from ? -EINVAL : 0;
	return move->to && !move->unused ? mp_target_check_nodes(move) :
					   -EINVAL;
}

/* Of the nodes in @nodes, how many are below @nid? */
static int mp_target_ordinal(const nodemask_t *nodes, int nid)
{
	int node, n = 0;

	for_each_node_mask(node, *nodes)
		n += node < nid;
	return n;
}

static int mp_target_nth(const nodemask_t *nodes, int n)
{
	int node = first_node(*nodes);

	while (n--)
		node = next_node(node, *nodes);
	return node;
}

/* With @from: the one node for pages of @nid, which is in it. */
static int mp_target_relative(const struct movable_move *move, int nid)
{
	return mp_target_nth(move->to, mp_target_ordinal(move->from, nid) %
				       nodes_weight(*move->to));
}

/**
 * mp_target_stays() - is a page of this node where it should be?
 * @target: the move
 * @nid: the node
 */
bool mp_target_stays(const struct mp_target *target, int nid)
{
	const struct movable_move *move = target->move;

	if (move->alloc)
		return false;
	if (!move->from)
		return node_isset(nid, *move->to);
	return !node_isset(nid, *move->from) ||
	       mp_target_relative(move, nid) == nid;
}

static gfp_t mp_target_gfp(const struct mp_target *target)
{
	gfp_t gfp = GFP_USER | target->pool->gfp | __GFP_THISNODE;

	switch (target->move->mode) {
	case MIGRATE_ASYNC:
		return gfp & ~__GFP_DIRECT_RECLAIM;
	case MIGRATE_SYNC_LIGHT:
		return gfp | __GFP_NORETRY;
	default:
		return gfp | __GFP_RETRY_MAYFAIL;
	}
}

/* A node that had nothing for one page has nothing for the next. */
static struct page *mp_target_on(struct mp_target *target, int nid)
{
	/* The mover copies all of it. */
	gfp_t gfp = mp_target_gfp(target) & ~__GFP_ZERO;
	struct page *page = NULL;

	if (node_isset(nid, target->full))
		return NULL;
	if (!mp_fail(MP_FAIL_MOVE_TARGET))
		page = mp_policy_alloc(target->pool, nid, gfp);
	if (!page)
		node_set(nid, target->full);
	return page;
}

static struct page *mp_target_any(struct mp_target *target, int nid)
{
	const nodemask_t *to = target->move->to;
	struct page *page = NULL;
	int i;

	for (i = nodes_weight(*to); i-- && !page;) {
		nid = next_node_in(nid, *to);
		page = mp_target_on(target, nid);
	}
	return page;
}

/*
 * By the caller, who may err.  A reference or a lock may be that of a passing
 * scanner, as in movable_page_adopt().
 */
static int mp_target_check_given(struct mp_target *target, struct page *page)
{
	if (!mp_page_adoptable(page)) {
		mp_misuse("%s: cannot move to pfn %#lx: not an order-0 page of one owner\n",
			  target->pool->name, page_to_pfn(page));
		return -EINVAL;
	}
	return page_count(page) != 1 || PageLocked(page) ? -EAGAIN : 0;
}

static struct page *mp_target_given(struct mp_target *target,
				    struct movable_page *mp, unsigned long pfn)
{
	const struct movable_move *move = target->move;
	struct page *page = move->alloc(mp, pfn, move->priv);
	int err;

	if (!page)
		return ERR_PTR(-ENOMEM);
	err = mp_target_check_given(target, page);
	if (!err)
		return page;
	mp_target_unused(target, page);
	return ERR_PTR(err);
}

/**
 * mp_target_new() - a frame for a page
 * @target: the move
 * @mp: the page's handle, not to be looked into
 * @pfn: where it is
 * @nid: the node of that, on which it does not stay
 *
 * Context: As the mode says, or @alloc.
 * Return: a page with one reference, not locked; or ERR_PTR(): -ENOMEM; -EINVAL
 * for one that @alloc must not give, -EAGAIN for one that is in use just now.
 */
struct page *mp_target_new(struct mp_target *target, struct movable_page *mp,
			   unsigned long pfn, int nid)
{
	const struct movable_move *move = target->move;
	struct page *page;

	if (move->alloc)
		return mp_target_given(target, mp, pfn);
	if (move->from)
		page = mp_target_on(target, mp_target_relative(move, nid));
	else
		page = mp_target_any(target, nid);
	return page ?: ERR_PTR(-ENOMEM);
}

/**
 * mp_target_unused() - the page has not moved there
 * @target: the move
 * @page: of mp_target_new()
 */
void mp_target_unused(struct mp_target *target, struct page *page)
{
	if (target->move->unused)
		target->move->unused(page, target->move->priv);
	else
		put_page(page);
}
