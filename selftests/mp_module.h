/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_MODULE_H
#define _SELFTESTS_MP_MODULE_H

/* Loading and unloading modules, from the directory of the bench's guest. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int mp_module_load(const char *name, const char *parameters)
{
	char path[128];
	int err = 0;
	int fd;

	snprintf(path, sizeof(path), "/modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, parameters, 0))
		err = -errno;
	close(fd);
	return err;
}

static inline int mp_module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

#endif /* _SELFTESTS_MP_MODULE_H */
