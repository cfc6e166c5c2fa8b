// SPDX-License-Identifier: GPL-2.0
/*
 * The state of the chips in the VMM, from outside: as firmware leaves it, read
 * and set again, what must be refused; and guests whose chips are moved to
 * another VM in the middle of everything, which must not notice.
 *
 * Expected values are those of the chips' data sheets and of a PC's BIOS, or
 * what the guest that was not moved reads.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/vm.h"

#define MEM	BIT(20)
#define CODE	0x1000

#define B(...)	((const uint8_t[]){ __VA_ARGS__ })
#define LOAD(vm, at, ...) \
	memcpy((vm)->mem + (at), B(__VA_ARGS__), sizeof(B(__VA_ARGS__)))

union chip {
	struct kvm_irqchip k;
	struct {
		uint32_t id, pad;
		struct vmbt_pic_state s;
	};
};

/* All that a VM with chips consists of, besides its memory. */
struct state {
	struct kvm_regs regs;
	struct kvm_sregs2 sregs;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp;
	union chip pic[2];
	struct vmbt_pit_state pit;
	uint64_t tsc_offset;
};

static int tsc_offset(struct vm *vm, unsigned long cmd, uint64_t *value)
{
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)value,
	};

	return ioctl(vm->cpu, cmd, &attr);
}

static int get_pic(struct vm *vm, union chip *c, uint32_t id)
{
	memset(c, 0xa5, sizeof(*c));
	c->id = id;
	c->pad = 0;
	return ioctl(vm->fd, KVM_GET_IRQCHIP, c);
}

static int get_pit(struct vm *vm, struct vmbt_pit_state *s)
{
	return ioctl(vm->fd, KVM_GET_PIT2, s);
}

static int set_pit(struct vm *vm, const struct vmbt_pit_state *s)
{
	return ioctl(vm->fd, KVM_SET_PIT2, s);
}

static int irq_line(struct vm *vm, uint32_t irq, uint32_t level)
{
	struct kvm_irq_level line = { .irq = irq, .level = level };

	return ioctl(vm->fd, KVM_IRQ_LINE, &line);
}

static void save(struct vm *vm, struct state *s)
{
	if (ioctl(vm->cpu, KVM_GET_REGS, &s->regs) ||
	    ioctl(vm->cpu, KVM_GET_SREGS2, &s->sregs) ||
	    ioctl(vm->cpu, KVM_GET_VCPU_EVENTS, &s->events) ||
	    ioctl(vm->cpu, KVM_GET_MP_STATE, &s->mp) ||
	    get_pic(vm, &s->pic[0], 0) || get_pic(vm, &s->pic[1], 1) ||
	    get_pit(vm, &s->pit) ||
	    tsc_offset(vm, KVM_GET_DEVICE_ATTR, &s->tsc_offset))
		die("reading state: %s", strerror(errno));
}

static void restore(struct vm *vm, struct state *s)
{
	if (ioctl(vm->cpu, KVM_SET_SREGS2, &s->sregs) ||
	    ioctl(vm->cpu, KVM_SET_REGS, &s->regs) ||
	    ioctl(vm->cpu, KVM_SET_VCPU_EVENTS, &s->events) ||
	    ioctl(vm->cpu, KVM_SET_MP_STATE, &s->mp) ||
	    ioctl(vm->fd, KVM_SET_IRQCHIP, &s->pic[0]) ||
	    ioctl(vm->fd, KVM_SET_IRQCHIP, &s->pic[1]) ||
	    set_pit(vm, &s->pit) ||
	    tsc_offset(vm, KVM_SET_DEVICE_ATTR, &s->tsc_offset))
		die("setting state: %s", strerror(errno));
}

static void clone_vm(struct vm *to, struct vm *from)
{
	struct state s;

	save(from, &s);
	vm_create_with_chips(to, MEM);
	memcpy(to->mem, from->mem, MEM);
	restore(to, &s);
}

static void start(struct vm *vm)
{
	struct kvm_regs r = { .rip = CODE, .rsp = CODE, .rflags = 2 };

	vm_set_mode(vm, 16);
	vm_set_regs(vm, &r);
}

