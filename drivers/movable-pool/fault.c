// SPDX-License-Identifier: GPL-2.0
/*
 * What makes a site fail, test build only:
 *
 *   fail=NAME[:N]	parameter of the module, when it is loaded or later in
 *			/sys/module/movable_pool_test/parameters/: the Nth that
 *			comes to NAME fails.  "none" disarms all.
 *   fail-nth		of /proc/PID/, with CONFIG_FAULT_INJECTION: our sites
 *			are counted with the kernel's own allocations.
 *   fail_nth=N		parameter: the same for the loading task, but counted
 *			from where this module's own code begins.
 *   debugfs fault/	with CONFIG_FAULT_INJECTION_DEBUG_FS: probability, times
 *			and so on, for all sites together.
 *
 * /sys/kernel/debug/movable_pool/faults has "name passes failed" a line, since
 * the module was loaded; when it goes, or could not be loaded, the log has it.
 */

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "fault.h"
#include "internal.h"

/**
 * struct mp_fault - a site
 * @name: for people and tests
 * @armed: arrivals up to the failing one, 0: none
 * @passes: arrivals
 * @failed: of these, made to fail
 */
struct mp_fault {
	const char *name;
	atomic_t armed;
	atomic_t passes;
	atomic_t failed;
};

static struct mp_fault mp_faults[MP_NR_FAILS] = {
	[MP_FAIL_WORKQUEUE] = { "alloc-workqueue" },
	[MP_FAIL_MOUNT] = { "mount" },
	[MP_FAIL_CONTEXT] = { "alloc-context" },
	[MP_FAIL_BACKING] = { "backing" },
	[MP_FAIL_NOTIFIER] = { "notifier" },
	[MP_FAIL_ALLOC_POOL] = { "alloc-pool" },
	[MP_FAIL_ALLOC_STATS] = { "alloc-stats" },
	[MP_FAIL_ALLOC_PINS] = { "alloc-pins" },
	[MP_FAIL_ALLOC_NAME] = { "alloc-name" },
	[MP_FAIL_ALLOC_CACHE] = { "alloc-cache" },
	[MP_FAIL_ALLOC_INODE] = { "alloc-inode" },
	[MP_FAIL_ALLOC_PLACES] = { "alloc-places" },
	[MP_FAIL_PIN_MOUNT] = { "pin-mount" },
	[MP_FAIL_ALLOC_FILE] = { "alloc-file" },
	[MP_FAIL_ALLOC_BALLOON] = { "alloc-balloon" },
	[MP_FAIL_DEBUGFS] = { "debugfs" },
	[MP_FAIL_DEVM_POOL] = { "devm-pool" },
	[MP_FAIL_DEVM_ARRAY] = { "devm-array" },
	[MP_FAIL_DEVM_SHRINKER] = { "devm-shrinker" },
	[MP_FAIL_ALLOC_SHRINKER] = { "alloc-shrinker" },
	[MP_FAIL_SHRINKER_ADD] = { "shrinker-add" },
	[MP_FAIL_ALLOC_PAGE] = { "alloc-page" },
	[MP_FAIL_ALLOC_BULK] = { "alloc-bulk" },
	[MP_FAIL_PAGE_LOCK] = { "page-lock" },
	[MP_FAIL_CACHE_ADD] = { "cache-add" },
	[MP_FAIL_VMAP_SET] = { "vmap-set" },
	[MP_FAIL_VMAP] = { "vmap" },
	[MP_FAIL_SG_PAGES] = { "sg-pages" },
	[MP_FAIL_SG_TABLE] = { "sg-table" },
	[MP_FAIL_MIGRATE_AGAIN] = { "migrate-again" },
	[MP_FAIL_MIGRATE_BUSY] = { "migrate-busy" },
	[MP_FAIL_UNDO] = { "migrate-undo" },
	[MP_FAIL_COPY] = { "copy" },
	[MP_FAIL_REPLACE] = { "replace" },
	[MP_FAIL_SUPPLANT] = { "supplant" },
	[MP_FAIL_MOVE_ITEMS] = { "move-items" },
	[MP_FAIL_MOVE_TARGET] = { "move-target" },
	[MP_FAIL_LONGTERM] = { "longterm" },
	[MP_FAIL_LONGTERM_PAGE] = { "longterm-page" },
	[MP_FAIL_DMA_MAP] = { "dma-map" },
	[MP_FAIL_UNPUBLISHED_TABLE] = { "unpublished-table" },
	[MP_FAIL_UNPUBLISHED] = { "unpublished" },
	[MP_FAIL_UNPUBLISHED_VIEW] = { "unpublished-view" },
	[MP_FAIL_STACK] = { "stack" },
	[MP_FAIL_LONGTERM_VIEW] = { "longterm-view" },
};

