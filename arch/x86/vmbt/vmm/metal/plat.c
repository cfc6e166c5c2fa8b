// SPDX-License-Identifier: GPL-2.0
/*
 * The seam of plat.h on metal: pool, TLB, and what is asked of the host.
 *
 * The window on guest memory has a file of its own, window.c.
 */
#include <stdarg.h>

#include "metal.h"
#include "metal_int.h"
#include "../chip/chips.h"
#include "../chip/coalesce.h"
#include "../core/core.h"
#include "../lib/fmt.h"
#include "../lib/string.h"
#include "../plat.h"
#include "../../include/pcid.h"

struct vmbt_shared *plat_shared(void)
{
	return metal_shared();
}

void *plat_pool_virt(u32 idx)
{
	return (void *)(VMBT_POOL_BASE + (u64)idx * 4096);
}

u64 plat_pool_phys(u32 idx)
{
	return ((const u64 *)VMBT_POOLMAP_BASE)[idx];
}

u32 plat_pool_grow(u32 want)
{
	struct vmbt_shared *s = metal_shared();

	s->hc_arg[0] = want;
	s->stats.hc_pool_grow++;
	metal_hostcall(VMBT_HC_POOL_GROW);
	return s->hc_out[0];
}

u32 plat_pool_shrink(u32 n, bool done)
{
	struct vmbt_shared *s = metal_shared();

	s->hc_arg[0] = n;
	s->hc_arg[1] = done;
	s->stats.hc_pool_shrink++;
	metal_hostcall(VMBT_HC_POOL_SHRINK);
	return s->hc_out[0];
}

void plat_invlpg(u64 linear)
{
	invlpg(linear);
}

void plat_flush_tlb(void)
{
	write_cr3(metal_cross()->vmm_cr3 & ~VMBT_CR3_KEEP);
}

/*
 * Loaded at once: the caller may free the old root next. Every root maps the
 * VMM alike.
 */
void plat_set_root(u64 phys, u32 slot, bool keep)
{
	write_cr3(vmbt_pcid_root(metal_cross(), phys, slot, keep));
}

u64 plat_pcid_epoch(void)
{
	return metal_cross()->pcid_epoch;
}

u64 plat_tsc(void)
{
	return rdtsc() + metal_shared()->tsc_base;
}

void plat_log(const char *fmt, ...)
{
	struct vmbt_shared *s = metal_shared();
	va_list ap;

	va_start(ap, fmt);
	vmbt_vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
	s->stats.hc_log++;
	metal_hostcall(VMBT_HC_LOG);
}

void plat_panic(const char *fmt, ...)
{
	struct vmbt_shared *s = metal_shared();
	va_list ap;

	va_start(ap, fmt);
	vmbt_vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
	metal_drop_breakpoints();
	for (;;)
		metal_hostcall(VMBT_HC_PANIC);
}

/*
 * After a sixteenth of a millisecond: steps are well below that, and going to
 * the host and back costs a hundredth.
 */
bool plat_overdue(void)
{
	u64 spent = rdtsc() - metal.last_out;

	return spent > metal_shared()->tsc_khz / 16 ||
	       READ_ONCE(metal_cross()->nmi);
}

void plat_yield(void)
{
	if (!plat_overdue())
		return;
	metal_shared()->stats.hc_yield++;
	metal_hostcall(VMBT_HC_YIELD);
}

void plat_exit(u32 kind)
{
	struct vmbt_shared *s = metal_shared();

	if (unlikely(s->hostile.on))
		core_hostile_leave();
	s->exit.kind = kind;
	s->stats.hc_exit++;
	metal_hostcall(VMBT_HC_EXIT);
	/* The test's next program: nothing waits for the answer any more. */
	if (unlikely(s->hostile.on && s->hostile.start))
		metal_restart();
}

void plat_pio(u16 port, u8 dir, u8 size, u32 count, void *data)
{
	struct vmbt_shared *s = metal_shared();
	u32 bytes = size * count;

	if (bytes > VMBT_IO_DATA)
		plat_panic("%u bytes of port data at once", bytes);
	if (bytes == 1 && chips_pio(port, dir, data)) {
		s->stats.chip_io++;
		if (chips_hurry()) {
			s->stats.hc_yield++;
			metal_hostcall(VMBT_HC_YIELD);
		}
		return;
	}
	if (count == 1 && coalesce_pio(port, dir, size, data))
		return;
	s->exit.port = port;
	s->exit.dir = dir;
	s->exit.size = size;
	s->exit.count = count;
	if (dir == VMBT_IO_OUT)
		memcpy(s->io_data, data, bytes);
	s->stats.exit_io++;
	plat_exit(VMBT_EXIT_IO);
	if (dir == VMBT_IO_IN)
		memcpy(data, s->io_data, bytes);
}

void plat_mmio(u64 gpa, void *data, u32 len, bool write)
{
	struct vmbt_shared *s = metal_shared();

	if (len > sizeof(s->exit.mmio_data))
		plat_panic("%u bytes of MMIO data at once", len);
	if (write && coalesce_mmio(gpa, data, len))
		return;
	s->exit.gpa = gpa;
	s->exit.len = len;
	s->exit.is_write = write;
	if (write)
		memcpy(s->exit.mmio_data, data, len);
	s->stats.exit_mmio++;
	plat_exit(VMBT_EXIT_MMIO);
	if (!write)
		memcpy(data, s->exit.mmio_data, len);
}
