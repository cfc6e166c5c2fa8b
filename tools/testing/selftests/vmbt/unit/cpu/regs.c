// SPDX-License-Identifier: GPL-2.0
/*
 * Control and debug registers, MSRs, CPUID and the state after reset: which
 * values are accepted, what reads back, what is #GP or #UD, and that nothing
 * can be switched on that the VMM does not implement.
 */
#include "fake.h"

static struct vmbt_guest *const g = &shared.guest;

static void cr0(void)
{
	u32 val;

	/* SDM vol. 2, MOV CR: PG without PE, NW without CD. */
	for (u32 n = 0; n < 16; n++) {
		u32 pe = n & 1, pg = n >> 1 & 1, nw = n >> 2 & 1, cd = n >> 3;
		bool bad = (pg && !pe) || (nw && !cd);
		u32 old;
		int r;

		fake_flat(0);
		old = g->cr0;
		r = cpu_write_cr(&cpu, 0, pe | pg << 31 | nw << 29 | cd << 30);
		if (bad) {
			expect_fault("cr0", r, 13, 0);
			expect(g->cr0 == old, "cr0", "changed");
		} else {
			expect(!r && g->cr0 == (pe | pg << 31 | nw << 29 |
						cd << 30 | 0x10), "cr0",
			       "%x: %x", n, g->cr0);
		}
	}
	fake_flat(0);
	cpu_write_cr(&cpu, 0, ~0x80000000U);
	expect(g->cr0 == 0x6005003f, "reserved bits", "%x", g->cr0);
	/* LMSW sets PE, does not clear it, and reaches four bits only. */
	g->cr0 = 0x11;
	expect(!cpu_lmsw(&cpu, 0xfffe) && g->cr0 == 0x1f, "lmsw", "%x", g->cr0);
	expect(!cpu_clts(&cpu) && g->cr0 == 0x17, "clts", "%x", g->cr0);
	cpu.events = 0;
	fake_mode_changes = 0;
	expect(!cpu_write_cr(&cpu, 0, 0x80000011) && fake_mode_changes == 1 &&
	       (cpu.events & VCPU_EV_MODE), "PG", "nobody told");
	/* PAE: bad PDPTEs refuse the whole write. */
	g->cr0 = 0x11;
	g->cr4 = VMBT_CR4_PAE;
	fake_cr3_fails = 1;
	expect_fault("PDPTE", cpu_write_cr(&cpu, 0, 0x80000011), 13, 0);
	expect(g->cr0 == 0x11, "PDPTE", "%x", g->cr0);
	fake_flat(3);
	for (u8 cr = 0; cr < 5; cr++) {
		if (cr == 1)
			continue;
		expect_fault("cpl 3", cpu_write_cr(&cpu, cr, 0), 13, 0);
		expect_fault("cpl 3", cpu_read_cr(&cpu, cr, &val), 13, 0);
	}
	expect_fault("clts", cpu_clts(&cpu), 13, 0);
	expect_fault("invlpg", cpu_invlpg(&cpu, 0), 13, 0);
	fake_flat(0);
	expect_fault("cr1", cpu_write_cr(&cpu, 1, 0), 6, 0);
	expect_fault("cr8", cpu_read_cr(&cpu, 8, &val), 6, 0);
	expect(!cpu_write_cr(&cpu, 2, 0x12345678) &&
	       !cpu_read_cr(&cpu, 2, &val) && val == 0x12345678, "cr2", "%x",
	       val);
	fake_cr3_fails = 1;
	g->cr3 = 0x1000;
	expect_fault("cr3", cpu_write_cr(&cpu, 3, 0x2000), 13, 0);
	expect(g->cr3 == 0x1000, "cr3", "%x", g->cr3);
	done("cr0-cr3");
}

