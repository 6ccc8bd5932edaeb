// SPDX-License-Identifier: GPL-2.0
/* Directed moves and long-term pins. */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/movable_move.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mp_test.h"

#define MP_TEST_MAX_LEFT	BIT(20)

/**
 * struct mp_test_moving - a directed move at work
 * @req: what the test wants, and what it is told
 * @move: the same for the framework
 * @moved: what that returns
 * @held: page of MP_TEST_FRAMES_HELD
 * @to: nodes
 * @from: nodes
 */
struct mp_test_moving {
	struct mp_test_move *req;
	struct movable_move move;
	struct movable_moved moved;
	struct page *held;
	nodemask_t to;
	nodemask_t from;
};

static void mp_test_nodes(nodemask_t *nodes, u64 bits)
{
	int nid;

	nodes_clear(*nodes);
	for (nid = 0; nid < min(64, MAX_NUMNODES); nid++)
		if (bits & BIT_ULL(nid))
			node_set(nid, *nodes);
}

static struct page *mp_test_move_alloc(struct movable_page *mp,
				       unsigned long pfn, void *priv)
{
	struct mp_test_moving *moving = priv;
	struct mp_test_move *req = moving->req;
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_THISNODE;

	if (++req->allocs != req->bad_at)
		return alloc_pages_node(req->node, gfp, 0);
	switch (req->frames) {
	case MP_TEST_FRAMES_BAD:
		return alloc_pages_node(req->node, gfp | __GFP_COMP, 1);
	case MP_TEST_FRAMES_HELD:
		moving->held = alloc_pages_node(req->node, gfp, 0);
		if (moving->held)
			get_page(moving->held);
		return moving->held;
	}
	return NULL;
}

static void mp_test_move_unused(struct page *page, void *priv)
{
	struct mp_test_moving *moving = priv;

	moving->req->unused++;
	if (page == moving->held) {
		put_page(page);
		moving->held = NULL;
	}
	__free_pages(page, compound_order(page));
}

static bool mp_test_move_progress(unsigned long done, unsigned long total,
				  void *priv)
{
	struct mp_test_move *req = ((struct mp_test_moving *)priv)->req;

	req->done = done;
	req->total = total;
	return ++req->progress != req->stop_at;
}

static void mp_test_move_prepare(struct mp_test_moving *moving)
{
	struct mp_test_move *req = moving->req;

	mp_test_nodes(&moving->to, req->to);
	mp_test_nodes(&moving->from, req->from);
	moving->move = (struct movable_move) {
		.mode = req->mode,
		.to = req->has & MP_TEST_MOVE_TO ? &moving->to : NULL,
		.from = req->has & MP_TEST_MOVE_FROM ? &moving->from : NULL,
		.progress = mp_test_move_progress,
		.priv = moving,
	};
	if (req->frames != MP_TEST_FRAMES_NODES)
		moving->move.alloc = mp_test_move_alloc;
	if (req->has & MP_TEST_MOVE_UNUSED)
		moving->move.unused = mp_test_move_unused;
}

static int mp_test_move_set(struct mp_test_pool *pool,
			    struct movable_pool *real,
			    struct mp_test_moving *moving)
{
	const struct mp_test_move *req = moving->req;
	struct movable_page **mps;
	unsigned int i;
	int err;

	mps = kvmalloc_array(req->count, sizeof(*mps), GFP_KERNEL);
	if (!mps)
		return -ENOMEM;
	for (i = 0; i < req->count; i++)
		mps[i] = &pool->items[req->first + i]->mp;
	err = movable_pages_move(real, mps, req->count, &moving->move,
				 &moving->moved);
	kvfree(mps);
	return err;
}

/* The tests have the objects until this has returned. */
static int mp_test_move_left(struct mp_test_moving *moving)
{
	struct mp_test_left __user *to = u64_to_user_ptr(moving->req->left);
	struct movable_moved *moved = &moving->moved;
	unsigned long i;

	for (i = 0; i < min(moved->nr_left, moved->max_left); i++) {
		struct mp_test_left left = {
			.index = mp_test_item_of(moved->left[i].mp)->index,
			.why = moved->left[i].why,
		};

		if (copy_to_user(to + i, &left, sizeof(left)))
			return -EFAULT;
	}
	return 0;
}

/* @real: whose pages the framework is told they are. */
int mp_test_move(struct mp_test_pool *pool, struct movable_pool *real,
		 struct mp_test_move *req)
{
	struct mp_test_moving moving = { .req = req };
	int err;

	if (req->first > pool->capacity || req->max_left > MP_TEST_MAX_LEFT ||
	    req->count > pool->capacity - req->first ||
	    req->node >= MAX_NUMNODES || !node_online(req->node))
		return -ERANGE;
	err = mp_test_items_fill(pool, req->first, req->count);
	if (err)
		return err;
	mp_test_move_prepare(&moving);
	moving.moved.max_left = req->max_left;
	moving.moved.left = kvcalloc(req->max_left + 1,
				     sizeof(*moving.moved.left), GFP_KERNEL);
	if (!moving.moved.left)
		return -ENOMEM;
	req->err = req->whole ?
		   movable_pool_move(real, &moving.move, &moving.moved) :
		   mp_test_move_set(pool, real, &moving);
	req->moved = moving.moved.moved;
	req->stayed = moving.moved.stayed;
	req->nr_left = moving.moved.nr_left;
	err = mp_test_move_left(&moving);
	kvfree(moving.moved.left);
	return err;
}

static bool mp_test_keep_longterm(struct mp_test_item *item,
				  struct movable_pin *pin)
{
	int i;

	for (i = 0; i < MP_TEST_LONGTERM; i++)
		if (!cmpxchg(&item->longterm[i], NULL, pin))
			return true;
	return false;
}

int mp_test_pin_longterm(struct mp_test_item *item, struct mp_test_call *call)
{
	struct movable_pin *pin = movable_page_pin_longterm(item->pool->pool,
							    &item->mp);

	if (IS_ERR(pin))
		return PTR_ERR(pin);
	if (mp_test_keep_longterm(item, pin))
		return 0;
	movable_page_unpin_longterm(pin);
	return -ENOSPC;
}

/* The last one. */
int mp_test_unpin_longterm(struct mp_test_item *item,
			   struct mp_test_call *call)
{
	struct movable_pin *pin = NULL;
	int i = MP_TEST_LONGTERM;

	while (!pin && i--)
		pin = xchg(&item->longterm[i], NULL);
	if (!pin)
		return -ENOENT;
	movable_page_unpin_longterm(pin);
	return 0;
}
