// SPDX-License-Identifier: GPL-2.0
/*
 * Debug checks: what they show of a driver that errs, that they show nothing
 * when off, and that they can be turned on and off at any time.
 */

#include "mp.h"
#include "mp_debug.h"
#include "mp_directed.h"
#include "mp_fault.h"
#include "mp_mapped.h"
#include "mp_module.h"
#include "mp_once.h"
#include "mp_point.h"
#include "mp_worker.h"
#include "mp_zone.h"

#define SEED		71
#define NAME		"checked"
#define FEW		4
#define MANY		1100	/* more than are shown */
#define SHOWN		1000	/* unpublished.c */
#define STACKS		64	/* longterm.c */
#define OVERDUE		10	/* seconds */
/* Of a block, frames that others may have got meanwhile. */
#define TAKEN		(MP_BLOCK / 8)

FIXTURE(debug) {
	struct mp_world world;
	int fd;
};

FIXTURE_SETUP(debug)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	/* A test before may not have come to its end. */
	ASSERT_EQ(0, mp_debug_set(0));
	ASSERT_EQ(0, mp_debug_set(1));
	ASSERT_EQ(1, mp_debug_is_on());
}

FIXTURE_TEARDOWN(debug)
{
	mp_points_reset();
	EXPECT_EQ(0, mp_debug_set(0));
	EXPECT_STREQ("", mp_world_close(&self->world));
}

static int cached(int fd, int pool)
{
	struct mp_test_stats stats = mp_stats(fd, pool);

	return mp_cached(&stats);
}

/*
 * Old pages
 */

static int keep(int fd, int pool, unsigned int count)
{
	return mp_do(fd, pool, MP_TEST_KEEP, 0, count);
}

/* The page's first word, or 0. */
static __u64 word_by(int fd, int pool, enum mp_test_verb verb,
		     unsigned int index)
{
	struct mp_test_call call = {
		.verb = verb,
		.pool = pool,
		.first = index,
		.count = 1,
	};

	return mp_call(fd, &call) ? 0 : call.value;
}

/* What a driver reads that has kept an address. */
static __u64 stale_word(int fd, int pool, unsigned int index)
{
	return word_by(fd, pool, MP_TEST_PEEK_KEPT, index);
}

/* Return: how many of them read rubbish. */
static int stale_readers(int fd, int pool, unsigned int count)
{
	int n = 0;

	while (count--)
		n += stale_word(fd, pool, count) == MP_DEBUG_OLD;
	return n;
}

/* Return: how many of them read what they would if nothing had moved. */
static int happy_readers(int fd, int pool, unsigned int count)
{
	int n = 0;

	while (count--)
		n += stale_word(fd, pool, count) ==
		     mp_test_word(SEED, count, 0);
	return n;
}

/* A block of pages, which all move away. */
static int block_moves(int fd, unsigned int has)
{
	int pool = mp_create(fd, NAME, MP_BLOCK, has);
	int err = pool < 0 ? pool : mp_make_block(fd, pool, 0, SEED);
	__u64 pfn = mp_pfn(fd, pool, 0);

	err = err ?: keep(fd, pool, MP_BLOCK) ?:
	      mp_evict_retry(fd, pfn, MP_BLOCK);
	return err ?: pool;
}

TEST_F(debug, stale_reader_reads_rubbish)
{
	int pool = block_moves(self->fd, MP_TEST_HAS_MOVED);

	ASSERT_LE(0, pool);
	EXPECT_EQ(MP_BLOCK, mp_stats(self->fd, pool).migrated);
	EXPECT_LE(MP_BLOCK - TAKEN, stale_readers(self->fd, pool, MP_BLOCK));
	EXPECT_EQ(0, happy_readers(self->fd, pool, MP_BLOCK));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MP_BLOCK, SEED));
}

