// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses to user space's devices that do not leave the VMM.
 *
 * A write that has no effect the guest could see at once is kept here, in order,
 * and user space gets all of them the next time the vCPU is there: KVM's coalesced
 * MMIO and PIO. A device whose registers are behind an index and a data port, such
 * as a network card, gets more: the VMM knows the index, answers reads of
 * registers that do nothing when they are read, and counts the writes that ask for
 * something which may wait for more of its kind ("Virtualizing I/O Devices on VMware
 * Workstation's Hosted Virtual Machine Monitor", USENIX 2001, section 4).
 *
 * What is known of a device comes from user space through the host, which checked it.
 * The guest gives an address and a value; nothing here is an index that it chose.
 */
#include "coalesce.h"
#include "../plat.h"
#include "../../include/guest.h"

/* The uapi's VMBT_REG_*. */
#define REG_PLAIN	0x01
#define REG_MASKS	0x02
#define REG_LIVE	0x04
#define REG_LATE	0x08

static bool keep(struct vmbt_shared *s, u64 addr, u32 len, bool pio, const u8 *data)
{
	struct vmbt_coalesced *c = &s->coalesced;
	struct vmbt_late *late;
	u32 i;

	if (c->count >= c->room || c->count >= VMBT_LATE)
		return false;
	late = &c->late[c->count++];
	late->addr = addr;
	late->len = len;
	late->pio = pio;
	for (i = 0; i < sizeof(late->data); i++)
		late->data[i] = i < len ? data[i] : 0;
	s->stats.coalesced++;
	return true;
}

static bool in_zone(const struct vmbt_coalesced *c, u64 addr, u32 len, bool pio)
{
	const struct vmbt_zone *z;
	u32 i;

	for (i = 0; i < c->nzones && i < VMBT_ZONES; i++) {
		z = &c->zone[i];
		if (!!z->pio == pio && addr >= z->addr && len <= z->size &&
		    addr - z->addr <= z->size - len)
			return true;
	}
	return false;
}

static u32 get(const u8 *data, u8 size)
{
	u32 val = data[0] | data[1] << 8;

	return size == 4 ? val | data[2] << 16 | (u32)data[3] << 24 : val;
}

static bool answer(struct vmbt_shared *s, u32 val, u8 size, u8 *data)
{
	u32 i;

	for (i = 0; i < size; i++)
		data[i] = val >> 8 * i;
	s->stats.registers_read++;
	return true;
}

static u32 live(const struct vmbt_pair_state *p, const struct vmbt_pair_reg_state *r)
{
	return p->late ? (p->live & ~r->kept) | (p->late_value & r->kept) : p->live;
}

static bool read_reg(struct vmbt_shared *s, const struct vmbt_pair_state *p,
		     const struct vmbt_pair_reg_state *r, u8 *data)
{
	u32 off = s->coalesced.off;

	if (r->flags & REG_PLAIN && !(off & VMBT_IO_REGISTERS))
		return answer(s, r->value, p->size, data);
	if (r->flags & REG_LIVE && !(off & VMBT_IO_LIVE))
		return answer(s, live(p, r), p->size, data);
	return false;
}

static bool write_reg(struct vmbt_shared *s, struct vmbt_pair_state *p,
		      struct vmbt_pair_reg_state *r, u8 *data)
{
	u32 off = s->coalesced.off, val = get(data, p->size), now = live(p, r);

	if (r->flags & REG_PLAIN) {
		r->value = val & r->mask;
		if (off & VMBT_IO_REGISTERS || (r->flags & REG_MASKS && p->live & r->kept & ~val))
			return false;
		return keep(s, p->data_port, p->size, true, data);
	}
	if (!(r->flags & REG_LATE) || val & r->mask || now & ~val & r->kept ||
	    (val & ~now & r->kept && p->live & r->value))
		return false;
	/* It asks for nothing if all it has are bits that read as they are written. */
	if (off & VMBT_IO_COMBINE || (val & ~r->kept && p->nlate + 1 >= p->max) ||
	    !keep(s, p->data_port, p->size, true, data))
		return false;
	if (val & ~r->kept)
		p->nlate++;
	p->late = 1;
	p->late_value = val;
	return true;
}

static bool pair_pio(struct vmbt_shared *s, struct vmbt_pair_state *p, u16 port, bool out,
		     u8 *data)
{
	u32 i;

	if (port == p->index_port) {
		if (out)
			p->index = get(data, p->size) & p->index_mask;
		if (s->coalesced.off & VMBT_IO_REGISTERS)
			return false;
		return out ? keep(s, port, p->size, true, data) :
			     answer(s, p->index, p->size, data);
	}
	for (i = 0; i < p->nregs && i < VMBT_PAIR_REGS; i++)
		if (p->reg[i].index == p->index)
			return out ? write_reg(s, p, &p->reg[i], data) :
				     read_reg(s, p, &p->reg[i], data);
	return false;
}

/**
 * coalesce_pio() - the guest accesses a port of user space's
 * @port: the port
 * @dir: VMBT_IO_IN or VMBT_IO_OUT
 * @size: 1, 2 or 4
 * @data: what is written, or room for what is read
 *
 * Return: true if that is all there is to do now.
 */
bool coalesce_pio(u16 port, u8 dir, u8 size, void *data)
{
	struct vmbt_shared *s = plat_shared();
	struct vmbt_coalesced *c = &s->coalesced;
	struct vmbt_pair_state *p;
	u32 i;

	for (i = 0; i < VMBT_PAIRS; i++) {
		p = &c->pair[i];
		if (p->size && p->size == size && (port == p->index_port || port == p->data_port))
			return pair_pio(s, p, port, dir == VMBT_IO_OUT, data);
	}
	return dir == VMBT_IO_OUT && in_zone(c, port, size, true) &&
	       keep(s, port, size, true, data);
}

/**
 * coalesce_mmio() - the guest writes where there is no memory
 * @gpa: guest physical address
 * @data: what is written
 * @len: bytes of it, 1 to 8
 *
 * Return: true if user space need not know now.
 */
bool coalesce_mmio(u64 gpa, const void *data, u32 len)
{
	struct vmbt_shared *s = plat_shared();

	return in_zone(&s->coalesced, gpa, len, false) && keep(s, gpa, len, false, data);
}
