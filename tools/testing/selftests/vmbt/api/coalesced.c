// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses that do not exit: KVM's coalesced MMIO and PIO, and VMBT_SET_PAIR. What
 * the guest wrote is in the ring in order before the exit behind it; it does not stay
 * there while the guest goes on without exits, or sleeps; memory that is there is
 * memory, and wrong arguments are refused.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/vm.h"

#define PAGE	4096ul
#define SIZE	0x80000ul
#define CODE	0x1000
#define WINDOW	0xa0000
#define ENTRIES	170

static struct vm vm;
static uint8_t extra[0x10000] __attribute__((aligned(4096)));

static struct kvm_coalesced_mmio_ring *ring(void)
{
	return (void *)((uint8_t *)vm.run + VMBT_COALESCED_PAGE * PAGE);
}

/* Take the next write; "" if there is none. */
static const char *next(void)
{
	struct kvm_coalesced_mmio_ring *r = ring();
	struct kvm_coalesced_mmio *e;
	static char text[64];
	uint32_t val;

	if (r->first == __atomic_load_n(&r->last, __ATOMIC_ACQUIRE))
		return "";
	e = &r->coalesced_mmio[r->first % ENTRIES];
	memcpy(&val, e->data, sizeof(val));
	snprintf(text, sizeof(text), "%s %#llx %u %#x", e->pio ? "pio" : "mmio", e->phys_addr,
		 e->len, val);
	r->first = (r->first + 1) % ENTRIES;
	return text;
}

static void expect_next(const char *name, const char *want)
{
	const char *got = next();

	test_result(name, !strcmp(got, want), "'%s', not '%s'", got, want);
}

static int zone(uint64_t addr, uint32_t size, uint32_t pio, bool add)
{
	struct kvm_coalesced_mmio_zone z = { .addr = addr, .size = size, .pio = pio };

	return ioctl(vm.fd, add ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO,
		     &z);
}

static void start(const void *code, size_t len, uint64_t flags)
{
	struct kvm_regs regs = { .rip = CODE, .rsp = 0x8000, .rflags = 2 | flags };
	struct vmbt_written w = { .gpa = CODE, .size = PAGE };
	struct kvm_mp_state awake = { .mp_state = KVM_MP_STATE_RUNNABLE };

	/* The access that the last run ended with is to be over. */
	vm.run->immediate_exit = 1;
	vm_run(&vm);
	vm.run->immediate_exit = 0;
	while (*next())
		;
	memcpy(vm.mem + CODE, code, len);
	if (ioctl(vm.fd, VMBT_MEMORY_WRITTEN, &w))
		die("VMBT_MEMORY_WRITTEN");
	vm_set_mode(&vm, 32);
	vm_set_regs(&vm, &regs);
	if (ioctl(vm.cpu, KVM_SET_MP_STATE, &awake))
		die("KVM_SET_MP_STATE");
}

static void on_alarm(int sig)
{
	(void)sig;
	WRITE_ONCE(vm.run->immediate_exit, 1);
}

/* KVM_RUN, for ten seconds at most; those say so in the name of the exit. */
static const char *run(void)
{
	static char text[64];
	int r;

	alarm(10);
	r = vm_run(&vm);
	alarm(0);
	if (READ_ONCE(vm.run->immediate_exit)) {
		WRITE_ONCE(vm.run->immediate_exit, 0);
		return "time over";
	}
	if (r || vm.run->exit_reason != KVM_EXIT_IO)
		snprintf(text, sizeof(text), "%d %s", r, vm_exit_name(vm.run->exit_reason));
	else
		snprintf(text, sizeof(text), "port %#x", vm.run->io.port);
	return text;
}

static void expect_run(const char *name, const char *want)
{
	const char *got;
	unsigned int i = 0;

	/* Two clock ticks behind a write that waits bring it out any time. */
	do {
		got = run();
	} while (!strncmp(want, "port", 4) && !strcmp(got, "-4 INTR") && i++ < 100);
	test_result(name, !strcmp(got, want), "'%s', not '%s'", got, want);
}

