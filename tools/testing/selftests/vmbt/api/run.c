// SPDX-License-Identifier: GPL-2.0
/*
 * Guests of a few bytes, run for real: exits, registers, interrupts, signals.
 *
 * Expected values are what the instructions do by the manual. The code is
 * written out in bytes, with its assembly next to it, so that it can be read
 * without a build step.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/vm.h"

#define MEM	BIT(20)
#define CODE	0x1000

#define B(...)	((const uint8_t[]){ __VA_ARGS__ })
#define LOAD(vm, ...) \
	load(vm, CODE, B(__VA_ARGS__), sizeof(B(__VA_ARGS__)))

static void load(struct vm *vm, uint32_t at, const uint8_t *code, size_t len)
{
	memcpy(vm->mem + at, code, len);
}

/* Start at CODE with a stack below it. */
static void start(struct vm *vm, int bits)
{
	struct kvm_regs r = { .rip = CODE, .rsp = CODE, .rflags = 2 };

	vm_set_mode(vm, bits);
	vm_set_regs(vm, &r);
}

static bool exits_with(const char *name, struct vm *vm, uint32_t reason)
{
	int r = vm_run(vm);

	return test_result(name, !r && vm->run->exit_reason == reason,
			   "%s, %s, expected %s", r ? strerror(-r) : "0",
			   vm_exit_text(vm), vm_exit_name(reason));
}

static bool out_is(const char *name, struct vm *vm, uint16_t port, uint8_t size,
		   uint32_t value)
{
	int r = vm_run(vm);
	uint32_t got = 0;

	memcpy(&got, vm->pio, size <= 4 ? size : 4);
	return test_result(name, !r && vm->run->exit_reason == KVM_EXIT_IO &&
			   vm->run->io.direction == KVM_EXIT_IO_OUT &&
			   vm->run->io.port == port && vm->run->io.size == size &&
			   vm->run->io.count == 1 && got == value,
			   "%s, %s, value %#x, expected out %#x of %#x",
			   r ? strerror(-r) : "0", vm_exit_text(vm), got, port,
			   value);
}

/*
 * mov al,0x42; out 0x80,al (the POST code: no exit); out 0x84,al; in al,0x60;
 * mov bl,al; hlt; hlt
 */
static void real_mode(void)
{
	struct kvm_regs r;
	struct vm vm;

	vm_create(&vm, MEM);
	LOAD(&vm, 0xb0, 0x42, 0xe6, 0x80, 0xe6, 0x84, 0xe4, 0x60, 0x88, 0xc3,
	     0xf4, 0xf4);
	start(&vm, 16);
	out_is("real-out", &vm, 0x84, 1, 0x42);
	if (exits_with("real-in", &vm, KVM_EXIT_IO)) {
		test_result("real-in-port", vm.run->io.port == 0x60 &&
			    vm.run->io.direction == KVM_EXIT_IO_IN, "%s",
			    vm_exit_text(&vm));
		*(uint8_t *)vm.pio = 0xa5;
	}
	exits_with("real-hlt", &vm, KVM_EXIT_HLT);
	vm_get_regs(&vm, &r);
	EXPECT_EQ("real-hlt-eip", r.rip, CODE + 11);
	EXPECT_EQ("real-bl", r.rbx & 0xff, 0xa5);
	EXPECT_EQ("real-sp", r.rsp, CODE);
	/* As in KVM, running again goes on behind the HLT. */
	exits_with("real-hlt-again", &vm, KVM_EXIT_HLT);
	vm_get_regs(&vm, &r);
	EXPECT_EQ("real-hlt-again-eip", r.rip, CODE + 12);
	vm_destroy(&vm);
}

/*
 *	mov ecx,1000
 *	xor eax,eax
 * 1:	add eax,ecx
 *	dec ecx
 *	jnz 1b
 *	mov [0x2000],eax
 *	mov dx,0x3f8
 *	out dx,eax
 *	push eax
 *	call 2f
 *	hlt
 * 2:	pop ebx
 *	pop esi
 *	push ebx
 *	ret
 */
