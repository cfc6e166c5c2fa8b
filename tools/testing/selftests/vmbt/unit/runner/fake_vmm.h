/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest of the test double can do: the accesses of a program.
 */
#ifndef FAKE_VMM_H
#define FAKE_VMM_H

#include "types.h"

extern void (*handler)(int vector);

void outb(u16 port, u8 val);
void outw(u16 port, u16 val);
void outl(u16 port, u32 val);
u8 inb(u16 port);
void hlt(void);
void sti(void);
void store(u64 gpa, u8 val);
u8 *memory(u64 gpa);

/* fake_screen.c: the guest of a machine with firmware */
void screen_guest(void);

#endif
