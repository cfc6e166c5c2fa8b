// SPDX-License-Identifier: GPL-2.0
/*
 * plat.h for the tests: guest memory on scattered host pages that can be
 * moved, granted read-only or refused for a moment; a pool that grows up to a
 * limit; devices where there is no memory.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

/* Blocks for huge pages, then others. */
#define HUGE_PAGES	(HUGE_GROUPS * 512)
#define HOST_PAGES	(HUGE_PAGES + RAM_FRAMES * 2)
#define HOST_BASE	0x340000000ull
#define POOL_BASE	0x87000000000ull

struct vcpu vcpu;
struct vmbt_shared shared;
static struct vmbt_mon mon_data;
struct fake_config config;
struct mmio_log mmio_log;
u64 rnd_state = 1;

static u8 (*host)[4096];
static u8 (*pool)[4096];
/* Granted as a whole. */
static bool whole[HUGE_GROUPS];
static struct { u32 page; bool granted, write; } ram[RAM_FRAMES];
static s32 owner[HOST_PAGES];
static u32 pool_count;
static size_t pool_have;
/* Numbers without a page. */
static bool *gone;
static u32 ngone;

u32 rnd(u32 n)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return n ? (u32)(rnd_state >> 20) % n : 0;
}

void broken(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("not ok mmu: ");
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	fflush(stdout);
	abort();
}

bool gfn_is_rom(u64 gfn)
{
	return gfn >= ROM_FROM && gfn < ROM_TO;
}

static bool gfn_has_memory(u64 gfn)
{
	return gfn < RAM_FRAMES && !(gfn >= HOLE_FROM && gfn < HOLE_TO);
}

bool gfn_is_ram(u64 gfn)
{
	return gfn_has_memory(gfn) && !gfn_is_rom(gfn);
}

u8 *ram_ptr(u64 gfn)
{
	return gfn_has_memory(gfn) ? host[ram[gfn].page] : NULL;
}

static u32 host_page_free(void)
{
	u32 i = HUGE_PAGES + rnd(RAM_FRAMES * 2);

	while (owner[i] >= 0)
		i = i + 1 < HOST_PAGES ? i + 1 : HUGE_PAGES;
	return i;
}

/* Which huge page could have the frame, -1: none. */
static int huge_of(u64 gfn)
{
	return gfn / 512 < HUGE_GROUPS ? (int)(gfn / 512) : -1;
}

static bool in_one_piece(int n)
{
	u32 i;

	for (i = 0; i < 512; i++)
		if (ram[HUGE_GFN(n) + i].page != (u32)n * 512 + i)
			return false;
	return true;
}

static void move_to(u64 gfn, u32 to)
{
	u32 from = ram[gfn].page;

	memcpy(host[to], host[from], 4096);
	memset(host[from], 0xff, 4096);
	owner[from] = -1;
	owner[to] = (s32)gfn;
	ram[gfn].page = to;
	ram[gfn].granted = false;
	ram[gfn].write = false;
	if (huge_of(gfn) >= 0)
		whole[huge_of(gfn)] = false;
}

void host_move(u64 gfn)
{
	move_to(gfn, host_page_free());
}

void host_collapse(u64 gfn)
{
	int n = huge_of(gfn);
	u32 i;

	for (i = 0; i < 512; i++)
		if (ram[HUGE_GFN(n) + i].page != (u32)n * 512 + i)
			move_to(HUGE_GFN(n) + i, (u32)n * 512 + i);
}

u8 *pool_ptr(u32 idx)
{
	return pool[idx];
}

u32 pool_now(void)
{
	return pool_count - ngone;
}

u32 pool_end(void)
{
	return pool_count;
}

bool pool_gone(u32 idx)
{
	return idx >= pool_count || gone[idx];
}

s64 phys_to_gfn(u64 phys)
{
	u64 i = (phys - HOST_BASE) >> 12;

	if (phys < HOST_BASE || i >= HOST_PAGES || owner[i] < 0 ||
	    !ram[owner[i]].granted)
		return -1;
	return owner[i];
}

