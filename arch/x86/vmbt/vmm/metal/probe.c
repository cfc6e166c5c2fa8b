// SPDX-License-Identifier: GPL-2.0
/*
 * A guest of a few instructions, to find out what the CPU and the switch do.
 *
 * The host half makes one VMM world at module load with vmbt_shared.probe set.
 * It then runs no VM: it obeys commands, one a round trip. This is how the
 * host learns whether the CPU enforces segment limits, and what the tests of
 * the switch run.
 */
#include "metal.h"
#include "metal_int.h"
#include "../desc/desc.h"
#include "../lib/string.h"
#include "../plat.h"

#define CODE_LINEAR	0x400000U
#define STACK_LINEAR	0x401000U
/* The code again, as SMEP wants it at ring 1. */
#define CODE1_LINEAR	0x402000U
/* Inside the hidden bits of a 16-bit stack pointer. */
#define HIGH_ESP	0x5a5a0000U

enum {
	SEL_CODE1 = 0x09, SEL_DATA1 = 0x11,
	SEL_CODE3 = 0x1b, SEL_DATA3 = 0x23,
	SEL_SMALL3 = 0x2b,	/* 4 KiB at CODE_LINEAR */
	SEL_STACK16 = 0x33,	/* 64 KiB at STACK_LINEAR, B = 0 */
	SEL_BAD = 0x3b,		/* not present */
};

#define DESC_CODE(dpl)	(0x00cf9b000000ffffULL | (u64)(dpl) << 45)
#define DESC_DATA(dpl)	(0x00cf93000000ffffULL | (u64)(dpl) << 45)
#define DESC_BASE(b)	(((u64)(b) & 0xffffff) << 16 | ((u64)(b) >> 24) << 56)

/* inc %eax; jmp -3 */
static const u8 code_spin[] = { 0x40, 0xeb, 0xfd };
/* movb 0x1000, %al; int $0x80 */
static const u8 code_limit[] = { 0xa0, 0x00, 0x10, 0x00, 0x00, 0xcd, 0x80 };
/*
 * mov $0x23, %eax to DS ES FS GS; fldpi; pcmpeqd %xmm0, %xmm0; std; ebx.. with
 * patterns; int $0x80
 */
static const u8 code_regs[] = {
	0xb8, 0x23, 0x00, 0x00, 0x00,
	0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xe0, 0x8e, 0xe8,
	0xd9, 0xeb, 0x66, 0x0f, 0x76, 0xc0, 0xfd,
	0xbb, 0x11, 0x11, 0x11, 0x11, 0xb9, 0x22, 0x22, 0x22, 0x22,
	0xba, 0x33, 0x33, 0x33, 0x33, 0xbd, 0x44, 0x44, 0x44, 0x44,
	0xbe, 0x55, 0x55, 0x55, 0x55, 0xbf, 0x66, 0x66, 0x66, 0x66,
	0xcd, 0x80,
};

/* mov %esp, %eax; int $0x80 */
static const u8 code_esp[] = { 0x89, 0xe0, 0xcd, 0x80 };
/* sysenter */
static const u8 code_sysenter[] = { 0x0f, 0x34 };

static u32 next_page;
static struct desc_tables tables;
static struct vmbt_frame frame;
static void *code_page;

static u32 page(void)
{
	return next_page++;
}

/* Entry @i of table @table: @what with rights. */
static void map(u32 table, u32 i, u32 what, u64 rights)
{
	((u64 *)plat_pool_virt(table))[i] =
		plat_pool_phys(what) | metal_header.pte_enc | rights;
}

