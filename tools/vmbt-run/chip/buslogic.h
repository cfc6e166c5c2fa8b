/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BusLogic's BT-958, a SCSI host adapter for PCI.
 */
#ifndef VMBT_RUN_BUSLOGIC_H
#define VMBT_RUN_BUSLOGIC_H

#include "pci.h"
#include "scsidisk.h"
#include "state.h"
#include "types.h"

#define BL_PORTS	4
#define BL_TARGETS	16
#define BL_ID		7	/* the adapter's own */
#define BL_SLOTS	32	/* commands under way */
#define BL_POSTS	64	/* completions that wait for a mailbox */
#define BL_REPLY	256
#define BL_PARAMS	257	/* STORE LOCAL RAM: 2 and as many as fit into one of them */
#define BL_RAM		256
#define BL_BUFFER	64

#define BL_INT_IMBL	0x01
#define BL_INT_OMBR	0x02
#define BL_INT_CMDC	0x04
#define BL_INT_RSTS	0x08
#define BL_INT_VALID	0x80

struct buslogic;

/**
 * struct bl_sg - where a command's data are in the guest's memory
 * @list: next entry of the list
 * @entries: entries to come
 * @addr: of the current piece
 * @left: bytes of it
 */
struct bl_sg {
	u32 list;
	u32 entries;
	u32 addr;
	u32 left;
};

/**
 * struct bl_slot - a command under way
 * @cmd: as the target sees it
 * @adapter: the adapter
 * @busy: it is one
 * @wide: its CCB has 32-bit addresses
 * @ccb: address of the CCB
 * @opcode: of the CCB
 * @target: its target
 * @sense_addr: where sense data go
 * @sense_len: bytes of room there
 * @len: bytes that the CCB offers, where that is to be reported
 * @sg: where data go
 * @fault: no memory answered
 * @forget: a reset came meanwhile: tell nobody
 * @host_abort: the guest asked for an abort
 * @reset_status: status of a command that a reset of the bus or target ended, or 0
 */
struct bl_slot {
	struct scsi_cmd cmd;
	struct buslogic *adapter;
	bool busy;
	bool wide;
	u32 ccb;
	u8 opcode;
	u8 target;
	u32 sense_addr;
	u8 sense_len;
	u32 len;
	struct bl_sg sg;
	bool fault;
	bool forget;
	bool host_abort;
	u8 reset_status;
};

/**
 * struct bl_post - a completion
 * @ccb: address of the CCB
 * @code: how it was completed
 * @host: the adapter's status
 * @target: the target's
 */
struct bl_post {
	u32 ccb;
	u8 code;
	u8 host;
	u8 target;
};

/**
 * struct buslogic - the adapter
 * @pci: its configuration space
 * @status: status register
 * @intr: interrupt register
 * @pending: interrupts that wait until the guest has seen @intr
 * @enabled: the interrupt line is driven
 * @line: its level
 * @reset_seen: status reads that still show the self test
 * @command: command whose parameters are being written
 * @nparams: parameters so far
 * @want: how many it takes
 * @params: the parameters
 * @nreply: bytes of the reply
 * @at: how many were read
 * @reply: the reply
 * @mailboxes: their number, 0: not set up
 * @base: address of the outgoing ones; the incoming ones follow
 * @wide: their addresses have 32 bits
 * @strict: outgoing ones are filled in order
 * @room_interrupt: tell when an outgoing one is free
 * @extended: the CCBs' logical units have 6 bits
 * @out: next outgoing mailbox
 * @in: next incoming mailbox
 * @more: outgoing mailboxes wait for a free slot
 * @post: completions, a ring
 * @post_at: the oldest
 * @posts: how many
 * @isa: which ISA-compatible ports, 6: none
 * @ram: the adapter's memory, with its settings
 * @buffer: memory that a guest writes and reads back: RAM, FIFO, inquiry
 * @target: the disks
 * @slot: commands under way
 * @set_irq: drives the interrupt line
 * @memory: reads or writes guest memory; false if it is not RAM
 * @isa_moved: ISA-compatible ports were chosen: BL_PORTS of them, 0 for none
 * @arg: first argument of these
 */
struct buslogic {
	struct pci_func pci;
	u8 status;
	u8 intr;
	u8 pending;
	bool enabled;
	bool line;
	u8 reset_seen;
	u8 command;
	u32 nparams;
	u32 want;
	u8 params[BL_PARAMS];
	u32 nreply;
	u32 at;
	u8 reply[BL_REPLY];
	u8 mailboxes;
	u32 base;
	bool wide;
	bool strict;
	bool room_interrupt;
	bool extended;
	u8 out;
	u8 in;
	bool more;
	struct bl_post post[BL_POSTS];
	unsigned int post_at;
	unsigned int posts;
	u8 isa;
	u8 ram[BL_RAM];
	u8 buffer[3][BL_BUFFER];
	struct scsi_disk target[BL_TARGETS];
	struct bl_slot slot[BL_SLOTS];
	void (*set_irq)(void *arg, bool level);
	bool (*memory)(void *arg, u64 gpa, void *buf, u32 len, bool write);
	void (*isa_moved)(void *arg, u16 port);
	void *arg;
};

void buslogic_init(struct buslogic *b, u8 *buffers);
void buslogic_reset(struct buslogic *b);
u8 buslogic_read(struct buslogic *b, unsigned int reg);
void buslogic_write(struct buslogic *b, unsigned int reg, u8 val);
bool buslogic_waits(const struct buslogic *b);
void buslogic_retry(struct buslogic *b);
void buslogic_state(struct buslogic *b, struct state *s);

/* What the two halves of the chip tell each other. */
void bl_interrupt(struct buslogic *b, u8 cause);
void bl_master_abort(struct buslogic *b);
void bl_start(struct buslogic *b);
void bl_post(struct buslogic *b);
void bl_end_commands(struct buslogic *b, unsigned int target, u8 status);

#endif
