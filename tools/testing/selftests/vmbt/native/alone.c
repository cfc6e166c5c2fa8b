// SPDX-License-Identifier: GPL-2.0
/*
 * What the ring-1 runtime and translated code do alone: STI and POPF, loads of segment
 * registers, VERW, reads of control registers and interrupt masks, IRET, SYSEXIT.
 *
 * The state of the guest is as the VMM would have left it, and the VMM is called for
 * nothing but what is its own. Tests of units.c's program.
 */
#include <stdio.h>
#include <string.h>

#include "units.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt_int.h"
#include "../../../../../arch/x86/vmbt/vmm/desc/desc_int.h"
#include "../../../../../arch/x86/vmbt/vmm/ring1/ring1.h"

/* STI waits for one instruction, and comes to the VMM if one waits. */
void test_sti(void)
{
	static const u8 code[] = { 0xfa, 0x90, 0xfb, 0x90, 0x40, 0xf4 };

	load(CODE, code, sizeof(code));
	*eax = 0;
	bt_set_pending(v, true);
	v->guest->eip = CODE;
	v->guest->eflags = 0x2;
	check(native_bt() == NS_HLT && *eax == 1 &&
	      v->guest->eflags & VMBT_X86_EFLAGS_IF, "sti", "pending", *eax);
	bt_set_pending(v, false);
	check(go(CODE) == NS_HLT && v->guest->eflags & VMBT_X86_EFLAGS_IF,
	      "sti", "not pending", v->guest->eflags);
}

/* Once NT is set, no POPF is the translated code's own, TF in it or not. */
void test_popf_nt(void)
{
	static const u8 code[] = {
		0x68, 0x02, 0x03, 0x00, 0x00,		/* push 302h: TF, IF */
		0x9d,					/* popf */
		0x90, 0xf4,
	};
	u64 before = callouts();

	load(CODE, code, sizeof(code));
	v->guest->eip = CODE;
	v->guest->gpr[VMBT_ESP] = STACK;
	v->guest->eflags = 0x202 | VMBT_X86_EFLAGS_NT;
	native_bt();
	check((v->guest->eflags & (VMBT_X86_EFLAGS_TF | VMBT_X86_EFLAGS_NT)) ==
	      VMBT_X86_EFLAGS_TF, "popf_nt", "flags", v->guest->eflags);
	check(callouts() > before, "popf_nt", "callouts", callouts() - before);
	v->guest->eflags = 0x2;
}

/* STI's shadow is seen by whoever stops the guest behind STI, and only there. */
void test_shadow(void)
{
	static const u8 code[] = { 0xfb, 0x90, 0x90, 0xf4 };
	u32 rip, seen = 0;

	load(CODE, code, sizeof(code));
	v->guest->eip = CODE;
	v->guest->eflags = 0x2;
	check(bt_enter(v) == X_OK, "shadow", "no unit", 0);
	for (rip = v->frame.rip; rip < v->frame.rip + 64; rip++) {
		u64 first = v->frame.rip;

		v->frame.rip = rip;
		if (bt_sync(v) == X_OK) {
			bool after = v->guest->eip == CODE + 1;

			check(after == (v->guest->int_shadow ==
					VMBT_SHADOW_STI),
			      "shadow", "wrong at", v->guest->eip - CODE);
			seen += after;
		}
		v->frame.rip = first;
	}
	check(seen, "shadow", "nothing behind STI", 0);
	v->guest->int_shadow = 0;
}

/* x87 in a shadow: the interpreter does not do it, so it runs translated. */
void test_shadow_fpu(void)
{
	static const u8 code[] = { 0xd9, 0xe8, 0xdd, 0x1d, 0x80, 0x00, 0x20,
				   0x00, 0xf4 };	/* fld1; fstp [80h] */
	enum native_stop why;
	u64 one = 0;

	load(CODE, code, sizeof(code));
	native_fpu_reset();
	v->guest->eip = CODE;
	v->guest->eflags = 0x202;
	v->guest->int_shadow = VMBT_SHADOW_MOV_SS;
	why = native_bt();
	mmu_read_phys(v, CODE + 0x80, &one, 8);
	check(why == NS_HLT, "shadow-fpu", "did not end", why);
	check(one == 0x3ff0000000000000ULL, "shadow-fpu", "stored", one);
	check(!v->guest->int_shadow, "shadow-fpu", "shadow left",
	      v->guest->int_shadow);
}

