// SPDX-License-Identifier: GPL-2.0
/*
 * Decoder cases worked out by hand from the manual.
 *
 * The comparison with Zydis covers everything; this test covers what matters
 * most and what no other decoder can tell: the class that decides what the
 * translator may copy, results at the end of the bytes available, effective
 * addresses, branch targets, and the consistency of the tables themselves.
 */
#include <stdio.h>
#include <string.h>

#include "../../../../../../arch/x86/vmbt/vmm/decode/tables.h"

static unsigned int nr_bad, nr_ok;

#define CHECK(cond, ...) do {				\
	if (cond) {					\
		nr_ok++;				\
	} else {					\
		printf("not ok decode/manual: " __VA_ARGS__);	\
		printf("\n");				\
		nr_bad++;				\
	}						\
} while (0)

/* Hexadecimal digits to bytes; how many. */
static unsigned int parse(const char *hex, u8 *bytes)
{
	unsigned int n = 0, val;
	int used;

	while (sscanf(hex, " %2x%n", &val, &used) == 1) {
		bytes[n++] = val;
		hex += used;
	}
	return n;
}

#define UD	VMBT_CLS_UD
#define COPY	VMBT_CLS_COPY
#define REWRITE	VMBT_CLS_REWRITE
#define CALLOUT	VMBT_CLS_CALLOUT
#define INTERP	VMBT_CLS_INTERP