TEST_F(debug, off_it_does_not)
{
	int pool;

	ASSERT_EQ(0, mp_debug_set(0));
	pool = block_moves(self->fd, 0);
	ASSERT_LE(0, pool);
	EXPECT_EQ(MP_BLOCK, mp_stats(self->fd, pool).migrated);
	EXPECT_EQ(0, stale_readers(self->fd, pool, MP_BLOCK));
	EXPECT_LE(MP_BLOCK - TAKEN, happy_readers(self->fd, pool, MP_BLOCK));
}

static int call_move(struct mp_worker *w)
{
	return mp_directed_away(w->fd, w->pool, w->first, 1).req.moved != 1;
}

static int call_pin(struct mp_worker *w)
{
	return mp_do(w->fd, w->pool, MP_TEST_PIN_LONGTERM, w->first, 1);
}

/* Its owner moves it: while he has both, somebody takes the old frame. */
static void owner_moves(struct __test_metadata *_metadata, int fd, int pool,
			unsigned int index, int (*call)(struct mp_worker *w))
{
	__u64 word = word_by(fd, pool, MP_TEST_PEEK, index);
	struct mp_once owner;

	ASSERT_NE(0, word);
	ASSERT_EQ(0, mp_points_reset());
	ASSERT_EQ(0, mp_do(fd, pool, MP_TEST_KEEP, index, 1));
	ASSERT_EQ(0, mp_point_stop("migrate-published",
				   mp_pfn(fd, pool, index)));
	ASSERT_EQ(0, mp_once_start(&owner, fd, pool, index, call));
	ASSERT_EQ(1, mp_point_wait("migrate-published"));
	EXPECT_EQ(word, stale_word(fd, pool, index));
	EXPECT_EQ(0, mp_do(fd, pool, MP_TEST_PAGE_GRAB_KEPT, index, 1));
	ASSERT_EQ(0, mp_point_go("migrate-published"));
	EXPECT_EQ(0, mp_once_join(&owner));
	EXPECT_EQ(MP_DEBUG_OLD, stale_word(fd, pool, index));
	EXPECT_EQ(0, mp_do(fd, pool, MP_TEST_PAGE_PUT, index, 1));
	EXPECT_EQ(word, word_by(fd, pool, MP_TEST_PEEK, index));
}

TEST_F(debug, stale_reader_of_a_page_that_its_owner_moves)
{
	int pool = mp_create(self->fd, NAME, FEW, MP_TEST_HAS_MOVED);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, FEW, SEED));
	owner_moves(_metadata, self->fd, pool, 0, call_move);
	owner_moves(_metadata, self->fd, pool, 1, call_pin);
	EXPECT_EQ(2, mp_stats(self->fd, pool).directed);
}

/* Processes have it mapped, and see what they did. */
TEST_F(debug, stale_reader_of_a_mapped_page)
{
	struct mp_mapped it;

	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, FEW, 0));
	mp_mapped_fill(&it, SEED);
	owner_moves(_metadata, self->fd, it.pool, 0, call_move);
	owner_moves(_metadata, self->fd, it.pool, 1, call_pin);
	EXPECT_EQ(0, mp_mapped_wrong(&it, SEED));
	mp_mapped_end(&it);
}

/* Its contents are as they were, and so is who reads by the address. */
static void stays(struct __test_metadata *_metadata, int fd, int pool,
		  const char *why)
{
	__u64 pfn = mp_pfn(fd, pool, 0);

	ASSERT_EQ(0, keep(fd, pool, 1));
	EXPECT_NE(0, mp_evict(fd, pfn, 1));
	EXPECT_EQ(pfn, mp_pfn(fd, pool, 0));
	EXPECT_EQ(1, happy_readers(fd, pool, 1)) {
		TH_LOG("after a move refused: %s", why);
	}
	EXPECT_EQ(0, mp_verify(fd, pool, 0, MP_BLOCK, SEED));
}

