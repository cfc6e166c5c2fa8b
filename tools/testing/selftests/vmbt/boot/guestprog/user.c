// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions that user mode may not use, or that behave differently there,
 * and ordinary ones for their results and flags. Under vmbt a process runs
 * them directly: what the CPU does at ring 3 must be what it would do under
 * the guest's own tables.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define RUN(s, gpr)	run_bytes(s, sizeof(s) - 1, gpr)

/*
 * Not in the list, because QEMU has its own opinion: MOV of a control register
 * that does not exist (#UD by the manual, #GP there), XSETBV (#UD while
 * CR4.OSXSAVE is clear, #GP there if CPUID has XSAVE), 8F /1 and C6 /1, which
 * it executes, and IRET to an image with VM set, which there enters
 * virtual-8086 mode from ring 3.
 */
void test_privileged(void)
{
	static const struct {
		const char *tag, *code;
		size_t len;
	} list[] = {
#define I(tag, s)	{ tag, s, sizeof(s) - 1 }
		I("hlt", "\xf4"), I("cli", "\xfa"), I("sti", "\xfb"), I("clts", "\x0f\x06"),
		I("invd", "\x0f\x08"), I("wbinvd", "\x0f\x09"), I("lgdt", "\x0f\x01\x12"),
		I("lidt", "\x0f\x01\x1a"), I("lmsw", "\x0f\x01\xf0"), I("invlpg", "\x0f\x01\x3a"),
		I("lldt", "\x0f\x00\xd0"), I("ltr", "\x0f\x00\xd8"), I("from cr0", "\x0f\x20\xc0"),
		I("to cr0", "\x0f\x22\xc0"), I("from cr2", "\x0f\x20\xd0"),
		I("from cr3", "\x0f\x20\xd8"), I("to cr3", "\x0f\x22\xd8"),
		I("from cr4", "\x0f\x20\xe0"),
		I("from dr0", "\x0f\x21\xc0"), I("to dr0", "\x0f\x23\xc0"),
		I("from dr6", "\x0f\x21\xf0"), I("to dr7", "\x0f\x23\xf8"),
		I("rdmsr", "\x0f\x32"), I("wrmsr", "\x0f\x30"), I("rsm", "\x0f\xaa"),
		I("sysexit", "\x0f\x35"), I("sysret", "\x0f\x07"),
		I("swapgs", "\x0f\x01\xf8"), I("vmcall", "\x0f\x01\xc1"),
		I("vmlaunch", "\x0f\x01\xc2"), I("vmptrld", "\x0f\xc7\x32"),
		I("monitor", "\x0f\x01\xc8"), I("mwait", "\x0f\x01\xc9"), I("clac", "\x0f\x01\xca"),
		I("stac", "\x0f\x01\xcb"), I("skinit", "\x0f\x01\xde"), I("clgi", "\x0f\x01\xdd"),
		I("ud2", "\x0f\x0b"), I("ud1", "\x0f\xb9\xc0"), I("ud0", "\x0f\xff\xc0"),
		I("undefined 0f04", "\x0f\x04"), I("undefined 0f0a", "\x0f\x0a"),
		I("undefined 0fa6", "\x0f\xa6\xc8"), I("undefined ff/7", "\xff\xf8"),
		I("undefined fe/2", "\xfe\xd0"),
		I("mov to cs", "\x8e\xc8"),
		I("mov to sreg 6", "\x8e\xf0"), I("mov from sreg 7", "\x8c\xf8"),
		I("lea of a register", "\x8d\xc0"), I("lds of a register", "\xc5\xc0\x90\x90\x90"),
		I("lock nop", "\xf0\x90"), I("lock of a register", "\xf0\x01\xc0"),
		I("lock mov", "\xf0\x89\x02"), I("lock cmp", "\xf0\x39\x02"),
		I("lock inc", "\xf0\xff\x02"), I("lock cmpxchg8b reg", "\xf0\x0f\xc7\xc8"),
		I("15 bytes", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90"),
		I("16 bytes", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90"),
		I("far call through a register", "\xff\xd8"),
		I("far jmp to null", "\xea\x00\x00\x00\x00\x00\x00"),
		I("far call to kernel code", "\x9a\x00\x00\x00\x00\x60\x00"),
		I("far call to kernel data", "\x9a\x00\x00\x00\x00\x68\x00"),
		I("far call to the TSS", "\x9a\x00\x00\x00\x00\x80\x00"),
		I("pop null to ss", "\x6a\x00\x17"), I("pop kernel ss", "\x6a\x68\x17"),
		I("pop kernel ds", "\x6a\x68\x1f"), I("pop code to ss", "\x6a\x73\x17"),
		I("lret to kernel", "\x6a\x60\x6a\x00\xcb"),
		I("iret to kernel", "\x9c\x6a\x60\x6a\x00\xcf"),
		I("iret to null", "\x9c\x6a\x00\x6a\x00\xcf"),
		I("iret with NT", "\x9c\x81\x0c\x24\x00\x40\x00\x00\x9d\x9c\x6a\x73\x6a\x00\xcf"),
		I("enter 31", "\xc8\x10\x00\x1f\xc9"),
#undef I
	};
	__u32 *p = map_at(DATA_AT, PAGE, PROT_READ | PROT_WRITE);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		__u32 gpr[8] = { [EDX] = DATA_AT, [ECX] = 0x10, [EBP] = DATA_AT + 0x800,
				 [EAX] = 0x20000040 };
		struct trap t;

		if (list[i].code[0] == '\xff' || list[i].code[0] == '\x8e')
			gpr[EAX] = 0x23;
		p[0] = 0x1234;
		t = run_bytes(list[i].code, list[i].len, gpr);
		dtrap(list[i].tag, &t);
		d("memory", p[0]);
	}
	must(RUN("\xfa", NULL).trapno == 13, "CLI");
	must(RUN("\x0f\x0b", NULL).trapno == 6, "UD2");
	must(RUN("\xf4", NULL).trapno == 13, "HLT");
}

static __u32 after_popf(__u32 want)
{
	__u32 got;

	asm volatile("pushfl\n\tpushl %1\n\tpopfl\n\tpushfl\n\tpopl %0\n\tpopfl"
		     : "=r"(got) : "r"(want) : "cc", "memory");
	return got;
}

void test_flags(void)
{
	__u32 bit, got;

	for (bit = 1; bit; bit <<= 1) {
		/* TF would trap, DF and AC are put back by the last POPF. */
		if (bit == 0x100)
			continue;
		got = after_popf(bit);
		d("popf", got);
		must((got & 0x203202) == 0x202 || (bit == 0x200000 && (got & 0x3202) == 0x202),
		     "IF stays set and IOPL 0, whatever POPF loads");
	}
	must((after_popf(0xffffffff & ~0x100u) & 0x23200) == 0x200, "POPF of all ones");
	d("ones", after_popf(~0x100u));
	d("zero", after_popf(0));
	/* With an operand of 16 bits, the high half stays. */
	asm volatile("pushfl\n\tpushw $0x4cd5\n\tpopfw\n\tpushfl\n\tpopl %0\n\tpopfl"
		     : "=r"(got) : : "cc", "memory");
	d("popfw", got);
	asm volatile("movb $0xd5, %%ah\n\tsahf\n\tlahf\n\tmovl %%eax, %0"
		     : "=r"(got) : : "eax", "cc");
	d("lahf", got & 0xff00);
	for (bit = 0; bit < 2000; bit++) {
		/* In the middle of everything: IF and IOPL never change. */
		asm volatile("pushfl\n\tpopl %0" : "=r"(got));
		if ((got & 0x3200) != 0x200)
			break;
	}
	must(bit == 2000, "PUSHF shows IF set and IOPL 0");
}

void test_tables(void)
{
	struct {
		__u16 limit;
		__u32 base;
	} __attribute__((packed)) gdt = { 0 }, idt = { 0 };
	__u32 ldt = -1, tr = -1, msw = -1;

	traps_on();
	asm volatile("sgdt %0" : "=m"(gdt));
	asm volatile("sidt %0" : "=m"(idt));
	asm volatile("sldt %0" : "=r"(ldt));
	asm volatile("str %0" : "=r"(tr));
	asm volatile("smsw %0" : "=r"(msw));
	d("gdt limit", gdt.limit);
	d("idt limit", idt.limit);
	d("gdt base", gdt.base);
	d("idt base", idt.base);
	d("ldt", ldt & 0xffff);
	d("tr", tr & 0xffff);
	d("msw", msw & 0xffff);
	must((msw & 1) == 1, "SMSW shows protected mode");
}

#define SCRATCH	0x3ff	/* the scratch register of the first UART */

void test_ports(void)
{
	static const struct {
		const char *tag, *code;
		size_t len;
	} list[] = {
		{ "inb dx", "\xec", 1 }, { "inw dx", "\x66\xed", 2 }, { "inl dx", "\xed", 1 },
		{ "outb dx", "\xee", 1 }, { "outw dx", "\x66\xef", 2 }, { "outl dx", "\xef", 1 },
		{ "insb", "\x6c", 1 }, { "insl", "\x6d", 1 }, { "outsb", "\x6e", 1 },
		{ "rep outsb", "\xf3\x6e", 2 }, { "inb imm", "\xe4\x80", 2 },
		{ "outb imm", "\xe6\x80", 2 },
	};
	__u32 gpr[8], i;
	struct trap t;

	map_at(DATA_AT, PAGE, PROT_READ | PROT_WRITE);
	for (i = 0; i < ARRAY_SIZE(list); i++) {
		memset(gpr, 0, sizeof(gpr));
		gpr[EDX] = SCRATCH;
		gpr[ESI] = DATA_AT;
		gpr[EDI] = DATA_AT;
		gpr[ECX] = 2;
		t = run_bytes(list[i].code, list[i].len, gpr);
		must(t.sig == SIGSEGV && t.trapno == 13 && !t.err, "a port without permission");
		dtrap(list[i].tag, &t);
	}
	if (ioperm(SCRATCH, 1, 1)) {
		d("ioperm", errno);
		return;
	}
	for (i = 0; i < 40; i++) {
		/* out, then something else into AL, then in */
		memset(gpr, 0, sizeof(gpr));
		gpr[EDX] = SCRATCH;
		gpr[EAX] = i * 7 % 256;
		t = RUN("\xee\x30\xc0\xec", gpr);
		must(!t.sig && gpr[EAX] == i * 7 % 256, "a port with permission");
	}
	gpr[EDX] = SCRATCH - 1;
	t = RUN("\xec", gpr);
	must(t.sig == SIGSEGV, "the port beside it");
	gpr[EDX] = SCRATCH;
	t = RUN("\x66\xed", gpr);
	must(t.sig == SIGSEGV, "two ports, of which one is permitted");
	*(__u8 *)DATA_AT = 0x5b;
	memset(gpr, 0, sizeof(gpr));
	gpr[EDX] = SCRATCH;
	gpr[ESI] = DATA_AT;
	gpr[EDI] = DATA_AT + 8;
	gpr[ECX] = 1;
	t = RUN("\x6e\xf3\x6c", gpr);
	must(!t.sig && *(__u8 *)(DATA_AT + 8) == 0x5b, "OUTS and INS with permission");
	d("esi", gpr[ESI]);
	d("edi", gpr[EDI]);
	ioperm(SCRATCH, 1, 0);
	gpr[EDX] = SCRATCH;
	must(RUN("\xec", gpr).sig == SIGSEGV, "permission taken back");
	/* Linux's IOPL 3 gives ports, but neither CLI nor POPF of IF. */
	must(!iopl(3), "iopl(3)");
	gpr[EDX] = SCRATCH;
	gpr[EAX] = 0x42;
	t = RUN("\xee\xec", gpr);
	must(!t.sig && (gpr[EAX] & 0xff) == 0x42, "a port with IOPL 3");
	t = RUN("\xfa", gpr);
	dtrap("cli", &t);
	iopl(0);
}

void test_syscalls(void)
{
	__u32 vdso = 0, i, gpr[8];
	struct timespec a, b;
	struct trap t;
	__u32 tsc[2][2];

	vdso = getauxval(AT_SYSINFO);
	d("has vdso", !!vdso);
	traps_on();
	for (i = 0; i < 200; i++) {
		memset(gpr, 0, sizeof(gpr));
		gpr[EAX] = SYS_getpid;
		gpr[EBX] = 0x11111111;
		gpr[ECX] = 0x22222222;
		gpr[EDX] = 0x33333333;
		gpr[ESI] = 0x44444444;
		gpr[EDI] = 0x55555555;
		gpr[EBP] = 0x66666666;
		if (i % 2 && vdso)
			t = run_code((void *)vdso, gpr);
		else
			t = RUN("\xcd\x80", gpr);
		must(!t.sig && gpr[EAX] == (__u32)getpid(), "getpid");
		gpr[EAX] = 0;
		dmem("registers", gpr, sizeof(gpr));
	}
	memset(gpr, 0, sizeof(gpr));
	gpr[EAX] = 0xfffff;
	t = RUN("\xcd\x80", gpr);
	must((int)gpr[EAX] == -38, "a system call that does not exist");
	t = RUN("\x0f\x05", gpr);
	dtrap("syscall", &t);
	/* Six arguments, with flags and registers kept. */
	memset(gpr, 0, sizeof(gpr));
	gpr[EAX] = SYS_mmap2;
	gpr[EBX] = DATA_AT;
	gpr[ECX] = PAGE;
	gpr[EDX] = PROT_READ | PROT_WRITE;
	gpr[ESI] = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	gpr[EDI] = -1;
	t = RUN("\xf9\xcd\x80", gpr);
	must(gpr[EAX] == DATA_AT, "a system call with six arguments");
	d("flags", t.flags);
	for (i = 0; i < 50; i++) {
		asm volatile("rdtsc" : "=a"(tsc[0][0]), "=d"(tsc[0][1]));
		clock_gettime(CLOCK_MONOTONIC, &a);
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &b);
		asm volatile("rdtsc" : "=a"(tsc[1][0]), "=d"(tsc[1][1]));
		must(b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec),
		     "time by the vdso and by the kernel goes forward");
		must(tsc[1][1] > tsc[0][1] || (tsc[1][1] == tsc[0][1] && tsc[1][0] > tsc[0][0]),
		     "RDTSC goes forward");
	}
}