/* Bit by bit; VME, PVI, UMIP, VMXE, FSGSBASE, OSXSAVE, SMEP... never. */
static void cr4(void)
{
	static const u32 offered = VMBT_CR4_TSD | VMBT_CR4_DE | VMBT_CR4_PSE |
				   VMBT_CR4_PAE | VMBT_CR4_MCE | VMBT_CR4_PGE |
				   VMBT_CR4_PCE | VMBT_CR4_OSFXSR |
				   VMBT_CR4_OSXMMEXCPT;

	for (u32 bit = 0; bit < 32; bit++) {
		int r;

		fake_flat(0);
		r = cpu_write_cr(&cpu, 4, 1U << bit);
		if (offered >> bit & 1)
			expect(!r && g->cr4 == 1U << bit, "cr4", "bit %u", bit);
		else
			expect(r == X_FAULT && !g->cr4, "cr4", "bit %u", bit);
		/* Without the feature there is no bit, but for PCE. */
		fake_flat(0);
		shared.cpuid[1].edx = 0;
		r = cpu_write_cr(&cpu, 4, 1U << bit);
		expect((r == X_OK) == (1U << bit == VMBT_CR4_PCE), "no feature",
		       "bit %u", bit);
	}
	done("cr4");
}

static void dr(void)
{
	u32 val;

	fake_flat(0);
	for (u8 n = 0; n < 4; n++)
		expect(!cpu_write_dr(&cpu, n, 0x1000 + n) &&
		       !cpu_read_dr(&cpu, n, &val) && val == 0x1000U + n, "dr",
		       "%u", n);
	cpu_write_dr(&cpu, 6, 0);
	expect(g->dr[6] == 0xffff0ff0, "dr6", "%x", g->dr[6]);
	cpu_write_dr(&cpu, 6, ~0U);
	expect(g->dr[6] == 0xffffefff, "dr6", "%x", g->dr[6]);
	cpu_write_dr(&cpu, 7, ~0U & ~0x2000);
	expect(g->dr[7] == 0xffff07ff, "dr7", "%x", g->dr[7]);
	cpu_write_dr(&cpu, 7, 0);
	expect(g->dr[7] == 0x400, "dr7", "%x", g->dr[7]);
	/* DR4 and DR5 are DR6 and DR7, unless CR4.DE. */
	expect(!cpu_write_dr(&cpu, 5, 0x155) && g->dr[7] == 0x555, "dr5", "%x",
	       g->dr[7]);
	g->cr4 = VMBT_CR4_DE;
	expect_fault("dr4", cpu_read_dr(&cpu, 4, &val), 6, 0);
	/* General detect. */
	g->dr[7] |= 0x2000;
	g->dr[6] = 0xffff0ff0;
	expect_fault("GD", cpu_read_dr(&cpu, 0, &val), 1, 0);
	expect(g->dr[6] & 0x2000, "BD", "%x", g->dr[6]);
	fake_flat(3);
	expect_fault("cpl 3", cpu_read_dr(&cpu, 0, &val), 13, 0);
	done("debug-registers");
}

