// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's part of `make demo-balloon` (tools/demo-balloon.py is the
 * host's), which knows nothing of the driver that has the balloon but its
 * name: it reads what the kernel and QEMU say.
 *
 *	demo compare CYCLES MIB SEED
 *	demo rounds ROUNDS SEED
 *
 * compare: inflate by MIB and deflate, CYCLES times; then have the balloon's
 * pages all over memory, and the kernel compact.
 *
 * rounds: inflate and deflate while the kernel compacts, and see each time that
 * no page is missing.  Only with our driver, whose pool has an own opinion.
 *
 * The report goes to stdout, a "word value..." a line.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <glob.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>

/* For good: time flies in a guest that is idle while its instructions count. */
#define MP_HOST_PATIENCE	(-1)
#include "../../selftests/mp_host.h"
#include "../demo.h"

#define MIB_KB		1024ul
#define MIB_PAGES	256ul
#define PAGE		4096ul
#define RESERVE_KB	(40 * MIB_KB)	/* memory left to everybody else */
#define LIMIT		300ull		/* seconds until the balloon is there */
#define MAX_PASSES	8
#define MAX_PID		32768	/* on machines of so few CPUs */
#define POOL_STATS	"/sys/kernel/debug/movable_pool/virtio*/stats"

#define VMSTAT		"/proc/vmstat"
#define MEMINFO		"/proc/meminfo"

static unsigned long mem_total;	/* kB, without a balloon */

/*
 * The balloon
 */

/* The first line of the file, which costs little to read. */
static unsigned long mem_total_now(void)
{
	static int fd = -1;
	char line[64] = "";

	if (fd < 0)
		fd = open(MEMINFO, O_RDONLY);
	if (pread(fd, line, sizeof(line) - 1, 0) <= 0 ||
	    strncmp(line, "MemTotal:", 9))
		die(MEMINFO);
	return strtoul(line + 9, NULL, 10);
}

static void want(unsigned long mib)
{
	long long bytes = (mp_host_memory() - mib) * MIB_KB * 1024;
	char answer[MP_HOST_ANSWER];

	errno = -mp_host_ask(answer, "balloon {'value': %lld}", bytes);
	if (errno)
		die("QEMU does not take a target of %lu MiB", mib);
}

/* Return: MiB that QEMU believes are in the balloon. */
static double host_has(void)
{
	char answer[MP_HOST_ANSWER];

	errno = -mp_host_ask(answer, "query-balloon");
	if (errno)
		die("QEMU does not say how large the balloon is");
	return mp_host_memory() -
	       mp_host_number(answer, "actual") / (MIB_KB * 1024.0);
}

static bool guest_has(unsigned long mib)
{
	return mem_total_now() == mem_total - mib * MIB_KB;
}

/* Return: when, by the guest's clock. */
static uint64_t wait_for(unsigned long mib)
{
	uint64_t limit = now_ns() + LIMIT * 1000000000;

	while (!guest_has(mib)) {
		if (now_ns() > limit) {
			errno = ETIMEDOUT;
			die("%lu MiB wanted, MemTotal is %lu of %lu kB", mib,
			    mem_total_now(), mem_total);
		}
		usleep(1000);
	}
	return now_ns();
}

/* The driver says it last. */
static void host_agrees(unsigned long mib)
{
	int tries = 1000;

	while (host_has() != mib) {
		if (!tries--) {
			errno = EPROTO;
			die("%lu MiB are in the balloon, QEMU says %f", mib,
			    host_has());
		}
		usleep(10000);
	}
}

/*
 * What it costs
 */

