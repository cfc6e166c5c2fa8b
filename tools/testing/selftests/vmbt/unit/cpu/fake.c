// SPDX-License-Identifier: GPL-2.0
/*
 * The fake mmu and platform of fake.h, and how the tests report.
 */
#include <stdarg.h>

#include "fake.h"

struct vcpu cpu;
struct vmbt_shared shared;
u8 ram[FAKE_RAM] __aligned(4096);
struct fake_page page[FAKE_PAGES];
u32 fake_cr3_fails;
u32 fake_mode_changes;
u32 fake_writes;
u64 fake_alias;
static struct vmbt_mon mon;
static mmu_trace_fn trace_fn;
static u32 expected, failed, failed_all;

/* Reporting. */

bool expect(bool good, const char *name, const char *fmt, ...)
{
	va_list ap;

	expected++;
	if (good)
		return true;
	if (failed++ < 10) {
		printf("# %s: ", name);
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		putchar('\n');
	}
	return false;
}

bool expect_fault(const char *name, int r, u8 vector, u32 error)
{
	return expect(r == X_FAULT && cpu.exc.vector == vector &&
		      cpu.exc.error == error, name,
		      "result %d vector %u error %#x, expected vector %u error %#x",
		      r, cpu.exc.vector, cpu.exc.error, vector, error);
}

void done(const char *name)
{
	if (failed)
		printf("not ok %s: %u of %u expectations\n", name, failed,
		       expected);
	else if (!expected)
		printf("not ok %s: nothing was checked\n", name);
	else
		printf("ok %s (%u checks)\n", name, expected);
	failed_all += failed || !expected;
	failed = 0;
	expected = 0;
	fflush(stdout);
}

int test_status(void)
{
	return failed_all != 0;
}

static u64 rnd_state = 88172645463325252ULL;

void rnd_seed(u64 seed)
{
	rnd_state = seed * 0x9e3779b97f4a7c15ULL;
}

/* A fuzz target takes its own from its input. */
__attribute__((weak)) u32 rnd(void)
{
	u64 x = rnd_state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	rnd_state = x;
	return x >> 16;
}

/* The platform. */

u64 fake_tsc = 1000;

u64 plat_tsc(void)
{
	return fake_tsc += 10;
}

bool mmu_read_phys(struct vcpu *v, u64 gpa, void *buf, u32 len)
{
	(void)v;
	if (gpa > FAKE_RAM || len > FAKE_RAM - gpa)
		return false;
	memcpy(buf, ram + gpa, len);
	return true;
}

bool mmu_write_phys(struct vcpu *v, u64 gpa, const void *buf, u32 len)
{
	(void)v;
	if (gpa > FAKE_RAM || len > FAKE_RAM - gpa)
		return false;
	memcpy(ram + gpa, buf, len);
	return true;
}

void plat_log(const char *fmt, ...)
{
	(void)fmt;
}

void plat_panic(const char *fmt, ...)
{
	va_list ap;

	printf("not ok panic: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(1);
}

int vcpu_unsupported(struct vcpu *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->shared->text, sizeof(v->shared->text), fmt, ap);
	va_end(ap);
	return X_UNSUPPORTED;
}

/* The mmu. */

static int page_fault(struct vcpu *v, u32 lin, u32 access, u32 present)
{
	vcpu_fault_err(v, VMBT_VEC_PF,
		       (access & (MMU_WRITE | MMU_USER)) | present);
	v->exc.cr2 = lin;
	return X_FAULT;
}

int mmu_walk(struct vcpu *v, u32 lin, u32 access, struct mmu_xlat *out)
{
	u32 p = lin >> 12;

	if (p >= FAKE_PAGES || !page[p].present)
		return page_fault(v, lin, access, 0);
	if (((access & MMU_WRITE) && !page[p].writable) ||
	    ((access & MMU_USER) && page[p].super))
		return page_fault(v, lin, access, VMBT_PF_P);
	*out = (struct mmu_xlat){
		.gpa = (u64)page[p].gfn << 12 | (lin & 0xfff),
		.page_size = 4096,
	};
	return X_OK;
}

static int check(struct vcpu *v, u32 lin, u32 len, u32 access)
{
	struct mmu_xlat x;
	int r = mmu_walk(v, lin, access, &x);

	if (!r && (lin ^ (lin + len - 1)) >> 12)
		r = mmu_walk(v, (lin + len - 1) & ~0xfffU, access, &x);
	return r;
}

static u8 *byte(u32 lin)
{
	return &ram[page[lin >> 12].gfn << 12 | (lin & 0xfff)];
}