TEST_F(debug, page_that_stays_is_left_alone)
{
	int pool = mp_create(self->fd, NAME, MP_BLOCK, MP_TEST_HAS_MOVED);
	int driver = mp_create(self->fd, NAME, MP_BLOCK, MP_TEST_HAS_MIGRATE);

	ASSERT_LE(0, pool);
	ASSERT_LE(0, driver);
	ASSERT_EQ(0, mp_make_block(self->fd, pool, 0, SEED));
	ASSERT_EQ(0, mp_make_block(self->fd, driver, 0, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, 0, 1));
	stays(_metadata, self->fd, pool, "pinned");
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, 0, 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_GET, 0, 1));
	stays(_metadata, self->fd, pool, "referenced");
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PAGE_PUT, 0, 1));
	ASSERT_EQ(0, mp_script_results(self->fd, driver, ~0U, -EBUSY));
	stays(_metadata, self->fd, driver, "by its driver");
	ASSERT_EQ(0, mp_script_results(self->fd, driver, ~0U, -EAGAIN));
	stays(_metadata, self->fd, driver, "by its driver, for now");
}

/*
 * Unpublished pages
 */

TEST_F(debug, unpublished_pages_are_listed_oldest_first)
{
	int pool = mp_create(self->fd, NAME, FEW, 0);
	struct mp_unpublished is[FEW];

	ASSERT_LE(0, pool);
	EXPECT_EQ(0, mp_unpublished(NAME, is, FEW));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 2, 1));
	sleep(2);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	ASSERT_EQ(2, mp_unpublished(NAME, is, FEW));
	EXPECT_EQ(mp_pfn(self->fd, pool, 2), is[0].pfn);
	EXPECT_EQ(mp_pfn(self->fd, pool, 0), is[1].pfn);
	EXPECT_LE(2, is[0].seconds);
	EXPECT_GT(60, is[0].seconds);
	EXPECT_GT(is[0].seconds, is[1].seconds);
	EXPECT_EQ(mp_zone_movable_has(is[0].pfn),
		  !strcmp("Movable", is[0].zone));
	EXPECT_STREQ("debug_checks", is[0].task);
	EXPECT_EQ(getpid(), is[0].pid);
	/* Whichever the compiler has not left out. */
	EXPECT_EQ(0, strncmp("mp_test_", is[0].caller, 8)) {
		TH_LOG("caller %s", is[0].caller);
	}
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 2, 1));
	ASSERT_EQ(1, mp_unpublished(NAME, is, FEW));
	EXPECT_EQ(mp_pfn(self->fd, pool, 0), is[0].pfn);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, 1));
	EXPECT_EQ(0, mp_unpublished(NAME, is, FEW));
}

/* Whatever way they have come, it is not the framework that is named. */
TEST_F(debug, who_got_a_page_is_named)
{
	int pool = mp_create(self->fd, NAME, MP_BLOCK, 0);
	struct mp_test_call bulk = {
		.verb = MP_TEST_ALLOC_BULK,
		.pool = pool,
		.count = FEW,
	};
	struct mp_unpublished is[1];

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_call(self->fd, &bulk));
	ASSERT_EQ(FEW, mp_unpublished(NAME, is, 1));
	EXPECT_EQ(0, strncmp("mp_test_", is[0].caller, 8)) {
		TH_LOG("caller of bulk %s", is[0].caller);
	}
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, 0, FEW));
	ASSERT_EQ(0, mp_arg(self->fd, pool, MP_TEST_ADOPT_BLOCK, 0, MP_BLOCK,
			    MP_BLOCK_ORDER));
	ASSERT_LE(1, mp_unpublished(NAME, is, 1));
	EXPECT_EQ(0, strncmp("mp_test_", is[0].caller, 8)) {
		TH_LOG("caller of adopt %s", is[0].caller);
	}
}

