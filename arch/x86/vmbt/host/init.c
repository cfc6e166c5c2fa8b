// SPDX-License-Identifier: GPL-2.0
/*
 * At module load: may we, can the image be loaded, and does the switch work on
 * this machine? Only then is /dev/vmbt there.
 */
#include <linux/moduleparam.h>

#include "host_int.h"

static unsigned int selftest;
module_param(selftest, uint, 0444);
MODULE_PARM_DESC(selftest, "round trips to check at load; the load fails if state differed");

int vmbt_host_init(bool force)
{
	int err;

	err = vmbt_image_check();
	if (err)
		return err;
	err = vmbt_caps_init(force);
	if (err)
		return err;
	vmbt_mitigate_init();
	vmbt_pcid_init();
	vmbt_run_init();
	err = vmbt_selftest_init();
	if (err)
		return err;
	if (selftest) {
		err = vmbt_host_selftest(selftest);
		if (err) {
			vmbt_selftest_exit();
			return err;
		}
	}
	vmbt_debugfs_init();
	return 0;
}

void vmbt_host_exit(void)
{
	vmbt_debugfs_exit();
	vmbt_selftest_exit();
}
