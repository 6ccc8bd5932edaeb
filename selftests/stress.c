// SPDX-License-Identifier: GPL-2.0
/*
 * Anything at once, at random, for as long as one likes: owners of pools of all
 * backings in the kernel (mp_stress.ko), and here what wants their frames.
 * Each thread's choices follow from the seed; who comes first does not.
 */

#include "mp_cpu_lists.h"
#include "mp_harness.h"
#include "mp_kmemleak.h"
#include "mp_stress_table.h"
#include "mp_warning.h"

#define SECONDS		15	/* if the bench does not say it */
/* What the machine may have less of in the end, beside what KASAN keeps. */
#define SLACK_KB	8192
/* Enough to be used; not so much that being out of memory takes a minute. */
#define SWAP		"32M"
#define MOVES		20	/* a second, at least, of either kind */
#define ALLOWED		"oom_kill_process|warn_alloc|dump_header"

static struct mp_lever levers[] = {
	{ .name = "alloc_contig_range(), 2 or 4 MiB", .step = mp_lever_evict },
	{ .name = "compaction", .step = mp_lever_compact, .pause = 300 },
	{ .name = "huge pages", .step = mp_lever_huge, .pause = 500 },
	{ .name = "memory block offline and online", .step = mp_lever_offline,
	  .pause = 1000, .rest = 1 },
	{ .name = "soft offline", .step = mp_lever_soft_offline,
	  .pause = 500 },
	{ .name = "memory pressure", .step = mp_lever_pressure,
	  .pause = 3000, .rest = 6 },
	{ .name = "out of memory", .step = mp_lever_oom, .pause = 20000,
	  .rest = 15 },
	{ .name = "swap on zram", .step = mp_lever_swap, .pause = 1000,
	  .rest = 4 },
	{ .name = "the kernel's balloon", .step = mp_lever_balloon,
	  .pause = 2000, .rest = 2 },
	{ .name = "drop_caches", .step = mp_lever_drop, .pause = 3000,
	  .must = 1 },
	{ .name = "processes with a pool mapped", .step = mp_lever_map,
	  .pause = 10, .must = 1 },
	{ .name = "processes with another mapped", .step = mp_lever_map,
	  .pause = 10, .number = 1, .must = 1 },
	{ .name = "faults at sites of ours", .step = mp_lever_fault,
	  .pause = 100, .must = 1 },
	{ .name = "failslab, fail_page_alloc", .step = mp_lever_inject_all,
	  .pause = 3000 },
};

#define LEVERS	((int)(sizeof(levers) / sizeof(*levers)))

/* The bench puts it on the kernel's command line, and init gives it to us. */
static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

/* A fifth of memory for pools, most of it in those with handles. */
static void choose_owners(struct mp_stress_start *start)
{
	long kb = mp_read_field("/proc/meminfo", "MemTotal");
	unsigned int pages = kb / mp_page_kb() / 5;

	*start = (struct mp_stress_start) {
		.owners = { 2, 2, 2, 2 },
		.pages = { pages / 6, pages / 6, pages / 12, pages / 12 },
		.nice = 10,
	};
}

static void prepare(struct mp_stress *s)
{
	const int kind = PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
	pthread_rwlockattr_t attr;

	memset(s, 0, sizeof(*s));
	s->seed = setting("mp_stress_seed", 1);
	s->seconds = setting("mp_stress_seconds", SECONDS);
	s->fd = -1;
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, kind);
	pthread_rwlock_init(&s->use, &attr);
	pthread_rwlock_init(&s->share, &attr);
	choose_owners(&s->start);
	mp_core_parameters(MP_STRESS_CORE, s->parameters,
			   sizeof(s->parameters));
}

static int start_levers(struct mp_stress *s)
{
	int i, err = 0;

	for (i = 0; i < LEVERS && !err; i++) {
		levers[i].random = s->seed * LEVERS + i;
		err = mp_lever_start(&levers[i], s);
	}
	return err;
}

static void stop_levers(struct mp_stress *s)
{
	int i;

	__atomic_store_n(&s->stop, 1, __ATOMIC_RELEASE);
	for (i = 0; i < LEVERS; i++)
		mp_lever_join(&levers[i]);
}

/* Return: whether something is wrong already. */
static int look(struct mp_stress *s, long seconds)
{
	struct mp_stress_report report;
	int i, err = mp_stress_report(s, &report);

	if (!err)
		mp_stress_progress(s, &report, seconds);
	for (i = 0; i < LEVERS; i++)
		err = err ?: levers[i].err;
	return err ?: report.nr_wrong || mp_stress_bad(s, &report);
}

/* A line every fifth second at first, every half minute later. */
static int is_due(long second)
{
	return second % (second < 60 ? 5 : 30) == 0;
}

/* Every second time the framework goes, too. */
static int drive(struct mp_stress *s, long seconds)
{
	unsigned int random = s->seed;
	long now, start = mp_lever_now(), said = 0, next;
	int i, err = 0;

	next = 3 + rand_r(&random) % 6;
	while (!err && (now = mp_lever_now() - start) < seconds) {
		sleep(1);
		for (i = 0; i < LEVERS; i++)
			mp_lever_wake(&levers[i]);
		if (now >= next) {
			err = mp_stress_reload(s, s->round % 2);
			next = mp_lever_now() - start + 3 +
			       rand_r(&random) % (3 + seconds / 20);
		}
		if (!err && now > said && is_due(now)) {
			err = look(s, now);
			said = now;
		}
	}
	return err;
}

