/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The virtual PC: a vCPU, memory, chips, and what connects them.
 */
#ifndef VMBT_RUN_MACHINE_H
#define VMBT_RUN_MACHINE_H

#include <pthread.h>

#include "board.h"
#include "bus.h"
#include "chardev.h"
#include "display.h"
#include "i8042.h"
#include "loop.h"
#include "memory.h"
#include "monitor.h"
#include "options.h"
#include "pc.h"
#include "pic.h"
#include "pit.h"
#include "rtc.h"
#include "uart.h"
#include "vcpu.h"
#include "vmm.h"

/**
 * enum outcome - why the machine stopped
 * @RUNNING: it has not
 * @RESET: the guest asked for a reset
 * @TRIPLE_FAULT: the guest's CPU shut down
 * @POWER_OFF: the guest switched it off
 * @HALTED: the guest halted and nothing can wake it
 * @FAILED: internal error
 * @LEFT: the user left, or the guest told its exit status
 * @KILLED: a signal
 */
enum outcome {
	RUNNING,
	RESET,
	TRIPLE_FAULT,
	POWER_OFF,
	HALTED,
	FAILED,
	LEFT,
	KILLED,
};

/**
 * struct serial - a serial port and its host's end
 * @uart: the chip
 * @line: the host's end
 * @machine: the machine
 * @irq: interrupt line
 * @present: the port is there
 */
struct serial {
	struct uart uart;
	struct chardev line;
	struct machine *machine;
	unsigned int irq;
	bool present;
};

/**
 * struct machine - the virtual PC
 * @o: the command line
 * @lock: protects everything below but @vmm's run page
 * @loop: the event loop
 * @outcome: why it stopped
 * @vmm: the VM
 * @vcpu: the thread that runs it
 * @memory: RAM
 * @bus: I/O space
 * @pic: interrupt controllers, unless the VMM has them
 * @pit: interval timer, likewise
 * @irq_lines: levels of the lines that the VMM's controllers see
 * @pit_timer: next clock interrupt
 * @rtc: real-time clock
 * @rtc_timer: its next event
 * @kbd: keyboard controller
 * @screen: shows the display
 * @monitors: take commands
 * @board: resets
 * @pc: what it has beside, with firmware
 * @post: last byte written to port 80h
 * @serial: COM1 to COM4
 * @debugcon: host's end of port 402h
 * @exit_timer: the guest told its status and should end
 * @signal: that killed the machine
 * @started: the guest has run
 * @shut_down: it has switched the machine off, which stays (-no-shutdown)
 * @asked: @outcome is what the user wanted
 * @wall_start: time of day when the program started, in nanoseconds
 * @clock_start: now_ns() then
 */
struct machine {
	const struct options *o;
	pthread_mutex_t lock;
	struct loop loop;
	enum outcome outcome;
	struct vmm vmm;
	struct vcpu vcpu;
	struct memory memory;
	struct bus bus;
	struct pic pic;
	struct pit pit;
	u32 irq_lines;
	struct loop_timer pit_timer;
	struct rtc rtc;
	struct loop_timer rtc_timer;
	struct i8042 kbd;
	struct screen screen;
	struct monitors monitors;
	struct board board;
	struct pc pc;
	u8 post;
	struct serial serial[MAX_SERIAL];
	struct chardev debugcon;
	struct loop_timer exit_timer;
	int signal;
	bool started;
	bool shut_down;
	bool asked;
	u64 wall_start;
	u64 clock_start;
};

void machine_init(struct machine *m, const struct options *o);
enum outcome machine_boot(struct machine *m);
void machine_off(struct machine *m);
void machine_fini(struct machine *m);
void machine_end(struct machine *m, enum outcome outcome);
u64 machine_wall(struct machine *m);
void machine_flush(struct machine *m);
void machine_tell(struct machine *m, bool again);

/* irq.c */
void irq_init(struct machine *m);
void irq_reset(struct machine *m);
void irq_set(struct machine *m, unsigned int irq, bool level);
u8 irq_ack(struct machine *m);

/* stats.c */
void stats_print(struct machine *m);
void stats_each(struct machine *m, void (*fn)(void *arg, const char *name, u64 value), void *arg);
void dump_print(struct machine *m);

#endif
