// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints: what is told is what is counted, event by event, and whoever
 * follows a page's moves from the frame it came in finds it where it is.
 *
 * Events are on from the setup of each test to its end, so that all that a pool
 * has in its books is among them.
 */

#include "mp.h"
#include "mp_balloon.h"
#include "mp_directed.h"
#include "mp_life.h"

#define SEED	71
#define PAGES	256

FIXTURE(traced) {
	struct mp_world world;
	struct mp_lives lives;
	int fd;
};

FIXTURE_SETUP(traced)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	ASSERT_EQ(0, mp_trace_on());
}

FIXTURE_TEARDOWN(traced)
{
	EXPECT_EQ(0, mp_trace_off());
	EXPECT_EQ(0, mp_trace_forget());
	mp_lives_end(&self->lives);
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define TRACED(name)	TEST_F(traced, name)

/* Events against books, of the pool called "trace".  Return: "" or what. */
static const char *difference(struct mp_lives *lives, int fd, int pool)
{
	struct mp_test_stats stats = mp_stats_at_rest(fd, pool);
	static char what[64];
	long n = mp_lives_begin(lives, "trace") ?: mp_lives_read(lives);

	if (n < 0) {
		snprintf(what, sizeof(what), "events cannot be read: %ld", n);
		return what;
	}
	return lives->odd ? lives->what : mp_lives_differ(lives, &stats);
}

static int pool_of(int fd, unsigned int count, unsigned int has)
{
	return mp_create(fd, "trace", count, has);
}

static int one_block(int fd, unsigned int has)
{
	int pool = pool_of(fd, MP_BLOCK, has);
	int err = pool < 0 ? pool : mp_make_block(fd, pool, 0, SEED);

	return err ?: pool;
}

static struct mp_test_info *infos_of(int fd, int pool, unsigned int count)
{
	struct mp_test_info *infos = calloc(count, sizeof(*infos));

	if (infos && mp_infos(fd, pool, 0, count, infos)) {
		free(infos);
		return NULL;
	}
	return infos;
}

/* Objects are allocated one after the other.  Return: those told wrongly. */
static long strays(const struct mp_lives *lives,
		   const struct mp_test_info *before,
		   const struct mp_test_info *after, unsigned int count)
{
	unsigned int i;
	long n = 0;

	for (i = 0; i < count; i++)
		n += lives->lives[i].first != (long)before[i].pfn ||
		     lives->lives[i].now != (long)after[i].pfn;
	return n;
}

/* Frames in debugfs against those that events lead to.  Return: differences. */
static long unlisted(const struct mp_lives *lives)
{
	char path[160], line[128];
	long pfn, listed = 0, here = 0, i;
	FILE *pages;

	snprintf(path, sizeof(path), MP_DEBUGFS "%s/pages", lives->pool);
	pages = fopen(path, "r");
	if (!pages)
		return -errno;
	while (fgets(line, sizeof(line), pages)) {
		pfn = strtol(line, NULL, 10);
		here += pfn < MP_LIFE_FRAMES && lives->at[pfn];
		listed++;
	}
	fclose(pages);
	for (i = 0; i < lives->allocs; i++)
		here -= lives->lives[i].now != 0;
	return listed ? here : -ENOENT;
}

/* Before they are published they do not move. */
static int make_told(int fd, int pool, unsigned int count,
		     struct mp_test_info **before)
{
	int err = mp_do(fd, pool, MP_TEST_ALLOC, 0, count);

	*before = err ? NULL : infos_of(fd, pool, count);
	if (!*before)
		return err ?: -ENOMEM;
	return mp_arg(fd, pool, MP_TEST_FILL, 0, count, SEED) ?:
	       mp_do(fd, pool, MP_TEST_PUBLISH, 0, count);
}

/* Every second page goes, so that there is room to move to. */
static int punch(int fd, int pool, unsigned int count)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < count; i += 2)
		err = mp_do(fd, pool, MP_TEST_FREE, i, 1);
	return err;
}

TRACED(compaction_is_told_page_by_page)
{
	long kb = mp_read_field("/proc/meminfo", "MemFree");
	unsigned int count = kb / mp_page_kb() / 4;
	int pool = pool_of(self->fd, count, 0), i;
	struct mp_test_info *before, *after;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, make_told(self->fd, pool, count, &before));
	ASSERT_EQ(0, punch(self->fd, pool, count));
	mp_drain_lru();
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mp_compact());
	EXPECT_STREQ("", difference(&self->lives, self->fd, pool));
	after = infos_of(self->fd, pool, count);
	ASSERT_NE(NULL, after);
	EXPECT_EQ(count, self->lives.allocs);
	EXPECT_EQ(count, self->lives.publishes);
	EXPECT_EQ((count + 1) / 2, self->lives.frees);
	EXPECT_LE(100, self->lives.moves);
	EXPECT_EQ(0, strays(&self->lives, before, after, count));
	EXPECT_EQ(0, unlisted(&self->lives));
	printf("# figure: %ld moves of %u pages followed\n", self->lives.moves,
	       count / 2);
	free(before);
	free(after);
}

