// SPDX-License-Identifier: GPL-2.0
/*
 * samples/balloon at QEMU's virtio-balloon-pci: what the host knows and what
 * the guest knows agree, page for page.
 */

#include "mp.h"
#include "mp_fragment.h"
#include "mp_module.h"
#include "mp_vb_fixture.h"
#include "mp_worker.h"

#define MIB_IN	64

/* kB of so many MiB in the balloon. */
static long kb_of(long mib)
{
	return mib * 1024;
}

BALLOON_F(both_sides_count_the_same_R3)
{
	long long told = mp_host_traced(MP_VB_TOLD);
	long pages = mp_vb_pages_of(MIB_IN);

	ASSERT_LE(0, told);
	ASSERT_EQ(0, mp_vb_reach(MIB_IN));
	EXPECT_EQ(self->total - kb_of(MIB_IN), mp_mem_total());
	EXPECT_EQ(pages, mp_vb_actual());
	EXPECT_EQ(told + pages, mp_host_traced(MP_VB_TOLD));
	ASSERT_EQ(0, mp_vb_reach(0));
	EXPECT_EQ(self->total, mp_mem_total());
	EXPECT_EQ(0, mp_vb_actual());
	EXPECT_EQ(told + 2 * pages, mp_host_traced(MP_VB_TOLD));
}

BALLOON_F(goes_up_and_down_in_steps)
{
	static const long steps[] = { 8, 64, 16, 128, 1, 96, 0, 32 };
	int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ASSERT_EQ(0, mp_vb_reach(steps[i]));
		EXPECT_EQ(self->total - kb_of(steps[i]), mp_mem_total());
		EXPECT_EQ(mp_vb_pages_of(steps[i]), mp_vb_actual());
	}
}

/* The host changes its mind before the balloon has got there. */
BALLOON_F(target_changes_meanwhile)
{
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, mp_vb_want(200));
		ASSERT_EQ(0, mp_vb_want(i));
	}
	EXPECT_EQ(0, mp_vb_becomes(mp_vb_pages_of(19)));
}

/* What the host gets for each page that moves: two page numbers. */
static void expect_messages(struct __test_metadata *_metadata, long long told,
			    long in_and_out, long moved)
{
	EXPECT_EQ(told + in_and_out + 2 * moved, mp_host_traced(MP_VB_TOLD));
}

/* Holes all over memory, some of which the balloon then fills. */
static int fill_holes(struct mp_fragment *fragment, int fd)
{
	return mp_fragment_make(fragment, fd, 60, 0) ?: mp_vb_reach(MIB_IN);
}

/* Until so many have moved, or there are no holes left to make. */
static long compact_away(struct mp_fragment *fragment, long least)
{
	long moved = mp_vb_stat("migrated");
	int i;

	for (i = 0; i < 8 && mp_vb_stat("migrated") < moved + least; i++)
		if (mp_fragment_thin(fragment, i) || mp_compact())
			return -EIO;
	return mp_vb_stat("migrated") - moved;
}

BALLOON_F(compaction_moves_pages)
{
	long long told = mp_host_traced(MP_VB_TOLD);
	long pages = mp_vb_pages_of(MIB_IN), moved;
	struct mp_fragment fragment;
	int fd = mp_open();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fill_holes(&fragment, fd));
	moved = compact_away(&fragment, 500);
	printf("# figure: compaction moved %ld of %ld pages in the balloon\n",
	       moved, pages);
	EXPECT_LE(500, moved);
	EXPECT_EQ(pages, mp_vb_stat("pages"));
	expect_messages(_metadata, told, pages, moved);
	mp_fragment_end(&fragment);
	close(fd);
}

/* A move that must not wait for the host costs a refusal, but no message. */
static void try_async(struct __test_metadata *_metadata, const char *setting)
{
	long long told = mp_host_traced(MP_VB_TOLD);
	long asked = mp_vb_stat("attempted"), moved;
	struct mp_fragment fragment;
	int fd = mp_open();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mp_write_file(MP_VB_SETTINGS "async_moves", setting));
	ASSERT_EQ(0, fill_holes(&fragment, fd));
	moved = compact_away(&fragment, 500);
	asked = mp_vb_stat("attempted") - asked;
	printf("# figure: async_moves=%s: %ld attempts, %ld pages moved\n",
	       setting, asked, moved);
	EXPECT_LE(moved, asked);
	EXPECT_LT(0, moved);
	expect_messages(_metadata, told, mp_vb_pages_of(MIB_IN), moved);
	mp_fragment_end(&fragment);
	close(fd);
	ASSERT_EQ(0, mp_vb_reach(0));
}

BALLOON_F(asynchronous_moves_both_ways)
{
	try_async(_metadata, "N");
	try_async(_metadata, "Y");
}

