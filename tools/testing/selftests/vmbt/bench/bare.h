/* SPDX-License-Identifier: GPL-2.0 */
/* What the two halves of the bare guest, bare_head.S and bare.c, know of each other. */
#ifndef VMBT_BENCH_BARE_H
#define VMBT_BENCH_BARE_H

void bare_main(const unsigned char *params);

/* Interrupt entries; not called. */
void isr_timer(void);
void isr_spurious(void);
void isr_div(void);

/* @n times the instructions that the name says, and a loop around them. */
void loop_empty(unsigned int n);
void loop_cli_sti(unsigned int n);
void loop_pushf_popf(unsigned int n);
void loop_call_ret(unsigned int n);
void loop_call_indirect(unsigned int n);
void loop_in_pic(unsigned int n);
void loop_in_kbd(unsigned int n);
void loop_div(unsigned int n);
void loop_rdtsc(unsigned int n);
void loop_cr3(unsigned int n);

#endif
