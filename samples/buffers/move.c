// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer goes to other nodes.  It has all its pages, and keeps them while it
 * has a file, so their handles can be named at any time.
 */

#include <linux/cpuset.h>
#include <linux/fs.h>
#include <linux/mmzone.h>
#include <linux/movable_move.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "buffers.h"

/* Handles that are named to the framework at a time. */
#define BUFFER_CHUNK	512

static int buffer_move_chunk(struct buffer *buffer, unsigned long first,
			     struct movable_page **mps,
			     const struct movable_move *move,
			     struct movable_buffers_move *req)
{
	unsigned long n = min(buffer->nr - first, (unsigned long)BUFFER_CHUNK);
	struct movable_moved moved = {};
	unsigned long i;
	int err;

	for (i = 0; i < n; i++)
		mps[i] = &buffer->pages[first + i];
	err = movable_pages_move(buffer->pool, mps, n, move, &moved);
	req->moved += moved.moved;
	req->stayed += moved.stayed;
	req->left += moved.nr_left;
	return err;
}

static int buffer_move_all(struct buffer *buffer,
			   const struct movable_move *move,
			   struct movable_buffers_move *req)
{
	struct movable_page **mps;
	unsigned long first;
	int err = 0;

	mps = kmalloc_array(BUFFER_CHUNK, sizeof(*mps), GFP_KERNEL);
	if (!mps)
		return -ENOMEM;
	for (first = 0; first < buffer->nr && !err; first += BUFFER_CHUNK)
		err = buffer_move_chunk(buffer, first, mps, move, req);
	kfree(mps);
	return err;
}

/* Return: false if there are no such nodes. */
static bool nodes_of(nodemask_t *nodes, u64 bits)
{
	int nid;

	nodes_clear(*nodes);
	for (nid = 0; nid < 64; nid++) {
		if (!(bits & BIT_ULL(nid)))
			continue;
		if (nid >= MAX_NUMNODES)
			return false;
		node_set(nid, *nodes);
	}
	return true;
}

static int buffer_move_nodes(struct buffer *buffer,
			     struct movable_buffers_move *req)
{
	nodemask_t to, from;
	struct movable_move move = {
		.mode = MIGRATE_SYNC,
		.to = &to,
		.from = req->from ? &from : NULL,
	};

	/* Pages can be on none of the nodes that there are not. */
	nodes_of(&from, req->from);
	if (req->flags || !nodes_of(&to, req->to) || nodes_empty(to) ||
	    !nodes_subset(to, node_states[N_MEMORY]) ||
	    (req->from && nodes_empty(from)))
		return -EINVAL;
	if (!nodes_subset(to, cpuset_current_mems_allowed))
		return -EPERM;
	return buffer_move_all(buffer, &move, req);
}

long buffer_move(struct file *file, void __user *arg)
{
	struct movable_buffers_move req;
	int err;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
	req.moved = 0;
	req.stayed = 0;
	req.left = 0;
	err = buffer_move_nodes(file->private_data, &req);
	if (err)
		return err;
	return copy_to_user(arg, &req, sizeof(req)) ? -EFAULT : 0;
}