/* In an interrupt there is no task; there it may be published as well. */
TEST_F(debug, pages_of_interrupts)
{
	int pool = mp_create(self->fd, NAME, FEW, 0);
	enum mp_test_context in = MP_TEST_IN_HARDIRQ;
	struct mp_unpublished is[1];

	ASSERT_LE(0, pool);
	/* To be put in the page cache takes a context that may sleep. */
	if (cached(self->fd, pool))
		in = MP_TEST_IN_PROCESS;
	ASSERT_EQ(0, mp_do_in(self->fd, pool, in, MP_TEST_ALLOC, 0, 2));
	ASSERT_EQ(2, mp_unpublished(NAME, is, 1));
	EXPECT_STREQ(in == MP_TEST_IN_PROCESS ? "debug_checks" : "interrupt",
		     is[0].task);
	ASSERT_EQ(0, mp_do_in(self->fd, pool, MP_TEST_IN_HARDIRQ,
			      MP_TEST_PUBLISH, 0, 1));
	ASSERT_EQ(1, mp_unpublished(NAME, is, 1));
	EXPECT_EQ(mp_pfn(self->fd, pool, 1), is[0].pfn);
	ASSERT_EQ(0, mp_do_in(self->fd, pool, MP_TEST_IN_SOFTIRQ,
			      MP_TEST_PUBLISH, 1, 1));
	EXPECT_EQ(0, mp_unpublished(NAME, is, 1));
}

/* Nothing is in the way that would not be if it were published. */
TEST_F(debug, unmovable_pages_are_not_listed)
{
	struct mp_test_create create = {
		.name = NAME,
		.flags = MP_UNMOVABLE,
		.capacity = 1,
	};
	int pool = mp_create_as(self->fd, &create);

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	EXPECT_EQ(1, mp_stats(self->fd, pool).unpublished);
	EXPECT_EQ(0, mp_unpublished(NAME, NULL, 0));
}

/* Of one pool, not of the other, and no more than anybody reads. */
TEST_F(debug, list_of_many)
{
	int other = mp_create(self->fd, "other", 1, 0);
	int pool = mp_create(self->fd, NAME, MANY, 0);
	char text[1 << 17];

	ASSERT_LE(0, other);
	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, other, MP_TEST_ALLOC, 0, 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, SHOWN));
	EXPECT_EQ(SHOWN, mp_unpublished(NAME, NULL, 0));
	EXPECT_EQ(1, mp_unpublished("other", NULL, 0));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, SHOWN,
			   MANY - SHOWN));
	ASSERT_LT(0, mp_debug_read(NAME, "unpublished", text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "\n# and others"));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 0, MANY));
	EXPECT_EQ(0, mp_unpublished(NAME, NULL, 0));
	EXPECT_EQ(1, mp_unpublished("other", NULL, 0));
}

/* What was there before has no age; what was listed is forgotten. */
TEST_F(debug, turned_on_in_the_middle)
{
	int pool = mp_create(self->fd, NAME, FEW, 0);
	struct mp_unpublished is[FEW];
	char text[256];

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 1));
	ASSERT_EQ(0, mp_debug_set(0));
	ASSERT_LT(0, mp_debug_read(NAME, "unpublished", text, sizeof(text)));
	EXPECT_EQ(&text[0], strstr(text, "# debug is off: echo 1 > " MP_DEBUG));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 1, 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 3, 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 3, 1));
	ASSERT_EQ(0, mp_debug_set(1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 2, 1));
	ASSERT_EQ(3, mp_unpublished(NAME, is, FEW));
	EXPECT_EQ(mp_pfn(self->fd, pool, 2), is[0].pfn);
	EXPECT_LE(0, is[0].seconds);
	EXPECT_EQ(-1, is[1].seconds);
	EXPECT_EQ(-1, is[2].seconds);
	EXPECT_EQ(mp_pfn(self->fd, pool, 0) + mp_pfn(self->fd, pool, 1),
		  is[1].pfn + is[2].pfn);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 0, 3));
	EXPECT_EQ(0, mp_unpublished(NAME, is, FEW));
}

/* Neither those that are listed nor others are shown without end. */
TEST_F(debug, many_from_before)
{
	int pool = mp_create(self->fd, NAME, MANY, 0);
	char text[1 << 17];

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_debug_set(0));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, MANY - FEW));
	ASSERT_EQ(0, mp_debug_set(1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, MANY - FEW, FEW));
	EXPECT_EQ(SHOWN, mp_unpublished(NAME, NULL, 0));
	ASSERT_LT(0, mp_debug_read(NAME, "unpublished", text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "\n# and others"));
}

