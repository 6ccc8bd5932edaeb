// SPDX-License-Identifier: GPL-2.0
/*
 * Documentation/backings.rst says what runs on which backing: it is read here,
 * and each line of it tried.
 */

#include "mp.h"

#define SEED	43
#define TABLE	"/backings.rst"
#define LAST	(MP_BLOCK - 1)
#define WHITE	"\n "

FIXTURE(table) {
	struct mp_world world;
	char text[1 << 15];
	int fd;
	int pool;
};

FIXTURE_VARIANT(table) {
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(table, by_default) {
	.flags = 0,
};

FIXTURE_VARIANT_ADD(table, page_cache) {
	.flags = MP_PAGE_CACHE,
};

FIXTURE_VARIANT_ADD(table, unmovable) {
	.flags = MP_UNMOVABLE,
};

/* A block of pages whose driver has all ops. */
FIXTURE_SETUP(table)
{
	struct mp_test_create create = {
		.name = "table",
		.capacity = MP_BLOCK + 1,
		.has = MP_TEST_HAS_ALL,
		.flags = variant->flags,
	};

	ASSERT_LT(0, mp_read_file(TABLE, self->text, sizeof(self->text)));
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	self->pool = mp_create_as(self->fd, &create);
	ASSERT_LE(0, self->pool);
	ASSERT_EQ(0, mp_make_block(self->fd, self->pool, 0, SEED));
}

FIXTURE_TEARDOWN(table)
{
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define TABLE_F(name)	TEST_F(table, name)

/* Return: the word in column @column of the line that begins with @name. */
static void word_of(const char *text, const char *name, int column, char *word)
{
	const char *line = text;
	size_t len = strlen(name);

	word[0] = '\0';
	while (line && (strncmp(line, name, len) || line[len] != ' '))
		line = (line = strchr(line, '\n')) ? line + 1 : NULL;
	if (!line)
		return;
	while (column-- > 0) {
		line += strcspn(line, WHITE);
		line += strspn(line, " ");
	}
	sscanf(line, "%15s", word);
}

/* Return: 1 for yes, 0 for no, -1 if the table does not say. */
static int documented(const char *text, const char *backing, const char *what)
{
	char word[16];
	int column;

	for (column = 1; column <= 5; column++) {
		word_of(text, "what", column, word);
		if (!strcmp(word, backing))
			break;
	}
	word_of(text, what, column, word);
	if (!strcmp(word, "yes"))
		return 1;
	return strcmp(word, "no") ? -1 : 0;
}

#define EXPECT_AS_DOCUMENTED(what, measured) do { \
	struct mp_test_stats mp_stats_now = mp_stats(self->fd, self->pool); \
	const char *mp_what = what; \
	EXPECT_EQ(documented(self->text, mp_stats_now.backing, mp_what), \
		  !!(measured)) { \
		TH_LOG("%s on %s", mp_what, mp_stats_now.backing); \
	} \
} while (0)

TABLE_F(moves)
{
	__u64 pfn = mp_pfn(self->fd, self->pool, 0);

	mp_evict_retry(self->fd, pfn, 1);
	EXPECT_AS_DOCUMENTED("pages-move",
			     mp_pfn(self->fd, self->pool, 0) != pfn);
	EXPECT_AS_DOCUMENTED("VM-isolates",
			     mp_stats(self->fd, self->pool).isolated);
	EXPECT_AS_DOCUMENTED("ops->migrate",
			     mp_log(self->fd, self->pool).migrate);
	EXPECT_AS_DOCUMENTED("ops->moved", mp_log(self->fd, self->pool).moved);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, MP_BLOCK, SEED));
}

TABLE_F(refusals)
{
	ASSERT_EQ(0, mp_script_results(self->fd, self->pool, 1000, -EBUSY));
	EXPECT_NE(0, mp_evict(self->fd, mp_pfn(self->fd, self->pool, 0), 1));
	EXPECT_AS_DOCUMENTED("VM-puts-back",
			     mp_stats_at_rest(self->fd, self->pool).putback);
}

TABLE_F(pins)
{
	__u64 pfn = mp_pfn(self->fd, self->pool, 0);

	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PIN, 0, 1));
	EXPECT_NE(0, mp_evict(self->fd, pfn, 1));
	EXPECT_AS_DOCUMENTED("pin-keeps-it",
			     mp_pfn(self->fd, self->pool, 0) == pfn);
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_UNPIN, 0, 1));
}

TABLE_F(frees)
{
	EXPECT_EQ(0, mp_do_in(self->fd, self->pool, MP_TEST_IN_HARDIRQ,
			      MP_TEST_FREE_ASYNC, 0, 1));
	EXPECT_AS_DOCUMENTED("free_async-in-interrupts",
			     mp_stats(self->fd, self->pool).freed == 1);
	EXPECT_AS_DOCUMENTED("ops->freed",
			     mp_log(self->fd, self->pool).freed == 1);
}

TABLE_F(frees_of_locked_pages)
{
	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PAGE_LOCK, 0, 1));
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE, 0, 1));
	EXPECT_AS_DOCUMENTED("a-lock-defers-free",
			     mp_stats(self->fd, self->pool).deferred == 1);
	EXPECT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_PAGE_UNLOCK, 0, 1));
	EXPECT_EQ(0, mp_deferred_drain());
}

TABLE_F(atomic_allocation)
{
	int err = mp_arg(self->fd, self->pool, MP_TEST_ALLOC, MP_BLOCK, 1,
			 MP_TEST_GFP_ATOMIC);

	EXPECT_AS_DOCUMENTED("alloc-in-atomic-context", !err);
	EXPECT_EQ(1, !err || err == -EOPNOTSUPP);
}

TABLE_F(soft_offline)
{
	__u64 pfn = mp_pfn(self->fd, self->pool, LAST);

	mp_drain_lru();
	mp_soft_offline(pfn);
	EXPECT_AS_DOCUMENTED("soft-offline-moves-it",
			     mp_pfn(self->fd, self->pool, LAST) != pfn);
	EXPECT_EQ(0, mp_verify(self->fd, self->pool, 0, MP_BLOCK, SEED));
}

static long count_of(const char *key)
{
	mp_drain_lru();
	mp_write_file("/proc/sys/vm/stat_refresh", "1");
	return mp_read_field("/proc/vmstat", key);
}

TABLE_F(counters)
{
	long cached = count_of("nr_file_pages") - count_of("nr_shmem");
	long unevictable = count_of("nr_unevictable");

	ASSERT_EQ(0, mp_do(self->fd, self->pool, MP_TEST_FREE, 0, MP_BLOCK));
	ASSERT_EQ(0, mp_deferred_drain());
	cached -= count_of("nr_file_pages") - count_of("nr_shmem");
	unevictable -= count_of("nr_unevictable");
	EXPECT_AS_DOCUMENTED("counts-as-Cached", cached >= MP_BLOCK);
	EXPECT_AS_DOCUMENTED("counts-as-Unevictable", unevictable >= MP_BLOCK);
}

TEST_HARNESS_MAIN
