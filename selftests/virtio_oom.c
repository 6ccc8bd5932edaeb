// SPDX-License-Identifier: GPL-2.0
/*
 * A balloon that gives memory back rather than have a process killed
 * (deflate-on-oom).  With it a page in the balloon stays in MemTotal.
 */

#include "mp.h"
#include "mp_eater.h"
#include "mp_vb_fixture.h"
#include "mp_worker.h"

#define SPARE	48	/* MiB that the balloon leaves */
#define ROUNDS	2

static long kills(void)
{
	return mp_read_field("/proc/vmstat", "oom_kill");
}

/* Page numbers that the host was told, but for those of moves. */
static long long told_without_moves(void)
{
	return mp_host_traced(MP_VB_TOLD) - 2 * mp_vb_stat("migrated");
}

/* Moves go on for a while when memory was short. */
static int told_becomes(long long told)
{
	int tries = 100;

	while (told_without_moves() != told && tries--)
		usleep(100000);
	return tries < 0 ? -ETIMEDOUT : 0;
}

static long available_mib(void)
{
	return mp_read_field("/proc/meminfo", "MemAvailable") / 1024;
}

/*
 * The host hears of each page, and how many there are; in the end they are
 * back.
 */
BALLOON_F(pages_come_out_and_no_process_dies_R4)
{
	long mib = available_mib() - SPARE, pages = mp_vb_pages_of(mib);
	long killed = kills(), out;
	struct mp_eater eater;
	long long told;

	ASSERT_EQ(0, mp_vb_reach(mib));
	EXPECT_EQ(self->total, mp_mem_total());
	told = told_without_moves();
	ASSERT_EQ(0, mp_eater_start(&eater, 2 * SPARE));
	ASSERT_EQ(0, mp_eater_full(&eater));
	out = pages - mp_vb_stat("pages");
	EXPECT_LE(mp_vb_pages_of(SPARE / 2), out);
	EXPECT_EQ(pages - out, mp_vb_actual());
	EXPECT_EQ(0, told_becomes(told + out));
	EXPECT_EQ(0, mp_eater_stop(&eater));
	EXPECT_EQ(killed, kills());
	printf("# figure: %ld pages came out for a process of %d MiB\n", out,
	       2 * SPARE);
	EXPECT_EQ(0, mp_vb_becomes(pages));
	EXPECT_EQ(pages, mp_vb_actual());
	EXPECT_EQ(0, told_becomes(told + 2 * out));
}

static int step_compact(struct mp_worker *worker)
{
	return mp_compact();
}

/* Begins when a third of what is wanted is in.  Return: pages that came out. */
static long eat_while_it_inflates(const char *name, long pages, long mib)
{
	struct mp_eater eater;
	long out;
	int err;

	err = mp_vb_unbind(name) ?: mp_vb_bind(name);
	while (!err && mp_vb_stat("pages") < pages / 3)
		usleep(1000);
	err = err ?: mp_eater_start(&eater, mib);
	if (err)
		return err;
	err = mp_eater_full(&eater);
	out = mp_vb_stat("freed");
	return mp_eater_stop(&eater) ? -ESRCH : err ?: out;
}

/* All at once: the worker, the OOM notifier and moves. */
BALLOON_F(worker_and_process_want_the_same_R4)
{
	struct mp_worker compactor = { .step = step_compact };
	long available = available_mib(), killed = kills(), out, moved = 0;
	const char *name = mp_vb_device();
	int i;

	ASSERT_NE(NULL, name);
	ASSERT_EQ(0, mp_vb_want(available - SPARE));
	ASSERT_EQ(0, mp_worker_start(&compactor));
	for (i = 0; i < ROUNDS; i++) {
		out = eat_while_it_inflates(name,
					    mp_vb_pages_of(available - SPARE),
					    available - SPARE);
		moved += mp_vb_stat("migrated");
		printf("# %ld pages came out, %ld moved until now\n", out,
		       moved);
		EXPECT_LE(mp_vb_pages_of(available / 3 - 2 * SPARE), out);
	}
	EXPECT_EQ(0, mp_worker_stop(&compactor));
	EXPECT_LE(100, moved);
	EXPECT_EQ(killed, kills());
}

TEST_HARNESS_MAIN
