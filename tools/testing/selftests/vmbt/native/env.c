// SPDX-License-Identifier: GPL-2.0
/*
 * The process as a machine: address space, segments, and the way in and out.
 *
 * In: IRETQ to a 32-bit trampoline, which loads segment registers, the stack
 * (in one instruction, so that a 16-bit stack leaks nothing), the general
 * registers, and jumps. Out: any exception is a signal; its handler notes the
 * state and makes the kernel return to the host's code instead.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "native.h"

/* The trampoline page: code first, then what it loads. */
#define T_DATA		0x200
#define T_STACK		0x800

struct tramp {
	u32 gpr[8];		/* [ESP] unused */
	u32 esp, ss;		/* for LSS */
	u32 es, fs, gs, ds;
	u32 eip, cs;		/* for JMP FAR */
};

static u8 *ram, *tramp;
static int ram_fd;
static struct native_exit last;
static u64 host_fsbase;
u64 native_host_rsp;
static u8 signal_stack[65536] __aligned(16);

static void clean_fpu(u8 *image)
{
	memset(image, 0, 512);
	image[0] = 0x7f;
	image[1] = 0x03;
	image[24] = 0x80;
	image[25] = 0x1f;
}

u8 native_fpu[512] __aligned(16);
static u8 host_fpu[512] __aligned(16);

void native_fpu_reset(void)
{
	clean_fpu(native_fpu);
}

/* Exchange the CPU's registers with the guest's. */
__attribute__((noinline)) void native_fpu_swap(void)
{
	asm volatile("fxsave %0" : "=m" (host_fpu));
	asm volatile("fxrstor %0" : : "m" (native_fpu));
	memcpy(native_fpu, host_fpu, sizeof(host_fpu));
}

u8 *native_ram(u32 gpa)
{
	return ram + gpa;
}

static void set_ldt(struct user_desc *d)
{
	static struct user_desc now[NATIVE_SLOTS];

	if (!memcmp(&now[d->entry_number], d, sizeof(*d)))
		return;
	if ((int)syscall(SYS_modify_ldt, 1, d, sizeof(*d))) {
		perror("modify_ldt");
		exit(1);
	}
	now[d->entry_number] = *d;
}

u16 native_seg(u32 slot, const struct vmbt_seg *seg)
{
	struct user_desc d = {
		.entry_number = slot,
		.base_addr = seg->base,
		.seg_32bit = !!(seg->attr & VMBT_ATTR_DB),
		.contents = seg->attr & VMBT_ATTR_CODE ? 2 :
			    seg->attr & VMBT_ATTR_E ? 1 : 0,
		.read_exec_only = !(seg->attr & VMBT_ATTR_W),
		.seg_not_present = !(seg->attr & VMBT_ATTR_P),
	};

	if (seg->limit >= 1 << 20 || (seg->attr & VMBT_ATTR_G)) {
		d.limit = seg->limit >> 12;
		d.limit_in_pages = 1;
	} else {
		d.limit = seg->limit;
	}
	set_ldt(&d);
	return slot << 3 | 7;
}

/* Eight bytes of zero, in the system call's own way of saying so. */
void native_seg_clear(u32 slot)
{
	struct user_desc d = { .entry_number = slot, .read_exec_only = 1,
			       .seg_not_present = 1 };

	set_ldt(&d);
}

static u32 window_start = RAM_LOW, window_end = RAM_SIZE;
u32 native_shift;

bool native_reachable(u64 gfn)
{
	return gfn << 12 >= window_start && gfn << 12 < window_end;
}

static u8 protected[RAM_SIZE >> 12];	/* by whom */

bool native_protected(u32 gpa)
{
	return gpa < RAM_SIZE && protected[gpa >> 12];
}

void native_protect(u64 gfn, u8 who, bool on)
{
	u8 was;

	if (!native_reachable(gfn))
		return;
	was = protected[gfn];
	if (on)
		protected[gfn] |= who;
	else
		protected[gfn] &= ~who;
	if (!was != !protected[gfn])
		mprotect((void *)((gfn << 12) + native_shift), 4096,
			 PROT_READ | PROT_EXEC | (was ? PROT_WRITE : 0));
}

static void *map_at(u64 addr, u64 size, int fd, u64 off, int prot)
{
	void *p = mmap((void *)addr, size, prot,
		       MAP_SHARED | MAP_FIXED_NOREPLACE, fd, off);

	if (p != (void *)addr) {
		fprintf(stderr, "cannot map %llx: %s\n", addr, strerror(errno));
		exit(1);
	}
	return p;
}

static void *map_any(u64 size, int fd)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

