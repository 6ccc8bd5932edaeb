// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel does to pages that it wants the frames of, or believes it can
 * have again, while processes have them mapped.  Node 1 has hot-plugged memory
 * in ZONE_MOVABLE.
 */

#include <sys/mman.h>

#include "mp.h"
#include "mp_eater.h"
#include "mp_hotplug.h"
#include "mp_mapped.h"
#include "mp_merge.h"
#include "mp_sharer.h"
#include "mp_touch.h"
#include "mp_writer.h"

#define PAGES		2000
#define OFFLINED	64
#define POISONED	5
#define DROP_CACHES	"/proc/sys/vm/drop_caches"

#ifndef MADV_COLD
#define MADV_COLD	20
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

FIXTURE(there) {
	struct mp_world world;
	struct mp_mapped it;
	int fd;
};

static int make_on(struct mp_mapped *it, int fd, int node, unsigned int pages)
{
	int err = mp_prefer_node(node) ?: mp_mapped_make(it, fd, pages, 0) ?:
		  mp_default_policy();

	if (!err)
		mp_mapped_fill(it, MP_MAPPED_SEED);
	mp_drain_lru();
	return err;
}

FIXTURE_SETUP(there)
{
	ASSERT_EQ(1, mp_no_swap());
	ASSERT_EQ(0, mp_balancing(0));
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	ASSERT_EQ(0, make_on(&self->it, self->fd, 1, PAGES));
}

FIXTURE_TEARDOWN(there)
{
	EXPECT_EQ(0, mp_mapped_wrong(&self->it, MP_MAPPED_SEED));
	mp_mapped_end(&self->it);
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define THERE_F(name)	TEST_F(there, name)

static int frames(struct mp_mapped *it, struct mp_test_info *infos)
{
	return mp_infos(it->fd, it->pool, 0, it->pages, infos);
}

/* Return: pages that are in another frame than before. */
static int elsewhere(struct mp_mapped *it, const struct mp_test_info *before)
{
	struct mp_test_info now[PAGES];
	int i, n = 0;

	if (frames(it, now))
		return -EIO;
	for (i = 0; i < it->pages; i++)
		n += now[i].pfn != before[i].pfn;
	return n;
}

THERE_F(memory_block_goes_offline_while_a_thread_writes_R21)
{
	struct mp_mapped *it = &self->it;
	long block = mp_memory_block(mp_pfn(self->fd, it->pool, 0));
	int here = mp_pages_in(self->fd, it->pool, PAGES, block);
	struct mp_writer writer;

	ASSERT_EQ(1, mp_block_is_movable(block));
	ASSERT_LE(PAGES / 2, here);
	ASSERT_EQ(0, mp_writer_start(&writer, it, MP_MAPPED_SEED));
	mp_writer_rounds(&writer, 1);
	EXPECT_EQ(0, mp_memory_block_set(block, "offline"));
	mp_writer_rounds(&writer, 1);
	EXPECT_EQ(0, mp_writer_stop(&writer));
	EXPECT_EQ(0, mp_pages_in(self->fd, it->pool, PAGES, block));
	EXPECT_LE(here, mp_mapped_moved(it));
	printf("# figure: offline moved %ld mapped pages while all words were written %lu times\n",
	       mp_mapped_moved(it), writer.worker.steps);
	EXPECT_EQ(0, mp_memory_block_set(block, "online_movable"));
	mp_mapped_fill(it, MP_MAPPED_SEED);
}

/* Return: of the pages, those that soft offline has moved. */
static int soft_offline(struct mp_mapped *it)
{
	int i, moved = 0;

	for (i = 0; i < it->pages; i++) {
		__u64 pfn = mp_pfn(it->fd, it->pool, i);

		if (mp_soft_offline(pfn))
			return -EIO;
		moved += mp_pfn(it->fd, it->pool, i) != pfn;
	}
	return moved;
}

/* Of node 0, whose memory blocks nobody needs offline. */
THERE_F(soft_offline_of_mapped_pages_R18_R29)
{
	struct mp_sharer sharer;
	struct mp_mapped new;

	ASSERT_EQ(0, make_on(&new, self->fd, 0, OFFLINED));
	ASSERT_EQ(0, mp_sharer_start(&sharer, &new, OFFLINED));
	EXPECT_EQ(OFFLINED, soft_offline(&new));
	EXPECT_EQ(0, mp_sharer_stop(&sharer));
	EXPECT_EQ(0, mp_mapped_wrong(&new, MP_MAPPED_SEED));
	mp_mapped_end(&new);
}

THERE_F(soft_offline_of_pages_no_process_touches_R18_R29)
{
	struct mp_mapped new;

	ASSERT_EQ(0, make_on(&new, self->fd, 0, OFFLINED));
	ASSERT_EQ(0, madvise(new.words, mp_mapped_bytes(&new),
			     MADV_DONTNEED));
	EXPECT_EQ(OFFLINED, soft_offline(&new));
	EXPECT_EQ(0, mp_mapped_wrong(&new, MP_MAPPED_SEED));
	mp_mapped_end(&new);
}

/* Return: words of all pages but one that are not right. */
static long wrong_but_for(struct mp_mapped *it, unsigned int index)
{
	size_t words = mp_page_size() / sizeof(__u64);
	long wrong = 0;
	size_t i;

	for (i = 0; i < mp_mapped_nr_words(it); i++)
		if (i / words != index)
			wrong += it->words[i] !=
				 mp_mapped_word(i, MP_MAPPED_SEED);
	return wrong;
}

/*
 * The page stays the pool's, and its contents are lost; its frame is nobody's
 * when the page is freed.
 */
THERE_F(memory_failure_hits_one_page)
{
	struct mp_mapped new;
	void *hit;
	__u64 pfn;
	int err;

	ASSERT_EQ(0, make_on(&new, self->fd, 0, OFFLINED));
	hit = mp_mapped_page(&new, POISONED);
	pfn = mp_pfn(self->fd, new.pool, POISONED);
	err = madvise(hit, mp_page_size(), MADV_HWPOISON) ? errno : 0;
	EXPECT_EQ(EBUSY, err);
	EXPECT_EQ(BUS_MCEERR_AR, mp_touch_sigbus(hit));
	EXPECT_EQ(hit, mp_touch_info.si_addr);
	EXPECT_EQ(pfn, mp_pfn(self->fd, new.pool, POISONED));
	EXPECT_EQ(0, wrong_but_for(&new, POISONED));
	/* Neither by way of a page table that did not have it. */
	ASSERT_EQ(0, madvise(new.words, mp_mapped_bytes(&new),
			     MADV_DONTNEED));
	EXPECT_EQ(BUS_MCEERR_AR, mp_touch_sigbus(hit));
	EXPECT_EQ(0, wrong_but_for(&new, POISONED));
	EXPECT_EQ(0, mp_do(self->fd, new.pool, MP_TEST_FREE, 0, OFFLINED));
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_destroy(self->fd, new.pool));
	EXPECT_LE(1, mp_frame_refs(self->fd, pfn));
	mp_mapped_end(&new);
}

