// SPDX-License-Identifier: GPL-2.0
/*
 * Control registers, MSRs, SYSENTER and SYSEXIT, RDTSC.
 *
 * SDM vol. 3, 2.5 (control registers), 2.2.1 (EFER), vol. 2 for MOV CR, LMSW,
 * RDMSR, WRMSR, SYSENTER, SYSEXIT, RDTSC; vol. 4 for the MSRs. What a CPU that
 * believes in nonsense does not outlive comes last.
 */
#include "system.h"

HOST_HALF(.chips = false);

#ifdef SYSTEM_GUEST

#define MSR_SYSENTER_CS		0x174u
#define MSR_SYSENTER_ESP	0x175u
#define MSR_SYSENTER_EIP	0x176u
#define MSR_PAT			0x277u

CODE(cr0_write, "", "movl %ebx, %cr0");
CODE(cr4_write, "", "movl %ebx, %cr4");
CODE(cr0_read, "", "movl %cr0, %eax");
CODE(lmsw_, "", "lmsw %bx");
CODE(cr1_read, "", ".byte 0x0f, 0x20, 0xc8");
CODE(cr5_read, "", ".byte 0x0f, 0x20, 0xe8");
CODE(cr6_write, "", ".byte 0x0f, 0x22, 0xf0");
CODE(cr0_mod0, "", ".byte 0x0f, 0x20, 0x00");
CODE(msr_read, "", "rdmsr");
CODE(msr_write, "", "wrmsr");
CODE(tsc_read, "", "rdtsc");

static void write_control(struct cpu *c, const u8 *code, u32 v)
{
	cpu_init(c, 0, code);
	c->ebx = v;
	run(c);
}

static void registers(void)
{
	const u32 old = read_cr0();
	struct cpu c;
	u32 bits;

	/* ET is fixed; CD and NW are kept. */
	write_control(&c, cr0_write, old & ~CR0_ET);
	name("cr0/et");
	expect_end(&c);
	expect("value", read_cr0() & CR0_ET, CR0_ET);
	for (bits = 0; bits < 16; bits++) {
		u32 v = (old & ~(CR0_MP | CR0_EM | CR0_TS | CR0_NE)) | (bits & 7) << 1 |
			(bits & 8 ? CR0_NE : 0);

		write_control(&c, cr0_write, v);
		name("cr0/bits-%x", bits);
		expect("value", read_cr0(), v);
	}
	write_cr0(old);
	write_control(&c, cr0_write, old | 0x40000000);
	name("cr0/cd");
	expect("value", read_cr0(), old | 0x40000000);
	write_cr0(old);
	/* LMSW sets PE, MP, EM and TS, and never clears PE. */
	for (bits = 0; bits < 16; bits++) {
		write_control(&c, lmsw_, bits | 0xfff0);
		name("lmsw/%x", bits);
		expect_end(&c);
		expect("value", read_cr0(), (old & ~0xeu) | bits | 1);
		write_cr0(old);
	}
	name("cr1");
	run_code(&c, 0, cr1_read);
	expect_trap(&c, UD, 0, cr1_read_at);
	name("cr5");
	run_code(&c, 0, cr5_read);
	expect_trap(&c, UD, 0, cr5_read_at);
	name("cr6");
	run_code(&c, 0, cr6_write);
	expect_trap(&c, UD, 0, cr6_write_at);
	/* The mod field of MOV CR is ignored. */
	name("cr0/mod");
	run_code(&c, 0, cr0_mod0);
	expect_end(&c);
	expect("eax", c.eax, old);
	name("cr2");
	write_cr2(0xdeadbeef);
	expect("value", read_cr2(), 0xdeadbeef);
}

static void msr(struct cpu *c, const u8 *code, u32 nr, u32 lo, u32 hi)
{
	cpu_init(c, 0, code);
	c->ecx = nr;
	c->eax = lo;
	c->edx = hi;
	run(c);
}

