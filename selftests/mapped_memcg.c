// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped pools and memory cgroups: pages are charged to the group of the task
 * that allocates them, stay charged to it when they move, and to nobody when
 * they are freed.  Needs two nodes, the second with hot-plugged memory.
 */

#include <signal.h>
#include <sys/wait.h>

#include "mp_cgroup.h"
#include "mp_numa_fixture.h"

#define EVICTED		64
#define ROUNDS		10
#define HALF		(PAGES / 2)
#define ASIDE		MP_CGROUP "/aside"

/*
 * A task that has been in the group leaves some of the kernel's own memory
 * behind for a while.
 */
#define SLACK		64

/*
 * On 5.10 each CPU keeps up to 32 pages of a statistic to itself, on each node.
 * That no page stays charged is seen by the group, which then would not go.
 */
#define FUZZ		64

FIXTURE(charged) {
	struct mp_world world;
	struct mp_mapped it;
	int fd;
};

/* A pool without pages, and a group without tasks. */
FIXTURE_SETUP(charged)
{
	ASSERT_EQ(1, mp_no_swap());
	ASSERT_EQ(0, mp_balancing(0));
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	ASSERT_EQ(0, mp_cgroup_make("+memory"));
	ASSERT_EQ(0, mp_cgroup_mkdir(ASIDE));
	ASSERT_EQ(0, mp_mapped_make_empty(&self->it, self->fd, PAGES, 0));
}

static long of_group(const char *file, const char *key)
{
	char path[128];

	snprintf(path, sizeof(path), MP_GROUP "/%s", file);
	return key ? mp_read_field(path, key) : mp_read_long(path);
}

/*
 * A CPU that charges in advance holds the group, since 6.16 also when nothing
 * is left of that and the group is gone, until it is told to let go of all.  So
 * it charges a bit to another group, and that one is made smaller.
 */
static void charge_aside(int cpu)
{
	unsigned long cpus = 1UL << cpu;
	char *p;

	if (fork()) {
		wait(NULL);
		return;
	}
	syscall(SYS_sched_setaffinity, 0, sizeof(cpus), &cpus);
	mp_write_long(ASIDE "/cgroup.procs", getpid());
	p = mmap(NULL, mp_page_size(), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED)
		*p = 1;
	_exit(0);
}

static void cpus_let_go(void)
{
	int cpu;

	for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		charge_aside(cpu);
	mp_write_file(ASIDE "/memory.high", "0");
	mp_write_file(ASIDE "/memory.high", "max");
}

/*
 * The group's pages, and not what CPUs have charged in advance: they let go of
 * that when somebody wants the group to be smaller.
 */
static long charge(void)
{
	mp_write_file(MP_GROUP "/memory.high", "0");
	mp_write_file(MP_GROUP "/memory.high", "max");
	return of_group("memory.current", NULL) / mp_page_size();
}

/* The kernel sums it up now and then: up to 10 s.  Return: @pages if so. */
static long stat_pages(const char *key, long pages)
{
	int tries = 1000;
	long n;

	do {
		n = of_group("memory.stat", key) / mp_page_size();
	} while (labs(n - pages) > FUZZ && tries-- && !usleep(10000));
	return labs(n - pages) > FUZZ ? n : pages;
}

static long file_pages(long pages)
{
	return stat_pages("file", pages);
}

/* Groups that were removed but are still charged for something. */
static long dying(void)
{
	return mp_read_field(MP_CGROUP "/cgroup.stat",
			     "nr_dying_descendants");
}

static long dying_become(long n)
{
	int tries = 100;
	long now;

	while ((now = dying()) != n && tries--) {
		usleep(100000);
		cpus_let_go();
	}
	return now;
}

FIXTURE_TEARDOWN(charged)
{
	mp_mapped_end(&self->it);
	EXPECT_STREQ("", mp_world_close(&self->world));
	if (!access(MP_GROUP, F_OK)) {
		EXPECT_EQ(0, file_pages(0));
		EXPECT_EQ(0, mp_cgroup_rmdir());
	}
	EXPECT_EQ(0, dying_become(0));
	EXPECT_EQ(0, mp_cgroup_end());
}

#define CHARGED_F(name)	TEST_F(charged, name)

/*
 * A task in the group allocates.  All that it touches itself it has before, or
 * it would be killed at the limit for want of that.  Return: its wait status,
 * or the error number it exits with.
 */
static int alloc(const struct mp_mapped *it, unsigned int first,
		 unsigned int count, unsigned int gfp)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int err = mlockall(MCL_CURRENT) ? -errno :
			  mp_cgroup_enter(getpid()) ?:
			  mp_arg(it->fd, it->pool, MP_TEST_ALLOC, first,
				 count, gfp);

		_exit(-err);
	}
	if (waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : status;
}

