// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped pools between nodes: everything by which the kernel and its users move
 * the memory of processes moves pages of drivers, too, without a swap device.
 * Needs two nodes with memory and a CPU each.
 */

#include "mp_cgroup.h"
#include "mp_counters.h"
#include "mp_numa_fixture.h"
#include "mp_sharer.h"
#include "mp_writer.h"

#define ROUNDS		6
#define HALF		(PAGES / 2)
#define NOBODY		65534
#define NO_NODE		60	/* the kernel could have it, but has not */
#define NODE0		MP_NODE_BIT(0)
#define NODE1		MP_NODE_BIT(1)

static void *page(struct mp_mapped *it, unsigned int index)
{
	return mp_mapped_page(it, index);
}

/* Return: of @count pages that this process has mapped, those on @node. */
static int on(struct mp_mapped *it, unsigned int first, unsigned int count,
	      int node)
{
	return mp_pages_on(0, page(it, first), count, node);
}

static int all_on(struct mp_mapped *it, int node)
{
	return on(it, 0, PAGES, node);
}

/* This process does not have the pages in its page tables any more. */
static int forget(struct mp_mapped *it)
{
	return madvise(it->words, mp_mapped_bytes(it), MADV_DONTNEED);
}

static int bind_to(struct mp_mapped *it, unsigned int first,
		   unsigned int count, int node, unsigned int flags)
{
	return mp_mbind(page(it, first), count * mp_page_size(), MPOL_BIND,
			MP_NODE_BIT(node), flags);
}

NUMA_F(migrate_pages_to_another_node_and_back)
{
	struct mp_mapped *it = &self->it;

	EXPECT_LE(0, mp_migrate_pages(0, NODE0, NODE1));
	EXPECT_EQ(PAGES, all_on(it, 1));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
	EXPECT_LE(0, mp_migrate_pages(0, NODE1, NODE0));
	EXPECT_EQ(PAGES, all_on(it, 0));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
	EXPECT_EQ(2 * PAGES, mp_mapped_moved(it));
}

NUMA_F(migrate_pages_while_a_thread_writes_R21)
{
	struct mp_mapped *it = &self->it;
	struct mp_writer writer;
	int i, there = 0;

	ASSERT_EQ(0, mp_writer_start(&writer, it, MP_MAPPED_SEED));
	for (i = 0; i < ROUNDS; i++) {
		int to = !(i % 2);

		mp_writer_rounds(&writer, 1);
		EXPECT_LE(0, mp_migrate_pages(0, MP_NODE_BIT(!to),
					      MP_NODE_BIT(to)));
		there += all_on(it, to);
	}
	mp_writer_rounds(&writer, 1);
	EXPECT_EQ(0, mp_writer_stop(&writer));
	/* What was just being touched in each of its passes is left. */
	EXPECT_LE(ROUNDS * PAGES * 99 / 100, there);
	EXPECT_LE(ROUNDS * PAGES * 99 / 100, mp_mapped_moved(it));
	printf("# figure: %ld moves by migrate_pages(2) while all words were written %lu times\n",
	       mp_mapped_moved(it), writer.worker.steps);
}