static void msrs(void)
{
	static const struct {
		u32 msr;
		u64 val;
		bool ok;
		u64 back;
	} t[] = {
		{ 0x1b, 0xfee00800, true, 0xfee00800 },
		{ 0x1b, 0xfee00c00, false, 0 },		/* x2APIC */
		{ 0x8b, 0, true, 1ULL << 32 },
		{ 0xfe, 0, false, 0x508 },
		{ 0x174, 0x60, true, 0x60 },
		{ 0x175, 0xc1234567, true, 0xc1234567 },
		{ 0x176, 0xc0000001, true, 0xc0000001 },
		{ 0x179, 0, false, 0 },			/* no banks */
		{ 0x17a, 4, true, 4 },
		{ 0x1d9, 0, true, 0 },
		{ 0x1d9, 1, false, 0 },
		{ 0x200, 0x6, true, 0x6 },
		{ 0x200, 0x2, false, 0 },		/* no such type */
		{ 0x201, 0xf80000800, true, 0xf80000800 },
		{ 0x201, 0x1000000000, false, 0 },
		{ 0x20f, 0x800, true, 0x800 },
		{ 0x250, 0x0606060606060606, true, 0x0606060606060606 },
		{ 0x26f, 0x0605040100060606, true, 0x0605040100060606 },
		{ 0x258, 0x07, false, 0 },		/* UC- is for PAT */
		{ 0x277, 0x0007010600070106, true, 0x0007010600070106 },
		{ 0x277, 0x2, false, 0 },
		{ 0x2ff, 0xc06, true, 0xc06 },
		{ 0x2ff, 0x1000, false, 0 },
		{ 0xc0000080, 0x800, true, 0x800 },	/* NXE */
		{ 0xc0000080, 0x001, false, 0 },	/* SCE */
		{ 0xc0000080, 0x100, false, 0 },	/* LME */
		{ 0xc0000103, 1, false, 0 },		/* no RDTSCP */
	};
	static const u32 absent[] = {
		0x48, 0x49, 0x10a, 0x122, 0x140, 0x186, 0x38f, 0x400, 0x480,
		0x6e0, 0x800, 0xc0000081, 0xc0000100, 0xc0000101, 0xc0010015,
		0xc0011029, 0x40000000, 0xffffffff,
	};
	u64 val;

	for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
		int r;

		fake_flat(0);
		r = cpu_wrmsr(&cpu, t[i].msr, t[i].val);
		if (!t[i].ok) {
			expect_fault("wrmsr", r, 13, 0);
			continue;
		}
		expect(!r && !cpu_rdmsr(&cpu, t[i].msr, &val) &&
		       val == t[i].back, "msr", "%x: %llx", t[i].msr, val);
	}
	for (u32 i = 0; i < ARRAY_SIZE(absent); i++) {
		fake_flat(0);
		expect_fault("absent", cpu_rdmsr(&cpu, absent[i], &val), 13, 0);
		expect_fault("absent", cpu_wrmsr(&cpu, absent[i], 0), 13, 0);
	}
	/* AMD's for AMD guests only. */
	shared.cpuid[0].ebx = 0x68747541;
	expect(!cpu_rdmsr(&cpu, 0xc0010015, &val) &&
	       !cpu_rdmsr(&cpu, 0xc0011029, &val) && val == 2, "amd", "absent");
	fake_flat(0);
	shared.host_caps = 0;
	expect_fault("no SEP", cpu_rdmsr(&cpu, 0x174, &val), 13, 0);
	expect_fault("no NX", cpu_wrmsr(&cpu, 0xc0000080, 0x800), 13, 0);
	/* Leaf 1 has bits where a leaf that is absent would have NX, RDTSCP. */
	fake_flat(0);
	shared.ncpuid = 2;
	expect_fault("no leaf", cpu_wrmsr(&cpu, 0xc0000103, 1), 13, 0);
	fake_flat(3);
	expect_fault("cpl 3", cpu_rdmsr(&cpu, 0x10, &val), 13, 0);
	/* The counter goes on from what is written. */
	fake_flat(0);
	cpu_wrmsr(&cpu, 0x10, 1000000);
	val = cpu_rdtsc(&cpu);
	expect(val >= 1000000 && val < 1001000, "tsc", "%llu", val);
	done("msrs");
}

