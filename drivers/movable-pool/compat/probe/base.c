// SPDX-License-Identifier: GPL-2.0
/* What all of this needs and has no substitute for: Linux 5.10 and later. */
#include <linux/fs_context.h>
#include <linux/lockdep.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pseudo_fs.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/wait_bit.h>

static const struct seq_operations probe_sops;
DEFINE_SEQ_ATTRIBUTE(probe);

static int probe(struct fs_context *fc, atomic64_t *word)
{
	struct page *page = pfn_to_online_page(0);

	fs_reclaim_acquire(current_gfp_context(GFP_KERNEL));
	wait_var_event_timeout(word, atomic64_read_acquire(word), HZ);
	return init_pseudo(fc, 0) && page && probe_fops.open;
}
