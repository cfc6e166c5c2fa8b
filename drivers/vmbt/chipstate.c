// SPDX-License-Identifier: GPL-2.0
/*
 * The state of the chips in the VMM as KVM's structures, get and set.
 *
 * The structures are KVM's because programs know them; what KVM's chips do not
 * have (a count that waits for the end of a period, ICW1's rarer bits) is in
 * the room they leave, struct vmbt_pic_state and vmbt_pit_state. Nothing is
 * lost on the way: what is read and set again is the same chip.
 *
 * Two sides are not trusted here. User space, whose state is checked before any
 * of it is used; and the VMM, which keeps the chips in shared memory: what it
 * left there passes the same checks before the chips' own code runs on it.
 */
#include "vmbt.h"
#include "firmware.h"

#define VMBT_PIC_ICW1_IC4	0x01
#define VMBT_PIC_UNDRIVEN	(BIT(0) | BIT(PIC_CASCADE))
/* How far a guest's time may lie ahead of the host's: no more than rounding. */
#define VMBT_PIT_AHEAD		2
/* Clocks between a counter's start and anything else of it, after settling. */
#define VMBT_PIT_SPAN		BIT(20)
/* kvm_pit_channel_state.read_state, write_state and count_latched */
#define VMBT_PIT_WORD0		3
#define VMBT_PIT_WORD1		4

static_assert(sizeof(struct vmbt_pic_state) ==
	      sizeof_field(struct kvm_irqchip, chip));
static_assert(sizeof(struct vmbt_pit_state) == sizeof(struct kvm_pit_state2));

static u64 vmbt_chips_now(struct vmbt_vm *vm)
{
	return vmbt_chips_ns(vmbt_clock_now(vm), vmbt_clock_get_khz());
}

/**
 * vmbt_chipstate_reset() - the chips as firmware leaves them
 * @vm: the VM, which has not run
 */
void vmbt_chipstate_reset(struct vmbt_vm *vm)
{
	struct vmbt_chips *c = &vm->shared->chip;

	memset(c, 0, sizeof(*c));
	chip_firmware(&c->pic, &c->pit, vmbt_chips_now(vm));
	vm->shared->clock_tsc = 0;
}

/*
 * The chips are the VMM's while it runs: keep it out. Without a vCPU nothing
 * runs, and none is made meanwhile.
 */
static int vmbt_chips_lock(struct vmbt_vm *vm)
{
	struct vmbt_vcpu *vcpu;
	bool chips;

	/* One look at both: chips that come next come to a VM without a vCPU. */
	mutex_lock(&vm->lock);
	chips = vm->chips;
	vcpu = vm->vcpu;
	if (chips && !vcpu)
		return 0;
	mutex_unlock(&vm->lock);
	if (!chips)
		return -ENXIO;
	return mutex_lock_killable(&vcpu->mutex) ? -EINTR : 0;
}

static void vmbt_chips_unlock(struct vmbt_vm *vm)
{
	mutex_unlock(vm->vcpu ? &vm->vcpu->mutex : &vm->lock);
}

/* A copy of the chips that their own code may be run on. */
static int vmbt_chips_copy(struct vmbt_vm *vm, struct vmbt_chips *c)
{
	*c = vm->shared->chip;
	return pic_valid(&c->pic) && pit_valid(&c->pit) ? 0 : -EIO;
}

static int vmbt_chips_idle(struct vmbt_vm *vm)
{
	return vm->vcpu && vm->vcpu->state != VMBT_VCPU_CLEAN ? -EBUSY : 0;
}

/* The VMM looks at the timer before it does anything else. */
static void vmbt_chips_changed(struct vmbt_vm *vm)
{
	vm->shared->clock_tsc = 0;
	if (vm->vcpu)
		vm->vcpu->halted = false;
}

static void vmbt_pic_get(const struct pic_chip *c, u8 elcr_mask,
			 struct vmbt_pic_state *k)
{
	memset(k, 0, sizeof(*k));
	k->pic.last_irr = c->lines;
	k->pic.irr = c->irr;
	k->pic.imr = c->imr;
	k->pic.isr = c->isr;
	k->pic.priority_add = (c->lowest + 1) & 7;
	k->pic.irq_base = c->base;
	k->pic.read_reg_select = c->read_isr;
	k->pic.poll = c->poll;
	k->pic.special_mask = c->special_mask;
	k->pic.init_state = c->icw ? c->icw - 1 : 0;
	k->pic.auto_eoi = c->auto_eoi;
	k->pic.rotate_on_auto_eoi = c->rotate_aeoi;
	k->pic.special_fully_nested_mode = c->sfnm;
	k->pic.init4 = c->icw1 & VMBT_PIC_ICW1_IC4;
	k->pic.elcr = c->elcr;
	k->pic.elcr_mask = elcr_mask;
	k->icw1 = c->icw1 & (VMBT_PIC_SINGLE | VMBT_PIC_LEVEL);
}

