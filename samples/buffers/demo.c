// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's part of `make demo-numa` (tools/demo-numa.py is the host's), on a
 * machine with two nodes: a thread writes to a buffer of /dev/movable_buffers
 * all the time, while another has it moved from node to node and back, in two
 * ways: the kernel moves this process, or the driver moves the buffer.
 *
 *	client create NAME SIZE demo ROUNDS
 *
 * The report goes to stdout, a "word value..." a line.  Exit status: 0 if every
 * word was what the writer had written.
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "../demo.h"
#include "client.h"

#define BUFFER		3	/* the descriptor that client gives us */
#define PAGE		4096ul
#define WORDS		(PAGE / sizeof(uint64_t))
#define PARTS		16	/* rows of the picture */
#define SAMPLES		64	/* and its columns */
#define STEPS		8	/* columns for a move, and for a rest */
#define ALONE_NS	2000000000ull	/* of writing before anything moves */
#define BALANCING	"/proc/sys/kernel/numa_balancing"

/* What the writer has done; read by others while it goes on. */
struct writer {
	pthread_t thread;
	uint64_t passes;
	uint64_t pages;
	uint64_t lost;
	uint64_t longest;	/* ns */
	bool stop;
};

/* One way to have the buffer moved to a node. */
struct way {
	const char *name;
	void (*move_to)(int node);
};

/* Who moves the buffer while the picture is taken. */
struct mover {
	pthread_t thread;
	const struct way *way;
	uint64_t rest;		/* ns between moves */
	bool stop;
};

static uint64_t *words;
static size_t nr_pages;
static void **addresses;	/* of the pages */
static int *nodes;		/* that they are on */
static struct writer writer;
static struct mover mover;

#define look(field)	__atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define set(field, to)	__atomic_store_n(&(field), to, __ATOMIC_RELEASE)

/*
 * The writer
 */

static uint64_t word(size_t i, uint64_t pass)
{
	return (i + 1) * 0x9e3779b97f4a7c15 ^ pass * 0xbf58476d1ce4e5b9;
}

/* Return: words of the page that were not those of the pass before. */
static size_t write_page(size_t page, uint64_t pass)
{
	size_t i = page * WORDS, end = i + WORDS, lost = 0;

	for (; i < end; i++) {
		lost += look(words[i]) != word(i, pass - 1);
		set(words[i], word(i, pass));
	}
	return lost;
}

/* No write in it can have waited for longer than the page has taken. */
static void write_timed(size_t page, uint64_t pass)
{
	uint64_t start = now_ns(), took;
	size_t lost = write_page(page, pass);

	took = now_ns() - start;
	if (took > look(writer.longest))
		set(writer.longest, took);
	set(writer.lost, writer.lost + lost);
	set(writer.pages, writer.pages + 1);
}

static void *writer_run(void *unused)
{
	size_t page;

	while (!look(writer.stop)) {
		for (page = 0; page < nr_pages; page++)
			write_timed(page, writer.passes + 1);
		set(writer.passes, writer.passes + 1);
	}
	return unused;
}

static void writer_start(void)
{
	size_t i;

	for (i = 0; i < nr_pages * WORDS; i++)
		words[i] = word(i, 0);
	if (pthread_create(&writer.thread, NULL, writer_run, NULL))
		die("thread");
}

/* The last pass is looked at, too. */
static void writer_stop(void)
{
	size_t i;

	set(writer.stop, true);
	pthread_join(writer.thread, NULL);
	for (i = 0; i < nr_pages * WORDS; i++)
		writer.lost += words[i] != word(i, writer.passes);
}

/*
 * Moves
 */

static void process_to(int node)
{
	unsigned long from = 1ul << !node, to = 1ul << node;

	if (syscall(SYS_migrate_pages, 0, 8 * sizeof(to), &from, &to) < 0)
		die("migrate_pages");
}

static void buffer_to(int node)
{
	struct movable_buffers_move move;

	errno = -buffers_move(BUFFER, 1ull << node, 1ull << !node, &move);
	if (errno)
		die("move");
}

static const struct way ways[] = {
	{ "process", process_to },
	{ "driver", buffer_to },
};

#define NR_WAYS		(sizeof(ways) / sizeof(*ways))

static void to_and_fro(const struct way *way)
{
	way->move_to(1);
	way->move_to(0);
}

static struct movable_buffers_status status(void)
{
	struct movable_buffers_status it;

	errno = -buffers_status(BUFFER, &it);
	if (errno)
		die("status");
	return it;
}

static void *mover_run(void *unused)
{
	int node = 0;

	while (!look(mover.stop)) {
		usleep(mover.rest / 1000);
		node = !node;
		mover.way->move_to(node);
	}
	return unused;
}

/*
 * Where the buffer is
 */

/* move_pages(2) that moves nothing: a page in motion is not on any node. */
static void ask_nodes(void)
{
	if (syscall(SYS_move_pages, 0, nr_pages, addresses, NULL, nodes, 0))
		die("move_pages");
}

