// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs, movable_bench: "subjects" has their names.  Written to "run",
 *
 *	cost SUBJECT PAGES CPUS		measures each op
 *	move SUBJECT PAGES		measures moves
 *	scale SUBJECT PAGES		measures many at once (scale.c)
 *	compact SUBJECT PERCENT		measures compaction (compaction.c)
 *	fill SUBJECT PERCENT		fills memory (fill.c), until
 *	empty SUBJECT
 *	crew SUBJECT PAGES CPUS		is at work (shift.c): each op by its
 *	alloc SUBJECT, publish SUBJECT...	name, until
 *	home SUBJECT
 *
 * and "result" has what came of it.  One at a time.  "sizes" is told how large
 * objects are (sizes.c).
 */

#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "bench.h"
#include "compaction.h"
#include "compat/inode.h"
#include "fill.h"
#include "scale.h"
#include "shift.h"
#include "sizes.h"

#define RESULT_SIZE	PAGE_SIZE
#define MOST_PAGES	0x1000000UL	/* 64 GiB: array sizes stay sane */

static DEFINE_MUTEX(lock);
static LIST_HEAD(all);			/* under the lock */
static char *result;			/* under the lock */
static size_t result_length;
static struct bench_fill filled;	/* under the lock */
static struct bench_shift shift;	/* under the lock */
static struct dentry *dir;

static struct bench_subject *bench_find(const char *name)
{
	struct bench_subject *subject;

	list_for_each_entry(subject, &all, node)
		if (!strcmp(subject->name, name))
			return subject;
	return NULL;
}

/**
 * bench_add() - let there be more to measure
 * @subjects: an array of them; their owners do not change them meanwhile
 * @n: how many
 * @owner: the module that they are in
 *
 * Context: May sleep.
 * Return: 0, or -EEXIST if the name of one is known, and none was added.
 */
int bench_add(struct bench_subject *subjects, unsigned int n,
	      struct module *owner)
{
	unsigned int i;
	int err = 0;

	mutex_lock(&lock);
	for (i = 0; i < n; i++)
		if (bench_find(subjects[i].name))
			err = -EEXIST;
	for (i = 0; i < n && !err; i++) {
		subjects[i].owner = owner;
		list_add_tail(&subjects[i].node, &all);
	}
	mutex_unlock(&lock);
	return err;
}
EXPORT_SYMBOL_GPL(bench_add);

/**
 * bench_remove() - undo bench_add()
 * @subjects: what it was given
 * @n: how many
 *
 * Context: May sleep.
 */
