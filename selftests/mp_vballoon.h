/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_VBALLOON_H
#define _SELFTESTS_MP_VBALLOON_H

/* The balloon as QEMU sees it, and as its driver's pool has it. */

#include <libgen.h>

#include "mp_books.h"
#include "mp_host.h"

#define MP_VB_DRIVER	"/sys/bus/virtio/drivers/movable_balloon/"
#define MP_VB_SETTINGS	"/sys/module/movable_balloon/parameters/"
#define MP_VB_STATS	MP_DEBUGFS "virtio*/stats"
#define MP_MIB		(1L << 20)
/* QEMU says it for each page that it is told of, in or out. */
#define MP_VB_TOLD	"virtio_balloon_handle_output"

/* Return: MiB of the machine, hot-plugged ones included, or -errno. */
static inline long mp_vb_ram(void)
{
	static long mib;	/* asked of QEMU once */
	char answer[MP_HOST_ANSWER];
	int err;

	if (mib)
		return mib;
	err = mp_host_ask(answer, "query-memory-size-summary");
	if (err)
		return err;
	mib = (mp_host_number(answer, "base-memory") +
	       mp_host_number(answer, "plugged-memory")) / MP_MIB;
	return mib;
}

/* The host wants so many MiB of ours. */
static inline int mp_vb_want(long mib)
{
	long ram = mp_vb_ram();
	char answer[MP_HOST_ANSWER];

	if (ram < 0)
		return ram;
	return mp_host_ask(answer, "balloon {'value': %ld}",
			   (ram - mib) * MP_MIB);
}

/* Return: pages that the driver has told QEMU are in the balloon. */
static inline long mp_vb_actual(void)
{
	char answer[MP_HOST_ANSWER];
	long long left;
	int err = mp_host_ask(answer, "query-balloon");

	if (err)
		return err;
	left = mp_host_number(answer, "actual");
	return (mp_vb_ram() * MP_MIB - left) / mp_page_size();
}

/* Return: what the books say under @name, or -errno. */
static inline long mp_vb_stat(const char *name)
{
	char path[160];

	if (mp_find_file(MP_VB_STATS, path, sizeof(path)) != 1)
		return -ENOENT;
	return mp_read_field(path, name);
}

/* kB */
static inline long mp_mem_total(void)
{
	return mp_read_field("/proc/meminfo", "MemTotal");
}

static inline long mp_vb_pages_of(long mib)
{
	return mib * MP_MIB / mp_page_size();
}

/* Return: 0 when the pool has so many pages, within a minute. */
static inline int mp_vb_pool_becomes(long pages)
{
	int tries = 6000;

	while (mp_vb_stat("pages") != pages && tries--)
		usleep(10000);
	return tries < 0 ? -ETIMEDOUT : 0;
}

/* The same, and the host knows it, which is the last thing the driver does. */
static inline int mp_vb_becomes(long pages)
{
	int err = mp_vb_pool_becomes(pages), tries = 600;

	while (!err && mp_vb_actual() != pages)
		if (usleep(100000) || !tries--)
			err = -ETIMEDOUT;
	return err;
}

/* Return: 0 when the balloon has so many MiB. */
static inline int mp_vb_reach(long mib)
{
	return mp_vb_want(mib) ?: mp_vb_becomes(mp_vb_pages_of(mib));
}

/* Return: the device's name on the virtio bus, while it has a driver. */
static inline const char *mp_vb_device(void)
{
	static char path[128];

	if (mp_find_file(MP_VB_DRIVER "virtio*", path, sizeof(path)) != 1)
		return NULL;
	return basename(path);
}

static inline int mp_vb_unbind(const char *name)
{
	return mp_write_file(MP_VB_DRIVER "unbind", name);
}

static inline int mp_vb_bind(const char *name)
{
	return mp_write_file(MP_VB_DRIVER "bind", name);
}

#endif /* _SELFTESTS_MP_VBALLOON_H */