static const struct {
	u8 bits;
	const char *hex;
	u8 cls;
	const char *text;
} insns[] = {
	/* The two code sizes, prefixes */
	{ 32, "8b 45 08", COPY, "mov eax,dword [ebp+0x8]" },
	{ 16, "8b 46 08", COPY, "mov ax,word [bp+0x8]" },
	{ 16, "66 8b 46 08", COPY, "mov eax,dword [bp+0x8]" },
	{ 16, "67 8b 44 24 fc", COPY, "mov ax,word [esp-0x4]" },
	{ 32, "67 8b 07", COPY, "mov eax,dword [bx]" },
	{ 32, "66 b8 34 12", COPY, "mov ax,0x1234" },
	{ 32, "b8 78 56 34 12", COPY, "mov eax,0x12345678" },
	{ 32, "a1 78 56 34 12", COPY, "mov eax,dword [0x12345678]" },
	{ 16, "a0 34 12", COPY, "mov al,byte [0x1234]" },
	{ 32, "8b 04 8d 00 00 00 80", COPY, "mov eax,dword [ecx*4-0x80000000]" },
	{ 32, "8b 84 88 44 33 22 11", COPY, "mov eax,dword [eax+ecx*4+0x11223344]" },
	{ 32, "64 8b 1d 10 00 00 00", COPY, "mov ebx,dword fs:[0x10]" },
	{ 32, "f0 0f b1 0b", COPY, "lock cmpxchg dword [ebx],ecx" },
	{ 32, "f0 0f c7 0e", COPY, "lock cmpxchg8b qword [esi]" },
	{ 32, "f3 a5", COPY, "rep movs dword es:[edi],dword ds:[esi]" },
	{ 16, "f2 ae", COPY, "repne scas al,byte es:[di]" },
	{ 32, "f3 90", COPY, "pause" },
	{ 32, "90", COPY, "nop" },
	{ 32, "9b", COPY, "fwait" },
	{ 32, "82 c0 01", COPY, "add al,0x1" },
	{ 32, "83 c8 ff", COPY, "or eax,0xffffffff" },
	{ 32, "66 83 c8 80", COPY, "or ax,0xff80" },
	{ 32, "f6 c8 10", COPY, "test al,0x10" },
	{ 32, "c0 f0 02", COPY, "shl al,0x2" },
	{ 32, "d6", COPY, "salc" },
	{ 32, "d4 0a", COPY, "aam 0xa" },
	{ 32, "0f b7 c8", COPY, "movzx ecx,ax" },
	{ 32, "69 c8 10 00 00 00", COPY, "imul ecx,eax,0x10" },
	{ 16, "c8 10 00 01", COPY, "enter 0x10,0x1" },
	{ 32, "8f 00", COPY, "pop dword [eax]" },
	{ 32, "d7", COPY, "xlat byte [ebx+al]" },
	{ 32, "0f c8", COPY, "bswap eax" },
	{ 32, "0f 1f 44 00 00", COPY, "nop dword [eax+eax]" },
	{ 32, "f3 0f 1e fb", COPY, "endbr32 ebx" },
	{ 32, "0f ae e8", COPY, "lfence" },
	{ 32, "0f c7 f1", COPY, "rdrand ecx" },
	{ 32, "0f 18 08", COPY, "prefetch byte [eax]" },

	/* Vectors and x87 */
	{ 32, "0f 28 c1", COPY, "movaps xmm0,xmm1" },
	{ 32, "66 0f 6f 00", COPY, "movdqa xmm0,xmmword [eax]" },
	{ 32, "f2 0f 38 f1 c1", COPY, "crc32 eax,ecx" },
	{ 32, "c5 f4 58 c2", COPY, "vaddps ymm0,ymm1,ymm2" },
	{ 32, "c4 e2 70 f2 c2", COPY, "andn eax,ecx,edx" },
	{ 32, "c4 e2 ed 90 04 8b", COPY, "vpgatherdq ymm0,qword [ebx+xmm1*4],ymm2" },
	{ 32, "0f 77", COPY, "emms" },
	{ 32, "c5 f8 77", COPY, "vzeroupper" },
	{ 32, "d9 c1", COPY, "fld st1" },
	{ 32, "dd 1b", COPY, "fstp qword [ebx]" },
	{ 32, "df e0", COPY, "fnstsw ax" },
	{ 32, "db e3", COPY, "fninit" },
	{ 32, "d9 20", COPY, "fldenv [eax]" },
	{ 32, "d9 30", CALLOUT, "fnstenv [eax]" },
	{ 32, "dd 30", CALLOUT, "fnsave [eax]" },
	{ 32, "0f ae 00", CALLOUT, "fxsave [eax]" },
	{ 32, "0f ae 20", CALLOUT, "xsave [eax]" },

	/* Control flow */
	{ 32, "eb fe", REWRITE, "jmp 0x1000" },
	{ 32, "e8 00 00 00 00", REWRITE, "call 0x1005" },
	{ 32, "66 e9 00 f0", REWRITE, "jmp 0x4" },
	{ 16, "74 80", REWRITE, "je 0xf82" },
	{ 32, "0f 8f 00 01 00 00", REWRITE, "jg 0x1106" },
	{ 32, "e2 fe", REWRITE, "loop 0x1000" },
	{ 16, "e3 00", REWRITE, "jcxz 0x1002" },
	{ 32, "c3", REWRITE, "ret" },
	{ 32, "c2 08 00", REWRITE, "ret 0x8" },
	{ 32, "ff 14 85 00 00 00 00", REWRITE, "call dword [eax*4]" },
	{ 32, "ff e0", REWRITE, "jmp eax" },
	{ 32, "ea 78 56 34 12 08 00", CALLOUT, "jmp far 0x8:0x12345678" },
	{ 16, "9a 34 12 00 f0", CALLOUT, "call far 0xf000:0x1234" },
	{ 32, "ff 2b", CALLOUT, "jmp far fword [ebx]" },
	{ 32, "cb", CALLOUT, "retf" },
	{ 32, "cf", CALLOUT, "iretd" },
	{ 32, "cd 80", CALLOUT, "int 0x80" },
	{ 32, "cc", CALLOUT, "int3" },
	{ 32, "f1", CALLOUT, "int1" },
	{ 32, "ce", CALLOUT, "into" },
	{ 32, "62 00", INTERP, "bound eax,qword [eax]" },
	{ 32, "0f 34", CALLOUT, "sysenter" },
	{ 32, "0f 35", CALLOUT, "sysexit" },
	{ 32, "0f 05", INTERP, "syscall" },

	/* Sensitive: section 8 of the design, none of it may be copied */
	{ 32, "9c", CALLOUT, "pushfd" },
	{ 32, "66 9d", CALLOUT, "popf" },
	{ 32, "fa", CALLOUT, "cli" },
	{ 32, "fb", CALLOUT, "sti" },
	{ 32, "0f 01 00", INTERP, "sgdt fword [eax]" },
	{ 32, "0f 01 08", INTERP, "sidt fword [eax]" },
	{ 32, "0f 00 c0", INTERP, "sldt eax" },
	{ 32, "0f 00 08", INTERP, "str word [eax]" },
	{ 32, "0f 01 e0", INTERP, "smsw eax" },
	{ 32, "0f 02 c1", INTERP, "lar eax,ecx" },
	{ 32, "0f 03 c1", INTERP, "lsl eax,ecx" },
	{ 32, "0f 00 e0", INTERP, "verr ax" },
	{ 32, "0f 00 e8", INTERP, "verw ax" },
	{ 32, "63 c8", INTERP, "arpl ax,cx" },
	{ 32, "0e", CALLOUT, "push cs" },
	{ 32, "1f", CALLOUT, "pop ds" },
	{ 32, "0f a8", CALLOUT, "push gs" },
	{ 32, "8c d8", CALLOUT, "mov eax,ds" },
	{ 32, "8e d0", CALLOUT, "mov ss,ax" },
	{ 32, "c4 06", CALLOUT, "les eax,fword [esi]" },
	{ 32, "0f b2 26", CALLOUT, "lss esp,fword [esi]" },
	{ 32, "0f a2", CALLOUT, "cpuid" },
	{ 32, "0f 31", CALLOUT, "rdtsc" },
	{ 32, "0f 01 f9", CALLOUT, "rdtscp" },
	{ 32, "f3 0f c7 f8", INTERP, "rdpid eax" },
	{ 32, "0f 33", INTERP, "rdpmc" },
	{ 32, "0f 01 d0", INTERP, "xgetbv" },
	{ 32, "ec", CALLOUT, "in al,dx" },
	{ 32, "e7 43", CALLOUT, "out 0x43,eax" },
	{ 32, "f3 6c", CALLOUT, "rep ins byte es:[edi],dx" },
	{ 32, "6f", CALLOUT, "outs dx,dword ds:[esi]" },

	/* Privileged */
	{ 32, "f4", CALLOUT, "hlt" },
	{ 32, "0f 20 c0", CALLOUT, "mov eax,cr0" },
	{ 32, "0f 22 1b", CALLOUT, "mov cr3,ebx" },
	{ 32, "0f 23 c7", INTERP, "mov dr0,edi" },
	{ 32, "0f 01 10", CALLOUT, "lgdt fword [eax]" },
	{ 32, "0f 01 38", CALLOUT, "invlpg byte [eax]" },
	{ 32, "0f 00 d0", INTERP, "lldt ax" },
	{ 32, "0f 30", CALLOUT, "wrmsr" },
	{ 32, "0f 06", CALLOUT, "clts" },
	{ 32, "0f 09", INTERP, "wbinvd" },
	{ 32, "0f 01 ca", CALLOUT, "clac" },

	/* Hidden from the guest, whatever the host has */
	{ 32, "0f 01 c1", UD, "vmcall" },
	{ 32, "0f 01 d9", UD, "vmmcall" },
	{ 32, "0f 01 d4", UD, "vmfunc" },
	{ 32, "0f 01 c8", UD, "monitor" },
	{ 32, "0f 01 ee", UD, "rdpkru" },
	{ 32, "0f 01 fd", UD, "rdpru" },
	{ 32, "c7 f8 00 00 00 00", UD, "xbegin 0x1006" },
	{ 32, "f2 0f 38 f8 00", UD, "enqcmd eax,[eax]" },
	{ 32, "66 0f 38 82 00", UD, "invpcid eax,xmmword [eax]" },
	{ 32, "0f c7 28", UD, "xsaves [eax]" },
	{ 32, "0f 0b", UD, "ud2" },
	{ 32, "0f aa", UD, "rsm" },
};

