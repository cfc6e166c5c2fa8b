// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of user space that write guest memory (VMBT_MEMORY_WRITTEN): what the
 * VMM made of the old contents is gone when the call returns, while the guest
 * runs and between two runs. Code that has been translated, a page table behind
 * a mapping in use, and more ranges at once than the VMM is told one by one.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/vm.h"

#define PAGE	4096ul
#define SIZE	0x400000ul
#define CODE	0x1000
#define FUNC	0x2000
#define TABLES	0x10000
#define LINEAR	0x200000
#define FIRST	0x20000
#define SECOND	0x21000

static struct vm vm;

static void on_alarm(int sig)
{
	(void)sig;
	WRITE_ONCE(vm.run->immediate_exit, 1);
}

static int written(uint64_t gpa, uint64_t size)
{
	struct vmbt_written w = { .gpa = gpa, .size = size };

	return ioctl(vm.fd, VMBT_MEMORY_WRITTEN, &w);
}

static void start_at(uint64_t rip)
{
	struct kvm_regs regs = { .rip = rip, .rsp = 0x8000, .rflags = 2 };

	vm_set_mode(&vm, 32);
	vm_set_regs(&vm, &regs);
}

/* Run until the guest writes a byte to port 99h, ten seconds at most. */
static int run_for_byte(void)
{
	int r;

	alarm(10);
	do {
		r = vm_run(&vm);
	} while (!r && vm.run->exit_reason == KVM_EXIT_INTR);
	alarm(0);
	if (r || vm.run->exit_reason != KVM_EXIT_IO || vm.run->io.port != 0x99)
		return -1;
	return *((uint8_t *)vm.run + vm.run->io.data_offset);
}

/*
 * 1000: call FUNC; cmp al,11; je 1000; out 99,al; jmp 1000
 * FUNC: mov al,11; ret
 */
static void load_code(void)
{
	static const uint8_t loop[] = {
		0xe8, 0xfb, 0x0f, 0x00, 0x00, 0x3c, 0x11, 0x74, 0xf7, 0xe6, 0x99, 0xeb, 0xf3,
	};
	static const uint8_t func[] = { 0xb0, 0x11, 0xc3 };

	memcpy(vm.mem + CODE, loop, sizeof(loop));
	memcpy(vm.mem + FUNC, func, sizeof(func));
}

/* What a device does while the guest runs. */
static void *device_writes_code(void *arg)
{
	(void)arg;
	sleep_ms(100);
	vm.mem[FUNC + 1] = 0x22;
	if (written(FUNC + 1, 1))
		die("VMBT_MEMORY_WRITTEN");
	return NULL;
}

static void code_while_it_runs(void)
{
	pthread_t thread;

	load_code();
	start_at(CODE);
	if (pthread_create(&thread, NULL, device_writes_code, NULL))
		die("no thread");
	EXPECT_EQ("code-while-it-runs", run_for_byte(), 0x22);
	pthread_join(thread, NULL);
}

static void code_between_runs(void)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < 50; i++) {
		vm.mem[FUNC + 1] = 0x30 + i;
		if (written(FUNC, 512))
			die("VMBT_MEMORY_WRITTEN");
		if (run_for_byte() != (int)(0x30 + i))
			wrong++;
	}
	EXPECT_EQ("code-between-runs", wrong, 0);
}

/* More ranges than there is room for, the one that matters somewhere in them. */
static void many_ranges(void)
{
	unsigned int i;

	for (i = 0; i < 200; i++) {
		if (i == 70)
			vm.mem[FUNC + 1] = 0x77;
		if (written(i == 70 ? FUNC : 0x100000 + i * 3 * PAGE, 1))
			die("VMBT_MEMORY_WRITTEN");
	}
	EXPECT_EQ("many-ranges", run_for_byte(), 0x77);
}

/*
 * 1100: invlpg [LINEAR]; mov al,[LINEAR]; cmp al,1; je 1100; out 99,al; jmp 1100
 */
static void load_paged(void)
{
	static const uint8_t loop[] = {
		0x0f, 0x01, 0x3d, 0x00, 0x00, 0x20, 0x00, 0xa0, 0x00, 0x00, 0x20, 0x00,
		0x3c, 0x01, 0x74, 0xf0, 0xe6, 0x99, 0xeb, 0xec,
	};
	uint32_t *pd = (uint32_t *)(vm.mem + TABLES), *pt = pd + 1024, i;
	struct kvm_sregs sregs;

	/* The access that the last run ended with is to be over. */
	WRITE_ONCE(vm.run->immediate_exit, 1);
	vm_run(&vm);
	WRITE_ONCE(vm.run->immediate_exit, 0);
	memcpy(vm.mem + CODE + 0x100, loop, sizeof(loop));
	memset(pd, 0, 2 * PAGE);
	pd[0] = (TABLES + PAGE) | 0x63;
	for (i = 0; i < 1024; i++)
		pt[i] = i << 12 | 0x63;
	pt[LINEAR >> 12] = FIRST | 0x63;
	vm.mem[FIRST] = 1;
	vm.mem[SECOND] = 2;
	start_at(CODE + 0x100);
	if (ioctl(vm.cpu, KVM_GET_SREGS, &sregs))
		die("KVM_GET_SREGS");
	sregs.cr3 = TABLES;
	sregs.cr0 |= 0x80000000;
	if (ioctl(vm.cpu, KVM_SET_SREGS, &sregs))
		die("KVM_SET_SREGS");
}

static void *device_writes_table(void *arg)
{
	uint32_t *pt = (uint32_t *)(vm.mem + TABLES) + 1024;

	(void)arg;
	sleep_ms(100);
	pt[LINEAR >> 12] = SECOND | 0x63;
	if (written(TABLES + PAGE + (LINEAR >> 12) * 4, 4))
		die("VMBT_MEMORY_WRITTEN");
	return NULL;
}

static void table_while_it_runs(void)
{
	pthread_t thread;

	load_paged();
	if (pthread_create(&thread, NULL, device_writes_table, NULL))
		die("no thread");
	EXPECT_EQ("page-table-while-it-runs", run_for_byte(), 2);
	pthread_join(thread, NULL);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	vm_create(&vm, SIZE);
	EXPECT_EQ("written-capability",
		  ioctl(vm.dev, KVM_CHECK_EXTENSION, VMBT_CAP_MEMORY_WRITTEN), 1);
	EXPECT_ERRNO("written-nothing", written(0, 0), EINVAL);
	EXPECT_ERRNO("written-wraps", written(~0xfffull, 0x2000), EINVAL);
	EXPECT_ERRNO("written-beyond-64G", written(64ull << 30, 1), EINVAL);
	EXPECT_ERRNO("written-everything", written(0, 64ull << 30), 0);
	EXPECT_ERRNO("written-no-memory", written(0xfd000000, 4096), 0);
	code_while_it_runs();
	code_between_runs();
	many_ranges();
	table_while_it_runs();
	vm_destroy(&vm);
	return test_exit();
}
