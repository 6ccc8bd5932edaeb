/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_RAMDISK_H
#define _SELFTESTS_MP_RAMDISK_H

/* Disks of samples/ramdisk: 0 or more, or -errno. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mp_file.h"
#include "mp_lever.h"
#include "mp_module.h"
#include "mp_stat.h"

#define MP_RAMDISK	"movable_ramdisk"
#define MP_DISK		"mrd0"		/* the first disk, and its pool */
#define MP_SECTOR	512
#define MP_MIB		(1L << 20)

static inline int mp_ramdisk_load(const char *parameters)
{
	return mp_module_load(MP_RAMDISK, parameters);
}

/* Who looks at new disks of the machine has them open for a moment. */
static inline int mp_ramdisk_unload(void)
{
	int err, tries = 100;

	while ((err = mp_module_unload(MP_RAMDISK)) == -EWOULDBLOCK && tries--)
		usleep(20000);
	return err;
}

/* Past the page cache. */
static inline int mp_disk_open(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* As direct I/O wants it. */
static inline void *mp_disk_buffer(size_t size)
{
	void *buffer;

	return posix_memalign(&buffer, 65536, size) ? NULL : buffer;
}

static inline int mp_disk_write(int fd, const void *data, size_t len, off_t pos)
{
	ssize_t n = pwrite(fd, data, len, pos);

	return n < 0 ? -errno : n == (ssize_t)len ? 0 : -EIO;
}

static inline int mp_disk_read(int fd, void *data, size_t len, off_t pos)
{
	ssize_t n = pread(fd, data, len, pos);

	return n < 0 ? -errno : n == (ssize_t)len ? 0 : -EIO;
}

/* @request: BLKDISCARD or BLKZEROOUT */
static inline int mp_disk_range(int fd, unsigned long request, uint64_t pos,
				uint64_t len)
{
	uint64_t range[] = { pos, len };

	return ioctl(fd, request, range) ? -errno : 0;
}

static inline int mp_disk_discard(int fd, uint64_t pos, uint64_t len)
{
	return mp_disk_range(fd, BLKDISCARD, pos, len);
}

/* What a sector has that was written with @seed; never zeroes. */
static inline void mp_disk_fill(void *data, size_t len, uint64_t seed)
{
	uint64_t *words = data;
	size_t i;

	for (i = 0; i < len / sizeof(*words); i++)
		words[i] = (seed + 1) * 0x9e3779b97f4a7c15ull + i;
}

static inline int mp_disk_holds(const void *data, size_t len, uint64_t seed)
{
	const uint64_t *words = data;
	size_t i;

	for (i = 0; i < len / sizeof(*words); i++)
		if (words[i] != (seed + 1) * 0x9e3779b97f4a7c15ull + i)
			return 0;
	return 1;
}

static inline int mp_disk_blank(const void *data, size_t len)
{
	const char *bytes = data;

	return !len || (!bytes[0] && !memcmp(bytes, bytes + 1, len - 1));
}

/* Pages from @first on, each of the seed that is its number plus @seed. */
static inline int mp_disk_make(int fd, size_t first, size_t count,
			       uint64_t seed)
{
	size_t size = mp_page_size(), i;
	char *page = mp_disk_buffer(size);
	int err = page ? 0 : -ENOMEM;

	for (i = first; i < first + count && !err; i++) {
		mp_disk_fill(page, size, seed + i);
		err = mp_disk_write(fd, page, size, i * size);
	}
	free(page);
	return err;
}

/* Return: -EILSEQ if a page is not as made; those in @holes are zeroes. */
static inline int mp_disk_verify(int fd, size_t first, size_t count,
				 uint64_t seed, const unsigned char *holes)
{
	size_t size = mp_page_size(), i;
	char *page = mp_disk_buffer(size);
	int err = page ? 0 : -ENOMEM;

	for (i = first; i < first + count && !err; i++) {
		err = mp_disk_read(fd, page, size, i * size);
		if (!err && !(holes && holes[i] ? mp_disk_blank(page, size) :
			      mp_disk_holds(page, size, seed + i)))
			err = -EILSEQ;
	}
	free(page);
	return err;
}

#endif /* _SELFTESTS_MP_RAMDISK_H */
