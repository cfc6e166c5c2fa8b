// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the guest half of a test under vmbt: the image at its address, flat
 * protected mode, and what it writes to the text port on standard output.
 *
 *   PROGRAM IMAGE
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system.h"

static void load(struct vm *vm, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", path, strerror(errno));
	if (st.st_size > IMAGE_END - IMAGE_AT ||
	    read(fd, vm->mem + IMAGE_AT, st.st_size) != st.st_size)
		die("%s: can't be read", path);
	close(fd);
}

/* Whatever of the guest's made the CPU leave it, or was done for it. */
static uint32_t work(struct vm *vm)
{
	static const char *const stats[] = {
		"faults_segment", "faults_hidden", "faults_true", "faults_trace", "callouts",
		"insns_interpreted", "exceptions_injected", "switches_de_bt",
	};
	uint32_t i, sum = 0;

	for (i = 0; i < ARRAY_SIZE(stats); i++)
		sum += vm_stat(vm, stats[i]);
	return sum;
}

/* A parameter of the module's, a number or Y or N. */
static uint32_t parameter(const char *name)
{
	char path[64], text[16] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/vmbt/parameters/%s", name);
	f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f))
		die("%s: can't be read", path);
	fclose(f);
	return text[0] == 'Y' ? 1 : strtoul(text, NULL, 0);
}

/* What PORT_COUNT, PORT_AGAIN and PORT_STRAIGHT count from. */
static uint32_t mark, again, straight;

static void port_in(struct vm *vm, uint8_t port92)
{
	const struct kvm_run *run = vm->run;
	uint32_t val;

	switch (run->io.port) {
	case PORT_PLACE:
		val = vm_stat(vm, "monitor_base");
		break;
	case PORT_COUNT:
		val = work(vm) - mark;
		break;
	case PORT_AGAIN:
		/* There are none without direct execution, or switched off (core/gate.c). */
		val = parameter("no_de") || (parameter("no_offers") & 0x10) ?
		      PLACE_NONE : vm_stat(vm, "gates_again") - again;
		break;
	case PORT_STRAIGHT:
		val = vm_stat(vm, "gates_straight") - straight;
		break;
	default:
		memset(vm->pio, run->io.port == PORT_A20 ? port92 : 0xff,
		       (size_t)run->io.size * run->io.count);
		return;
	}
	memcpy(vm->pio, &val, sizeof(val));
}

/* One exit for a port; false at the guest's end. */
static bool port(struct vm *vm)
{
	static uint8_t port92 = 2;
	const struct kvm_run *run = vm->run;
	const uint8_t *data = vm->pio;

	if (run->io.direction == KVM_EXIT_IO_IN) {
		port_in(vm, port92);
		return true;
	}
	switch (run->io.port) {
	case PORT_TEXT:
		fwrite(data, 1, (size_t)run->io.size * run->io.count, stdout);
		break;
	case PORT_END:
		return false;
	case PORT_COUNT:
		mark = work(vm);
		again = vm_stat(vm, "gates_again");
		straight = vm_stat(vm, "gates_straight");
		break;
	case PORT_A20:
		port92 = *data;
		vm->ext->a20_masked = !(port92 & 2);
		break;
	default:
		if (system_test.out)
			system_test.out(vm, run->io.port, data[0]);
	}
	return true;
}

int main(int argc, char **argv)
{
	struct kvm_regs regs = { .rip = IMAGE_AT, .rflags = 2 };
	static const float one = 1;
	struct vm vm;
	int rc;

	if (argc != 2)
		die("usage: %s IMAGE", argv[0]);
	if (system_test.chips)
		vm_create_with_chips(&vm, RAM_SIZE);
	else
		vm_create(&vm, RAM_SIZE);
	load(&vm, argv[1]);
	vm_set_mode(&vm, 32);
	vm_set_regs(&vm, &regs);
	/* What this process leaves in the x87, no guest may find there. */
	asm volatile("flds %0; fstp %%st(0)" : : "m" (one) : "st");
	for (;;) {
		rc = vm_run(&vm);
		if (rc == -EINTR)
			continue;
		if (rc || vm.run->exit_reason == KVM_EXIT_INTERNAL_ERROR ||
		    vm.run->exit_reason == KVM_EXIT_SHUTDOWN) {
			printf("\nnot ok stopped: %d, %s\n", rc, vm_exit_text(&vm));
			return 1;
		}
		if (vm.run->exit_reason == KVM_EXIT_IO && !port(&vm))
			break;
		if (vm.run->exit_reason == KVM_EXIT_HLT)
			die("the guest halted");
		if (vm.run->exit_reason == KVM_EXIT_MMIO && !vm.run->mmio.is_write)
			memset(vm.run->mmio.data, 0xff, sizeof(vm.run->mmio.data));
	}
	vm_destroy(&vm);
	return 0;
}
