// SPDX-License-Identifier: GPL-2.0
/*
 * State from outside: reset values by the manual, round trips of everything
 * that can be set, and what must be refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/vm.h"

static void reset_state(struct vm *vm)
{
	struct kvm_regs r;
	struct kvm_sregs s;
	struct kvm_fpu f;
	struct kvm_debugregs d;
	struct kvm_vcpu_events e, none;

	vm_get_regs(vm, &r);
	EXPECT_EQ("reset-eip", r.rip, 0xfff0);
	EXPECT_EQ("reset-eflags", r.rflags, 2);
	EXPECT_EQ("reset-gprs", r.rax | r.rbx | r.rcx | r.rsi | r.rdi | r.rsp |
		  r.rbp | r.r8 | r.r15, 0);
	EXPECT_ERRNO("get-sregs", ioctl(vm->cpu, KVM_GET_SREGS, &s), 0);
	EXPECT_EQ("reset-cr0", s.cr0, 0x60000010);
	EXPECT_EQ("reset-cr4", s.cr4, 0);
	EXPECT_EQ("reset-cs-base", s.cs.base, 0xffff0000);
	EXPECT_EQ("reset-cs-sel", s.cs.selector, 0xf000);
	EXPECT_EQ("reset-cs-limit", s.cs.limit, 0xffff);
	EXPECT_EQ("reset-ds", s.ds.base | s.ds.selector | s.ds.unusable, 0);
	EXPECT_EQ("reset-ds-type", s.ds.type, 3);
	EXPECT_EQ("reset-ldt", s.ldt.type, 2);
	EXPECT_EQ("reset-tr", s.tr.type, 11);
	EXPECT_EQ("reset-idt-limit", s.idt.limit, 0xffff);
	EXPECT_ERRNO("get-fpu", ioctl(vm->cpu, KVM_GET_FPU, &f), 0);
	EXPECT_EQ("reset-fcw", f.fcw, 0x37f);
	EXPECT_EQ("reset-mxcsr", f.mxcsr, 0x1f80);
	EXPECT_ERRNO("get-debugregs", ioctl(vm->cpu, KVM_GET_DEBUGREGS, &d), 0);
	EXPECT_EQ("reset-dr6", d.dr6, 0xffff0ff0);
	EXPECT_EQ("reset-dr7", d.dr7, 0x400);
	EXPECT_ERRNO("get-events", ioctl(vm->cpu, KVM_GET_VCPU_EVENTS, &e), 0);
	memset(&none, 0, sizeof(none));
	none.flags = e.flags;
	EXPECT_EQ("reset-events", memcmp(&e, &none, sizeof(e)), 0);
}

static void regs(struct vm *vm)
{
	struct kvm_regs r = {
		.rax = 0x11111111, .rbx = 0x22222222, .rcx = 0x33333333,
		.rdx = 0x44444444, .rsi = 0x55555555, .rdi = 0x66666666,
		.rsp = 0x77777777, .rbp = 0x88888888, .rip = 0x99999999,
		.rflags = 0x3f7fd7,
	}, got;

	EXPECT_ERRNO("set-regs", ioctl(vm->cpu, KVM_SET_REGS, &r), 0);
	vm_get_regs(vm, &got);
	EXPECT_EQ("regs-round-trip", memcmp(&r, &got, sizeof(r)), 0);
	r.rax = 1ull << 32;
	EXPECT_ERRNO("regs-64-bit", ioctl(vm->cpu, KVM_SET_REGS, &r), EINVAL);
	r.rax = 0;
	r.r9 = 1;
	EXPECT_ERRNO("regs-r9", ioctl(vm->cpu, KVM_SET_REGS, &r), EINVAL);
	r.r9 = 0;
	r.rflags = 1 << 15;
	EXPECT_ERRNO("regs-flags", ioctl(vm->cpu, KVM_SET_REGS, &r), EINVAL);
	vm_get_regs(vm, &got);
	EXPECT_EQ("regs-unchanged", got.rax, 0x11111111);
	r.rflags = 0;
	EXPECT_ERRNO("regs-again", ioctl(vm->cpu, KVM_SET_REGS, &r), 0);
	vm_get_regs(vm, &got);
	EXPECT_EQ("regs-fixed-flag", got.rflags, 2);
}

static void bad_sregs(struct vm *vm, const struct kvm_sregs *good,
		      const char *name, size_t offset, uint64_t value, size_t len)
{
	struct kvm_sregs s = *good;

	memcpy((char *)&s + offset, &value, len);
	EXPECT_ERRNO(name, ioctl(vm->cpu, KVM_SET_SREGS, &s), EINVAL);
}

#define BAD(name, field, value) \
	bad_sregs(vm, &s, name, offsetof(struct kvm_sregs, field), value, \
		  sizeof(s.field))

static void sregs(struct vm *vm)
{
	struct kvm_sregs s = { }, got;
	struct kvm_sregs2 s2;

	s.cs = (struct kvm_segment){ 0x1000, 0xffffffff, 8, 11, 1, 0, 1, 1, 0, 1 };
	s.ds = (struct kvm_segment){ 0x2000, 0xfff, 0x10, 3, 1, 3, 0, 1, 0, 0, 1 };
	s.es = s.ds;
	s.fs = s.ds;
	s.gs = s.ds;
	s.ss = s.ds;
	s.fs.unusable = 1;
	s.fs.present = 0;
	s.gs.type = 7;			/* expand-down */
	s.tr = (struct kvm_segment){ 0x3000, 0x67, 0x20, 11, 1 };
	s.ldt = (struct kvm_segment){ 0x4000, 0x1f, 0x28, 2, 1 };
	s.gdt = (struct kvm_dtable){ 0x5000, 0x7f };
	s.idt = (struct kvm_dtable){ 0xffffff00, 0x7ff };
	s.cr0 = 0x80050033;
	s.cr2 = 0xdeadbeef;
	s.cr3 = 0x6000;
	s.cr4 = 0x690;
	s.apic_base = 0xfee00900;
	s.interrupt_bitmap[1] = 1ull << 5;
	EXPECT_ERRNO("set-sregs", ioctl(vm->cpu, KVM_SET_SREGS, &s), 0);
	EXPECT_ERRNO("get-sregs-again", ioctl(vm->cpu, KVM_GET_SREGS, &got), 0);
	EXPECT_EQ("sregs-round-trip", memcmp(&s, &got, sizeof(s)), 0);
	s.interrupt_bitmap[1] = 0;

	BAD("sregs-cr0-pg-without-pe", cr0, 0x80000010);
	BAD("sregs-cr0-nw-without-cd", cr0, 0x20000011);
	BAD("sregs-cr0-reserved", cr0, 0x11 | 1 << 6);
	BAD("sregs-cr0-high", cr0, 0x11 | 1ull << 32);
	BAD("sregs-cr3-high", cr3, 1ull << 32);
	BAD("sregs-cr4-vme", cr4, 1);
	BAD("sregs-cr4-osxsave", cr4, 1 << 18);
	BAD("sregs-cr4-smep", cr4, 1 << 20);
	BAD("sregs-cr8", cr8, 1);
	BAD("sregs-efer-lme", efer, 0x100);
	BAD("sregs-efer-sce", efer, 1);
	BAD("sregs-long-cs", cs.l, 1);
	BAD("sregs-base-high", ds.base, 1ull << 32);
	BAD("sregs-limit-odd", cs.limit, 0xffff0000);
	BAD("sregs-limit-large", ds.limit, 0x100000);
	BAD("sregs-dpl", ds.dpl, 4);
	BAD("sregs-type", ds.type, 16);
	BAD("sregs-padding", ds.padding, 1);
	BAD("sregs-gdt-base", gdt.base, 1ull << 32);
	BAD("sregs-gdt-padding", gdt.padding[1], 1);
	BAD("sregs-two-interrupts", interrupt_bitmap[0], 3);

	EXPECT_ERRNO("get-sregs2", ioctl(vm->cpu, KVM_GET_SREGS2, &s2), 0);
	EXPECT_EQ("sregs2-no-pdptes", s2.flags, 0);
	s2.cr4 |= 0x20;
	s2.flags = KVM_SREGS2_FLAGS_PDPTRS_VALID;
	s2.pdptrs[2] = 0x7001;
	EXPECT_ERRNO("set-sregs2", ioctl(vm->cpu, KVM_SET_SREGS2, &s2), 0);
	memset(&s2, 0, sizeof(s2));
	EXPECT_ERRNO("get-sregs2-pae", ioctl(vm->cpu, KVM_GET_SREGS2, &s2), 0);
	EXPECT_EQ("sregs2-pdpte", s2.pdptrs[2], 0x7001);
	s2.flags = 2;
	EXPECT_ERRNO("sregs2-flags", ioctl(vm->cpu, KVM_SET_SREGS2, &s2), EINVAL);
	/* Without them they come from memory at CR3, as when it is loaded. */
	*(uint64_t *)(vm->mem + 0x6008) = 0x9001;
	s.cr4 |= 0x20;
	EXPECT_ERRNO("set-sregs-pae", ioctl(vm->cpu, KVM_SET_SREGS, &s), 0);
	EXPECT_ERRNO("get-sregs2-mem", ioctl(vm->cpu, KVM_GET_SREGS2, &s2), 0);
	EXPECT_EQ("sregs2-pdpte-mem", s2.pdptrs[1], 0x9001);
}