/* No instruction at all. */
static const struct {
	u8 bits;
	const char *hex;
	const char *why;
} invalid[] = {
	{ 32, "f0 00 c0", "LOCK with a register destination" },
	{ 32, "f0 03 00", "LOCK with a memory source" },
	{ 32, "f0 39 00", "LOCK CMP" },
	{ 32, "f0 0f a3 00", "LOCK BT" },
	{ 32, "f0 90", "LOCK NOP" },
	{ 32, "f0 ff 30", "LOCK PUSH" },
	{ 32, "f0 c5 f8 58 c1", "LOCK VEX" },
	{ 32, "66 c5 f8 58 c1", "66 before VEX" },
	{ 32, "f3 c4 e2 70 f2 c2", "F3 before VEX" },
	{ 32, "c5 f0 28 c1", "VEX.vvvv used without need" },
	{ 32, "c4 e4 70 58 c1", "VEX map 4" },
	{ 32, "c5 fd 6e c0", "VMOVD with VEX.L" },
	{ 32, "c4 e2 fd 90 c0", "gather without memory" },
	{ 32, "c4 e2 fd 90 04 83", "gather: destination is index" },
	{ 32, "62 c0 00 00", "EVEX" },
	{ 32, "8f c8", "POP with ModRM.reg 1" },
	{ 32, "8f e8 78 00", "XOP" },
	{ 32, "8d c0", "LEA of a register" },
	{ 32, "0f b2 c0", "LSS of a register" },
	{ 32, "8e c8", "MOV CS" },
	{ 32, "8e f0", "MOV to segment register 6" },
	{ 32, "8c f8", "MOV from segment register 7" },
	{ 32, "0f 20 c8", "CR1" },
	{ 32, "0f 22 e8", "CR5" },
	{ 32, "0f 24 c0", "test registers" },
	{ 32, "fe d0", "FE /2" },
	{ 32, "ff f8", "FF /7" },
	{ 32, "ff d8", "far CALL of a register" },
	{ 32, "c6 c8 00", "C6 /1" },
	{ 32, "c6 38 00", "C6 /7 with memory" },
	{ 32, "0f ba c0 00", "0F BA /0" },
	{ 32, "0f 00 f0", "0F 00 /6" },
	{ 32, "0f 0f c0 00", "3DNow!" },
	{ 32, "0f 04", "LOADALL" },
	{ 32, "0f b8 c0", "0F B8 without F3" },
	{ 32, "d9 d1", "D9 D1" },
	{ 32, "d9 08", "D9 /1 with memory" },
	{ 32, "df e1", "DF E1" },
	{ 32, "f3 0f 54 c0", "F3 ANDPS" },
	{ 32, "66 0f 01 d0", "66 XGETBV" },
	{ 32, "0f 71 00 00", "PSRLW of memory" },
	{ 32, "0f c3 c0", "MOVNTI to a register" },
	{ 32, "0f 38 ff 00", "hole in the map" },
};

