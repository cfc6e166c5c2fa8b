// SPDX-License-Identifier: GPL-2.0
/*
 * What the guest did last, for the message that ends a VM.
 *
 * bt_enter() notes each entry into the translation cache. Chained units do not
 * pass there, so this is a trail, not a full trace.
 */
#include "bt_int.h"
#include "../mmu/mmu.h"
#include "../plat.h"

static void dump_one(struct vcpu *v, const struct bt_trace *t)
{
	bool code32 = v->guest->seg[VMBT_CS].attr & VMBT_ATTR_DB;
	struct vmbt_insn in;
	u8 buf[VMBT_INSN_MAX];
	char text[80];

	if (t->len && mmu_read_phys(v, t->gpa, buf, sizeof(buf)) &&
	    vmbt_decode(&in, buf, sizeof(buf), code32) == VMBT_DEC_OK) {
		vmbt_disasm(&in, t->eip, text, sizeof(text));
		plat_log("bt: %04x:%08x %s", t->cs, t->eip, text);
	} else {
		plat_log("bt: %04x:%08x", t->cs, t->eip);
	}
}

/**
 * bt_trace_dump() - log the last entries into the cache, newest first
 * @v: the vCPU
 */
void bt_trace_dump(struct vcpu *v)
{
	const struct bt *bt = v->bt;
	u32 i;

	for (i = 1; i <= 16 && i <= bt->trace_pos; i++)
		dump_one(v, &bt->trace[(bt->trace_pos - i) % BT_TRACE_RING]);
}
