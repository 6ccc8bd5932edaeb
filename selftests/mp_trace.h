/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_TRACE_H
#define _SELFTESTS_MP_TRACE_H

/*
 * The framework's tracepoints, as tracefs tells them.
 *
 * Events are numbered where they happen (the clock "counter"), so their order
 * is known over all CPUs.
 */

#include "mp_file.h"

#define MP_TRACEFS	"/sys/kernel/tracing/"
#define MP_EVENTS	MP_TRACEFS "events/movable_pool/"
#define MP_TRACE_KB	24576	/* for each CPU */

/* One event, as a line of the file trace. */
struct mp_trace_event {
	char task[32];		/* comm and pid */
	char name[32];
	char fields[256];
};

/* The text after "key=", up to a space.  Return: "" if it is not there. */
static inline const char *mp_trace_word(const struct mp_trace_event *event,
					const char *key)
{
	static char word[64];
	const char *at = event->fields;
	int length = strlen(key);

	word[0] = '\0';
	while ((at = strstr(at, key))) {
		if ((at == event->fields || at[-1] == ' ') &&
		    at[length] == '=') {
			at += length + 1;
			snprintf(word, sizeof(word), "%.*s",
				 (int)strcspn(at, " "), at);
			break;
		}
		at += length;
	}
	return word;
}

static inline long mp_trace_number(const struct mp_trace_event *event,
				   const char *key)
{
	return strtol(mp_trace_word(event, key), NULL, 10);
}

static inline int mp_trace_is(const struct mp_trace_event *event,
			      const char *key, const char *value)
{
	return !strcmp(mp_trace_word(event, key), value);
}

/* "  task-pid  [cpu] flags  time: name: fields" */
static inline int mp_trace_parse(const char *line, struct mp_trace_event *event)
{
	const char *cpu = strstr(line, " [");
	const char *name = cpu ? strstr(cpu, ": mp_") : NULL;

	return name && sscanf(line, "%31s", event->task) == 1 &&
	       sscanf(name + 2, "%31[^:]: %255[^\n]", event->name,
		      event->fields) == 2;
}

/* Events of all pools, from now on. */
static inline int mp_trace_on(void)
{
	return mp_write_file(MP_TRACEFS "trace_clock", "counter") ?:
	       mp_write_long(MP_TRACEFS "buffer_size_kb", MP_TRACE_KB) ?:
	       mp_write_file(MP_TRACEFS "trace", "") ?:
	       mp_write_file(MP_TRACEFS "tracing_on", "1") ?:
	       mp_write_file(MP_EVENTS "enable", "1");
}

/* What was traced stays to be read. */
static inline int mp_trace_off(void)
{
	return mp_write_file(MP_EVENTS "enable", "0");
}

static inline int mp_trace_forget(void)
{
	return mp_write_file(MP_TRACEFS "trace", "") ?:
	       mp_write_file(MP_TRACEFS "buffer_size_kb", "16");
}

/* "# entries-in-buffer/entries-written: 12/12   #P:2" */
static inline int mp_trace_overrun(const char *line)
{
	long kept, written;

	return sscanf(line, "# entries-in-buffer/entries-written: %ld/%ld",
		      &kept, &written) == 2 && kept != written;
}

/*
 * Each event in turn, to @tell.  Return: how many; -ENOSPC if some were lost;
 * what @tell has returned if that is not 0.
 */
static inline long
mp_trace_read(int (*tell)(const struct mp_trace_event *event, void *data),
	      void *data)
{
	FILE *trace = fopen(MP_TRACEFS "trace", "r");
	struct mp_trace_event event;
	char line[512];
	long n = 0;
	int err = 0;

	if (!trace)
		return -errno;
	while (!err && fgets(line, sizeof(line), trace)) {
		if (mp_trace_overrun(line) || strstr(line, "LOST"))
			err = -ENOSPC;
		if (line[0] == '#' || !mp_trace_parse(line, &event))
			continue;
		err = tell(&event, data);
		n++;
	}
	fclose(trace);
	return err ?: n;
}

#endif /* _SELFTESTS_MP_TRACE_H */