static void fpu(struct vm *vm)
{
	struct kvm_fpu f, got;
	size_t i;

	memset(&f, 0, sizeof(f));
	for (i = 0; i < sizeof(f.fpr); i++)
		f.fpr[i / 16][i % 16] = i % 16 < 10 ? i : 0;
	for (i = 0; i < 8 * 16; i++)
		f.xmm[i / 16][i % 16] = 0x80 + i;
	f.fcw = 0x27f;
	f.fsw = 0x3800;
	f.ftwx = 0x81;
	f.last_opcode = 0x123;
	f.last_ip = 0x12345678;
	f.last_dp = 0x9abcdef0;
	f.mxcsr = 0x1fa0;
	EXPECT_ERRNO("set-fpu", ioctl(vm->cpu, KVM_SET_FPU, &f), 0);
	EXPECT_ERRNO("get-fpu-again", ioctl(vm->cpu, KVM_GET_FPU, &got), 0);
	EXPECT_EQ("fpu-round-trip", memcmp(&f, &got, sizeof(f)), 0);
	f.mxcsr = 0xffff0000;
	EXPECT_ERRNO("fpu-mxcsr", ioctl(vm->cpu, KVM_SET_FPU, &f), EINVAL);
	f.mxcsr = 0x1f80;
	f.xmm[8][0] = 1;
	EXPECT_ERRNO("fpu-xmm8", ioctl(vm->cpu, KVM_SET_FPU, &f), EINVAL);
	f.xmm[8][0] = 0;
	f.pad1 = 1;
	EXPECT_ERRNO("fpu-padding", ioctl(vm->cpu, KVM_SET_FPU, &f), EINVAL);
}

