/* SPDX-License-Identifier: GPL-2.0 */
/* The guest of move.c, in move_guest.S: where it begins and ends. */
extern const char guest_start[], guest_end[];
