// SPDX-License-Identifier: GPL-2.0
/*
 * Around entry.S: what has to be right before the guest is entered, and what
 * is read off the CPU after it left.
 *
 * core calls metal_run() with a frame that desc, bt and direct have filled.
 * Isolation does not rest on them: flags and selectors that would give the
 * guest more than ring 1 are checked here again, by what is loaded.
 */
#include "metal.h"
#include "metal_int.h"
#include "frame.h"
#include "../core/core.h"
#include "../desc/desc.h"
#include "../plat.h"

_Static_assert(offsetof(struct vmbt_frame, gpr[VMBT_EBX]) == F_EBX, "ebx");
_Static_assert(offsetof(struct vmbt_frame, gpr[VMBT_EDI]) == F_EDI, "edi");
_Static_assert(offsetof(struct vmbt_frame, vector) == F_VECTOR, "vector");
_Static_assert(offsetof(struct vmbt_frame, ss) == F_SS, "ss");
_Static_assert(offsetof(struct vmbt_frame, ds) == F_DS, "ds");
_Static_assert(offsetof(struct vmbt_frame, es) == F_ES, "es");
_Static_assert(offsetof(struct vmbt_frame, fs) == F_FS, "fs");
_Static_assert(offsetof(struct vmbt_frame, gs) == F_GS, "gs");
_Static_assert(offsetof(struct vmbt_frame, seg_load) == F_SEG_LOAD, "load");
_Static_assert(offsetof(struct vmbt_frame, entry_fault) == F_ENTRY_FAULT, "ef");
_Static_assert(F_LOAD_DS == BIT(VMBT_DS) && F_LOAD_ES == BIT(VMBT_ES) &&
	       F_LOAD_FS == BIT(VMBT_FS) && F_LOAD_GS == BIT(VMBT_GS), "bits");

#define LOAD_ALL	(F_LOAD_DS | F_LOAD_ES | F_LOAD_FS | F_LOAD_GS)

/*
 * What the guest may have in RFLAGS: no IOPL, VM, VIF, VIP. NT is the guest's to set
 * at any ring; an IRET of its own there is a #GP then, in long mode (SDM vol. 2).
 */
#define RFLAGS_GUEST	(VMBT_EFLAGS_ARITH | VMBT_X86_EFLAGS_TF |	\
			 VMBT_X86_EFLAGS_DF | VMBT_X86_EFLAGS_RF |	\
			 VMBT_X86_EFLAGS_AC | VMBT_X86_EFLAGS_ID |	\
			 VMBT_X86_EFLAGS_NT)

/* CR0 that is the guest's own while it runs; the rest is fixed. */
#define CR0_GUEST	(VMBT_CR0_MP | VMBT_CR0_EM | VMBT_CR0_TS | VMBT_CR0_AM)
#define CR0_FIXED	(VMBT_CR0_PE | VMBT_CR0_ET | VMBT_CR0_NE |	\
			 VMBT_CR0_WP | VMBT_CR0_PG)

#define DR6_CLEAR	0xffff0ff0

/* 64-bit code and flat data of ring 0, accessed bits preset. */
#define DESC_VMM_CS	0x00af9b000000ffffULL
#define DESC_VMM_SS	0x00cf93000000ffffULL

struct metal metal = { .tables_lost = true, .segs_lost = true };

void metal_attach(struct vcpu *v)
{
	metal.v = v;
}

void metal_main(void)
{
	metal.last_out = rdtsc();
	if (metal_shared()->probe)
		metal_probe();
	vmm_main();
}

/* The host, or the guest, takes over: for how long were interrupts off? */
static void account(struct vmbt_vmm_stats *stats)
{
	u64 spent = rdtsc() - metal.last_out;

	if (spent > stats->longest_vmm_tsc)
		stats->longest_vmm_tsc = spent;
}

u32 metal_hostcall(u32 nr)
{
	struct vmbt_shared *s = metal_shared();

	account(&s->stats);
	s->hc_nr = nr;
	s->stats.world_switches++;
	metal_switch();
	metal.tables_lost = true;
	metal.segs_lost = true;
	metal.last_out = rdtsc();
	/*
	 * What has been taken back is out of reach before anything else runs:
	 * the host may have given the pages to somebody. Not acknowledged; the
	 * shadow entries follow before the guest runs (core_serve_host()).
	 */
	if (unlikely(READ_ONCE(s->requests) & VMBT_REQ_ZAP))
		plat_window_zap(s->zap_start, s->zap_end);
	return READ_ONCE(s->hc_ret);
}