static void without_chips(void)
{
	struct vmbt_pit_state pit = { };
	union chip pic;
	struct vm vm;

	vm_create(&vm, MEM);
	EXPECT_ERRNO("none-get-pic", get_pic(&vm, &pic, 0), ENXIO);
	memset(&pic, 0, sizeof(pic));
	EXPECT_ERRNO("none-set-pic", ioctl(vm.fd, KVM_SET_IRQCHIP, &pic), ENXIO);
	EXPECT_ERRNO("none-get-pit", get_pit(&vm, &pit), ENXIO);
	EXPECT_ERRNO("none-set-pit", set_pit(&vm, &pit), ENXIO);
	EXPECT_EQ("chips-cap", ioctl(vm.dev, KVM_CHECK_EXTENSION, VMBT_CAP_CHIPS), 2);
	vm_destroy(&vm);
}

static bool over;

/* Until then there are no chips; from then on they can be read. */
static void *read_pic(void *data)
{
	struct vm *vm = data;
	union chip pic;
	long bad = 0;

	while (!READ_ONCE(over))
		bad += get_pic(vm, &pic, 0) && errno != ENXIO;
	return (void *)bad;
}

/* Chips come to a VM without a vCPU while another thread asks for them. */
static void chips_come(void)
{
	unsigned int i, bad = 0;
	union chip pic;

	for (i = 0; i < 24; i++) {
		pthread_t thread;
		struct vm vm;
		void *wrong;

		vm_create_empty(&vm);
		WRITE_ONCE(over, false);
		if (pthread_create(&thread, NULL, read_pic, &vm))
			die("no thread");
		sleep_ms(1 + i % 3);
		bad += !!ioctl(vm.fd, VMBT_CREATE_CHIPS, 0);
		bad += !!get_pic(&vm, &pic, 0);
		WRITE_ONCE(over, true);
		pthread_join(thread, &wrong);
		bad += !!wrong;
		close(vm.fd);
		close(vm.dev);
	}
	EXPECT_EQ("chips-while-read", bad, 0);
}

/* IBM's BIOS: vectors 8 and 70h, all masked but the cascade, 18.2 Hz. */
static void firmware(void)
{
	struct vmbt_pit_state pit;
	union chip pic;
	struct vm vm;

	vm.dev = vm_dev();
	vm.fd = ioctl(vm.dev, KVM_CREATE_VM, 0);
	EXPECT_ERRNO("fresh-chips", ioctl(vm.fd, VMBT_CREATE_CHIPS, 0), 0);
	EXPECT_ERRNO("fresh-master", get_pic(&vm, &pic, 0), 0);
	EXPECT_EQ("fresh-master-base", pic.s.pic.irq_base, 8);
	EXPECT_EQ("fresh-master-imr", pic.s.pic.imr, 0xfb);
	EXPECT_EQ("fresh-master-elcr-mask", pic.s.pic.elcr_mask, 0xf8);
	EXPECT_EQ("fresh-master-rest", pic.s.pic.irr | pic.s.pic.isr | pic.s.pic.elcr |
		  pic.s.pic.init_state | pic.s.pic.auto_eoi | pic.s.icw1, 0);
	EXPECT_EQ("fresh-master-init4", pic.s.pic.init4, 1);
	EXPECT_ERRNO("fresh-slave", get_pic(&vm, &pic, 1), 0);
	EXPECT_EQ("fresh-slave-base", pic.s.pic.irq_base, 0x70);
	EXPECT_EQ("fresh-slave-imr", pic.s.pic.imr, 0xff);
	EXPECT_EQ("fresh-slave-elcr-mask", pic.s.pic.elcr_mask, 0xde);
	EXPECT_EQ("fresh-reserved", pic.s.reserved[0] | pic.s.reserved[494], 0);
	EXPECT_ERRNO("fresh-ioapic", get_pic(&vm, &pic, 2), EINVAL);
	EXPECT_ERRNO("fresh-pit", get_pit(&vm, &pit), 0);
	EXPECT_EQ("fresh-pit-0-mode", pit.channels[0].mode, 3);
	EXPECT_EQ("fresh-pit-0-count", pit.channels[0].count, 65536);
	EXPECT_EQ("fresh-pit-0-gate", pit.channels[0].gate, 1);
	EXPECT_EQ("fresh-pit-1-mode", pit.channels[1].mode, 2);
	EXPECT_EQ("fresh-pit-1-count", pit.channels[1].count, 0x12);
	EXPECT_EQ("fresh-pit-1-rw", pit.channels[1].rw_mode, 1);
	EXPECT_EQ("fresh-pit-2-gate", pit.channels[2].gate, 0);
	EXPECT_EQ("fresh-pit-2-next", pit.next[2], VMBT_PIT_EMPTY);
	EXPECT_EQ("fresh-pit-flags", pit.flags, 0);
	close(vm.fd);
	close(vm.dev);
}

