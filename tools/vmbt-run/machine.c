// SPDX-License-Identifier: GPL-2.0
/*
 * The virtual PC: what it is made of, how it starts and stops.
 *
 * The event loop and the host's ends of the serial lines live as long as the
 * program. A reset throws everything else away, the VM included, and starts as
 * if from power-on: that is the one state known to be right.
 */
#include "machine.h"

#include <errno.h>
#include <string.h>

#include "loader.h"
#include "util.h"

#define PORT_DELAY	0x80
#define PORT_DEBUGCON	0x402
#define DEBUGCON_READY	0xe9	/* what firmware expects to read there */

/* How long a guest may take to end after it has told its exit status. */
#define EXIT_GRACE_NS	10000000000ULL

static const u16 serial_port[MAX_SERIAL] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
static const u8 serial_irq[MAX_SERIAL] = { 4, 3, 4, 3 };

static void request_reset(void *arg)
{
	machine_end(arg, RESET);
}

static void user_left(void *owner)
{
	machine_end(owner, LEFT);
}

static void exit_expired(void *arg, u64 now)
{
	(void)now;
	machine_end(arg, LEFT);
}

/* A signal handler can do no more than wake the loop. */
static void check_signal(void *arg)
{
	struct machine *m = arg;

	if (m->signal)
		machine_end(m, KILLED);
}

static void guest_exit_status(void *owner, u8 status)
{
	struct machine *m = owner;

	(void)status;
	loop_set_timer(&m->loop, &m->exit_timer, now_ns() + EXIT_GRACE_NS);
}

/* Serial ports */

static u32 serial_read(void *arg, u16 port, unsigned int size)
{
	struct serial *s = arg;

	(void)size;
	return uart_read(&s->uart, port & 7);
}

static void serial_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct serial *s = arg;

	(void)size;
	uart_write(&s->uart, port & 7, val);
}

static void serial_tx(void *arg, u8 byte)
{
	struct serial *s = arg;

	chardev_put(&s->line, byte);
}

static void serial_drained(void *arg)
{
	struct serial *s = arg;

	chardev_feed(&s->line);
}

static void serial_set_irq(void *arg, bool level)
{
	struct serial *s = arg;

	irq_set(s->machine, s->irq, level);
}

static unsigned int serial_room(void *arg)
{
	struct serial *s = arg;

	return uart_room(&s->uart);
}

static void serial_receive(void *arg, u8 byte)
{
	struct serial *s = arg;

	uart_receive(&s->uart, byte);
}

static void serial_idle(void *arg)
{
	struct serial *s = arg;

	uart_receive_idle(&s->uart);
}

static void serial_init(struct machine *m, unsigned int n, const char *where)
{
	struct serial *s = &m->serial[n];
	char label[16];

	s->line.in = -1;
	s->line.out = -1;
	s->machine = m;
	s->irq = serial_irq[n];
	if (!where || !strcmp(where, "none"))
		return;

	s->present = true;
	s->uart = (struct uart){
		.tx = serial_tx,
		.drained = serial_drained,
		.set_irq = serial_set_irq,
		.arg = s,
	};
	memcpy(label, "serial port 1", 14);
	label[12] += n;
	chardev_open(&s->line, &m->loop, label, where);
	s->line.room = serial_room;
	s->line.receive = serial_receive;
	s->line.idle = serial_idle;
	s->line.leave = user_left;
	s->line.console = monitor_console;
	s->line.shared = m->o->shared;
	s->line.exit_status = guest_exit_status;
	s->line.arg = s;
	s->line.owner = m;
	if (!n)
		s->line.exit_line.prefix = m->o->exit_line;
}

static void serial_bus(struct machine *m, unsigned int n)
{
	static const char *const name[MAX_SERIAL] = { "com1", "com2", "com3", "com4" };
	struct serial *s = &m->serial[n];

	if (!s->present)
		return;
	uart_reset(&s->uart);
	bus_claim(&m->bus, bus_add(&m->bus, &(struct bus_dev){
		.name = name[n], .read = serial_read, .write = serial_write, .arg = s }),
		serial_port[n], UART_PORTS);
}

/* Real-time clock */

/**
 * machine_wall() - the time of day that the guest's clock shows
 * @m: the machine
 *
 * Return: in nanoseconds since 1970.
 */
u64 machine_wall(struct machine *m)
{
	const struct vcpu *v = &m->vcpu;
	u64 now, offset = m->o->rtc_offset * 1000000000;

	if (!m->o->rtc_vm)
		return wall_ns() + offset;
	now = v->stopped ? v->stopped_at : now_ns();
	return m->wall_start + offset + now - m->clock_start - v->stood_still;
}

