// SPDX-License-Identifier: GPL-2.0
/*
 * The VMM in an ordinary process: plat.h and metal.h on malloc'ed memory.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "engine.h"
#include "../../../../../arch/x86/vmbt/vmm/chip/coalesce.h"
#include "../../../../../arch/x86/vmbt/vmm/plat.h"
#include "../../../../../arch/x86/vmbt/vmm/vcpu.h"
#include "../../../../../arch/x86/vmbt/vmm/core/core.h"
#include "../../../../../arch/x86/vmbt/vmm/metal/metal.h"

/* Absent from tests that only use the platform (engine_plat()). */
#pragma weak vmm_main

#define STACK_SIZE	BIT(20)
#define POOL_PAGES	16384
#define POOL_PHYS	0x8000000000ULL
#define RAM_PHYS	0x100000000ULL

static struct vmbt_shared shared;
static u8 *ram, *pool;
static u64 ram_size;
static u32 pool_now = 2048;
static ucontext_t user, vmm;
static u32 requests;

__attribute__((weak)) void *engine_frame(u64 gfn, bool *writable)
{
	*writable = true;
	return gfn < ram_size >> 12 ? ram + (gfn << 12) : NULL;
}

int plat_gfn_map(u64 gfn, bool write, struct plat_page *out)
{
	(void)write;
	out->virt = engine_frame(gfn, &out->writable);
	if (!out->virt)
		return VMBT_PAGE_NONE;
	out->phys = RAM_PHYS + (gfn << 12);
	return out->writable ? VMBT_PAGE_RAM : VMBT_PAGE_ROM;
}

const void *plat_gfn_known(u64 gfn)
{
	bool writable;

	return engine_frame(gfn, &writable);
}

bool plat_gfn_large(u64 gfn)
{
	(void)gfn;
	return false;
}

void plat_window_zap(u64 start, u64 end)
{
	(void)start;
	(void)end;
}

void *plat_pool_virt(u32 idx)
{
	if (idx >= pool_now)
		plat_panic("pool page %u of %u", idx, pool_now);
	return pool + ((size_t)idx << 12);
}

u64 plat_pool_phys(u32 idx)
{
	return POOL_PHYS + ((u64)idx << 12);
}

u32 plat_pool_grow(u32 want)
{
	if (want > POOL_PAGES - pool_now)
		want = POOL_PAGES - pool_now;
	pool_now += want;
	return pool_now;
}

/* Nobody asks for pages here. */
u32 plat_pool_shrink(u32 n, bool done)
{
	(void)n;
	(void)done;
	return pool_now;
}

void plat_invlpg(u64 linear)
{
	(void)linear;
}

void plat_flush_tlb(void)
{
}

void plat_set_root(u64 phys, u32 slot, bool keep)
{
	(void)phys;
	(void)slot;
	(void)keep;
}

u64 plat_pcid_epoch(void)
{
	return 0;
}

__attribute__((weak)) u64 plat_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

