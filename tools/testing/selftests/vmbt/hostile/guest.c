// SPDX-License-Identifier: GPL-2.0
/*
 * The guest that hostile programs run in: page tables, descriptor tables full
 * of what must never get into a run table, a little ordinary code, the payload.
 */
#include <stddef.h>
#include <string.h>

#include "gen.h"
#include "hostcall.h"
#include "layout.h"

/* Offsets in the ordinary code. */
#define WARM_HLT	0x2f
#define WARM_RET	0x32

static void put8(uint8_t *p, uint64_t x)
{
	memcpy(p, &x, 8);
}

static void put4(uint8_t *p, uint32_t x)
{
	memcpy(p, &x, 4);
}

/* Flat, 4 GiB; @attr: type, S, DPL, P, and from bit 12 on AVL, L, D, G. */
static uint64_t flat(uint16_t attr)
{
	return 0x000f00000000ffffull | (uint64_t)(attr & 0xf0ff) << 40;
}

/*
 * A call gate of long mode to the payload in the VMM's code segment. One lies in
 * the cache as long as a program runs.
 */
static uint32_t gate_to;

static void gate(uint8_t *p, uint8_t type)
{
	put8(p, (gate_to & 0xffff) | (uint64_t)VMBT_SEL_VMM_CS << 16 |
	     (uint64_t)type << 40 | (uint64_t)(gate_to >> 16) << 48);
	put8(p + 8, 0);
}

/* What a guest may think of, over and over: @n is the entry's index. */
static void wild(uint8_t *p, uint32_t n)
{
	uint64_t x = (n + 1) * 0x9e3779b97f4a7c15ull;

	x ^= x >> 29;
	switch (n % 8) {
	case 0:				/* 64-bit code, DPL 0 to 3 */
		put8(p, flat(0xa09b | (n / 8 % 4) << 5));
		break;
	case 1:				/* the same, conforming */
		put8(p, flat(0xa09f | (n / 8 % 4) << 5));
		break;
	case 2:				/* a gate, which wants two entries */
		gate(p, 0x8c | (n / 8 % 4) << 5);
		break;
	case 3:
		break;
	case 4:				/* any system descriptor at 0 */
		put8(p, flat(0x8080 | (n / 8 % 16) | (n / 128 % 4) << 5));
		break;
	case 5:				/* 32-bit, any type and privilege */
		put8(p, flat(0xc091 | (n / 8 % 8) << 1 | (n / 64 % 4) << 5));
		break;
	case 6:				/* L and D both */
		put8(p, flat(0xe09b | (n / 8 % 4) << 5));
		break;
	default:
		put8(p, x | (uint64_t)0x9100 << 32);
		break;
	}
}

static void descriptors(uint8_t *mem)
{
	static const uint16_t first[] = {
		0, 0xc09b, 0xc093, 0xc0fb, 0xc0f3,	/* 0x08 .. 0x20 */
		0xa09b, 0xa0bb, 0xa0fb,			/* 0x28 .. 0x38: 64-bit */
		0xa09f, 0xa0ff, 0xc09f,			/* 0x40 .. 0x50: conforming */
		0x0000, 0x4097, 0x009b, 0x0093,		/* 0x60: expand-down; 16-bit */
		0xc013, 0xc0b3,				/* not present; DPL 1 */
	};
	uint32_t i;

	for (i = 0; i < 8192; i++) {
		if (i % 8 != 3 || i < 16)
			wild(mem + LDT + 8 * i, i + 5);
		if (i % 8 != 3)
			wild(mem + GDT + 8 * i, i);
	}
	for (i = 0; i < ARRAY_SIZE(first); i++)
		put8(mem + GDT + 8 * i, first[i] ? flat(first[i]) : 0);
	gate(mem + GDT + 0x90, 0xec);
	gate(mem + LDT, 0xec);
	/* TR and LDTR, as the state ioctls set them. */
	put8(mem + GDT + 0xa0, 0x00008b0000000067ull | (uint64_t)TSS << 16);
	put8(mem + GDT + 0xb0, 0x000082000000ffffull | (uint64_t)LDT << 16);
}

