/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hostile programs: what they are made of, and the guest they run in.
 *
 * The guest has 16 MiB, mapped at 0 (supervisor), from USER on (its first 4 MiB
 * once more, for user mode) and from 0xc0000000 on; flat segments 0x08 and 0x10
 * for ring 0, 0x1b and 0x23 for ring 3; and 64 KiB each of GDT and LDT, most of
 * it descriptors that no run table may ever have.
 */
#ifndef VMBT_HOSTILE_GEN_H
#define VMBT_HOSTILE_GEN_H

#include <linux/vmbt.h>
#include <stdint.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#define GUEST_MEM	0x1000000
#define PD		0x1000
#define PT		0x2000
#define PT_USER		0x3000
#define GDT		0x10000
#define LDT		0x20000
#define IDT		0x30000
#define TSS		0x31000
#define WARM		0x40000
#define PROGRAM		0x50000
#define PAYLOAD		0x60000		/* once more, for user mode */
#define STACK		0x70000
#define DATA		0x80000
#define GUEST_INIT	0x90000		/* all of the above is below */
#define USER		0x800000

#define STRIDE		VMBT_HOSTILE_FRAGMENT
/* Each fragment ends with the payload. */
#define PAYLOAD_AT	208
#define MAX_FRAGMENTS	12

/*
 * struct program - one hostile program
 * @count: fragments
 * @deliver: as in struct vmbt_hostile_run
 * @flags: as there
 * @gpr: as there
 * @code: @count fragments, STRIDE bytes each
 * @dr: breakpoints that are the guest's own, DR0 to DR3 and DR7
 */
struct program {
	uint32_t count;
	uint32_t deliver;
	uint32_t flags;
	uint32_t gpr[8];
	uint32_t dr[5];
	uint8_t code[MAX_FRAGMENTS * STRIDE];
};

unsigned int class_count(void);
const char *class_name(unsigned int class);

/* Program @number of class @class: the same for the same @monitor base. */
void gen_program(struct program *p, unsigned int class, uint32_t number,
		 uint32_t monitor);
/* The first GUEST_INIT bytes of the guest's memory. */
void gen_guest(uint8_t *mem, uint32_t monitor);
void gen_payload(uint8_t *p);

#endif
