// SPDX-License-Identifier: GPL-2.0
/*
 * The map of memory: what tools/memmap/capture.c says, beside what the driver
 * knows of its pages, and what the page allocator knows of free ones.
 */

#include "mp.h"
#include "mp_balloon.h"
#include "mp_map.h"
#include "mp_module.h"

#define LOOSE		16	/* pages beside a block */
#define PAGES		(MP_BLOCK + LOOSE)
#define SEED		3
#define TRIES		50
#define UNUSABLE	"/sys/kernel/debug/extfrag/unusable_index"
#define KPF_NOPAGE	(1ULL << 20)

/* Pages by what is special about them. */
enum {
	PINNED = MP_BLOCK,		/* and the next */
	LONGTERM = MP_BLOCK + 4,
	PRIVATE = MP_BLOCK + 8,		/* and the rest */
};

/* A block, and single pages in every state that one can be in at rest. */
static int make_pool(int fd)
{
	int pool = mp_create(fd, "map", PAGES, 0);
	int err = pool < 0 ? pool : mp_make_block(fd, pool, 0, SEED) ?:
		  mp_make(fd, pool, MP_BLOCK, PRIVATE - MP_BLOCK, SEED) ?:
		  mp_do(fd, pool, MP_TEST_ALLOC, PRIVATE, PAGES - PRIVATE) ?:
		  mp_arg(fd, pool, MP_TEST_PIN, PINNED, 2, 3) ?:
		  mp_do(fd, pool, MP_TEST_PIN_LONGTERM, LONGTERM, 1);

	return err ?: pool;
}

static int unpin(int fd, int pool)
{
	return mp_arg(fd, pool, MP_TEST_UNPIN, PINNED, 2, 3) ?:
	       mp_do(fd, pool, MP_TEST_UNPIN_LONGTERM, LONGTERM, 1);
}

static const char *state_of(int index)
{
	if (index == PINNED || index == PINNED + 1)
		return "pinned";
	if (index == LONGTERM)
		return "longterm";
	return index >= PRIVATE ? "private" : "live";
}

/* Return: how many of its pages are where the driver has them, and so. */
static int found(int fd, int pool, const struct mp_map *map)
{
	static struct mp_test_info infos[PAGES];
	const struct mp_map_page *page;
	int i, n = 0;

	if (mp_infos(fd, pool, 0, PAGES, infos))
		return -EIO;
	for (i = 0; i < PAGES; i++) {
		page = mp_map_page(map, infos[i].pfn);
		n += page && page->pool == map->pool &&
		     !strcmp(page->state, state_of(i));
	}
	return n;
}

MP_TEST_F(pages_are_where_their_driver_has_them)
{
	int pool = make_pool(self->fd);
	unsigned long first, block;
	struct mp_map map;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_map_take(&map, "", "map"));
	EXPECT_EQ(PAGES, found(self->fd, pool, &map));
	EXPECT_EQ(PAGES, mp_map_pages_of(&map, map.pool));
	/* Nobody else has a page in these blocks. */
	first = mp_pfn(self->fd, pool, 0);
	for (block = first / map.block;
	     block < (first + MP_BLOCK) / map.block; block++)
		EXPECT_EQ(0, map.kinds[block]);
	mp_map_end(&map);
	EXPECT_EQ(0, unpin(self->fd, pool));
}

/* Return: pages that have another frame than before, and their old name. */
static int followed(const struct mp_test_info *old, const struct mp_map *before,
		    const struct mp_test_info *new, const struct mp_map *after)
{
	const struct mp_map_page *was, *is;
	int i, n = 0;

	for (i = 0; i < MP_BLOCK; i++) {
		was = mp_map_page(before, old[i].pfn);
		is = mp_map_page(after, new[i].pfn);
		n += was && is && was->pfn != is->pfn && *was->name &&
		     !strcmp(was->name, is->name);
	}
	return n;
}

static int by_name(const void *a, const void *b)
{
	const struct mp_map_page *one = a, *other = b;

	return strcmp(one->name, other->name);
}

static int doubles(struct mp_map *map)
{
	unsigned long i;
	int n = 0;

	qsort(map->pages, map->nr_pages, sizeof(*map->pages), by_name);
	for (i = 1; i < map->nr_pages; i++)
		n += !strcmp(map->pages[i - 1].name, map->pages[i].name);
	return n;
}

MP_TEST_F(pages_keep_their_names_when_they_move)
{
	static struct mp_test_info old[MP_BLOCK], new[MP_BLOCK];
	int pool = make_pool(self->fd);
	struct mp_map before, after;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_infos(self->fd, pool, 0, MP_BLOCK, old));
	ASSERT_EQ(0, mp_map_take(&before, "", "map"));
	ASSERT_EQ(0, mp_evict_retry(self->fd, old[0].pfn, MP_BLOCK));
	ASSERT_EQ(0, mp_infos(self->fd, pool, 0, MP_BLOCK, new));
	ASSERT_EQ(0, mp_map_take(&after, "", "map"));
	EXPECT_EQ(MP_BLOCK, followed(old, &before, new, &after));
	EXPECT_EQ(0, doubles(&before));
	EXPECT_EQ(0, doubles(&after));
	mp_map_end(&before);
	mp_map_end(&after);
	EXPECT_EQ(0, unpin(self->fd, pool));
}

MP_TEST_F(pages_have_no_names_if_none_are_wanted)
{
	int pool = make_pool(self->fd);
	struct mp_map map;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_map_take(&map, "--no-names", "map"));
	EXPECT_EQ(PAGES, found(self->fd, pool, &map));
	EXPECT_STREQ("", mp_map_page(&map, mp_pfn(self->fd, pool, 0))->name);
	mp_map_end(&map);
	EXPECT_EQ(0, unpin(self->fd, pool));
}