#ifdef CONFIG_FAULT_INJECTION
static DECLARE_FAULT_ATTR(mp_fault_attr);

static unsigned int fail_nth;
module_param(fail_nth, uint, 0);
MODULE_PARM_DESC(fail_nth, "as /proc/PID/fail-nth of who loads this");

static void mp_fault_attr_init(void)
{
	/* Each with a stack, it says by itself; write to debugfs to have it. */
	mp_fault_attr.verbose = 0;
	if (fail_nth)
		current->fail_nth = fail_nth;
}

/* It keeps a reference to its directory, for messages. */
static void mp_fault_attr_exit(void)
{
	dput(mp_fault_attr.dname);
}

static void mp_fault_attr_debugfs(struct dentry *dir)
{
	fault_create_debugfs_attr("fault", dir, &mp_fault_attr);
}

static bool mp_fault_injected(void)
{
	return should_fail(&mp_fault_attr, 1);
}
#else
static void mp_fault_attr_init(void) { }
static void mp_fault_attr_exit(void) { }
static void mp_fault_attr_debugfs(struct dentry *dir) { }
static bool mp_fault_injected(void) { return false; }
#endif

/**
 * mp_fail() - shall the call that follows fail?
 * @fail: which
 *
 * Context: Any.
 */
bool mp_fail(enum mp_fail fail)
{
	struct mp_fault *fault = &mp_faults[fail];
	bool now = !atomic_dec_if_positive(&fault->armed);

	atomic_inc(&fault->passes);
	now = now || mp_fault_injected();
	if (now)
		atomic_inc(&fault->failed);
	return now;
}

static int mp_fault_arm(const char *name, unsigned int nth)
{
	bool none = !strcmp(name, "none");
	bool known = none;
	int i;

	for (i = 0; i < MP_NR_FAILS; i++) {
		if (none) {
			atomic_set(&mp_faults[i].armed, 0);
		} else if (!strcmp(name, mp_faults[i].name)) {
			atomic_set(&mp_faults[i].armed, nth);
			known = true;
		}
	}
	return known ? 0 : -EINVAL;
}

static int mp_fault_set(const char *text, const struct kernel_param *kp)
{
	unsigned int nth = 1;
	char name[32] = "";

	if (sscanf(text, "%31[^:\n]:%u", name, &nth) < 1)
		return -EINVAL;
	return mp_fault_arm(name, nth);
}

static const struct kernel_param_ops mp_fault_param_ops = {
	.set = mp_fault_set,
};

module_param_cb(fail, &mp_fault_param_ops, NULL, 0200);
MODULE_PARM_DESC(fail, "site that fails, and at which arrival: NAME[:N]");

static int faults_show(struct seq_file *m, void *v)
{
	int i;

	for (i = 0; i < MP_NR_FAILS; i++)
		seq_printf(m, "%s %d %d\n", mp_faults[i].name,
			   atomic_read(&mp_faults[i].passes),
			   atomic_read(&mp_faults[i].failed));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(faults);

/* Before anything that can fail. */
void mp_faults_init(void)
{
	mp_fault_attr_init();
}

void mp_faults_debugfs(struct dentry *dir)
{
	debugfs_create_file("faults", 0400, dir, NULL, &faults_fops);
	mp_fault_attr_debugfs(dir);
}

/* Nothing can fail any more.  Who adds up the faults reads the log. */
void mp_faults_exit(void)
{
	int i;

	for (i = 0; i < MP_NR_FAILS; i++)
		pr_info("fault %s %d %d\n", mp_faults[i].name,
			atomic_read(&mp_faults[i].passes),
			atomic_read(&mp_faults[i].failed));
	mp_fault_attr_exit();
}