/* mov al,11; out 70,al; mov dword [a0000],11223344; mov al,22; out 71,al; out 99,al; hlt */
static const uint8_t three[] = {
	0xb0, 0x11, 0xe6, 0x70, 0xc7, 0x05, 0x00, 0x00, 0x0a, 0x00, 0x44, 0x33, 0x22, 0x11,
	0xb0, 0x22, 0xe6, 0x71, 0xe6, 0x99, 0xf4,
};

static void order(void)
{
	start(three, sizeof(three), 0);
	expect_run("order-exit", "port 0x99");
	expect_next("order-1", "pio 0x70 1 0x11");
	expect_next("order-2", "mmio 0xa0000 4 0x11223344");
	expect_next("order-3", "pio 0x71 1 0x22");
	expect_next("order-end", "");
}

static void memory_is_memory(void)
{
	if (vm_set_slot(&vm, 5, 0, WINDOW, sizeof(extra), extra))
		die("slot");
	start(three, sizeof(three), 0);
	expect_run("ram-exit", "port 0x99");
	expect_next("ram-1", "pio 0x70 1 0x11");
	expect_next("ram-2", "pio 0x71 1 0x22");
	test_result("ram-written", extra[0] == 0x44 && extra[3] == 0x11, "%x", extra[0]);
	vm_set_slot(&vm, 5, 0, WINDOW, 0, extra);
	start(three, sizeof(three), 0);
	expect_run("no-ram-exit", "port 0x99");
	next();
	expect_next("no-ram", "mmio 0xa0000 4 0x11223344");
}

static void no_exit_behind(void)
{
	/* out 70,al; jmp $ */
	static const uint8_t spin[] = { 0xe6, 0x70, 0xeb, 0xfe };
	/* out 70,al; sti; hlt; out 99,al */
	static const uint8_t sleep[] = { 0xe6, 0x70, 0xfb, 0xf4, 0xe6, 0x99 };

	start(spin, sizeof(spin), 0);
	expect_run("spin", "-4 INTR");
	expect_next("spin-ring", "pio 0x70 1 0");
	start(sleep, sizeof(sleep), 0);
	expect_run("halt", "-4 INTR");
	expect_next("halt-ring", "pio 0x70 1 0");
	EXPECT_EQ("halt-sleeps", vm_run_for(&vm, 100000), -4);
	expect_next("halt-nothing-new", "");
}

static void full(void)
{
	/* mov ecx,200; out 70,al; loop; out 99,al */
	static const uint8_t many[] = { 0xb9, 200, 0, 0, 0, 0xe6, 0x70, 0xe2, 0xfc, 0xe6, 0x99 };
	unsigned int n = 0, exits = 0, i;
	const char *got = "";

	start(many, sizeof(many), 0);
	for (i = 0; i < 300; i++) {
		got = run();
		while (*next())
			n++;
		if (!strcmp(got, "port 0x70"))
			exits++;
		else if (strcmp(got, "-4 INTR"))
			break;
	}
	test_result("full", !strcmp(got, "port 0x99") && n + exits == 200 && n >= 128,
		    "'%s', %u in the ring, %u exits", got, n, exits);
	/* Nobody takes them: each write exits then, and none is lost. */
	start(many, sizeof(many), 0);
	for (exits = 0; !strcmp(run(), "-4 INTR") || vm.run->io.port == 0x70;)
		exits += vm.run->exit_reason == KVM_EXIT_IO;
	for (n = 0; *next(); n++)
		;
	test_result("full-not-taken", n + exits == 200 && n < ENTRIES, "%u and %u", n, exits);
}