MP_TEST_F(pages_of_a_balloon_are_there)
{
	struct mp_test_create create = {
		.name = "balloon",
		.flags = MP_BALLOON,
		.capacity = 1,
	};
	int pool = mp_create_as(self->fd, &create);
	struct mp_map map;

	ASSERT_LE(0, pool);
	ASSERT_EQ(LOOSE, mp_balloon_add(self->fd, pool, LOOSE));
	ASSERT_EQ(0, mp_map_take(&map, "", "balloon"));
	EXPECT_EQ(LOOSE, mp_map_pages_of(&map, map.pool));
	mp_map_end(&map);
}

/* Return: frames that have a page. */
static unsigned long present(unsigned long frames)
{
	static __u64 flags[1 << 15];
	unsigned long pfn = 0, n = 0;
	FILE *file = fopen("/proc/kpageflags", "re");
	size_t got, i;

	while (file && pfn < frames) {
		got = fread(flags, sizeof(*flags), 1 << 15, file);
		for (i = 0; i < got; i++)
			n += !(flags[i] & KPF_NOPAGE);
		pfn += got ?: frames;
	}
	if (file)
		fclose(file);
	return n;
}

MP_TEST_F(no_frame_is_missing_or_counted_twice)
{
	int pool = make_pool(self->fd);
	struct mp_map map;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_map_take(&map, "", "map"));
	EXPECT_EQ(PAGES, map.nr_pages);
	EXPECT_EQ(present(map.frames), map.counted + map.nr_pages);
	mp_map_end(&map);
	EXPECT_EQ(0, unpin(self->fd, pool));
}

static int order_of(unsigned long block)
{
	int order = 0;

	while (1UL << order < block)
		order++;
	return order;
}

/* What the frames say of free memory is what the page allocator says. */
static bool agrees(const struct mp_map *map)
{
	unsigned long pages = 0, blocks = 0;
	int i;

	for (i = 0; i < map->nr_zones; i++) {
		pages += mp_map_free_blocks(&map->zones[i], 0);
		blocks += mp_map_free_blocks(&map->zones[i],
					     order_of(map->block));
	}
	return pages == map->free && blocks == map->whole;
}

/* Somebody allocates now and then, between one look and the other. */
TEST(free_blocks_are_those_of_the_page_allocator)
{
	bool agreed = false;
	struct mp_map map;
	int tries;

	for (tries = 0; tries < TRIES && !agreed; tries++) {
		ASSERT_EQ(0, mp_map_take(&map, "--no-names", "map"));
		agreed = agrees(&map);
		if (agreed)
			printf("# figure: %lu free pages, %lu free blocks\n",
			       map.free, map.whole);
		mp_map_end(&map);
	}
	EXPECT_TRUE(agreed);
}

/* Thousandths, as the kernel counts. */
static long unusable(const struct mp_map_zone *zone, int order)
{
	unsigned long free = mp_map_free_blocks(zone, 0);
	unsigned long usable = mp_map_free_blocks(zone, order) << order;

	return free ? (free - usable) * 1000 / free : 1000;
}

/* Of a line "Node 0, zone DMA32 0.000 0.001 ...".  Return: thousandths. */
static long unusable_said(const char *text, const struct mp_map_zone *zone,
			  int order)
{
	char head[64];
	const char *at;

	for (at = text; at && *at; at = strchr(at, '\n'), at += !!at) {
		int node, used = 0, i;
		unsigned int whole = 0, part = 0;

		if (sscanf(at, "Node %d, zone %31s%n", &node, head,
			   &used) != 2 || node != zone->node ||
		    strcmp(head, zone->name))
			continue;
		for (i = 0, at += used; i <= order; i++, at += used)
			if (sscanf(at, "%u.%u%n", &whole, &part, &used) != 2)
				return -EINVAL;
		return whole * 1000 + part;
	}
	return -ENOENT;
}

static int indices_agree(const struct mp_map *map, const char *text)
{
	int order = order_of(map->block), i, n = 0;

	for (i = 0; i < map->nr_zones; i++)
		n += unusable(&map->zones[i], order) ==
		     unusable_said(text, &map->zones[i], order);
	return n;
}

TEST(buddies_give_the_index_that_the_kernel_computes)
{
	bool agreed = false;
	struct mp_map map;
	char text[4096];
	int tries;

	for (tries = 0; tries < TRIES && !agreed; tries++) {
		ASSERT_EQ(0, mp_map_take(&map, "--no-names", "map"));
		ASSERT_LT(0, mp_read_file(UNUSABLE, text, sizeof(text)));
		ASSERT_LT(0, map.nr_zones);
		agreed = indices_agree(&map, text) == map.nr_zones;
		mp_map_end(&map);
	}
	EXPECT_TRUE(agreed);
}

TEST(captures_follow_each_other)
{
	struct mp_map map;

	mp_map_take(&map, "--every 0.2 --times 3", "map");
	EXPECT_EQ(3, map.ended);
	mp_map_end(&map);
}

TEST(without_the_module_there_are_no_owners)
{
	char parameters[64];
	struct mp_map map;

	mp_core_parameters("movable_pool", parameters, sizeof(parameters));
	ASSERT_EQ(0, mp_module_unload("mp_test"));
	ASSERT_EQ(0, mp_module_unload("movable_pool"));
	EXPECT_EQ(0, mp_map_take(&map, "", "map"));
	EXPECT_EQ(0, map.pools);
	EXPECT_EQ(0, map.nr_pages);
	EXPECT_EQ(present(map.frames), map.counted);
	mp_map_end(&map);
	EXPECT_EQ(0, mp_module_load("movable_pool", parameters));
	EXPECT_EQ(0, mp_module_load("mp_test", ""));
}

TEST_HARNESS_MAIN