static void load_tables(const struct desc_tables *t)
{
	u64 *gdt = (u64 *)t->gdt_base;

	if (t->gdt_limit < VMBT_SEL_VMM_SS + 7)
		plat_panic("run GDT too short: %x", t->gdt_limit);
	/* What our gates name is ours to vouch for. */
	gdt[VMBT_SEL_VMM_CS / 8] = DESC_VMM_CS;
	gdt[VMBT_SEL_VMM_SS / 8] = DESC_VMM_SS;
	load_gdt(t->gdt_base, t->gdt_limit);
	load_ldt(t->ldt_sel);
	metal.generation = t->generation;
	metal.tables_lost = false;
}

static void load_cr0(u32 guest)
{
	guest &= CR0_GUEST;
	if (guest == metal.guest_cr0)
		return;
	metal.guest_cr0 = guest;
	metal_cross()->vmm_cr0 = CR0_FIXED | guest;
	write_cr0(CR0_FIXED | guest);
}

/*
 * CR4 that is the guest's own while it runs. The two of SSE decide between
 * executing, #UD and #XM. RDTSC is let through while the guest's counter is
 * the CPU's: at ring 1 and 3 CR4.TSD makes it #GP (SDM vol. 2, RDTSC), and the
 * interpreter does it.
 */
#define CR4_GUEST	(VMBT_CR4_TSD | VMBT_CR4_OSFXSR | VMBT_CR4_OSXMMEXCPT)

static void load_cr4(u32 guest)
{
	struct vmbt_cross *x = metal_cross();
	u64 cr4 = (x->vmm_cr4 & ~(u64)CR4_GUEST) | (guest & CR4_GUEST);

	if (cr4 == x->vmm_cr4)
		return;
	x->vmm_cr4 = cr4;
	write_cr4(cr4);
}

/* The next entry to the guest loads its bits again. */
void metal_allow_fpu(void)
{
	load_cr0(metal.guest_cr0 & ~(VMBT_CR0_TS | VMBT_CR0_EM));
	/* FXSAVE and FXRSTOR are to move all there is. */
	load_cr4(VMBT_CR4_OSFXSR | VMBT_CR4_OSXMMEXCPT);
}

void metal_run_tables(struct vmbt_frame *f, const struct desc_tables *t,
		      u32 cr0)
{
	if (unlikely(metal.tables_lost || t->generation != metal.generation))
		load_tables(t);
	load_cr0(cr0);
	if (!(f->cs & 3) || (f->cs & 3) != (f->ss & 3))
		plat_panic("guest entry with cs %llx ss %llx", f->cs, f->ss);
	f->rflags = (f->rflags & RFLAGS_GUEST) | VMBT_X86_EFLAGS_IF |
		    VMBT_X86_EFLAGS_FIXED;
	if (unlikely(metal.segs_lost))
		f->seg_load = LOAD_ALL;

	metal_enter(f);

	if (unlikely(f->entry_fault)) {
		/* Some of them may have been loaded: none counts. */
		metal.segs_lost = true;
		switch (f->vector) {
		case VMBT_VEC_NMI:
			metal_cross()->nmi = 1;
			break;
		case VMBT_VEC_MC:
			metal_cross()->mce = VMBT_MCE_VMM;
			break;
		case VMBT_VEC_DB:
			metal_late_dr6 |= read_dr6();
			write_dr6(DR6_CLEAR);
			break;
		case VMBT_VEC_TS:
		case VMBT_VEC_NP:
		case VMBT_VEC_SS:
		case VMBT_VEC_GP:
			break;
		default:
			plat_panic("vector %llu error %llx on guest entry, cr2 %llx",
				   f->vector, f->error, read_cr2());
		}
		return;
	}
	metal.segs_lost = false;
	f->seg_load = 0;
	f->rip = (u32)f->rip;
	f->rsp = (u32)f->rsp;
	switch (f->vector) {
	case VMBT_VEC_PF:
		f->cr2 = read_cr2();
		break;
	case VMBT_VEC_DB:
		/* Another one that came before this was looked at is the same. */
		f->dr6 = read_dr6() | metal_late_dr6;
		metal_late_dr6 = 0;
		write_dr6(DR6_CLEAR);
		break;
	case VMBT_VEC_NMI:
		metal_cross()->nmi = 1;
		break;
	case VMBT_VEC_MC:
		metal_cross()->mce = VMBT_MCE_GUEST;
		break;
	}
}

/* Do the breakpoint's bytes touch the monitor area? */
static bool in_monitor(const struct vcpu *v, u32 n)
{
	static const u8 last[] = { 0, 1, 7, 3 };
	u32 len = last[VMBT_DR7_LEN(v->guest->dr[7], n)];
	u32 from = v->guest->dr[n] & ~len;

	return from - v->mon_base < VMBT_MON_SIZE || v->mon_base - from <= len ||
	       from - v->mon_data < VMBT_MON_PDE || v->mon_data - from <= len;
}

