// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's hardware breakpoints: in its kernel, which is translated, and in
 * user code that runs directly.
 *
 * The guest's handler logs DR6 and the frame it was called with. Expected are
 * the conditions and the addresses that the manual gives (SDM vol. 3, 18.2 and
 * 18.3): faults before an instruction for its own address, traps behind it for
 * data and ports, B0-B3 of the breakpoints that were met, BS and BD.
 */
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/vm.h"
#include "debug.h"

#define MEM		BIT(20)
#define RF		0x10000
#define TF		0x100
#define IF		0x200
#define DR6(bits)	(0xffff0ff0u | (bits))
#define BD		0x2000
#define BS		0x4000

#define DR(...)		((const uint32_t[]){ __VA_ARGS__, 0, 0, 0 })

/* Enable breakpoint n globally, with R/W and LEN. */
#define EXEC		0
#define WRITE		1
#define PORT		2
#define ACCESS		3
#define DR7(n, rw, len)	(0x400u | 2u << 2 * (n) | \
			 ((rw) | ((len) - 1) << 2) << (16 + 4 * (n)))

struct record {
	uint32_t dr6, eip, cs, eflags, ecx, dr7;
};

static struct vm vm;
static unsigned int ring;
static const char *name;

static uint32_t at(const char *label)
{
	return DBG_CODE + (label - debug_guest);
}

static void gate(unsigned int vector, const char *handler, unsigned int dpl)
{
	uint64_t to = at(handler);

	((uint64_t *)(vm.mem + DBG_IDT))[vector] = (to & 0xffff) | 8 << 16 |
		(0x8e00ull | dpl << 13) << 32 | (to & 0xffff0000) << 32;
}

static void prepare(void)
{
	uint64_t *gdt;
	unsigned int i;

	vm_create(&vm, MEM);
	memcpy(vm.mem + DBG_CODE, debug_guest, debug_guest_end - debug_guest);
	gdt = (void *)(vm.mem + DBG_GDT);
	gdt[1] = 0x00cf9b000000ffff;
	gdt[2] = 0x00cf93000000ffff;
	gdt[3] = 0x00cffb000000ffff;
	gdt[4] = 0x00cff3000000ffff;
	gdt[5] = 0x00008b0000000067 | (uint64_t)DBG_TSS << 16;
	((uint32_t *)(vm.mem + DBG_TSS))[1] = DBG_STACK0;
	((uint32_t *)(vm.mem + DBG_TSS))[2] = 0x10;
	for (i = 0; i < 32; i++)
		gate(i, on_other, 0);
	gate(1, on_debug, 0);
	gate(0x40, on_end, 3);
}

static void set_segments(uint32_t cr4)
{
	struct kvm_segment data = {
		.limit = 0xffffffff, .type = 3, .s = 1, .present = 1, .db = 1, .g = 1,
		.selector = ring ? 0x23 : 0x10, .dpl = ring,
	};
	struct kvm_sregs s;

	ioctl(vm.cpu, KVM_GET_SREGS, &s);
	s.ds = data;
	s.es = data;
	s.fs = data;
	s.gs = data;
	s.ss = data;
	s.cs = data;
	s.cs.type = 11;
	s.cs.selector = ring ? 0x1b : 8;
	s.tr = (struct kvm_segment){ .base = DBG_TSS, .limit = 0x67, .selector = 0x28,
				     .type = 11, .present = 1 };
	s.gdt = (struct kvm_dtable){ .base = DBG_GDT, .limit = 47 };
	s.idt = (struct kvm_dtable){ .base = DBG_IDT, .limit = 0x40 * 8 + 7 };
	s.cr0 = 0x11;
	s.cr4 = cr4;
	if (ioctl(vm.cpu, KVM_SET_SREGS, &s))
		die("KVM_SET_SREGS: %s", strerror(errno));
}

/* Run a routine with these breakpoints; it ends in HLT. */
static void run(const char *what, const char *routine, uint32_t eflags, const uint32_t dr[4],
		uint32_t dr7)
{
	struct kvm_regs r = {
		.rip = at(routine), .rsp = ring ? DBG_STACK3 : DBG_STACK0,
		.rflags = eflags | 2 | (ring ? IF : 0),
	};
	struct kvm_debugregs d = {
		.db = { dr[0], dr[1], dr[2], dr[3] }, .dr6 = DR6(0), .dr7 = dr7,
	};
	static char full[64];

	snprintf(full, sizeof(full), "%s-ring%u", what, ring);
	name = full;
	*(uint32_t *)(vm.mem + DBG_LOG) = DBG_RECORDS;
	memset(vm.mem + DBG_RECORDS, 0, 512);
	set_segments(8);
	vm_set_regs(&vm, &r);
	if (ioctl(vm.cpu, KVM_SET_DEBUGREGS, &d))
		die("KVM_SET_DEBUGREGS: %s", strerror(errno));
}