/* Once the VM, for who knows what is around the page when it has moved. */
TRACED(page_that_moves_again_and_again)
{
	int pool = one_block(self->fd, MP_TEST_HAS_ALL), i;
	long moves = 0;

	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_evict_retry(self->fd, mp_pfn(self->fd, pool, 0), 1));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(1, mp_directed_away(self->fd, pool, 0, 1).req.moved);
	EXPECT_STREQ("", difference(&self->lives, self->fd, pool));
	EXPECT_EQ(4, self->lives.lives[0].moves);
	EXPECT_EQ(mp_pfn(self->fd, pool, 0), self->lives.lives[0].now);
	EXPECT_EQ(mp_log(self->fd, pool).moved, self->lives.moves);
	for (i = 0; i < MP_BLOCK; i++)
		moves += self->lives.lives[i].moves;
	EXPECT_EQ(self->lives.moves, moves);
	EXPECT_EQ(0, unlisted(&self->lives));
}

TRACED(pins_that_refuse)
{
	int pool = one_block(self->fd, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	EXPECT_NE(0, mp_evict(self->fd, mp_pfn(self->fd, pool, 0), 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	EXPECT_STREQ("", difference(&self->lives, self->fd, pool));
	EXPECT_LE(1, mp_lives_results(&self->lives, MP_RESULT_PINNED));
	EXPECT_EQ(0, self->lives.lives[0].moves);
}

TRACED(references_that_refuse)
{
	int pool = one_block(self->fd, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_GET, 0, 1));
	EXPECT_NE(0, mp_evict(self->fd, mp_pfn(self->fd, pool, 0), 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_PUT, 0, 1));
	EXPECT_STREQ("", difference(&self->lives, self->fd, pool));
	EXPECT_LE(1, self->lives.vm[MP_RESULT_REFERENCED]);
}

TRACED(drivers_that_refuse)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MIGRATE);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 8, -EAGAIN));
	EXPECT_EQ(0, mp_evict(self->fd, mp_pfn(self->fd, pool, 0), 1));
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 100000, -EBUSY));
	EXPECT_NE(0, mp_evict(self->fd, mp_pfn(self->fd, pool, 1), 1));
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 0, 0));
	EXPECT_STREQ("", difference(&self->lives, self->fd, pool));
	EXPECT_EQ(8, self->lives.vm[MP_RESULT_DRIVER]);
	EXPECT_LE(1, self->lives.vm[MP_RESULT_FAILED]);
}

TRACED(pages_that_are_not_ready)
{
	int pool = pool_of(self->fd, MP_BLOCK, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_ADOPT_BLOCK, 0, MP_BLOCK,
			    MP_BLOCK_ORDER));
	EXPECT_NE(0, mp_evict(self->fd, mp_pfn(self->fd, pool, 0), 1));
	EXPECT_STREQ("", difference(&self->lives, self->fd, pool));
	EXPECT_EQ(0, self->lives.publishes);
	EXPECT_LE(1, mp_lives_results(&self->lives, MP_RESULT_UNREADY));
}

/* A page that is to leave its frame never gets one of ZONE_DMA from the VM. */
TRACED(targets_that_are_refused)
{
	struct mp_test_create create = {
		.name = "trace",
		.capacity = PAGES,
		.zone = MP_TEST_ZONE_DMA,
	};
	int pool = mp_create_as(self->fd, &create);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	EXPECT_NE(0, mp_soft_offline(mp_pfn(self->fd, pool, 0)));
	EXPECT_STREQ("", difference(&self->lives, self->fd, pool));
	EXPECT_LE(1, self->lives.vm[MP_RESULT_TARGET]);
}

TRACED(moves_by_the_owner)
{
	int pool = pool_of(self->fd, PAGES, MP_TEST_HAS_MIGRATE);
	struct mp_test_info *before, *after;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, make_told(self->fd, pool, PAGES, &before));
	EXPECT_EQ(PAGES,
		  mp_directed_away(self->fd, pool, 0, PAGES).req.moved);
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 1, -EBUSY));
	EXPECT_EQ(0, mp_directed_away(self->fd, pool, 0, 1).req.moved);
	EXPECT_STREQ("", difference(&self->lives, self->fd, pool));
	after = infos_of(self->fd, pool, PAGES);
	ASSERT_NE(NULL, after);
	EXPECT_EQ(PAGES, self->lives.owner[MP_RESULT_DONE]);
	EXPECT_EQ(1, self->lives.owner[MP_RESULT_FAILED]);
	EXPECT_EQ(0, strays(&self->lives, before, after, PAGES));
	free(before);
	free(after);
}

#define SLEEP_MS	30