/* Its pages go with it, and what the list says of them. */
TEST_F(debug, pool_is_destroyed_with_unpublished_pages)
{
	int pool = mp_create(self->fd, NAME, FEW, 0);
	struct mp_unpublished is[1];

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, FEW));
	MP_EXPECT_WARNING("destroyed with 4 pages still allocated",
			  mp_destroy(self->fd, pool));
	/* The frames come back soon: a second entry would be there, too. */
	pool = mp_create(self->fd, "again", FEW, 0);
	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, FEW));
	EXPECT_EQ(FEW, mp_unpublished("again", is, 1));
	EXPECT_EQ(mp_pfn(self->fd, pool, 0), is[0].pfn);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 0, FEW));
	EXPECT_EQ(0, mp_unpublished("again", is, 1));
}

/* How often it was said of a page; closes the reader. */
static int told(int listener, __u64 pfn, const char *zone)
{
	char record[8192], sentence[128];
	int times = 0, n;

	snprintf(sentence, sizeof(sentence), "pfn %#llx, zone %s, is not",
		 (unsigned long long)pfn, zone);
	do {
		n = read(listener, record, sizeof(record) - 1);
		if (n < 0)
			continue;
		record[n] = '\0';
		times += strstr(record, "movable_pool: " NAME "-") &&
			 strstr(record, sentence) &&
			 strstr(record, "published after 1") &&
			 strstr(record, "allocated by mp_test_") &&
			 strstr(record, "for debug_checks[");
	} while (n > 0 || (n < 0 && errno == EPIPE));
	close(listener);
	return times;
}

TEST_F(debug, warning_after_ten_seconds)
{
	int pool = mp_create(self->fd, NAME, FEW, 0);
	struct mp_unpublished is[FEW];
	int soon, late, later;

	ASSERT_LE(0, pool);
	soon = mp_kmsg_listen(SEEK_END);
	late = mp_kmsg_listen(SEEK_END);
	later = mp_kmsg_listen(SEEK_END);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 2));
	ASSERT_EQ(2, mp_unpublished(NAME, is, FEW));
	sleep(OVERDUE - 2);
	EXPECT_EQ(0, told(soon, is[0].pfn, is[0].zone));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 1, 1));
	sleep(6);
	EXPECT_EQ(1, told(late, is[0].pfn, is[0].zone));
	EXPECT_EQ(0, told(later, is[1].pfn, is[1].zone));
	/* It was told, and is in the list as before. */
	ASSERT_EQ(1, mp_unpublished(NAME, is, FEW));
	EXPECT_LE(OVERDUE, is[0].seconds);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 2, 1));
	ASSERT_EQ(2, mp_unpublished(NAME, is, FEW));
	EXPECT_EQ(mp_pfn(self->fd, pool, 0), is[0].pfn);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 0, 1));
	EXPECT_EQ(1, mp_unpublished(NAME, is, FEW));
}

/*
 * Stacks
 */

TEST_F(debug, stack_of_a_long_term_pin)
{
	int pool = mp_create(self->fd, NAME, 2, 0);
	char text[8192], line[256], *stack;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 2, SEED));
	EXPECT_EQ(0, mp_debug_read(NAME, "longterm_stacks", text,
				   sizeof(text)));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	ASSERT_LT(0, mp_debug_read(NAME, "longterm_stacks", text,
				   sizeof(text)));
	snprintf(line, sizeof(line), " %llu debug_checks %d mp_test_",
		 mp_pfn(self->fd, pool, 0), getpid());
	EXPECT_NE(NULL, strstr(text, line));
	stack = strchr(text, '\n');
	ASSERT_NE(NULL, stack);
	EXPECT_EQ('\t', stack[1]);
	/* From who asked for it up to the system call. */
	EXPECT_NE(NULL, strstr(stack, "\n\tmp_test_pin_longterm+"));
	EXPECT_NE(NULL, strstr(stack, "syscall"));
	EXPECT_EQ(NULL, strstr(stack, "mp_stack"));
	/* The list of pins is as ever. */
	ASSERT_LT(0, mp_debug_read(NAME, "longterm", text, sizeof(text)));
	EXPECT_EQ(NULL, strchr(text, '\t'));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN_LONGTERM, 0, 1));
	EXPECT_EQ(0, mp_debug_read(NAME, "longterm_stacks", text,
				   sizeof(text)));
}