static void build(void)
{
	u32 i, root, pdpt, pd, pt, code, gdt_low, table;
	u64 *gdt;

	next_page = metal_header.pool_first_free;
	gdt_low = next_page;
	next_page += 16;
	root = page();
	memcpy(plat_pool_virt(root),
	       plat_pool_virt(metal_header.base_root_idx), 4096);
	table = root;
	if (metal_header.la57) {
		table = page();
		map(root, 0, table, 0x27);
	}
	pdpt = page();
	pd = page();
	pt = page();
	code = page();
	map(table, 0, pdpt, 0x27);
	map(pdpt, 0, pd, 0x27);
	map(pd, CODE_LINEAR >> 21, pt, 0x27);
	map(pt, 0, code, 0x65);
	map(pt, 1, page(), 0x67);
	map(pt, 2, code, 0x61);
	code_page = plat_pool_virt(code);

	gdt = plat_pool_virt(gdt_low);
	for (i = 0; i < 16; i++)
		memset(plat_pool_virt(gdt_low + i), 0, 4096);
	gdt[SEL_CODE1 / 8] = DESC_CODE(1);
	gdt[SEL_DATA1 / 8] = DESC_DATA(1);
	gdt[SEL_CODE3 / 8] = DESC_CODE(3);
	gdt[SEL_DATA3 / 8] = DESC_DATA(3);
	gdt[SEL_SMALL3 / 8] = 0x0040f30000000fffULL | DESC_BASE(CODE_LINEAR);
	gdt[SEL_STACK16 / 8] = 0x0000f3000000ffffULL | DESC_BASE(STACK_LINEAR);
	gdt[SEL_BAD / 8] = DESC_DATA(3) & ~(1ULL << 47);
	tables = (struct desc_tables){
		.gdt_base = (u64)gdt,
		.gdt_limit = 0xffff,
		.generation = 1,
	};
	plat_set_root(plat_pool_phys(root), 0, false);
}

/* Run until the guest does something else than being interrupted. */
static void run(const u8 *code, size_t len, u32 ring, u16 ds)
{
	memcpy(code_page, code, len);
	frame = (struct vmbt_frame){
		.rip = ring == 1 ? CODE1_LINEAR : CODE_LINEAR,
		.cs = ring == 1 ? SEL_CODE1 : SEL_CODE3,
		.rsp = STACK_LINEAR + 4096,
		.ss = ring == 1 ? SEL_DATA1 : SEL_DATA3,
		.ds = ds, .es = ds,
		.seg_load = BIT(VMBT_DS) | BIT(VMBT_ES) | BIT(VMBT_FS) |
			    BIT(VMBT_GS),
	};
}

static void go(void)
{
	for (;;) {
		metal_run_tables(&frame, &tables, 0);
		if (frame.vector != VMBT_VEC_NMI &&
		    frame.vector != VMBT_VEC_MC &&
		    (frame.vector < 32 || frame.vector >= 256 ||
		     frame.vector == 0x80))
			return;
		metal_host_interrupt_vector(frame.vector);
	}
}

/* An NMI that came before the guest was entered ends it, too: it is the host's. */
static void spin(u32 ring)
{
	run(code_spin, sizeof(code_spin), ring, 0);
	metal_run_tables(&frame, &tables, 0);
	metal_host_interrupt_vector(frame.vector);
}

void metal_probe(void)
{
	struct vmbt_shared *s = metal_shared();

	build();
	for (;;) {
		s->stats.hc_yield++;
		metal_hostcall(VMBT_HC_YIELD);
		switch (s->hc_arg[0]) {
		case VMBT_PROBE_LIMIT:
			run(code_limit, sizeof(code_limit), 3, SEL_SMALL3);
			go();
			break;
		case VMBT_PROBE_REGS1:
			run(code_regs, sizeof(code_regs), 1, SEL_DATA1);
			go();
			break;
		case VMBT_PROBE_REGS3:
			run(code_regs, sizeof(code_regs), 3, SEL_DATA3);
			go();
			break;
		case VMBT_PROBE_SPIN1:
			spin(1);
			break;
		case VMBT_PROBE_SPIN3:
			spin(3);
			break;
		case VMBT_PROBE_ESP16:
			run(code_esp, sizeof(code_esp), 3, SEL_DATA3);
			frame.ss = SEL_STACK16;
			frame.rsp = HIGH_ESP | 0x0ff0;
			go();
			break;
		case VMBT_PROBE_BAD_SEG:
			run(code_esp, sizeof(code_esp), 3, SEL_BAD);
			go();
			break;
		case VMBT_PROBE_SYSENTER:
			run(code_sysenter, sizeof(code_sysenter), 3, SEL_DATA3);
			go();
			break;
		}
		s->hc_out[0] = frame.vector;
		s->hc_out[1] = frame.error;
		s->hc_out[2] = frame.gpr[VMBT_EAX];
		s->hc_out[3] = frame.rsp;
	}
}