/*
 * A GDT in guest memory that says what the registers hold: flat code at 8, flat
 * data at 10h, a smaller segment at 18h that begins at 10000h.
 */
#define GDT	0x00220000u

static void flat_gdt(void)
{
	static const u64 gdt[] = { 0, 0x00cf9b000000ffff, 0x00cf93000000ffff,
				   0x00409301000000ff };

	load(GDT, gdt, sizeof(gdt));
	v->guest->gdtr.base = GDT;
	v->guest->gdtr.limit = sizeof(gdt) - 1;
	desc_tables_changed(v);
	desc_segs_changed(v);
	v->events = 0;
}

/* The same as an LDT, which the process can have too: selectors 14h and 1ch. */
static void flat_ldt(void)
{
	enum vmbt_sreg s;

	flat_gdt();
	v->guest->ldtr = (struct vmbt_seg){ .sel = 0x28, .base = GDT, .limit = 0x1f,
					    .attr = VMBT_ATTR_P | 2 };
	for (s = 0; s < VMBT_NSEG; s++)
		if (s != VMBT_CS)
			v->guest->seg[s].sel = 0x14;
	desc_tables_changed(v);
	desc_segs_changed(v);
	v->events = 0;
}

/* The kernel's segments at each entry, others' at the exit: no VMM. */
void test_loads(void)
{
	static const u8 code[] = {
		0xb9, 0xe8, 0x03, 0x00, 0x00,		/* mov ecx, 1000 */
		0xb8, 0x1c, 0x00, 0x00, 0x00,		/* top: mov eax, 1ch */
		0x8e, 0xe0,				/* mov fs, ax */
		0x64, 0x8a, 0x1d, 0x00, 0x00, 0x00, 0x00, /* mov bl, fs:[0] */
		0x8c, 0xe2,				/* mov edx, fs */
		0x66, 0x8c, 0xd8,			/* mov ax, ds */
		0x8e, 0xd8,				/* mov ds, ax */
		0x06, 0x07,				/* push es; pop es */
		0x8e, 0xe8,				/* mov gs, ax */
		0x6a, 0x00, 0x0f, 0xa1,			/* push 0; pop fs */
		0x49,
		0x75, 0xe0,				/* jnz top */
		0x8c, 0xe6,				/* mov esi, fs */
		0xf4,
	};
	static const u8 table[] = {
		0xb8, 0x14, 0x00, 0x00, 0x00,		/* mov eax, 14h */
		0xc7, 0x05, 0x14, 0x00, 0x22, 0x00,	/* mov [ldt + 14h], */
		0x01, 0x93, 0xcf, 0x00,			/* base + 10000h */
		0x8e, 0xc0,				/* mov es, ax */
		0xb8, 0x1c, 0x00, 0x00, 0x00,		/* mov eax, 1ch */
		0x8e, 0xe0,				/* mov fs, ax */
		0xf4,
	};
	u64 before;

	load(OTHER, code, sizeof(code));
	load(OTHER + 0x1000, table, sizeof(table));
	flat_ldt();
	before = callouts();
	check(go(OTHER) == NS_HLT && *eax == 0x14, "loads", "did not end", *eax);
	check(v->guest->gpr[VMBT_ESP] == STACK, "loads", "esp", v->guest->gpr[VMBT_ESP]);
	check(v->guest->gpr[VMBT_EDX] == 0x1c, "loads", "FS read back",
	      v->guest->gpr[VMBT_EDX]);
	check(!v->guest->gpr[VMBT_ESI] && !(v->guest->seg[VMBT_FS].attr & VMBT_ATTR_P),
	      "loads", "FS is not null", v->guest->gpr[VMBT_ESI]);
	check(callouts() - before < 14, "loads", "callouts", callouts() - before);
	check(go(OTHER + 0x1000) == NS_HLT, "loads", "table: did not end", 0);
	check(v->guest->seg[VMBT_ES].base == 0x10000, "loads",
	      "the table has changed, ES has not", v->guest->seg[VMBT_ES].base);
	check(v->guest->seg[VMBT_FS].limit == 0xff, "loads", "another selector",
	      v->guest->seg[VMBT_FS].limit);
	v->shared->no_offers = VMBT_OFFER_LOADS;
	flat_ldt();
	v->desc->offered_ss.attr = 0;
	before = callouts();
	go(OTHER);
	check(callouts() - before > 3000, "loads", "callouts without offers",
	      callouts() - before);
	v->shared->no_offers = 0;
	v->guest->ldtr.attr = 0;
	desc_tables_changed(v);
}