static void bad_pic(struct vm *vm, const union chip *good, const char *name,
		    size_t offset, uint8_t value)
{
	union chip c = *good;

	((uint8_t *)&c)[offset] = value;
	EXPECT_ERRNO(name, ioctl(vm->fd, KVM_SET_IRQCHIP, &c), EINVAL);
}

#define BAD_PIC(name, field, value) \
	bad_pic(&vm, &c, name, offsetof(union chip, field), value)

static void pic(void)
{
	union chip c, got;
	struct vm vm;

	vm_create_with_chips(&vm, MEM);
	memset(&c, 0, sizeof(c));
	c.s.pic = (struct kvm_pic_state){
		.last_irr = 0xd8, .irr = 0x50, .imr = 0x40, .isr = 0x08,
		.priority_add = 3, .irq_base = 0x30, .read_reg_select = 1,
		.poll = 1, .special_mask = 1, .init_state = 2, .auto_eoi = 1,
		.rotate_on_auto_eoi = 1, .special_fully_nested_mode = 1,
		.init4 = 1, .elcr = 0x40, .elcr_mask = 0xf8,
	};
	c.s.icw1 = VMBT_PIC_SINGLE;
	EXPECT_ERRNO("pic-set", ioctl(vm.fd, KVM_SET_IRQCHIP, &c), 0);
	EXPECT_ERRNO("pic-get", get_pic(&vm, &got, 0), 0);
	EXPECT_EQ("pic-round-trip", memcmp(&c, &got, sizeof(c)), 0);
	c.id = 1;
	c.s.pic.elcr_mask = 0xde;
	c.s.pic.last_irr = 0x55;
	c.s.pic.irr = 0x55;
	EXPECT_ERRNO("pic-set-slave", ioctl(vm.fd, KVM_SET_IRQCHIP, &c), 0);
	EXPECT_ERRNO("pic-get-slave", get_pic(&vm, &got, 1), 0);
	EXPECT_EQ("pic-round-trip-slave", memcmp(&c, &got, sizeof(c)), 0);

	BAD_PIC("pic-id", id, 2);
	BAD_PIC("pic-pad", pad, 1);
	BAD_PIC("pic-priority", s.pic.priority_add, 8);
	BAD_PIC("pic-base", s.pic.irq_base, 0x31);
	BAD_PIC("pic-read-select", s.pic.read_reg_select, 2);
	BAD_PIC("pic-poll", s.pic.poll, 2);
	BAD_PIC("pic-special-mask", s.pic.special_mask, 2);
	BAD_PIC("pic-init-state", s.pic.init_state, 4);
	BAD_PIC("pic-aeoi", s.pic.auto_eoi, 2);
	BAD_PIC("pic-rotate", s.pic.rotate_on_auto_eoi, 2);
	BAD_PIC("pic-sfnm", s.pic.special_fully_nested_mode, 2);
	BAD_PIC("pic-init4", s.pic.init4, 2);
	BAD_PIC("pic-elcr", s.pic.elcr, 0x01);
	BAD_PIC("pic-elcr-mask", s.pic.elcr_mask, 0xff);
	BAD_PIC("pic-icw1", s.icw1, 0x10);
	BAD_PIC("pic-reserved", s.reserved[494], 1);
	EXPECT_ERRNO("pic-still", get_pic(&vm, &got, 1), 0);
	EXPECT_EQ("pic-unchanged", memcmp(&c, &got, sizeof(c)), 0);
	vm_destroy(&vm);
}

