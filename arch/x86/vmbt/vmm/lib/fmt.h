/* SPDX-License-Identifier: GPL-2.0 */
/*
 * printf for messages, as far as the VMM needs it: d i u x X c s p %, with
 * flags 0 and -, width, precision for strings, and l ll z h hh.
 */
#ifndef VMBT_LIB_FMT_H
#define VMBT_LIB_FMT_H

#include <stdarg.h>

#include "../../include/types.h"

/**
 * vmbt_vsnprintf() - format into a buffer, terminated
 * @buf: the buffer
 * @size: its bytes, at least one
 * @fmt: as printf's, what fmt.c knows of it
 * @ap: its arguments
 *
 * Return: the length the whole text would have
 */
int vmbt_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
	__printf(3, 0);
int vmbt_snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

#endif