/*
 * What the ring-1 runtime loads, or leaves out, is what the guest's table says now:
 * a store to it that the VMM does not see takes away the offer, whichever half of the
 * descriptor it changes. The limits say which descriptor a register is from.
 */
static void loads_once(const char *name, u32 eip, u32 desc, enum vmbt_sreg s)
{
	static const u32 now[] = { 0xfffe, 0xce }, mask[] = { 0xffff, 0xff };
	static const u32 limit[] = { 0xffffefff, 0xefffffff };
	u64 before, raw, was;
	u32 half, old;

	mmu_read_phys(v, desc, &was, 8);
	for (half = 0; half < 2; half++) {
		u32 shift = half ? 16 : 0;

		old = was >> 32 * half;
		v->guest->gpr[VMBT_EBX] = old;
		v->guest->gpr[VMBT_EDI] = desc + 4 * half;
		go(eip);
		before = callouts();
		check(go(eip) == NS_HLT, name, "did not end", half);
		check(callouts() == before + 1, name, "not offered: callouts",
		      callouts() - before);
		check(v->guest->seg[s].limit == 0xffffffff, name, "limit before",
		      v->guest->seg[s].limit);
		v->guest->gpr[VMBT_EBX] = (old & ~(mask[half] << shift)) |
					  now[half] << shift;
		check(go(eip) == NS_HLT, name, "did not end, changed", half);
		check(v->guest->seg[s].limit == limit[half], name,
		      half ? "the high half has changed, the limit has not" :
			     "the low half has changed, the limit has not",
		      v->guest->seg[s].limit);
		mmu_read_phys(v, desc, &raw, 8);
		check(raw != was, name, "the table has not changed", half);
		load(desc, &was, 8);
		flat_ldt();
		v->guest->seg[s].limit = 0xffffffff;
	}
}

void test_load_halves(void)
{
	static const u8 iret[] = {
		0x68, 0x02, 0x02, 0x00, 0x00,		/* push 202h */
		0x6a, 0x08,				/* push 8 */
		0x68, 0x0d, 0x20, 0x21, 0x00,		/* push 200dh */
		0xcf,					/* iret */
		0x89, 0x1f,				/* 200dh: mov [edi], ebx */
		0x68, 0x02, 0x02, 0x00, 0x00,		/* push 202h */
		0x6a, 0x08,				/* push 8 */
		0x68, 0x1c, 0x20, 0x21, 0x00,		/* push 201ch */
		0xcf,					/* iret */
		0xf4,					/* 201ch: hlt */
	};
	static const struct {
		const char *name;
		enum vmbt_sreg s;
		u8 modrm;				/* mov sreg, ax */
	} of[] = {
		{ "load-halves-es", VMBT_ES, 0xc0 },
		{ "load-halves-ds", VMBT_DS, 0xd8 },
		{ "load-halves-fs", VMBT_FS, 0xe0 },
		{ "load-halves-gs", VMBT_GS, 0xe8 },
	};
	u8 code[] = {
		0xb8, 0x14, 0x00, 0x00, 0x00,		/* mov eax, 14h */
		0x8e, 0,				/* mov sreg, ax */
		0x89, 0x1f,				/* mov [edi], ebx */
		0x8e, 0,				/* mov sreg, ax */
		0xf4,
	};
	u32 i, at;

	flat_ldt();
	for (i = 0; i < ARRAY_SIZE(of); i++) {
		at = OTHER + 0x2100 + 0x40 * i;
		code[6] = of[i].modrm;
		code[10] = of[i].modrm;
		load(at, code, sizeof(code));
		loads_once(of[i].name, at, GDT + 0x10, of[i].s);
	}
	load(OTHER + 0x2000, iret, sizeof(iret));
	loads_once("load-halves-cs", OTHER + 0x2000, GDT + 8, VMBT_CS);
	v->guest->ldtr.attr = 0;
	desc_tables_changed(v);
}