TEST_F(debug, pin_from_before_has_no_stack)
{
	int pool = mp_create(self->fd, NAME, 2, 0);
	char text[8192];

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 2, SEED));
	ASSERT_EQ(0, mp_debug_set(0));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	ASSERT_LT(0, mp_debug_read(NAME, "longterm_stacks", text,
				   sizeof(text)));
	EXPECT_EQ(&text[0], strstr(text, "# debug is off: echo 1 > " MP_DEBUG));
	ASSERT_EQ(0, mp_debug_set(1));
	ASSERT_LT(0, mp_debug_read(NAME, "longterm_stacks", text,
				   sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "\n\tunknown\n"));
}

TEST_F(debug, stacks_of_many)
{
	int pool = mp_create(self->fd, NAME, STACKS + 2, 0);
	char text[1 << 17];

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, STACKS + 2, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0,
			   STACKS + 2));
	ASSERT_LT(0, mp_debug_read(NAME, "longterm_stacks", text,
				   sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "\n# and 2 others\n"));
}

/*
 * On and off
 */

static int step_toggle(struct mp_worker *worker)
{
	return mp_debug_set(worker->steps % 2);
}

static int step_pages(struct mp_worker *worker)
{
	int fd = worker->fd, pool = worker->pool;
	unsigned int first = worker->first, n = worker->count;

	return mp_do(fd, pool, MP_TEST_ALLOC, first, n) ?:
	       mp_arg(fd, pool, MP_TEST_FILL, first, n, SEED) ?:
	       mp_do(fd, pool, MP_TEST_PUBLISH, first, n / 2) ?:
	       mp_do(fd, pool, MP_TEST_PIN_LONGTERM, first, 1) ?:
	       mp_verify(fd, pool, first, n, SEED) ?:
	       mp_do(fd, pool, MP_TEST_UNPIN_LONGTERM, first, 1) ?:
	       mp_do(fd, pool, MP_TEST_FREE, first, n);
}

static int step_read(struct mp_worker *worker)
{
	static char text[1 << 17];
	int n = mp_debug_read(NAME, "unpublished", text, sizeof(text));

	return n < 0 ? n : 0;
}

/* While pages come, are pinned, move and go. */
TEST_F(debug, turned_on_and_off_all_the_time)
{
	int pool = mp_create(self->fd, NAME, 64, 0);
	struct mp_worker workers[] = {
		{ .step = step_toggle },
		{ .step = step_pages, .count = 32 },
		{ .step = step_pages, .count = 32, .first = 32 },
		{ .step = step_read },
	};
	int i;

	ASSERT_LE(0, pool);
	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		workers[i].fd = self->fd;
		workers[i].pool = pool;
		ASSERT_EQ(0, mp_worker_start(&workers[i]));
	}
	sleep(3);
	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		EXPECT_EQ(0, mp_worker_stop(&workers[i])) {
			TH_LOG("worker %d", i);
		}
		EXPECT_LE(5, workers[i].steps);
	}
	ASSERT_EQ(0, mp_debug_set(1));
	EXPECT_EQ(0, mp_unpublished(NAME, NULL, 0));
	printf("# figure: %lu times on or off, %lu rounds of 32 pages\n",
	       workers[0].steps, workers[1].steps + workers[2].steps);
}

/* At load as well; and it unloads while it is on. */
static void reload(struct __test_metadata *_metadata, const char *more, int on)
{
	char parameters[128];
	size_t used;

	mp_core_parameters("movable_pool_test", parameters,
			   sizeof(parameters));
	used = strlen(parameters);
	snprintf(parameters + used, sizeof(parameters) - used, " %s", more);
	ASSERT_EQ(0, mp_module_unload("mp_test"));
	ASSERT_EQ(0, mp_module_unload("movable_pool_test"));
	ASSERT_EQ(0, mp_module_load("movable_pool_test", parameters));
	EXPECT_EQ(on, mp_debug_is_on());
	ASSERT_EQ(0, mp_module_load("mp_test", ""));
}

