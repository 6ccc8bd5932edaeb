// SPDX-License-Identifier: GPL-2.0
/*
 * Who has which frame of physical memory: what Documentation/map.rst describes
 * goes to stdout.
 *
 *	capture [--every SECONDS [--times N]] [--no-names]
 *
 * Needs root, and nothing else of the machine: link it statically, and it runs
 * in an initramfs.  Pools first, for their frames are told apart from others'
 * when these are counted.
 */

#define _GNU_SOURCE
#include <getopt.h>
#include <sys/utsname.h>
#include <time.h>

#include "frames.h"
#include "pools.h"
#include "zones.h"

#define VERSION	1

struct options {
	double every;		/* seconds, 0: once */
	unsigned long times;	/* 0: for ever */
	bool names;
};

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void pause_for(double seconds)
{
	struct timespec pause = {
		.tv_sec = seconds,
		.tv_nsec = (seconds - (long)seconds) * 1e9,
	};

	nanosleep(&pause, NULL);
}

static void write_head(unsigned long block)
{
	struct utsname name;

	uname(&name);
	printf("memory-map %d\n", VERSION);
	printf("time %.3f\n", seconds(CLOCK_REALTIME));
	printf("release %s\n", name.release);
	printf("page %ld\n", sysconf(_SC_PAGESIZE));
	printf("block %lu\n", block);
}

static void capture(struct owned *owned, unsigned long block, bool names)
{
	double begin = seconds(CLOCK_MONOTONIC);
	unsigned long end;

	write_head(block);
	zones_write_places();
	pools_capture(owned, names);
	end = frames_capture(owned, block);
	zones_write_free();
	printf("frames %lu\n", end);
	printf("end %.3f\n", seconds(CLOCK_MONOTONIC) - begin);
	if (fflush(stdout))
		die("stdout");
	owned_clear(owned);
}

__attribute__((noreturn))
static void explain(void)
{
	fputs("usage: capture [--every SECONDS [--times N]] [--no-names]\n",
	      stderr);
	exit(2);
}

static double positive(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value > 0 && value < 1e9))
		explain();
	return value;
}

static struct options options_of(int argc, char **argv)
{
	static const struct option known[] = {
		{ "every", required_argument, NULL, 'e' },
		{ "times", required_argument, NULL, 't' },
		{ "no-names", no_argument, NULL, 'n' },
		{ }
	};
	struct options options = { .names = true };
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'e')
			options.every = positive(optarg);
		else if (c == 't')
			options.times = positive(optarg);
		else if (c == 'n')
			options.names = false;
		else
			explain();
	}
	if (optind != argc)
		explain();
	if (options.every == 0)
		options.times = 1;
	return options;
}

int main(int argc, char **argv)
{
	struct options options = options_of(argc, argv);
	unsigned long block = zones_block(), i;
	struct owned owned = { 0 };
	double next;

	for (i = 1; ; i++) {
		next = seconds(CLOCK_MONOTONIC) + options.every;
		capture(&owned, block, options.names);
		if (i == options.times)
			break;
		next -= seconds(CLOCK_MONOTONIC);
		if (next > 0)
			pause_for(next);
	}
	free(owned.words);
	return 0;
}
