/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_MAPPED_H
#define _SELFTESTS_MP_MAPPED_H

/* A mapped pool of mp_test.ko, in this process.  0 or more, or -errno. */

#include <sys/mman.h>

#include "mp_driver.h"
#include "mp_file.h"
#include "mp_lever.h"

#define MP_MAPPED_SEED	47

/**
 * struct mp_mapped - the pool, its file and a mapping of all of it
 * @fd: driver
 * @pool: its number
 * @pages: its size
 * @file: descriptor of the pool's file
 * @words: where it is mapped
 */
struct mp_mapped {
	int fd;
	int pool;
	unsigned int pages;
	int file;
	__u64 *words;
};

static inline size_t mp_mapped_bytes(const struct mp_mapped *mapped)
{
	return (size_t)mapped->pages * mp_page_size();
}

/* A new descriptor of the pool's file. */
static inline int mp_mapped_open(int fd, int pool, int flags)
{
	struct mp_test_mapped open = { .pool = pool, .flags = flags };
	int err = mp_ioctl(fd, MP_TEST_IOC_MAPPED, &open);

	return err ?: open.fd;
}

static inline int mp_mapped_create(int fd, unsigned int pages,
				   unsigned int has)
{
	struct mp_test_create create = {
		.name = "mapped",
		.flags = MP_MAPPED,
		.has = has,
		.capacity = pages,
		.max_pages = pages,
	};

	return mp_create_as(fd, &create);
}

/* Open and map it.  Only what is touched comes into the page tables. */
static inline int mp_mapped_map(struct mp_mapped *mapped)
{
	void *addr;

	mapped->file = mp_mapped_open(mapped->fd, mapped->pool, O_RDWR);
	if (mapped->file < 0)
		return mapped->file;
	addr = mmap(NULL, mp_mapped_bytes(mapped), PROT_READ | PROT_WRITE,
		    MAP_SHARED, mapped->file, 0);
	if (addr == MAP_FAILED)
		return -errno;
	mapped->words = addr;
	return 0;
}

/* Mapped, with zeroes, but in the first @ready places of it only. */
static inline int mp_mapped_make_some(struct mp_mapped *mapped, int fd,
				      unsigned int pages, unsigned int ready,
				      unsigned int has)
{
	*mapped = (struct mp_mapped) { .fd = fd, .pages = pages, .file = -1 };
	mapped->pool = mp_mapped_create(fd, pages, has);
	if (mapped->pool < 0)
		return mapped->pool;
	return mp_do(fd, mapped->pool, MP_TEST_ALLOC, 0, ready) ?:
	       mp_do(fd, mapped->pool, MP_TEST_PUBLISH, 0, ready) ?:
	       mp_mapped_map(mapped);
}

static inline int mp_mapped_make(struct mp_mapped *mapped, int fd,
				 unsigned int pages, unsigned int has)
{
	return mp_mapped_make_some(mapped, fd, pages, pages, has);
}

/* Without pages: touching a place is SIGBUS. */
static inline int mp_mapped_make_empty(struct mp_mapped *mapped, int fd,
				       unsigned int pages, unsigned int has)
{
	return mp_mapped_make_some(mapped, fd, pages, 0, has);
}

static inline void mp_mapped_end(struct mp_mapped *mapped)
{
	if (mapped->words)
		munmap(mapped->words, mp_mapped_bytes(mapped));
	if (mapped->file >= 0)
		close(mapped->file);
	mapped->words = NULL;
	mapped->file = -1;
}

static inline __u64 *mp_mapped_page(const struct mp_mapped *mapped,
				    unsigned int index)
{
	return mapped->words + (size_t)index * mp_page_size() / sizeof(__u64);
}

static inline __u64 mp_mapped_word(size_t i, __u64 seed)
{
	return (i + seed) * 0x9e3779b97f4a7c15ULL;
}