TRACED(time_of_a_slow_move)
{
	int pool = pool_of(self->fd, PAGES, MP_TEST_HAS_MIGRATE);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	ASSERT_EQ(0, mp_script(self->fd, (struct mp_test_script) {
		.pool = pool,
		.only = MP_TEST_ANY,
		.sleep_ms = SLEEP_MS,
		.sleep_times = 1,
	}));
	EXPECT_EQ(1, mp_directed_away(self->fd, pool, 0, 1).req.moved);
	EXPECT_STREQ("", difference(&self->lives, self->fd, pool));
	EXPECT_LE(SLEEP_MS * 1000000L, self->lives.ns);
	EXPECT_GT(60 * 1000000000L, self->lives.ns);
}

TRACED(pins_that_last)
{
	int pool = pool_of(self->fd, PAGES, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, PAGES, SEED));
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, PAGES));
	usleep(2 * SLEEP_MS * 1000);
	EXPECT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN_LONGTERM, 0, PAGES));
	EXPECT_STREQ("", difference(&self->lives, self->fd, pool));
	EXPECT_EQ(PAGES, self->lives.pins);
	EXPECT_EQ(PAGES, self->lives.unpins);
	EXPECT_EQ(PAGES, self->lives.moves);
	EXPECT_LE(SLEEP_MS, self->lives.ms);
	EXPECT_GT(60000, self->lives.ms);
}

/* A balloon has no handles, so nothing is published. */
TRACED(balloon_is_told_page_by_page)
{
	struct mp_test_create create = {
		.name = "trace",
		.has = MP_TEST_HAS_EXCHANGE,
		.flags = MP_BALLOON,
	};
	int pool = mp_create_as(self->fd, &create);
	__u64 pfn;

	ASSERT_LE(0, pool);
	pfn = mp_balloon_add_block(self->fd, pool);
	ASSERT_LT(0, pfn);
	ASSERT_EQ(PAGES, mp_balloon_add(self->fd, pool, PAGES));
	EXPECT_EQ(0, mp_evict_retry(self->fd, pfn, MP_BLOCK));
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 5, -EAGAIN));
	EXPECT_EQ(0, mp_compact());
	EXPECT_EQ(PAGES / 2, mp_balloon_take(self->fd, pool, PAGES / 2));
	EXPECT_STREQ("", difference(&self->lives, self->fd, pool));
	EXPECT_LE(MP_BLOCK, self->lives.moves);
	EXPECT_EQ(MP_BLOCK + PAGES, self->lives.allocs);
	EXPECT_EQ(PAGES / 2, self->lives.frees);
	EXPECT_EQ(0, self->lives.publishes);
	EXPECT_EQ(0, unlisted(&self->lives));
}

/* Numbers are what filters are written in. */
/* By nobody but destroy(). */
TRACED(pages_left_behind)
{
	int pool = one_block(self->fd, 0);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_lives_begin(&self->lives, "trace"));
	MP_EXPECT_WARNING("pages still allocated", {
		EXPECT_EQ(0, mp_destroy(self->fd, pool));
	});
	ASSERT_LT(0, mp_lives_read(&self->lives));
	EXPECT_EQ(0, self->lives.odd);
	EXPECT_EQ(MP_BLOCK, self->lives.allocs);
	EXPECT_EQ(MP_BLOCK, self->lives.frees);
}

/* The one move that is no move to the books. */
TRACED(page_that_is_freed_while_it_moves)
{
	int pool = one_block(self->fd, MP_TEST_HAS_ALL);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_script_act(self->fd, pool, MP_TEST_HAS_MIGRATE,
				   MP_TEST_FREE_ASYNC, MP_TEST_OWN));
	mp_evict(self->fd, mp_pfn(self->fd, pool, 0), 1);
	EXPECT_EQ(0, mp_log(self->fd, pool).act_err);
	EXPECT_EQ(1, mp_info(self->fd, pool, 0).freed);
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_STREQ("moved: events 1, books 0",
		     difference(&self->lives, self->fd, pool));
	EXPECT_EQ(1, self->lives.vm[MP_RESULT_UNREADY]);
	EXPECT_EQ(1, self->lives.lives[0].moves);
	EXPECT_EQ(0, self->lives.lives[0].now);
}

TRACED(results_have_the_numbers_that_are_documented)
{
	int pool = one_block(self->fd, MP_TEST_HAS_MIGRATE);

	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_write_file(MP_EVENTS "mp_migrate/filter",
				   "result == 4"));
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 1, -EAGAIN));
	mp_evict(self->fd, mp_pfn(self->fd, pool, 0), 1);
	ASSERT_EQ(0, mp_script_results(self->fd, pool, 1, -EBUSY));
	mp_evict(self->fd, mp_pfn(self->fd, pool, 1), 1);
	EXPECT_EQ(0, mp_write_file(MP_EVENTS "mp_migrate/filter", "0"));
	ASSERT_EQ(0, mp_lives_begin(&self->lives, "trace"));
	ASSERT_LT(0, mp_lives_read(&self->lives));
	EXPECT_EQ(1, self->lives.vm[MP_RESULT_FAILED]);
	EXPECT_EQ(0, self->lives.vm[MP_RESULT_DRIVER]);
	EXPECT_EQ(0, self->lives.vm[MP_RESULT_DONE]);
	EXPECT_LE(1, self->lives.moves);
}

TEST_HARNESS_MAIN