/* Levels are state; what the VMM has not looked at yet can be read. */
static void lines(void)
{
	union chip c;
	struct vm vm;

	vm_create_with_chips(&vm, MEM);
	irq_line(&vm, 4, 1);
	irq_line(&vm, 12, 1);
	get_pic(&vm, &c, 0);
	EXPECT_EQ("line-level", c.s.pic.last_irr & 0x10, 0x10);
	EXPECT_EQ("line-request", c.s.pic.irr & 0x10, 0x10);
	get_pic(&vm, &c, 1);
	EXPECT_EQ("line-slave-request", c.s.pic.irr, 0x10);
	irq_line(&vm, 4, 0);
	get_pic(&vm, &c, 0);
	EXPECT_EQ("line-gone", c.s.pic.irr & 0x10, 0);
	/* Set high: driven high again it does not rise. */
	c.s.pic.last_irr |= 0x10;
	EXPECT_ERRNO("line-set", ioctl(vm.fd, KVM_SET_IRQCHIP, &c), 0);
	irq_line(&vm, 4, 1);
	get_pic(&vm, &c, 0);
	EXPECT_EQ("line-no-edge", c.s.pic.irr & 0x10, 0);
	irq_line(&vm, 4, 0);
	irq_line(&vm, 4, 1);
	get_pic(&vm, &c, 0);
	EXPECT_EQ("line-edge", c.s.pic.irr & 0x10, 0x10);
	get_pic(&vm, &c, 1);
	EXPECT_EQ("line-slave-kept", c.s.pic.irr, 0x10);
	vm_destroy(&vm);
}

static void bad_pit(struct vm *vm, const struct vmbt_pit_state *good, const char *name,
		    size_t offset, uint64_t value, size_t len)
{
	struct vmbt_pit_state s = *good;

	memcpy((char *)&s + offset, &value, len);
	EXPECT_ERRNO(name, set_pit(vm, &s), EINVAL);
}

#define BAD_PIT(name, field, value) \
	bad_pit(&vm, &s, name, offsetof(struct vmbt_pit_state, field), value, \
		sizeof(s.field))

static void pit(void)
{
	struct vmbt_pit_state s, got;
	struct vm vm;
	int64_t now;

	vm_create_with_chips(&vm, MEM);
	EXPECT_ERRNO("pit-get", get_pit(&vm, &s), 0);
	now = s.channels[0].count_load_time;
	/* A period of 100 Hz, a one-byte counter, one stopped in the middle. */
	s.channels[0] = (struct kvm_pit_channel_state){
		.count = 11932, .latched_count = 0x1234, .count_latched = 2,
		.status_latched = 1, .status = 0x34, .read_state = 4,
		.write_state = 3, .write_latch = 0x56, .rw_mode = 3, .mode = 2,
		.gate = 1, .count_load_time = now,
	};
	s.channels[2] = (struct kvm_pit_channel_state){
		.count = 5000, .read_state = 2, .write_state = 2, .rw_mode = 2,
		.mode = 0, .bcd = 1, .count_load_time = now,
	};
	s.next[0] = 0;
	s.next[2] = 0;
	s.stopped = 77;
	s.owed = 0;
	s.flags = KVM_PIT_FLAGS_SPEAKER_DATA_ON | VMBT_PIT_FLAG_61_3;
	EXPECT_ERRNO("pit-set", set_pit(&vm, &s), 0);
	EXPECT_ERRNO("pit-get-again", get_pit(&vm, &got), 0);
	/* The clock went on, and nothing else. */
	now = got.channels[0].count_load_time;
	EXPECT_EQ("pit-period-kept",
		  ((now - s.channels[0].count_load_time) * 105 + 44000) / 88000 % 11932, 0);
	got.channels[0].count_load_time = s.channels[0].count_load_time;
	EXPECT_EQ("pit-channel-0", memcmp(&s.channels[0], &got.channels[0],
					  sizeof(s.channels[0])), 0);
	got.channels[2].count_load_time = s.channels[2].count_load_time;
	EXPECT_EQ("pit-channel-2", memcmp(&s.channels[2], &got.channels[2],
					  sizeof(s.channels[2])), 0);
	EXPECT_EQ("pit-stopped", got.stopped, 77);
	EXPECT_EQ("pit-flags", got.flags, s.flags);
	EXPECT_EQ("pit-next-0", got.next[0], 0);

	BAD_PIT("pit-mode", channels[0].mode, 6);
	BAD_PIT("pit-rw", channels[1].rw_mode, 0);
	BAD_PIT("pit-count-0", channels[0].count, 0);
	BAD_PIT("pit-count-large", channels[0].count, 65537);
	BAD_PIT("pit-bcd", channels[0].bcd, 2);
	BAD_PIT("pit-gate-tied", channels[1].gate, 0);
	BAD_PIT("pit-gate", channels[2].gate, 2);
	BAD_PIT("pit-status-latched", channels[0].status_latched, 2);
	BAD_PIT("pit-count-latched", channels[0].count_latched, 1);
	BAD_PIT("pit-read-state", channels[1].read_state, 4);
	BAD_PIT("pit-write-state", channels[0].write_state, 5);
	BAD_PIT("pit-load-negative", channels[0].count_load_time, ~0ull);
	BAD_PIT("pit-load-future", channels[1].count_load_time, 1ull << 62);
	BAD_PIT("pit-hpet", flags, KVM_PIT_FLAGS_HPET_LEGACY);
	BAD_PIT("pit-next", next[0], 65537);
	BAD_PIT("pit-next-bits", next[1], 1 << 31);
	BAD_PIT("pit-trigger-alone", next[2], VMBT_PIT_TRIGGER);
	BAD_PIT("pit-next-in", next_in[0], 1 << 30);
	BAD_PIT("pit-stopped-far", stopped, 1 << 30);
	BAD_PIT("pit-seen-far", seen, 1 << 30);
	EXPECT_ERRNO("pit-get-last", get_pit(&vm, &got), 0);
	EXPECT_EQ("pit-unchanged", got.channels[0].count, 11932);
	vm_destroy(&vm);
}