int mmu_read(struct vcpu *v, u32 lin, void *buf, u32 len, u32 access)
{
	int r = check(v, lin, len, access);

	for (u32 i = 0; i < len && !r; i++)
		((u8 *)buf)[i] = *byte(lin + i);
	return r;
}

/* There are no aliases here but in the minds of the tests. */
void mmu_alias_forget(struct vcpu *v, bool walk)
{
	(void)v;
	(void)walk;
}

void mmu_alias_gdt(struct vcpu *v, u64 gfn)
{
	(void)v;
	fake_alias = gfn;
}

/* Every other time, so that both ways are gone. */
const u8 *mmu_known(struct vcpu *v, u32 lin, u32 len)
{
	static bool known;

	known = !known;
	if (!known || (lin ^ (lin + len - 1)) >> 12 || check(v, lin, len, MMU_PEEK))
		return NULL;
	return byte(lin);
}

int mmu_write(struct vcpu *v, u32 lin, const void *buf, u32 len, u32 access)
{
	int r = check(v, lin, len, access | MMU_WRITE);

	for (u32 i = 0; i < len && !r; i++) {
		u32 gfn = page[(lin + i) >> 12].gfn;

		if (page[gfn].traces && trace_fn)
			trace_fn(v, (u64)gfn << 12 | ((lin + i) & 0xfff), 1);
		*byte(lin + i) = ((const u8 *)buf)[i];
	}
	fake_writes += !r;
	return r;
}

int mmu_probe_write(struct vcpu *v, u32 lin, u32 len, u32 access)
{
	return check(v, lin, len, access | MMU_WRITE);
}

int mmu_fetch(struct vcpu *v, u32 lin, void *buf, u32 len, u32 access, u32 *got)
{
	int r = mmu_read(v, lin, buf, len, access);

	*got = r ? 0 : len;
	return r;
}

int mmu_load_cr3(struct vcpu *v, u32 cr3)
{
	if (fake_cr3_fails) {
		fake_cr3_fails--;
		return vcpu_fault_err(v, VMBT_VEC_GP, 0);
	}
	v->guest->cr3 = cr3;
	return X_OK;
}

void mmu_mode_changed(struct vcpu *v)
{
	(void)v;
	fake_mode_changes++;
}

void mmu_invlpg(struct vcpu *v, u32 lin)
{
	(void)v;
	(void)lin;
}

void mmu_trace_register(struct vcpu *v, u32 client, mmu_trace_fn fn)
{
	(void)v;
	if (client == MMU_TRACE_DESC)
		trace_fn = fn;
}

void mmu_trace_add(struct vcpu *v, u64 gfn, u32 client)
{
	(void)v;
	if (gfn < FAKE_PAGES)
		page[gfn].traces |= client;
}

void mmu_trace_del(struct vcpu *v, u64 gfn, u32 client)
{
	(void)v;
	if (gfn < FAKE_PAGES)
		page[gfn].traces &= ~client;
}

/* Guests. */

u32 rd32(u32 lin)
{
	u32 val;

	memcpy(&val, ram + lin, 4);
	return val;
}

u16 rd16(u32 lin)
{
	return rd32(lin);
}

void wr32(u32 lin, u32 val)
{
	memcpy(ram + lin, &val, 4);
}

void wr16(u32 lin, u16 val)
{
	memcpy(ram + lin, &val, 2);
}

/* Written through the mmu, as the guest would: the shadow tables hear of it. */
void put_raw(u32 table, u16 sel, u64 raw)
{
	struct vcpu_exc exc = cpu.exc;

	mmu_write(&cpu, table + (sel & 0xfff8), &raw, 8, 0);
	cpu.exc = exc;
}

u64 get_raw(u32 table, u16 sel)
{
	u64 raw;

	memcpy(&raw, ram + table + (sel & 0xfff8), 8);
	return raw;
}

/* By the figure in the manual, not by desc_pack(). */
void put_desc(u32 table, u16 sel, u32 base, u32 limit, u16 attr)
{
	u32 l = attr & 0x8000 ? limit >> 12 : limit;
	u64 raw = (l & 0xffff) | (u64)(base & 0xffffff) << 16 |
		  (u64)(attr & 0xff) << 40 | (u64)(l >> 16 & 0xf) << 48 |
		  (u64)(attr >> 12) << 52 | (u64)(base >> 24) << 56;

	put_raw(table, sel, raw);
}

/* @at: address of the gate itself. */
void put_gate(u32 at, u16 sel, u32 off, u16 attr, u8 count)
{
	put_raw(at, 0, (off & 0xffff) | (u64)sel << 16 | (u64)count << 32 |
		(u64)(attr & 0xff) << 40 | (u64)(off >> 16) << 48);
}

