// SPDX-License-Identifier: GPL-2.0
/*
 * Free page hinting: a host that migrates the machine is told which memory is
 * free.  The driver keeps that until the host is done.  QEMU migrates to
 * nowhere here, too slowly to come to an end.
 */

#include "mp.h"
#include "mp_eater.h"
#include "mp_vb_fixture.h"

#define MIB_IN		32
#define DIRTY		256L	/* MiB that would have to be sent */
#define NOISE		16L	/* MiB that others use and free */
#define MIGRATE		"migrate {'uri': 'exec:cat >/dev/null'}"
#define SLOWLY		"migrate-set-parameters {'max-bandwidth': 262144}"

static long free_mib(void)
{
	return mp_read_field("/proc/meminfo", "MemFree") / 1024;
}

static long kills(void)
{
	return mp_read_field("/proc/vmstat", "oom_kill");
}

/* Return: 0 when so much, or less, is free; within a minute. */
static int free_falls_to(long mib)
{
	int tries = 60000;

	while (free_mib() > mib && tries--)
		usleep(1000);
	return tries < 0 ? -ETIMEDOUT : 0;
}

static int free_rises_to(long mib)
{
	int tries = 6000;

	while (free_mib() < mib && tries--)
		usleep(10000);
	return tries < 0 ? -ETIMEDOUT : 0;
}

static int migration_starts(void)
{
	char answer[MP_HOST_ANSWER];

	return mp_host_ask(answer, SLOWLY) ?: mp_host_ask(answer, MIGRATE);
}

static int migration_is(const char *status)
{
	char answer[MP_HOST_ANSWER], wanted[64];

	snprintf(wanted, sizeof(wanted), "\"status\": \"%s\"", status);
	return !mp_host_ask(answer, "query-migrate") && strstr(answer, wanted);
}

static int migration_ends(void)
{
	char answer[MP_HOST_ANSWER];
	int err = mp_host_ask(answer, "migrate_cancel");
	int tries = 600;

	while (!err && !migration_is("cancelled") && tries--)
		usleep(100000);
	return tries < 0 ? -ETIMEDOUT : err;
}

/* Return: MiB that QEMU has yet to send, or -errno. */
static long remaining_mib(void)
{
	char answer[MP_HOST_ANSWER];
	int err = mp_host_ask(answer, "query-migrate");

	return err ?: mp_host_number(answer, "remaining") / MP_MIB;
}

/* Return: 0 when that is no more than so much, within a minute. */
static int remaining_falls_to(long mib)
{
	int tries = 600;
	long now;

	do {
		now = remaining_mib();
	} while ((now < 0 || now > mib) && tries-- && !usleep(100000));
	return tries < 0 ? -ETIMEDOUT : 0;
}

static int make_dirty(long mib)
{
	struct mp_eater eater;
	int err = mp_eater_start(&eater, mib);

	return err ?: mp_eater_full(&eater) ?: mp_eater_stop(&eater);
}

/*
 * At this speed a quarter of what is free and not zero would take minutes.
 */
BALLOON_F(free_memory_is_not_sent)
{
	long most = mp_vb_ram() - DIRTY * 5 / 4, free;

	ASSERT_EQ(0, make_dirty(DIRTY));
	ASSERT_EQ(0, mp_vb_reach(MIB_IN));
	free = free_mib();
	ASSERT_LT(DIRTY, free);
	ASSERT_EQ(0, migration_starts());
	EXPECT_EQ(0, free_falls_to(free - DIRTY));
	EXPECT_EQ(0, remaining_falls_to(most));
	printf("# figure: %ld MiB hinted, %ld of %ld MiB left to be sent\n",
	       free - free_mib(), remaining_mib(), mp_vb_ram());
	EXPECT_EQ(1, migration_is("active"));
	EXPECT_EQ(self->total - mp_vb_stat("pages") * mp_page_kb(),
		  mp_mem_total());
	EXPECT_EQ(0, migration_ends());
	EXPECT_EQ(0, free_rises_to(free - NOISE));
}

/* What is hinted is nobody's: it is there for a process that needs it. */
BALLOON_F(memory_pressure_takes_it_back)
{
	long free = free_mib(), killed = kills(), left;
	struct mp_eater eater;

	ASSERT_LT(DIRTY, free);
	ASSERT_EQ(0, migration_starts());
	ASSERT_EQ(0, free_falls_to(free - DIRTY));
	left = free_mib();
	ASSERT_EQ(0, mp_eater_start(&eater, left + 128));
	EXPECT_EQ(0, mp_eater_full(&eater));
	EXPECT_EQ(1, migration_is("active"));
	EXPECT_EQ(0, mp_eater_stop(&eater));
	EXPECT_EQ(killed, kills());
	printf("# %ld MiB were free and hinted, %ld were left, %ld were used\n",
	       free, left, left + 128);
	EXPECT_EQ(0, migration_ends());
	EXPECT_EQ(0, free_rises_to(free - NOISE));
}

/* In the middle of it: as soon as some is hinted. */
BALLOON_F(unbind_while_it_hints_R6)
{
	const char *name = mp_vb_device();
	long free = free_mib();
	int i;

	ASSERT_NE(NULL, name);
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, mp_vb_reach(MIB_IN));
		ASSERT_EQ(0, migration_starts());
		EXPECT_EQ(0, free_falls_to(free - MIB_IN - 2 * NOISE));
		ASSERT_EQ(0, mp_vb_unbind(name));
		EXPECT_EQ(self->total, mp_mem_total());
		EXPECT_EQ(0, free_rises_to(free - NOISE));
		ASSERT_EQ(0, migration_ends());
		ASSERT_EQ(0, mp_vb_bind(name));
	}
	ASSERT_EQ(0, mp_vb_reach(0));
	EXPECT_EQ(0, free_rises_to(free - NOISE));
}

TEST_HARNESS_MAIN