/* To the end of the instruction that waits for KVM_EXIT_IO. */
static void finish_insn(struct vm *vm)
{
	vm->run->immediate_exit = 1;
	vm_run(vm);
	vm->run->immediate_exit = 0;
}

/* The bytes a guest writes to port 98h until it halts with interrupts off. */
static unsigned int report(struct vm *vm, uint8_t *buf, unsigned int size)
{
	unsigned int n = 0;

	while (!vm_run(vm) && vm->run->exit_reason == KVM_EXIT_IO && n < size)
		buf[n++] = *(uint8_t *)vm->pio;
	return n;
}

/*
 * Odd modes, latched counts and status, half-read and half-written pairs, an
 * initialisation that is not finished, and requests: whoever goes on, the guest
 * or its copy, reads the same.
 */
static void moved_registers(void)
{
	static const uint8_t out[][2] = {
		{ 0x43, 0x70 }, { 0x41, 0x39 }, { 0x41, 0x30 },	/* mode 0 */
		{ 0x61, 0x03 }, { 0x43, 0xb8 }, { 0x42, 0x10 },	/* half a pair */
		{ 0x43, 0x36 }, { 0x40, 0x00 }, { 0x40, 0x80 },	/* mode 3... */
		{ 0x40, 0x11 }, { 0x40, 0x70 },			/* next count */
		{ 0x43, 0xce }, { 0x43, 0x40 },			/* latch all */
		{ 0x20, 0x11 }, { 0x21, 0x28 }, { 0x21, 0x04 },	/* no ICW4 yet */
		{ 0xa0, 0x6b }, { 0xa1, 0x6f },			/* read ISR, SMM */
	};
	static const uint8_t in[] = {
		0x40, 0x40, 0x41, 0x41, 0x41, 0x42, 0x42, 0x42, 0x61,
		0x20, 0xa0, 0xa1,
	};
	static const uint8_t then[][2] = {
		{ 0x42, 0x20 },			/* the other half */
		{ 0x21, 0x01 },			/* ICW4 */
		{ 0x43, 0xee },			/* latch status again */
	};
	uint8_t a[64], b[64], *p;
	unsigned int i, na, nb;
	struct vm vm, copy;

	vm_create_with_chips(&vm, MEM);
	p = vm.mem + CODE;
	for (i = 0; i < ARRAY_SIZE(out); i++, p += 4)
		memcpy(p, B(0xb0, out[i][1], 0xe6, out[i][0]), 4);
	memcpy(p, B(0xe4, 0x40, 0xe6, 0x99), 4);	/* one byte of the latch */
	p += 4;
	for (i = 0; i < ARRAY_SIZE(in); i++, p += 4)
		memcpy(p, B(0xe4, in[i], 0xe6, 0x98), 4);
	for (i = 0; i < ARRAY_SIZE(then); i++, p += 4)
		memcpy(p, B(0xb0, then[i][1], 0xe6, then[i][0]), 4);
	for (i = 0x40; i < 0x43; i++, p += 4)
		memcpy(p, B(0xe4, i, 0xe6, 0x98), 4);
	memcpy(p, B(0xe4, 0x21, 0xe6, 0x98, 0xf4), 5);
	start(&vm);
	EXPECT_EQ("moved-regs-run", vm_run(&vm), 0);
	EXPECT_EQ("moved-regs-there", vm.run->io.port, 0x99);
	finish_insn(&vm);
	irq_line(&vm, 10, 1);
	clone_vm(&copy, &vm);
	na = report(&vm, a, sizeof(a));
	nb = report(&copy, b, sizeof(b));
	EXPECT_EQ("moved-regs-count", na, ARRAY_SIZE(in) + 4);
	EXPECT_EQ("moved-regs-count-same", nb, na);
	/* The refresh bit of port 61h toggles all the time. */
	a[8] &= ~0x30;
	b[8] &= ~0x30;
	/* Counter 0 requests interrupts as time passes, between the two readings as well. */
	a[9] &= ~1;
	b[9] &= ~1;
	/* And OUT and "null count", in the status that was latched after that. */
	for (i = ARRAY_SIZE(in); i < ARRAY_SIZE(in) + 3; i++) {
		a[i] &= 0x3f;
		b[i] &= 0x3f;
	}
	for (i = 0; i < na && i < nb && a[i] == b[i]; i++)
		;
	test_result("moved-regs-same", i == na, "read %u: %#x, unmoved %#x", i, b[i], a[i]);
	/* The status of counter 1: null count off, mode 0, both bytes. */
	EXPECT_EQ("moved-regs-status", a[2] & 0x3f, 0x30);
	vm_destroy(&vm);
	vm_destroy(&copy);
}

