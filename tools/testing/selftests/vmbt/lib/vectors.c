// SPDX-License-Identifier: GPL-2.0
/*
 * An engine against real-mode single-step tests measured on hardware.
 *
 * Each test of the set runs one instruction, then HLT. The engine starts
 * from the same registers and memory and must end with the same. Flags that
 * the set's metadata calls undefined are left out, and so is what is known to
 * differ between the 80286 that was measured and the 386 that vmbt is: the
 * table below has each with its reason.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "vectors.h"
#include "../../../../../arch/x86/vmbt/vmm/cpu/cpu.h"

#define NREGS		14
#define MAX_FAULTS	8

enum { AX, BX, CX, DX, CS, SS, DS, ES, SP, BP, SI, DI, IP, FL };

static const char * const reg_name[NREGS] = {
	"ax", "bx", "cx", "dx", "cs", "ss", "ds", "es", "sp", "bp", "si", "di",
	"ip", "flags",
};

/* Where the 386 is right and the 80286 differs. */
static const struct {
	const char *file;
	const char *why;
} differs[] = {
	{ "6D", "string instructions move SI and DI before they fault" },
	{ "6F", "string instructions move SI and DI before they fault" },
	{ "A5", "string instructions move SI and DI before they fault" },
	{ "A7", "string instructions move SI and DI before they fault" },
	{ "AB", "string instructions move SI and DI before they fault" },
	{ "AD", "string instructions move SI and DI before they fault" },
	{ "AF", "string instructions move SI and DI before they fault" },
	{ "8C", "FS and GS exist since the 386" },
	{ "8E", "FS and GS exist since the 386" },
	{ "D8", "no coprocessor was in the machine that was measured" },
};

static const struct vectors_engine *engine;
static u8 *ram;
static struct vcpu *cpu;
static char *metadata;

struct state {
	u16 mask;
	u16 reg[NREGS];
	const u8 *ramp;
	u32 nram;
};