/*
 * The guest's breakpoints, for as long as it runs. They are below 4 GiB, where
 * nothing of the VMM's is but the monitor area: no breakpoint is loaded for
 * that, as the guest's accesses there are done by the interpreter. Port
 * accesses are, too, and translated code has no instruction at the guest's
 * addresses.
 */
static void load_breakpoints(const struct vcpu *v)
{
	const u32 *dr = v->guest->dr;
	u64 dr7 = VMBT_DR7_FIXED;
	u32 n;

	for (n = 0; n < 4; n++)
		if (VMBT_DR7_ON(dr[7], n) && !in_monitor(v, n) &&
		    VMBT_DR7_RW(dr[7], n) != VMBT_DR7_RW_IO &&
		    (v->mode == VCPU_DE || VMBT_DR7_RW(dr[7], n) != VMBT_DR7_RW_EXEC))
			dr7 |= dr[7] & (3u << 2 * n | 0xfu << (16 + 4 * n));
	metal.host_dr[0] = read_dr0();
	metal.host_dr[1] = read_dr1();
	metal.host_dr[2] = read_dr2();
	metal.host_dr[3] = read_dr3();
	write_dr0(dr[0]);
	write_dr1(dr[1]);
	write_dr2(dr[2]);
	write_dr3(dr[3]);
	metal.dr_loaded = true;
	write_dr7(dr7);
}

/* Before the host is entered. DR7 first: nothing of its own is to match. */
void metal_drop_breakpoints(void)
{
	if (!metal.dr_loaded)
		return;
	metal.dr_loaded = false;
	write_dr7(VMBT_DR7_FIXED);
	write_dr0(metal.host_dr[0]);
	write_dr1(metal.host_dr[1]);
	write_dr2(metal.host_dr[2]);
	write_dr3(metal.host_dr[3]);
	write_dr6(DR6_CLEAR);
}

void metal_run(struct vcpu *v)
{
	u64 offset = v->guest->tsc_offset + metal_shared()->tsc_base;

	account(v->stats);
	v->entry_rip = v->frame.rip;
	load_cr4(offset ? v->guest->cr4 | VMBT_CR4_TSD : v->guest->cr4);
	if (unlikely(v->guest->dr[7] & VMBT_DR7_ENABLED)) {
		load_breakpoints(v);
		metal_run_tables(&v->frame, desc_current(v), v->guest->cr0);
		metal_drop_breakpoints();
		v->dr_late |= metal_late_dr6 & VMBT_DR6_HITS;
	} else {
		metal_run_tables(&v->frame, desc_current(v), v->guest->cr0);
	}
	metal_late_dr6 = 0;
	metal.last_out = rdtsc();
}

void metal_run_own(struct vcpu *v, struct vmbt_frame *f)
{
	account(v->stats);
	load_cr4(v->guest->cr4);
	metal_run_tables(f, desc_current(v), v->guest->cr0);
	v->dr_late |= metal_late_dr6 & VMBT_DR6_HITS;
	metal_late_dr6 = 0;
	metal.last_out = rdtsc();
}

void metal_host_interrupt_vector(u64 vector)
{
	struct vmbt_shared *s = metal_shared();

	switch (vector) {
	case VMBT_VEC_NMI:
		s->stats.hc_nmi++;
		metal_hostcall(VMBT_HC_NMI);
		break;
	case VMBT_VEC_MC:
		s->stats.hc_mce++;
		metal_hostcall(VMBT_HC_MCE);
		break;
	default:
		s->stats.hc_intr++;
		s->hc_arg[0] = vector;
		metal_hostcall(VMBT_HC_INTR);
		break;
	}
}

void metal_host_interrupt(struct vcpu *v)
{
	metal_host_interrupt_vector(v->frame.vector);
}

u32 metal_requests(void)
{
	return READ_ONCE(metal_shared()->requests);
}

void metal_ack_request(u32 bits)
{
	__atomic_and_fetch(&metal_shared()->requests, ~bits, __ATOMIC_SEQ_CST);
}

void metal_pool_layout(struct metal_pool *p)
{
	*p = (struct metal_pool){
		.first_free = metal_header.pool_first_free,
		.pages = metal_header.pool_pages,
		.base_root_idx = metal_header.base_root_idx,
		.la57 = metal_header.la57,
		.pte_enc = metal_header.pte_enc,
	};
}

/* stack: RDX RCX RAX vector error RIP CS RFLAGS RSP SS, see entry.S */
void metal_trap_panic(const u64 *stack)
{
	u64 cr2 = read_cr2();

	plat_panic("vector %llu error %llx rip %llx rsp %llx cr2 %llx rax %llx rcx %llx rdx %llx",
		   stack[3], stack[4], stack[5], stack[8], cr2,
		   stack[2], stack[1], stack[0]);
}