static void protected_mode(void)
{
	struct kvm_regs r;
	struct vm vm;

	vm_create(&vm, MEM);
	LOAD(&vm, 0xb9, 0xe8, 0x03, 0x00, 0x00, 0x31, 0xc0, 0x01, 0xc8, 0x49,
	     0x75, 0xfb, 0xa3, 0x00, 0x20, 0x00, 0x00, 0x66, 0xba, 0xf8, 0x03,
	     0xef, 0x50, 0xe8, 0x01, 0x00, 0x00, 0x00, 0xf4, 0x5b, 0x5e, 0x53,
	     0xc3);
	start(&vm, 32);
	out_is("prot-sum", &vm, 0x3f8, 4, 500500);
	exits_with("prot-hlt", &vm, KVM_EXIT_HLT);
	vm_get_regs(&vm, &r);
	EXPECT_EQ("prot-memory", *(uint32_t *)(vm.mem + 0x2000), 500500);
	EXPECT_EQ("prot-esi", r.rsi, 500500);
	EXPECT_EQ("prot-ebx", r.rbx, CODE + 28);
	EXPECT_EQ("prot-ecx", r.rcx, 0);
	EXPECT_EQ("prot-eip", r.rip, CODE + 29);
	EXPECT_EQ("prot-esp", r.rsp, CODE);
	test_result("prot-translated", vm_stat(&vm, "insns_translated") > 0,
		    "nothing was translated");
	vm_destroy(&vm);
}

/* mov eax,[0x200000]; mov [0x200004],ax; mov byte [0x200006],7; hlt */
static void mmio(void)
{
	struct kvm_regs r;
	struct vm vm;

	vm_create(&vm, MEM);
	LOAD(&vm, 0xa1, 0, 0, 0x20, 0, 0x66, 0xa3, 4, 0, 0x20, 0,
	     0xc6, 5, 6, 0, 0x20, 0, 7, 0xf4);
	start(&vm, 32);
	if (exits_with("mmio-read", &vm, KVM_EXIT_MMIO)) {
		test_result("mmio-read-what", !vm.run->mmio.is_write &&
			    vm.run->mmio.phys_addr == 0x200000 &&
			    vm.run->mmio.len == 4, "%s", vm_exit_text(&vm));
		memcpy(vm.run->mmio.data, "\x78\x56\x34\x12", 4);
	}
	if (exits_with("mmio-write", &vm, KVM_EXIT_MMIO))
		test_result("mmio-write-what", vm.run->mmio.is_write &&
			    vm.run->mmio.phys_addr == 0x200004 &&
			    vm.run->mmio.len == 2 &&
			    !memcmp(vm.run->mmio.data, "\x78\x56", 2), "%s",
			    vm_exit_text(&vm));
	if (exits_with("mmio-write-byte", &vm, KVM_EXIT_MMIO))
		test_result("mmio-write-byte-what", vm.run->mmio.is_write &&
			    vm.run->mmio.phys_addr == 0x200006 &&
			    vm.run->mmio.len == 1 && vm.run->mmio.data[0] == 7,
			    "%s", vm_exit_text(&vm));
	exits_with("mmio-hlt", &vm, KVM_EXIT_HLT);
	vm_get_regs(&vm, &r);
	EXPECT_EQ("mmio-eax", r.rax, 0x12345678);
	vm_destroy(&vm);
}

/* Count string exits until HLT; INS gets bytes 1, 2, 3... */
static void string_io(void)
{
	unsigned int items = 0, i;
	struct kvm_regs r;
	struct vm vm;
	uint8_t next = 1;

	vm_create(&vm, MEM);
	/* cld; mov edi,0x3000; mov ecx,100; mov dx,0x1f0; rep insb; hlt */
	LOAD(&vm, 0xfc, 0xbf, 0, 0x30, 0, 0, 0xb9, 100, 0, 0, 0,
	     0x66, 0xba, 0xf0, 0x01, 0xf3, 0x6c, 0xf4);
	start(&vm, 32);
	while (!vm_run(&vm) && vm.run->exit_reason == KVM_EXIT_IO) {
		for (i = 0; i < vm.run->io.count; i++)
			((uint8_t *)vm.pio)[i] = next++;
		items += vm.run->io.count;
	}
	test_result("ins-hlt", vm.run->exit_reason == KVM_EXIT_HLT, "%s",
		    vm_exit_text(&vm));
	EXPECT_EQ("ins-items", items, 100);
	for (i = 0; i < 100 && vm.mem[0x3000 + i] == i + 1; i++)
		;
	EXPECT_EQ("ins-data", i, 100);
	vm_get_regs(&vm, &r);
	EXPECT_EQ("ins-edi", r.rdi, 0x3064);
	EXPECT_EQ("ins-ecx", r.rcx, 0);
	vm_destroy(&vm);
}

