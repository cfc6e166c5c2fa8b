// SPDX-License-Identifier: GPL-2.0
/*
 * Segments from user mode: TLS that wraps, every selector that can be loaded
 * or asked about, segments of one's own by modify_ldt(), 16-bit code and 16-bit
 * stacks. The monitor has descriptors of its own beside the guest's; here a
 * process looks for them.
 *
 * That accesses beyond a limit fault is looked at only where the CPU enforces
 * limits; QEMU's TCG does not.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define LDT_SEL(n)	((n) * 8 + 7)

static int set_ldt(int entry, __u32 base, __u32 limit, int pages, int bits32, int contents,
		   int readonly, int absent)
{
	struct user_desc u = {
		.entry_number = entry,
		.base_addr = base,
		.limit = limit,
		.seg_32bit = bits32,
		.contents = contents,
		.read_exec_only = readonly,
		.limit_in_pages = pages,
		.seg_not_present = absent,
	};

	return syscall(SYS_modify_ldt, 0x11, &u, sizeof(u));
}

/* mov %ax,%fs; mov %fs:(%edx),%eax */
static struct trap through_fs(__u32 sel, __u32 offset)
{
	__u32 gpr[8] = { [EAX] = sel, [EDX] = offset };

	return run_bytes("\x8e\xe0\x64\x8b\x02", 5, gpr);
}

static bool limits_enforced(void)
{
	must(!set_ldt(9, DATA_AT, 15, 0, 1, 0, 0, 0), "modify_ldt");
	map_at(DATA_AT, PAGE, PROT_READ | PROT_WRITE);
	return through_fs(LDT_SEL(9), 64).sig != 0;
}

void test_tls_wrap(void)
{
	static const __u32 bases[] = { 0xfffff000, 0xf0000000, 0x80000000, 0xffffffff, DATA_AT + 64,
				       0x00001000 };
	__u32 *p = map_at(DATA_AT, PAGE, PROT_READ | PROT_WRITE), sel;
	size_t i;

	for (i = 0; i < 16; i++)
		p[i] = 0x1000 + i;
	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		struct user_desc u = {
			.entry_number = i ? sel / 8 : (__u32)-1,
			.base_addr = bases[i],
			.limit = 0xfffff,
			.seg_32bit = 1,
			.limit_in_pages = 1,
			};
		__u32 gpr[8] = { 0 };
		struct trap t;

		must(!syscall(SYS_set_thread_area, &u), "set_thread_area");
		sel = u.entry_number * 8 + 3;
		t = through_fs(sel, DATA_AT + 20 - bases[i]);
		must(!t.sig && t.gpr[EAX] == 0x1005, "a word through a base that wraps");
		gpr[EAX] = sel;
		gpr[EDX] = DATA_AT + 24 - bases[i];
		gpr[ECX] = 0xabcd0000 + i;
		t = run_bytes("\x8e\xe0\x64\x89\x0a\x64\x87\x0a\x64\xff\x02", 11, gpr);
		must(!t.sig && p[6] == 0xabcd0001 + i, "writes through a base that wraps");
		/* A string instruction with the segment as source. */
		gpr[EAX] = sel;
		gpr[ESI] = DATA_AT - bases[i];
		gpr[EDI] = DATA_AT + 128;
		gpr[ECX] = 16;
		t = run_bytes("\x8e\xe0\x64\xf3\xa5", 5, gpr);
		must(!t.sig && !memcmp(p, p + 32, 64), "REP MOVS through a base that wraps");
		dmem("memory", p, 256);
		/* Behind the wrap there is nothing: the linear address is in CR2. */
		t = through_fs(sel, 0x300 - bases[i]);
		must(t.sig == SIGSEGV && t.cr2 == 0x300, "a fault through a base that wraps");
		dtrap("fault", &t);
	}
}