static void rtc_check(struct machine *m, u64 now)
{
	u64 wall = machine_wall(m), next;

	irq_set(m, 8, rtc_poll(&m->rtc, wall));
	next = rtc_next(&m->rtc, wall);
	loop_set_timer(&m->loop, &m->rtc_timer,
		       next == RTC_NEVER ? TIMER_OFF : now + (next > wall ? next - wall : 0));
}

static void rtc_expired(void *arg, u64 now)
{
	rtc_check(arg, now);
}

static u32 rtc_port_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;
	u32 val;

	(void)size;
	val = rtc_read(&m->rtc, port, machine_wall(m));
	rtc_check(m, now_ns());
	return val;
}

static void rtc_port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	rtc_write(&m->rtc, port, val, machine_wall(m));
	if (port == RTC_DATA)
		rtc_check(m, now_ns());
}

/* Keyboard controller and board */

static void kbd_set_irq(void *arg, unsigned int irq, bool level)
{
	irq_set(arg, irq, level);
}

static u32 kbd_port_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	return i8042_read(&m->kbd, port);
}

static void kbd_port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	i8042_write(&m->kbd, port, val);
}

static u32 board_port_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	return board_read(&m->board, port);
}

static void board_port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	board_write(&m->board, port, val);
}

static void set_a20(void *arg, bool open)
{
	struct machine *m = arg;

	vmm_set_a20(&m->vmm, open);
}

/* Port 80h: guests write there to wait, firmware to report progress. */
static u32 post_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)port;
	(void)size;
	return m->post;
}

static void post_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	(void)port;
	(void)size;
	m->post = val;
}

static u32 debugcon_read(void *arg, u16 port, unsigned int size)
{
	(void)arg;
	(void)port;
	(void)size;
	return DEBUGCON_READY;
}

static void debugcon_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	(void)port;
	(void)size;
	chardev_put(&m->debugcon, val);
}

static unsigned int debugcon_room(void *arg)
{
	(void)arg;
	return 0;
}

static void debugcon_idle(void *arg)
{
	(void)arg;
}

static void add(struct machine *m, const char *name, u16 port, unsigned int count, bool wide,
		u32 (*read)(void *, u16, unsigned int),
		void (*write)(void *, u16, u32, unsigned int))
{
	struct bus_dev dev = {
		.name = name, .read = read, .write = write, .arg = m, .wide = wide,
	};

	bus_claim(&m->bus, bus_add(&m->bus, &dev), port, count);
}

/* Everything that a reset resets. */
static void power_on(struct machine *m)
{
	unsigned int i;

	bus_init(&m->bus);
	m->loop.ntimers = m->loop.fixed_timers;
	irq_init(m);
	loop_add_timer(&m->loop, &m->rtc_timer, rtc_expired, m);

	add(m, "rtc", RTC_INDEX, 2, false, rtc_port_read, rtc_port_write);
	add(m, "i8042", I8042_DATA, 1, false, kbd_port_read, kbd_port_write);
	bus_claim(&m->bus, m->bus.owner[I8042_DATA], I8042_COMMAND, 1);
	add(m, "board", BOARD_PORT92, 1, false, board_port_read, board_port_write);
	add(m, "delay", PORT_DELAY, 1, false, post_read, post_write);
	if (m->o->debugcon)
		add(m, "debugcon", PORT_DEBUGCON, 1, false, debugcon_read, debugcon_write);

	rtc_reset(&m->rtc, m->o->memory, machine_wall(m));
	m->kbd = (struct i8042){ .set_irq = kbd_set_irq, .reset = request_reset,
				  .a20 = set_a20, .arg = m };
	i8042_reset(&m->kbd);
	m->board = (struct board){ .reset = request_reset, .a20 = set_a20, .arg = m };
	board_reset(&m->board);
	m->post = 0;
	irq_reset(m);
	pc_power_on(m);
	for (i = 0; i < MAX_SERIAL; i++)
		serial_bus(m, i);
}

/**
 * machine_init() - what lives as long as the program
 * @m: the machine, all zero
 * @o: the command line
 */
void machine_init(struct machine *m, const struct options *o)
{
	unsigned int i;

	m->o = o;
	m->wall_start = wall_ns();
	m->clock_start = now_ns();
	m->vcpu.stopped = o->stopped;
	m->vcpu.stopped_at = m->clock_start;
	m->started = !o->stopped;
	pthread_mutex_init(&m->lock, NULL);
	loop_init(&m->loop, &m->lock);
	m->loop.woken = check_signal;
	m->loop.arg = m;
	loop_add_timer(&m->loop, &m->exit_timer, exit_expired, m);
	for (i = 0; i < MAX_SERIAL; i++)
		serial_init(m, i, o->serial[i]);
	m->debugcon.in = -1;
	m->debugcon.out = -1;
	if (o->debugcon) {
		chardev_open(&m->debugcon, &m->loop, "debug console", o->debugcon);
		m->debugcon.room = debugcon_room;
		m->debugcon.idle = debugcon_idle;
		m->debugcon.leave = user_left;
		m->debugcon.owner = m;
	}
	pc_init(m);
	monitor_init(m);
	display_init(m);
	m->loop.fixed_timers = m->loop.ntimers;
}

