/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One file a test, two halves.
 *
 * The guest half, guest_main(), is built for i386 without a C library and runs
 * three ways: under vmbt, on qemu-system-i386 and on Bochs. The host half says
 * what VM it wants and is built into the program that runs it under vmbt.
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#ifdef SYSTEM_GUEST
#include "guest/guest.h"
#define HOST_HALF(...)	extern void guest_main(void)
#else
#include "../lib/vm.h"
#include "guest/layout.h"

/**
 * struct system_test - the host half
 * @chips: with interrupt controllers and a timer
 * @out: sees bytes written to ports that host.c doesn't know; may be NULL
 */
struct system_test {
	bool chips;
	void (*out)(struct vm *vm, uint16_t port, uint8_t val);
};

extern const struct system_test system_test;

#define HOST_HALF(...)	const struct system_test system_test = { __VA_ARGS__ }
#endif

#endif