/* Each selector into each data segment register, CS by a far jump. */
void test_selectors(void)
{
	/* mov %ax,%REG; mov %REG,%ecx, with the register's old value put back. */
	static const struct {
		const char *tag;
		__u8 code[8];
	} loads[] = {
		{ "ds", "\x1e\x8e\xd8\x8c\xd9\x1f" }, { "es", "\x06\x8e\xc0\x8c\xc1\x07" },
		{ "fs", "\x90\x8e\xe0\x8c\xe1\x90" }, { "gs", "\x90\x8e\xe8\x8c\xe9\x90" },
	};
	static const __u32 some[] = {
		0xffff, 0xfffb, 0xfff3, 0xffeb, 0xffe3, 0xffdb, 0xffd3, 0xffcb, 0xffc3, 0xffbb,
		0xff03, 0xfe03, 0xf003, 0x8003, 0x1003, 0x0803, 0x0403, 0x0203,
	};
	__u32 sel;
	size_t i, k;

	must(!set_ldt(3, 0, 0xfffff, 1, 1, 0, 0, 0), "modify_ldt");
	must(!set_ldt(4, 0, 0xfffff, 1, 1, 0, 1, 0), "modify_ldt: read-only");
	must(!set_ldt(5, 0, 0xfffff, 1, 1, 0, 0, 1), "modify_ldt: not present");
	must(!set_ldt(6, 0, 0xfffff, 1, 1, 2, 0, 0), "modify_ldt: code");
	must(!set_ldt(7, 0, 0xfffff, 1, 1, 2, 1, 0), "modify_ldt: execute only");
	for (i = 0; i < ARRAY_SIZE(loads); i++)
		for (sel = 0; sel < 0x140; sel++) {
			__u32 gpr[8] = { [EAX] = sel };
			struct trap t = run_bytes(loads[i].code, 6, gpr);

			d(loads[i].tag, sel);
			/* A null selector's RPL stays or not by the CPU. */
			d("got", t.sig || sel < 4 ? 0 : gpr[ECX] & 0xffff);
			d("error", t.sig ? t.trapno << 16 | t.err : 0);
		}
	for (sel = 0; sel < 0x140; sel++) {
		/* mov %ax,%ss; mov %ss,%ecx; mov %bx,%ss */
		__u32 gpr[8] = { [EAX] = sel };
		struct trap t;

		asm volatile("movl %%ss, %0" : "=r"(gpr[EBX]));
		t = run_bytes("\x8e\xd0\x8c\xd1\x8e\xd3", 6, gpr);
		d("ss", sel);
		d("error", t.sig ? t.trapno << 16 | t.err : gpr[ECX] & 0xffff);
	}
	for (k = 0; k < ARRAY_SIZE(some); k++) {
		struct trap t = through_fs(some[k], DATA_AT);

		d("high", some[k]);
		d("error", t.sig ? t.trapno << 16 | t.err : t.gpr[EAX]);
	}
	for (sel = 0; sel < 0x140; sel++) {
		/* ljmp sel:behind; only segments of base 0 come to the RET there. */
		__u8 far[] = { 0xea, 7, 0, 0, 0x20, sel, sel >> 8 };
		struct trap t;

		t = run_bytes(far, sizeof(far), NULL);
		d("cs", sel);
		d("error", t.sig ? t.trapno << 16 | t.err : 0);
		d("at", t.eip);
	}
}

/*
 * The accessed bit is left out: QEMU does not set it where IRET loads CS, and
 * a monitor's own descriptors have it set from the first load on.
 */
void test_lar(void)
{
	__u32 sel;

	for (sel = 0; sel < 0x400; sel++) {
		__u32 rights = 0, limit = 0, flags;

		asm volatile("larl %2, %0\n\tpushfl\n\tpopl %1"
			     : "+r"(rights), "=r"(flags) : "r"(sel) : "cc");
		d("lar", flags & 0x40 ? rights & ~0x100u : 0);
		asm volatile("lsll %2, %0\n\tpushfl\n\tpopl %1"
			     : "+r"(limit), "=r"(flags) : "r"(sel) : "cc");
		d("lsl", flags & 0x40 ? limit : 1);
		asm volatile("verr %w1\n\tpushfl\n\tpopl %0" : "=r"(flags) : "r"(sel) : "cc");
		d("verr", flags & 0x40);
		asm volatile("verw %w1\n\tpushfl\n\tpopl %0" : "=r"(flags) : "r"(sel) : "cc");
		d("verw", flags & 0x40);
	}
	for (sel = 0xf000; sel < 0x10000; sel++) {
		__u32 rights = 0, flags;

		asm volatile("larl %2, %0\n\tpushfl\n\tpopl %1"
			     : "+r"(rights), "=r"(flags) : "r"(sel) : "cc");
		d("lar", flags & 0x40 ? rights & ~0x100u : 0);
	}
	/* ARPL is a user's instruction, too. */
	for (sel = 0; sel < 16; sel++) {
		__u32 a = sel & 3, flags;

		asm volatile("arpl %w2, %w0\n\tpushfl\n\tpopl %1"
			     : "+r"(a), "=r"(flags) : "r"(sel >> 2) : "cc");
		d("arpl", a << 16 | (flags & 0x40));
	}
}