static void msrs(void)
{
	u32 r[4], i;
	struct cpu c;

	cpuid(1, r);
	name("msr/unknown-read");
	msr(&c, msr_read, 0x7fff1234, 0, 0);
	expect_trap(&c, GP, 0, msr_read_at);
	name("msr/unknown-write");
	msr(&c, msr_write, 0x7fff1234, 0, 0);
	expect_trap(&c, GP, 0, msr_write_at);
	name("msr/efer-reserved");
	msr(&c, msr_write, MSR_EFER, 2, 0);
	expect_trap(&c, GP, 0, msr_write_at);
	name("msr/efer-high");
	msr(&c, msr_write, MSR_EFER, 0, 1);
	expect_trap(&c, GP, 0, msr_write_at);
	if (has_nx()) {
		name("msr/nxe");
		msr(&c, msr_write, MSR_EFER, EFER_NXE, 0);
		expect_end(&c);
		expect("value", rdmsr(MSR_EFER), EFER_NXE);
		wrmsr(MSR_EFER, 0);
	}
	if (r[3] >> 11 & 1)
		for (i = MSR_SYSENTER_CS; i <= MSR_SYSENTER_EIP; i++) {
			name("msr/sysenter-%x", i);
			msr(&c, msr_write, i, 0x1238, 0);
			expect_end(&c);
			msr(&c, msr_read, i, 0, 0x55);
			expect("low", c.eax, 0x1238);
			expect("high", c.edx, 0);
			wrmsr(i, 0);
		}
	if (r[3] >> 16 & 1) {
		u64 pat = rdmsr(MSR_PAT);

		/* Types 2, 3 and 8 and up do not exist. Vol. 3, 12.12.2. */
		name("msr/pat-reserved");
		msr(&c, msr_write, MSR_PAT, 0x02, 0);
		expect_trap(&c, GP, 0, msr_write_at);
		name("msr/pat-reserved-high");
		msr(&c, msr_write, MSR_PAT, 0, 0x08000000);
		expect_trap(&c, GP, 0, msr_write_at);
		name("msr/pat");
		msr(&c, msr_write, MSR_PAT, 0x07060504, 0x00010407);
		expect_end(&c);
		expect("low", rdmsr(MSR_PAT), 0x07060504);
		wrmsr(MSR_PAT, pat);
	}
}

/* SYSENTER and SYSEXIT, where CPUID has them. */

CODE(enter, "movl $0x11111111, %ecx", "sysenter");
CODE(entered, "movl %cs, %eax; movl %ss, %ebx; pushfl; popl %esi", "nop");
CODE(leave_, "", "sysexit");
CODE(left, "movl %cs, %eax; movl %ss, %ebx; pushfl; popl %esi", "nop");
/* With interrupts on, as kernels leave: STI's shadow ends behind SYSEXIT. */
CODE(leave_on, "sti", "sysexit");
CODE(leave_off, "cli", "sysexit");

/* Ring 3 with interrupts on: it may run directly, and then be gone back to so. */
static void at_ring3(void)
{
	struct cpu c;

	cpu_init(&c, 3, tsc_read);
	c.eflags |= FL_IF;
	run(&c);
}