static int vmbt_pic_set(struct pic_chip *c, u8 elcr_mask,
			const struct vmbt_pic_state *k)
{
	const struct kvm_pic_state *p = &k->pic;

	if (memchr_inv(k->reserved, 0, sizeof(k->reserved)) ||
	    (k->icw1 & ~(VMBT_PIC_SINGLE | VMBT_PIC_LEVEL)) ||
	    p->priority_add > 7 || p->init_state > 3 || p->init4 > 1 ||
	    p->read_reg_select > 1 || p->poll > 1 || p->special_mask > 1 ||
	    p->auto_eoi > 1 || p->rotate_on_auto_eoi > 1 ||
	    p->special_fully_nested_mode > 1 || p->elcr_mask != elcr_mask)
		return -EINVAL;

	*c = (struct pic_chip){
		.lines = p->last_irr,
		.irr = p->irr,
		.imr = p->imr,
		.isr = p->isr,
		.elcr = p->elcr,
		.base = p->irq_base,
		.lowest = (p->priority_add - 1) & 7,
		.icw = p->init_state ? p->init_state + 1 : 0,
		.icw1 = k->icw1 | p->init4,
		.auto_eoi = p->auto_eoi,
		.sfnm = p->special_fully_nested_mode,
		.rotate_aeoi = p->rotate_on_auto_eoi,
		.special_mask = p->special_mask,
		.poll = p->poll,
		.read_isr = p->read_reg_select,
	};
	return 0;
}

/* KVM_IRQCHIP_PIC_MASTER and _SLAVE are 0 and 1. */
static const u8 vmbt_elcr_mask[] = { PIC_ELCR_MASTER_MASK, PIC_ELCR_SLAVE_MASK };

/**
 * vmbt_chipstate_get_pic() - KVM_GET_IRQCHIP
 * @vm: the VM
 * @chip: chip_id says which; the rest is filled
 *
 * Waits for KVM_RUN to return.
 *
 * Return: 0, -ENXIO without chips, -EINVAL, or -EIO if the VMM broke them.
 */
int vmbt_chipstate_get_pic(struct vmbt_vm *vm, struct kvm_irqchip *chip)
{
	struct vmbt_chips c;
	unsigned long flags;
	int r;

	if (chip->chip_id >= ARRAY_SIZE(vmbt_elcr_mask) || chip->pad)
		return -EINVAL;
	r = vmbt_chips_lock(vm);
	if (r)
		return r;
	r = vmbt_chips_copy(vm, &c);
	if (!r) {
		/* With what the VMM has not looked at yet. */
		spin_lock_irqsave(&vm->irq_lock, flags);
		pic_move_lines(&c.pic, READ_ONCE(vm->shared->irq_edges),
			       vm->irq_lines);
		spin_unlock_irqrestore(&vm->irq_lock, flags);
		vmbt_pic_get(&c.pic.chip[chip->chip_id],
			     vmbt_elcr_mask[chip->chip_id],
			     (struct vmbt_pic_state *)&chip->chip);
	}
	vmbt_chips_unlock(vm);
	return r;
}

/**
 * vmbt_chipstate_set_pic() - KVM_SET_IRQCHIP
 * @vm: the VM
 * @chip: the state of one of the controllers
 *
 * last_irr are the levels of the inputs, as if set by KVM_IRQ_LINE.
 *
 * Return: as vmbt_chipstate_get_pic(), or -EBUSY within an instruction.
 */
