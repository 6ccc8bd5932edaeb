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
"SIZE is in bytes, or with K, M or G.  COMMAND has the buffer as descriptor 3,\n"
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
	printf("moved    %llu times a page\n", it.migrated);
	printf("refused  %llu pinned, %llu referenced, %llu other\n",
	       it.refused_pinned, it.refused_referenced, it.refused_other);
	return 0;
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
	fputs(usage, stderr);
	return 2;
}