/* A table that claims everything must not get through. */
static void cpuid(void)
{
	static const struct {
		u32 leaf;
		int reg;
		u32 never;
		const char *what;
	} t[] = {
		{ 1, 3, 1 << 1, "VME" },
		{ 1, 2, 1 << 3, "MONITOR" },
		{ 1, 2, 1 << 5, "VMX" },
		{ 1, 2, 1 << 17, "PCID" },
		{ 1, 2, 1 << 21, "x2APIC" },
		{ 1, 2, 1 << 26 | 1 << 27 | 1 << 28, "XSAVE OSXSAVE AVX" },
		{ 7, 1, 1 << 0, "FSGSBASE" },
		{ 7, 1, 1 << 4 | 1 << 11, "HLE RTM" },
		{ 7, 1, 1 << 7 | 1 << 20, "SMEP SMAP" },
		{ 7, 1, 1 << 3 | 1 << 5 | 1 << 8 | 1 << 16, "BMI AVX" },
		{ 7, 2, ~0U, "UMIP, PKU, ..." },
		{ 0x80000001, 3, 1 << 29, "LM" },
		{ 0x80000001, 3, 1 << 11, "SYSCALL" },
		{ 0x80000001, 3, 1 << 27, "RDTSCP" },
		{ 0xd, 0, ~0U, "XSAVE leaf" },
		{ 0xa, 0, ~0U, "counters" },
	};
	u32 out[4];

	fake_flat(0);
	shared.cpuid[4] = (struct vmbt_cpuid){
		.function = 7, .eax = ~0U, .ebx = ~0U, .ecx = ~0U, .edx = ~0U,
	};
	shared.cpuid[5] = (struct vmbt_cpuid){ .function = 0xd, .eax = ~0U };
	shared.cpuid[6] = (struct vmbt_cpuid){ .function = 0xa, .eax = ~0U };
	shared.ncpuid = 7;
	for (u32 i = 0; i < ARRAY_SIZE(t); i++) {
		cpu_cpuid(&cpu, t[i].leaf, 0, out);
		expect(!(out[t[i].reg] & t[i].never), t[i].what, "offered");
	}
	cpu_cpuid(&cpu, 1, 0, out);
	expect(out[0] == 0x633 && (out[3] & 1 << 11) && (out[3] & 1 << 9) &&
	       (out[3] & 1 << 24), "leaf 1", "%x %x", out[0], out[3]);
	g->apic_base &= ~0x800ULL;
	shared.host_caps = 0;
	cpu_cpuid(&cpu, 1, 0, out);
	expect(!(out[3] & 1 << 11) && !(out[3] & 1 << 9), "SEP, APIC", "%x",
	       out[3]);
	cpu_cpuid(&cpu, 0x80000001, 0, out);
	expect(!(out[3] & 1 << 20), "NX", "%x", out[3]);
	/* Beyond the last: the last basic leaf (SDM vol. 2, CPUID). */
	cpu_cpuid(&cpu, 0x123, 0, out);
	expect(out[0] == 0x633, "beyond", "%x", out[0]);
	/* A count that is not one must not be believed. */
	shared.ncpuid = ~0U;
	cpu_cpuid(&cpu, 0x7777, 3, out);
	shared.ncpuid = 0;
	cpu_cpuid(&cpu, 1, 0, out);
	expect(!out[0] && !out[3], "empty", "%x", out[0]);
	/* Sub-leaves are told apart where the table says so. */
	shared.cpuid[0] = (struct vmbt_cpuid){ .function = 4, .index = 0,
					       .flags = 1, .eax = 11 };
	shared.cpuid[1] = (struct vmbt_cpuid){ .function = 4, .index = 1,
					       .flags = 1, .eax = 22 };
	shared.ncpuid = 2;
	cpu_cpuid(&cpu, 4, 1, out);
	expect(out[0] == 22, "index", "%u", out[0]);
	cpu_cpuid(&cpu, 4, 2, out);
	expect(!out[0], "no index", "%u", out[0]);
	done("cpuid");
}

/* SDM vol. 3, table 10-1. */
static void reset(void)
{
	fake_reset();
	expect(g->eip == 0xfff0 && g->seg[VMBT_CS].sel == 0xf000 &&
	       g->seg[VMBT_CS].base == 0xffff0000 &&
	       g->seg[VMBT_CS].limit == 0xffff, "cs:eip", "%x", g->eip);
	expect(g->eflags == 2 && g->cr0 == 0x60000010 && !g->cr2 && !g->cr3 &&
	       !g->cr4, "control", "cr0 %x", g->cr0);
	expect(g->gpr[VMBT_EDX] == 0x633 && !g->gpr[VMBT_EAX], "edx", "%x",
	       g->gpr[VMBT_EDX]);
	expect(g->dr[6] == 0xffff0ff0 && g->dr[7] == 0x400, "debug", "%x %x",
	       g->dr[6], g->dr[7]);
	expect(g->gdtr.limit == 0xffff && !g->gdtr.base &&
	       g->idtr.limit == 0xffff && !g->idtr.base, "tables", "wrong");
	expect(g->seg[VMBT_DS].limit == 0xffff && !g->seg[VMBT_DS].base, "ds",
	       "wrong");
	expect(g->pat == 0x0007040600070406ULL && g->apic_base == 0xfee00900 &&
	       !g->efer, "msrs", "pat %llx", g->pat);
	done("reset");
}

int main(void)
{
	cr0();
	cr4();
	dr();
	msrs();
	cpuid();
	reset();
	return test_status();
}