#define ALU(op)	do {								\
		__u32 r_ = a, f_;							\
											\
		asm volatile("pushl %3\n\tpopfl\n\t" op "\n\tpushfl\n\tpopl %1"		\
			     : "+a"(r_), "=d"(f_) : "c"(b), "b"(in) : "cc");	\
		d(op, r_);								\
		d("flags", f_ & 0x8d5 & ~undef);					\
	} while (0)

void test_alu(void)
{
	__u32 n, undef;

	for (n = 0; n < 400; n++) {
		__u32 a = random32(), b = random32(), in = 0x202 | (random32() & 0x8d5);

		if (n % 5 == 0)
			b = a;
		undef = 0;
		ALU("addl %%ecx, %%eax"); ALU("adcl %%ecx, %%eax"); ALU("subb %%cl, %%ah");
		ALU("sbbw %%cx, %%ax"); ALU("cmpl %%ecx, %%eax"); ALU("negl %%eax");
		ALU("incb %%al"); ALU("decw %%ax"); ALU("bswapl %%eax"); ALU("daa");
		ALU("das"); ALU("aaa"); ALU("aas"); ALU("cmc"); ALU("sahf"); ALU("lahf");
		ALU("xaddl %%eax, %%eax"); ALU("setbe %%al"); ALU("cmovll %%ecx, %%eax");
		ALU("cwtl"); ALU(".byte 0xd6\n\tmovzbl %%al, %%eax"); ALU("btl %%ecx, %%eax");
		ALU("btcl %%ecx, %%eax");
		undef = 0x10;
		ALU("andl %%ecx, %%eax"); ALU("xorw %%cx, %%ax"); ALU("testb %%cl, %%al");
		ALU("aam"); ALU("aad");
		undef = 0x810;
		ALU("roll %%cl, %%eax"); ALU("rcrl %%cl, %%eax"); ALU("shll %%cl, %%eax");
		ALU("sarw %%cl, %%ax"); ALU("shrdl %%cl, %%ebx, %%eax");
		undef = 0x8d5;
		ALU("imull %%ecx, %%eax"); ALU("bsfl %%ecx, %%eax"); ALU("bsrl %%ecx, %%eax");
		ALU("mull %%ecx\n\txorl %%edx, %%eax");
		ALU("movl $0, %%edx\n\torl $1, %%ecx\n\tdivl %%ecx\n\txorl %%edx, %%eax");
	}
}