/* There and back often, so that it is done in whatever way it may be done. */
static void exits(void)
{
	static const u32 flags[] = { 0, FL_CF, FL_ZF | FL_OF, FL_DF, FL_CF | FL_IOPL };
	const u64 code3 = gdt[SEL_CODE3 >> 3], data3 = gdt[SEL_DATA3 >> 3];
	static const struct {
		const char *name;
		u64 code, data;
	} of[] = {
		{ "flat" },
		/* No table is looked at. */
		{ "limit", .code = 0x00c0fb000000ffff }, { "16-bit", .code = 0x008ffb000000ffff },
		{ "base", .code = 0x00cffb010000ffff }, { "gone", .code = 1 },
		{ "stack", .data = 0x00c0f3000000ffff }, { "no-stack", .data = 1 },
	};
	struct cpu c;
	u32 i, f, n;

	for (i = 0; i < sizeof(of) / sizeof(*of); i++)
		for (f = 0; f < 2 * sizeof(flags) / sizeof(*flags); f++) {
			const u32 fl = flags[f / 2] | (f & 1 ? FL_IF : 0);

			sweep_begin("sysexit/%s/%s/%x", read_cr0() >> 31 ? "paged" : "unpaged",
				    of[i].name, fl);
			for (n = 0; n < 20; n++) {
				/* While the tables are as they should be. */
				at_ring3();
				if (of[i].code)
					gdt_set(SEL_CODE3, of[i].code);
				if (of[i].data)
					gdt_set(SEL_DATA3, of[i].data);
				cpu_init(&c, 0, f & 1 ? leave_on : leave_off);
				c.eflags |= flags[f / 2];
				c.edx = (u32)left;
				c.ecx = (u32)stack3 + 4096;
				c.edi = 0x12345678;
				c.ebp = 0x87654321;
				run(&c);
				if (i) {
					gdt_set(SEL_CODE3, code3);
					gdt_set(SEL_DATA3, data3);
				}
				sweep(c.vector == 0x40 && c.eip == (u32)left_next + 2,
				      "%u: ended by %x at %x", n, c.vector, c.eip);
				sweep((c.eax & 0xffff) == SEL_CODE0 + 16 + 3 &&
				      (c.ebx & 0xffff) == SEL_CODE0 + 24 + 3,
				      "%u: cs %x, ss %x", n, c.eax, c.ebx);
				sweep(c.esi == (FL_ONE | fl), "%u: flags %x", n, c.esi);
				sweep(c.esp == (u32)stack3 + 4096 && c.ecx == c.esp &&
				      c.edx == (u32)left && c.edi == 0x12345678 &&
				      c.ebp == 0x87654321, "%u: esp %x, ebp %x", n, c.esp, c.ebp);
			}
			sweep_end();
		}
	/* Where it goes follows the MSR at once. */
	sweep_begin("sysexit/%s/msr", read_cr0() >> 31 ? "paged" : "unpaged");
	for (n = 0; n < 20; n++) {
		at_ring3();
		gdt_set(SEL_TEST + 8, code3);
		gdt_set(SEL_TEST + 16, data3);
		wrmsr(MSR_SYSENTER_CS, n & 1 ? SEL_TEST - 8 : SEL_CODE0);
		cpu_init(&c, 0, leave_on);
		c.edx = (u32)left;
		c.ecx = (u32)stack3 + 4096;
		run(&c);
		sweep((c.eax & 0xffff) == (n & 1 ? SEL_TEST + 8 : SEL_CODE0 + 16) + 3,
		      "%u: cs %x", n, c.eax);
	}
	sweep_end();
	wrmsr(MSR_SYSENTER_CS, SEL_CODE0);
}

/*
 * vmbt executes user code directly only where that can't write the GDT unseen, and lets
 * the kernel go there on its own where it can see the whole of a small GDT itself.
 */
static void gdt_protected(void (*f)(void))
{
	u32 cr3 = paging_identity(PAGING_32);

	paging_protect(PAGING_32, cr3);
	paging_on(PAGING_32, cr3);
	load_gdt(32 * 8 - 1);
	f();
	load_gdt(GDT_ENTRIES * 8 - 1);
	paging_off();
}

static void system_calls(void)
{
	u32 r[4], ring;
	struct cpu c;

	cpuid(1, r);
	if (!(r[3] >> 11 & 1)) {
		skip("sysenter", "no SEP");
		return;
	}
	for (ring = 0; ring <= 3; ring += 3) {
		wrmsr(MSR_SYSENTER_CS, 0);
		name("sysenter/null/ring%u", ring);
		run_code(&c, ring, enter);
		expect_trap(&c, GP, 0, enter_at);
		/* CS and SS without a look at any table, flat, IF clear. */
		wrmsr(MSR_SYSENTER_CS, SEL_CODE0);
		wrmsr(MSR_SYSENTER_EIP, (u32)entered);
		wrmsr(MSR_SYSENTER_ESP, (u32)trap_stack + 4096);
		name("sysenter/enter/ring%u", ring);
		cpu_init(&c, ring, enter);
		c.eflags |= FL_IF | FL_CF | FL_NT;
		run(&c);
		expect_end(&c);
		expect("eip", c.eip, (u32)entered_next + 2);
		expect("esp", c.esp, (u32)trap_stack + 4096);
		expect("cs", c.eax & 0xffff, SEL_CODE0);
		expect("ss", c.ebx & 0xffff, SEL_CODE0 + 8);
		expect("flags", c.esi, FL_ONE | FL_CF | FL_NT);
		expect("ecx", c.ecx, 0x11111111);
	}
	/* SYSEXIT: CS + 16 and CS + 24 at ring 3. Ours are at 18h and 20h. */
	name("sysexit/leave");
	cpu_init(&c, 0, leave_);
	c.edx = (u32)left;
	c.ecx = (u32)stack3 + 4096;
	run(&c);
	expect_end(&c);
	expect("cs", c.cs, SEL_CODE0 + 16 + 3);
	expect("ss", c.ss, SEL_CODE0 + 24 + 3);
	expect("esp", c.esp, (u32)stack3 + 4096);
	expect("eip", c.eip, (u32)left_next + 2);
	exits();
	gdt_protected(exits);
	name("sysexit/ring3");
	run_code(&c, 3, leave_);
	expect_trap(&c, GP, 0, leave__at);
	wrmsr(MSR_SYSENTER_CS, 0);
	name("sysexit/null");
	run_code(&c, 0, leave_);
	expect_trap(&c, GP, 0, leave__at);
}