/* rdtsc; out 0x80,eax; hlt */
static void clock_offset(void)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry tsc;
	} m = { { .nmsrs = 1 }, { .index = 0x10, .data = 1000 } };
	uint32_t got = 0;
	struct vm vm;
	int r;

	vm_create(&vm, MEM);
	LOAD(&vm, 0x0f, 0x31, 0xe7, 0x80, 0xf4);
	start(&vm, 32);
	EXPECT_EQ("tsc-set", ioctl(vm.cpu, KVM_SET_MSRS, &m), 1);
	r = vm_run(&vm);
	memcpy(&got, vm.pio, 4);
	/* Less than a second, counting from 1000. */
	test_result("tsc-offset", !r && vm.run->exit_reason == KVM_EXIT_IO &&
		    got > 1000 &&
		    got / 1000 < (uint32_t)ioctl(vm.cpu, KVM_GET_TSC_KHZ, 0), "%s, %u",
		    vm_exit_text(&vm), got);
	vm_destroy(&vm);
}

/* The paravirtual time: it is set, and goes on at the pace of the TSC. */
static void clock_data(void)
{
	struct kvm_clock_data set = { .clock = 5000000000ull }, a, b;
	uint64_t tsc, khz;
	struct vm vm;

	vm_create(&vm, MEM);
	EXPECT_EQ("clock-cap", ioctl(vm.fd, KVM_CHECK_EXTENSION,
				     KVM_CAP_ADJUST_CLOCK),
		  KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME);
	EXPECT_EQ("clock-set", ioctl(vm.fd, KVM_SET_CLOCK, &set), 0);
	tsc = __builtin_ia32_rdtsc();
	EXPECT_EQ("clock-get", ioctl(vm.fd, KVM_GET_CLOCK, &a), 0);
	usleep(20000);
	ioctl(vm.fd, KVM_GET_CLOCK, &b);
	khz = ioctl(vm.cpu, KVM_GET_TSC_KHZ, 0);
	tsc = __builtin_ia32_rdtsc() - tsc;
	test_result("clock-runs", a.clock >= set.clock && b.clock >= a.clock + 20000000 &&
		    b.clock - a.clock <= tsc * 1000000 / khz + 1000,
		    "%llu then %llu", (unsigned long long)a.clock,
		    (unsigned long long)b.clock);
	/* What a move took is not lost: this one took an hour. */
	b.realtime -= 3600000000000ull;
	EXPECT_EQ("clock-set-realtime", ioctl(vm.fd, KVM_SET_CLOCK, &b), 0);
	ioctl(vm.fd, KVM_GET_CLOCK, &a);
	test_result("clock-realtime", a.clock - b.clock >= 3600000000000ull &&
		    a.clock - b.clock < 3660000000000ull, "%llu then %llu",
		    (unsigned long long)b.clock, (unsigned long long)a.clock);
	set.flags = KVM_CLOCK_HOST_TSC;
	EXPECT_ERRNO("clock-flags", ioctl(vm.fd, KVM_SET_CLOCK, &set), EINVAL);
	vm_destroy(&vm);
}

/*
 * Have the guest interrupted by a signal again and again until EBX has passed
 * @ebx: how far it gets in a given time nobody knows. Every run must end with
 * EINTR.
 */
static bool interrupted(const char *name, struct vm *vm, uint32_t ebx)
{
	struct kvm_regs regs;
	unsigned int tries = 0;
	int r;

	do {
		r = vm_run_for(vm, 100000);
		vm_get_regs(vm, &regs);
	} while (r == -EINTR && regs.rbx <= ebx && tries++ < 600);
	return test_result(name, r == -EINTR && regs.rbx > ebx, "%d, EBX %#llx, %s", r,
			   regs.rbx, vm_exit_text(vm));
}

