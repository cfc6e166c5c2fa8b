// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU's (TCG) that counts what the emulated machine executes:
 * instructions, and those among them that a real CPU pays dearly for.
 *
 * The programs of the benchmark mark the ends of what is to be counted by
 * sixteen LZCNT in a row. Nothing else here uses that instruction, a binary
 * translator emits it for it, and so the same marks are seen whether the guest
 * is the machine's own, vmbt's, KVM's or that of a QEMU inside the machine. At
 * each mark, and at the first instruction of a kernel loaded at 1 MiB, a line of
 * all counts is written; their difference is what was in between.
 *
 * An instruction that faults and is then done counts twice, as do those before
 * it in the emulator's block: exact to a few instructions an exception, and the
 * same in each run.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"

int qemu_plugin_version = 1;

/* The columns that are written, and in the same order what is counted. */
static const char * const names[] = {
	"insns", "iret", "sysenter", "sysexit", "syscall", "sysret", "cr3", "cr", "seg", "ss",
	"far", "dtable", "ltr", "invlpg", "wrmsr", "rdmsr", "vmrun", "cpuid", "io", "popf",
	"iret_tc",
};

enum kind {
	K_insns, K_iret, K_sysenter, K_sysexit, K_syscall, K_sysret, K_cr3, K_cr, K_seg, K_ss,
	K_far, K_dtable, K_ltr, K_invlpg, K_wrmsr, K_rdmsr, K_vmrun, K_cpuid, K_io, K_popf,
	K_iret_tc,
	K_ALL,
	K_MARK,
	K_NONE,
};

static uint64_t counts[K_ALL];
static FILE *out;
static uint64_t entry;
static bool entered;
/* With translated=1: what is below this is vmbt's translated code. */
static uint64_t translated_end;

/*
 * With base= and end=: where in the VMM's image instructions were executed between
 * two marks, block by block.
 */
struct block {
	uint64_t vaddr, n, count;
	struct block *next;
};

static uint64_t vmm_base, vmm_end;
static struct block *blocks;

static void write_blocks(void)
{
	struct block *b;

	for (b = blocks; b; b = b->next)
		if (b->count)
			fprintf(out, "block %" PRIx64 " %" PRIu64 "\n", b->vaddr, b->n * b->count);
}

static void clear_blocks(void)
{
	struct block *b;

	for (b = blocks; b; b = b->next)
		b->count = 0;
}

#define MARK_LENGTH	16
/*
 * A mark's instructions follow each other: an emulator inside makes a handful of each
 * one, and may have to translate what is left of them, once, behind a few. It emits the same
 * instruction for BSR, of which a kernel has 16 in 100,000 instructions, but not in a row.
 */
#define MARK_NEXT	200
#define MARK_PAUSE	100000
#define MARK_FEW	4

static void snapshot(const char *what)
{
	int i;

	fputs(what, out);
	for (i = 0; i < K_ALL; i++)
		fprintf(out, " %" PRIu64, counts[i]);
	fputc('\n', out);
	fflush(out);
}

/* A mark begins what follows its last instruction, and ends what precedes its first. */
static void marked(unsigned int cpu, void *data)
{
	static uint64_t first[K_ALL], last;
	uint64_t gap = counts[K_insns] - last;
	static unsigned int seen;
	static bool paused;
	int i;

	(void)cpu;
	(void)data;
	last = counts[K_insns];
	if (!seen || gap > MARK_PAUSE || (gap > MARK_NEXT && (paused || seen < MARK_FEW))) {
		seen = 0;
		paused = false;
		memcpy(first, counts, sizeof(first));
	} else if (gap > MARK_NEXT) {
		paused = true;
	}
	if (++seen < MARK_LENGTH)
		return;
	seen = 0;
	write_blocks();
	clear_blocks();
	fputs("before", out);
	for (i = 0; i < K_ALL; i++)
		fprintf(out, " %" PRIu64, first[i]);
	fputc('\n', out);
	snapshot("after");
}

static void entry_reached(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	if (!entered)
		snapshot("entry");
	entered = true;
}

static bool is_prefix(uint8_t b)
{
	return b == 0x66 || b == 0x67 || b == 0xf0 || b == 0xf2 || b == 0xf3 || b == 0x2e ||
	       b == 0x36 || b == 0x3e || b == 0x26 || b == 0x64 || b == 0x65;
}

/* Opcodes 0F xx; @p is at the byte behind 0F, @n bytes are there. */
static enum kind kind_of_0f(const uint8_t *p, size_t n, bool rep)
{
	uint8_t modrm = n > 1 ? p[1] : 0, reg = modrm >> 3 & 7;
	bool mem = modrm < 0xc0;

