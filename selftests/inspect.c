// SPDX-License-Identifier: GPL-2.0
/*
 * Pools as drgn sees them, by reading the kernel's memory with no lock held and
 * nothing of ours asked: at rest what debugfs says, while pages move nothing
 * that is wrong, and of what has been spoilt all of it.
 */

#include "mp.h"
#include "mp_inspect.h"
#include "mp_worker.h"

#define LINK_ISOLATED	0x2	/* drivers/movable-pool/link.h */
#define WORD_PIN	0x10	/* drivers/movable-pool/word.h */
#define WORD_PFN_SHIFT	24
#define POKE		"/sys/module/mp_poke/parameters/write"

static const struct kind {
	const char *name;
	unsigned int flags;
} kinds[] = {
	{ "plain", 0 },
	{ "cached", MP_PAGE_CACHE },
	{ "still", MP_UNMOVABLE },
	{ "balloon", MP_BALLOON },
};

static int create(int fd, const struct kind *kind, unsigned int capacity)
{
	struct mp_test_create create = {
		.flags = kind->flags,
		.capacity = capacity,
	};

	snprintf(create.name, sizeof(create.name), "%s", kind->name);
	return mp_create_as(fd, &create);
}

/* Its name, with the number that it has got. */
static const char *named(const char *name)
{
	static char path[128];
	char pattern[128];

	snprintf(pattern, sizeof(pattern), MP_DEBUGFS "%s-*", name);
	if (mp_find_file(pattern, path, sizeof(path)) != 1)
		return "";
	return path + strlen(MP_DEBUGFS);
}

/* Pages in every state, with holes between. */
static int fill(int fd, int pool, const struct kind *kind)
{
	int err, i;

	if (kind->flags & MP_BALLOON)
		return mp_arg(fd, pool, MP_TEST_BALLOON_ADD, 0, 1, 200);
	err = mp_make(fd, pool, 0, 500, 1) ?:
	      mp_do(fd, pool, MP_TEST_ALLOC, 500, 100);
	for (i = 0; i < 600 && !err; i += 3)
		err = mp_do(fd, pool, MP_TEST_FREE, i, 1);
	return err ?: mp_do(fd, pool, MP_TEST_PIN, 1, 2) ?:
	       mp_arg(fd, pool, MP_TEST_PIN, 4, 1, 300) ?:
	       mp_do(fd, pool, MP_TEST_PIN_LONGTERM, 7, 1);
}

static int empty(int fd, int pool, const struct kind *kind)
{
	if (kind->flags & MP_BALLOON)
		return mp_arg(fd, pool, MP_TEST_BALLOON_TAKE, 0, 1, 200);
	return mp_do(fd, pool, MP_TEST_UNPIN, 1, 2) ?:
	       mp_arg(fd, pool, MP_TEST_UNPIN, 4, 1, 300) ?:
	       mp_do(fd, pool, MP_TEST_UNPIN_LONGTERM, 7, 1);
}

/* As tools/drgn has it. */
/* Without the names of pages, which are the framework's secret. */
#define DEBUGFS_DUMP \
	"cd /sys/kernel/debug/movable_pool && for pool in *-*; do for file in pages stats; do echo \"== $pool/$file\"; cut -d' ' -f1-3 $pool/$file; done; done >/tmp/debugfs.out"
#define DEBUGFS_OUT	"/tmp/debugfs.out"

/* Return: whether drgn's dump of all pools is what debugfs has. */
static int agrees(void)
{
	static char text[MP_INSPECT_OUT_MAX];

	if (mp_inspect(MP_INSPECT_SYMBOLS "dump"))
		return 0;
	if (system(DEBUGFS_DUMP))
		return 0;
	if (mp_read_file(DEBUGFS_OUT, text, sizeof(text)) <= 0)
		return 0;
	return !strcmp(text, mp_inspected);
}

/* What differs, the beginning of it. */
static const char *difference(void)
{
	static char text[1024];

	system("diff " DEBUGFS_OUT " " MP_INSPECT_OUT " >/tmp/diff.out");
	mp_read_file("/tmp/diff.out", text, sizeof(text));
	return text;
}

MP_TEST_F(at_rest_it_sees_what_debugfs_says)
{
	int pools[ARRAY_SIZE(kinds)];
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		pools[i] = create(self->fd, &kinds[i], 600 + MP_BLOCK);
		ASSERT_LE(0, pools[i]);
		ASSERT_EQ(0, fill(self->fd, pools[i], &kinds[i]));
	}
	ASSERT_EQ(0, mp_make_block(self->fd, pools[0], 600, 1));
	ASSERT_EQ(0, mp_evict_retry(self->fd, mp_pfn(self->fd, pools[0], 600),
				    MP_BLOCK));
	EXPECT_LE(MP_BLOCK, mp_stats(self->fd, pools[0]).migrated);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		mp_stats_at_rest(self->fd, pools[i]);
	ASSERT_EQ(0, mp_deferred_drain());
	EXPECT_TRUE(agrees()) {
		TH_LOG("%s", difference());
	}
	EXPECT_EQ(0, mp_inspect(MP_INSPECT_SYMBOLS "validate")) {
		TH_LOG("%s", mp_inspected);
	}
	EXPECT_FALSE(mp_inspect_says("in motion"));
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		ASSERT_EQ(0, empty(self->fd, pools[i], &kinds[i]));
}

