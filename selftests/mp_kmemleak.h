/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_KMEMLEAK_H
#define _SELFTESTS_MP_KMEMLEAK_H

/* What kmemleak, where the kernel has it, thinks is lost. */

#include <stdio.h>
#include <unistd.h>

#include "mp_file.h"

#define MP_KMEMLEAK	"/sys/kernel/debug/kmemleak"
/* Seconds; it does not suspect what is younger than five. */
#define MP_KMEMLEAK_AGE	6

static inline int mp_kmemleak_there(void)
{
	return !access(MP_KMEMLEAK, F_OK);
}

/*
 * Twice, for an object whose bytes have changed since the last scan is not
 * suspected, and the first scan knows of none before.
 */
static inline int mp_kmemleak_scan(void)
{
	sleep(MP_KMEMLEAK_AGE);
	return mp_write_file(MP_KMEMLEAK, "scan") ?:
	       mp_write_file(MP_KMEMLEAK, "scan");
}

/* Return: bytes of what it suspects, all of it printed, or -errno. */
static inline int mp_kmemleak_suspects(char *text, int size)
{
	int n = mp_read_file(MP_KMEMLEAK, text, size);

	if (n > 0)
		printf("# %s\n", text);
	return n;
}

#endif /* _SELFTESTS_MP_KMEMLEAK_H */