void test_ldt(void)
{
	__u32 *p = map_at(DATA_AT, 4 * PAGE, PROT_READ | PROT_WRITE), i;
	__u8 back[64];
	bool enforced = limits_enforced();
	struct trap t;
	int status;

	for (i = 0; i < PAGE; i++)
		p[i] = i;
	/* A loaded register keeps what it was loaded with only until a reload. */
	must(!set_ldt(0, DATA_AT, 0xfff, 0, 1, 0, 0, 0), "modify_ldt");
	must(through_fs(LDT_SEL(0), 8).gpr[EAX] == 2, "a segment of one's own");
	must(!set_ldt(0, DATA_AT + PAGE, 0xfff, 0, 1, 0, 0, 0), "modify_ldt");
	must(through_fs(LDT_SEL(0), 8).gpr[EAX] == PAGE / 4 + 2, "a segment that was changed");
	for (i = 0; i < 40; i++) {
		must(!set_ldt(i % 8, DATA_AT + 64 * i, 0xfff, 0, i % 2, 0, i % 3 == 0, 0),
		     "modify_ldt");
		t = through_fs(LDT_SEL(i % 8), 4);
		must(!t.sig && t.gpr[EAX] == 16 * i + 1, "segments that change often");
		if (i % 5 == 0)
			sched_yield();
	}
	/* mov %ax,%fs; mov %eax,%fs:(%edx): a read-only segment. */
	must(!set_ldt(1, DATA_AT, 0xfff, 0, 1, 0, 1, 0), "modify_ldt");
	t = run_bytes("\x8e\xe0\x64\x89\x02", 5, (__u32 [8]) { [EAX] = LDT_SEL(1) });
	d("write to read-only", enforced ? t.sig : 0);
	/* A segment that is not present, through each kind of load. */
	must(!set_ldt(2, DATA_AT, 0xfff, 0, 1, 0, 0, 1), "modify_ldt");
	t = through_fs(LDT_SEL(2), 0);
	must(t.sig && t.trapno == 11 && t.err == (LDT_SEL(2) & ~3u), "a segment not present");
	t = run_bytes("\x8e\xd0", 2, (__u32 [8]) { [EAX] = LDT_SEL(2) });
	must(t.sig && t.trapno == 12 && t.err == (LDT_SEL(2) & ~3u), "a stack not present");
	dtrap("stack not present", &t);
	t = run_bytes("\x0f\xb4\x0a", 3, (__u32 [8]) { [EDX] = DATA_AT + 2 * PAGE });
	dtrap("lfs", &t);
	/* The table as the kernel has it, and a child's copy of it. */
	memset(back, 0, sizeof(back));
	d("read", syscall(SYS_modify_ldt, 0, back, sizeof(back)));
	dmem("table", back, sizeof(back));
	if (!fork()) {
		t = through_fs(LDT_SEL(1), 12);
		_exit(t.sig || t.gpr[EAX] != 3);
	}
	wait(&status);
	must(!status, "a child's segments");
	/* Taken away, with the selector still loaded in a child meanwhile. */
	must(!set_ldt(1, 0, 0, 0, 0, 0, 1, 1), "modify_ldt");
	t = through_fs(LDT_SEL(1), 12);
	d("taken away", t.sig);
	if (enforced) {
		static const struct {
			__u32 base, limit;
			int pages, bits32, contents;
			__u32 good, bad;
		} cases[] = {
			{ DATA_AT, 15, 0, 1, 0, 12, 13 },		/* expand-up */
			{ DATA_AT, 0, 1, 1, 0, 4092, 4093 },
			{ DATA_AT, 15, 0, 0, 1, 16, 12 },		/* expand-down, 64 KiB */
			{ DATA_AT - 0x10000, 0xf, 1, 1, 1, 0x10000, 0xfffc },
		};

		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			must(!set_ldt(3, cases[i].base, cases[i].limit, cases[i].pages,
				      cases[i].bits32, cases[i].contents, 0, 0), "modify_ldt");
			t = through_fs(LDT_SEL(3), cases[i].good);
			must(!t.sig, "within a segment's limit");
			t = through_fs(LDT_SEL(3), cases[i].bad);
			must(t.sig && t.trapno == 13 && !t.err, "beyond a segment's limit");
		}
	}
}

static bool skip_two(struct trap *t, void *ucontext)
{
	ucontext_t *uc = ucontext;

	if (t->sig != SIGILL)
		return false;
	d("cs", t->cs);
	d("ip", t->eip);
	d("flags", t->flags);
	uc->uc_mcontext.gregs[REG_EIP] += 2;
	return true;
}