/*
 * POP FS, stopped anywhere in its routine: before the load nothing has been done,
 * behind it all of it has.
 */
void test_load_commits(void)
{
	static const u8 code[] = { 0x0f, 0xa1, 0xf4 };	/* pop fs; hlt */
	const struct ring1_map *m = ring1_map;
	u32 fs_routine = ring1_load_fs - ring1_code, end = ring1_load_gs - ring1_code;
	u32 before = 0, behind = 0;

	load(OTHER, code, sizeof(code));
	flat_ldt();
	v->guest->eip = OTHER;
	v->guest->gpr[VMBT_ESP] = STACK;
	enter_site("load-commits");
	for (; m < ring1_map_end; m++) {
		bool done = m->kind == RING1_M_LOADED;

		if (m->off < fs_routine || m->off >= end)
			continue;
		v->frame.rip = VMBT_MON_RT + m->off;
		v->frame.rsp = STACK;
		v->raw = true;
		check(bt_sync(v) == X_OK, "load-commits", "no state", m->off);
		check(v->guest->eip == OTHER + 2 * done &&
		      v->guest->gpr[VMBT_ESP] == STACK + 4 * done,
		      "load-commits", "wrong at", m->off - fs_routine);
		/* The load itself is the only MOV to FS. */
		if (ring1_code[m->off] == 0x8e)
			behind = m->off;
		check(done == (behind && m->off > behind), "load-commits",
		      "the load is at", behind - fs_routine);
		before += !done;
	}
	check(before && behind, "load-commits", "instructions", before);
	v->guest->ldtr.attr = 0;
	desc_tables_changed(v);
}

/*
 * VERW by memory, CS being none that translated code has, and by register: ZF as the
 * selector's descriptor has it, the other flags as they were.
 */
void test_verw(void)
{
	static const u8 code[] = {
		0xb9, 0xe8, 0x03, 0x00, 0x00,		/* mov ecx, 1000 */
		0x31, 0xf6,				/* xor esi, esi */
		0x8c, 0xd0,				/* mov eax, ss */
		0xa3, 0x00, 0x10, 0x21, 0x00,		/* mov [OTHER + 1000h], eax */
		0xb8, 0x1c, 0x00, 0x00, 0x00,		/* mov eax, 1ch */
		0x8e, 0xc0,				/* mov es, ax */
		0x85, 0xc0, 0xf9,			/* top: test eax, eax; stc */
		0x2e, 0x0f, 0x00, 0x2d, 0x00, 0x10, 0x21, 0x00,	/* verw cs:[that] */
		0x75, 0x03, 0x73, 0x01, 0x46,		/* jnz +3; jnc +1; inc esi */
		0x39, 0xe4, 0xf9,			/* cmp esp, esp; stc */
		0x0f, 0x00, 0xe8,			/* verw ax */
		0x74, 0x03, 0x73, 0x01, 0x46,		/* jz +3; jnc +1; inc esi */
		0x49, 0x75, 0xe2,			/* dec ecx; jnz top */
		0xf4,
	};
	u64 readable = 0x00cf91000000ffffULL, was;
	struct vmbt_seg ss;
	u64 before;

	load(OTHER, code, sizeof(code));
	flat_ldt();
	mmu_read_phys(v, GDT + 0x18, &was, 8);
	load(GDT + 0x18, &readable, 8);
	before = callouts();
	check(go(OTHER) == NS_HLT, "verw", "did not end", 0);
	check(v->guest->gpr[VMBT_ESI] == 2000, "verw", "right", v->guest->gpr[VMBT_ESI]);
	check(callouts() - before < 30, "verw", "callouts", callouts() - before);
	/* The operand in CS is beyond SS. */
	ss = v->guest->seg[VMBT_SS];
	v->guest->seg[VMBT_SS].limit = OTHER + 0xfff;
	desc_seg_loaded(v, VMBT_SS);
	before = callouts();
	check(go(OTHER) == NS_HLT, "verw", "small SS: did not end", 0);
	check(v->guest->gpr[VMBT_ESI] == 2000, "verw", "small SS: right",
	      v->guest->gpr[VMBT_ESI]);
	check(callouts() - before >= 1000, "verw", "small SS: callouts", callouts() - before);
	v->guest->seg[VMBT_SS] = ss;
	desc_seg_loaded(v, VMBT_SS);
	load(GDT + 0x18, &was, 8);
	v->guest->ldtr.attr = 0;
	desc_tables_changed(v);
}