static bool finish(void)
{
	int rc = vm_run(&vm);

	return test_result(name, !rc && vm.run->exit_reason == KVM_EXIT_HLT, "%d, %s", rc,
			   vm_exit_text(&vm));
}

/* What the handler was told the n-th time; none was told more. */
static void told(unsigned int n, uint32_t dr6, const char *where)
{
	const struct record *r = (void *)(vm.mem + DBG_RECORDS);
	unsigned int count = (*(uint32_t *)(vm.mem + DBG_LOG) - DBG_RECORDS) / sizeof(*r);
	char text[96];

	snprintf(text, sizeof(text), "%s-told-%u", name, n);
	r += n - 1;
	test_result(text, count >= n && r->dr6 == dr6 && r->eip == at(where) &&
		    r->cs == (ring ? 0x1b : 8) && !(r->eflags & RF),
		    "%u times, dr6 %08x eip %x cs %x eflags %x, expected %08x %x", count, r->dr6,
		    r->eip, r->cs, r->eflags, dr6, at(where));
}

static void times(unsigned int n)
{
	unsigned int count = (*(uint32_t *)(vm.mem + DBG_LOG) - DBG_RECORDS) /
			     sizeof(struct record);
	char text[96];

	snprintf(text, sizeof(text), "%s-times", name);
	EXPECT_EQ(text, count, n);
}

static uint32_t eax(void)
{
	struct kvm_regs r;

	vm_get_regs(&vm, &r);
	return r.rax;
}

static void both_rings(void)
{
	const struct record *rec = (void *)(vm.mem + DBG_RECORDS);
	char text[96];

	run("exec", t_exec, 0, DR(at(t_exec_here)), DR7(0, EXEC, 1));
	finish();
	told(1, DR6(1), t_exec_here);
	times(1);
	snprintf(text, sizeof(text), "%s-once", name);
	EXPECT_EQ(text, eax(), 2);

	/* RF: not this time. */
	run("rf", t_exec_here, RF, DR(0, 0, 0, at(t_exec_here)), DR7(3, EXEC, 1));
	finish();
	times(0);

	/* Disabled, or the address of another byte of the instruction. */
	run("disabled", t_exec, 0, DR(at(t_exec_here), at(t_write) + 1),
	    DR7(1, EXEC, 1));
	finish();
	times(0);

	run("write", t_write, 0, DR(0, DBG_WATCH), DR7(1, WRITE, 4));
	finish();
	told(1, DR6(2), t_write_after);
	times(1);

	run("overlap", t_overlap, 0, DR(0, 0, DBG_WATCH), DR7(2, WRITE, 2));
	finish();
	told(1, DR6(4), t_overlap_after);
	times(1);

	run("read", t_read, 0, DR(0, 0, 0, DBG_WATCH), DR7(3, ACCESS, 1));
	finish();
	told(1, DR6(8), t_read_after);
	times(1);

	run("modify", t_modify, 0, DR(DBG_WATCH), DR7(0, WRITE, 4));
	finish();
	told(1, DR6(1), t_modify_after);
	times(1);

	run("push", t_push, 0, DR(DBG_WATCH), DR7(0, WRITE, 4));
	finish();
	told(1, DR6(1), t_push_after);

	/* Between two iterations, three of six done. */
	run("rep", t_rep, 0, DR(DBG_WATCH), DR7(0, WRITE, 1));
	finish();
	told(1, DR6(1), t_rep_here);
	times(1);
	snprintf(text, sizeof(text), "%s-ecx", name);
	EXPECT_EQ(text, rec->ecx, 3);

	run("two", t_two, 0, DR(DBG_WATCH, DBG_WATCH + 8),
	    DR7(0, ACCESS, 1) | DR7(1, WRITE, 1));
	finish();
	/* QEMU's TCG tells the first one only. */
	if (rec->dr6 == DR6(1))
		test_skip(name, "this host's CPU reports one of two data breakpoints");
	else
		told(1, DR6(3), t_two_after);
	times(1);

	/* With the single-step trap it is one exception. */
	run("step", t_modify, TF, DR(DBG_WATCH), DR7(0, WRITE, 4));
	finish();
	told(1, DR6(BS | 1), t_modify_after);
	times(1);
}