static u32 get32(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

/* Next chunk of [*p, end): tag compared by the caller. */
static const u8 *chunk(const u8 **p, const u8 *end, const char **tag, u32 *len)
{
	const u8 *data;

	if (end - *p < 8)
		return NULL;
	*tag = (const char *)*p;
	*len = get32(*p + 4);
	data = *p + 8;
	if (*len > (size_t)(end - data))
		return NULL;
	*p = data + *len;
	return data;
}

static void parse_state(const u8 *p, u32 len, struct state *st)
{
	const u8 *end = p + len, *d;
	const char *tag;
	u32 n;

	memset(st, 0, sizeof(*st));
	while ((d = chunk(&p, end, &tag, &n))) {
		if (!memcmp(tag, "REGS", 4)) {
			st->mask = d[0] | d[1] << 8;
			d += 2;
			for (int i = 0; i < NREGS; i++) {
				if (!(st->mask & 1 << i))
					continue;
				st->reg[i] = d[0] | d[1] << 8;
				d += 2;
			}
		} else if (!memcmp(tag, "RAM ", 4)) {
			st->nram = get32(d);
			st->ramp = d + 4;
		}
	}
}

/*
 * "flags-mask" of an opcode, or of its /reg form ("F6.6"). What the set says of C1, it
 * forgot to say of C0, the same instructions with bytes: Intel's CPUs and AMD's differ.
 */
static u16 flags_mask(const char *file)
{
	char key[16], *p, *end, *m;
	const char *dot = strchr(file, '.');
	char words[16];
	u16 mask = 0xffff;

	if (!strncmp(file, "C0.", 3)) {
		snprintf(words, sizeof(words), "C1.%s", file + 3);
		return flags_mask(words);
	}
	snprintf(key, sizeof(key), "\"%.*s\":",
		 dot ? (int)(dot - file) : (int)strlen(file), file);
	p = strstr(metadata, key);
	if (!p)
		return mask;
	if (dot) {
		p = strstr(p, "\"reg\"");
		snprintf(key, sizeof(key), "\"%s\":", dot + 1);
		p = p ? strstr(p, key) : NULL;
		if (!p)
			return mask;
	}
	end = strchr(p, '}');
	m = strstr(p, "\"flags-mask\":");
	if (m && m < end)
		mask = strtoul(m + 13, NULL, 0);
	return mask;
}

static void load(const struct state *st)
{
	static const u8 gpr[] = { VMBT_EAX, VMBT_EBX, VMBT_ECX, VMBT_EDX };
	static const u8 gpr2[] = { VMBT_ESP, VMBT_EBP, VMBT_ESI, VMBT_EDI };
	static const u8 seg[] = { VMBT_CS, VMBT_SS, VMBT_DS, VMBT_ES };
	struct vmbt_guest *g = cpu->guest;

	memset(ram, 0, VECTORS_RAM);
	cpu_reset(cpu);
	for (int i = 0; i < 4; i++) {
		g->gpr[gpr[i]] = st->reg[AX + i];
		g->gpr[gpr2[i]] = st->reg[SP + i];
		g->seg[seg[i]].sel = st->reg[CS + i];
		g->seg[seg[i]].base = st->reg[CS + i] << 4;
		g->seg[seg[i]].limit = 0xffff;
		g->seg[seg[i]].attr = VMBT_ATTR_P | VMBT_ATTR_S | 3 |
				      (i ? 0 : VMBT_ATTR_CODE);
	}
	g->eip = st->reg[IP];
	g->eflags = (st->reg[FL] & 0xfd5) | VMBT_X86_EFLAGS_FIXED;
	for (u32 i = 0; i < st->nram; i++) {
		u32 a = get32(st->ramp + 5 * i);

		if (a < VECTORS_RAM)
			ram[a] = st->ramp[5 * i + 4];
	}
	if (engine->start)
		engine->start();
}

/*
 * Faults that the 386 takes where the 80286 took none or another, at the
 * instruction itself: LOCK before what cannot be locked is #UD, a stack
 * segment's limit is #SS and not #GP.
 */
static bool known_fault(const struct state *init, int excp)
{
	u32 a = (init->reg[CS] << 4) + init->reg[IP];

	if (cpu->exc.vector == VMBT_VEC_SS)
		return excp == VMBT_VEC_GP;
	if (cpu->exc.vector != VMBT_VEC_UD)
		return false;
	for (u32 i = 0; i < 8; i++, a++) {
		if (ram[a] == 0xf0)
			return true;
		if ((ram[a] & 0xe7) != 0x26 && (ram[a] & 0xfe) != 0xf2)
			break;
	}
	return false;
}

static u16 reg_now(int i)
{
	struct vmbt_guest *g = cpu->guest;

	switch (i) {
	case AX: return g->gpr[VMBT_EAX];
	case BX: return g->gpr[VMBT_EBX];
	case CX: return g->gpr[VMBT_ECX];
	case DX: return g->gpr[VMBT_EDX];
	case CS: return g->seg[VMBT_CS].sel;
	case SS: return g->seg[VMBT_SS].sel;
	case DS: return g->seg[VMBT_DS].sel;
	case ES: return g->seg[VMBT_ES].sel;
	case SP: return g->gpr[VMBT_ESP];
	case BP: return g->gpr[VMBT_EBP];
	case SI: return g->gpr[VMBT_ESI];
	case DI: return g->gpr[VMBT_EDI];
	case IP: return g->eip;
	default: return g->eflags;
	}
}

/* Where a flags image was pushed: undefined flags are undefined there too. */
static u32 flags_image(const char *file, const struct state *fina, int excp)
{
	u16 sp = fina->mask & 1 << SP ? fina->reg[SP] : reg_now(SP);
	u16 ss = reg_now(SS);

	if (excp >= 0)
		return (ss << 4) + (u16)(sp + 4);
	if (!strcmp(file, "9C"))
		return (ss << 4) + sp;
	return ~0U;
}

static bool run(const struct state *init, const struct state *fina,
		const char *file, int excp, u16 mask, char *why, size_t n)
{
	u32 image;
	int r, faults;

	load(init);
	for (faults = 0; ; faults++) {
		r = engine->run();
		if (r != X_FAULT || faults == MAX_FAULTS)
			break;
		if (!faults && cpu->guest->eip == init->reg[IP] &&
		    known_fault(init, excp))
			return true;
		if (cpu_deliver_exc(cpu) != CPU_DELIVERED) {
			snprintf(why, n, "no delivery of vector %u",
				 cpu->exc.vector);
			return false;
		}
	}
	if (r != X_HLT) {
		snprintf(why, n, "result %d: %.80s", r, cpu->shared->text);
		return false;
	}

	for (int i = 0; i < NREGS; i++) {
		u16 want = fina->mask & 1 << i ? fina->reg[i] : init->reg[i];
		u16 m = i == FL ? mask & 0xfd5 : 0xffff;

		if ((want ^ reg_now(i)) & m) {
			snprintf(why, n, "%s is %04x, not %04x", reg_name[i],
				 reg_now(i), want);
			return false;
		}
	}
	image = flags_image(file, fina, excp);
	for (u32 i = 0; i < fina->nram; i++) {
		u32 a = get32(fina->ramp + 5 * i);
		u8 want = fina->ramp[5 * i + 4], m = 0xff;

		if (a == image)
			m = mask & 0xd5;
		else if (a == image + 1)
			m = mask >> 8 & 0x0f;
		if (a < VECTORS_RAM && ((ram[a] ^ want) & m)) {
			snprintf(why, n, "byte %06x is %02x, not %02x", a,
				 ram[a], want);
			return false;
		}
	}
	return true;
}

static u8 *slurp(const char *path, size_t *len)
{
	size_t cap = 1 << 20, n = 0;
	gzFile f = gzopen(path, "rb");
	u8 *buf = malloc(cap);
	int r;

	if (!f)
		return NULL;
	while ((r = gzread(f, buf + n, cap - n - 1)) > 0) {
		n += r;
		if (cap - n < 4096)
			buf = realloc(buf, cap *= 2);
	}
	gzclose(f);
	buf[n] = 0;
	*len = n;
	return buf;
}

static const char *known(const char *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(differs); i++)
		if (!strcmp(differs[i].file, file))
			return differs[i].why;
	return NULL;
}