s64 phys_to_pool(u64 phys)
{
	u64 i = (phys - POOL_BASE) >> 12;

	/* Neighbours in the pool are not neighbours in memory. */
	i ^= 0x15;
	return phys < POOL_BASE || i >= pool_count || gone[i] ? -1 : (s64)i;
}

u8 *phys_ptr(u64 phys)
{
	s64 i = phys_to_pool(phys & ~0xfffull);

	if (i >= 0)
		return pool[i] + (phys & 0xfff);
	i = phys_to_gfn(phys & ~0xfffull);
	if (i < 0)
		broken("access to physical %llx", phys);
	return ram_ptr((u64)i) + (phys & 0xfff);
}

bool granted_write(u64 gfn)
{
	return ram[gfn].write;
}

u8 mmio_byte(u64 gpa)
{
	return (u8)(gpa * 0x9d + (gpa >> 12) + 3);
}

void fake_init(const struct fake_config *c)
{
	size_t pool_size = (size_t)(c->pool_max + MON_PAGES) * 4096;
	u32 i;

	config = *c;
	if (!host)
		host = aligned_alloc(4096, HOST_PAGES * 4096);
	if (pool_size > pool_have) {
		free(pool);
		free(gone);
		pool = aligned_alloc(4096, pool_size);
		gone = malloc(pool_size / 4096);
		pool_have = pool_size;
	}
	/* What is not zeroed before use shows. */
	memset(pool, 0xa5, pool_size);
	memset(gone, 0, pool_size / 4096);
	ngone = 0;
	memset(host, 0, HOST_PAGES * 4096);
	memset(ram, 0, sizeof(ram));
	memset(whole, 0, sizeof(whole));
	memset(owner, 0xff, sizeof(owner));
	memset(&shared, 0, sizeof(shared));
	memset(&vcpu, 0, sizeof(vcpu));
	for (i = 0; i < RAM_FRAMES; i++) {
		if (!gfn_has_memory(i))
			continue;
		ram[i].page = config.huge && huge_of(i) >= 0 ?
			      (u32)huge_of(i) * 512 + i % 512 : host_page_free();
		owner[ram[i].page] = (s32)i;
	}
	pool_count = c->pool_pages + (c->bare ? 0 : MON_PAGES);
	vcpu.shared = &shared;
	vcpu.guest = &shared.guest;
	vcpu.mon = &mon_data;
	vcpu.stats = &shared.stats;
	shared.mem_top = RAM_FRAMES << 12;
	shared.host_caps = VMBT_HOST_NX | (c->pcid ? VMBT_HOST_PCID : 0);
	shared.mon_policy = c->fixed ? VMBT_MON_FIXED :
			    c->split ? VMBT_MON_SPLIT : VMBT_MON_FLOATING;
	/* The template: page 7, its upper half recognisable. */
	for (i = 0; i < 512; i++)
		((u64 *)pool[7])[i] = i < 256 ? 0xdead0003 : 0x77700000063 + i * 4096ull;
	mmu_init(&vcpu, 10, pool_count);
	mmu_set_template(&vcpu, 7, c->la57, c->pte_enc);
	hw_reset(POOL_BASE + ((7 ^ 0x15) << 12));
	mmu_monitor_init(&vcpu);
	for (i = 0; i < MON_PAGES && !c->bare; i++)
		if (!alias_page(i) && !mmu_monitor_fill(&vcpu, i))
			broken("no page %u in the monitor area", i);
}

bool plat_gfn_large(u64 gfn)
{
	return huge_of(gfn) >= 0 && whole[huge_of(gfn)];
}

/* The host grants all 512 for writing, or but the one that was asked for. */
static void grant(u64 gfn, bool write)
{
	int n = huge_of(gfn);
	u32 i;

	ram[gfn].granted = true;
	if (!gfn_is_rom(gfn) && (write || !config.grants || rnd(2)))
		ram[gfn].write = true;
	if (n < 0 || whole[n] || !ram[gfn].write || (config.grants && rnd(2)) ||
	    !in_one_piece(n))
		return;
	whole[n] = true;
	for (i = 0; i < 512; i++) {
		ram[HUGE_GFN(n) + i].granted = true;
		ram[HUGE_GFN(n) + i].write = true;
	}
}