/**
 * struct memory - what the machine has, in kB
 * @total: MemTotal
 * @free: MemFree, without what is cached
 * @broken: HardwareCorrupted
 */
struct memory {
	long total;
	long free;
	long broken;
};

static struct memory memory_now(void)
{
	struct memory now;
	const char *info = "/proc/meminfo";

	mp_write_file("/proc/sys/vm/drop_caches", "3");
	mp_compact();
	now.total = mp_read_field(info, "MemTotal");
	now.free = mp_read_field(info, "MemFree");
	now.broken = mp_read_field(info, "HardwareCorrupted");
	if (now.broken < 0)
		now.broken = 0;
	return now;
}

static long memory_slack(void)
{
	return SLACK_KB + mp_kasan_keeps_kb();
}

/* Return: kB that are gone for no known reason; a wait is for the balloon. */
static long memory_lost(const struct memory *before)
{
	struct memory now;
	long lost;
	int tries = 30;

	do {
		now = memory_now();
		lost = before->free - now.free -
		       (now.broken - before->broken);
	} while ((lost > memory_slack() || now.total != before->total) &&
		 tries-- && !sleep(1));
	mp_stress_say("  %-*s %16ld", MP_STRESS_COLUMN,
		      "kB less memory free than before", lost);
	return now.total == before->total ? lost : now.total - before->total;
}

/* Whatever a lever may have left. */
static int clear_away(void)
{
	mp_lever_inject("failslab", "0");
	mp_lever_inject("fail_page_alloc", "0");
	mp_faults_disarm();
	mp_hugepages(0);
	if (mp_lever_has_balloon())
		mp_vb_want(0);
	return access(MP_ZRAM, F_OK) ? 0 : mp_swap_off();
}

/*
 * Where it has given up meanwhile, for want of memory, nothing was shown.
 * Return: bytes of what it suspects, or -errno.
 */
static int leaks(void)
{
	char text[4096];
	int n;

	if (!mp_kmemleak_there())
		return 0;
	n = mp_kmemleak_scan();
	if (!n)
		n = mp_kmemleak_suspects(text, sizeof(text));
	mp_stress_row("kmemleak suspects, bytes of text", n);
	return n;
}

static long soft_offlined(void)
{
	int i;

	for (i = 0; i < LEVERS; i++)
		if (levers[i].step == mp_lever_soft_offline)
			return levers[i].done;
	return 0;
}

static int tell(struct mp_stress *s, struct mp_stress_report *report,
		long seconds)
{
	int err = mp_stress_report(s, report);

	mp_stress_table(s, report, levers, LEVERS, seconds);
	if (report->nr_wrong)
		mp_stress_say("WRONG: %s", report->wrong);
	return err;
}

FIXTURE(run) {
	struct mp_stress s;
	struct memory before;
};

FIXTURE_SETUP(run)
{
	prepare(&self->s);
	mp_stress_catch();
	mp_write_file("/proc/self/oom_score_adj", "-1000");
	mlockall(MCL_CURRENT);
	self->before = memory_now();
	if (!access(MP_ZRAM, F_OK))
		ASSERT_EQ(0, mp_swap_on(SWAP));
	ASSERT_EQ(0, mp_kmsg_say("mp-allow-begin: ", ALLOWED));
	ASSERT_EQ(0, mp_stress_begin(&self->s));
	ASSERT_EQ(0, start_levers(&self->s));
}

FIXTURE_TEARDOWN(run)
{
	EXPECT_EQ(0, clear_away());
	EXPECT_EQ(0, mp_deferred_drain());
	EXPECT_GE(memory_slack(), memory_lost(&self->before));
	EXPECT_EQ(0, leaks());
	EXPECT_EQ(0, mp_kmsg_say("mp-expect-end", ""));
}

/* The bench knows how long; this is a limit for who runs it by hand. */
TEST_F_TIMEOUT(run, anything_at_once, 7 * 24 * 3600)
{
	long seconds = self->s.seconds;
	long broken = self->before.broken;
	struct mp_stress_report report;
	int i;

	mp_stress_say("seed %llu, %ld s, pools of %u, %u, %u and %u pages",
		      self->s.seed, seconds, self->s.start.pages[0],
		      self->s.start.pages[1], self->s.start.pages[2],
		      self->s.start.pages[3]);
	EXPECT_EQ(0, drive(&self->s, seconds));
	stop_levers(&self->s);
	EXPECT_EQ(0, mp_stress_end(&self->s));
	EXPECT_EQ(0, tell(&self->s, &report, seconds));
	EXPECT_EQ(0, report.nr_wrong);
	EXPECT_EQ(0, mp_stress_bad(&self->s, &report));
	EXPECT_EQ(report.allocated, report.freed);
	EXPECT_LE(MOVES * seconds, report.migrated);
	EXPECT_LE(MOVES * seconds, report.directed);
	EXPECT_LE(1, self->s.round);
	for (i = 0; i < LEVERS; i++) {
		EXPECT_EQ(0, levers[i].err);
		EXPECT_LE(1, levers[i].absent + levers[i].done +
			     (levers[i].must ? 0 : levers[i].refused)) {
			TH_LOG("%s: %lu times", levers[i].name, levers[i].done);
		}
	}
	broken = memory_now().broken - broken;
	EXPECT_EQ(soft_offlined() * mp_page_kb(), broken);
}

TEST_HARNESS_MAIN