static void test_insns(void)
{
	struct vmbt_insn in;
	u8 bytes[16] = { 0 };
	unsigned int i, j, n;
	char text[80];
	int r;

	for (i = 0; i < ARRAY_SIZE(insns); i++) {
		bool code32 = insns[i].bits == 32;

		n = parse(insns[i].hex, bytes);
		r = vmbt_decode(&in, bytes, n, code32);
		CHECK(r == VMBT_DEC_OK && in.len == n, "%s (%d): result %d, length %d",
		      insns[i].hex, insns[i].bits, r, in.len);
		if (r)
			continue;
		CHECK(in.cls == insns[i].cls, "%s: class %d", insns[i].hex, in.cls);
		vmbt_disasm(&in, 0x1000, text, sizeof(text));
		CHECK(!strcmp(text, insns[i].text), "%s: \"%s\", not \"%s\"",
		      insns[i].hex, text, insns[i].text);
		/* One byte less, down to none, must be seen to be missing. */
		for (j = 0; j < n; j++) {
			r = vmbt_decode(&in, bytes, j, code32);
			CHECK(r == VMBT_DEC_SHORT && in.cls == VMBT_CLS_UD,
			      "%s: %u bytes: result %d", insns[i].hex, j, r);
		}
	}
	for (i = 0; i < ARRAY_SIZE(invalid); i++) {
		n = parse(invalid[i].hex, bytes);
		memset(bytes + n, 0, sizeof(bytes) - n);
		r = vmbt_decode(&in, bytes, 15, invalid[i].bits == 32);
		CHECK(r == VMBT_DEC_UD && in.cls == VMBT_CLS_UD, "%s: %s: result %d",
		      invalid[i].hex, invalid[i].why, r);
	}
}

static void test_length(void)
{
	struct vmbt_insn in;
	u8 bytes[20];
	int r;

	/* 15 bytes are allowed, 16 are not, however many are there. */
	memset(bytes, 0x66, sizeof(bytes));
	bytes[14] = 0x90;
	r = vmbt_decode(&in, bytes, 20, true);
	CHECK(r == VMBT_DEC_OK && in.len == 15 && in.nr_prefixes == 14,
	      "14 prefixes: %d", r);
	bytes[14] = 0x66;
	bytes[15] = 0x90;
	r = vmbt_decode(&in, bytes, 20, true);
	CHECK(r == VMBT_DEC_TOO_LONG && in.cls == VMBT_CLS_UD, "15 prefixes: %d", r);
	bytes[14] = 0x04;
	r = vmbt_decode(&in, bytes, 20, true);
	CHECK(r == VMBT_DEC_TOO_LONG, "immediate is byte 16: %d", r);
	r = vmbt_decode(&in, bytes, 14, true);
	CHECK(r == VMBT_DEC_SHORT, "14 of 16 bytes: %d", r);
}