static void kernel_only(void)
{
	const struct record *rec = (void *)(vm.mem + DBG_RECORDS);
	int rc;

	/* MOV SS holds a trap back for an instruction. */
	run("mov-ss", t_mov_ss, 0, DR(DBG_WATCH), DR7(0, ACCESS, 2));
	*(uint16_t *)(vm.mem + DBG_WATCH) = 0x10;
	finish();
	told(1, DR6(1), t_mov_ss_after);
	times(1);

	run("guard", t_guard, 0, DR(0), 0x2400);
	finish();
	told(1, DR6(BD), t_guard);
	EXPECT_EQ("guard-gd-off", rec->dr7, 0x400);

	run("port", t_port, 0, DR(0x99), DR7(0, PORT, 1));
	rc = vm_run(&vm);
	if (test_result("port-98", !rc && vm.run->exit_reason == KVM_EXIT_IO &&
			vm.run->io.port == 0x98, "%d, %s", rc, vm_exit_text(&vm)))
		rc = vm_run(&vm);
	test_result("port-99", !rc && vm.run->exit_reason == KVM_EXIT_IO &&
		    vm.run->io.port == 0x99, "%d, %s", rc, vm_exit_text(&vm));
	finish();
	told(1, DR6(1), t_port_after);
	times(1);

	/* The guest's own MOV DR7: watched from the next instruction on. */
	run("arm", t_arm, 0, DR(DBG_WATCH), DR7(0, WRITE, 4));
	finish();
	told(1, DR6(4), t_arm_after);
	times(1);

	/* BS stays until the guest clears it; B0-B3 are the last exception's. */
	*(uint32_t *)(vm.mem + DBG_KEEP_DR6) = 1;
	run("sticky", t_modify, TF, DR(DBG_WATCH, at(t_modify_after)),
	    DR7(0, WRITE, 4) | DR7(1, EXEC, 1));
	finish();
	told(1, DR6(BS | 1), t_modify_after);
	*(uint32_t *)(vm.mem + DBG_KEEP_DR6) = 0;
}

static void user_only(void)
{
	/* A page whose writes are traced: the write is interpreted, and watched. */
	memcpy(vm.mem + DBG_CODE + 0xf00, "\xc6\x05\x00\x3f\x00\x00\x07\x90\xcd\x40", 10);
	run("traced", debug_guest + 0xf00, 0, DR(DBG_GDT + 0xf00),
	    DR7(0, WRITE, 1));
	finish();
	told(1, DR6(1), debug_guest + 0xf07);
	times(1);
	test_result("runs-directly", vm_stat(&vm, "switches_de_bt") > 0,
		    "user code was never executed directly");
}

/* A watchpoint of this process must outlive the guest's. */
static uint32_t watched;

static int host_watch(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT, .size = sizeof(attr), .exclude_kernel = 1,
		.bp_type = HW_BREAKPOINT_W, .bp_addr = (uintptr_t)&watched,
		.bp_len = HW_BREAKPOINT_LEN_4,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static void host_hits(const char *what, int fd, uint64_t want)
{
	uint64_t n = 0;

	WRITE_ONCE(watched, 1);
	if (read(fd, &n, sizeof(n)) != sizeof(n))
		n = ~0ull;
	EXPECT_EQ(what, n, want);
}

int main(void)
{
	struct kvm_debugregs d;
	int fd;

	if (vm_is_fake(-1)) {
		test_skip("debug", "needs the real VMM");
		return 0;
	}
	fd = host_watch();
	if (fd < 0)
		test_skip("host-watchpoint", "no hardware breakpoints here");
	else
		host_hits("host-watchpoint", fd, 1);
	prepare();
	both_rings();
	kernel_only();
	ring = 3;
	both_rings();
	user_only();
	ioctl(vm.cpu, KVM_GET_DEBUGREGS, &d);
	EXPECT_EQ("debugregs-dr0", d.db[0], DBG_GDT + 0xf00);
	EXPECT_EQ("debugregs-dr7", d.dr7, DR7(0, WRITE, 1));
	if (fd >= 0)
		host_hits("host-watchpoint-after", fd, 2);
	vm_destroy(&vm);
	return test_exit();
}
