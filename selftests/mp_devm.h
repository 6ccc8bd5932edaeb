/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_DEVM_H
#define _SELFTESTS_MP_DEVM_H

/* The device of mp_test_devm.ko (kmod/devm.c). */

#include <errno.h>
#include <stdio.h>

#include "mp_books.h"
#include "mp_file.h"

#define MP_DEVM_DRIVER	"/sys/bus/platform/drivers/mp_devm/"
#define MP_DEVM_DEVICE	"/sys/bus/platform/devices/mp_devm/"
#define MP_DEVM_PARAM	"/sys/module/mp_test_devm/parameters/"

static inline int mp_devm_bind(void)
{
	return mp_write_file(MP_DEVM_DRIVER "bind", "mp_devm");
}

static inline int mp_devm_unbind(void)
{
	return mp_write_file(MP_DEVM_DRIVER "unbind", "mp_devm");
}

static inline int mp_devm_bound(void)
{
	return !access(MP_DEVM_DEVICE "driver", F_OK);
}

/* Return: how many pools it has. */
static inline int mp_devm_pools(void)
{
	char path[128];

	return mp_find_file(MP_DEBUGFS "devm-*", path, sizeof(path));
}

/* Of its pool's books. */
static inline long mp_devm_stat(const char *name)
{
	char path[128];

	if (mp_find_file(MP_DEBUGFS "devm-*/stats", path, sizeof(path)) != 1)
		return -ENOENT;
	return mp_read_field(path, name);
}

/* A file of the device with two numbers. */
static inline int mp_devm_pair(const char *file, unsigned int *a,
			       unsigned int *b)
{
	char path[128], text[64];
	int n;

	snprintf(path, sizeof(path), MP_DEVM_DEVICE "%s", file);
	n = mp_read_file(path, text, sizeof(text));
	if (n < 0)
		return n;
	return sscanf(text, "%u %u", a, b) == 2 ? 0 : -EBADMSG;
}

/* Return: how many pages it has, all as they should be; or an error. */
static inline int mp_devm_verify(void)
{
	unsigned int wrong, pages;
	int err = mp_devm_pair("verify", &wrong, &pages);

	return err ?: wrong ? -EILSEQ : pages;
}

#endif /* _SELFTESTS_MP_DEVM_H */
