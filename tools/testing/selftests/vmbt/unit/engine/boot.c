// SPDX-License-Identifier: GPL-2.0
/*
 * Boots a Linux kernel under the interpreter alone, in an ordinary process.
 *
 * No emulator, no module, no ring 1: interpreter, CPU semantics and guest page
 * walks are exercised by a whole operating system, under sanitizers and a
 * debugger, with a clock that counts instructions, so that two runs are the
 * same. The devices are the fewest a kernel boots with. Ends with success when
 * the console shows the text that was asked for.
 *
 * With -e VMLINUX the kernel proper is loaded at once, which saves a billion
 * instructions of decompression; the bzImage still gives the set-up header.
 *
 * usage: boot KERNEL [-e VMLINUX] [-i INITRD] [-a APPEND] [-u TEXT]
 *	  [-n MAX-INSNS] [-t TRACE-FROM]
 */
#include <elf.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../lib/engine.h"
#include "../runner/engine_vmm.h"
#include "../../../../../../arch/x86/vmbt/vmm/chip/pic.h"
#include "../../../../../../arch/x86/vmbt/vmm/chip/pit.h"
#include "../../../../../../arch/x86/vmbt/vmm/decode/decode.h"
#include "../../../../../../arch/x86/vmbt/vmm/interp/interp.h"
#include "../../../../../../arch/x86/vmbt/vmm/mmu/mmu.h"

#define RAM		(256u << 20)
#define NS_PER_INSN	4
#define PARAMS		0x10000
#define CMDLINE		0x20000
#define GDT		0x1000

static u8 *ram;
static struct pic pic;
static struct pit pit;
static u8 uart_ier, uart_lcr, uart_mcr, cmos_index;
static u64 max_insns = 4000000000ULL, trace_from = ~0ULL, insns;
static const char *until = "Kernel panic";
static char line[512];
static size_t line_len;
static bool seen;

static u64 now(void)
{
	return insns * NS_PER_INSN;
}

u64 plat_tsc(void)
{
	return insns * NS_PER_INSN;
}

static void uart_irq(void)
{
	pic_set_line(&pic, 4, (uart_ier & 2) && (uart_mcr & 8));
}

static void console(u8 c)
{
	putchar(c);
	if (c == '\n') {
		fflush(stdout);
		line_len = 0;
	} else if (line_len < sizeof(line) - 1) {
		line[line_len++] = c;
		line[line_len] = 0;
		if (strstr(line, until))
			seen = true;
	}
}

static void uart_write(u8 reg, u8 val)
{
	if ((uart_lcr & 0x80) && reg < 2)
		return;
	switch (reg) {
	case 0:
		console(val);
		break;
	case 1:
		uart_ier = val & 0xf;
		break;
	case 3:
		uart_lcr = val;
		break;
	case 4:
		uart_mcr = val;
		break;
	}
	uart_irq();
}

static u8 uart_read(u8 reg)
{
	switch (reg) {
	case 1:
		return uart_ier;
	case 2:
		return 0xc0 | (uart_ier & 2 ? 2 : 1);
	case 3:
		return uart_lcr;
	case 4:
		return uart_mcr;
	case 5:
		return 0x60;
	case 6:
		return 0xb0;
	default:
		return 0;
	}
}

static u8 cmos_read(void)
{
	static const u8 clock[] = {
		[0] = 0, [2] = 0, [4] = 0x12, [6] = 5, [7] = 1, [8] = 1,
		[9] = 0x26, [0xa] = 0x26, [0xb] = 2, [0xd] = 0x80,
	};

	return cmos_index < sizeof(clock) ? clock[cmos_index] :
	       cmos_index == 0x32 ? 0x20 : 0;
}

static u8 port_in(u16 port)
{
	if ((port & ~0x81) == 0x20 || port == 0x4d0 || port == 0x4d1)
		return pic_read(&pic, port);
	if ((port >= 0x40 && port <= 0x43) || port == 0x61)
		return pit_read(&pit, port, now());
	if (port >= 0x3f8 && port <= 0x3ff)
		return uart_read(port & 7);
	if (port == 0x71)
		return cmos_read();
	return 0xff;
}

static void port_out(u16 port, u8 val)
{
	if ((port & ~0x81) == 0x20 || port == 0x4d0 || port == 0x4d1)
		pic_write(&pic, port, val);
	else if ((port >= 0x40 && port <= 0x43) || port == 0x61)
		pit_write(&pit, port, val, now());
	else if (port >= 0x3f8 && port <= 0x3ff)
		uart_write(port & 7, val);
	else if (port == 0x70)
		cmos_index = val & 0x7f;
}