static void decode(struct vmbt_insn *in, const char *hex, bool code32)
{
	u8 bytes[16] = { 0 };
	int r = vmbt_decode(in, bytes, parse(hex, bytes), code32);

	CHECK(r == VMBT_DEC_OK, "%s: result %d", hex, r);
}

static void test_addresses(void)
{
	static const u32 gpr[8] = {
		0x11110010, 0x2, 0x3, 0x4444fff0, 0x5000, 0x6666, 0x77770077, 0x88,
	};
	static const struct {
		const char *hex;
		bool code32;
		u32 ea;
		u8 seg;
	} cases[] = {
		{ "8b 00", true, 0x11110010, VMBT_SEG_DS },
		{ "8b 44 24 04", true, 0x5004, VMBT_SEG_SS },
		{ "8b 45 fc", true, 0x6662, VMBT_SEG_SS },
		{ "8b 44 4d 00", true, 0x666a, VMBT_SEG_SS },
		{ "8b 04 5d fe ff ff ff", true, 0x8889ffde, VMBT_SEG_DS },
		{ "26 8b 45 fc", true, 0x6662, VMBT_SEG_ES },
		{ "8b 04 24", true, 0x5000, VMBT_SEG_SS },
		/* An index of EBP does not make it a stack access. */
		{ "8b 04 28", true, 0x11116676, VMBT_SEG_DS },
		/* 16 bits: sums wrap at 64 KiB */
		{ "8b 00", false, 0x0067, VMBT_SEG_DS },
		{ "8b 42 10", false, 0x66ed, VMBT_SEG_SS },
		{ "8b 06 34 12", false, 0x1234, VMBT_SEG_DS },
		{ "8b 47 7f", false, 0x006f, VMBT_SEG_DS },
		{ "8b 87 00 80", false, 0x7ff0, VMBT_SEG_DS },
		{ "a1 34 12", false, 0x1234, VMBT_SEG_DS },
		{ "2e a1 34 12", false, 0x1234, VMBT_SEG_CS },
		{ "d7", true, 0x44450000, VMBT_SEG_DS },
		{ "d7", false, 0x0000, VMBT_SEG_DS },
	};
	struct vmbt_insn in;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 ea;

		decode(&in, cases[i].hex, cases[i].code32);
		ea = vmbt_insn_ea(&in, gpr);
		CHECK(ea == cases[i].ea && in.mem.seg == cases[i].seg,
		      "%s: address %x in segment %d", cases[i].hex, ea, in.mem.seg);
	}
}

static void test_targets(void)
{
	struct vmbt_insn in;

	decode(&in, "eb 10", false);
	CHECK(vmbt_insn_target(&in, 0xfff0) == 2, "16 bits wrap");
	decode(&in, "eb 10", true);
	CHECK(vmbt_insn_target(&in, 0xfffffff0) == 2, "32 bits wrap");
	decode(&in, "66 eb 10", true);
	CHECK(vmbt_insn_target(&in, 0x1fff0) == 3, "66 truncates EIP");
}

