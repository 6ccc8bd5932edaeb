/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rest of a module that is subjects and nothing else.  Included at its end:
 * they are in an array of that name.
 */

static int __init bench_subjects_init(void)
{
	return bench_add(subjects, ARRAY_SIZE(subjects), THIS_MODULE);
}

static void __exit bench_subjects_exit(void)
{
	bench_remove(subjects, ARRAY_SIZE(subjects));
}

module_init(bench_subjects_init);
module_exit(bench_subjects_exit);
MODULE_DESCRIPTION("What pages cost: some of those that are compared");
MODULE_LICENSE("GPL");