static void pairs(void)
{
	/*
	 * mov dx,72; mov ax,103; out dx,ax; mov dx,74; in ax,dx; mov ebx,eax;
	 * mov dx,72; mov ax,0; out dx,ax; mov dx,74; in ax,dx; mov ecx,eax;
	 * mov ax,8; out dx,ax; out 99,al
	 */
	static const uint8_t code[] = {
		0x66, 0xba, 0x72, 0, 0x66, 0xb8, 0x03, 0x01, 0x66, 0xef,
		0x66, 0xba, 0x74, 0, 0x66, 0xed, 0x0f, 0xb7, 0xd8,
		0x66, 0xba, 0x72, 0, 0x66, 0xb8, 0, 0, 0x66, 0xef,
		0x66, 0xba, 0x74, 0, 0x66, 0xed, 0x0f, 0xb7, 0xc8,
		0x66, 0xb8, 8, 0, 0x66, 0xef, 0xe6, 0x99,
	};
	struct vmbt_pair p = {
		.pair = 1, .size = 2, .index_port = 0x72, .data_port = 0x74, .nregs = 2,
		.max = 10, .index_mask = 0xff,
		.reg = {
			{ .index = 0, .flags = VMBT_REG_LIVE | VMBT_REG_LATE, .mask = ~8u },
			{ .index = 3, .flags = VMBT_REG_PLAIN, .mask = 0xffff, .value = 0x4321 },
		},
	}, bad;
	struct kvm_regs regs;

	EXPECT_ERRNO("pair", ioctl(vm.cpu, VMBT_SET_PAIR, &p), 0);
	vm.ext->live[1] = 0x1234;
	start(code, sizeof(code), 0);
	expect_run("pair-exit", "port 0x99");
	vm_get_regs(&vm, &regs);
	EXPECT_EQ("pair-plain", regs.rbx, 0x4321);
	EXPECT_EQ("pair-live", regs.rcx, 0x1234);
	expect_next("pair-index", "pio 0x72 2 0x103");
	expect_next("pair-index-0", "pio 0x72 2 0");
	expect_next("pair-late", "pio 0x74 2 0x8");
	expect_next("pair-end", "");
#define BAD(name, field, value) ({ bad = p; bad.field = value;			\
	EXPECT_ERRNO("pair-" name, ioctl(vm.cpu, VMBT_SET_PAIR, &bad), EINVAL); })
	BAD("number", pair, VMBT_MAX_PAIRS);
	BAD("size", size, 3);
	BAD("size-1", size, 1);
	BAD("ports", data_port, 0x72);
	BAD("nregs", nregs, VMBT_PAIR_REGS_MAX + 1);
	BAD("max", max, 0);
	BAD("pad", pad, 1);
	BAD("flags", reg[1].flags, 0x10);
	p.size = 0;
	EXPECT_ERRNO("pair-away", ioctl(vm.cpu, VMBT_SET_PAIR, &p), 0);
	start(code, sizeof(code), 0);
	expect_run("pair-is-away", "port 0x72");
}

static void arguments(void)
{
	unsigned int i;
	int r = 0;

	EXPECT_ERRNO("zone-pio-2", zone(0x70, 1, 2, true), EINVAL);
	EXPECT_ERRNO("zone-size-0", zone(0x70, 0, 1, true), EINVAL);
	EXPECT_ERRNO("zone-wraps", zone(~0ull, 2, 0, true), EINVAL);
	for (i = 0; i < 14; i++)
		r |= zone(0x100 + i, 1, 1, true);
	EXPECT_EQ("zones-16", r, 0);
	EXPECT_ERRNO("zones-17", zone(0x200, 1, 1, true), ENOSPC);
	EXPECT_ERRNO("zone-away", zone(0x70, 2, 1, false), 0);
	EXPECT_ERRNO("zone-again", zone(0x200, 1, 1, true), 0);
	start(three, sizeof(three), 0);
	expect_run("zone-is-away", "port 0x70");
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	vm_create_with_chips(&vm, SIZE);
	/* Memory above, so that the window is a hole and not the end. */
	if (vm_set_slot(&vm, 4, 0, 0x100000, sizeof(extra), extra))
		die("slot");
	EXPECT_EQ("capability", ioctl(vm.dev, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO),
		  VMBT_COALESCED_PAGE);
	EXPECT_EQ("capability-pio", ioctl(vm.dev, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_PIO), 1);
	EXPECT_ERRNO("zone", zone(0x70, 2, 1, true), 0);
	EXPECT_ERRNO("zone-mmio", zone(WINDOW, 0x10000, 0, true), 0);
	order();
	memory_is_memory();
	no_exit_behind();
	sigaction(SIGALRM, &sa, NULL);
	full();
	pairs();
	arguments();
	vm_destroy(&vm);
	return test_exit();
}