void bench_remove(struct bench_subject *subjects, unsigned int n)
{
	mutex_lock(&lock);
	while (n--)
		list_del(&subjects[n].node);
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_GPL(bench_remove);

static int bench_nothing(unsigned long i)
{
	return 0;
}

/* What is measured with everybody: the loop and the call. */
static struct bench_subject empty = {
	.name = "empty",
	.op = {
		[BENCH_ALLOC] = bench_nothing,
		[BENCH_PUBLISH] = bench_nothing,
		[BENCH_PIN] = bench_nothing,
		[BENCH_MAP] = bench_nothing,
		[BENCH_FREE] = bench_nothing,
	},
};

/* What was written, in words. */
struct bench_words {
	char what[16];
	char name[32];
	unsigned long number;
	unsigned int cpus;
	int n;
};

static int bench_fill(struct bench_subject *subject, unsigned int percent,
		      struct seq_file *file)
{
	int err;

	if (!try_module_get(subject->owner))
		return -ENOENT;
	err = bench_fill_begin(&filled, subject, percent);
	if (err)
		module_put(subject->owner);
	else
		bench_fill_print(&filled, file);
	return err;
}

static int bench_empty(struct bench_subject *subject)
{
	if (filled.subject != subject)
		return -ENOENT;
	bench_fill_end(&filled);
	module_put(subject->owner);
	return 0;
}

static int bench_crew(struct bench_subject *subject,
		      const struct bench_words *words)
{
	int err;

	if (!try_module_get(subject->owner))
		return -ENOENT;
	err = bench_shift_begin(&shift, subject, words->number, words->cpus);
	if (err)
		module_put(subject->owner);
	return err;
}

/* What comes after "crew" and is written with its subject. */
static int bench_at_work(struct bench_subject *subject, const char *what,
			 struct seq_file *file)
{
	int err = 0;

	if (shift.subject != subject)
		return -EBUSY;
	if (!strcmp(what, "home"))
		bench_shift_end(&shift);
	else
		err = bench_shift_do(&shift, what, file);
	if (!shift.subject)
		module_put(subject->owner);
	return err;
}

static int bench_measure(struct bench_subject *subject,
			 const struct bench_words *words, struct seq_file *file)
{
	if (!words->number || words->number > MOST_PAGES)
		return -ERANGE;
	if (!strcmp(words->what, "cost") && words->n == 4)
		return bench_cost(subject, words->number, words->cpus, file);
	if (!strcmp(words->what, "crew") && words->n == 4)
		return bench_crew(subject, words);
	if (!strcmp(words->what, "move") && words->n == 3)
		return bench_move(subject, words->number, file);
	if (!strcmp(words->what, "scale") && words->n == 3)
		return bench_scale(subject, words->number, file);
	return -EINVAL;
}

/* The subject's module stays: whoever wants to unload it waits for the lock. */
static int bench_do(struct bench_subject *subject,
		    const struct bench_words *words, struct seq_file *file)
{
	bool percent = words->n == 3 && words->number <= 100;

	if (!strcmp(words->what, "empty"))
		return bench_empty(subject);
	/* A subject has one set of pages, and its module may have several. */
	if (filled.subject)
		return -EBUSY;
	if (shift.subject)
		return bench_at_work(subject, words->what, file);
	if (!strcmp(words->what, "fill") && percent)
		return bench_fill(subject, words->number, file);
	if (!strcmp(words->what, "compact") && percent)
		return bench_compaction(subject, words->number, file);
	return bench_measure(subject, words, file);
}

static int bench_run(const char *text, struct seq_file *file)
{
	struct bench_words words = {};
	struct bench_subject *subject;

	words.n = sscanf(text, "%15s %31s %lu %u", words.what, words.name,
			 &words.number, &words.cpus);
	if (words.n < 2)
		return -EINVAL;
	subject = bench_find(words.name);
	return subject ? bench_do(subject, &words, file) : -ENOENT;
}

static ssize_t bench_run_write(struct file *file, const char __user *buf,
			       size_t size, loff_t *pos)
{
	struct seq_file out = { .buf = result, .size = RESULT_SIZE };
	char *words;
	int err;

	words = memdup_user_nul(buf, min_t(size_t, size, PAGE_SIZE));
	if (IS_ERR(words))
		return PTR_ERR(words);
	mutex_lock(&lock);
	result_length = 0;
	err = bench_run(strim(words), &out);
	if (!err && seq_has_overflowed(&out))
		err = -EOVERFLOW;
	if (!err)
		result_length = out.count;
	mutex_unlock(&lock);
	kfree(words);
	return err ?: size;
}

static const struct file_operations bench_run_fops = {
	.owner = THIS_MODULE,
	.write = bench_run_write,
};

static ssize_t bench_result_read(struct file *file, char __user *buf,
				 size_t size, loff_t *pos)
{
	ssize_t done;

	mutex_lock(&lock);
	done = simple_read_from_buffer(buf, size, pos, result, result_length);
	mutex_unlock(&lock);
	return done;
}

static const struct file_operations bench_result_fops = {
	.owner = THIS_MODULE,
	.read = bench_result_read,
};

static int bench_subjects_show(struct seq_file *file, void *data)
{
	struct bench_subject *subject;

	mutex_lock(&lock);
	list_for_each_entry(subject, &all, node)
		seq_printf(file, "%s\n", subject->name);
	mutex_unlock(&lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench_subjects);

static int __init bench_init(void)
{
	int err;

	result = (char *)get_zeroed_page(GFP_KERNEL);
	if (!result)
		return -ENOMEM;
	err = bench_inodes_init();
	if (err) {
		free_page((unsigned long)result);
		return err;
	}
	bench_add(&empty, 1, THIS_MODULE);
	dir = debugfs_create_dir("movable_bench", NULL);
	debugfs_create_file("subjects", 0400, dir, NULL, &bench_subjects_fops);
	debugfs_create_file("run", 0200, dir, NULL, &bench_run_fops);
	debugfs_create_file("result", 0400, dir, NULL, &bench_result_fops);
	debugfs_create_file("sizes", 0200, dir, NULL, &bench_sizes_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove_recursive(dir);
	bench_remove(&empty, 1);
	bench_inodes_exit();
	free_page((unsigned long)result);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("What pages cost that the kernel may move");
MODULE_LICENSE("GPL");
