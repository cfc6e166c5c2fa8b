// SPDX-License-Identifier: GPL-2.0
/*
 * Devices on the command line: -device, whose first word says which.
 *
 * A key that has nothing behind it here is refused by name.
 */
#include <string.h>

#include "options.h"
#include "util.h"

/* Keys that say nothing about the device itself. */
static void no_keys(const char *device, const char *list)
{
	char *key, *val;

	while (option_pair(&list, &key, &val))
		if (strcmp(key, "id"))
			usage("-device %s: no '%s', but id", device, key);
}

/**
 * device_option() - take a -device
 * @o: gets the device
 * @arg: its value
 */
void device_option(struct options *o, const char *arg)
{
	char *kind, *val;

	if (!option_pair(&arg, &kind, &val) || val)
		usage("-device: which? pcnet, buslogic or sb16 first");
	if (!strcmp(kind, "pcnet")) {
		nic_device(o, arg);
	} else if (!strcmp(kind, "buslogic")) {
		no_keys(kind, arg);
		o->buslogic = true;
	} else if (!strcmp(kind, "sb16")) {
		sb16_device(o, arg);
	} else {
		usage("-device: no '%s', but pcnet, buslogic, sb16", kind);
	}
}