static inline size_t mp_mapped_nr_words(const struct mp_mapped *mapped)
{
	return mp_mapped_bytes(mapped) / sizeof(__u64);
}

/* Each word of each page. */
static inline void mp_mapped_fill(struct mp_mapped *mapped, __u64 seed)
{
	size_t i;

	for (i = 0; i < mp_mapped_nr_words(mapped); i++)
		mapped->words[i] = mp_mapped_word(i, seed);
}

/* Return: how many words are not what mp_mapped_fill() wrote. */
static inline long mp_mapped_wrong(const struct mp_mapped *mapped, __u64 seed)
{
	long wrong = 0;
	size_t i;

	for (i = 0; i < mp_mapped_nr_words(mapped); i++)
		wrong += mapped->words[i] != mp_mapped_word(i, seed);
	return wrong;
}

/* The process fills one page as the driver's MP_TEST_FILL does. */
static inline void mp_mapped_page_fill(const struct mp_mapped *mapped,
				       unsigned int index, __u64 seed)
{
	volatile __u64 *words = mp_mapped_page(mapped, index);
	unsigned int i;

	for (i = 0; i < mp_page_size() / sizeof(*words); i++)
		words[i] = mp_test_word(seed, index, i);
}

/* Return: how many of its words are otherwise. */
static inline long mp_mapped_page_wrong(const struct mp_mapped *mapped,
					unsigned int index, __u64 seed)
{
	volatile __u64 *words = mp_mapped_page(mapped, index);
	unsigned int i;
	long wrong = 0;

	for (i = 0; i < mp_page_size() / sizeof(*words); i++)
		wrong += words[i] != mp_test_word(seed, index, i);
	return wrong;
}

/* The same of all pages. */
static inline void mp_mapped_pages_fill(const struct mp_mapped *mapped,
					__u64 seed)
{
	unsigned int i;

	for (i = 0; i < mapped->pages; i++)
		mp_mapped_page_fill(mapped, i, seed);
}

static inline long mp_mapped_pages_wrong(const struct mp_mapped *mapped,
					 __u64 seed)
{
	unsigned int i;
	long wrong = 0;

	for (i = 0; i < mapped->pages; i++)
		wrong += mp_mapped_page_wrong(mapped, i, seed);
	return wrong;
}

static inline long mp_mapped_moved(const struct mp_mapped *mapped)
{
	return mp_stats(mapped->fd, mapped->pool).migrated;
}

/*
 * Somebody wants the frame of each page, one after the other.
 * Return: how many moves that took, or -errno.
 */
static inline long mp_mapped_move(const struct mp_mapped *mapped)
{
	long before = mp_mapped_moved(mapped);
	unsigned int i;
	int err;

	for (i = 0; i < mapped->pages; i++) {
		err = mp_evict_retry(mapped->fd,
				     mp_pfn(mapped->fd, mapped->pool, i), 1);
		if (err)
			return err;
	}
	return mp_mapped_moved(mapped) - before;
}

/* Return: the frame that this process's page tables have there, 0: none. */
static inline __u64 mp_mapped_frame(const void *addr)
{
	const __u64 present = 1ULL << 63, frame = (1ULL << 55) - 1;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	if (pread(fd, &entry, sizeof(entry), (__u64)(unsigned long)addr /
		  mp_page_size() * sizeof(entry)) != sizeof(entry))
		entry = 0;
	close(fd);
	return entry & present ? entry & frame : 0;
}

/* Return: how many pages at @addr the page tables have where the pool has. */
static inline unsigned int mp_mapped_resident(const struct mp_mapped *mapped,
					      const void *addr)
{
	unsigned int i, there = 0;

	for (i = 0; i < mapped->pages; i++)
		there += mp_mapped_frame((char *)addr + i * mp_page_size()) ==
			 mp_pfn(mapped->fd, mapped->pool, i);
	return there;
}

#endif /* _SELFTESTS_MP_MAPPED_H */