/* IRET to ring 3 from a kernel that has the same IOPL as what it goes to. */
#define FRAME	"pushl $0x23; pushl %ecx; pushl %ebx; pushl $0x1b; pushl %edx"
CODE(to_ring3, "pushl %ebx; popfl; " FRAME, "iretl");
CODE(with_iopl, "pushfl; popl %esi", "nop");

static void same_iopl(void)
{
	struct cpu c;
	u32 n, l;

	sweep_begin("iret/iopl");
	for (n = 0; n < 40; n++) {
		l = n * 3 & 3;
		at_ring3();
		cpu_init(&c, 0, to_ring3);
		c.ebx = FL_ONE | FL_IF | l << 12;
		c.ecx = (u32)stack3 + 4096;
		c.edx = (u32)with_iopl;
		run(&c);
		sweep(c.vector == 0x40 && c.esi == c.ebx, "%u: flags %x instead of %x", n,
		      c.esi, c.ebx);
	}
	sweep_end();
}

static void time_stamp(void)
{
	const u32 old = read_cr4();
	struct cpu c;
	u32 ring, tsd, n;
	u64 last = 0;

	for (tsd = 0; tsd < 2; tsd++)
		for (ring = 0; ring <= 3; ring += 3) {
			write_cr4(tsd ? old | CR4_TSD : old & ~CR4_TSD);
			name("rdtsc/tsd%u/ring%u", tsd, ring);
			run_code(&c, ring, tsc_read);
			if (tsd && ring)
				expect_trap(&c, GP, 0, tsc_read_at);
			else
				expect_end(&c);
		}
	write_cr4(old);
	sweep_begin("rdtsc/forwards");
	for (n = 0; n < 200; n++) {
		u64 now;

		run_code(&c, n & 1 ? 3 : 0, tsc_read);
		now = (u64)c.edx << 32 | c.eax;
		sweep(now > last, "%u: %x after %x", n, (u32)now, (u32)last);
		last = now;
	}
	sweep_end();
}

static void nonsense(void)
{
	const u32 old0 = read_cr0(), old4 = read_cr4();
	static const u32 reserved[] = { 15, 28, 29, 30, 31 };
	struct cpu c;
	u32 i;

	name("cr0/nw-without-cd");
	write_control(&c, cr0_write, (old0 & ~0x40000000u) | 0x20000000);
	expect_trap(&c, GP, 0, cr0_write_at);
	write_cr0(old0);
	for (i = 0; i < ARRAY_SIZE(reserved); i++) {
		name("cr4/reserved-%u", reserved[i]);
		write_control(&c, cr4_write, old4 | 1u << reserved[i]);
		expect_trap(&c, GP, 0, cr4_write_at);
		expect("value", read_cr4(), old4);
	}
	name("cr0/pg-without-pe");
	write_control(&c, cr0_write, CR0_PG | CR0_ET);
	expect_trap(&c, GP, 0, cr0_write_at);
	expect("value", read_cr0(), old0);
}

void guest_main(void)
{
	registers();
	msrs();
	system_calls();
	gdt_protected(same_iopl);
	time_stamp();
	nonsense();
}
#endif