static uint64_t cpu_time_of(const char *task)
{
	unsigned long long ns = 0;
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/schedstat", task);
	f = fopen(path, "r");
	if (!f)
		return 0;	/* it has ended */
	if (fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	fclose(f);
	return ns;
}

/*
 * CPU time that all tasks but this one have had since the last time, in ns,
 * which are instructions if QEMU counts them (-icount shift=0).  Idle time is
 * none: however long QEMU takes to answer us, it is not in there.  Tasks may
 * come and go: of one that has gone since, nothing is known.
 */
static uint64_t cpu_time(void)
{
	static uint64_t had[MAX_PID];
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint64_t ns = 0;

	if (!dir)
		die("/proc");
	while ((entry = readdir(dir))) {
		int pid = atoi(entry->d_name);
		uint64_t has;

		if (pid <= 0 || pid >= MAX_PID || pid == getpid())
			continue;
		has = cpu_time_of(entry->d_name);
		if (has < had[pid])	/* another one */
			had[pid] = 0;
		ns += has - had[pid];
		had[pid] = has;
	}
	closedir(dir);
	return ns;
}

/* So long that whoever works for the balloon has finished. */
static void settle(void)
{
	usleep(100000);
}

static void measure(const char *what, unsigned long mib)
{
	uint64_t busy, start, end;

	settle();
	cpu_time();
	start = now_ns();
	want(mib);
	end = wait_for(mib);
	settle();
	busy = cpu_time();
	host_agrees(mib);
	printf("cost %s %llu %llu\n", what, (unsigned long long)(end - start),
	       (unsigned long long)busy);
}

/* The first cycle is no measurement: it finds memory as the boot has left it */
static void cycle(int cycles, unsigned long mib)
{
	unsigned long inflated = value_of(VMSTAT, "balloon_inflate");
	int i;

	for (i = 0; i <= cycles; i++) {
		measure(i ? "inflate" : "first-inflate", mib);
		measure(i ? "deflate" : "first-deflate", 0);
		show("cycle", i, cycles);
	}
	inflated = value_of(VMSTAT, "balloon_inflate") - inflated;
	printf("value cycled %lu\n", inflated);
}

/*
 * Holes
 */

struct region {
	char *start;
	size_t pages;
};

static struct region region_new(unsigned long kb)
{
	struct region region = { .pages = kb / 4 };

	region.start = mmap(NULL, region.pages * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region.start == MAP_FAILED ||
	    madvise(region.start, region.pages * PAGE, MADV_NOHUGEPAGE))
		die("mmap");
	return region;
}

static void region_fill(const struct region *region, const char *step)
{
	size_t i;

	for (i = 0; i < region->pages; i++) {
		region->start[i * PAGE] = 1;
		if (step)
			show(step, i + 1, region->pages);
	}
}

/* Give half of the pages back, at random. */
static void region_punch(const struct region *region)
{
	size_t i;

	for (i = 0; i < region->pages; i++)
		if (next_random() % 2 &&
		    madvise(region->start + i * PAGE, PAGE, MADV_DONTNEED))
			die("madvise");
}

static void region_end(const struct region *region)
{
	if (munmap(region->start, region->pages * PAGE))
		die("munmap");
}

/*
 * Free memory
 */

/* In blocks of 2 MiB, of a zone: "Node 0, zone Normal 3 1 0 ..." */
static unsigned long blocks_of_zone(const char *line)
{
	char *place = strstr(line, "zone ");
	unsigned long blocks = 0;
	int order;

	if (!place)
		die("/proc/buddyinfo says %s", line);
	place += 5;
	place += strspn(place, " ");
	place += strcspn(place, " ");
	place += strspn(place, " ");
	for (order = 0; *place && *place != '\n'; order++) {
		unsigned long n = strtoul(place, &place, 10);

		if (order >= 9)
			blocks += n << (order - 9);
		place += strspn(place, " ");
	}
	return blocks;
}

static unsigned long free_blocks(void)
{
	FILE *f = fopen("/proc/buddyinfo", "r");
	unsigned long blocks = 0;
	char line[256];

	if (!f)
		die("/proc/buddyinfo");
	while (fgets(line, sizeof(line), f))
		blocks += blocks_of_zone(line);
	fclose(f);
	return blocks;
}

/* Pageblocks with a page that neither a process has nor anybody. */
static unsigned char *fixed_blocks(void)
{
	uint64_t *flags;
	size_t nr = read_all("/proc/kpageflags", &flags), i;
	unsigned char *fixed = calloc(nr / BLOCK + 1, 1);

	if (!fixed)
		die("malloc");
	for (i = 0; i < nr; i++)
		if (!(flags[i] & (KPF_FREE | KPF_ABSENT | KPF_USER)))
			fixed[i / BLOCK] = 1;
	free(flags);
	return fixed;
}

static size_t free_pages_in(const uint64_t *flags, size_t nr)
{
	size_t i, n = 0;

	for (i = 0; i < nr; i++)
		n += (flags[i] & (KPF_FREE | KPF_ABSENT)) == KPF_FREE;
	return n;
}

/*
 * Return: blocks that the free pages would fill, but for those that share one
 * of @fixed with others.
 */
static unsigned long possible_blocks(const unsigned char *fixed)
{
	uint64_t *flags;
	size_t nr = read_all("/proc/kpageflags", &flags), i, usable = 0;

	for (i = 0; i + BLOCK <= nr; i += BLOCK) {
		size_t n = free_pages_in(flags + i, BLOCK);

		if (n == BLOCK || !fixed[i / BLOCK])
			usable += n;
	}
	free(flags);
	return usable / BLOCK;
}

/*
 * Compaction
 */

struct counters {
	unsigned long moved, failed;
	long long messages;
};

static struct counters counters_now(void)
{
	return (struct counters){
		.moved = value_of(VMSTAT, "balloon_migrate"),
		.failed = value_of(VMSTAT, "pgmigrate_fail"),
		.messages = mp_host_traced("virtqueue_pop"),
	};
}

/* Return: the CPU time it took this task, which does all the moves. */
static uint64_t compact(void)
{
	unsigned long first = value_of(VMSTAT, "balloon_migrate");
	unsigned long moved = 0, before;
	uint64_t busy = 0;
	int pass;

	for (pass = 1; pass <= MAX_PASSES; pass++) {
		before = moved;
		busy -= cpu_time_of("self");
		put("/proc/sys/vm/compact_memory", "1");
		busy += cpu_time_of("self");
		moved = value_of(VMSTAT, "balloon_migrate") - first;
		printf("pass %d %lu\n", pass, moved);
		if (moved - before < moved / 200 + 1)
			break;
	}
	return busy;
}

static void report_compaction(void)
{
	struct counters before = counters_now(), after;
	uint64_t start = now_ns(), busy = compact(), end = now_ns();

	after = counters_now();
	printf("value moved %lu\n", after.moved - before.moved);
	printf("value failed %lu\n", after.failed - before.failed);
	printf("value messages %lld\n", after.messages - before.messages);
	printf("value compaction %llu\n", (unsigned long long)busy);
	printf("value wall %llu\n", (unsigned long long)(end - start));
}

/* Return: the path of our driver's books, or NULL if it is another's balloon */
static const char *pool_stats(void)
{
	static char path[256];
	glob_t g;

	if (glob(POOL_STATS, 0, NULL, &g))
		return NULL;
	snprintf(path, sizeof(path), "%s", g.gl_pathv[0]);
	globfree(&g);
	return path;
}

static void report_books(void)
{
	static const char * const names[] = {
		"pages", "migrated", "refused_driver", "failed_driver",
		"refused_unready",
	};
	const char *path = pool_stats();
	size_t i;

	for (i = 0; path && i < sizeof(names) / sizeof(*names); i++)
		printf("book %s %lu\n", names[i], value_of(path, names[i]));
}

/* Half of the guest is in the balloon, in pages all over memory. */
static void scatter(void)
{
	unsigned long kb = value_of(MEMINFO, "MemFree") - RESERVE_KB;
	unsigned long half = mp_host_memory() / 2;
	unsigned long holes = (kb / 2 - RESERVE_KB) / MIB_KB;
	struct region region = region_new(kb);

	if (holes > half)
		holes = half;
	region_fill(&region, "fill");
	region_punch(&region);
	want(holes);
	wait_for(holes);
	region_end(&region);
	want(half);
	wait_for(half);
	host_agrees(half);
	show("scatter", 1, 1);
}

static void compare(int cycles, unsigned long mib)
{
	unsigned char *fixed = fixed_blocks();

	leave_memory_alone();
	cycle(cycles, mib);
	scatter();
	printf("value ballooned %lu\n",
	       (mem_total - mem_total_now()) / 4);
	printf("value before %lu\n", free_blocks());
	report_compaction();
	printf("value after %lu\n", free_blocks());
	printf("value possible %lu\n", possible_blocks(fixed));
	report_books();
	want(0);
	wait_for(0);
	host_agrees(0);
}

/*
 * Rounds
 */

static pid_t start_compactor(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	while (!pid) {
		put("/proc/sys/vm/compact_memory", "1");
		usleep(20000);
	}
	return pid;
}

static void stop_compactor(pid_t pid)
{
	if (kill(pid, SIGKILL) || waitpid(pid, NULL, 0) != pid)
		die("the compactor");
}

/* For while pages move, MemTotal is of neither before nor after. */
static bool all_agree(unsigned long mib)
{
	return guest_has(mib) && host_has() == mib &&
	       value_of(pool_stats(), "pages") == mib * MIB_PAGES;
}

static void check(unsigned long mib)
{
	int tries = 500;

	while (!all_agree(mib)) {
		if (!tries--) {
			errno = EPROTO;
			die("%lu MiB: MemTotal %lu of %lu kB, the pool has %lu, QEMU %f MiB",
			    mib, mem_total_now(), mem_total,
			    value_of(pool_stats(), "pages"), host_has());
		}
		usleep(10000);
	}
}

static void resize(unsigned long mib)
{
	want(mib);
	wait_for(mib);
	check(mib);
}

/* Into holes all over memory; then others, that compaction can fill. */
static void one_round(void)
{
	struct region region = region_new(mem_total / 3);
	pid_t compactor;

	region_fill(&region, NULL);
	region_punch(&region);
	compactor = start_compactor();
	resize(mem_total / MIB_KB / 4 + next_random() % 16);
	region_end(&region);
	put("/proc/sys/vm/compact_memory", "1");
	resize(next_random() % 16);
	stop_compactor(compactor);
}

static void rounds(int n)
{
	int i;

	if (!pool_stats())
		die("no pool");
	for (i = 0; i < n; i++) {
		one_round();
		show("rounds", i + 1, n);
		if ((i + 1) % 100 == 0)
			printf("round %d %lu\n", i + 1,
			       value_of(pool_stats(), "migrated"));
	}
	resize(0);
	report_books();
	printf("book allocated %lu\n", value_of(pool_stats(), "allocated"));
	printf("book freed %lu\n", value_of(pool_stats(), "freed"));
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	mem_total = mem_total_now();
	if (argc == 5 && !strcmp(argv[1], "compare")) {
		rng = strtoull(argv[4], NULL, 0);
		compare(atoi(argv[2]), strtoul(argv[3], NULL, 0));
	} else if (argc == 4 && !strcmp(argv[1], "rounds")) {
		rng = strtoull(argv[3], NULL, 0);
		rounds(atoi(argv[2]));
	} else {
		fputs("usage: demo compare CYCLES MIB SEED | rounds N SEED\n",
		      stderr);
		return 2;
	}
	printf("done\n");
	return 0;
}
