// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/vmbt-switch: the switch's own tests, for root.
 *
 *   selftest	write N: N round trips with all state compared; fails if it
 *		differed (details in the log)
 *   leaves	read: every present leaf of the selftest world's page tables,
 *		counted by owner; the line "unknown" must say 0
 *   bench	read: time stamp counts of a round trip, mean and least of 1000
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "host_int.h"

static struct dentry *dir;

static int leaves_show(struct seq_file *m, void *unused)
{
	struct vmbt_leaves l;
	int i, err = vmbt_selftest_leaves(&l);

	if (err)
		return err;
	for (i = 0; i < VMBT_LEAF_OWNERS; i++)
		seq_printf(m, "%s %llu\n", vmbt_leaf_name(i), l.count[i]);
	if (l.count[VMBT_LEAF_UNKNOWN])
		seq_printf(m, "first unknown: %llx -> %llx\n", l.bad_va, l.bad_pte);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(leaves);

static int damaged_show(struct seq_file *m, void *unused)
{
	int err = vmbt_selftest_damaged();

	if (!err)
		seq_puts(m, "refused\n");
	return err;
}
DEFINE_SHOW_ATTRIBUTE(damaged);

static int bench_show(struct seq_file *m, void *unused)
{
	u64 least;
	s64 mean = vmbt_selftest_bench(1000, &least);

	if (mean < 0)
		return mean;
	seq_printf(m, "mean %lld\nleast %llu\n", mean, least);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench);

static ssize_t selftest_write(struct file *file, const char __user *buf,
			      size_t count, loff_t *pos)
{
	unsigned int rounds;
	int err = kstrtouint_from_user(buf, count, 0, &rounds);

	if (!err)
		err = vmbt_host_selftest(rounds);
	return err ?: count;
}

static const struct file_operations selftest_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = selftest_write,
};

void vmbt_debugfs_init(void)
{
	dir = debugfs_create_dir("vmbt-switch", NULL);
	debugfs_create_file("selftest", 0200, dir, NULL, &selftest_fops);
	debugfs_create_file("bench", 0400, dir, NULL, &bench_fops);
	debugfs_create_file("leaves", 0400, dir, NULL, &leaves_fops);
	debugfs_create_file("damaged", 0400, dir, NULL, &damaged_fops);
}

void vmbt_debugfs_exit(void)
{
	debugfs_remove_recursive(dir);
}