/* An endless loop, and a program that wants it back. */
static void signals(void)
{
	struct kvm_regs r;
	struct vm vm;

	vm_create(&vm, MEM);
	/* 1: inc ebx; jmp 1b */
	LOAD(&vm, 0x43, 0xeb, 0xfd);
	start(&vm, 32);
	interrupted("loop-eintr", &vm, 1000);
	EXPECT_EQ("loop-reason", vm.run->exit_reason, KVM_EXIT_INTR);
	vm_get_regs(&vm, &r);
	test_result("loop-eip", r.rip == CODE || r.rip == CODE + 1, "%llx",
		    (unsigned long long)r.rip);
	vm.run->immediate_exit = 1;
	EXPECT_EQ("loop-immediate-exit", vm_run(&vm), -EINTR);
	vm.run->immediate_exit = 0;

	/* State that is set between two runs is what the guest goes on with. */
	r.rbx = 0x80000000;
	vm_set_regs(&vm, &r);
	interrupted("loop-state-set", &vm, 0x80000000);
	vm_destroy(&vm);
}

/* Real mode: IVT entry 0x40 -> 0:0x2000, which does out 0x99,al; iret */
static void interrupts(void)
{
	struct kvm_regs r;
	struct vm vm;

	vm_create(&vm, MEM);
	/* cli; out 0x10,al; sti; nop; nop; hlt; out 0x11,al; hlt */
	LOAD(&vm, 0xfa, 0xe6, 0x10, 0xfb, 0x90, 0x90, 0xf4, 0xe6, 0x11, 0xf4);
	load(&vm, 0x2000, B(0xe6, 0x99, 0xcf), 3);
	memcpy(vm.mem + 0x40 * 4, "\x00\x20\x00\x00", 4);
	start(&vm, 16);

	out_is("irq-off", &vm, 0x10, 1, 0);
	EXPECT_EQ("irq-off-flag", vm.run->if_flag, 0);
	EXPECT_EQ("irq-off-ready", vm.run->ready_for_interrupt_injection, 0);
	vm.run->request_interrupt_window = 1;
	exits_with("irq-window", &vm, KVM_EXIT_IRQ_WINDOW_OPEN);
	EXPECT_EQ("irq-window-flag", vm.run->if_flag, 1);
	EXPECT_EQ("irq-window-ready", vm.run->ready_for_interrupt_injection, 1);
	vm_get_regs(&vm, &r);
	/* Behind the instruction after STI, not before it. */
	EXPECT_EQ("irq-window-eip", r.rip, CODE + 5);
	vm.run->request_interrupt_window = 0;
	EXPECT_ERRNO("irq-queue", vm_interrupt(&vm, 0x40), 0);
	EXPECT_ERRNO("irq-queue-full", vm_interrupt(&vm, 0x41), EEXIST);
	out_is("irq-handler", &vm, 0x99, 1, 0);
	EXPECT_EQ("irq-handler-flag", vm.run->if_flag, 0);
	vm_get_regs(&vm, &r);
	EXPECT_EQ("irq-handler-stack", r.rsp, CODE - 6);
	exits_with("irq-hlt", &vm, KVM_EXIT_HLT);
	EXPECT_EQ("irq-hlt-ready", vm.run->ready_for_interrupt_injection, 1);
	EXPECT_ERRNO("irq-queue-halted", vm_interrupt(&vm, 0x40), 0);
	out_is("irq-handler-halted", &vm, 0x99, 1, 0);
	out_is("irq-after-halt", &vm, 0x11, 1, 0);

	/* Queued while it can't be taken, it waits. */
	LOAD(&vm, 0xfa, 0x90, 0xe6, 0x10, 0xfb, 0x90, 0xf4);
	vm.run->immediate_exit = 1;
	vm_run(&vm);
	vm.run->immediate_exit = 0;
	start(&vm, 16);
	EXPECT_ERRNO("irq-queue-early", vm_interrupt(&vm, 0x40), 0);
	out_is("irq-waits", &vm, 0x10, 1, 0);
	out_is("irq-then-comes", &vm, 0x99, 1, 0);
	exits_with("irq-end", &vm, KVM_EXIT_HLT);
	vm_destroy(&vm);
}

static int irq_line(struct vm *vm, uint32_t irq, uint32_t level)
{
	struct kvm_irq_level line = { .irq = irq, .level = level };

	return ioctl(vm->fd, KVM_IRQ_LINE, &line);
}

static void *raise_later(void *vm)
{
	sleep_ms(100);
	irq_line(vm, 4, 1);
	return NULL;
}

/*
 * Interrupt controllers and timer in the VMM, as a BIOS leaves them: IRQ 0 is
 * vector 8, IRQ 4 is vector 12. Their handlers say so on ports 0x98 and 0x99.
 */