static int step_compact(struct mp_worker *worker)
{
	return mp_compact();
}

/* Three quarters of what there is, in steps, and back. */
BALLOON_F(in_and_out_while_compaction_runs_R1_R2_R3)
{
	struct mp_worker compactor = { .step = step_compact };
	long long told = mp_host_traced(MP_VB_TOLD);
	long moved = mp_vb_stat("migrated");
	long most = self->total / 1024 * 3 / 4, mib, pages = 0;

	ASSERT_EQ(0, mp_worker_start(&compactor));
	for (mib = 0; mib <= most; mib += 16)
		ASSERT_EQ(0, mp_vb_reach(mib));
	pages = mp_vb_stat("pages");
	for (mib -= 26; mib > 0; mib -= 40)
		ASSERT_EQ(0, mp_vb_reach(mib));
	ASSERT_EQ(0, mp_vb_reach(0));
	EXPECT_EQ(0, mp_worker_stop(&compactor));
	moved = mp_vb_stat("migrated") - moved;
	printf("# %ld pages in and out, %ld moved\n", pages, moved);
	expect_messages(_metadata, told, 2 * pages, moved);
}

/*
 * More than there is: the balloon takes what the guest can spare, and tries
 * again now and then, which the host would see if it were often.
 */
BALLOON_F(target_beyond_memory)
{
	long long told;
	int tries = 12;

	ASSERT_EQ(0, mp_vb_want(mp_host_memory() - 1));
	/* On a busy machine it takes a while to get there. */
	do {
		told = mp_host_traced(MP_VB_TOLD);
		sleep(5);
		told = mp_host_traced(MP_VB_TOLD) - told;
	} while (told > 2000 && tries--);
	EXPECT_GE(2000, told);
	EXPECT_LT(mp_vb_pages_of(mp_host_memory() / 2), mp_vb_stat("pages"));
	ASSERT_EQ(0, mp_vb_reach(0));
}

BALLOON_F(unbind_gives_everything_back)
{
	const char *name = mp_vb_device();
	int i;

	ASSERT_NE(NULL, name);
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, mp_vb_reach(MIB_IN));
		ASSERT_EQ(0, mp_vb_unbind(name));
		EXPECT_EQ(self->total, mp_mem_total());
		EXPECT_EQ(-ENOENT, mp_vb_stat("pages"));
		ASSERT_EQ(0, mp_vb_bind(name));
		/* The host still wants it. */
		EXPECT_EQ(0, mp_vb_becomes(mp_vb_pages_of(MIB_IN)));
	}
}

BALLOON_F(rmmod_gives_everything_back)
{
	ASSERT_EQ(0, mp_vb_reach(MIB_IN));
	ASSERT_EQ(0, mp_module_unload("movable_balloon"));
	EXPECT_EQ(self->total, mp_mem_total());
	ASSERT_EQ(0, mp_module_load("movable_balloon", ""));
	EXPECT_EQ(0, mp_vb_becomes(mp_vb_pages_of(MIB_IN)));
}

/* In the middle of moves. */
BALLOON_F(unbind_while_compaction_runs_R6)
{
	struct mp_worker compactor = { .step = step_compact };
	const char *name = mp_vb_device();
	int i;

	ASSERT_NE(NULL, name);
	ASSERT_EQ(0, mp_worker_start(&compactor));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, mp_vb_reach(MIB_IN + i));
		usleep(i * 20000);
		ASSERT_EQ(0, mp_vb_unbind(name));
		EXPECT_EQ(self->total, mp_mem_total());
		ASSERT_EQ(0, mp_vb_bind(name));
	}
	EXPECT_EQ(0, mp_worker_stop(&compactor));
}

#define DEVICE		"'path': '/machine/peripheral/balloon'"
#define POLL(seconds)	"qom-set {" DEVICE ", 'property': " \
			"'guest-stats-polling-interval', 'value': " seconds "}"
#define STATS		"qom-get {" DEVICE ", 'property': 'guest-stats'}"

BALLOON_F(host_gets_statistics)
{
	char answer[MP_HOST_ANSWER];
	long long bytes = -1;
	int tries = 100;

	ASSERT_EQ(0, mp_host_ask(answer, POLL("1")));
	while (bytes <= 0 && tries--) {
		usleep(100000);
		ASSERT_EQ(0, mp_host_ask(answer, STATS));
		bytes = mp_host_number(answer, "stat-total-memory");
	}
	EXPECT_EQ(self->total * 1024, bytes);
	EXPECT_LT(0, mp_host_number(answer, "stat-free-memory"));
	EXPECT_EQ(0, mp_host_ask(answer, POLL("0")));
}

TEST_HARNESS_MAIN