/* With a pause, or who looks gets no CPU. */
static int step_compact(struct mp_worker *worker)
{
	usleep(10000);
	return mp_compact();
}

/* Objects come and go, are pinned and published late. */
static int step_live_and_die(struct mp_worker *worker)
{
	unsigned int index = worker->first +
			     rand_r(&worker->random) % worker->count;
	int fd = worker->fd, pool = worker->pool;

	usleep(100);
	switch (mp_info(fd, pool, index).state) {
	case MP_EMPTY:
		return mp_do(fd, pool, MP_TEST_ALLOC, index, 1);
	case MP_PRIVATE:
		return mp_do(fd, pool, MP_TEST_PUBLISH, index, 1);
	}
	if (rand_r(&worker->random) % 4)
		return mp_do(fd, pool, MP_TEST_PIN, index, 1) ?:
		       mp_do(fd, pool, MP_TEST_UNPIN, index, 1);
	return mp_do(fd, pool, MP_TEST_FREE, index, 1);
}

TEST_F_TIMEOUT(pool, nothing_is_wrong_while_pages_move, 600)
{
	struct mp_worker workers[] = {
		{ .step = step_live_and_die, .random = 1 },
		{ .step = step_live_and_die, .random = 2 },
		{ .step = step_compact },
	};
	__u64 moves = 0;
	int status, i;

	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i].fd = self->fd;
		workers[i].count = 1500;
		if (i < 2)
			workers[i].pool = create(self->fd, &kinds[i], 1500);
		ASSERT_EQ(0, mp_worker_start(&workers[i]));
	}
	sleep(1);
	status = mp_inspect(MP_INSPECT_SYMBOLS "validate --rounds 2");
	for (i = 0; i < ARRAY_SIZE(workers); i++)
		EXPECT_EQ(0, mp_worker_stop(&workers[i]));
	EXPECT_EQ(0, status) {
		TH_LOG("%s", mp_inspected);
	}
	for (i = 0; i < 2; i++)
		moves += mp_stats(self->fd, workers[i].pool).migrated;
	EXPECT_TRUE(mp_inspect_says("\n2 rounds\n"));
	printf("# figure: 2 rounds of validate, %llu moves meanwhile\n", moves);
	EXPECT_LE(100, moves);
}

/* A page as `show` has it. */
struct seen {
	__u64 pfn;
	__u64 handle;
	__u64 link_at;
};

static int see(const char *name, struct seen *seen, int max, __u64 *counted_at)
{
	char *line;
	int n = 0;

	if (mp_inspect(MP_INSPECT_SYMBOLS "show %s", name))
		return -EIO;
	line = strstr(mp_inspected, "its count of pages at ");
	if (!line || sscanf(line, "its count of pages at %llx",
			    counted_at) != 1)
		return -ENOMSG;
	for (line = mp_inspected; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (n < max && sscanf(line, "%llu live 1 %llx %llx",
				      &seen[n].pfn, &seen[n].handle,
				      &seen[n].link_at) == 3)
			n++;
	}
	return n;
}

static int poke(__u64 address, __u64 value)
{
	char text[64];

	snprintf(text, sizeof(text), "%llx %llx", address, value);
	return mp_write_file(POKE, text);
}

static __u64 word_of(const struct seen *seen)
{
	return seen->pfn << WORD_PFN_SHIFT | WORD_PIN | MP_LIVE;
}

#define SPOILT		8
#define NOT_ISOLATED \
	"its link says that the VM has it isolated, it says that not"

/* All are pinned, so that the VM comes to none of them meanwhile. */
static int spoil(const struct seen *seen, __u64 counted_at)
{
	return poke(seen[0].handle, word_of(&seen[0]) ^ 1 << WORD_PFN_SHIFT) ?:
	       poke(seen[1].handle, word_of(&seen[1]) | MP_MOVING) ?:
	       poke(seen[2].link_at, seen[3].handle) ?:
	       poke(seen[4].handle, word_of(&seen[4]) & ~MP_MOVING) ?:
	       poke(seen[5].link_at, seen[5].handle | LINK_ISOLATED) ?:
	       poke(counted_at, SPOILT + 1);
}

static int mend(const struct seen *seen, __u64 counted_at)
{
	int err = poke(counted_at, SPOILT);
	int i;

	for (i = 0; i < SPOILT && !err; i++)
		err = poke(seen[i].handle, word_of(&seen[i])) ?:
		      poke(seen[i].link_at, seen[i].handle);
	return err;
}