	switch (p[0]) {
	case 0x00:
		return reg == 3 ? K_ltr : reg == 2 ? K_dtable : K_NONE;
	case 0x01:
		if (modrm == 0xd8)
			return K_vmrun;
		if (mem && (reg == 2 || reg == 3))
			return K_dtable;
		return mem && reg == 7 ? K_invlpg : K_NONE;
	case 0x05:
		return K_syscall;
	case 0x07:
		return K_sysret;
	case 0x22:
		return reg == 3 ? K_cr3 : K_cr;
	case 0x30:
		return K_wrmsr;
	case 0x32:
		return K_rdmsr;
	case 0x34:
		return K_sysenter;
	case 0x35:
		return K_sysexit;
	case 0xa1: case 0xa9: case 0xb4: case 0xb5:
		return K_seg;
	case 0xa2:
		return K_cpuid;
	case 0xb2:
		return K_ss;
	case 0xbd:
		return rep ? K_MARK : K_NONE;
	default:
		return K_NONE;
	}
}

static enum kind kind_of(const uint8_t *p, size_t n)
{
	bool rep = false;

	for (; n > 1 && is_prefix(*p); p++, n--)
		rep |= *p == 0xf3;
	/* REX; alone, in 32-bit code, it would be the whole instruction. */
	if (n > 1 && (*p & 0xf0) == 0x40)
		p++, n--;
	switch (p[0]) {
	case 0x0f:
		return n > 1 ? kind_of_0f(p + 1, n - 1, rep) : K_NONE;
	case 0x07: case 0x1f:
		return K_seg;
	case 0x17:
		return K_ss;
	case 0x8e:
		return n > 1 && (p[1] >> 3 & 7) == 2 ? K_ss : K_seg;
	case 0x9a: case 0xca: case 0xcb: case 0xea:
		return K_far;
	case 0xff:
		return n > 1 && p[1] < 0xc0 && ((p[1] >> 3 & 7) == 3 || (p[1] >> 3 & 7) == 5) ?
			K_far : K_NONE;
	case 0x9d:
		return K_popf;
	case 0xcf:
		return K_iret;
	case 0x6c ... 0x6f: case 0xe4 ... 0xe7: case 0xec ... 0xef:
		return K_io;
	default:
		return K_NONE;
	}
}

static void count_block(struct qemu_plugin_tb *tb, size_t n)
{
	uint64_t at = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	struct block *b;

	if (at < vmm_base || at >= vmm_end)
		return;
	b = calloc(1, sizeof(*b));
	if (!b)
		return;
	b->vaddr = at;
	b->n = n;
	b->next = blocks;
	blocks = b;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &b->count, 1);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 &counts[K_insns], n);
	count_block(tb, n);
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		enum kind kind = kind_of(qemu_plugin_insn_data(insn),
					 qemu_plugin_insn_size(insn));

		if (kind == K_MARK)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marked,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
		else if (kind != K_NONE)
			qemu_plugin_register_vcpu_insn_exec_inline(insn,
								   QEMU_PLUGIN_INLINE_ADD_U64,
								   &counts[kind], 1);
		if (kind == K_iret && qemu_plugin_insn_vaddr(insn) < translated_end)
			qemu_plugin_register_vcpu_insn_exec_inline(insn,
								   QEMU_PLUGIN_INLINE_ADD_U64,
								   &counts[K_iret_tc], 1);
		if (entry && !entered && qemu_plugin_insn_vaddr(insn) == entry)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, entry_reached,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
}

static void ended(uint64_t id, void *data)
{
	(void)id;
	(void)data;
	snapshot("end");
	fclose(out);
}

int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "entry=", 6))
			entry = strtoull(argv[i] + 6, NULL, 0);
		else if (!strncmp(argv[i], "translated=", 11))
			translated_end = strtoull(argv[i] + 11, NULL, 0) ? 1ull << 32 : 0;
		else if (!strncmp(argv[i], "base=", 5))
			vmm_base = strtoull(argv[i] + 5, NULL, 0);
		else if (!strncmp(argv[i], "end=", 4))
			vmm_end = strtoull(argv[i] + 4, NULL, 0);
	}
	if (!out) {
		fprintf(stderr, "count: out=FILE is missing or cannot be written\n");
		return -1;
	}
	fputs("names", out);
	for (i = 0; i < K_ALL; i++)
		fprintf(out, " %s", names[i]);
	fputc('\n', out);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
