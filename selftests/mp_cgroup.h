/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_CGROUP_H
#define _SELFTESTS_MP_CGROUP_H

/* One control group below the root of a hierarchy.  0 or more, or -errno. */

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "mp_file.h"

#define MP_CGROUP	"/tmp/cgroup"
#define MP_GROUP	MP_CGROUP "/mp"

static inline int mp_cgroup_mkdir(const char *path)
{
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

/* Version 2, with @controllers as in cgroup.subtree_control. */
static inline int mp_cgroup_make(const char *controllers)
{
	int err = mp_cgroup_mkdir(MP_CGROUP);

	if (!err && mount("none", MP_CGROUP, "cgroup2", 0, NULL))
		err = -errno;
	return err ?: mp_write_file(MP_CGROUP "/cgroup.subtree_control",
				    controllers) ?:
	       mp_cgroup_mkdir(MP_GROUP);
}

/* Version 1, of one controller. */
static inline int mp_cgroup_make_v1(const char *controller)
{
	int err = mp_cgroup_mkdir(MP_CGROUP);

	if (!err && mount("none", MP_CGROUP, "cgroup", 0, controller))
		err = -errno;
	return err ?: mp_cgroup_mkdir(MP_GROUP);
}

static inline int mp_cgroup_enter(pid_t pid)
{
	return mp_write_long(MP_GROUP "/cgroup.procs", pid);
}

/* Return: pages. */
static inline long mp_cgroup_charged(void)
{
	return mp_read_long(MP_GROUP "/memory.current") / mp_page_size();
}

static inline int mp_cgroup_rmdir(void)
{
	return rmdir(MP_GROUP) ? -errno : 0;
}

static inline int mp_cgroup_end(void)
{
	return umount(MP_CGROUP) ? -errno : 0;
}

#endif /* _SELFTESTS_MP_CGROUP_H */