/**
 * machine_boot() - load the guest and run it until the machine stops
 * @m: the machine
 *
 * Ends the program if the guest can't be loaded.
 *
 * Return: why the machine stopped.
 */
enum outcome machine_boot(struct machine *m)
{
	struct boot_entry entry;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	char why[512];
	int rc;

	memory_create(&m->memory, m->o->memory);
	if (m->o->kernel && !loader_linux(&m->memory, m->o, &entry, why, sizeof(why)))
		die("%s", why);
	vmm_create(&m->vmm, m->o->device, !m->o->user_chips);
	if (m->pc.on)
		pc_attach(m);
	else
		memory_attach(&m->memory, &m->vmm);
	if (m->o->kernel)
		loader_registers(&entry, &regs, &sregs);
	else
		loader_reset(&regs, &sregs);
	rc = vmm_set_regs(&m->vmm, &regs, &sregs);
	if (rc)
		die("%s: the initial state is refused: %s", m->o->device, strerror(-rc));

	pthread_mutex_lock(&m->lock);
	m->loop.stop = false;
	/* A signal that came while the guest was loaded has been noted already. */
	m->outcome = m->signal ? KILLED : RUNNING;
	power_on(m);
	pthread_mutex_unlock(&m->lock);

	if (m->outcome == RUNNING) {
		display_start(m);
		vcpu_start(m);
		loop_run(&m->loop);
		vcpu_join(m);
	}
	machine_flush(m);
	return m->outcome;
}

/**
 * machine_off() - give back what machine_boot() took
 * @m: the machine, stopped
 */
void machine_off(struct machine *m)
{
	pc_off(m);
	vmm_destroy(&m->vmm);
	memory_destroy(&m->memory);
}

/**
 * machine_fini() - give back the rest
 * @m: the machine, off
 */
void machine_fini(struct machine *m)
{
	unsigned int i;

	for (i = 0; i < MAX_SERIAL; i++)
		if (m->serial[i].present)
			chardev_close(&m->serial[i].line);
	if (m->o->debugcon)
		chardev_close(&m->debugcon);
	display_fini(m);
	monitor_fini(m);
	pc_off(m);
	pc_fini(m);
	loop_fini(&m->loop);
}

/* Who is to blame for a reset or the end, in the words of the machine protocol. */
static const char *reason(const struct machine *m)
{
	switch (m->outcome) {
	case RESET:
		return m->asked ? "host-qmp-system-reset" : "guest-reset";
	case TRIPLE_FAULT:
		return "guest-reset";
	case LEFT:
		return m->asked ? "host-qmp-quit" : "host-ui";
	case KILLED:
		return "host-signal";
	case FAILED:
		return "host-error";
	default:
		return "guest-shutdown";
	}
}

/**
 * machine_tell() - tell the monitors how it ended
 * @m: the machine, stopped
 * @again: it is started anew
 */
void machine_tell(struct machine *m, bool again)
{
	const char *why = reason(m);

	qmp_event(m, again ? "RESET" : "SHUTDOWN",
		  json_pack("{s:b, s:s}", "guest", *why == 'g', "reason", why));
	m->asked = false;
	m->shut_down = false;
}

/* Switched off with -no-shutdown: it stays until it is reset or ended. */
static void shut_down(struct machine *m)
{
	m->shut_down = true;
	m->started = false;
	qmp_event(m, "SHUTDOWN", json_pack("{s:b, s:s}", "guest", 1, "reason", "guest-shutdown"));
	if (!m->vcpu.stopped)
		qmp_event(m, "STOP", NULL);
	vcpu_stop(m, true);
}

/**
 * machine_end() - stop the machine
 * @m: the machine
 * @outcome: why; the first reason given is the one that counts
 *
 * Called with the lock held, from any thread.
 */
void machine_end(struct machine *m, enum outcome outcome)
{
	if (m->outcome != RUNNING)
		return;
	if (outcome == POWER_OFF && m->o->no_shutdown) {
		shut_down(m);
		return;
	}
	m->outcome = outcome;
	vcpu_kick(m);
	loop_stop(&m->loop);
}

/**
 * machine_flush() - write what the guest has sent on its serial lines
 * @m: the machine
 *
 * Called without the lock; may block.
 */
void machine_flush(struct machine *m)
{
	unsigned int i;

	for (i = 0; i < MAX_SERIAL; i++)
		if (m->serial[i].line.out_count)
			chardev_flush(&m->serial[i].line);
	if (m->debugcon.out_count)
		chardev_flush(&m->debugcon);
}