NUMA_F(migrate_pages_of_another_process)
{
	struct mp_mapped *it = &self->it;
	struct mp_sharer sharer;

	ASSERT_EQ(0, mp_sharer_start(&sharer, it, PAGES));
	ASSERT_EQ(0, forget(it));
	EXPECT_LE(0, mp_migrate_pages(sharer.pid, NODE0, NODE1));
	EXPECT_EQ(PAGES, mp_pages_on(sharer.pid, it->words, PAGES, 1));
	EXPECT_EQ(0, mp_sharer_stop(&sharer));
	EXPECT_EQ(PAGES, mp_mapped_moved(it));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

/* Not in the page tables of the process: not its memory. */
NUMA_F(migrate_pages_takes_what_is_mapped)
{
	struct mp_mapped *it = &self->it;
	struct mp_sharer sharer;

	ASSERT_EQ(0, mp_sharer_start(&sharer, it, HALF));
	EXPECT_LE(0, mp_migrate_pages(sharer.pid, NODE0, NODE1));
	EXPECT_EQ(HALF, on(it, 0, HALF, 1));
	EXPECT_EQ(HALF, on(it, HALF, HALF, 0));
	EXPECT_EQ(0, mp_sharer_stop(&sharer));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

NUMA_F(privileged_moves_what_others_have_mapped)
{
	struct mp_mapped *it = &self->it;
	struct mp_sharer sharer;

	ASSERT_EQ(0, mp_sharer_start(&sharer, it, PAGES));
	EXPECT_LE(0, mp_migrate_pages(0, NODE0, NODE1));
	EXPECT_EQ(PAGES, all_on(it, 1));
	EXPECT_EQ(PAGES, mp_pages_on(sharer.pid, it->words, PAGES, 1));
	EXPECT_EQ(0, mp_sharer_stop(&sharer));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

/* In a process that is not the test's.  Return: 0 if it is so. */
static int unless(int so, const char *what)
{
	if (!so)
		printf("# is not so: %s\n", what);
	return !so;
}

#define UNLESS(what)	unless(!!(what), #what)

static int drop_privileges(void)
{
	return syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) ? -errno : 0;
}

static int what_nobody_may_not(struct mp_mapped *it)
{
	int node = 1, status = 0;

	return UNLESS(mp_migrate_pages(getppid(), NODE0, NODE1) == -EPERM) ?:
	       UNLESS(mp_move_pages(getppid(), page(it, 0), 1, &node, &status,
				    MPOL_MF_MOVE) == -EPERM) ?:
	       UNLESS(mp_move_pages(0, page(it, 0), 1, &node, &status,
				    MPOL_MF_MOVE_ALL) == -EPERM) ?:
	       UNLESS(bind_to(it, 0, 1, 1, MPOL_MF_MOVE_ALL) == -EPERM);
}

/* Somebody else has the first half mapped, too. */
static int what_nobody_moves(struct mp_mapped *it)
{
	int node = 1, status = 0;

	return UNLESS(all_on(it, 0) == PAGES) ?:
	       UNLESS(mp_migrate_pages(0, NODE0, NODE1) >= 0) ?:
	       UNLESS(on(it, 0, HALF, 0) == HALF) ?:
	       UNLESS(on(it, HALF, HALF, 1) == HALF) ?:
	       UNLESS(!mp_move_pages(0, page(it, 0), 1, &node, &status,
				     MPOL_MF_MOVE)) ?:
	       UNLESS(status == -EACCES) ?:
	       UNLESS(!bind_to(it, 0, HALF, 1, MPOL_MF_MOVE)) ?:
	       UNLESS(on(it, 0, HALF, 0) == HALF);
}

static int be_nobody(struct mp_mapped *it)
{
	return UNLESS(!drop_privileges()) ?:
	       UNLESS(!mp_mapped_wrong(it, MP_MAPPED_SEED)) ?:
	       what_nobody_may_not(it) ?: what_nobody_moves(it) ?:
	       UNLESS(!mp_mapped_wrong(it, MP_MAPPED_SEED));
}

NUMA_F(unprivileged_moves_what_nobody_else_has_mapped)
{
	struct mp_mapped *it = &self->it;
	struct mp_sharer sharer;
	int status;
	pid_t pid;

	ASSERT_EQ(0, mp_sharer_start(&sharer, it, HALF));
	ASSERT_EQ(0, forget(it));
	fflush(stdout);
	pid = fork();
	if (!pid)
		exit(be_nobody(it));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, mp_sharer_stop(&sharer));
	EXPECT_EQ(PAGES - HALF, mp_mapped_moved(it));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

NUMA_F(move_pages_each_to_its_node)
{
	int nodes[PAGES], status[PAGES];
	struct mp_mapped *it = &self->it;
	int i, right = 0;

	for (i = 0; i < PAGES; i++)
		nodes[i] = i % 2;
	EXPECT_EQ(0, mp_move_pages(0, page(it, 0), PAGES, nodes, status,
				   MPOL_MF_MOVE));
	for (i = 0; i < PAGES; i++)
		right += status[i] == i % 2 && on(it, i, 1, i % 2) == 1;
	EXPECT_EQ(PAGES, right);
	EXPECT_EQ(PAGES / 2, mp_mapped_moved(it));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

NUMA_F(move_pages_to_no_node)
{
	struct mp_mapped *it = &self->it;
	int node = NO_NODE, status = 0;

	EXPECT_EQ(-ENODEV, mp_move_pages(0, page(it, 0), 1, &node, &status,
					 MPOL_MF_MOVE));
	node = -1;
	EXPECT_EQ(-ENODEV, mp_move_pages(0, page(it, 0), 1, &node, &status,
					 MPOL_MF_MOVE));
	EXPECT_EQ(PAGES, all_on(it, 0));
}

/* A page that was freed, one that is not in the page table, and no mapping. */
NUMA_F(move_pages_of_no_page)
{
	struct mp_mapped *it = &self->it;
	int node = 1, status = 0;

	ASSERT_EQ(0, mp_do(it->fd, it->pool, MP_TEST_FREE, 3, 1));
	ASSERT_EQ(0, mp_deferred_drain());
	EXPECT_EQ(0, mp_move_pages(0, page(it, 3), 1, &node, &status,
				   MPOL_MF_MOVE));
	EXPECT_EQ(-ENOENT, status);
	ASSERT_EQ(0, forget(it));
	EXPECT_EQ(0, mp_move_pages(0, page(it, 9), 1, &node, &status,
				   MPOL_MF_MOVE));
	EXPECT_EQ(-ENOENT, status);
	EXPECT_EQ(0, mp_move_pages(0, (void *)(mp_page_size() * 16), 1, &node,
				   &status, MPOL_MF_MOVE));
	EXPECT_EQ(-EFAULT, status);
	EXPECT_EQ(0, mp_mapped_moved(it));
}

/*
 * What was not moved keeps the status it had.  How many those are is in the
 * result, but on 5.10 that is one less than it should be.
 */
NUMA_F(move_pages_of_a_pinned_page)
{
	struct mp_mapped *it = &self->it;
	int node = 1, status = 77;

	ASSERT_EQ(0, mp_do(it->fd, it->pool, MP_TEST_PIN, 5, 1));
	EXPECT_LE(0, mp_move_pages(0, page(it, 5), 1, &node, &status,
				   MPOL_MF_MOVE));
	EXPECT_EQ(77, status);
	EXPECT_EQ(1, on(it, 5, 1, 0));
	ASSERT_EQ(0, mp_do(it->fd, it->pool, MP_TEST_UNPIN, 5, 1));
	EXPECT_EQ(0, mp_move_pages(0, page(it, 5), 1, &node, &status,
				   MPOL_MF_MOVE));
	EXPECT_EQ(1, status);
	EXPECT_EQ(1, on(it, 5, 1, 1));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

NUMA_F(mbind_moves_what_is_mapped_once)
{
	struct mp_mapped *it = &self->it;
	struct mp_sharer sharer;

	ASSERT_EQ(0, mp_sharer_start(&sharer, it, HALF));
	EXPECT_EQ(0, bind_to(it, 0, PAGES, 1, 0));
	EXPECT_EQ(PAGES, all_on(it, 0));
	EXPECT_EQ(0, bind_to(it, 0, PAGES, 1, MPOL_MF_MOVE));
	EXPECT_EQ(HALF, on(it, 0, HALF, 0));
	EXPECT_EQ(HALF, on(it, HALF, HALF, 1));
	EXPECT_EQ(0, bind_to(it, 0, PAGES, 1, MPOL_MF_MOVE_ALL));
	EXPECT_EQ(PAGES, all_on(it, 1));
	EXPECT_EQ(0, mp_sharer_stop(&sharer));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

NUMA_F(mbind_strictly_finds_pages_in_the_wrong_place)
{
	struct mp_mapped *it = &self->it;

	EXPECT_EQ(-EIO, bind_to(it, 0, PAGES, 1, MPOL_MF_STRICT));
	EXPECT_EQ(PAGES, all_on(it, 0));
	EXPECT_EQ(0, bind_to(it, 0, PAGES, 1, MPOL_MF_STRICT | MPOL_MF_MOVE));
	EXPECT_EQ(PAGES, all_on(it, 1));
	EXPECT_EQ(0, bind_to(it, 0, PAGES, 1, MPOL_MF_STRICT));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

NUMA_F(mbind_strictly_says_that_a_pinned_page_stays)
{
	struct mp_mapped *it = &self->it;
	unsigned int flags = MPOL_MF_STRICT | MPOL_MF_MOVE;

	ASSERT_EQ(0, mp_do(it->fd, it->pool, MP_TEST_PIN, 100, 1));
	EXPECT_EQ(0, bind_to(it, 100, 1, 1, MPOL_MF_MOVE));
	EXPECT_EQ(-EIO, bind_to(it, 0, PAGES, 1, flags));
	EXPECT_EQ(PAGES - 1, all_on(it, 1));
	EXPECT_EQ(1, on(it, 100, 1, 0));
	ASSERT_EQ(0, mp_do(it->fd, it->pool, MP_TEST_UNPIN, 100, 1));
	EXPECT_EQ(0, bind_to(it, 0, PAGES, 1, flags));
	EXPECT_EQ(PAGES, all_on(it, 1));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

/* Return: of a new pool's pages, those on node 1. */
static int new_on_node1(int fd)
{
	struct mp_mapped new;
	int n = mp_mapped_make(&new, fd, PAGES, 0);

	if (!n) {
		mp_mapped_fill(&new, MP_MAPPED_SEED);
		n = all_on(&new, 1);
	}
	mp_mapped_end(&new);
	return n;
}

/*
 * The policy of the thread that allocates.  In turns, the other node may get
 * something of the kernel's own in between.
 */
NUMA_F(policy_says_where_pages_come_from)
{
	int fd = self->world.fd;
	int n;

	ASSERT_EQ(0, mp_policy(MPOL_BIND, NODE1));
	EXPECT_EQ(PAGES, new_on_node1(fd));
	ASSERT_EQ(0, mp_policy(MPOL_BIND, NODE0));
	EXPECT_EQ(0, new_on_node1(fd));
	ASSERT_EQ(0, mp_policy(MPOL_PREFERRED, NODE1));
	EXPECT_EQ(PAGES, new_on_node1(fd));
	ASSERT_EQ(0, mp_policy(MPOL_INTERLEAVE, NODE0 | NODE1));
	n = new_on_node1(fd);
	EXPECT_LE(abs(n - HALF), 32);
}

NUMA_F(without_policy_pages_come_from_the_cpus_node)
{
	ASSERT_EQ(0, mp_run_on_node(1));
	EXPECT_EQ(PAGES, new_on_node1(self->world.fd));
	ASSERT_EQ(0, mp_run_on_node(0));
	EXPECT_EQ(0, new_on_node1(self->world.fd));
}

/* A worker of the kernel's moves them: up to 10 s. */
static int arrive(struct mp_mapped *it, pid_t pid, int node)
{
	int n, tries = 1000;

	while ((n = mp_pages_on(pid, it->words, PAGES, node)) != PAGES &&
	       tries--)
		usleep(10000);
	return n;
}

NUMA_F(cpuset_takes_its_memory_along)
{
	struct mp_mapped *it = &self->it;
	struct mp_sharer sharer;

	ASSERT_EQ(0, mp_cgroup_make("+cpuset"));
	ASSERT_EQ(0, mp_write_file(MP_GROUP "/cpuset.mems", "0"));
	ASSERT_EQ(0, mp_sharer_start(&sharer, it, PAGES));
	ASSERT_EQ(0, mp_cgroup_enter(sharer.pid));
	EXPECT_EQ(PAGES, arrive(it, sharer.pid, 0));
	EXPECT_EQ(0, mp_write_file(MP_GROUP "/cpuset.mems", "1"));
	EXPECT_EQ(PAGES, arrive(it, sharer.pid, 1));
	EXPECT_EQ(0, mp_write_file(MP_GROUP "/cpuset.mems", "0"));
	EXPECT_EQ(PAGES, arrive(it, sharer.pid, 0));
	EXPECT_EQ(0, mp_sharer_stop(&sharer));
	EXPECT_LE(2 * PAGES, mp_mapped_moved(it));
	EXPECT_EQ(0, mp_cgroup_rmdir());
	EXPECT_EQ(0, mp_cgroup_end());
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

/* There one has to ask for it. */
NUMA_F(cpuset_v1_takes_its_memory_along)
{
	struct mp_mapped *it = &self->it;
	struct mp_sharer sharer;

	ASSERT_EQ(0, mp_cgroup_make_v1("cpuset"));
	ASSERT_EQ(0, mp_write_file(MP_GROUP "/cpuset.cpus", "0"));
	ASSERT_EQ(0, mp_write_file(MP_GROUP "/cpuset.mems", "0"));
	ASSERT_EQ(0, mp_sharer_start(&sharer, it, PAGES));
	ASSERT_EQ(0, mp_cgroup_enter(sharer.pid));
	EXPECT_EQ(0, mp_write_file(MP_GROUP "/cpuset.mems", "1"));
	EXPECT_EQ(PAGES, mp_pages_on(sharer.pid, it->words, PAGES, 0));
	EXPECT_EQ(0, mp_mapped_moved(it));
	EXPECT_EQ(0, mp_write_file(MP_GROUP "/cpuset.mems", "0"));
	EXPECT_EQ(0, mp_write_file(MP_GROUP "/cpuset.memory_migrate", "1"));
	EXPECT_EQ(0, mp_write_file(MP_GROUP "/cpuset.mems", "1"));
	EXPECT_EQ(PAGES, arrive(it, sharer.pid, 1));
	EXPECT_EQ(0, mp_sharer_stop(&sharer));
	EXPECT_LE(PAGES, mp_mapped_moved(it));
	EXPECT_EQ(0, mp_cgroup_rmdir());
	EXPECT_EQ(0, mp_cgroup_end());
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
}

/* Up to 5.12 a sysctl, later in debugfs. */
static int balancing_knob(const char *knob, long value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/sched/numa_balancing/%s",
		 knob);
	if (access(path, F_OK))
		snprintf(path, sizeof(path), MP_BALANCING "_%s", knob);
	if (access(path, F_OK))
		return 0;
	return mp_write_long(path, value);
}

/*
 * Looks at the page tables as often as it can.  A kernel without
 * CONFIG_SCHED_DEBUG has no knobs, and takes its time.
 */
static int balance(void)
{
	return balancing_knob("scan_delay_ms", 1) ?:
	       balancing_knob("scan_period_min_ms", 1) ?:
	       balancing_knob("scan_period_max_ms", 100) ?:
	       balancing_knob("scan_size_mb", 256) ?:
	       mp_balancing(1);
}

/* On node 1, touches pages until @want have come there, or a minute is over. */
static int attract(struct mp_mapped *it, int want)
{
	double end = mp_seconds() + 60;
	int i, err = mp_run_on_node(1);

	while (!err && all_on(it, 1) < want && mp_seconds() < end)
		for (i = 0; i < 20; i++)
			err |= !!mp_mapped_wrong(it, MP_MAPPED_SEED);
	return err ? -1 : all_on(it, 1) >= want;
}

/* In a new process: when it is first looked at was settled at its start. */
NUMA_F(numa_balancing_brings_pages_to_who_uses_them)
{
	long migrated = mp_read_field("/proc/vmstat", "numa_pages_migrated");
	struct mp_mapped *it = &self->it;
	int status;
	pid_t pid;

	ASSERT_EQ(0, balance());
	pid = fork();
	if (!pid)
		_exit(attract(it, HALF) == 1 ? 0 : 1);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, mp_balancing(0));
	EXPECT_EQ(0, status);
	EXPECT_LE(HALF, mp_mapped_moved(it));
	EXPECT_LE(migrated + HALF,
		  mp_read_field("/proc/vmstat", "numa_pages_migrated"));
	EXPECT_EQ(0, mp_mapped_wrong(it, MP_MAPPED_SEED));
	printf("# figure: NUMA balancing moved %ld of %d pages\n",
	       mp_mapped_moved(it), PAGES);
}

/* Folds what the CPUs have counted on their own, too. */
static void read_all(struct mp_counters *counters, long *mapped)
{
	int node;

	mp_counters_read(counters);
	for (node = 0; node < 2; node++)
		mapped[node] = mp_node_vmstat(node, "nr_mapped");
}

static int make_on_node0(struct mp_mapped *new, int fd)
{
	int err = mp_prefer_node(0) ?: mp_mapped_make(new, fd, PAGES, 0) ?:
		  mp_default_policy();

	if (!err)
		mp_mapped_fill(new, MP_MAPPED_SEED);
	return err;
}

static int end(struct mp_mapped *it)
{
	mp_mapped_end(it);
	return mp_do(it->fd, it->pool, MP_TEST_FREE, 0, PAGES) ?:
	       mp_destroy(it->fd, it->pool);
}

/* For the first time, the program's own pages come to be mapped as well. */
NUMA_F(counters_of_nodes_return_R15)
{
	long mapped[2], mapped_now[2];
	struct mp_counters before;
	struct mp_mapped new;
	int i;

	for (i = 0; i < 2; i++) {
		read_all(&before, mapped);
		ASSERT_EQ(0, make_on_node0(&new, self->world.fd));
		EXPECT_EQ(PAGES, mp_counters_added_on(&before, 0,
						      MP_FILE_PAGES));
		EXPECT_EQ(PAGES, mp_counters_added_on(&before, 0,
						      MP_UNEVICTABLE));
		EXPECT_EQ(0, bind_to(&new, 0, PAGES, 1, MPOL_MF_MOVE));
		EXPECT_EQ(PAGES, all_on(&new, 1));
		EXPECT_EQ(PAGES, mp_counters_added_on(&before, 1,
						      MP_FILE_PAGES));
		EXPECT_EQ(PAGES, mp_counters_added_on(&before, 1,
						      MP_UNEVICTABLE));
		mapped_now[1] = mp_node_vmstat(1, "nr_mapped");
		EXPECT_EQ(0, mp_mapped_wrong(&new, MP_MAPPED_SEED));
		ASSERT_EQ(0, end(&new));
		EXPECT_EQ(0, mp_counters_returned(&before));
	}
	EXPECT_EQ(mapped[1] + PAGES, mapped_now[1]);
	read_all(&before, mapped_now);
	EXPECT_EQ(mapped[0], mapped_now[0]);
	EXPECT_EQ(mapped[1], mapped_now[1]);
}

TEST_HARNESS_MAIN