int vmbt_chipstate_set_pic(struct vmbt_vm *vm, const struct kvm_irqchip *chip)
{
	unsigned int shift = chip->chip_id * 8;
	struct vmbt_chips c;
	unsigned long flags, lines;
	int r;

	if (chip->chip_id >= ARRAY_SIZE(vmbt_elcr_mask) || chip->pad)
		return -EINVAL;
	r = vmbt_chips_lock(vm);
	if (r)
		return r;
	r = vmbt_chips_idle(vm);
	if (!r)
		r = vmbt_chips_copy(vm, &c);
	if (!r)
		r = vmbt_pic_set(&c.pic.chip[chip->chip_id],
				 vmbt_elcr_mask[chip->chip_id],
				 (const struct vmbt_pic_state *)&chip->chip);
	if (!r && !pic_valid(&c.pic))
		r = -EINVAL;
	if (!r) {
		spin_lock_irqsave(&vm->irq_lock, flags);
		lines = c.pic.chip[chip->chip_id].lines;
		lines = (vm->irq_lines & ~(0xfful << shift)) | lines << shift;
		vm->irq_lines = lines & ~VMBT_PIC_UNDRIVEN;
		WRITE_ONCE(vm->shared->irq_lines, vm->irq_lines);
		/* The other controller's have not been looked at, perhaps. */
		pic_move_lines(&c.pic,
			       xchg(&vm->shared->irq_edges, 0) & ~(0xffull << shift),
			       vm->irq_lines);
		spin_unlock_irqrestore(&vm->irq_lock, flags);
		c.lines = vm->irq_lines;
		pic_settle(&c.pic);
		vm->shared->chip = c;
		vmbt_chips_changed(vm);
	}
	vmbt_chips_unlock(vm);
	return r;
}

static void vmbt_counter_get(const struct pit_counter *c,
			     struct kvm_pit_channel_state *k, u32 *next,
			     u32 *next_in)
{
	bool pair = c->rw == VMBT_PIT_WORD0;

	k->count = c->count;
	k->latched_count = c->latch;
	/* A latched pair of which one byte was read has its high byte left. */
	k->count_latched = !c->latched ? 0 :
			   pair && c->latched == 1 ? 2 : c->rw;
	k->status_latched = c->status_latched;
	k->status = c->status;
	k->read_state = pair && c->read_high ? VMBT_PIT_WORD1 : c->rw;
	k->write_state = pair && c->write_high ? VMBT_PIT_WORD1 : c->rw;
	k->write_latch = c->low;
	k->rw_mode = c->rw;
	k->mode = c->mode;
	k->bcd = c->bcd;
	k->gate = c->gate;
	k->count_load_time = pit_time(c->start);

	*next = c->next_count == c->count ? 0 : c->next_count;
	*next |= (c->loaded ? 0 : VMBT_PIT_EMPTY) |
		 (c->low_first ? VMBT_PIT_LOW_FIRST : 0);
	*next_in = 0;
	if (!c->fresh)
		return;
	*next |= VMBT_PIT_WAITS;
	if (c->next_start == PIT_NEVER)
		*next |= VMBT_PIT_TRIGGER;
	else
		*next_in = min_t(u64, c->next_start - c->start, VMBT_PIT_SPAN);
}

static int vmbt_counter_set(struct pit_counter *c,
			    const struct kvm_pit_channel_state *k, u32 next,
			    u32 next_in)
{
	bool pair = k->rw_mode == VMBT_PIT_WORD0;

	if ((next & ~(VMBT_PIT_NEXT | VMBT_PIT_WAITS | VMBT_PIT_TRIGGER |
		      VMBT_PIT_EMPTY | VMBT_PIT_LOW_FIRST)) ||
	    ((next & VMBT_PIT_TRIGGER) && !(next & VMBT_PIT_WAITS)) ||
	    next_in > VMBT_PIT_SPAN || k->status_latched > 1 || k->bcd > 1 ||
	    k->gate > 1 || k->count_load_time < 0)
		return -EINVAL;
	/* One byte at a time: these say the same as rw_mode, if anything. */
	if (k->read_state != k->rw_mode && !(pair && k->read_state == VMBT_PIT_WORD1))
		return -EINVAL;
	if (k->write_state != k->rw_mode && !(pair && k->write_state == VMBT_PIT_WORD1))
		return -EINVAL;
	if (k->count_latched && k->count_latched != k->rw_mode &&
	    !(pair && k->count_latched == 2))
		return -EINVAL;

	*c = (struct pit_counter){
		.mode = k->mode,
		.rw = k->rw_mode,
		.bcd = k->bcd,
		.gate = k->gate,
		.loaded = !(next & VMBT_PIT_EMPTY),
		.fresh = next & VMBT_PIT_WAITS,
		.low_first = next & VMBT_PIT_LOW_FIRST,
		.write_high = k->write_state == VMBT_PIT_WORD1,
		.read_high = k->read_state == VMBT_PIT_WORD1,
		.status_latched = k->status_latched,
		.latched = !k->count_latched ? 0 :
			   pair && k->count_latched == VMBT_PIT_WORD0 ? 2 : 1,
		.low = k->write_latch,
		.status = k->status,
		.latch = k->latched_count,
		.count = k->count,
		.next_count = next & VMBT_PIT_NEXT ?: k->count,
		.start = pit_clock(k->count_load_time),
	};
	c->next_start = next & VMBT_PIT_TRIGGER ? PIT_NEVER : c->start + next_in;
	c->stopped = c->start;
	return 0;
}

