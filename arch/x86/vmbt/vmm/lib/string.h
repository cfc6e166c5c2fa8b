/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few functions of <string.h> that pure code may use. Their names are the
 * C library's, which tests link instead.
 */
#ifndef VMBT_LIB_STRING_H
#define VMBT_LIB_STRING_H

#include "../../include/types.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

#endif
