/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FS_H
#define _SELFTESTS_MP_FS_H

/*
 * An ext4 on a disk of samples/ramdisk, and what moves the disk's pages
 * meanwhile: compaction, and a memory block that goes and comes.  The programs
 * and the tree of files are the bench's (tools/cargo.py).
 */

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mp_hotplug.h"
#include "mp_ramdisk.h"
#include "mp_worker.h"

#define MP_FS		"/tmp/fs"
#define MP_FS_DISK	"/dev/" MP_DISK
#define MP_FS_TAR	"/sources.tar"
#define MP_FS_SUMS	"/sources.sha256"

/* Return: the status of a command of the shell's, -1 if a signal ended it. */
__attribute__((format(printf, 1, 2)))
static inline int mp_shell(const char *format, ...)
{
	char command[512];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	fflush(stdout);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The same; what it has said is shown if it fails, but for what is well. */
static inline int mp_shell_told(const char *command)
{
	int status = mp_shell("{ %s; } >/tmp/told 2>&1", command);

	if (status)
		mp_shell("grep -v ': OK$' /tmp/told | sed 's/^/# /'");
	return status;
}

static inline int mp_fs_make(void)
{
	mkdir(MP_FS, 0700);
	return mp_shell("/programs/mke2fs -q -F -t ext4 " MP_FS_DISK);
}

/* What is deleted becomes holes. */
static inline int mp_fs_mount(void)
{
	return mount(MP_FS_DISK, MP_FS, "ext4", 0, "discard") ? -errno : 0;
}

/* Up to 10 s, for who has it open. */
static inline int mp_fs_unmount(void)
{
	int tries = 100;

	while (umount(MP_FS)) {
		if (errno != EBUSY || !tries--)
			return -errno;
		usleep(100000);
	}
	return 0;
}

/* Return: 0 if there is nothing to mend. */
static inline int mp_fs_check(void)
{
	return mp_shell_told("/programs/e2fsck -f -n " MP_FS_DISK);
}

/* The tree of files once more, as directory @copy. */
static inline int mp_fs_unpack(int copy)
{
	return mp_shell("mkdir " MP_FS "/%d && tar -C " MP_FS "/%d -xf "
			MP_FS_TAR, copy, copy);
}

static inline int mp_fs_delete(int copy)
{
	return mp_shell("rm -r " MP_FS "/%d", copy);
}

/* Read it from the disk, not from the page cache.  Return: 0 if it is whole. */
static inline int mp_fs_verify(int copy)
{
	char check[128];

	sync();
	mp_write_file("/proc/sys/vm/drop_caches", "1");
	snprintf(check, sizeof(check), "cd " MP_FS "/%d && sha256sum -c "
		 MP_FS_SUMS, copy);
	return mp_shell_told(check);
}

static long long mp_fs_bytes;

static inline int mp_fs_count(const char *path, const struct stat *st, int type,
			      struct FTW *ftw)
{
	if (type == FTW_F)
		mp_fs_bytes += st->st_size;
	return 0;
}

/* Bytes of the files in a copy of the tree. */
static inline long long mp_fs_tree_bytes(int copy)
{
	char path[64];

	snprintf(path, sizeof(path), MP_FS "/%d", copy);
	mp_fs_bytes = 0;
	return nftw(path, mp_fs_count, 16, FTW_PHYS) ? -errno : mp_fs_bytes;
}

/**
 * struct mp_movers - what moves pages
 * @compactor: compacts memory
 * @offliner: takes the last memory block, and gives it back
 */
struct mp_movers {
	struct mp_worker compactor;
	struct mp_worker offliner;
};

static inline int mp_movers_compact(struct mp_worker *worker)
{
	usleep(100000);
	return mp_compact();
}

/* It may have been used for what does not move just now: then the next time. */
static inline int mp_movers_offline(struct mp_worker *worker)
{
	long block = worker->count;

	usleep(500000);
	if (mp_memory_block_set(block, "offline"))
		return 0;
	worker->first++;
	return mp_memory_block_set(block, "online_movable");
}

static inline int mp_movers_start(struct mp_movers *m)
{
	*m = (struct mp_movers) {
		.compactor = { .step = mp_movers_compact },
		.offliner = {
			.step = mp_movers_offline,
			.count = mp_last_block(),
		},
	};
	return mp_worker_start(&m->compactor) ?: mp_worker_start(&m->offliner);
}

static inline int mp_movers_stop(struct mp_movers *m)
{
	int err = mp_worker_stop(&m->compactor);

	return mp_worker_stop(&m->offliner) ?: err;
}

/* Times that the block went offline. */
static inline unsigned int mp_movers_offlined(struct mp_movers *m)
{
	return __atomic_load_n(&m->offliner.first, __ATOMIC_ACQUIRE);
}

#endif /* _SELFTESTS_MP_FS_H */