void test_strings(void)
{
	static const char *const ops[] = {
		"\xf3\xa4", "\xf3\xa5", "\xf3\xaa", "\xf3\xab", "\xf3\xa6", "\xf2\xa7", "\xf3\xae",
		"\xf2\xaf", "\xf3\xac", "\xa4\x90", "\xa5\x90", "\xa6\x90", "\xae\x90", "\xac\x90",
	};
	__u8 *p = map_at(DATA_AT, 16 * PAGE, PROT_READ | PROT_WRITE);
	__u32 i, n, gpr[8], sum;
	struct trap t;

	for (n = 0; n < 300; n++) {
		const char *op = ops[n % 14];
		__u32 r = random32();
		__u8 code[4] = { r & 1 ? 0xfd : 0xfc, op[0], op[1], 0xfc };

		for (i = 0; i < 2 * PAGE; i++)
			p[3 * PAGE + i] = n % 7 < 3 ? 0x11 : (i * 13 + n) >> 3;
		memset(gpr, 0, sizeof(gpr));
		gpr[EAX] = random32() % 3 ? 0x11111111 : random32();
		gpr[ECX] = r >> 4 & 0x1ff;
		gpr[ESI] = DATA_AT + 4 * PAGE - 200 + (r >> 16 & 0xff);
		gpr[EDI] = DATA_AT + 4 * PAGE - 300 + (r >> 20 & 0x3ff);
		t = run_bytes(code, sizeof(code), gpr);
		must(!t.sig, "a string instruction");
		dmem("registers", gpr, sizeof(gpr));
		d("flags", t.flags);
		for (sum = i = 0; i < 4 * PAGE; i++)
			sum = sum * 31 + p[2 * PAGE + i];
		d("memory", sum);
	}
	/* They stop in the middle at a page that may not be touched. */
	for (n = 0; n < 14; n++) {
		__u8 code[3] = { ops[n][0], ops[n][1], 0x90 };

		map_at(DATA_AT, 16 * PAGE, PROT_READ | PROT_WRITE);
		mprotect(p + 4 * PAGE, PAGE, PROT_NONE);
		memset(gpr, 0, sizeof(gpr));
		gpr[ECX] = 200;
		gpr[ESI] = DATA_AT + 4 * PAGE - 101;
		gpr[EDI] = DATA_AT + 4 * PAGE - 203;
		if (ops[n][0] == '\xf2')
			gpr[EAX] = 1;
		t = run_bytes(code, 3, gpr);
		dmem("registers", gpr, sizeof(gpr));
		dtrap("stopped", &t);
	}
	/* Into pages that come one by one as they are touched. */
	map_at(DATA_AT, 16 * PAGE, PROT_READ | PROT_WRITE);
	memset(gpr, 0, sizeof(gpr));
	gpr[EAX] = 0x12345678;
	gpr[ECX] = 15 * PAGE / 4;
	gpr[EDI] = DATA_AT + 5;
	t = RUN("\xf3\xab", gpr);
	must(!t.sig && !gpr[ECX] && gpr[EDI] == DATA_AT + 5 + 15 * PAGE,
	     "REP STOS over many pages");
	d("last", p[15 * PAGE + 4]);
}
