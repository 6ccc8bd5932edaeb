/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MOVABLE_MAPPED_H
#define _LINUX_MOVABLE_MAPPED_H

/**
 * DOC: Mapped pools
 *
 * Pages that processes map, and that the kernel moves as it moves the memory of
 * processes: also when migrate_pages(2), move_pages(2), mbind(2), a cpuset or
 * NUMA balancing say so, with migration entries in the page tables meanwhile.
 * A process that touches a page in motion waits and reaches the new one.
 *
 * 1. A pool with MOVABLE_POOL_MAPPED is one object that can be mapped, of
 *    attr.max_pages pages, for ever.
 * 2. alloc() gives a handle the page at a place in it, zeroed.  publish(),
 *    pin(), map() and free() are those of all pools (linux/movable_pool.h).  A
 *    process that touches a place without a page gets SIGBUS; each place has a
 *    page once.
 * 3. file() opens it, with the driver's own file operations, whose mmap is
 *    movable_mapped_mmap().  Files hold the driver's module, mappings hold
 *    files.
 * 4. A freed page stays where processes have it mapped until a worker has taken
 *    it out, a moment later.  After movable_pool_destroy(), which may come at
 *    any time, usually when the driver's release has the last file, no process
 *    reaches any page: what is still mapped gives SIGBUS.
 *
 * Mappings are shared, and not executable.  The pages are charged to the memcg
 * of the task that allocates them, and come from nodes its policy says.  They
 * are not reclaimed or swapped out: a driver that unprivileged users can have
 * pages from has to limit them (account_locked_vm(), as samples/buffers).  A
 * page that a process has pinned (O_DIRECT, vmsplice, RDMA) stays until it is
 * let go, also beyond free() and destroy().
 *
 * An op of such a pool may run under an mmap_lock, and keep threads waiting
 * that have theirs: it must not take one, nor touch user memory, and nobody may
 * do that under a lock that the op takes.
 */

#include <linux/fs.h>
#include <linux/movable_pool.h>

int __must_check movable_mapped_alloc(struct movable_pool *pool,
				      struct movable_page *mp,
				      unsigned long index, gfp_t gfp);
struct file *movable_mapped_file(struct movable_pool *pool, const char *name,
				 const struct file_operations *fops,
				 void *priv, int flags);
int movable_mapped_fd(struct movable_pool *pool, const char *name,
		      const struct file_operations *fops, void *priv,
		      int flags);
int movable_mapped_mmap(struct file *file, struct vm_area_struct *vma);

#endif /* _LINUX_MOVABLE_MAPPED_H */