THERE_F(memory_pressure)
{
	long kills = mp_read_field("/proc/vmstat", "oom_kill");

	EXPECT_EQ(SIGKILL, mp_eat_all());
	EXPECT_EQ(kills + 1, mp_read_field("/proc/vmstat", "oom_kill"));
	EXPECT_EQ(0, mp_mapped_wrong(&self->it, MP_MAPPED_SEED));
}

THERE_F(drop_caches_and_pageout_leave_it)
{
	long before = mp_read_field("/proc/vmstat", "drop_pagecache");
	struct mp_test_info infos[PAGES];
	struct mp_mapped *it = &self->it;
	size_t bytes = mp_mapped_bytes(it);

	ASSERT_EQ(0, frames(it, infos));
	EXPECT_EQ(0, madvise(it->words, bytes, MADV_COLD));
	EXPECT_EQ(0, madvise(it->words, bytes, MADV_PAGEOUT));
	EXPECT_EQ(0, mp_write_file(DROP_CACHES, "3"));
	/* And when no process has the pages mapped. */
	ASSERT_EQ(0, madvise(it->words, bytes, MADV_DONTNEED));
	EXPECT_EQ(0, mp_write_file(DROP_CACHES, "3"));
	EXPECT_EQ(before + 2,
		  mp_read_field("/proc/vmstat", "drop_pagecache"));
	EXPECT_EQ(0, elsewhere(it, infos));
	EXPECT_EQ(PAGES, mp_stats(self->fd, it->pool).pages);
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

THERE_F(khugepaged_leaves_it_R20)
{
	struct mp_mapped *it = &self->it;
	size_t size = 8 * MP_HUGE;
	char *p = mp_map_small(size);

	ASSERT_NE(NULL, p);
	madvise(it->words, mp_mapped_bytes(it), MADV_HUGEPAGE);
	EXPECT_LE(4, mp_collapse(p, size, 4));
	EXPECT_NE(0, madvise(it->words, mp_mapped_bytes(it), MADV_COLLAPSE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
	munmap(p, size);
}

/* All its pages are the same, and the same as many that are merged. */
THERE_F(ksm_leaves_it)
{
	struct mp_test_info infos[PAGES];
	struct mp_mapped *it = &self->it;
	size_t size = 4 * MP_HUGE;
	char *p = mp_map_small(size);
	int i;

	ASSERT_NE(NULL, p);
	memset(it->words, 0, mp_mapped_bytes(it));
	for (i = 0; i < PAGES; i++)
		*(char *)mp_mapped_page(it, i) = 1;
	ASSERT_EQ(0, frames(it, infos));
	madvise(it->words, mp_mapped_bytes(it), MADV_MERGEABLE);
	EXPECT_LE(1000, mp_merge(p, size, 1000));
	EXPECT_EQ(0, elsewhere(it, infos));
	mp_mapped_fill(it, MP_MAPPED_SEED);
	EXPECT_EQ(1, p[0]);
	munmap(p, size);
}

TEST_HARNESS_MAIN
