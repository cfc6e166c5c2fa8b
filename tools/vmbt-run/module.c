// SPDX-License-Identifier: GPL-2.0
/*
 * Where modules are: the parts of vmbt-run that need a library of their own.
 */
#include "module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef VMBT_LIBDIR
#define VMBT_LIBDIR "/usr/local/lib/vmbt"
#endif

/**
 * module_load() - load a module
 * @name: its name
 *
 * Beside the program, where it was built; else where it was installed.
 *
 * Return: as dlopen()'s.
 */
void *module_load(const char *name)
{
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	char *slash;
	void *so;

	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	if (slash) {
		snprintf(slash + 1, 64, "vmbt-display/%s.so", name);
		so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (so || !access(path, F_OK))
			return so;
	}
	snprintf(path, sizeof(path), VMBT_LIBDIR "/%s.so", name);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}
