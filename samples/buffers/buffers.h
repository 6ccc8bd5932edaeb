/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_BUFFERS_H
#define _MOVABLE_BUFFERS_H

#include <linux/kref.h>
#include <linux/movable_mapped.h>

#include "movable_buffers_uapi.h"

struct mm_struct;

/**
 * struct buffer - a buffer
 * @kref: its files
 * @name: ends with a NUL
 * @pool: the pool, NULL or an error if it was not to be had
 * @pages: a handle for each page, NULL likewise
 * @nr: pages it shall have
 * @filled: pages it has; less than @nr only until there is a file
 * @payer: whose RLIMIT_MEMLOCK @nr counts against, NULL if nobody's
 */
struct buffer {
	struct kref kref;
	char name[MOVABLE_BUFFERS_NAME_LEN];
	struct movable_pool *pool;
	struct movable_page *pages;
	unsigned long nr;
	unsigned long filled;
	struct mm_struct *payer;
};

/* move.c */
long buffer_move(struct file *file, void __user *arg);

#endif /* _MOVABLE_BUFFERS_H */
