/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SAMPLES_DEMO_FILES_H
#define _SAMPLES_DEMO_FILES_H

/*
 * Real files that a demo stores, and their checksums: a manifest made on the
 * host has "sha256 size path" a line.  Needs the module algif_hash.
 */

#include <linux/if_alg.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "demo.h"

#define MAX_FILES	4096
#define SUM_BYTES	32		/* of SHA-256 */

/**
 * struct file - a file to store
 * @path: where it is in the guest
 * @sum: what it should be, in hexadecimal
 * @size: bytes
 * @first: for who stores it in pieces: the first of them, in each copy
 */
struct file {
	char path[256];
	char sum[2 * SUM_BYTES + 1];
	size_t size;
	size_t first;
};

static struct file files[MAX_FILES];
static size_t nr_files, bytes_per_copy;

static inline void read_manifest(const char *path)
{
	FILE *f = fopen(path, "r");
	struct file *file = files;

	if (!f)
		die("%s", path);
	while (nr_files < MAX_FILES &&
	       fscanf(f, "%64s %zu %255s", file->sum, &file->size,
		      file->path) == 3) {
		bytes_per_copy += file->size;
		file++;
		nr_files++;
	}
	fclose(f);
}

/*
 * The kernel's; see crypto/userspace-if in its documentation.  Return: a
 * descriptor for sha256(), of a thread.
 */
static inline int hash_open(void)
{
	struct sockaddr_alg sha = {
		.salg_family = AF_ALG,
		.salg_type = "hash",
		.salg_name = "sha256",
	};
	int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);
	int hash;

	if (fd < 0 || bind(fd, (struct sockaddr *)&sha, sizeof(sha)))
		die("sha256");
	hash = accept(fd, NULL, NULL);
	if (hash < 0)
		die("sha256");
	close(fd);
	return hash;
}

/* @more: there is more to come of the same file. */
static inline void hash_add(int hash, const void *data, size_t size, bool more)
{
	if (send(hash, data, size, more ? MSG_MORE : 0) != (ssize_t)size)
		die("sha256");
}

/* Is what was added last the file that the host put into the manifest? */
static inline bool hash_is(int hash, const struct file *file)
{
	unsigned char sum[SUM_BYTES];
	char hex[2 * SUM_BYTES + 1];
	size_t i;

	if (read(hash, sum, SUM_BYTES) != SUM_BYTES)
		die("sha256");
	for (i = 0; i < sizeof(sum); i++)
		sprintf(hex + 2 * i, "%02x", sum[i]);
	return !strcmp(hex, file->sum);
}

#endif /* _SAMPLES_DEMO_FILES_H */
