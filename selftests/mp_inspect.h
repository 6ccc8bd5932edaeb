/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_INSPECT_H
#define _SELFTESTS_MP_INSPECT_H

/* Pools seen through drgn: tools/drgn/, which the bench puts in /python. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "mp_file.h"

#define MP_INSPECT_OUT		"/tmp/inspect.out"
#define MP_INSPECT_OUT_MAX	(1 << 20)
#define MP_INSPECT_LINE		256

static char mp_inspected[MP_INSPECT_OUT_MAX];

/* Return: its status, or -errno; what it has printed is in mp_inspected. */
static inline int __attribute__((format(printf, 1, 2)))
mp_inspect(const char *format, ...)
{
	char words[MP_INSPECT_LINE], command[2 * MP_INSPECT_LINE];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	snprintf(command, sizeof(command),
		 "/usr/bin/python3 /python/movable_pool %s >" MP_INSPECT_OUT
		 " 2>&1 </dev/null", words);
	status = system(command);
	if (mp_read_file(MP_INSPECT_OUT, mp_inspected,
			 sizeof(mp_inspected)) < 0)
		return -EIO;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

/* Where the module's debug information is, in a guest. */
#define MP_INSPECT_SYMBOLS	"--symbols /modules/movable_pool.ko "

static inline int mp_inspect_says(const char *text)
{
	return !!strstr(mp_inspected, text);
}

#endif /* _SELFTESTS_MP_INSPECT_H */