/**
 * vmbt_chipstate_get_pit() - KVM_GET_PIT2
 * @vm: the VM
 * @k: filled
 *
 * Waits for KVM_RUN to return.
 *
 * Return: 0, -ENXIO without chips, or -EIO if the VMM broke them.
 */
int vmbt_chipstate_get_pit(struct vmbt_vm *vm, struct vmbt_pit_state *k)
{
	struct pit *pit;
	struct vmbt_chips c;
	int i, r;

	r = vmbt_chips_lock(vm);
	if (r)
		return r;
	r = vmbt_chips_copy(vm, &c);
	vmbt_chips_unlock(vm);
	if (r)
		return r;

	pit = &c.pit;
	pit_settle(pit, vmbt_chips_now(vm));
	memset(k, 0, sizeof(*k));
	for (i = 0; i < 3; i++)
		vmbt_counter_get(&pit->counter[i], &k->channels[i], &k->next[i],
				 &k->next_in[i]);
	k->stopped = min_t(u64, pit->counter[2].stopped - pit->counter[2].start,
			   VMBT_PIT_SPAN);
	k->seen = min_t(u64, pit->seen - pit->counter[0].start, VMBT_PIT_SPAN);
	k->owed = min_t(u64, pit->owed, U32_MAX);
	if (pit->port61 & 2)
		k->flags |= KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	if (pit->port61 & 4)
		k->flags |= VMBT_PIT_FLAG_61_2;
	if (pit->port61 & 8)
		k->flags |= VMBT_PIT_FLAG_61_3;
	return 0;
}

static int vmbt_pit_set(struct pit *pit, const struct vmbt_pit_state *k, u64 now)
{
	int i, r;

	if ((k->flags & ~(KVM_PIT_FLAGS_SPEAKER_DATA_ON | VMBT_PIT_FLAG_61_2 |
			  VMBT_PIT_FLAG_61_3)) ||
	    k->stopped > VMBT_PIT_SPAN || k->seen > VMBT_PIT_SPAN)
		return -EINVAL;
	for (i = 0; i < 3; i++) {
		r = vmbt_counter_set(&pit->counter[i], &k->channels[i],
				     k->next[i], k->next_in[i]);
		if (r)
			return r;
		/* Else the timer would stand still until then. */
		if (pit->counter[i].start > pit_clock(now) + VMBT_PIT_AHEAD)
			return -EINVAL;
	}
	pit->counter[2].stopped += k->stopped;
	pit->seen = pit->counter[0].start + k->seen;
	if (pit->seen > pit_clock(now) + VMBT_PIT_AHEAD)
		return -EINVAL;
	pit->owed = k->owed;
	pit->port61 = (k->channels[2].gate ? 1 : 0) |
		      (k->flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON ? 2 : 0) |
		      (k->flags & VMBT_PIT_FLAG_61_2 ? 4 : 0) |
		      (k->flags & VMBT_PIT_FLAG_61_3 ? 8 : 0);
	return pit_valid(pit) ? 0 : -EINVAL;
}

/**
 * vmbt_chipstate_set_pit() - KVM_SET_PIT2
 * @vm: the VM
 * @k: the state
 *
 * Return: 0, -ENXIO without chips, -EINVAL, or -EBUSY within an instruction.
 */
int vmbt_chipstate_set_pit(struct vmbt_vm *vm, const struct vmbt_pit_state *k)
{
	struct pit pit = { .lost = 0 };
	u64 now;
	int r;

	r = vmbt_chips_lock(vm);
	if (r)
		return r;
	now = vmbt_chips_now(vm);
	r = vmbt_chips_idle(vm);
	if (!r)
		r = vmbt_pit_set(&pit, k, now);
	if (!r) {
		pit.out0 = pit_out(&pit, 0, now);
		vm->shared->chip.pit = pit;
		vmbt_chips_changed(vm);
	}
	vmbt_chips_unlock(vm);
	return r;
}