/*
 * SYSEXIT, stopped anywhere in its routine: nothing has been done, whatever the CPU has
 * in SS:ESP.
 */
void test_sysexit_commits(void)
{
	static const u8 code[] = { 0xfb, 0x0f, 0x35, 0xf4 };	/* sti; sysexit; hlt */
	u32 start = ring1_sysexit - ring1_code, end = ring1_write - ring1_code;
	const struct ring1_map *m = ring1_map;
	bool ours = false, seen = false;
	u32 n = 0, i;

	load(OTHER, code, sizeof(code));
	v->guest->eip = OTHER;
	v->guest->gpr[VMBT_ESP] = STACK;
	enter_site("sysexit-commits");
	v->mon->vif = VMBT_X86_EFLAGS_IF;
	v->mon->esp = STACK;
	for (i = 0; i < 3; i++)
		v->mon->spill[i] = 0x1000 + i;
	for (; m < ring1_map_end; m++) {
		bool frame = m->kind == RING1_M_SYSEXIT;

		if (m->off < start || m->off >= end)
			continue;
		for (i = 0; i < 8; i++)
			v->frame.gpr[i] = m->fix & BIT(i) ? 0xbad : 0x1000 + i;
		v->frame.rip = VMBT_MON_RT + m->off;
		v->frame.rsp = frame ? RING1_FRAME : STACK;
		v->raw = true;
		check(bt_sync(v) == X_OK, "sysexit-commits", "no state", m->off - start);
		check(v->guest->eip == OTHER + 1 && v->guest->gpr[VMBT_ESP] == STACK &&
		      v->guest->int_shadow == VMBT_SHADOW_STI, "sysexit-commits", "wrong at",
		      m->off - start);
		for (i = 0; i < 4; i++)
			check(v->guest->gpr[i] == 0x1000 + i, "sysexit-commits", "register",
			      m->off - start);
		/* From behind LSS to the IRET the CPU has the frame for a stack. */
		check(frame == ours, "sysexit-commits", "frame at", m->off - start);
		if (!memcmp(ring1_code + m->off, "\x2e\x0f\xb2", 3)) {
			ours = true;
			seen = true;
		} else if (ring1_code[m->off] == 0xcf) {
			ours = false;
		}
		n++;
	}
	check(seen && n > 40, "sysexit-commits", "instructions", n);
}

/* Control registers and interrupt masks are read where the VMM put them. */
void test_reads(void)
{
	static const u8 code[] = {
		0xb9, 0xe8, 0x03, 0x00, 0x00,		/* mov ecx, 1000 */
		0x0f, 0x20, 0xd3,			/* top: mov ebx, cr2 */
		0x0f, 0x20, 0xc2,			/* mov edx, cr0 */
		0x0f, 0x20, 0xde,			/* mov esi, cr3 */
		0x0f, 0x20, 0xe7,			/* mov edi, cr4 */
		0xb8, 0x55, 0x55, 0x55, 0x55,		/* mov eax, 55555555h */
		0xe4, 0x21,				/* in al, 21h */
		0x49,
		0x75, 0xea,				/* jnz top */
		0xf4,
	};
	u64 before, straight = native_straight;
	struct vmbt_guest *g = v->guest;

	load(OTHER, code, sizeof(code));
	g->cr2 = 0x12345678;
	v->mon->ask_imr = 0;
	v->mon->imr[0] = 0xa7;
	before = callouts();
	check(go(OTHER) == NS_HLT && *eax == 0x555555a7, "reads", "mask", *eax);
	check(g->gpr[VMBT_EBX] == 0x12345678 && g->gpr[VMBT_EDX] == g->cr0 &&
	      g->gpr[VMBT_ESI] == g->cr3 && g->gpr[VMBT_EDI] == g->cr4,
	      "reads", "control registers", g->gpr[VMBT_EDX]);
	check(callouts() - before < 12, "reads", "callouts", callouts() - before);
	v->mon->ask_imr = 1;
	before = callouts();
	check(go(OTHER) == NS_HLT && *eax == 0x555555ff, "reads", "port", *eax);
	check(callouts() - before > 999, "reads", "callouts of a port",
	      callouts() - before);
	check(native_straight - straight > 990, "reads", "goes on behind them",
	      native_straight - straight);
}