static void clock_tick(void)
{
	struct vmbt_shared *s = engine_shared();

	if (pit_poll(&pit, now(), pic.chip[0].irr & 1, pic_masked(&pic, 0))) {
		pic_set_line(&pic, 0, false);
		pic_set_line(&pic, 0, true);
	}
	if (pic_intr(&pic) && !s->extint &&
	    (s->guest.eflags & VMBT_X86_EFLAGS_IF))
		s->extint = pic_ack(&pic) + 1;
}

static void trace(struct vcpu *v)
{
	const struct vmbt_guest *g = v->guest;
	const struct vmbt_seg *cs = &g->seg[VMBT_CS];
	char text[96] = "?";
	struct vmbt_insn in;
	u8 buf[16];
	u32 got = 0;

	mmu_fetch(v, cs->base + g->eip, buf, 15, MMU_EXEC | MMU_PEEK, &got);
	if (vmbt_decode(&in, buf, got, cs->attr & VMBT_ATTR_DB) == VMBT_DEC_OK)
		vmbt_disasm(&in, g->eip, text, sizeof(text));
	fprintf(stderr,
		"%llu %04x:%08x %-40s eax=%08x ebx=%08x ecx=%08x edx=%08x esi=%08x edi=%08x ebp=%08x esp=%08x fl=%08x\n",
		insns, cs->sel, g->eip, text, g->gpr[VMBT_EAX],
		g->gpr[VMBT_EBX], g->gpr[VMBT_ECX], g->gpr[VMBT_EDX],
		g->gpr[VMBT_ESI], g->gpr[VMBT_EDI], g->gpr[VMBT_EBP],
		g->gpr[VMBT_ESP], g->eflags);
}

int __wrap_interp_step(struct vcpu *v)
{
	if (insns >= trace_from)
		trace(v);
	if (!(++insns & 255)) {
		clock_tick();
		if (insns > max_insns || seen)
			engine_request(VMBT_REQ_EXIT);
	}
	return __real_interp_step(v);
}

static void *load_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	void *buf;

	if (!f) {
		perror(path);
		exit(2);
	}
	fseek(f, 0, SEEK_END);
	*len = ftell(f);
	rewind(f);
	buf = malloc(*len);
	if (fread(buf, 1, *len, f) != *len)
		exit(2);
	fclose(f);
	return buf;
}

static void put32(u32 a, u32 v)
{
	memcpy(ram + a, &v, 4);
}

/* Put an ELF kernel where it is linked to run; its entry is physical. */
static u32 load_elf(const char *path)
{
	size_t len;
	u8 *img = load_file(path, &len);
	const Elf32_Ehdr *e = (const void *)img;
	u32 entry = e->e_entry;

	if (len < sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG)) {
		fprintf(stderr, "%s: not an ELF file\n", path);
		exit(2);
	}
	for (int i = 0; i < e->e_phnum; i++) {
		const Elf32_Phdr *p = (const void *)(img + e->e_phoff +
						     i * e->e_phentsize);

		if (p->p_type == PT_LOAD && p->p_paddr + p->p_memsz < RAM)
			memcpy(ram + p->p_paddr, img + p->p_offset,
			       p->p_filesz);
	}
	free(img);
	return entry;
}

/* The 32-bit boot protocol (Documentation/arch/x86/boot.rst). */
static void load_linux(const char *kernel, const char *initrd, const char *cmd)
{
	struct vmbt_guest *g = &engine_shared()->guest;
	static const u32 e820[][5] = {
		{ 0, 0, 0x9fc00, 0, 1 },
		{ 0x100000, 0, RAM - 0x100000, 0, 1 },
	};
	size_t len, ilen = 0, setup;
	u8 *img = load_file(kernel, &len);
	u32 initrd_at = 0;

	setup = ((img[0x1f1] ? img[0x1f1] : 4) + 1) * 512;
	memcpy(ram + PARAMS + 0x1f1, img + 0x1f1, 0x202 + img[0x201] - 0x1f1);
	memcpy(ram + 0x100000, img + setup, len - setup);
	memcpy(ram + CMDLINE, cmd, strlen(cmd) + 1);
	if (initrd) {
		u8 *i = load_file(initrd, &ilen);

		initrd_at = (RAM - 0x100000 - ilen) & ~0xfffu;
		memcpy(ram + initrd_at, i, ilen);
		free(i);
	}
	free(img);
	ram[PARAMS + 0x210] = 0xff;
	put32(PARAMS + 0x218, initrd_at);
	put32(PARAMS + 0x21c, ilen);
	put32(PARAMS + 0x228, CMDLINE);
	ram[PARAMS + 0x1e8] = ARRAY_SIZE(e820);
	memcpy(ram + PARAMS + 0x2d0, e820, sizeof(e820));

	put32(GDT + 0x10, 0x0000ffff);
	put32(GDT + 0x14, 0x00cf9b00);
	put32(GDT + 0x18, 0x0000ffff);
	put32(GDT + 0x1c, 0x00cf9300);
	g->gdtr.base = GDT;
	g->gdtr.limit = 0x1f;
	for (int i = 0; i < VMBT_NSEG; i++) {
		g->seg[i].sel = i == VMBT_CS ? 0x10 : 0x18;
		g->seg[i].base = 0;
		g->seg[i].limit = 0xffffffff;
		g->seg[i].attr = i == VMBT_CS ? 0xc09b : 0xc093;
	}
	g->tr.attr = 0x8b;
	g->tr.limit = 0xffff;
	g->ldtr.attr = 0x82;
	g->ldtr.limit = 0xffff;
	g->cr0 = VMBT_CR0_PE | VMBT_CR0_ET;
	g->eflags = 2;
	g->eip = 0x100000;
	g->gpr[VMBT_ESI] = PARAMS;
	g->gpr[VMBT_ESP] = 0x8000;
}

