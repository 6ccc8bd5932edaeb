// SPDX-License-Identifier: GPL-2.0
/* Mapped pages that move all the time while processes use them. */

#define _GNU_SOURCE

#include <signal.h>
#include <sys/wait.h>

#include "mp.h"
#include "mp_evictor.h"
#include "mp_mapped.h"
#include "mp_touch.h"
#include "mp_writer.h"

#define PAGES	16
#define ROUNDS	200
#define MOVES	300

FIXTURE(mapped) {
	struct mp_world world;
	struct mp_mapped it;
	struct mp_evictor evictor;
	int fd;
};

FIXTURE_SETUP(mapped)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	ASSERT_EQ(0, mp_mapped_make(&self->it, self->fd, PAGES, 0));
	mp_mapped_fill(&self->it, 0);
	ASSERT_EQ(0, mp_evictor_start(&self->evictor, &self->it));
}

FIXTURE_TEARDOWN(mapped)
{
	mp_evictor_stop(&self->evictor);
	mp_mapped_end(&self->it);
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define MAPPED_F(name)	TEST_F(mapped, name)

/* As many rounds, and as many moves meanwhile, as it takes. */
static int next_round(const struct mp_evictor *evictor, int *round)
{
	return ++*round <= ROUNDS || mp_evictor_moved(evictor) < MOVES;
}

static void say(const struct mp_evictor *evictor, const char *what, long n)
{
	printf("# figure: %ld %s during %ld moves\n", n, what,
	       mp_evictor_moved(evictor));
}

#define R21_PAGES	2048
#define R21_MOVES	10000
#define R21_ROUNDS	20

/* The kernel, too, sees what the last pass has written. */
static long kernel_sees_wrong(const struct mp_mapped *it)
{
	struct mp_test_call call = {
		.verb = MP_TEST_PEEK,
		.pool = it->pool,
		.count = 1,
	};
	long wrong = 0;

	for (call.first = 0; call.first < it->pages; call.first++)
		wrong += mp_call(it->fd, &call) ||
			 call.value != mp_mapped_page(it, call.first)[0];
	return wrong;
}

MP_TEST_F(writer_loses_nothing_in_10000_moves_R21)
{
	struct mp_evictor evictor;
	struct mp_writer writer;
	struct mp_mapped it;

	ASSERT_EQ(0, mp_mapped_make(&it, self->fd, R21_PAGES, 0));
	mp_mapped_fill(&it, 0);
	ASSERT_EQ(0, mp_writer_start(&writer, &it, 0));
	ASSERT_EQ(0, mp_evictor_start(&evictor, &it));
	mp_writer_rounds(&writer, R21_ROUNDS);
	while (mp_evictor_moved(&evictor) < R21_MOVES &&
	       mp_writer_rounds(&writer, 1))
		;
	EXPECT_LE(R21_MOVES, mp_evictor_stop(&evictor));
	EXPECT_EQ(0, mp_writer_stop(&writer));
	EXPECT_EQ(0, kernel_sees_wrong(&it));
	say(&evictor, "words written and none lost",
	    writer.worker.steps * mp_mapped_nr_words(&it));
	mp_mapped_end(&it);
}

/* To @where.  Return: where it has been, NULL if it does not go. */
static void *move_mapping(struct mp_mapped *it, void *where)
{
	void *from = it->words;
	size_t size = mp_mapped_bytes(it);

	it->words = mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			   where);
	return it->words == where ? from : NULL;
}

MAPPED_F(mremap_R21)
{
	struct mp_mapped *it = &self->it;
	void *other = mmap(NULL, mp_mapped_bytes(it), PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int round = 0;

	while (next_round(&self->evictor, &round)) {
		other = move_mapping(it, other);
		ASSERT_NE(NULL, other);
		ASSERT_EQ(0, mp_mapped_wrong(it, round - 1));
		mp_mapped_fill(it, round);
	}
	say(&self->evictor, "times mremap", round - 1);
}

/* One page of a mapping, so that there are three. */
MAPPED_F(mremap_of_a_part_R21)
{
	struct mp_mapped *it = &self->it;
	long size = mp_page_size();
	char *one = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	const int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	void *page;
	int round = 0;

	while (next_round(&self->evictor, &round)) {
		page = mp_mapped_page(it, round % PAGES);
		ASSERT_EQ(one, mremap(page, size, size, flags, one));
		ASSERT_EQ(page, mremap(one, size, size, flags, page));
		ASSERT_EQ(0, mp_mapped_wrong(it, round - 1));
		mp_mapped_fill(it, round);
	}
	say(&self->evictor, "times mremap of a part", round - 1);
}

MAPPED_F(munmap_R21)
{
	struct mp_mapped *it = &self->it;
	int round = 0;

	while (next_round(&self->evictor, &round)) {
		ASSERT_EQ(0, munmap(it->words, mp_mapped_bytes(it)));
		it->words = mmap(NULL, mp_mapped_bytes(it),
				 PROT_READ | PROT_WRITE,
				 MAP_SHARED | (round % 2 ? MAP_POPULATE : 0),
				 it->file, 0);
		ASSERT_NE(MAP_FAILED, it->words);
		ASSERT_EQ(0, mp_mapped_wrong(it, round - 1));
		mp_mapped_fill(it, round);
	}
	say(&self->evictor, "times munmap", round - 1);
}

/* Return: the wait status of a process that checks, and then writes. */
static int check_and_write_in_a_child(struct mp_mapped *it, int round)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (mp_mapped_wrong(it, round - 1))
			_exit(1);
		mp_mapped_fill(it, round);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status;
}