static void test_properties(void)
{
	struct vmbt_insn in;

	decode(&in, "65 a1 00 00 00 00", true);
	CHECK(in.flags & VMBT_IF_USES_GS, "GS override");
	decode(&in, "65 8d 00", true);
	CHECK(!(in.flags & VMBT_IF_USES_GS), "LEA accesses nothing");
	decode(&in, "2e 8b 00", true);
	CHECK(in.flags & VMBT_IF_USES_CS, "CS override");
	decode(&in, "2e ac", true);
	CHECK(in.flags & VMBT_IF_USES_CS, "CS override of LODS");
	decode(&in, "2e aa", true);
	CHECK(!(in.flags & VMBT_IF_USES_CS), "STOS cannot be overridden");
	decode(&in, "8e e8", true);
	CHECK(in.flags & VMBT_IF_USES_GS && in.sreg == VMBT_SEG_GS, "MOV GS");
	decode(&in, "17", true);
	CHECK(in.flags & VMBT_IF_BLOCKS_INTR, "POP SS blocks interrupts");
	decode(&in, "fb", true);
	CHECK(in.flags & VMBT_IF_BLOCKS_INTR, "STI blocks interrupts");
	decode(&in, "0f b2 26", true);
	CHECK(!(in.flags & VMBT_IF_BLOCKS_INTR), "LSS does not");
	decode(&in, "0f ab 08", true);
	CHECK(in.flags & VMBT_IF_BIT_OFFSET, "BTS m,r");
	decode(&in, "0f ba 28 05", true);
	CHECK(!(in.flags & VMBT_IF_BIT_OFFSET), "BTS m,imm");
	decode(&in, "c5 f8 58 c1", true);
	CHECK(in.flags & VMBT_IF_PM_ONLY, "VEX in protected mode only");
	decode(&in, "63 c8", true);
	CHECK(in.flags & VMBT_IF_PM_ONLY, "ARPL in protected mode only");
	decode(&in, "c1 e0 00", true);
	CHECK(!in.fl_mod && !in.fl_kill, "shift by 0");
	decode(&in, "c1 e0 05", true);
	CHECK(in.fl_kill == (VMBT_FL_ARITH & ~(VMBT_FL_OF | VMBT_FL_AF)),
	      "shift by 5 defines all but OF and AF");
	decode(&in, "d3 e0", true);
	CHECK(in.fl_mod == VMBT_FL_ARITH && !in.fl_kill, "shift by CL may do nothing");
	decode(&in, "f3 a6", true);
	CHECK(in.fl_mod == VMBT_FL_ARITH && !in.fl_kill, "REP CMPS may do nothing");
	decode(&in, "f6 e2", true);
	CHECK(in.regs_read == 0x05 && in.regs_written == 0x01, "MUL DL");
	decode(&in, "88 e5", true);
	CHECK(in.regs_read == 0x01 && in.regs_written == 0x02, "MOV CH,AH");
	decode(&in, "0f 77", true);
	CHECK(!(in.flags & VMBT_IF_MODRM), "EMMS has no ModRM");
}

/* What no table may ever contain. */
static void test_tables(void)
{
	const struct vec *tables[] = { vmbt_sse, vmbt_avx };
	const unsigned int sizes[] = { vmbt_nr_sse, vmbt_nr_avx };
	const u32 never_copied = VMBT_IF_PRIV | VMBT_IF_IOPL;
	unsigned int i, t;

	for (t = 0; t < 2; t++) {
		for (i = 1; i < sizes[t]; i++) {
			const struct vec *a = &tables[t][i - 1], *b = a + 1;
			u32 ka = a->map << 16 | a->opcode << 8 | a->pp;
			u32 kb = b->map << 16 | b->opcode << 8 | b->pp;

			CHECK(ka <= kb, "table %u line %u is out of order", t, i);
		}
		for (i = 0; i < sizes[t]; i++)
			CHECK(tables[t][i].cls != VMBT_CLS_COPY ||
			      !(vmbt_opinfo[tables[t][i].op].flags & never_copied),
			      "privileged and copied: %s", vmbt_op_name(tables[t][i].op));
	}
	for (i = 0; i < 256; i++) {
		const struct opc *e = &vmbt_opc_1byte[i], *f = &vmbt_opc_0f[i];

		CHECK(e->cls != VMBT_CLS_COPY ||
		      !(vmbt_opinfo[e->op].flags & never_copied),
		      "privileged and copied: %02x", i);
		CHECK(f->cls != VMBT_CLS_COPY ||
		      !(vmbt_opinfo[f->op].flags & never_copied),
		      "privileged and copied: 0f %02x", i);
		CHECK(e->cls != VMBT_CLS_COPY || !vmbt_opinfo[e->op].branch,
		      "branch and copied: %02x", i);
	}
	for (i = 0; i < VMBT_OP_COUNT; i++)
		CHECK(vmbt_opinfo[i].name[0], "operation %u has no line", i);
}

static void test_text(void)
{
	struct vmbt_insn in;
	char text[8];

	decode(&in, "8b 84 88 44 33 22 11", true);
	CHECK(vmbt_disasm(&in, 0, text, sizeof(text)) == 7 &&
	      !strcmp(text, "mov eax"), "text cut to the buffer");
	CHECK(vmbt_disasm(&in, 0, text, 0) == 0, "no buffer");
	CHECK(!strcmp(vmbt_op_name(10000), "(bad)"), "no such operation");
}

int main(void)
{
	test_insns();
	test_length();
	test_addresses();
	test_targets();
	test_properties();
	test_tables();
	test_text();
	if (!nr_bad)
		printf("ok decode/manual: %u checks\n", nr_ok);
	return nr_bad != 0;
}