static void chips(void)
{
	unsigned int i;
	pthread_t t;
	struct vm vm;

	vm_create(&vm, MEM);
	EXPECT_ERRNO("chips-too-late", ioctl(vm.fd, VMBT_CREATE_CHIPS, 0), EBUSY);
	EXPECT_ERRNO("chips-none", irq_line(&vm, 4, 1), ENXIO);
	vm_destroy(&vm);

	vm_create_with_chips(&vm, MEM);
	EXPECT_ERRNO("chips-interrupt", vm_interrupt(&vm, 0x40), ENXIO);
	EXPECT_ERRNO("chips-irq-16", irq_line(&vm, 16, 1), EINVAL);
	/*
	 * mov al,0xef; out 0x21,al (IRQ 4 only); sti; 1: hlt; out 0x10,al;
	 * mov al,0xfe; out 0x21,al (IRQ 0 only); 2: hlt; out 0x11,al; jmp 2b
	 */
	LOAD(&vm, 0xb0, 0xef, 0xe6, 0x21, 0xfb, 0xf4, 0xe6, 0x10,
	     0xb0, 0xfe, 0xe6, 0x21, 0xf4, 0xe6, 0x11, 0xeb, 0xfb);
	/* out 0x98,al; push ax; mov al,0x20; out 0x20,al; pop ax; iret */
	load(&vm, 0x2000, B(0xe6, 0x98, 0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf), 9);
	load(&vm, 0x2100, B(0xe6, 0x99, 0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf), 9);
	memcpy(vm.mem + 8 * 4, "\x00\x20\x00\x00", 4);
	memcpy(vm.mem + 12 * 4, "\x00\x21\x00\x00", 4);
	start(&vm, 16);
	pthread_create(&t, NULL, raise_later, &vm);
	/* The halt is slept through here: the next exit is the handler's. */
	out_is("chips-irq-4", &vm, 0x99, 1, 0xef);
	pthread_join(t, NULL);
	irq_line(&vm, 4, 0);
	out_is("chips-behind-halt", &vm, 0x10, 1, 0xef);
	out_is("chips-timer", &vm, 0x98, 1, 0xfe);
	/* On a slow machine the next tick is here before the last is served. */
	for (i = 0; i < 20 && !vm_run(&vm) && vm.run->exit_reason == KVM_EXIT_IO &&
	     vm.run->io.port == 0x98; i++)
		;
	test_result("chips-behind-timer", vm.run->exit_reason == KVM_EXIT_IO &&
		    vm.run->io.port == 0x11, "%s", vm_exit_text(&vm));
	out_is("chips-timer-again", &vm, 0x98, 1, 0xfe);
	EXPECT_EQ("chips-no-exits", vm_stat(&vm, "exit_io"), 5 + i);
	vm_destroy(&vm);
}

/*
 * IN of the masks, which translated code reads without the VMM where it may: the byte of
 * user space's controllers, and the poll word of those in the VMM (8259A data sheet, Poll
 * Command: 80h and the number of the highest request, here IRQ 4).
 */
static void masks(int bits)
{
	struct kvm_regs r;
	struct vm vm;

	vm_create(&vm, MEM);
	/* in al,0x21; mov bl,al; in al,0xa1; mov bh,al; hlt */
	LOAD(&vm, 0xe4, 0x21, 0x88, 0xc3, 0xe4, 0xa1, 0x88, 0xc7, 0xf4);
	start(&vm, bits);
	if (exits_with("mask-1", &vm, KVM_EXIT_IO))
		*(uint8_t *)vm.pio = 0x5a;
	if (exits_with("mask-2", &vm, KVM_EXIT_IO))
		*(uint8_t *)vm.pio = 0xa6;
	exits_with("mask-hlt", &vm, KVM_EXIT_HLT);
	vm_get_regs(&vm, &r);
	EXPECT_EQ("mask-bytes", r.rbx & 0xffff, 0xa65a);
	vm_destroy(&vm);

	vm_create_with_chips(&vm, MEM);
	/*
	 * mov al,0xef; out 0x21,al; mov al,0x0c; out 0x20,al (poll); in al,0x21;
	 * out 0x84,al; in al,0x21; out 0x84,al
	 */
	LOAD(&vm, 0xb0, 0xef, 0xe6, 0x21, 0xb0, 0x0c, 0xe6, 0x20, 0xe4, 0x21,
	     0xe6, 0x84, 0xe4, 0x21, 0xe6, 0x84);
	start(&vm, bits);
	irq_line(&vm, 4, 1);
	out_is("mask-poll-word", &vm, 0x84, 1, 0x84);
	out_is("mask-behind-poll", &vm, 0x84, 1, 0xef);
	vm_destroy(&vm);
}