/* 16-bit code, called by a far call from here, with a signal in the middle. */
void test_code16(void)
{
	static const __u8 code[] = {
		0xb8, 0x34, 0x12,		/* mov $0x1234,%ax */
		0x66, 0xb9, 0x78, 0x56, 0x34, 0x12, /* mov $0x12345678,%ecx */
		0x8b, 0x17,			/* mov (%bx),%dx */
		0x89, 0x47, 0x02,		/* mov %ax,2(%bx) */
		0x0f, 0x0b,			/* ud2 */
		0xe8, 0x04, 0x00,		/* call over the next four bytes */
		0x40,				/* inc %ax */
		0x66, 0xcb,			/* lretl */
		0x90,
		0xc1, 0xe0, 0x04,		/* shl $4,%ax */
		0xe2, 0xfe,			/* loop . (CX of them) */
		0x9c, 0x5e,			/* pushf; pop %si */
		0x83, 0xe6, 0x01,		/* and $1,%si */
		0xc3,				/* ret, 16 bits */
	};
	/* lcall sel:0 from 32-bit code */
	__u8 far[] = { 0x9a, 0, 0, 0, 0, LDT_SEL(0), 0 };
	__u8 *p = map_at(DATA_AT, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	__u32 i;

	memcpy(p, code, sizeof(code));
	must(!set_ldt(0, DATA_AT, 0xffff, 0, 0, 2, 0, 0), "modify_ldt: 16-bit code");
	must(!set_ldt(1, DATA_AT + PAGE, 0xffff, 0, 0, 0, 0, 0), "modify_ldt: 16-bit data");
	at_trap(skip_two);
	for (i = 0; i < 30; i++) {
		__u32 gpr[8] = { [EAX] = 0xaaaa0000, [EBX] = 0xbbbb0000 + i * 8,
				 [EDX] = 0xdddd0000, [ESI] = 0xeeee0000 };
		struct trap t;

		p[PAGE + i * 8] = i;
		/* The offset (%bx) is through DS, of base 0: its page 0 is not there. */
		if (i % 4 == 3) {
			t = run_bytes(far, sizeof(far), gpr);
			must(t.sig == SIGSEGV, "16-bit code at page 0");
			d("at", t.eip);
			d("cr2", t.cr2);
			d("cs", t.cs);
			continue;
		}
		/* mov $sel,%edi; mov %edi,%ds; lcall; push %ss; pop %ds */
		{
			__u8 with_ds[16] = { 0xbf, LDT_SEL(1), 0, 0, 0, 0x8e, 0xdf, };

			memcpy(with_ds + 7, far, 7);
			with_ds[14] = 0x16;
			with_ds[15] = 0x1f;
			t = run_bytes(with_ds, 16, gpr);
		}
		must(!t.sig, "16-bit code");
		/* EDI is its selector, ESP its own. */
		dmem("registers", gpr, sizeof(gpr));
		d("wrote", *(__u16 *)(p + PAGE + i * 8 + 2));
	}
	at_trap(NULL);
}

static int timer_hits;

static void on_timer(int sig)
{
	(void)sig;
	__atomic_add_fetch(&timer_hits, 1, __ATOMIC_SEQ_CST);
}

/*
 * A 16-bit stack: the high half of ESP is not used by pushes, and must be the
 * process's own after every interrupt, though IRET to such a segment restores
 * only the low half: Linux has its ESPFIX for that, and so must a monitor.
 */
void test_stack16(void)
{
	struct sigaction sa = { .sa_handler = on_timer, .sa_flags = SA_ONSTACK };
	struct itimerval every = { { 0, 2000 }, { 0, 2000 } }, none = { { 0, 0 }, { 0, 0 } };
	__u8 *p = map_at(DATA_AT, 16 * PAGE, PROT_READ | PROT_WRITE);
	__u32 bad = 0, i;

	must(!set_ldt(0, DATA_AT, 0xffff, 0, 0, 0, 0, 0), "modify_ldt: 16-bit stack");
	traps_on();
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (i = 0; i < 3000 && __atomic_load_n(&timer_hits, __ATOMIC_SEQ_CST) < 80; i++) {
		__u32 high = random32() & 0xffff0000, after, pushed = random32();
		__u32 popped = pushed;

		asm volatile("movl %%ss, %%ecx\n\tmovl %%esp, %%edi\n\t"
			     "movl %[esp], %%esp\n\tmovl %[sel], %%ss\n\t"
			     "pushl %[value]\n\t"
			     "movl $3000, %%edx\n"
			     "1:	decl %%edx\n\tjnz 1b\n\t"
			     "xorl %[value], %[value]\n\tpopl %[value]\n\t"
			     "movl %%esp, %%edx\n\t"
			     "movl %%edi, %%esp\n\tmovl %%ecx, %%ss"
			     : [value] "+S"(popped), "=&d"(after)
			     : [esp] "a"(high | 0x8000), [sel] "b"(LDT_SEL(0))
			     : "ecx", "edi", "cc", "memory");
		if (popped != pushed || *(__u32 *)(p + 0x7ffc) != pushed ||
		    after != (high | 0x8000))
			bad++;
	}
	setitimer(ITIMER_REAL, &none, NULL);
	must(!bad, "a 16-bit stack, with a high half of ESP that is not 0");
}