int plat_gfn_map(u64 gfn, bool write, struct plat_page *out)
{
	memset(out, 0xee, sizeof(*out));
	if (!gfn_has_memory(gfn))
		return VMBT_PAGE_NONE;
	hw_trip(20);
	if (config.busy && !rnd(300))
		return VMBT_PAGE_RETRY;
	grant(gfn, write);
	out->phys = HOST_BASE + ((u64)ram[gfn].page << 12);
	out->virt = host[ram[gfn].page];
	out->writable = ram[gfn].write;
	return gfn_is_rom(gfn) ? VMBT_PAGE_ROM : VMBT_PAGE_RAM;
}

/* The window has lost some that the host would give again at once. */
const void *plat_gfn_known(u64 gfn)
{
	if (!gfn_has_memory(gfn) || !ram[gfn].granted || (config.grants && !rnd(8)))
		return NULL;
	return host[ram[gfn].page];
}

void plat_window_zap(u64 start, u64 end)
{
	(void)start;
	(void)end;
}

void *plat_pool_virt(u32 idx)
{
	if (pool_gone(idx))
		broken("pool page %u of %u", idx, pool_count);
	hw_pool_used(idx);
	return pool[idx];
}

/* As POOLMAP: zero for a hole. */
u64 plat_pool_phys(u32 idx)
{
	if (idx >= pool_count)
		broken("physical address of pool page %u of %u", idx, pool_count);
	return gone[idx] ? 0 : POOL_BASE + ((u64)(idx ^ 0x15) << 12);
}

u32 plat_pool_grow(u32 want)
{
	u32 max = config.pool_max + MON_PAGES, i;

	hw_trip(1);
	if (want > max - pool_now())
		want = max - pool_now();
	for (i = 0; want && i < pool_count; i++) {
		if (!gone[i])
			continue;
		gone[i] = false;
		ngone--;
		want--;
	}
	/* The host's numbers go further than its pages; what is there, does not. */
	for (; want && pool_count < max; want--)
		gone[pool_count++] = false;
	return pool_count;
}

u32 plat_pool_shrink(u32 n, bool done)
{
	u32 i, k, idx;

	(void)done;
	for (i = 0; i < n; i++) {
		idx = shared.shrink_list[i];
		if (idx < 10 || pool_gone(idx))
			broken("pool page %u was given back", idx);
		for (k = 0; k < MON_PAGES; k++)
			if (vcpu.mon_page[k] == pool[idx])
				broken("page %u of the monitor area was given back", k);
		/* The page is somebody else's now. */
		memset(pool[idx], 0xa5, 4096);
		gone[idx] = true;
		ngone++;
	}
	for (; gone[pool_count - 1]; pool_count--)
		ngone--;
	hw_pool_shrunk();
	return pool_count;
}

void plat_invlpg(u64 linear)
{
	hw_invlpg((u32)linear);
}

u64 plat_tsc(void)
{
	static u64 t;

	return ++t;
}

void plat_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

void plat_panic(const char *fmt, ...)
{
	char buf[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	broken("panic: %s", buf);
}

bool plat_overdue(void)
{
	return !rnd(4);
}

void plat_yield(void)
{
	hw_trip(1);
}

void plat_mmio(u64 gpa, void *data, u32 len, bool write)
{
	u32 i;

	if (gfn_is_ram(gpa >> 12) || len < 1 || len > 8)
		broken("mmio at %llx, %u bytes", gpa, len);
	if (!write) {
		for (i = 0; i < len; i++)
			((u8 *)data)[i] = mmio_byte(gpa + i);
		return;
	}
	for (i = 0; i < len && mmio_log.n < ARRAY_SIZE(mmio_log.w); i++) {
		mmio_log.w[mmio_log.n].gpa = gpa + i;
		mmio_log.w[mmio_log.n++].byte = ((u8 *)data)[i];
	}
}

struct vmbt_shared *plat_shared(void)
{
	return &shared;
}

int vcpu_unsupported(struct vcpu *v, const char *fmt, ...)
{
	char buf[256];
	va_list ap;

	(void)v;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	broken("unsupported: %s", buf);
}