void fake_reset(void)
{
	memset(ram, 0, sizeof(ram));
	memset(&shared, 0, sizeof(shared));
	for (u32 i = 0; i < FAKE_PAGES; i++)
		page[i] = (struct fake_page){ i, true, true, 0, false };
	cpu = (struct vcpu){
		.guest = &shared.guest, .shared = &shared,
		.stats = &shared.stats, .mon = &mon,
		.mon_base = VMBT_MON_FIXED_BASE,
		.mon_data = VMBT_MON_FIXED_BASE,
	};
	fake_alias = DESC_NO_GFN;
	shared.host_caps = VMBT_HOST_INTEL | VMBT_HOST_NX;
	shared.tsc_khz = 1000000;
	shared.ncpuid = 4;
	shared.cpuid[0] = (struct vmbt_cpuid){
		.function = 0, .eax = 1, .ebx = 0x756e6547, .edx = 0x49656e69,
		.ecx = 0x6c65746e,
	};
	shared.cpuid[1] = (struct vmbt_cpuid){
		.function = 1, .eax = 0x633, .edx = ~0U, .ecx = ~0U,
	};
	shared.cpuid[2] = (struct vmbt_cpuid){
		.function = 0x80000001, .edx = ~0U, .ecx = ~0U,
	};
	shared.cpuid[3] = (struct vmbt_cpuid){
		.function = 0x80000000, .eax = 0x80000001,
	};
	fake_cr3_fails = 0;
	mon = (struct vmbt_mon){ .gdt_left = VMBT_MON_LOG };
	cpu.mon = &mon;
	desc_init(&cpu);
	cpu_reset(&cpu);
	cpu.events = 0;
}

static void set_seg(enum vmbt_sreg s, u16 sel, u16 attr)
{
	cpu.guest->seg[s] = (struct vmbt_seg){
		.sel = sel, .attr = attr, .limit = 0xffffffff,
	};
}

void fake_flat(int ring)
{
	struct vmbt_guest *g = &shared.guest;

	fake_reset();
	put_desc(GDT, SEL_CODE0, 0, 0xffffffff, A_CODE0);
	put_desc(GDT, SEL_DATA0, 0, 0xffffffff, A_DATA0);
	put_desc(GDT, SEL_CODE3, 0, 0xffffffff, A_CODE3);
	put_desc(GDT, SEL_DATA3, 0, 0xffffffff, A_DATA3);
	put_desc(GDT, SEL_TSS, TSS, 0x1ff, 0x8b);
	put_desc(GDT, SEL_LDT, LDT, 0xff, 0x82);
	put_desc(GDT, SEL_TSS_B, TSS_B, 0x67, 0x89);
	wr32(TSS + 4, STACK0);
	wr32(TSS + 8, SEL_DATA0);
	wr16(TSS + 0x66, 0x68);

	g->cr0 = VMBT_CR0_PE | VMBT_CR0_ET;
	g->gdtr.base = GDT;
	g->gdtr.limit = 0xff;
	g->idtr.base = IDT;
	g->idtr.limit = 0x7ff;
	g->tr = (struct vmbt_seg){
		.sel = SEL_TSS, .base = TSS, .limit = 0x1ff, .attr = 0x8b,
	};
	g->ldtr = (struct vmbt_seg){
		.sel = SEL_LDT, .base = LDT, .limit = 0xff, .attr = 0x82,
	};
	for (int s = 0; s < VMBT_NSEG; s++)
		set_seg(s, ring ? SEL_DATA3 : SEL_DATA0,
			ring ? A_DATA3 : A_DATA0);
	set_seg(VMBT_CS, ring ? SEL_CODE3 : SEL_CODE0, ring ? A_CODE3 : A_CODE0);
	g->eip = CODE0;
	g->gpr[VMBT_ESP] = ring ? STACK3 : STACK0;
	g->eflags = VMBT_X86_EFLAGS_FIXED | VMBT_X86_EFLAGS_IF;
	desc_tables_changed(&cpu);
	desc_segs_changed(&cpu);
	cpu.events = 0;
}

void fake_v86(void)
{
	struct vmbt_guest *g = &shared.guest;

	fake_flat(3);
	g->eflags |= VMBT_X86_EFLAGS_VM;
	for (int s = 0; s < VMBT_NSEG; s++)
		g->seg[s] = (struct vmbt_seg){
			.sel = 0x1000 + s, .base = (0x1000 + s) << 4,
			.limit = 0xffff, .attr = 0xf3,
		};
	g->eip = 0;
	g->gpr[VMBT_ESP] = 0x1000;
	desc_segs_changed(&cpu);
}
