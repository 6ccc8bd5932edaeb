/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_FUZZ_DEBUGFS_H
#define _SELFTESTS_MP_FUZZ_DEBUGFS_H

/* Hostile readers of debugfs, while the pools that it shows come and go. */

#include <dirent.h>

#include "client.h"
#include "mp_books.h"
#include "mp_fuzz_slots.h"

struct mp_fuzz_debugfs {
	char path[512];
};

/* Return: whether there is one; a random one that is in @dir is in @name. */
static inline int mp_fuzz_entry(struct mp_fuzz *fuzz, const char *dir,
				char *name, size_t n)
{
	DIR *list = opendir(dir);
	struct dirent *entry;
	unsigned int seen = 0;

	if (!list)
		return 0;
	while ((entry = readdir(list)))
		if (entry->d_name[0] != '.' && mp_fuzz_once(fuzz, ++seen))
			snprintf(name, n, "%s", entry->d_name);
	closedir(list);
	return seen > 0;
}

/* A file of a pool, or one beside the pools; it may be gone by now. */
static inline const char *mp_fuzz_path(struct mp_fuzz *fuzz)
{
	static const char * const files[] = {
		"stats", "pages", "backing", "longterm", "none",
	};
	struct mp_fuzz_debugfs *debugfs = fuzz->state;
	char name[256] = "deferred";

	mp_fuzz_entry(fuzz, MP_DEBUGFS, name, sizeof(name));
	snprintf(debugfs->path, sizeof(debugfs->path), MP_DEBUGFS "%s%s%s",
		 name, strcmp(name, "deferred") ? "/" : "",
		 strcmp(name, "deferred") ? files[mp_fuzz_below(fuzz, 5)] : "");
	return debugfs->path;
}

static inline int mp_fuzz_debugfs_open(struct mp_fuzz *fuzz)
{
	static const int odd[] = {
		O_WRONLY, O_RDWR, O_RDWR | O_TRUNC, O_RDONLY | O_DIRECTORY,
		O_PATH, O_RDONLY | O_DIRECT, O_RDONLY | O_CREAT,
	};
	int flags = mp_fuzz_once(fuzz, 4) ? odd[mp_fuzz_below(fuzz, 7)] :
					    O_RDONLY;
	int fd;

	if (!mp_fuzz_once(fuzz, 4))
		return MP_FUZZ_IDLE;
	fd = open(mp_fuzz_path(fuzz), flags | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : mp_fuzz_slot_put(fuzz, fd);
}

/* How much, from where, to where. */
static inline int mp_fuzz_debugfs_read(struct mp_fuzz *fuzz)
{
	static const size_t sizes[] = { 0, 1, 3, 80, 4095, 4096, 65536 };
	static const char zeroes[65536];
	size_t n = sizes[mp_fuzz_below(fuzz, 7)];
	char *to = mp_fuzz_place(fuzz, zeroes, n);
	off_t at = mp_fuzz_below(fuzz, 200);
	long done;

	if (mp_fuzz_once(fuzz, 16))
		n = mp_fuzz_value(fuzz);
	if (mp_fuzz_once(fuzz, 8))
		at = mp_fuzz_value(fuzz);
	done = mp_fuzz_once(fuzz, 2) ? read(mp_fuzz_slot(fuzz), to, n) :
				       pread(mp_fuzz_slot(fuzz), to, n, at);
	return done < 0 ? -errno : 0;
}

static inline int mp_fuzz_debugfs_seek(struct mp_fuzz *fuzz)
{
	off_t to = mp_fuzz_once(fuzz, 4) ? (off_t)mp_fuzz_value(fuzz) :
					   mp_fuzz_below(fuzz, 400);
	int whence = mp_fuzz_once(fuzz, 8) ? mp_fuzz_below(fuzz, 8) : SEEK_SET;

	return lseek(mp_fuzz_slot(fuzz), to, whence) < 0 ? -errno : 0;
}

static inline int mp_fuzz_debugfs_write(struct mp_fuzz *fuzz)
{
	static const char text[64] = "1\n";
	size_t n = mp_fuzz_value(fuzz) % sizeof(text);
	char *from = mp_fuzz_place(fuzz, text, sizeof(text));
	long done;

	if (!n)
		return MP_FUZZ_IDLE;
	done = mp_fuzz_once(fuzz, 2) ?
	       write(mp_fuzz_slot(fuzz), from, n) :
	       pwrite(mp_fuzz_slot(fuzz), from, n, mp_fuzz_value(fuzz));
	return done < 0 ? -errno : 0;
}

static inline int mp_fuzz_debugfs_mmap(struct mp_fuzz *fuzz)
{
	void *addr = mmap(NULL, mp_page_size(), PROT_READ, MAP_SHARED,
			  mp_fuzz_slot(fuzz), 0);

	return addr == MAP_FAILED ? -errno : 0;
}

static inline int mp_fuzz_debugfs_strange(struct mp_fuzz *fuzz)
{
	return mp_fuzz_strange(fuzz, mp_fuzz_slot(fuzz), 1, 0);
}

/* A pool that comes, and has gone when this returns. */
static inline int mp_fuzz_debugfs_pool(struct mp_fuzz *fuzz)
{
	size_t pages = mp_fuzz_below(fuzz, 40);
	int fd;

	if (!mp_fuzz_once(fuzz, 4))
		return MP_FUZZ_IDLE;
	fd = buffers_create("fuzz-seen", pages * mp_page_size());
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static const struct mp_fuzz_op mp_fuzz_debugfs_ops[] = {
	{ "open", mp_fuzz_debugfs_open, 0 },
	{ "read", mp_fuzz_debugfs_read, 0 },
	{ "read", mp_fuzz_debugfs_read, 0 },
	{ "seek", mp_fuzz_debugfs_seek, 0 },
	{ "write", mp_fuzz_debugfs_write, MP_FUZZ_NEVER_DONE },
	{ "mmap", mp_fuzz_debugfs_mmap, MP_FUZZ_NEVER_DONE },
	{ "strange", mp_fuzz_debugfs_strange, MP_FUZZ_NEVER_DONE },
	{ "poll", mp_fuzz_slot_poll, MP_FUZZ_NEVER_REFUSED },
	{ "close", mp_fuzz_slot_close, 0 },
	{ "dup", mp_fuzz_slot_dup, 0 },
	{ "pool", mp_fuzz_debugfs_pool, MP_FUZZ_NEVER_REFUSED },
	{ }
};

static const struct mp_fuzz_set mp_fuzz_debugfs = {
	.name = "debugfs",
	.ops = mp_fuzz_debugfs_ops,
	.state = sizeof(struct mp_fuzz_debugfs),
};

#endif /* _SELFTESTS_MP_FUZZ_DEBUGFS_H */
