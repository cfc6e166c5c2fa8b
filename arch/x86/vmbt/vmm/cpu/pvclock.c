// SPDX-License-Identifier: GPL-2.0
/*
 * The paravirtual clock of KVM guests: time without a trap.
 *
 * A guest that finds no better clock reads the PIT, six port accesses each
 * time, and each is an exit. Linux guests know KVM's clock since 2.6.26: a page
 * of theirs says how time follows from the TSC. Here time is the guest's TSC
 * in nanoseconds plus a constant, so the page needs to be written again only
 * when one of these is changed from outside or by WRMSR.
 *
 * Structures and MSRs: Documentation/virt/kvm/x86/msr.rst and cpuid.rst.
 */
#include "cpu_int.h"

#define SYSTEM_TIME_ENABLE	1
#define TSC_STABLE		1	/* flags: one time for all CPUs */
#define NS_PER_SEC		1000000000u

struct pvclock_time {
	u32 version;		/* odd while it is being written */
	u32 pad0;
	u64 tsc_timestamp;
	u64 system_time;	/* ns */
	u32 tsc_to_system_mul;	/* binary fraction */
	s8 tsc_shift;
	u8 flags;
	u8 pad[2];
};

struct pvclock_wall {
	u32 version;
	u32 sec;		/* of the day when system time was zero */
	u32 nsec;
};

static u64 system_time(const struct vcpu *v, u64 guest_tsc)
{
	return vmbt_chips_ns(guest_tsc, v->shared->tsc_khz) + v->guest->kvmclock_delta;
}

/* ns = ((ticks << shift) * mul) >> 32, mul as large as 32 bits allow. */
static void scale(u64 khz, u32 *mul, s8 *shift)
{
	u64 num = 1000000, den = khz;

	*shift = 0;
	while (num >= den) {
		den <<= 1;
		++*shift;
	}
	while (num * 2 < den) {
		num <<= 1;
		--*shift;
	}
	*mul = (num << 32) / den;
}

static u32 next_version(struct vcpu *v, u64 gpa)
{
	u32 version = 0;

	mmu_read_phys(v, gpa, &version, sizeof(version));
	return (version & ~1u) + 2;
}

/**
 * cpu_pvclock_update() - write the guest's clock page, if it has one
 * @v: the vCPU
 *
 * To be called when the TSC's offset, kvmclock_delta or the page's place have
 * changed. A page without RAM is not written, as KVM does.
 */
void cpu_pvclock_update(struct vcpu *v)
{
	u64 gpa = v->guest->kvm_system_time & ~(u64)SYSTEM_TIME_ENABLE;
	struct pvclock_time t = { .flags = TSC_STABLE };

	if (!(v->guest->kvm_system_time & SYSTEM_TIME_ENABLE))
		return;
	t.version = next_version(v, gpa);
	t.tsc_timestamp = cpu_rdtsc(v);
	t.system_time = system_time(v, t.tsc_timestamp);
	scale(v->shared->tsc_khz, &t.tsc_to_system_mul, &t.tsc_shift);
	mmu_write_phys(v, gpa, &t, sizeof(t));
}

/**
 * cpu_pvclock_wall() - write the time of day at which system time was zero
 * @v: the vCPU
 * @gpa: where
 */
void cpu_pvclock_wall(struct vcpu *v, u64 gpa)
{
	const struct vmbt_shared *s = v->shared;
	u64 tsc = plat_tsc(), ns;
	struct pvclock_wall w;

	ns = s->wall_ns + vmbt_chips_ns(tsc - s->wall_tsc, s->tsc_khz) -
	     system_time(v, tsc + v->guest->tsc_offset);
	w.version = next_version(v, gpa);
	w.sec = ns / NS_PER_SEC;
	w.nsec = ns % NS_PER_SEC;
	mmu_write_phys(v, gpa, &w, sizeof(w));
}

/**
 * cpu_set_tsc() - the guest sets its time-stamp counter
 * @v: the vCPU
 * @tsc: its new value
 *
 * Its paravirtual clock goes on as if nothing had happened.
 */
void cpu_set_tsc(struct vcpu *v, u64 tsc)
{
	u64 now = plat_tsc(), time = system_time(v, now + v->guest->tsc_offset);

	v->guest->tsc_offset = tsc - now;
	v->guest->kvmclock_delta = time - vmbt_chips_ns(tsc, v->shared->tsc_khz);
	cpu_pvclock_update(v);
}

/**
 * cpu_has_pvclock() - does the CPUID table offer the clock?
 * @v: the vCPU
 * @feature: KVM_FEATURE_CLOCKSOURCE or KVM_FEATURE_CLOCKSOURCE2
 */
bool cpu_has_pvclock(const struct vcpu *v, u32 feature)
{
	const struct vmbt_shared *s = v->shared;

	for (u32 i = 0; i < s->ncpuid && i < ARRAY_SIZE(s->cpuid); i++)
		if ((s->cpuid[i].function & 0xffff00ff) == VMBT_CPUID_KVM_FEATURES)
			return s->cpuid[i].eax & BIT(feature);
	return false;
}