void plat_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("vmm: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

void plat_panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("vmm panic: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

bool plat_overdue(void)
{
	return false;
}

void plat_yield(void)
{
}

void plat_exit(u32 kind)
{
	shared.exit.kind = kind;
	/* No coroutine: a test that calls the image; reads float high. */
	if (!vmm.uc_stack.ss_sp) {
		memset(shared.io_data, 0xff, sizeof(shared.io_data));
		memset(shared.exit.mmio_data, 0xff, 8);
		return;
	}
	swapcontext(&vmm, &user);
}

void plat_pio(u16 port, u8 dir, u8 size, u32 count, void *data)
{
	if (count == 1 && coalesce_pio(port, dir, size, data))
		return;
	shared.exit.port = port;
	shared.exit.dir = dir;
	shared.exit.size = size;
	shared.exit.count = count;
	if (dir == VMBT_IO_OUT)
		memcpy(shared.io_data, data, (size_t)count * size);
	plat_exit(VMBT_EXIT_IO);
	if (dir == VMBT_IO_IN)
		memcpy(data, shared.io_data, (size_t)count * size);
}

void plat_mmio(u64 gpa, void *data, u32 len, bool write)
{
	if (write && coalesce_mmio(gpa, data, len))
		return;
	shared.exit.gpa = gpa;
	shared.exit.len = len;
	shared.exit.is_write = write;
	if (write)
		memcpy(shared.exit.mmio_data, data, len);
	plat_exit(VMBT_EXIT_MMIO);
	if (!write)
		memcpy(data, shared.exit.mmio_data, len);
}

struct vmbt_shared *plat_shared(void)
{
	return &shared;
}

/*
 * One instruction on the guest's FPU image: the process's own is put aside.
 * The code runs from a page of its own, behind a frame that loads registers.
 */
bool plat_run_insn(const u8 *code, u32 len, u32 gpr[8], u32 *eflags, void *mem)
{
	static u8 host_fpu[512] __aligned(64);
	static u8 *page;
	u64 r[8], fl = 2 | *eflags;
	/* Registers that 32-bit guest code cannot name. */
	register u64 *pfl asm("r12") = &fl;
	register u64 *pr asm("r13") = r;
	register void *fn asm("r14");
	register void *pm asm("r15") = mem;
	int i;

	if (!page) {
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (page == MAP_FAILED)
			return false;
	}
	memcpy(page, code, len);
	page[len] = 0xc3;
	for (i = 0; i < 8; i++)
		r[i] = gpr[i];
	fn = page;
	asm volatile("fxsave64 %[host]\n\t"
		     "fxrstor %[guest]\n\t"
		     "pushq %%rbp\n\t"
		     "movq %[mem], %%r8\n\t"
		     "pushq (%[fl])\n\tpopfq\n\t"
		     "movq 0(%[r]), %%rax\n\tmovq 8(%[r]), %%rcx\n\t"
		     "movq 16(%[r]), %%rdx\n\tmovq 24(%[r]), %%rbx\n\t"
		     "movq 40(%[r]), %%rbp\n\tmovq 48(%[r]), %%rsi\n\t"
		     "movq 56(%[r]), %%rdi\n\t"
		     "callq *%[fn]\n\t"
		     "movq %%rax, 0(%[r])\n\tmovq %%rcx, 8(%[r])\n\t"
		     "movq %%rdx, 16(%[r])\n\tmovq %%rbx, 24(%[r])\n\t"
		     "movq %%rbp, 40(%[r])\n\tmovq %%rsi, 48(%[r])\n\t"
		     "movq %%rdi, 56(%[r])\n\t"
		     "pushfq\n\tpopq (%[fl])\n\t"
		     "popq %%rbp\n\t"
		     "fxsave %[guest]\n\t"
		     "fxrstor64 %[host]"
		     : [host] "+m" (host_fpu), [guest] "+m" (shared.fpu)
		     : [mem] "r" (pm), [fn] "r" (fn), [fl] "r" (pfl),
		       [r] "r" (pr)
		     : "rax", "rcx", "rdx", "rbx", "rsi", "rdi", "r8",
		       "memory", "cc");
	for (i = 0; i < 8; i++)
		if (i != VMBT_ESP)
			gpr[i] = r[i];
	*eflags = fl & VMBT_EFLAGS_ARITH;
	return true;
}

/* There is no ring 1 here, but for a test that plays one. */
__attribute__((weak)) int plat_guest_insn(struct vcpu *v, const u8 *code, u32 len, u32 gpr[8],
					  u32 *eflags, void *mem)
{
	(void)v;
	(void)code;
	(void)len;
	(void)gpr;
	(void)eflags;
	(void)mem;
	return X_UNSUPPORTED;
}

u32 metal_requests(void)
{
	return requests;
}

void metal_ack_request(u32 bits)
{
	requests &= ~bits;
}

void engine_request(u32 bits)
{
	requests |= bits;
}

void metal_pool_layout(struct metal_pool *p)
{
	*p = (struct metal_pool){ .first_free = 4, .pages = pool_now,
				  .base_root_idx = 1 };
}

void metal_attach(struct vcpu *v)
{
	(void)v;
}

void metal_host_interrupt(struct vcpu *v)
{
	(void)v;
}

void metal_run(struct vcpu *v)
{
	(void)v;
	plat_panic("the engine in a process only interprets");
}

void engine_plat(void *mem, u64 size)
{
	ram = mem;
	ram_size = size;
	if (!pool)
		pool = calloc(POOL_PAGES, 4096);
	shared.mem_top = size;
	/* As after reset: all exceptions masked. */
	shared.fpu[0] = 0x7f;
	shared.fpu[1] = 0x03;
	shared.fpu[24] = 0x80;
	shared.fpu[25] = 0x1f;
	shared.host_caps = VMBT_HOST_NX;
	shared.interp_only = 1;
}

void engine_create(void *mem, u64 size)
{
	engine_plat(mem, size);
	getcontext(&vmm);
	vmm.uc_stack.ss_sp = malloc(STACK_SIZE);
	vmm.uc_stack.ss_size = STACK_SIZE;
	vmm.uc_link = NULL;
	makecontext(&vmm, vmm_main, 0);
}

struct vmbt_shared *engine_shared(void)
{
	return &shared;
}

u32 engine_run(void)
{
	swapcontext(&user, &vmm);
	return shared.exit.kind;
}