static int run_file(const char *dir, const char *file)
{
	unsigned int good = 0, bad = 0;
	char path[512], why[128], first[256] = "";
	const u8 *p, *end, *d, *q;
	const char *tag;
	size_t len;
	u8 *buf;
	u32 n, m;
	u16 mask = flags_mask(file);

	snprintf(path, sizeof(path), "%s/%s.MOO.gz", dir, file);
	buf = slurp(path, &len);
	if (!buf) {
		printf("not ok %s/%s: cannot read it\n", engine->name, file);
		return 1;
	}
	p = buf;
	end = buf + len;
	while ((d = chunk(&p, end, &tag, &n))) {
		struct state init = { 0 }, fina = { 0 };
		char name[64] = "";
		u32 len_bytes = 0;
		int excp = -1;
		const u8 *tend = d + n;

		if (memcmp(tag, "TEST", 4))
			continue;
		q = d + 4;
		while ((d = chunk(&q, tend, &tag, &m))) {
			if (!memcmp(tag, "NAME", 4))
				snprintf(name, sizeof(name), "%.*s",
					 (int)(m - 4), (const char *)d + 4);
			else if (!memcmp(tag, "INIT", 4))
				parse_state(d, m, &init);
			else if (!memcmp(tag, "FINA", 4))
				parse_state(d, m, &fina);
			else if (!memcmp(tag, "EXCP", 4))
				excp = d[0];
			else if (!memcmp(tag, "BYTS", 4))
				len_bytes = get32(d);
		}
		/* The 80286 faults on more than 10 bytes, the 386 on 15. */
		if (len_bytes > 11 && excp == VMBT_VEC_GP)
			continue;
		if (run(&init, &fina, file, excp, mask, why, sizeof(why))) {
			good++;
		} else {
			if (!bad++)
				snprintf(first, sizeof(first), "%s: %s", name,
					 why);
		}
	}
	free(buf);
	if (bad && !known(file)) {
		printf("not ok %s/%s: %u of %u differ, first %s\n",
		       engine->name, file, bad, good + bad, first);
		return 1;
	}
	if (!good && !bad) {
		printf("not ok %s/%s: holds no test\n", engine->name, file);
		return 1;
	}
	if (bad)
		printf("ok %s/%s # %u of %u differ as known: %s\n",
		       engine->name, file, bad, good + bad, known(file));
	else
		printf("ok %s/%s\n", engine->name, file);
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int vectors_main(const struct vectors_engine *e, int argc, char **argv)
{
	struct dirent **list;
	char path[512];
	int bad = 0, n;
	size_t len;

	engine = e;
	cpu = e->cpu;
	ram = e->ram;
	if (argc < 2) {
		fprintf(stderr, "usage: %s DIRECTORY [OPCODE...]\n", argv[0]);
		return 2;
	}
	n = scandir(argv[1], &list, NULL, by_name);
	if (n < 0) {
		printf("skip %s: no test data in %s (DATA=)\n", e->name,
		       argv[1]);
		return 0;
	}
	snprintf(path, sizeof(path), "%s/metadata.json", argv[1]);
	metadata = (char *)slurp(path, &len);
	if (!metadata) {
		printf("not ok %s: %s is missing\n", e->name, path);
		return 1;
	}
	if (argc > 2) {
		for (int i = 2; i < argc; i++)
			bad |= run_file(argv[1], argv[i]);
		return bad;
	}
	for (int i = 0; i < n; i++) {
		char *dot = strstr(list[i]->d_name, ".MOO.gz");

		if (dot) {
			*dot = 0;
			bad |= run_file(argv[1], list[i]->d_name);
		}
		free(list[i]);
	}
	free(list);
	free(metadata);
	return bad;
}
