// SPDX-License-Identifier: GPL-2.0
/*
 * plat.h and the three engines on the process's memory.
 *
 * The shadow page tables that mmu/ builds are not used: the process's own
 * mapping is the identity that they would describe. Traces become mprotect().
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "native.h"
#include "../../../../../arch/x86/vmbt/vmm/plat.h"
#include "../../../../../arch/x86/vmbt/vmm/bt/bt.h"
#include "../../../../../arch/x86/vmbt/vmm/cpu/cpu.h"
#include "../../../../../arch/x86/vmbt/vmm/decode/decode.h"
#include "../../../../../arch/x86/vmbt/vmm/desc/desc_int.h"
#include "../../../../../arch/x86/vmbt/vmm/interp/interp.h"
#include "../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"
#include "../../../../../arch/x86/vmbt/vmm/core/core.h"

#define POOL_PAGES	8192
#define MAX_STEPS	100000	/* of the interpreter */

static struct vmbt_shared shared;
static u8 *pool;
static int pool_fd;
struct vcpu native_vcpu;
bool native_stepping, native_floating;
u32 native_max_exits = 20000;
u64 native_steps, native_restarts, native_straight;
u64 native_tsc;
bool native_no_ram;
static jmp_buf no_ram;
static u32 before[8];		/* the interpreter's instruction */

int plat_gfn_map(u64 gfn, bool write, struct plat_page *out)
{
	(void)write;
	if (!native_reachable(gfn))
		return VMBT_PAGE_NONE;
	out->phys = gfn << 12;
	out->virt = native_ram(gfn << 12);
	out->writable = true;
	return VMBT_PAGE_RAM;
}

const void *plat_gfn_known(u64 gfn)
{
	return native_reachable(gfn) ? native_ram(gfn << 12) : NULL;
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
	if (idx >= POOL_PAGES)
		plat_panic("pool page %u", idx);
	return pool + ((size_t)idx << 12);
}

u64 plat_pool_phys(u32 idx)
{
	return 0x8000000000ULL + ((u64)idx << 12);
}

u32 plat_pool_grow(u32 want)
{
	(void)want;
	return POOL_PAGES;
}

/* Nobody asks for pages here. */
u32 plat_pool_shrink(u32 n, bool done)
{
	(void)n;
	(void)done;
	return POOL_PAGES;
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

u64 plat_tsc(void)
{
	return __builtin_ia32_rdtsc() + native_tsc;
}

void plat_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

void plat_panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
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
	(void)kind;
}

void plat_pio(u16 port, u8 dir, u8 size, u32 count, void *data)
{
	(void)port;
	if (dir == VMBT_IO_IN)
		memset(data, 0xff, (size_t)count * size);
}

void plat_mmio(u64 gpa, void *data, u32 len, bool write)
{
	/* Nothing of the instruction has been committed yet. */
	if (!native_floating) {
		native_vcpu.exc = (struct vcpu_exc){ .vector = VMBT_VEC_PF,
						     .cr2 = gpa };
		native_no_ram = true;
		longjmp(no_ram, 1);
	}
	if (!write)
		memset(data, 0xff, len);
}

/* metal's own, on the guest's registers. */
bool metal_run_insn(const u8 *code, u32 len, u32 gpr[8], u32 *eflags,
		    void *mem);

void metal_allow_fpu(void)
{
}

bool plat_run_insn(const u8 *code, u32 len, u32 gpr[8], u32 *eflags, void *mem)
{
	bool ok;

	native_fpu_swap();
	ok = metal_run_insn(code, len, gpr, eflags, mem);
	native_fpu_swap();
	return ok;
}

/* There is no ring 1 here. */
int plat_guest_insn(struct vcpu *v, const u8 *code, u32 len, u32 gpr[8], u32 *eflags,
		    void *mem)
{
	(void)v;
	(void)code;
	(void)len;
	(void)gpr;
	(void)eflags;
	(void)mem;
	return X_UNSUPPORTED;
}

struct vmbt_shared *plat_shared(void)
{
	return &shared;
}

int vcpu_unsupported(struct vcpu *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->shared->text, sizeof(v->shared->text), fmt, ap);
	va_end(ap);
	return X_UNSUPPORTED;
}

/* mmu/'s traces, besides what it does itself (--wrap). */
void __wrap_mmu_trace_add(struct vcpu *v, u64 gfn, u32 client)
{
	__real_mmu_trace_add(v, gfn, client);
	if (client == MMU_TRACE_CODE)
		native_protect(gfn, NATIVE_CODE, true);
}