/*
 * MOV EAX, 3; L: CALL F; DEC EAX; JNZ L; MOV ECX, F; CALL ECX; CLI; STI; PUSHF;
 * POPF; CMP EAX, EBX; JE +0; CPUID; MOV EAX, CR0; PUSH DS; POP DS; MOV EAX, DS;
 * MOV ES, EAX; PUSHF; PUSH CS; PUSH N; IRET; N: H: HLT; JMP H; F: RET
 */
static const uint8_t warm[] = {
	0xb8, 3, 0, 0, 0,
	0xe8, 0x28, 0, 0, 0,
	0x48,
	0x75, 0xf8,
	0xb9, WARM_RET, 0, WARM >> 16, 0,
	0xff, 0xd1,
	0xfa, 0xfb,
	0x9c, 0x9d,
	0x39, 0xd8,
	0x74, 0x00,
	0x0f, 0xa2,
	0x0f, 0x20, 0xc0,
	0x1e, 0x1f,
	0x8c, 0xd8, 0x8e, 0xc0,
	0x9c, 0x0e, 0x68, WARM_HLT, 0, WARM >> 16, 0, 0xcf,
	0xf4,
	0xeb, 0xfd,
	0xc3,
};

/* In 32-bit code 40 90 is INC EAX; NOP, in 64-bit code it is NOP alone. */
void gen_payload(uint8_t *p)
{
	static const uint8_t look[] = { 0x31, 0xc0, 0x40, 0x90, 0x85, 0xc0, 0x75, 25 };
	uint64_t canary = VMBT_SHARED_BASE + offsetof(struct vmbt_shared, hostile.canary);

	memcpy(p, look, sizeof(look));
	p += sizeof(look);
	p[0] = 0x48;			/* MOV RAX, imm64 */
	p[1] = 0xb8;
	put8(p + 2, canary);
	p[10] = 0x48;			/* MOV RCX, imm64 */
	p[11] = 0xb9;
	put8(p + 12, 0x6567617373654d20ull);
	p[20] = 0x48;			/* MOV [RAX], RCX */
	p[21] = 0x89;
	p[22] = 0x08;
	p[23] = 0x0f;
	p[24] = 0x0b;
	p[25] = 0x0f;
	p[26] = 0x0b;
}

void gen_guest(uint8_t *mem, uint32_t monitor)
{
	uint32_t i;

	gate_to = monitor + VMBT_HOSTILE_PLACE + PAYLOAD_AT;
	memset(mem, 0, GUEST_INIT);
	/* 4 MiB in small pages, 4 MiB once more for user mode, then large ones. */
	for (i = 0; i < 1024; i++) {
		put4(mem + PT + 4 * i, i << 12 | 0x63);
		put4(mem + PT_USER + 4 * i, i << 12 | 0x67);
	}
	put4(mem + PD, PT | 0x63);
	put4(mem + PD + 4, 0x400000 | 0xe3);
	put4(mem + PD + 8, PT_USER | 0x67);
	put4(mem + PD + 12, 0xc00000 | 0xe7);
	put4(mem + PD + 4 * 0x300, PT | 0x63);
	put4(mem + PD + 4 * 0x301, 0x400000 | 0xe1);
	descriptors(mem);
	/* Interrupt gates to HLT. */
	for (i = 0; i < 256; i++)
		put8(mem + IDT + 8 * i, (uint64_t)(WARM >> 16) << 48 |
		     0x8e0000080000ull | ((WARM + WARM_HLT) & 0xffff));
	put4(mem + TSS + 4, STACK);
	put4(mem + TSS + 8, 0x10);
	memcpy(mem + WARM, warm, sizeof(warm));
	gen_payload(mem + PAYLOAD);
	/* A pointer for LSS, and something for LGDT. */
	put4(mem + DATA, STACK);
	put4(mem + DATA + 4, 0x11);
}