/*
 * Asleep in HLT, moved there, still asleep; then an interrupt that came before
 * the next move wakes it in yet another VM.
 */
static void moved_asleep(void)
{
	struct kvm_mp_state mp;
	struct vm vm, two, three;
	struct kvm_regs r;
	int rc;

	vm_create_with_chips(&vm, MEM);
	/* mov al,0xef; out 0x21,al (IRQ 4 only); sti; hlt; cli; out 0x10,al; hlt */
	LOAD(&vm, CODE, 0xb0, 0xef, 0xe6, 0x21, 0xfb, 0xf4, 0xfa, 0xe6, 0x10, 0xf4);
	/* out 0x99,al; mov al,0x20; out 0x20,al; iret */
	LOAD(&vm, 0x2000, 0xe6, 0x99, 0xb0, 0x20, 0xe6, 0x20, 0xcf);
	memcpy(vm.mem + 12 * 4, "\x00\x20\x00\x00", 4);
	start(&vm);
	do {
		rc = vm_run_for(&vm, 50000);
		ioctl(vm.cpu, KVM_GET_MP_STATE, &mp);
	} while (rc == -EINTR && mp.mp_state != KVM_MP_STATE_HALTED);
	EXPECT_EQ("asleep", rc, -EINTR);
	clone_vm(&two, &vm);
	vm_destroy(&vm);
	EXPECT_EQ("asleep-moved", vm_run_for(&two, 50000), -EINTR);
	ioctl(two.cpu, KVM_GET_MP_STATE, &mp);
	EXPECT_EQ("asleep-still", mp.mp_state, KVM_MP_STATE_HALTED);
	vm_get_regs(&two, &r);
	EXPECT_EQ("asleep-eip", r.rip, CODE + 6);
	irq_line(&two, 4, 1);
	clone_vm(&three, &two);
	vm_destroy(&two);
	rc = vm_run(&three);
	test_result("asleep-woken", !rc && three.run->exit_reason == KVM_EXIT_IO &&
		    three.run->io.port == 0x99, "%d, %s", rc, vm_exit_text(&three));
	rc = vm_run(&three);
	test_result("asleep-goes-on", !rc && three.run->exit_reason == KVM_EXIT_IO &&
		    three.run->io.port == 0x10, "%d, %s", rc, vm_exit_text(&three));
	ioctl(three.cpu, KVM_GET_MP_STATE, &mp);
	EXPECT_EQ("awake", mp.mp_state, KVM_MP_STATE_RUNNABLE);
	/* In the middle of that OUT. */
	EXPECT_ERRNO("busy-pic", ioctl(three.fd, KVM_SET_IRQCHIP,
				       &(union chip){ .s.pic.elcr_mask = 0xf8 }), EBUSY);
	EXPECT_ERRNO("busy-pit", set_pit(&three, &(struct vmbt_pit_state){ }), EBUSY);
	vm_destroy(&three);
}

/*
 * The timer's interrupt at 100 Hz, the VM moved after each: the ticks stay in
 * step with the period that the first VM began.
 */