/* Return: pages that the list knows of. */
static int listed(int pages)
{
	int fd = mp_open(), n = -ENOMEM, pool;
	struct mp_unpublished is[FEW];

	pool = mp_create(fd, NAME, FEW, 0);
	if (!mp_do(fd, pool, MP_TEST_ALLOC, 0, pages))
		n = mp_unpublished(NAME, is, FEW);
	if (n > 0 && is[0].seconds < 0)
		n = 0;
	close(fd);
	return n;
}

TEST(parameter_of_the_module)
{
	EXPECT_EQ(0, mp_debug_is_on());
	reload(_metadata, "debug=1", 1);
	EXPECT_EQ(FEW, listed(FEW));
	reload(_metadata, "debug", 1);
	EXPECT_EQ(FEW, listed(FEW));
	EXPECT_EQ(-EINVAL, mp_write_file(MP_DEBUG, "perhaps"));
	EXPECT_EQ(1, mp_debug_is_on());
	/* Without memory for it the module is there, and says so. */
	reload(_metadata, "debug=1 fail=unpublished-table", 0);
	EXPECT_EQ(1, mp_kmsg_heard(mp_kmsg_listen(SEEK_SET),
				   "no memory for debug=1: it is off"));
	reload(_metadata, "debug=0", 0);
}

/*
 * Without memory the checks do less, and nothing else fails.
 */

TEST_F(debug, no_memory_for_the_list)
{
	ASSERT_EQ(0, mp_debug_set(0));
	ASSERT_EQ(0, mp_fault_arm("unpublished-table", 1));
	EXPECT_EQ(-ENOMEM, mp_debug_set(1));
	EXPECT_EQ(0, mp_debug_is_on());
	EXPECT_EQ(0, mp_debug_set(1));
	EXPECT_EQ(1, mp_debug_is_on());
}

TEST_F(debug, no_memory_for_an_entry)
{
	int pool = mp_create(self->fd, NAME, FEW, 0);
	struct mp_unpublished is[FEW];

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_fault_arm("unpublished", 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_ALLOC, 0, 2));
	ASSERT_EQ(2, mp_unpublished(NAME, is, FEW));
	EXPECT_EQ(mp_pfn(self->fd, pool, 1), is[0].pfn);
	EXPECT_EQ(mp_pfn(self->fd, pool, 0), is[1].pfn);
	EXPECT_EQ(-1, is[1].seconds);
	EXPECT_STREQ("-", is[1].task);
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PUBLISH, 0, 2));
	EXPECT_EQ(0, mp_unpublished(NAME, is, FEW));
}

TEST_F(debug, no_memory_for_a_stack)
{
	int pool = mp_create(self->fd, NAME, 1, 0);
	char text[8192];

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, 1, SEED));
	ASSERT_EQ(0, mp_fault_arm("stack", 1));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, 0, 1));
	ASSERT_LT(0, mp_debug_read(NAME, "longterm_stacks", text,
				   sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "\n\tunknown\n"));
}

TEST_F(debug, no_memory_for_a_reader)
{
	int pool = mp_create(self->fd, NAME, 1, 0);
	char text[256];

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, mp_fault_arm("unpublished-view", 1));
	EXPECT_EQ(-ENOMEM, mp_debug_read(NAME, "unpublished", text,
					 sizeof(text)));
	EXPECT_EQ(0, mp_debug_read(NAME, "unpublished", text, sizeof(text)));
	ASSERT_EQ(0, mp_fault_arm("longterm-view", 1));
	EXPECT_EQ(-ENOMEM, mp_debug_read(NAME, "longterm_stacks", text,
					 sizeof(text)));
	EXPECT_EQ(0, mp_debug_read(NAME, "longterm_stacks", text,
				   sizeof(text)));
}

TEST_HARNESS_MAIN