/* And a task outside of it publishes and uses them. */
static int use(struct mp_mapped *it, unsigned int count)
{
	int err = mp_do(it->fd, it->pool, MP_TEST_PUBLISH, 0, count);

	if (!err)
		mp_mapped_fill(it, MP_MAPPED_SEED);
	mp_drain_lru();
	return err;
}

static int fill_pool(struct mp_mapped *it, int node)
{
	int err = mp_prefer_node(node) ?:
		  alloc(it, 0, PAGES, MP_TEST_GFP_NORETRY) ?:
		  mp_default_policy() ?: use(it, PAGES);

	return err ?: mp_pages_on(0, it->words, PAGES, node) - PAGES;
}

static int free_pages(struct mp_mapped *it, unsigned int first,
		      unsigned int count)
{
	return mp_do(it->fd, it->pool, MP_TEST_FREE, first, count) ?:
	       (int)mp_deferred_drain();
}

CHARGED_F(who_allocates_is_charged)
{
	struct mp_mapped *it = &self->it;
	long before = charge(), after;

	EXPECT_EQ(0, file_pages(0));
	ASSERT_EQ(0, alloc(it, 0, PAGES, 0));
	EXPECT_EQ(PAGES, file_pages(PAGES));
	after = charge();
	EXPECT_LE(before + PAGES, after);
	EXPECT_LE(after, before + PAGES + SLACK);
	ASSERT_EQ(0, use(it, PAGES));
	EXPECT_EQ(PAGES, file_pages(PAGES));
	EXPECT_LE(labs(charge() - after), SLACK);
	EXPECT_EQ(PAGES, stat_pages("unevictable", PAGES));
}

CHARGED_F(free_uncharges)
{
	struct mp_mapped *it = &self->it;

	ASSERT_EQ(0, fill_pool(it, 0));
	EXPECT_EQ(0, free_pages(it, 0, HALF));
	EXPECT_EQ(PAGES - HALF, file_pages(PAGES - HALF));
	EXPECT_EQ(0, free_pages(it, HALF, PAGES - HALF));
	EXPECT_EQ(0, file_pages(0));
	EXPECT_LE(charge(), SLACK);
	EXPECT_EQ(0, mp_destroy(it->fd, it->pool));
	EXPECT_LE(charge(), SLACK);
}

static int set_limit(long pages)
{
	return mp_write_long(MP_GROUP "/memory.max", pages * mp_page_size());
}