static void dead_ends(void)
{
	struct kvm_sregs s;
	struct vm vm;

	vm_create(&vm, MEM);
	/* ud2 without an IDT */
	LOAD(&vm, 0x0f, 0x0b);
	start(&vm, 32);
	ioctl(vm.cpu, KVM_GET_SREGS, &s);
	s.idt.limit = 0;
	ioctl(vm.cpu, KVM_SET_SREGS, &s);
	exits_with("triple-fault", &vm, KVM_EXIT_SHUTDOWN);

	/* The VM can be used again. */
	LOAD(&vm, 0xf4);
	start(&vm, 32);
	exits_with("after-triple-fault", &vm, KVM_EXIT_HLT);

	/* Privilege level 1 is not for us, and we say so. */
	start(&vm, 32);
	ioctl(vm.cpu, KVM_GET_SREGS, &s);
	s.cs.dpl = 1;
	s.ss.dpl = 1;
	s.cs.selector |= 1;
	s.ss.selector |= 1;
	ioctl(vm.cpu, KVM_SET_SREGS, &s);
	if (exits_with("ring-1", &vm, KVM_EXIT_INTERNAL_ERROR)) {
		EXPECT_EQ("ring-1-suberror", vm.run->internal.suberror,
			  VMBT_INTERNAL_ERROR_UNSUPPORTED);
		test_result("ring-1-text", strstr(vm.ext->text, "level 1") &&
			    strstr(vm.ext->text, "00001000"), "%s",
			    vm.ext->text);
		EXPECT_EQ("ring-1-eip", vm.run->internal.data[0], CODE);
	}
	vm_destroy(&vm);
}

/* The guest adds its number and says the sum: 200 times, @done before. */
static void *spin_on(struct vm *vm, uint32_t done)
{
	uint32_t number = *(uint32_t *)(vm->mem + 0x2000), i;
	long bad = 0;

	for (i = 1; i <= 200; i++)
		if (vm_run(vm) || vm->run->exit_reason != KVM_EXIT_IO ||
		    *(uint32_t *)vm->pio != number * (done + i + 1))
			bad++;
	return (void *)bad;
}

static void *spin(void *arg)
{
	return spin_on(arg, 0);
}

static void two_vms(void)
{
	struct vm vm[2];
	pthread_t t[2];
	void *bad[2];
	int i;

	for (i = 0; i < 2; i++) {
		vm_create(&vm[i], MEM);
		LOAD(&vm[i], 0x8b, 0x1d, 0, 0x20, 0, 0,	/* mov ebx,[0x2000] */
		     0x89, 0xd8,			/* mov eax,ebx */
		     0x01, 0xd8,			/* add eax,ebx */
		     0xb9, 0x10, 0x27, 0, 0,		/* mov ecx,10000 */
		     0xe2, 0xfe,			/* loop . */
		     0xe7, 0x55,			/* out 0x55,eax */
		     0xeb, 0xf3);			/* jmp to add */
		*(uint32_t *)(vm[i].mem + 0x2000) = 3 + 4 * i;
		start(&vm[i], 32);
	}
	for (i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, spin, &vm[i]);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], &bad[i]);
	EXPECT_EQ("two-vms-first", (long)bad[0], 0);
	EXPECT_EQ("two-vms-second", (long)bad[1], 0);
	/* One ends, the other goes on. */
	vm_destroy(&vm[0]);
	bad[1] = spin_on(&vm[1], 200);
	EXPECT_EQ("two-vms-one-left", (long)bad[1], 0);
	vm_destroy(&vm[1]);
}

int main(void)
{
	if (vm_is_fake(-1)) {
		test_skip("run", "needs the real VMM");
		return 0;
	}
	alarm(120);
	real_mode();
	protected_mode();
	mmio();
	string_io();
	clock_offset();
	clock_data();
	signals();
	interrupts();
	chips();
	masks(16);
	masks(32);
	dead_ends();
	two_vms();
	return test_exit();
}
