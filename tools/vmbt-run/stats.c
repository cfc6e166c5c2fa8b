// SPDX-License-Identifier: GPL-2.0
/*
 * What is told about a VM at its end: statistics, and the state after an error.
 *
 * Both go to standard error, one "name value" a line, so that scripts can pick
 * what they want while the guest's output goes to standard output.
 */
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "util.h"

#define CODE_BYTES	16

static void print_stat(void *arg, const char *name, u64 value)
{
	(void)arg;
	fprintf(stderr, "%-32s %llu\n", name, value);
}

/**
 * stats_each() - all statistics
 * @m: the machine
 * @fn: called for each
 * @arg: its first argument
 *
 * The driver's counters keep their names. Those of this program begin with
 * "run_", those of a device's ports with "port_".
 */
void stats_each(struct machine *m, void (*fn)(void *arg, const char *name, u64 value), void *arg)
{
	const struct vcpu_counters *c = &m->vcpu.count;
	char name[64];
	unsigned int i;

	vmm_each_stat(&m->vmm, fn, arg);
	fn(arg, "run_exits", c->exits);
	fn(arg, "run_io", c->io);
	fn(arg, "run_mmio", c->mmio);
	fn(arg, "run_halts", c->halts);
	fn(arg, "run_windows", c->windows);
	fn(arg, "run_interrupted", c->signals);
	fn(arg, "run_injected", c->injected);
	fn(arg, "run_kicks", c->kicks);
	fn(arg, "run_late", c->late);
	fn(arg, "run_clock_lost", m->pit.lost);
	for (i = 0; i < m->bus.ndevs; i++) {
		snprintf(name, sizeof(name), "port_%s", m->bus.dev[i].name);
		fn(arg, name, m->bus.dev[i].accesses);
	}
}

/**
 * stats_print() - print all statistics
 * @m: the machine, stopped but not off
 */
void stats_print(struct machine *m)
{
	fprintf(stderr, "statistics%s%s:\n", m->o->name ? " of " : "",
		m->o->name ? m->o->name : "");
	stats_each(m, print_stat, NULL);
}

static void print_segment(const char *name, const struct kvm_segment *s)
{
	fprintf(stderr,
		"  %-4s %04x base %08llx limit %08x type %u s %u dpl %u p %u db %u g %u %s\n",
		name, s->selector, s->base, s->limit, s->type, s->s, s->dpl, s->present,
		s->db, s->g, s->unusable ? "unusable" : "");
}

static void print_code(struct machine *m, const struct kvm_regs *r, const struct kvm_sregs *s)
{
	u32 linear = s->cs.base + r->rip;
	const u8 *p;
	unsigned int i;
	u64 gpa;

	fprintf(stderr, "  code at %08x:", linear);
	for (i = 0; i < CODE_BYTES; i++) {
		if (!memory_translate(&m->memory, s->cr0, s->cr3, s->cr4, linear + i, &gpa))
			break;
		p = memory_at(&m->memory, gpa, 1);
		if (!p)
			break;
		fprintf(stderr, " %02x", *p);
	}
	fprintf(stderr, "%s\n", i ? "" : " not mapped");
}

/**
 * dump_print() - print the guest's state after an error
 * @m: the machine, outside of KVM_RUN
 */
void dump_print(struct machine *m)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	int rc;

	rc = vmm_get_regs(&m->vmm, &r, &s);
	if (rc) {
		warn("no guest state: %s", strerror(-rc));
		return;
	}
	fprintf(stderr, "  eax %08llx ebx %08llx ecx %08llx edx %08llx\n",
		r.rax, r.rbx, r.rcx, r.rdx);
	fprintf(stderr, "  esi %08llx edi %08llx ebp %08llx esp %08llx\n",
		r.rsi, r.rdi, r.rbp, r.rsp);
	fprintf(stderr, "  eip %08llx eflags %08llx\n", r.rip, r.rflags);
	print_segment("cs", &s.cs);
	print_segment("ss", &s.ss);
	print_segment("ds", &s.ds);
	print_segment("es", &s.es);
	print_segment("fs", &s.fs);
	print_segment("gs", &s.gs);
	print_segment("ldtr", &s.ldt);
	print_segment("tr", &s.tr);
	fprintf(stderr, "  gdt  base %08llx limit %04x  idt base %08llx limit %04x\n",
		s.gdt.base, s.gdt.limit, s.idt.base, s.idt.limit);
	fprintf(stderr, "  cr0 %08llx cr2 %08llx cr3 %08llx cr4 %08llx efer %llx\n",
		s.cr0, s.cr2, s.cr3, s.cr4, s.efer);
	print_code(m, &r, &s);
}