MAPPED_F(fork_R21)
{
	struct mp_mapped *it = &self->it;
	int round = 0;

	while (next_round(&self->evictor, &round)) {
		ASSERT_EQ(0, check_and_write_in_a_child(it, round));
		ASSERT_EQ(0, mp_mapped_wrong(it, round));
	}
	say(&self->evictor, "children", round - 1);
}

/* Until it is killed.  @pass: where the test sees which pass it is at. */
static void write_for_ever(struct mp_mapped *it, volatile __u64 *pass)
{
	volatile __u64 *words = it->words;
	size_t i;

	for (;;) {
		for (i = 0; i < mp_mapped_nr_words(it); i++)
			words[i] = mp_mapped_word(i, *pass + 1);
		++*pass;
	}
}

/*
 * Where it was killed all words before are of the pass it was in, and all that
 * follow of the one before.  Return: how many are otherwise.
 */
static long wrong_around_the_end(const struct mp_mapped *it, __u64 pass)
{
	size_t i = 0, nr = mp_mapped_nr_words(it);
	long wrong = 0;

	while (i < nr && it->words[i] == mp_mapped_word(i, pass + 1))
		i++;
	for (; i < nr; i++)
		wrong += it->words[i] != mp_mapped_word(i, pass);
	return wrong;
}

MAPPED_F(killed_while_writing_R21)
{
	struct mp_mapped *it = &self->it;
	volatile __u64 *pass = mmap(NULL, mp_page_size(),
				    PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int round = 0, status;
	__u64 before;
	pid_t pid;

	while (next_round(&self->evictor, &round)) {
		before = *pass;
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			write_for_ever(it, pass);
		while (*pass == before)
			usleep(100);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, wrong_around_the_end(it, *pass));
		mp_mapped_fill(it, *pass);
	}
	say(&self->evictor, "processes killed", round - 1);
}

/* It had its own mapping, and lets go of it by its end. */
MAPPED_F(exit_R21)
{
	struct mp_mapped *it = &self->it;
	int round = 0, status;
	pid_t pid;

	while (next_round(&self->evictor, &round)) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			_exit(!!mp_mapped_wrong(it, round - 1));
		mp_mapped_fill(it, round - 1);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
		ASSERT_EQ(0, mp_mapped_wrong(it, round - 1));
		mp_mapped_fill(it, round);
	}
	say(&self->evictor, "processes ended", round - 1);
}

/* One half of the mapping, then the other: there are two, then one again. */
static int protect_half(const struct mp_mapped *it, int round, int protection)
{
	return mprotect(mp_mapped_page(it, round % 2 * PAGES / 2),
			mp_mapped_bytes(it) / 2, protection);
}

/* A page that is on its way when it is protected comes back protected. */
static int touch_signals(const struct mp_mapped *it, int round,
			 int (*touch)(void *addr))
{
	int i, n = 0;

	for (i = 0; i < 4; i++)
		n += touch(mp_mapped_page(it, round % 2 * PAGES / 2 +
					  (round + i) % (PAGES / 2))) ==
		     SIGSEGV;
	return n;
}

MAPPED_F(mprotect_R21)
{
	struct mp_mapped *it = &self->it;
	int round = 0;

	while (next_round(&self->evictor, &round)) {
		ASSERT_EQ(0, protect_half(it, round, PROT_READ));
		ASSERT_EQ(4, touch_signals(it, round, mp_touch_write));
		ASSERT_EQ(0, mp_mapped_wrong(it, round - 1));
		ASSERT_EQ(0, protect_half(it, round, PROT_NONE));
		ASSERT_EQ(4, touch_signals(it, round, mp_touch_read));
		ASSERT_EQ(0, protect_half(it, round, PROT_READ | PROT_WRITE));
		ASSERT_EQ(0, mp_mapped_wrong(it, round - 1));
		mp_mapped_fill(it, round);
	}
	say(&self->evictor, "times mprotect", round - 1);
}

TEST_HARNESS_MAIN