/* IRET within the kernel: no VMM but for what an interrupt waits for. */
void test_iret(void)
{
	static const u8 code[] = {
		0xb9, 0xe8, 0x03, 0x00, 0x00,		/* mov ecx, 1000 */
		0x68, 0x06, 0x02, 0x00, 0x00,		/* top: push 206h */
		0x6a, 0x08,				/* push 8 */
		0x68, 0x12, 0x00, 0x21, 0x00,		/* push 12h */
		0xcf,					/* iret */
		0x9c, 0x58,				/* 12h: pushf; pop eax */
		0x49,
		0x75, 0xee,				/* jnz top */
		0xf4,
	};
	static const u8 once[] = {
		0xfa,					/* cli */
		0x68, 0x02, 0x02, 0x00, 0x00,		/* push 202h */
		0x6a, 0x08,				/* push 8 */
		0x68, 0x0e, 0x10, 0x21, 0x00,		/* push 100eh */
		0xcf,					/* iret */
		0xf4,					/* 100eh: hlt */
	};
	u64 before;

	load(OTHER, code, sizeof(code));
	load(OTHER + 0x1000, once, sizeof(once));
	flat_gdt();
	before = callouts();
	check(go(OTHER) == NS_HLT && *eax == 0x206, "iret", "flags", *eax);
	check(v->guest->gpr[VMBT_ESP] == STACK, "iret", "esp",
	      v->guest->gpr[VMBT_ESP]);
	check(callouts() - before < 12, "iret", "callouts",
	      callouts() - before);
	go(OTHER + 0x1000);
	before = callouts();
	go(OTHER + 0x1000);
	check(callouts() == before + 1, "iret", "callouts without a loop",
	      callouts() - before);
	bt_set_pending(v, true);
	before = callouts();
	go(OTHER + 0x1000);
	check(callouts() == before + 2, "iret", "callouts with an interrupt",
	      callouts() - before);
	bt_set_pending(v, false);
}

/*
 * The same stopped at any instruction of the runtime: what was begun is taken back or
 * is done. POPF ends the stepping, so each round starts anew.
 */
void test_iret_stopped(void)
{
	static const u8 code[] = {
		0xb9, 0x03, 0x00, 0x00, 0x00,		/* mov ecx, 3 */
		0x68, 0x06, 0x02, 0x00, 0x00,		/* top: push 206h */
		0x6a, 0x08,				/* push 8 */
		0x68, 0x12, 0x00, 0x21, 0x00,		/* push 12h */
		0xcf,					/* iret */
		0x89, 0xe2,				/* 12h: mov edx, esp */
		0x49,
		0x75, 0xee,				/* jnz top */
		0xf4,
	};
	u64 steps = native_steps;
	u32 i, wrong = 0;

	load(OTHER, code, sizeof(code));
	flat_gdt();
	go(OTHER);
	native_stepping = true;
	rnd_seed(7);
	for (i = 0; i < 1000; i++) {
		enum native_stop why = go(OTHER);

		if (why == NS_HLT && v->guest->gpr[VMBT_EDX] == STACK &&
		    v->guest->gpr[VMBT_ESP] == STACK && !v->guest->gpr[VMBT_ECX])
			continue;
		wrong++;
		printf("# round %u: stop %u vector %u eip %x ecx %x edx %x esp %x\n", i, why,
		       v->exc.vector, v->guest->eip, v->guest->gpr[VMBT_ECX],
		       v->guest->gpr[VMBT_EDX], v->guest->gpr[VMBT_ESP]);
	}
	native_stepping = false;
	check(!wrong, "iret-stopped", "rounds that went wrong", wrong);
	check(native_steps - steps > i * 20, "iret-stopped", "steps", native_steps - steps);
}
