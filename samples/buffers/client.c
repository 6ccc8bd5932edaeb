// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of /dev/movable_buffers for the shell:
 *
 *	client create notes 1M sh -c 'client fill hello; client status;
 *		client share client check hello'
 */

#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"

#define BUFFER	3	/* the descriptor that COMMAND has the buffer as */

static const char usage[] =
"usage: client create NAME SIZE COMMAND...  make a buffer, run COMMAND with it\n"
"       client share COMMAND...             the same, to be read only\n"
"       client fill TEXT                    write TEXT all over it\n"
"       client check TEXT                   is it all TEXT?\n"
"       client status                       its size, and how often it moved\n"
"       client move NODES [FROM]            to these nodes, of those on FROM\n"
"SIZE is in bytes, or with K, M or G, NODES are as for numactl: 0,2-3, the n-th\n"
"of FROM goes to the n-th of NODES.  COMMAND has the buffer as descriptor 3,\n"
"where the others look for it.\n";

static int complain(const char *what, int err)
{
	fprintf(stderr, "client: %s: %s\n", what, strerror(-err));
	return 1;
}

/* Return: 0 if it is no size. */
static unsigned long long parse_size(const char *text)
{
	static const char units[] = "KMG";
	char *end;
	unsigned long long size = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;

	if (unit) {
		size <<= 10 * (unit - units + 1);
		end++;
	}
	return *end ? 0 : size;
}

/* Return: the nodes, bit by bit; 0 if that is no list of them. */
static unsigned long long parse_nodes(const char *text)
{
	unsigned long long nodes = 0;
	unsigned long first, last;
	char *end;

	do {
		first = strtoul(text, &end, 10);
		if (end == text)
			return 0;
		last = first;
		if (*end == '-') {
			text = end + 1;
			last = strtoul(text, &end, 10);
			if (end == text)
				return 0;
		}
		if (first > last || last > 63)
			return 0;
		while (first <= last)
			nodes |= 1ull << first++;
		text = end + 1;
	} while (*end == ',');
	return *end ? 0 : nodes;
}

/* Not closed on exec: dup2() makes a descriptor that is not. */
static int run_with(int fd, char **command)
{
	if (fd < 0)
		return complain("no buffer", fd);
	if (fd == BUFFER ? fcntl(fd, F_SETFD, 0) : dup2(fd, BUFFER) < 0)
		return complain("descriptor", -errno);
	execvp(command[0], command);
	return complain(command[0], -errno);
}

static char *map(size_t *size, int prot)
{
	struct movable_buffers_status status;
	int err = buffers_status(BUFFER, &status);
	char *bytes;

	errno = -err;
	bytes = err ? MAP_FAILED : buffers_map(BUFFER, status.size, prot);
	if (bytes == MAP_FAILED)
		exit(complain("the buffer", -errno));
	*size = status.size;
	return bytes;
}

static int fill(const char *text)
{
	size_t size, i, len = strlen(text);
	char *bytes = map(&size, PROT_READ | PROT_WRITE);

	for (i = 0; i < size; i++)
		bytes[i] = text[i % len];
	return 0;
}

static int check(const char *text)
{
	size_t size, i, len = strlen(text);
	const char *bytes = map(&size, PROT_READ);

	for (i = 0; i < size; i++)
		if (bytes[i] != text[i % len])
			break;
	if (i == size)
		return 0;
	fprintf(stderr, "client: byte %zu is another\n", i);
	return 1;
}

static int status(void)
{
	struct movable_buffers_status it;
	int err = buffers_status(BUFFER, &it);

	if (err)
		return complain("the buffer", err);
	printf("name     %s\n", it.name);
	printf("size     %llu bytes, %llu pages\n", it.size, it.pages);
	printf("moved    %llu times a page by the kernel, %llu by the driver\n",
	       it.migrated, it.directed);
	printf("refused  %llu pinned, %llu referenced, %llu other\n",
	       it.refused_pinned, it.refused_referenced, it.refused_other);
	return 0;
}

static int move(const char *to, const char *from)
{
	struct movable_buffers_move it;
	unsigned long long nodes = parse_nodes(to);
	unsigned long long source = from ? parse_nodes(from) : 0;
	int err = nodes && (source || !from) ?
		  buffers_move(BUFFER, nodes, source, &it) : -EINVAL;

	if (err)
		return complain("nodes", err);
	printf("moved %llu pages, %llu were there, %llu were left\n", it.moved,
	       it.stayed, it.left);
	return it.left ? 1 : 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "create") && argc > 4)
		return run_with(buffers_create(argv[2], parse_size(argv[3])),
				argv + 4);
	if (!strcmp(verb, "share") && argc > 2)
		return run_with(buffers_share(BUFFER), argv + 2);
	if (!strcmp(verb, "fill") && argc == 3 && *argv[2])
		return fill(argv[2]);
	if (!strcmp(verb, "check") && argc == 3 && *argv[2])
		return check(argv[2]);
	if (!strcmp(verb, "status") && argc == 2)
		return status();
	if (!strcmp(verb, "move") && (argc == 3 || argc == 4))
		return move(argv[2], argv[3]);
	fputs(usage, stderr);
	return 2;
}