static void offer_cpuid(void)
{
	struct vmbt_shared *s = engine_shared();
	static const struct vmbt_cpuid leaf[] = {
		{ 0, 0, 0, 1, 0x756e6547, 0x6c65746e, 0x49656e69, 0 },
		/* FPU PSE TSC MSR PAE CX8 PGE CMOV FXSR SSE SSE2 */
		{ 1, 0, 0, 0x6f0, 0, 0, 0x0700a179 & ~0x2000, 0 },
		{ 0x80000000, 0, 0, 0x80000001, 0, 0, 0, 0 },
		{ 0x80000001, 0, 0, 0, 0, 0, 0x00100000, 0 },
	};

	memcpy(s->cpuid, leaf, sizeof(leaf));
	s->ncpuid = ARRAY_SIZE(leaf);
	s->tsc_khz = 1000000 / NS_PER_INSN;
}

static void answer_io(struct vmbt_shared *s)
{
	struct vmbt_exit *e = &s->exit;

	for (u32 i = 0; i < e->count * e->size; i++) {
		u16 port = e->port + i % e->size;

		if (e->dir == VMBT_IO_OUT)
			port_out(port, s->io_data[i]);
		else
			s->io_data[i] = port_in(port);
	}
}

int main(int argc, char **argv)
{
	const char *initrd = NULL, *vmlinux = NULL;
	const char *cmd =
		"console=ttyS0 earlyprintk=serial,ttyS0 acpi=off nolapic noisapnp lpj=1000000";
	struct vmbt_shared *s = engine_shared();
	u64 idle = 0;
	int o;

	while ((o = getopt(argc, argv, "e:i:a:u:n:t:")) != -1) {
		switch (o) {
		case 'e':
			vmlinux = optarg;
			break;
		case 'i':
			initrd = optarg;
			break;
		case 'a':
			cmd = optarg;
			break;
		case 'u':
			until = optarg;
			break;
		case 'n':
			max_insns = strtoull(optarg, NULL, 0);
			break;
		case 't':
			trace_from = strtoull(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc) {
		fprintf(stderr,
			"usage: boot [-e ELF] [-i INITRD] [-a APPEND] [-u TEXT] [-n N] [-t N] KERNEL\n");
		return 2;
	}
	ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	engine_create(ram, RAM);
	offer_cpuid();
	pic_reset(&pic);
	pit_reset(&pit, 0);
	load_linux(argv[optind], initrd, cmd);
	if (vmlinux)
		s->guest.eip = load_elf(vmlinux);
	engine_request(VMBT_REQ_STATE);

	for (;;) {
		u32 kind = engine_run();

		switch (kind) {
		case VMBT_EXIT_IO:
			answer_io(s);
			continue;
		case VMBT_EXIT_MMIO:
			memset(s->exit.mmio_data, 0xff, 8);
			continue;
		case VMBT_EXIT_HLT:
			/* Time passes until something happens. */
			for (idle = 0; !s->extint && idle < 1000000; idle++) {
				insns += 256;
				clock_tick();
			}
			if (s->extint)
				continue;
			printf("\nboot: halted for ever after %llu instructions\n",
			       insns);
			return 1;
		case VMBT_EXIT_INTR:
			printf("\nboot: %s after %llu instructions\n",
			       seen ? "done" : "gave up", insns);
			return !seen;
		case VMBT_EXIT_IRQ_WINDOW:
			continue;
		default:
			printf("\nboot: exit %u: %s\n", kind, s->text);
			return 1;
		}
	}
}