static void moved_clock(void)
{
	struct vmbt_pit_state s;
	int64_t first = 0;
	unsigned int i;
	struct vm vm, next;

	vm_create_with_chips(&vm, MEM);
	/*
	 * mov al,0x34; out 0x43,al; mov al,0x9c; out 0x40,al; mov al,0x2e;
	 * out 0x40,al; mov al,0xfe; out 0x21,al; sti; 1: hlt; jmp 1b
	 */
	LOAD(&vm, CODE, 0xb0, 0x34, 0xe6, 0x43, 0xb0, 0x9c, 0xe6, 0x40,
	     0xb0, 0x2e, 0xe6, 0x40, 0xb0, 0xfe, 0xe6, 0x21, 0xfb, 0xf4, 0xeb, 0xfd);
	LOAD(&vm, 0x2000, 0xe6, 0x98, 0xb0, 0x20, 0xe6, 0x20, 0xcf);
	memcpy(vm.mem + 8 * 4, "\x00\x20\x00\x00", 4);
	start(&vm);
	for (i = 0; i < 20; i++) {
		if (vm_run(&vm) || vm.run->exit_reason != KVM_EXIT_IO)
			break;
		finish_insn(&vm);
		get_pit(&vm, &s);
		if (!first)
			first = s.channels[0].count_load_time;
		/* 105 clocks are 88 us. */
		if (((s.channels[0].count_load_time - first) * 105 + 44000) / 88000 % 11932)
			break;
		clone_vm(&next, &vm);
		vm_destroy(&vm);
		vm = next;
	}
	test_result("moved-clock", i == 20, "move %u: %s", i, vm_exit_text(&vm));
	vm_destroy(&vm);
}

static void counter_offset(void)
{
	struct kvm_device_attr attr = { .group = KVM_VCPU_TSC_CTRL, .attr = 1 };
	uint64_t v = 1ull << 40, got = 0;
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry tsc;
	} m = { { .nmsrs = 1 }, { .index = 0x10 } };
	struct vm vm;

	vm_create(&vm, MEM);
	EXPECT_EQ("tsc-offset-cap",
		  ioctl(vm.dev, KVM_CHECK_EXTENSION, KVM_CAP_VCPU_ATTRIBUTES), 1);
	EXPECT_ERRNO("tsc-offset-has", tsc_offset(&vm, KVM_HAS_DEVICE_ATTR, NULL), 0);
	EXPECT_ERRNO("tsc-offset-get", tsc_offset(&vm, KVM_GET_DEVICE_ATTR, &got), 0);
	EXPECT_EQ("tsc-offset-new", got, 0);
	EXPECT_ERRNO("tsc-offset-set", tsc_offset(&vm, KVM_SET_DEVICE_ATTR, &v), 0);
	EXPECT_ERRNO("tsc-offset-again", tsc_offset(&vm, KVM_GET_DEVICE_ATTR, &got), 0);
	EXPECT_EQ("tsc-offset-value", got, v);
	EXPECT_EQ("tsc-offset-read", ioctl(vm.cpu, KVM_GET_MSRS, &m), 1);
	test_result("tsc-offset-counts", m.tsc.data > v && m.tsc.data < 2 * v, "%llx",
		    (unsigned long long)m.tsc.data);
	EXPECT_ERRNO("tsc-offset-fault", tsc_offset(&vm, KVM_SET_DEVICE_ATTR, (void *)8), EFAULT);
	EXPECT_ERRNO("attr-unknown", ioctl(vm.cpu, KVM_HAS_DEVICE_ATTR, &attr), ENXIO);
	attr.attr = 0;
	attr.group = 1;
	EXPECT_ERRNO("attr-group", ioctl(vm.cpu, KVM_HAS_DEVICE_ATTR, &attr), ENXIO);
	attr.group = 0;
	attr.flags = 1;
	EXPECT_ERRNO("attr-flags", ioctl(vm.cpu, KVM_HAS_DEVICE_ATTR, &attr), EINVAL);
	vm_destroy(&vm);
}

int main(void)
{
	if (vm_is_fake(-1)) {
		test_skip("chipstate", "needs the real VMM");
		return 0;
	}
	without_chips();
	chips_come();
	firmware();
	pic();
	lines();
	pit();
	moved_registers();
	moved_asleep();
	moved_clock();
	counter_offset();
	return test_exit();
}
