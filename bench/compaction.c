// SPDX-License-Identifier: GPL-2.0
/* What compaction makes of memory that has a subject's pages all over. */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vmstat.h>

#include "compaction.h"
#include "fill.h"
#include "free.h"

#define TRIGGER	"/proc/sys/vm/compact_memory"

/**
 * struct bench_holes - free memory
 * @pages: all
 * @blocks: free pageblocks
 * @longest: most free pages in one piece
 */
struct bench_holes {
	unsigned long pages;
	unsigned long blocks;
	unsigned long longest;
};

/* One CPU, and nobody else at work: no lock keeps them as they are. */
static void bench_holes_of_zone(struct bench_holes *holes, struct zone *zone)
{
	unsigned long pfn = zone->zone_start_pfn, run = 0, free;

	while (pfn < zone_end_pfn(zone)) {
		free = bench_free_at(zone, pfn);
		run = free ? run + free : 0;
		pfn += free ?: 1;
		holes->pages += free;
		holes->blocks += free / pageblock_nr_pages;
		holes->longest = max(holes->longest, run);
	}
}

static void bench_holes_print(const struct bench_subject *subject,
			      const char *when, struct seq_file *file)
{
	struct zone *zone = NODE_DATA(0)->node_zones;
	struct bench_holes holes = {};
	unsigned int i;

	/* Else what moved from would still keep pageblocks from being whole. */
	bench_free_drain();
	for (i = 0; i < MAX_NR_ZONES; i++)
		if (populated_zone(&zone[i]))
			bench_holes_of_zone(&holes, &zone[i]);
	seq_printf(file, "%s %s %lu %lu %lu %lu\n", subject->name, when,
		   holes.pages, holes.blocks, holes.pages / pageblock_nr_pages,
		   holes.longest);
}

/* As an administrator does it: all of memory, whatever it takes. */
static int bench_compact_all(void)
{
	struct file *file = filp_open(TRIGGER, O_WRONLY, 0);
	loff_t pos = 0;
	ssize_t done;

	if (IS_ERR(file))
		return PTR_ERR(file);
	done = kernel_write(file, "1", 1, &pos);
	filp_close(file, NULL);
	return done < 0 ? done : 0;
}

/* @before and @after: events since the kernel began. */
static void bench_compact_print(const struct bench_subject *subject, u64 ns,
				const unsigned long *before,
				const unsigned long *after,
				struct seq_file *file)
{
	static const enum vm_event_item shown[] = {
		PGMIGRATE_SUCCESS, PGMIGRATE_FAIL, COMPACTMIGRATE_SCANNED,
		COMPACTFREE_SCANNED,
	};
	unsigned int i;

	seq_printf(file, "%s compact %llu", subject->name, ns);
	for (i = 0; i < ARRAY_SIZE(shown); i++)
		seq_printf(file, " %lu", after[shown[i]] - before[shown[i]]);
	seq_putc(file, '\n');
}

static int bench_compact(const struct bench_subject *subject,
			 struct seq_file *file)
{
	unsigned long *events = kcalloc(2 * NR_VM_EVENT_ITEMS, sizeof(*events),
					GFP_KERNEL);
	unsigned long *after = events + NR_VM_EVENT_ITEMS;
	u64 start;
	int err;

	if (!events)
		return -ENOMEM;
	all_vm_events(events);
	start = ktime_get_ns();
	err = bench_compact_all();
	start = ktime_get_ns() - start;
	all_vm_events(after);
	if (!err)
		bench_compact_print(subject, start, events, after, file);
	kfree(events);
	return err;
}

/**
 * bench_compaction() - what compaction wins
 * @subject: whose pages are everywhere
 * @percent: how many: bench_fill_begin()
 * @file: gets lines: subject, "fill", percent, pages, of these astray; subject,
 *	"before", free pages, free pageblocks, how many there could be, longest
 *	run of pages; the same "after"; and in between subject, "compact", ns,
 *	pages moved and not, and looked at by either scanner
 *
 * Context: May sleep.
 * Return: 0, or an error.  No page is left.
 */
int bench_compaction(const struct bench_subject *subject, unsigned int percent,
		     struct seq_file *file)
{
	struct bench_fill fill;
	int err = bench_fill_begin(&fill, subject, percent);

	if (err)
		return err;
	bench_fill_print(&fill, file);
	bench_holes_print(subject, "before", file);
	err = bench_compact(subject, file);
	if (!err)
		bench_holes_print(subject, "after", file);
	bench_fill_end(&fill);
	return err;
}
