// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's paravirtual clock as a guest sees it: the test reads the page with the
 * arithmetic of Documentation/virt/kvm/x86/msr.rst, and knows from the fake
 * counter what must come out.
 */
#include "fake.h"

#define WALL_NEW	0x4b564d00
#define TIME_NEW	0x4b564d01
#define PAGE_GPA	0x2004
#define WALL_GPA	0x3000

struct time_page {
	u32 version;
	u32 pad0;
	u64 tsc_timestamp;
	u64 system_time;
	u32 mul;
	s8 shift;
	u8 flags;
	u8 pad[2];
};

static void offer(u32 features)
{
	fake_flat(0);
	cpu.guest->tsc_offset = 0;
	cpu.guest->kvmclock_delta = 0;
	cpu.guest->kvm_system_time = 0;
	shared.cpuid[4] = (struct vmbt_cpuid){ .function = 0x40000101,
					       .eax = features };
	shared.ncpuid = 5;
}

static struct time_page look(void)
{
	struct time_page t;

	memcpy(&t, ram + PAGE_GPA, sizeof(t));
	return t;
}

/* What a guest makes of the page at counter @tsc. */
static u64 guest_time(const struct time_page *t, u64 tsc)
{
	u64 delta = tsc - t->tsc_timestamp;

	delta = t->shift < 0 ? delta >> -t->shift : delta << t->shift;
	/* The product has 96 bits: the high and the low half apart. */
	return (delta >> 32) * t->mul + ((u64)(u32)delta * t->mul >> 32) +
	       t->system_time;
}

static void not_offered(void)
{
	static const u32 msr[] = { 0x11, 0x12, WALL_NEW, TIME_NEW };
	u64 val;
	u32 i;

	offer(0);
	for (i = 0; i < 4; i++) {
		expect_fault("write", cpu_wrmsr(&cpu, msr[i], PAGE_GPA | 1), 13, 0);
		expect_fault("read", cpu_rdmsr(&cpu, msr[i], &val), 13, 0);
	}
	/* The old pair and the new one are features of their own. */
	offer(1);
	expect_fault("new", cpu_wrmsr(&cpu, TIME_NEW, PAGE_GPA | 1), 13, 0);
	expect(cpu_wrmsr(&cpu, 0x12, PAGE_GPA | 1) == X_OK, "old", "fault");
	offer(8);
	expect_fault("old", cpu_wrmsr(&cpu, 0x12, PAGE_GPA | 1), 13, 0);
	done("pvclock-offered");
}

static void rates(void)
{
	static const u64 khz[] = { 25000, 500000, 999999, 1000000, 1000001,
				   2596102, 5000000 };
	struct time_page t;
	u64 tsc, ns, late;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(khz); i++) {
		offer(8);
		shared.tsc_khz = khz[i];
		fake_tsc = khz[i] * 86400000ull;	/* a day */
		memset(ram + PAGE_GPA, 0, sizeof(t));
		cpu_wrmsr(&cpu, TIME_NEW, PAGE_GPA | 1);
		t = look();
		expect(t.version && !(t.version & 1) && t.flags == 1, "page",
		       "version %u flags %u", t.version, t.flags);
		expect(t.mul >> 31, "page", "mul %x wastes bits", t.mul);
		tsc = khz[i] * 86401000ull;		/* a second later */
		ns = guest_time(&t, tsc);
		late = 86401000000000ull;
		expect(ns <= late && late - ns <= 2, "rate",
		       "%llu kHz: %llu ns, not %llu", khz[i], ns, late);
	}
	done("pvclock-rates");
}

static void counter_set(void)
{
	struct time_page t, was;
	u64 before, after;

	offer(8);
	shared.tsc_khz = 1000000;
	fake_tsc = 5000000000ull;
	cpu_wrmsr(&cpu, TIME_NEW, PAGE_GPA | 1);
	was = look();
	before = guest_time(&was, cpu_rdtsc(&cpu));
	cpu_wrmsr(&cpu, 0x10, 77);
	t = look();
	after = guest_time(&t, cpu_rdtsc(&cpu));
	expect(t.version == was.version + 2, "set", "version %u", t.version);
	expect(after >= before && after - before < 1000, "set",
	       "time jumped from %llu to %llu", before, after);
	/* Switched off: the page is the guest's again. */
	cpu_wrmsr(&cpu, TIME_NEW, PAGE_GPA);
	cpu_wrmsr(&cpu, 0x10, 99);
	expect(look().version == t.version, "off", "the page was written");
	/* A page that is not there hurts nobody. */
	expect(cpu_wrmsr(&cpu, TIME_NEW, ~0ull) == X_OK, "nowhere", "fault");
	done("pvclock-counter");
}

static void wall(void)
{
	struct { u32 version, sec, nsec; } w;
	struct time_page t;
	u64 now, ns, want = 1700000000123456789ull;

	offer(8);
	shared.tsc_khz = 1000000;
	fake_tsc = 3000000000ull;
	shared.wall_tsc = fake_tsc;
	shared.wall_ns = want;
	cpu_wrmsr(&cpu, TIME_NEW, PAGE_GPA | 1);
	memset(ram + WALL_GPA, 0, sizeof(w));
	cpu_wrmsr(&cpu, WALL_NEW, WALL_GPA);
	memcpy(&w, ram + WALL_GPA, sizeof(w));
	t = look();
	now = cpu_rdtsc(&cpu);
	ns = w.sec * 1000000000ull + w.nsec + guest_time(&t, now);
	want += now - shared.wall_tsc;
	expect(w.nsec < 1000000000u && w.version && !(w.version & 1), "wall",
	       "version %u nsec %u", w.version, w.nsec);
	expect(ns - want + 2 <= 4, "wall", "%llu ns, not %llu", ns, want);
	done("pvclock-wall");
}

int main(void)
{
	not_offered();
	rates();
	counter_set();
	wall();
	return test_status();
}