static void debugregs(struct vm *vm)
{
	struct kvm_debugregs d = {
		.db = { 0x1000, 0x2000, 0x3000, 0xfffffff0 },
		.dr6 = 0xffff4ff1, .dr7 = 0x00000455,
	}, got;

	EXPECT_ERRNO("set-debugregs", ioctl(vm->cpu, KVM_SET_DEBUGREGS, &d), 0);
	EXPECT_ERRNO("get-debugregs-again",
		     ioctl(vm->cpu, KVM_GET_DEBUGREGS, &got), 0);
	EXPECT_EQ("debugregs-round-trip", memcmp(&d, &got, sizeof(d)), 0);
	d.db[0] = 1ull << 32;
	EXPECT_ERRNO("debugregs-high",
		     ioctl(vm->cpu, KVM_SET_DEBUGREGS, &d), EINVAL);
	d.db[0] = 0;
	d.flags = 1;
	EXPECT_ERRNO("debugregs-flags",
		     ioctl(vm->cpu, KVM_SET_DEBUGREGS, &d), EINVAL);
}

static void events(struct vm *vm)
{
	struct kvm_vcpu_events e = {
		.exception = { .injected = 1, .nr = 14, .has_error_code = 1,
			       .error_code = 6 },
		.interrupt = { .injected = 1, .nr = 0x30,
			       .shadow = KVM_X86_SHADOW_INT_STI },
		.nmi = { .pending = 1, .masked = 1 },
		.flags = KVM_VCPUEVENT_VALID_NMI_PENDING |
			 KVM_VCPUEVENT_VALID_SHADOW,
	}, got, bad;

	EXPECT_ERRNO("set-events", ioctl(vm->cpu, KVM_SET_VCPU_EVENTS, &e), 0);
	EXPECT_ERRNO("get-events-again",
		     ioctl(vm->cpu, KVM_GET_VCPU_EVENTS, &got), 0);
	EXPECT_EQ("events-round-trip", memcmp(&e, &got, sizeof(e)), 0);
	bad = e;
	bad.flags |= KVM_VCPUEVENT_VALID_SMM;
	EXPECT_ERRNO("events-smm", ioctl(vm->cpu, KVM_SET_VCPU_EVENTS, &bad),
		     EINVAL);
	bad = e;
	bad.exception.nr = 32;
	EXPECT_ERRNO("events-vector", ioctl(vm->cpu, KVM_SET_VCPU_EVENTS, &bad),
		     EINVAL);
	bad = e;
	bad.nmi.injected = 1;
	EXPECT_ERRNO("events-two", ioctl(vm->cpu, KVM_SET_VCPU_EVENTS, &bad),
		     EINVAL);
	bad = e;
	bad.reserved[3] = 1;
	EXPECT_ERRNO("events-reserved",
		     ioctl(vm->cpu, KVM_SET_VCPU_EVENTS, &bad), EINVAL);
	memset(&e, 0, sizeof(e));
	e.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
	EXPECT_ERRNO("events-clear", ioctl(vm->cpu, KVM_SET_VCPU_EVENTS, &e), 0);
	EXPECT_ERRNO("interrupt-after-clear", vm_interrupt(vm, 32), 0);
}

