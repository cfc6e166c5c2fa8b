// SPDX-License-Identifier: GPL-2.0
/*
 * The sandbox on the command line: -sandbox, with QEMU's keys.
 *
 * What QEMU forbids one by one is forbidden here at once. So deny is taken, and
 * allow refused by name.
 */
#include <string.h>

#include "options.h"
#include "util.h"

static bool deniable(const char *key)
{
	static const char *const keys[] = {
		"obsolete", "elevateprivileges", "resourcecontrol", "spawn",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

/**
 * sandbox_option() - take a -sandbox
 * @o: gets what was said
 * @arg: its value
 */
void sandbox_option(struct options *o, const char *arg)
{
	const char *list = arg;
	char *key, *val;
	bool first = true;

	for (; option_pair(&list, &key, &val); first = false) {
		if (first && !val) {
			o->sandbox = option_on("-sandbox", "enable", key);
		} else if (!strcmp(key, "enable")) {
			o->sandbox = option_on("-sandbox", key, val);
		} else if (!strcmp(key, "files")) {
			o->named_files = val && !strcmp(val, "named");
			if (!o->named_files && (!val || strcmp(val, "any")))
				usage("-sandbox: files=%s: not one of any, named", val ? val : "");
		} else if (!deniable(key)) {
			usage("-sandbox: no key '%s': on, off, files", key);
		} else if (!val || strcmp(val, "deny")) {
			usage("-sandbox: %s=%s: there is no more than deny", key, val ? val : "");
		}
	}
	if (first)
		usage("-sandbox: on or off?");
}