/* Map the first size bytes of fd at a low address too. */
static u8 *both(u64 addr, u64 size, int prot, int *fd_out)
{
	int fd = memfd_create("vmbt", 0);

	if (fd < 0 || ftruncate(fd, size)) {
		perror("memfd");
		exit(1);
	}
	*fd_out = fd;
	map_at(addr, size, fd, 0, prot);
	return map_any(size, fd);
}

/*
 * Keep the callee-saved registers and RSP, go; native_back is where the signal
 * handler sends the kernel.
 */
asm(".globl native_enter, native_back\n\t"
"native_enter:\n\t"
"pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n\t"
"movq %rsp, native_host_rsp(%rip)\n\t"
"pushq $0x2b\n\t"
"pushq %rdx\n\t"
"pushq %rdi\n\t"
"pushq $0x23\n\t"
"pushq %rsi\n\t"
"iretq\n\t"
"native_back:\n\t"
"xorl %eax, %eax\n\t"
"movl %eax, %ds; movl %eax, %es\n\t"
"popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n\t"
"ret\n\t");

/* cs: mov reg32, [abs] */
static u8 *t_load(u8 *p, u8 reg, u32 addr)
{
	*p++ = 0x2e;
	*p++ = 0x8b;
	*p++ = reg << 3 | 5;
	memcpy(p, &addr, 4);
	return p + 4;
}

static u8 *t_sreg(u8 *p, u8 sreg, u32 addr)
{
	*p++ = 0x2e;
	*p++ = 0x8e;
	*p++ = sreg << 3 | 5;
	memcpy(p, &addr, 4);
	return p + 4;
}

static void make_tramp(void)
{
	u32 d = TRAMP + T_DATA, a;
	u8 *p = tramp, r;

	p = t_sreg(p, VMBT_ES, d + offsetof(struct tramp, es));
	p = t_sreg(p, VMBT_FS, d + offsetof(struct tramp, fs));
	p = t_sreg(p, VMBT_GS, d + offsetof(struct tramp, gs));
	p = t_sreg(p, VMBT_DS, d + offsetof(struct tramp, ds));
	a = d + offsetof(struct tramp, esp);	/* cs: lss esp, [a] */
	*p++ = 0x2e;
	*p++ = 0x0f;
	*p++ = 0xb2;
	*p++ = VMBT_ESP << 3 | 5;
	memcpy(p, &a, 4);
	p += 4;
	for (r = 0; r < 8; r++)
		if (r != VMBT_ESP)
			p = t_load(p, r, d + 4 * r);
	a = d + offsetof(struct tramp, eip);	/* cs: jmp far [a] */
	*p++ = 0x2e;
	*p++ = 0xff;
	*p++ = 0x2d;
	memcpy(p, &a, 4);
}

bool (*native_watch)(struct native_exit *x);

/* Single-stepping raw code: does native_watch want to see the rest? */
static bool watch(greg_t *g)
{
	static const u8 order[8] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX,
				     REG_RSP, REG_RBP, REG_RSI, REG_RDI };
	struct native_exit x = { .eip = g[REG_RIP], .eflags = g[REG_EFL],
				 .cs = g[REG_CSGSFS],
				 .ss = g[REG_CSGSFS] >> 48 };
	int i;

	asm volatile("mov %%ds, %0" : "=r" (x.ds));
	asm volatile("mov %%es, %0" : "=r" (x.es));
	asm volatile("mov %%fs, %0" : "=r" (x.fs));
	asm volatile("mov %%gs, %0" : "=r" (x.gs));

	for (i = 0; i < 8; i++)
		x.gpr[i] = g[order[i]];
	if (!native_watch(&x))
		return false;
	g[REG_RSP] = x.gpr[VMBT_ESP];
	g[REG_RIP] = x.eip;
	g[REG_EFL] = x.eflags;
	return true;
}