static void take_sample(uint64_t start)
{
	size_t per_part = nr_pages / PARTS, part, i;
	uint64_t now = now_ns(), pages = look(writer.pages);

	ask_nodes();
	printf("sample %llu %llu", (unsigned long long)(now - start) / 1000,
	       (unsigned long long)pages);
	for (part = 0; part < PARTS; part++) {
		int *node = nodes + part * per_part;
		unsigned int on[2] = {}, moving = 0;

		for (i = 0; i < per_part; i++) {
			if (node[i] == 0 || node[i] == 1)
				on[node[i]]++;
			else
				moving++;
		}
		printf(" %u,%u,%u", on[0], on[1], moving);
	}
	printf("\n");
}

/* Return: pages of the buffer that are on the node. */
static size_t on_node(int node)
{
	size_t i, nr = 0;

	ask_nodes();
	for (i = 0; i < nr_pages; i++)
		nr += nodes[i] == node;
	return nr;
}

/*
 * The acts
 */

static void sleep_until(uint64_t then)
{
	uint64_t now = now_ns();

	if (now < then)
		usleep((then - now) / 1000);
}

static void report_value(const char *name, uint64_t value)
{
	printf("value %s %llu\n", name, (unsigned long long)value);
}

static void report_way(const struct way *way, const char *name, uint64_t value)
{
	printf("value %s_%s %llu\n", way->name, name,
	       (unsigned long long)value);
}

static void open_buffer(void)
{
	size_t i;

	nr_pages = status().pages;
	words = buffers_map(BUFFER, nr_pages * PAGE, PROT_READ | PROT_WRITE);
	addresses = malloc(nr_pages * sizeof(*addresses));
	nodes = malloc(nr_pages * sizeof(*nodes));
	if (words == MAP_FAILED || !addresses || !nodes || nr_pages % PARTS)
		die("the buffer");
	for (i = 0; i < nr_pages; i++)
		addresses[i] = words + i * WORDS;
	report_value("pages", nr_pages);
}

static void write_alone(void)
{
	uint64_t end = now_ns() + ALONE_NS;

	while (now_ns() < end || !look(writer.passes))
		usleep(10000);
	show("alone", 1, 1);
	report_value("longest_alone", look(writer.longest));
	set(writer.longest, 0);
}

/* Return: ns that a move takes. */
static uint64_t time_a_move(const struct way *way)
{
	uint64_t start = now_ns();

	to_and_fro(way);
	return (now_ns() - start) / 2;
}

/* Half of the picture for each way, one after the other. */
static void take_picture_of(const struct way *way, uint64_t start)
{
	uint64_t step, begin;
	size_t i;

	mover.way = way;
	mover.stop = false;
	mover.rest = time_a_move(way);
	step = mover.rest / STEPS;
	begin = now_ns();
	if (pthread_create(&mover.thread, NULL, mover_run, NULL))
		die("thread");
	for (i = 0; i < SAMPLES / NR_WAYS; i++) {
		sleep_until(begin + i * step);
		take_sample(start);
	}
	set(mover.stop, true);
	pthread_join(mover.thread, NULL);
	way->move_to(0);
}

static void take_picture(void)
{
	uint64_t start = now_ns();
	size_t i;

	for (i = 0; i < NR_WAYS; i++)
		take_picture_of(&ways[i], start);
}

static void rounds(const struct way *way, size_t nr)
{
	struct movable_buffers_status before, after;
	uint64_t start, pages, ns;
	size_t i;

	way->move_to(0);
	before = status();
	pages = look(writer.pages);
	set(writer.longest, 0);
	start = now_ns();
	for (i = 0; i < nr; i++) {
		to_and_fro(way);
		show(way->name, i + 1, nr);
	}
	ns = now_ns() - start;
	after = status();
	report_way(way, "ns", ns);
	report_way(way, "moved", after.migrated - before.migrated +
		   after.directed - before.directed);
	report_way(way, "refused",
		   after.refused_pinned - before.refused_pinned +
		   after.refused_referenced - before.refused_referenced +
		   after.refused_other - before.refused_other);
	report_way(way, "written", look(writer.pages) - pages);
	report_way(way, "home", on_node(0));
	report_way(way, "longest", look(writer.longest));
}

int main(int argc, char **argv)
{
	size_t i, nr = argc == 2 ? strtoul(argv[1], NULL, 0) : 0;

	if (!nr) {
		fputs("usage: client create NAME SIZE demo ROUNDS\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	/* Nobody else shall move pages between nodes. */
	if (!access(BALANCING, W_OK))
		put(BALANCING, "0");
	open_buffer();
	process_to(0);
	writer_start();
	write_alone();
	take_picture();
	report_value("rounds", nr);
	for (i = 0; i < NR_WAYS; i++)
		rounds(&ways[i], nr);
	writer_stop();
	report_value("passes", writer.passes);
	report_value("words", writer.pages * WORDS);
	report_value("lost", writer.lost);
	return writer.lost ? 1 : 0;
}
