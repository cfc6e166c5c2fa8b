// SPDX-License-Identifier: GPL-2.0
/*
 * What a switch does against speculation is counted where it is done, and each
 * trip to the host does all that is asked for, exactly once.
 *
 * usage: mitigate NAME FLAGS
 *
 * FLAGS is what the switch is to do: VMBT_XF_* of crosspage.h, as in the
 * module's parameter mitigate. A guest that reads a port makes the trips.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/vm.h"

#define TRIPS	500

static struct vm vm;
static const char *name;

static void count(const char *stat, bool wanted, uint64_t trips)
{
	uint64_t n = vm_stat(&vm, stat);
	char full[80];

	snprintf(full, sizeof(full), "mitigate_%s_%s", name, stat);
	test_result(full, n == (wanted ? trips : 0), "%llu in %llu trips",
		    (unsigned long long)n, (unsigned long long)trips);
}

int main(int argc, char **argv)
{
	/* 1: in al, 99h; jmp 1b: a port that nobody has */
	static const uint8_t code[] = { 0xe4, 0x99, 0xeb, 0xfc };
	struct kvm_regs r = { .rip = 0x1000, .rflags = 2 };
	uint64_t trips, verw;
	char full[80];
	int flags, i;

	if (argc != 3)
		die("usage: mitigate NAME FLAGS");
	name = argv[1];
	flags = atoi(argv[2]);
	vm_create(&vm, 1 << 20);
	memcpy(vm.mem + 0x1000, code, sizeof(code));
	vm_set_mode(&vm, 32);
	vm_set_regs(&vm, &r);
	for (i = 0; i < TRIPS; i++)
		if (vm_run(&vm) || vm.run->exit_reason != KVM_EXIT_IO)
			die("exit %s", vm_exit_text(&vm));
	trips = vm_stat(&vm, "world_switches");
	count("did_ibpb", flags & 1, trips);
	count("did_rsb", flags & 2, trips);
	count("did_bhb", flags & 4, trips);
	count("did_spec_ctrl", flags & 16, trips);
	/* Of the ways into the guest there are more: not all exits are trips. */
	verw = vm_stat(&vm, "did_verw");
	snprintf(full, sizeof(full), "mitigate_%s_did_verw", name);
	test_result(full, flags & 8 ? verw >= TRIPS : !verw, "%llu",
		    (unsigned long long)verw);
	vm_destroy(&vm);
	return test_exit();
}
