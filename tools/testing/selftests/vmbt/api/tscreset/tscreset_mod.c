// SPDX-License-Identifier: GPL-2.0
/*
 * The time-stamp counter begins at zero again when the host resumes, as on CPUs
 * that lose their state in S3. For a test: it makes the host's clocks wrong.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pm_domain.h>
#include <asm/msr.h>

static int tscreset_resume(struct device *dev)
{
	u64 was = rdtsc();

	wrmsrl(MSR_IA32_TSC, 0);
	pr_info("tscreset: %llu, now %llu\n", was, rdtsc());
	return 0;
}

static struct dev_pm_domain domain = {
	.ops = {
		NOIRQ_SYSTEM_SLEEP_PM_OPS(NULL, tscreset_resume)
	},
};

static struct miscdevice tscreset = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "tscreset",
};

static int __init tscreset_init(void)
{
	int r = misc_register(&tscreset);

	if (!r)
		dev_pm_domain_set(tscreset.this_device, &domain);
	return r;
}

static void __exit tscreset_exit(void)
{
	dev_pm_domain_set(tscreset.this_device, NULL);
	misc_deregister(&tscreset);
}

module_init(tscreset_init);
module_exit(tscreset_exit);

MODULE_DESCRIPTION("Reset the time-stamp counter at each resume, for vmbt's tests");
MODULE_LICENSE("GPL");