/* Is it said, of this page? */
static int said(const char *name, const struct seen *seen, const char *format,
		__u64 number)
{
	char text[128], line[512];

	snprintf(text, sizeof(text), format, number);
	snprintf(line, sizeof(line), "%s: frame %llu: %s\n", name, seen->pfn,
		 text);
	return mp_inspect_says(line);
}

/* A pool whose pages are all pinned. */
struct victim {
	int pool;
	int loose;
	char name[128];
	struct seen seen[SPOILT + 1];
	__u64 counted_at;
};

static int victim_make(struct victim *victim, int fd, const struct kind *kind)
{
	struct mp_test_stats stats;
	int err, n;

	victim->pool = create(fd, kind, SPOILT);
	err = mp_make(fd, victim->pool, 0, SPOILT, 1) ?:
	      mp_do(fd, victim->pool, MP_TEST_PIN, 0, SPOILT);
	if (err)
		return err;
	stats = mp_stats_at_rest(fd, victim->pool);
	victim->loose = !mp_cached(&stats);
	snprintf(victim->name, sizeof(victim->name), "%s", named(kind->name));
	n = see(victim->name, victim->seen, SPOILT + 1, &victim->counted_at);
	return n == SPOILT ? 0 : -ENOMSG;
}

static int victim_end(struct victim *victim, int fd)
{
	return mp_verify(fd, victim->pool, 0, SPOILT, 1) ?:
	       mp_do(fd, victim->pool, MP_TEST_UNPIN, 0, SPOILT) ?:
	       mp_do(fd, victim->pool, MP_TEST_FREE, 0, SPOILT);
}

static void expect_all(struct __test_metadata *_metadata,
		       const struct victim *victim)
{
	const struct seen *seen = victim->seen;
	const char *name = victim->name;
	char sum[256];

	EXPECT_TRUE(said(name, &seen[0], "its handle names frame %llu",
			 seen[0].pfn ^ 1));
	EXPECT_TRUE(said(name, &seen[1], "its handle is moving with %llu pins",
			 1));
	EXPECT_TRUE(said(name, &seen[2], "handle %#llx has 2 pages",
			 seen[3].handle));
	EXPECT_TRUE(said(name, &seen[3], "handle %#llx has 2 pages",
			 seen[3].handle));
	EXPECT_TRUE(said(name, &seen[2], "its handle names frame %llu",
			 seen[3].pfn));
	EXPECT_TRUE(said(name, &seen[4], "its handle is empty", 0));
	EXPECT_EQ(victim->loose, said(name, &seen[5], NOT_ISOLATED, 0));
	snprintf(sum, sizeof(sum), "%s: it counts %d pages and has %d\n", name,
		 SPOILT + 1, SPOILT);
	EXPECT_TRUE(mp_inspect_says(sum));
	EXPECT_FALSE(said(name, &seen[6], "", 0));
}

TEST_F_TIMEOUT(pool, what_is_spoilt_is_found, 600)
{
	struct victim victims[2] = { };
	int i;

	for (i = 0; i < ARRAY_SIZE(victims); i++)
		ASSERT_EQ(0, victim_make(&victims[i], self->fd, &kinds[i])) {
			TH_LOG("%s", mp_inspected);
		}
	for (i = 0; i < ARRAY_SIZE(victims); i++)
		ASSERT_EQ(0, spoil(victims[i].seen, victims[i].counted_at));
	EXPECT_EQ(1, mp_inspect(MP_INSPECT_SYMBOLS "validate"));
	for (i = 0; i < ARRAY_SIZE(victims); i++)
		ASSERT_EQ(0, mend(victims[i].seen, victims[i].counted_at));
	for (i = 0; i < ARRAY_SIZE(victims); i++)
		expect_all(_metadata, &victims[i]);
	EXPECT_EQ(0, mp_inspect(MP_INSPECT_SYMBOLS "validate")) {
		TH_LOG("%s", mp_inspected);
	}
	for (i = 0; i < ARRAY_SIZE(victims); i++)
		ASSERT_EQ(0, victim_end(&victims[i], self->fd));
}

TEST(mistakes_get_an_answer)
{
	EXPECT_EQ(2, mp_inspect(MP_INSPECT_SYMBOLS "show nobody"));
	EXPECT_STREQ("error: there is no pool nobody\n", mp_inspected);
	ASSERT_EQ(0, system("cp /modules/mp_test.ko /tmp/movable_pool.ko"));
	EXPECT_EQ(2, mp_inspect("--symbols /tmp/movable_pool.ko list"));
	EXPECT_STREQ("error: /tmp/movable_pool.ko is of another build than the module loaded\n",
		     mp_inspected);
	EXPECT_EQ(2, mp_inspect("list"));
	EXPECT_TRUE(mp_inspect_says("say where it is by --symbols FILE"));
}

TEST_HARNESS_MAIN
