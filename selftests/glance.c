// SPDX-License-Identifier: GPL-2.0
/*
 * Pools at a glance, by tools/top/: are its numbers those of the books?
 */

#include "mp.h"
#include "mp_worker.h"

#define OUT		"/tmp/glance.out"
#define TOP		"/usr/bin/python3 /python/pools_top "
#define READINGS	3

/* A line of the table. */
struct row {
	double pages, unpublished, moves, moved, failed;
	char why[64];
};

struct reading {
	double seconds;
	struct row row;
};

static char text[1 << 16];

static int glance(const char *options)
{
	char command[128];

	snprintf(command, sizeof(command), TOP "%s >" OUT " 2>&1 </dev/null",
		 options);
	return system(command) | (mp_read_file(OUT, text, sizeof(text)) < 0);
}

static int said(const char *words)
{
	return !!strstr(text, words);
}

/* 1,024 is a number. */
static void drop_commas(char *line)
{
	char *to = line;

	for (; *line; line++)
		if (*line != ',' || line[1] == ' ')
			*to++ = *line;
	*to = '\0';
}

/* Return: whether @line is that of the pool. */
static int parse_row(char *line, const char *pool, struct row *row)
{
	if (strncmp(line, pool, strlen(pool)))
		return 0;
	drop_commas(line);
	*row = (struct row) { };
	return sscanf(line, "%*s %*s %lf %lf %lf %lf %lf %63[^\n]",
		      &row->pages, &row->unpublished, &row->moves, &row->moved,
		      &row->failed, row->why) >= 5;
}

/* Return: how many readings there are of the pool. */
static int parse(const char *pool, struct reading *readings, int max)
{
	char *at = text, *line;
	double seconds = 0;
	int n = 0;

	while ((line = strsep(&at, "\n")) && n < max) {
		if (sscanf(line, "movable_pool by moves/s, in %lf s",
			   &seconds) == 1 ||
		    !parse_row(line, pool, &readings[n].row))
			continue;
		readings[n++].seconds = seconds;
	}
	return n;
}

static int step_evict(struct mp_worker *worker)
{
	mp_evict(worker->fd, mp_pfn(worker->fd, worker->pool, 0), MP_BLOCK);
	usleep(20000);
	return 0;
}

/* A new block each time, for pages that have moved are where nobody wants. */
static int step_evict_new(struct mp_worker *worker)
{
	step_evict(worker);
	return mp_do(worker->fd, worker->pool, MP_TEST_FREE, 0, MP_BLOCK) ?:
	       mp_make_block(worker->fd, worker->pool, 0, 1);
}

static int busy_pool(int fd)
{
	int pool = mp_create(fd, "busy", MP_BLOCK + 10, 0);

	return pool < 0 ? pool : mp_make_block(fd, pool, 0, 1) ?:
	       mp_do(fd, pool, MP_TEST_ALLOC, MP_BLOCK, 3) ?: pool;
}

/* The numbers are rounded: rates to a tenth, or to one; the time to a tenth. */
static int follows(const struct reading *one, const struct reading *next)
{
	double moves = next->row.moves - one->row.moves;
	double reckoned = next->row.moved * next->seconds;
	double slack = 1 + next->seconds + next->row.moved * 0.05;

	return moves - slack <= reckoned && reckoned <= moves + slack;
}

MP_TEST_F(rates_are_what_the_books_have_gained)
{
	struct reading readings[READINGS] = { };
	struct mp_worker worker = { .step = step_evict_new, .fd = self->fd };
	int pool = busy_pool(self->fd);
	struct mp_test_stats stats;
	int i;

	ASSERT_LE(0, pool);
	worker.pool = pool;
	stats = mp_stats(self->fd, pool);
	ASSERT_EQ(0, mp_worker_start(&worker));
	ASSERT_EQ(0, glance("--count 3 --interval 1")) {
		TH_LOG("%s", text);
	}
	EXPECT_EQ(0, mp_worker_stop(&worker));
	ASSERT_EQ(READINGS, parse("busy-", readings, READINGS));
	EXPECT_LE(stats.migrated, readings[0].row.moves);
	EXPECT_LE(readings[READINGS - 1].row.moves,
		  mp_stats(self->fd, pool).migrated);
	for (i = 1; i < READINGS; i++)
		EXPECT_TRUE(follows(&readings[i - 1], &readings[i])) {
			TH_LOG("%s", text);
		}
	EXPECT_LT(0, readings[READINGS - 1].row.moved);
	printf("# figure: %.0f moves/s at the last of %d readings\n",
	       readings[READINGS - 1].row.moved, READINGS);
}

MP_TEST_F(at_rest_it_shows_what_the_books_say)
{
	struct reading now = { };
	int pool = busy_pool(self->fd);
	struct mp_test_stats stats;
	char pin[64];

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_evict_retry(self->fd, mp_pfn(self->fd, pool, 0),
				    MP_BLOCK));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	stats = mp_stats_at_rest(self->fd, pool);
	ASSERT_EQ(0, glance("--once --interval 0.1")) {
		TH_LOG("%s", text);
	}
	snprintf(pin, sizeof(pin), "%lld  glance  %d",
		 mp_pfn(self->fd, pool, 0), getpid());
	EXPECT_TRUE(said("longest pins\n"));
	EXPECT_TRUE(said(pin)) {
		TH_LOG("no \"%s\" in\n%s", pin, text);
	}
	ASSERT_EQ(1, parse("busy-", &now, 1));
	EXPECT_EQ(stats.pages, now.row.pages);
	EXPECT_EQ(stats.unpublished, now.row.unpublished);
	EXPECT_EQ(stats.migrated + stats.directed, now.row.moves);
	EXPECT_EQ(0, now.row.moved);
	EXPECT_EQ(0, now.row.failed);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN_LONGTERM, 0, 1));
}

/* Somebody wants the frames, and a pin is in the way. */
MP_TEST_F(it_says_why)
{
	struct reading readings[READINGS] = { };
	struct mp_worker worker = { .step = step_evict, .fd = self->fd };
	int pool = busy_pool(self->fd);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, MP_BLOCK));
	worker.pool = pool;
	ASSERT_EQ(0, mp_worker_start(&worker));
	ASSERT_EQ(0, glance("--count 1 --interval 1")) {
		TH_LOG("%s", text);
	}
	EXPECT_EQ(0, mp_worker_stop(&worker));
	EXPECT_TRUE(said("pinned: a driver has pinned the page"));
	ASSERT_EQ(1, parse("busy-", readings, READINGS));
	EXPECT_LT(0, readings[0].row.failed);
	EXPECT_TRUE(!strncmp(readings[0].row.why, "pinned ", 7)) {
		TH_LOG("%s", text);
	}
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, MP_BLOCK));
}

TEST_HARNESS_MAIN