static long msr(struct vm *vm, int set, uint32_t index, uint64_t *data)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry e;
	} m = { { .nmsrs = 1 }, { .index = index, .data = *data } };
	long r = ioctl(vm->cpu, set ? KVM_SET_MSRS : KVM_GET_MSRS, &m);

	*data = m.e.data;
	return r;
}

static void msrs(struct vm *vm)
{
	struct kvm_msr_list *list = calloc(1, sizeof(*list) + 4 * 256);
	uint64_t v, old;
	uint32_t i, ok = 0;

	EXPECT_ERRNO("msr-list-small",
		     ioctl(vm->dev, KVM_GET_MSR_INDEX_LIST, list), E2BIG);
	list->nmsrs = 256;
	EXPECT_ERRNO("msr-list",
		     ioctl(vm->dev, KVM_GET_MSR_INDEX_LIST, list), 0);
	/* What is listed can be read and written back: that is state. */
	for (i = 0; i < list->nmsrs; i++) {
		v = 0;
		if (msr(vm, 0, list->indices[i], &v) == 1 &&
		    msr(vm, 1, list->indices[i], &v) == 1)
			ok++;
		else
			printf("# MSR %#x\n", list->indices[i]);
	}
	EXPECT_EQ("msr-list-works", ok, list->nmsrs);
	free(list);

	v = 0;
	EXPECT_EQ("msr-unknown", msr(vm, 0, 0xc0000082, &v), 0);
	v = 0x08;
	EXPECT_EQ("msr-set", msr(vm, 1, 0x174, &v), 1);
	v = 0;
	EXPECT_EQ("msr-get", msr(vm, 0, 0x174, &v), 1);
	EXPECT_EQ("msr-value", v, 8);
	v = 0x100;
	EXPECT_EQ("msr-efer-lme", msr(vm, 1, 0xc0000080, &v), 0);
	v = 0x0202020202020202;
	EXPECT_EQ("msr-pat-reserved", msr(vm, 1, 0x277, &v), 0);
	v = 1ull << 32;
	EXPECT_EQ("msr-sysenter-high", msr(vm, 1, 0x176, &v), 0);
	v = 1000;
	EXPECT_EQ("msr-tsc-set", msr(vm, 1, 0x10, &v), 1);
	EXPECT_EQ("msr-tsc-get", msr(vm, 0, 0x10, &v), 1);
	old = v;
	test_result("msr-tsc-runs", v >= 1000 && v < 1ull << 40, "%llx",
		    (unsigned long long)v);
	EXPECT_EQ("msr-tsc-again", msr(vm, 0, 0x10, &v), 1);
	test_result("msr-tsc-forward", v > old, "%llx", (unsigned long long)v);
}

int main(void)
{
	struct vm vm;

	vm_create(&vm, 1 << 20);
	reset_state(&vm);
	regs(&vm);
	sregs(&vm);
	fpu(&vm);
	debugregs(&vm);
	events(&vm);
	msrs(&vm);
	vm_destroy(&vm);
	return test_exit();
}
