/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SAMPLES_DEMO_H
#define _SAMPLES_DEMO_H

/*
 * What the guests' programs of the demos have in common (tools/terminal.py is
 * the host's side): a report of "word value..." lines on stdout.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BLOCK		512ul		/* pages in a pageblock */

/* Bits of /proc/kpageflags: Documentation/admin-guide/mm/pagemap.rst */
#define KPF(bit)	(1ull << (bit))
#define KPF_FREE	KPF(10)
#define KPF_ABSENT	KPF(20)
/* lru, mmap, anon, unevictable, thp: user pages, which the kernel can move */
#define KPF_USER	(KPF(5) | KPF(11) | KPF(12) | KPF(18) | KPF(22))

__attribute__((format(printf, 1, 2), noreturn))
static inline void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	printf("error ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(": %s\n", strerror(err));
	exit(2);
}

static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* A line four times a second at most, but for the last. */
static inline void show(const char *what, size_t done, size_t all)
{
	static uint64_t last;
	uint64_t now = now_ns() / 250000000;

	if (done < all && now == last)
		return;
	last = now;
	printf("progress %s %zu %zu\n", what, done, all);
}

static uint64_t rng;

/* splitmix64 */
static inline uint64_t next_random(void)
{
	uint64_t z = rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* A file of "name value" lines: /proc/meminfo, /proc/vmstat, stats. */
static inline unsigned long value_of(const char *path, const char *name)
{
	size_t len = strlen(name);
	unsigned long value = 0;
	char line[128];
	FILE *f = fopen(path, "r");

	if (!f)
		die("%s", path);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && strchr(" :", line[len]))
			value = strtoul(line + len + 1, NULL, 10);
	fclose(f);
	return value;
}

static inline void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s", path);
	close(fd);
}

static inline void *map_array(size_t nr, size_t size)
{
	void *p = mmap(NULL, nr * size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static inline void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("CPU %d", cpu);
}

/* Return: how many values @path has; they are the caller's to free(). */
static inline size_t read_all(const char *path, uint64_t **data)
{
	size_t size = 0, room = 1 << 16;
	int fd = open(path, O_RDONLY);
	ssize_t got;

	*data = malloc(room);
	if (fd < 0 || !*data)
		die("%s", path);
	while ((got = read(fd, (char *)*data + size, room - size)) > 0) {
		size += got;
		if (size < room)
			continue;
		room *= 2;
		*data = realloc(*data, room);
		if (!*data)
			die("%s", path);
	}
	close(fd);
	return size / sizeof(**data);
}

/*
 * Until it is asked to, the kernel shall not compact: not in the background,
 * nor because its reserve, which is large for the sake of huge pages, is low.
 */
static inline void leave_memory_alone(void)
{
	put("/proc/sys/vm/compaction_proactiveness", "0");
	put("/proc/sys/vm/min_free_kbytes", "8192");
}

#endif /* _SAMPLES_DEMO_H */
