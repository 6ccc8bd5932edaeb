/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_MODULE_H
#define _SELFTESTS_MP_MODULE_H

/* Loading and unloading modules, from the directory of the bench's guest. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mp_file.h"

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

/* With what movable_pool or movable_pool_test was loaded, to load it again. */
static inline void mp_core_parameters(const char *name, char *text, size_t size)
{
	int used = snprintf(text, size, "backing=");
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/backing", name);
	mp_read_file(path, text + used, size - used);
	text[strcspn(text, "\n")] = '\0';
}

static inline int mp_module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

#endif /* _SELFTESTS_MP_MODULE_H */