static __attribute__((no_stack_protector))
void handler(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;
	greg_t *g = uc->uc_mcontext.gregs;
	u16 cs = g[REG_CSGSFS];
	/* Wild code may find its way into the 64-bit segment, below 4 GiB. */
	bool host = cs == 0x33 && (u64)g[REG_RIP] >> 32;
	static const u8 order[8] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX,
				     REG_RSP, REG_RBP, REG_RSI, REG_RDI };
	int i;

	/* NT and AC survive into the handler; FS may be the guest's. */
	asm volatile("pushq $2; popfq" : : : "memory", "cc");
	/* Stepping: through the trampoline, and on for a while. */
	if (sig == SIGTRAP && native_watch && !host &&
	    (cs == 0x23 || (g[REG_TRAPNO] == VMBT_VEC_DB && watch(g))))
		return;
	if (sig == SIGTRAP && native_stepping && !host &&
	    (cs == 0x23 || native_step(g[REG_RIP], g[REG_RSP])))
		return;
	if (sig == SIGPROF && (host || cs == 0x23 || native_watch))
		return;		/* the host, or on the way in: next time */
	if (host) {
		signal(sig, SIG_DFL);
		return;
	}
	asm volatile("mov %%ds, %0" : "=r" (last.ds));
	asm volatile("mov %%es, %0" : "=r" (last.es));
	asm volatile("mov %%fs, %0" : "=r" (last.fs));
	asm volatile("mov %%gs, %0" : "=r" (last.gs));
	asm volatile("wrfsbase %0" : : "r" (host_fsbase));
	for (i = 0; i < 8; i++)
		last.gpr[i] = g[order[i]];
	last.eip = g[REG_RIP];
	last.eflags = g[REG_EFL];
	last.cs = cs;
	last.ss = g[REG_CSGSFS] >> 48;
	last.trapno = sig == SIGPROF ? 256 : g[REG_TRAPNO];
	last.error = g[REG_ERR];
	last.cr2 = g[REG_CR2];
	(void)si;
	g[REG_RIP] = (greg_t)native_back;
	g[REG_RSP] = native_host_rsp;
	g[REG_EFL] = 0x202;
	g[REG_CSGSFS] = 0x33 | 0x2bULL << 48;
}

void native_run(const struct native_entry *in, struct native_exit *out)
{
	struct tramp *t = (void *)(tramp + T_DATA);

	memcpy(t->gpr, in->gpr, sizeof(t->gpr));
	t->esp = in->gpr[VMBT_ESP];
	t->ss = in->ss;
	t->es = in->es;
	t->fs = in->fs;
	t->gs = in->gs;
	t->ds = in->ds;
	t->eip = in->eip;
	t->cs = in->cs;
	asm volatile("fxsave %0" : "=m" (host_fpu));
	asm volatile("fxrstor %0" : : "m" (native_fpu));
	native_enter(in->eflags, TRAMP, TRAMP + T_STACK);
	asm volatile("fxsave %0" : "=m" (native_fpu));
	asm volatile("fxrstor %0" : : "m" (host_fpu));
	*out = last;
	out->cr2 -= native_shift;
}

/* INT 80h and SYSCALL are just bytes to wild code: no system call from there. */
static void no_calls(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(f), .filter = f };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog)) {
		perror("seccomp");
		exit(1);
	}
}

void native_init(void)
{
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGTRAP, SIGILL, SIGFPE,
				    SIGPROF };
	static const struct itimerval tick = { .it_interval.tv_usec = 5000,
					       .it_value.tv_usec = 5000 };
	stack_t ss = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO | SA_ONSTACK };
	int fd;
	size_t i;

	ram_fd = memfd_create("ram", 0);
	if (ram_fd < 0 || ftruncate(ram_fd, RAM_SIZE)) {
		perror("memfd");
		exit(1);
	}
	map_at(RAM_LOW, RAM_SIZE - RAM_LOW, ram_fd, RAM_LOW,
	       PROT_READ | PROT_WRITE | PROT_EXEC);
	ram = map_any(RAM_SIZE, ram_fd);
	native_fpu_reset();
	tramp = both(TRAMP, 4096, PROT_READ | PROT_EXEC, &fd);
	/* IRETQ's way: the trampoline never writes its stack. */
	make_tramp();
	syscall(SYS_arch_prctl, ARCH_GET_FS, &host_fsbase);
	no_calls();
	sigaltstack(&ss, NULL);
	sigfillset(&sa.sa_mask);
	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		sigaction(sigs[i], &sa, NULL);
	/* Gets us out of endless loops. CPU time: a busy machine makes any run take long. */
	setitimer(ITIMER_PROF, &tick, NULL);
}

/* Only [start, end) of RAM stays within reach of guest code. */
void native_window(u32 start, u32 end)
{
	window_start = start;
	window_end = end;
	mprotect((void *)(u64)RAM_LOW, start - RAM_LOW, PROT_NONE);
	mprotect((void *)(u64)end, RAM_SIZE - end, PROT_NONE);
}

/*
 * RAM from 0 to size at linear address @shift instead, where a process may have
 * it. Guest code does not see that: its segments' bases are moved with it.
 */
void native_shift_ram(u32 shift, u32 size)
{
	native_window(RAM_LOW, RAM_LOW);
	native_shift = shift;
	window_start = 0;
	window_end = size;
	map_at(shift, size, ram_fd, 0, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static u64 rnd_state;

void rnd_seed(u64 seed)
{
	rnd_state = seed * 0x9e3779b97f4a7c15ULL + 1;
}

u32 rnd(u32 n)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return n ? (u32)(rnd_state >> 32) % n : (u32)(rnd_state >> 32);
}