CHARGED_F(at_the_limit_there_are_no_more_pages)
{
	struct mp_mapped *it = &self->it;
	long got;

	ASSERT_EQ(0, set_limit(charge() + HALF));
	EXPECT_EQ(-ENOMEM, alloc(it, 0, PAGES, MP_TEST_GFP_NORETRY));
	got = mp_stats(self->fd, it->pool).pages;
	EXPECT_LE(HALF - SLACK, got);
	EXPECT_LE(got, HALF);
	EXPECT_EQ(got, file_pages(got));
	EXPECT_EQ(0, mp_pfn(self->fd, it->pool, got));
	EXPECT_EQ(MP_EMPTY, mp_info(self->fd, it->pool, got).state);
	EXPECT_LT(0, of_group("memory.events", "max"));
	EXPECT_EQ(0, of_group("memory.events", "oom_kill"));
	/* The place that was refused can be had yet. */
	ASSERT_EQ(0, set_limit(2 * PAGES));
	EXPECT_EQ(0, alloc(it, got, PAGES - got, MP_TEST_GFP_NORETRY));
	EXPECT_EQ(PAGES, file_pages(PAGES));
	EXPECT_EQ(0, use(it, PAGES));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

/* With GFP_KERNEL alone the kernel kills somebody of the group. */
CHARGED_F(a_driver_that_insists_has_its_caller_killed)
{
	struct mp_mapped *it = &self->it;
	long got;

	ASSERT_EQ(0, set_limit(charge() + HALF));
	mp_kmsg_say("mp-expect-begin: ", "oom_kill_process|warn_alloc");
	EXPECT_EQ(SIGKILL, alloc(it, 0, PAGES, 0));
	mp_kmsg_say("mp-expect-end", "");
	EXPECT_EQ(1, of_group("memory.events", "oom_kill"));
	got = mp_stats(self->fd, it->pool).pages;
	EXPECT_EQ(got, file_pages(got));
	printf("# figure: %ld pages allocated, the limit was at %d: the task was killed\n",
	       got, HALF);
	EXPECT_EQ(0, free_pages(it, 0, got));
	EXPECT_EQ(0, file_pages(0));
}

static long on_node(int node)
{
	char text[16384], key[16];
	char *at;

	mp_read_file(MP_GROUP "/memory.numa_stat", text, sizeof(text));
	at = strstr(text, "\nfile ");
	snprintf(key, sizeof(key), " N%d=", node);
	at = at ? strstr(at, key) : NULL;
	return at ? strtol(at + strlen(key), NULL, 10) / mp_page_size() : -1;
}

static long on_node_become(int node, long pages)
{
	int tries = 1000;
	long n;

	do {
		n = on_node(node);
	} while (labs(n - pages) > FUZZ && tries-- && !usleep(10000));
	return labs(n - pages) > FUZZ ? n : pages;
}

static int move(struct mp_mapped *it, int node)
{
	return mp_mbind(it->words, mp_mapped_bytes(it), MPOL_BIND,
			MP_NODE_BIT(node), MPOL_MF_MOVE | MPOL_MF_STRICT);
}

CHARGED_F(charge_follows_to_another_node)
{
	struct mp_mapped *it = &self->it;
	long before;
	int i;

	ASSERT_EQ(0, fill_pool(it, 0));
	EXPECT_EQ(PAGES, on_node_become(0, PAGES));
	EXPECT_EQ(0, on_node_become(1, 0));
	before = charge();
	for (i = 0; i < ROUNDS; i++) {
		int node = !(i % 2);

		EXPECT_EQ(0, move(it, node));
		EXPECT_EQ(PAGES, mp_pages_on(0, it->words, PAGES, node));
		EXPECT_EQ(PAGES, on_node_become(node, PAGES));
		EXPECT_EQ(0, on_node_become(!node, 0));
	}
	EXPECT_EQ(ROUNDS * PAGES, mp_mapped_moved(it));
	EXPECT_LE(labs(charge() - before), SLACK);
	EXPECT_EQ(PAGES, file_pages(PAGES));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

/*
 * Up to 6.6 the new page is charged before the old one is freed, for a moment
 * beyond the limit; later the charge goes over.
 */
CHARGED_F(pages_move_at_the_limit)
{
	struct mp_mapped full = self->it;
	long peak;

	ASSERT_EQ(0, mp_prefer_node(0));
	ASSERT_EQ(0, set_limit(charge() + HALF));
	ASSERT_EQ(-ENOMEM, alloc(&full, 0, PAGES, MP_TEST_GFP_NORETRY));
	full.pages = mp_stats(self->fd, full.pool).pages;
	ASSERT_LE(HALF - SLACK, full.pages);
	ASSERT_EQ(0, use(&full, full.pages));
	peak = of_group("memory.peak", NULL);
	EXPECT_EQ(0, move(&full, 1));
	EXPECT_EQ(full.pages, mp_pages_on(0, full.words, full.pages, 1));
	EXPECT_EQ(0, of_group("memory.events", "oom_kill"));
	EXPECT_EQ(full.pages, file_pages(full.pages));
	EXPECT_LE(of_group("memory.current", NULL),
		  of_group("memory.max", NULL));
	EXPECT_EQ(0, mp_mapped_wrong(&full, MP_MAPPED_SEED));
	if (peak >= 0)
		printf("# figure: memory.peak grew by %ld pages when %u moved at the limit\n",
		       (of_group("memory.peak", NULL) - peak) / mp_page_size(),
		       full.pages);
}

/* Of hot-plugged memory: nothing the kernel has got at boot is in the way. */
CHARGED_F(charge_follows_to_another_frame)
{
	struct mp_mapped *it = &self->it;
	long before;
	int i;

	ASSERT_EQ(0, fill_pool(it, 1));
	before = charge();
	for (i = 0; i < EVICTED; i++)
		EXPECT_EQ(0, mp_evict_retry(self->fd,
					    mp_pfn(self->fd, it->pool, i), 1));
	EXPECT_LE(EVICTED, mp_mapped_moved(it));
	EXPECT_EQ(PAGES, file_pages(PAGES));
	EXPECT_LE(labs(charge() - before), SLACK);
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

/* Its pages go on moving, and its memory comes back when they are freed. */
CHARGED_F(group_goes_before_its_pages)
{
	struct mp_mapped *it = &self->it;

	ASSERT_EQ(0, fill_pool(it, 0));
	ASSERT_EQ(0, mp_cgroup_rmdir());
	EXPECT_EQ(0, move(it, 1));
	EXPECT_EQ(PAGES, mp_pages_on(0, it->words, PAGES, 1));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
	sleep(1);
	cpus_let_go();
	sleep(1);
	printf("# figure: %ld removed groups are still there while their pages are\n",
	       dying());
	EXPECT_EQ(0, free_pages(it, 0, PAGES));
	EXPECT_EQ(0, dying_become(0));
}

TEST_HARNESS_MAIN