void __wrap_mmu_trace_del(struct vcpu *v, u64 gfn, u32 client)
{
	__real_mmu_trace_del(v, gfn, client);
	if (client == MMU_TRACE_CODE)
		native_protect(gfn, NATIVE_CODE, false);
}

/* The pool can be mapped twice: what is in the monitor area is seen there, too. */
static void map_pool(void)
{
	pool_fd = memfd_create("pool", 0);
	if (pool_fd < 0 || ftruncate(pool_fd, POOL_PAGES * 4096L))
		pool = MAP_FAILED;
	else
		pool = mmap(NULL, POOL_PAGES * 4096L, PROT_READ | PROT_WRITE, MAP_SHARED,
			    pool_fd, 0);
	if (pool == MAP_FAILED ||
	    mmap((void *)(u64)MON_BASE, VMBT_MON_SIZE, PROT_NONE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED) {
		perror("pool and monitor area");
		exit(1);
	}
}

/* Pages of the area as the guest's own page tables would have them. */
static void show_monitor(u32 from, u32 to)
{
	u32 n;

	for (n = from; n < to; n++) {
		u8 *page = native_vcpu.mon_page[n];
		void *at = (void *)(u64)(MON_BASE + n * 4096);
		int prot = n ? PROT_READ | PROT_EXEC : PROT_READ | PROT_WRITE;

		if (page)
			at = mmap(at, 4096, prot, MAP_SHARED | MAP_FIXED, pool_fd,
				  page - pool);
		else
			at = mmap(at, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
				  MAP_FIXED, -1, 0);
		if (at == MAP_FAILED) {
			perror("monitor area");
			exit(1);
		}
	}
}

bool __wrap_mmu_monitor_fill(struct vcpu *v, u32 n)
{
	bool had = mmu_monitor_has(v, n), has = __real_mmu_monitor_fill(v, n);

	if (has && !had)
		show_monitor(n, n + 1);
	return has;
}

void __wrap_mmu_monitor_drop(struct vcpu *v, u32 from, u32 to)
{
	__real_mmu_monitor_drop(v, from, to);
	show_monitor(from, to);
}

static void set_seg(enum vmbt_sreg s, u16 sel, u32 base, u32 limit, u16 attr)
{
	native_vcpu.guest->seg[s] = (struct vmbt_seg){
		.sel = sel, .base = base, .limit = limit, .attr = attr };
}

/*
 * native_reset() - ring-0 guest, protected mode, no paging, nothing translated
 */
void native_reset(bool code32, u32 base)
{
	struct vcpu *v = &native_vcpu;
	u16 db = code32 ? VMBT_ATTR_DB | VMBT_ATTR_G : 0;
	u32 limit = code32 ? 0xffffffff : 0xffff;
	enum vmbt_sreg s;

	if (!pool) {
		map_pool();
		v->shared = &shared;
		v->guest = &shared.guest;
		v->stats = &shared.stats;
		v->mon_base = MON_BASE;
		v->mon_data = MON_BASE;
		shared.mem_top = RAM_SIZE;
		if (getenv("NO_OFFERS"))
			shared.no_offers = strtoul(getenv("NO_OFFERS"), NULL, 0);
		shared.host_caps = VMBT_HOST_NX | VMBT_HOST_LIMITS;
		mmu_init(v, 64, POOL_PAGES);
		mmu_monitor_init(v);
		show_monitor(0, VMBT_MON_SIZE / 4096);
		desc_init(v);
		bt_init(v);
	}
	memset(v->guest, 0, sizeof(*v->guest));
	cpu_reset(v);
	v->guest->cr0 = VMBT_CR0_PE | VMBT_CR0_ET | VMBT_CR0_NE;
	v->guest->cr4 = VMBT_CR4_OSFXSR | VMBT_CR4_OSXMMEXCPT;
	v->guest->eflags = 0x202;
	/* No I/O bitmap, and no descriptors but those that a test adds. */
	v->guest->tr.limit = 0;
	v->guest->ldtr.attr = 0;
	v->guest->gdtr.limit = 0;
	v->guest->idtr.limit = 0;
	set_seg(VMBT_CS, 0x08, base, limit, 0x9b | db);
	for (s = 0; s < VMBT_NSEG; s++)
		if (s != VMBT_CS)
			set_seg(s, 0x10, base, limit, 0x93 | db);
	desc_segs_changed(v);
	mmu_mode_changed(v);
	v->events = 0;
}

static u16 guest_seg(enum vmbt_sreg s, u32 slot)
{
	struct vmbt_seg seg = native_vcpu.guest->seg[s];

	seg.base += native_shift;
	return seg.attr & VMBT_ATTR_P ? native_seg(slot, &seg) : 0;
}

/*
 * What the ring-1 runtime may load by the guest's own selectors: the run LDT.
 * Raw code has the same slots, and puts there what it needs.
 */
static void run_ldt(struct vcpu *v)
{
	const struct desc_table *t = &v->desc->tab[DESC_LDT];
	struct vmbt_seg seg;
	u32 i;

	for (i = 0; t->valid && i < NATIVE_LDT; i++) {
		if (!desc_bit(t->filled, i)) {
			native_seg_clear(i);
			continue;
		}
		memset(&seg, 0, sizeof(seg));
		desc_unpack(t->hw[DESC_VIEW_BT][i], &seg);
		native_seg(i, &seg);
	}
}

/* As desc_prepare() notes what the CPU gets. */
static void prepared(struct vcpu *v, const struct native_entry *in)
{
	v->desc->loaded[VMBT_DS].sel = in->ds;
	v->desc->loaded[VMBT_ES].sel = in->es;
	v->desc->loaded[VMBT_FS].sel = in->fs;
}

/* The signal's view of an exception as the guest's. */
static enum native_stop fault(struct vcpu *v, const struct native_exit *x)
{
	v->exc = (struct vcpu_exc){ .vector = x->trapno, .error = x->error };
	if (x->trapno == VMBT_VEC_PF) {
		v->exc.cr2 = x->cr2;
		/* Ring 3 here stands for ring 0. */
		v->exc.error &= ~(VMBT_PF_U | VMBT_PF_I);
	}
	return NS_FAULT;
}

/* Decode at CS:EIP; false if no instruction is there. */
static bool decode(struct vmbt_insn *in)
{
	const struct vmbt_guest *g = native_vcpu.guest;
	const struct vmbt_seg *cs = &g->seg[VMBT_CS];
	u32 lin = cs->base + g->eip;

	return g->eip <= cs->limit && native_reachable(lin >> 12) &&
	       native_reachable((lin + VMBT_INSN_MAX - 1) >> 12) &&
	       vmbt_decode(in, native_ram(lin), VMBT_INSN_MAX,
			   cs->attr & VMBT_ATTR_DB) == VMBT_DEC_OK &&
	       (u32)in->len - 1 <= cs->limit - g->eip;
}

/* Is there a HLT, which ends a program? Its length, or 0. */
static u32 at_hlt(void)
{
	struct vmbt_insn in;

	return decode(&in) && in.op == VMBT_OP_HLT ? in.len : 0;
}

/*
 * The interpreter was about to access what is no RAM for the process. Of a REP
 * the iterations before have been done.
 */
static enum native_stop no_ram_fault(void)
{
	struct vmbt_insn in;

	if (!decode(&in) || !(in.flags & VMBT_IF_REP))
		memcpy(native_vcpu.guest->gpr, before, sizeof(before));
	return NS_FAULT;
}

enum native_stop native_raw(void)
{
	struct vcpu *v = &native_vcpu;
	struct vmbt_guest *g = v->guest;
	struct native_entry in;
	struct native_exit x;
	u32 tries;

	memcpy(in.gpr, g->gpr, sizeof(in.gpr));
	in.eip = g->eip;
	in.eflags = g->eflags;
	in.cs = guest_seg(VMBT_CS, 8 + VMBT_CS);
	in.ss = guest_seg(VMBT_SS, 8 + VMBT_SS);
	in.ds = guest_seg(VMBT_DS, 8 + VMBT_DS);
	in.es = guest_seg(VMBT_ES, 8 + VMBT_ES);
	in.fs = guest_seg(VMBT_FS, 8 + VMBT_FS);
	in.gs = guest_seg(VMBT_GS, 8 + VMBT_GS);
	/* Two ticks at most: the first may come early. */
	for (tries = 0; tries < 3; tries++) {
		native_run(&in, &x);
		if (x.trapno != 256)
			break;
		memcpy(in.gpr, x.gpr, sizeof(in.gpr));
		in.eip = x.eip;
		in.eflags = x.eflags;
		in.cs = x.cs;
		in.ss = x.ss;
		in.ds = x.ds;
		in.es = x.es;
		in.fs = x.fs;
		in.gs = x.gs;
	}
	memcpy(g->gpr, x.gpr, sizeof(g->gpr));
	g->eip = x.eip;
	g->eflags = x.eflags & ~VMBT_X86_EFLAGS_RF;
	if (native_segs) {
		g->seg[VMBT_CS] = ldt_seg(x.cs);
		g->seg[VMBT_SS] = ldt_seg(x.ss);
		g->seg[VMBT_DS] = ldt_seg(x.ds);
		g->seg[VMBT_ES] = ldt_seg(x.es);
		g->seg[VMBT_FS] = ldt_seg(x.fs);
		g->seg[VMBT_GS] = ldt_seg(x.gs);
	}
	if (x.trapno == VMBT_VEC_GP && !x.error && at_hlt()) {
		g->eip += at_hlt();
		return NS_HLT;
	}
	return x.trapno == 256 ? NS_LIMIT : fault(v, &x);
}

/* What the interpreter came to, @r: 0 go on, else there is a reason to stop. */
static int stops(struct vcpu *v, int r, enum native_stop *why)
{
	switch (r) {
	case X_OK:
	case X_RETRY:
		return 0;
	case X_HLT:
		*why = NS_HLT;
		break;
	case X_FAULT:
		*why = NS_FAULT;
		/* At CPL 3 HLT is a #GP, and still where a program ends. */
		if (v->exc.vector == VMBT_VEC_GP && vcpu_cpl(v) == 3 &&
		    at_hlt()) {
			v->guest->eip += at_hlt();
			*why = NS_HLT;
			v->exc = (struct vcpu_exc){ 0 };
		}
		break;
	default:
		*why = NS_UNSUPPORTED;
	}
	return 1;
}

static int step(struct vcpu *v, enum native_stop *why)
{
	memcpy(before, v->guest->gpr, sizeof(before));
	return stops(v, interp_step(v), why);
}

enum native_stop native_interp(void)
{
	struct vcpu *v = &native_vcpu;
	enum native_stop why;
	u32 n;

	native_no_ram = false;
	if (setjmp(no_ram))
		return no_ram_fault();
	for (n = 0; n < MAX_STEPS; n++)
		if (step(v, &why))
			return why;
	return NS_LIMIT;
}

static void to_frame(struct vcpu *v, const struct native_exit *x)
{
	int i;

	for (i = 0; i < 8; i++)
		v->frame.gpr[i] = x->gpr[i];
	v->frame.rsp = x->gpr[VMBT_ESP];
	v->frame.rip = x->eip;
	v->frame.rflags = x->eflags;
	v->frame.ds = x->ds;
	v->frame.es = x->es;
	v->frame.fs = x->fs;
	v->raw = true;
}

/*
 * The stack's copy of pushed flags shows single-stepping, which is not the
 * guest's. The instruction that has just run is at step_last.
 */
static u32 step_last;

bool native_step(u32 eip, u32 esp)
{
	const struct vmbt_seg *ss = &native_vcpu.guest->seg[VMBT_SS];
	const u8 *p = (u8 *)(u64)(MON_BASE + step_last);
	u32 lin;

	if (step_last && p[*p == 0x66] == 0x9c) {
		lin = ss->base + (ss->attr & VMBT_ATTR_DB ? esp : (u16)esp);
		if (lin >= RAM_LOW && lin < RAM_SIZE - 4)
			native_ram(lin)[1] &= ~1;
	}
	step_last = eip < VMBT_MON_SIZE - 16 ? eip : 0;
	native_steps++;
	return rnd(12);
}

/* core/straight.c wants these of core, metal and mmu. */
static enum native_stop callout_why;
static int callout_stops;

void core_finish(struct vcpu *v, int result)
{
	callout_stops = stops(v, result, &callout_why);
}

int core_interpret(struct vcpu *v, const struct vmbt_insn *in)
{
	int r;

	memcpy(before, v->guest->gpr, sizeof(before));
	r = in ? interp_insn(v, in) : interp_step(v);
	core_finish(v, r);
	return r;
}

u32 metal_requests(void)
{
	return 0;
}

void __wrap_mmu_activate(struct vcpu *v)
{
	(void)v;
}

static int callout(struct vcpu *v, enum native_stop *why)
{
	v->frame.rip += 2;	/* metal's gate reports the next instruction */
	v->raw = false;
	v->stats->callouts++;
	switch (bt_callout(v)) {
	case BT_INTERP:
		v->events = 0;
		core_callout_insn(v);
		native_straight += v->raw;
		*why = callout_why;
		return callout_stops;
	case BT_NOT_CALLOUT:
		printf("# forged: rip %llx\n", v->frame.rip);
		*why = NS_UNSUPPORTED;
		return 1;
	default:
		return 0;
	}
}

static int bt_exit(struct vcpu *v, struct native_exit *x, u32 *ticks,
		   enum native_stop *why)
{
	u32 vec = x->error >> 3;

	if (x->trapno == VMBT_VEC_GP && (x->error & 7) == 2 &&
	    (vec == VMBT_VEC_CALLOUT1 || vec == VMBT_VEC_CALLOUT3))
		return callout(v, why);
	if (bt_sync(v) != X_OK) {
		printf("# no state for rip %llx\n", v->frame.rip);
		*why = NS_UNSUPPORTED;
		return 1;
	}
	if (x->trapno == 256)
		*ticks += 1;
	if (x->trapno == 256 || x->trapno == VMBT_VEC_DB)
		return 0;
	/* A trace: the write is the interpreter's. */
	if (x->trapno == VMBT_VEC_PF && (x->error & VMBT_PF_W) &&
	    native_protected(x->cr2)) {
		bt_adapt_fault(v, x->cr2);
		if (!step(v, why))
			return 0;
		/* Not x87 and SIMD, though. */
		if (*why != NS_UNSUPPORTED || !mmu_drop_traces(v, x->cr2))
			return 1;
		native_protect(x->cr2 >> 12, NATIVE_ALL, false);
		return 0;
	}
	if (x->trapno == VMBT_VEC_PF && native_floating &&
	    !native_reachable(x->cr2 >> 12)) {
		bt_adapt_fault(v, x->cr2);
		return step(v, why);
	}
	*why = fault(v, x);
	return 1;
}

static enum native_stop run_bt(void)
{
	static const struct vmbt_seg tc_cs = {
		.base = MON_BASE, .limit = VMBT_MON_SIZE - 1,
		.attr = 0x9b | VMBT_ATTR_DB | VMBT_ATTR_G };
	static const struct vmbt_seg tc_gs = {
		.base = MON_BASE, .limit = VMBT_MON_SIZE - 1,
		.attr = 0x93 | VMBT_ATTR_DB | VMBT_ATTR_G };
	struct vcpu *v = &native_vcpu;
	struct native_entry in;
	struct native_exit x;
	enum native_stop why;
	u32 n, ticks = 0;
	int r;

	v->raw = false;
	for (n = 0; n < native_max_exits && ticks < 40; n++) {
		/* Behind a callout it may go on at once, as it does in core. */
		r = v->raw ? X_OK : bt_enter(v);
		if (r == X_RETRY) {
			if (step(v, &why))
				return why;
			continue;
		}
		if (r != X_OK)
			return r == X_FAULT ? NS_FAULT : NS_UNSUPPORTED;
		/* What desc_prepare() would tell the ring-1 runtime. */
		desc_state(v, VMBT_SS);
		for (r = 0; r < 8; r++)
			in.gpr[r] = v->frame.gpr[r];
		in.gpr[VMBT_ESP] = v->frame.rsp;
		in.eip = v->frame.rip;
		in.eflags = v->frame.rflags;
		if (native_stepping)
			in.eflags |= VMBT_X86_EFLAGS_TF;
		run_ldt(v);
		in.cs = native_seg(NATIVE_TC, &tc_cs);
		in.gs = native_seg(NATIVE_MON, &tc_gs);
		in.ss = guest_seg(VMBT_SS, NATIVE_BT(VMBT_SS));
		in.ds = guest_seg(VMBT_DS, NATIVE_BT(VMBT_DS));
		in.es = guest_seg(VMBT_ES, NATIVE_BT(VMBT_ES));
		in.fs = guest_seg(VMBT_FS, NATIVE_BT(VMBT_FS));
		prepared(v, &in);
		step_last = in.eip;
		native_run(&in, &x);
		to_frame(v, &x);
		desc_sync_bt(v);
		v->frame.rflags &= ~(VMBT_X86_EFLAGS_TF | VMBT_X86_EFLAGS_RF);
		if (x.trapno == VMBT_VEC_DB) {
			native_restarts++;
			n = 0;
		}
		if (bt_exit(v, &x, &ticks, &why))
			return why;
	}
	return NS_LIMIT;
}

enum native_stop native_bt(void)
{
	native_no_ram = false;
	if (setjmp(no_ram))
		return no_ram_fault();
	return run_bt();
}
