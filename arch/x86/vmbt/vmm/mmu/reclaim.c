// SPDX-License-Identifier: GPL-2.0
/*
 * Shadow pages given back when the pool or the limit on them is reached.
 *
 * A clock hand goes over all shadow pages; one that was used since it last
 * came by is spared once. What the guest runs on now is spared altogether
 * until nothing else is left. A shadow page can always be made again.
 */
#include "mmu_int.h"

static bool sp_spared(struct mmu *m, struct sp *sp, bool hard)
{
	u32 q = role_quad(sp->role);

	if (!sp->live || role_level(sp->role) == 3)
		return true;
	if (role_level(sp->role) == 2) {
		if (m->cur && m->cur->pd[q] == sp)
			return true;
		if (m->hw && m->hw->pd[q] == sp)
			return true;
	}
	if (sp->used && !hard) {
		sp->used = 0;
		return true;
	}
	return false;
}

/**
 * shadow_reclaim() - free shadow pages
 * @v: the vCPU
 * @want: how many
 * Return: how many were freed
 */
u32 shadow_reclaim(struct vcpu *v, u32 want)
{
	struct mmu *m = v->mmu;
	u32 turns, freed = 0, end = m->pool_pages;
	struct sp *sp;

	for (turns = 0; freed < want && turns < 3 * end; turns++) {
		if (++m->hand >= end)
			m->hand = m->pool_first;
		if (!m->sp_chunk[m->hand >> 6]) {
			m->hand |= 63;
			continue;
		}
		sp = sp_of(m, m->hand);
		if (sp_spared(m, sp, turns > 2 * end))
			continue;
		sp_zap(v, sp);
		freed++;
		if (plat_overdue()) {
			tlb_sync(v);
			plat_yield();
		}
	}
	if (!freed && root_recycle(v))
		freed++;
	tlb_sync(v);
	return freed;
}
