// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that look at the guest's memory and registers.
 *
 * The guest need not be stopped: memory is read as it is at the time, and for the
 * registers the vCPU is held for a moment. What is no memory reads as FFh.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "machine.h"

#define PAGE		4096
#define FOUR_GIB	0x100000000ULL
#define ITEMS_MAX	65536
#define SAVE_MAX	FOUR_GIB

/* Where memory is seen at an address, up to the end of its page, or NULL. */
static const u8 *look(struct machine *m, u64 gpa)
{
	const struct pcmem *p = &m->pc.mem;
	u32 back;

	if (!m->pc.on)
		return memory_at(&m->memory, gpa, 1);
	if (p->window && gpa - p->window_gpa < p->window_size)
		return p->window + (gpa - p->window_gpa);
	if (gpa >= VGA_WINDOW && gpa < VGA_WINDOW_END)
		return NULL;
	if (pcmem_dma(p, gpa, 1, false))
		return pcmem_dma(p, gpa, 1, false);
	if (p->lfb && gpa >= p->lfb && gpa - p->lfb < VGA_RAM)
		return m->pc.vga.ram + (gpa - p->lfb);
	back = (gpa < FOUR_GIB / 2 ? MEMORY_HIGH : FOUR_GIB) - gpa;
	if (gpa < FOUR_GIB && back && back <= p->rom_size && p->rom)
		return p->rom + p->rom_size - back;
	return NULL;
}

static void read_physical(struct machine *m, u64 gpa, u8 *buf, size_t len)
{
	const u8 *p;
	size_t n;

	for (; len; len -= n, gpa += n, buf += n) {
		n = PAGE - gpa % PAGE;
		if (n > len)
			n = len;
		p = look(m, gpa);
		if (p)
			memcpy(buf, p, n);
		else
			memset(buf, 0xff, n);
	}
}

/* Returns false where an address is not mapped. */
static bool read_linear(struct machine *m, const struct kvm_sregs *s, u32 linear, u8 *buf,
			size_t len)
{
	size_t n;
	u64 gpa;

	for (; len; len -= n, linear += n, buf += n) {
		n = PAGE - linear % PAGE;
		if (n > len)
			n = len;
		if (!memory_translate(&m->memory, s->cr0, s->cr3, s->cr4, linear, &gpa))
			return false;
		read_physical(m, gpa, buf, n);
	}
	return true;
}

static bool registers(struct call *c, struct kvm_regs *r, struct kvm_sregs *s)
{
	int rc;

	vcpu_hold(c->m);
	rc = vmm_get_regs(&c->m->vmm, r, s);
	vcpu_release(c->m);
	if (rc)
		call_fail(c, ERROR_GENERIC, "no registers: %s", strerror(-rc));
	return !rc;
}

static void segment(FILE *f, const char *name, const struct kvm_segment *s)
{
	u32 flags = s->type << 8 | s->s << 12 | s->dpl << 13 | s->present << 15 | s->avl << 20 |
		    s->db << 22 | s->g << 23;

	fprintf(f, "%-3s=%04x %08llx %08x %08x\n", name, s->selector, s->base, s->limit, flags);
}

static void print_flags(FILE *f, const struct kvm_regs *r, const struct kvm_sregs *s, bool halted)
{
	static const struct {
		u32 bit;
		char letter;
	} flag[] = {
		{ 0x400, 'D' }, { 0x800, 'O' }, { 0x80, 'S' }, { 0x40, 'Z' }, { 0x10, 'A' },
		{ 0x4, 'P' }, { 0x1, 'C' },
	};
	unsigned int i;

	fprintf(f, "EIP=%08x EFL=%08x [", (u32)r->rip, (u32)r->rflags);
	for (i = 0; i < ARRAY_SIZE(flag); i++)
		fputc(r->rflags & flag[i].bit ? flag[i].letter : '-', f);
	fprintf(f, "] CPL=%d HLT=%d\n", s->ss.dpl, halted);
}

/**
 * cmd_registers() - the CPU's registers
 * @c: the call
 */
void cmd_registers(struct call *c)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	char *text = NULL;
	size_t size;
	FILE *f;

	if (!registers(c, &r, &s))
		return;
	f = open_memstream(&text, &size);
	if (!f) {
		call_fail(c, ERROR_GENERIC, "out of memory");
		return;
	}
	fprintf(f, "CPU#0\nEAX=%08x EBX=%08x ECX=%08x EDX=%08x\n", (u32)r.rax, (u32)r.rbx,
		(u32)r.rcx, (u32)r.rdx);
	fprintf(f, "ESI=%08x EDI=%08x EBP=%08x ESP=%08x\n", (u32)r.rsi, (u32)r.rdi, (u32)r.rbp,
		(u32)r.rsp);
	print_flags(f, &r, &s, c->m->vcpu.halted);
	segment(f, "ES", &s.es);
	segment(f, "CS", &s.cs);
	segment(f, "SS", &s.ss);
	segment(f, "DS", &s.ds);
	segment(f, "FS", &s.fs);
	segment(f, "GS", &s.gs);
	segment(f, "LDT", &s.ldt);
	segment(f, "TR", &s.tr);
	fprintf(f, "GDT=     %08llx %08x\nIDT=     %08llx %08x\n", s.gdt.base, s.gdt.limit,
		s.idt.base, s.idt.limit);
	fprintf(f, "CR0=%08llx CR2=%08llx CR3=%08llx CR4=%08llx\nEFER=%016llx\n", s.cr0, s.cr2,
		s.cr3, s.cr4, s.efer);
	fclose(f);
	c->result = json_string(text);
	free(text);
}

/* How memory is shown: x/4xw. */
struct format {
	u32 count;
	char kind;
	u8 size;
};

static bool parse_format(struct call *c, struct format *f)
{
	const char *p = call_string(c, "format");
	char *end;

	*f = (struct format){ 1, 'x', 4 };
	if (!p)
		return true;
	if (isdigit(*p)) {
		f->count = strtoul(p, &end, 10);
		p = end;
	}
	for (; *p; p++) {
		if (*p == 'i') {
			call_fail(c, ERROR_GENERIC, "there is no disassembler");
			return false;
		}
		if (strchr("xduoc", *p))
			f->kind = *p;
		else if (strchr("bhwg", *p))
			f->size = 1 << (strchr("bhwg", *p) - "bhwg");
		else
			break;
	}
	if (f->kind == 'c')
		f->size = 1;
	if (*p || f->count > ITEMS_MAX)
		call_fail(c, ERROR_GENERIC, "/%s: not like /4xw: count, x d u o or c, b h w or g",
			  call_string(c, "format"));
	return !c->class;
}

static bool parse_register(const char *name, const struct kvm_regs *r,
			   const struct kvm_sregs *s, u64 *val)
{
	const struct {
		const char *name;
		u64 val;
	} reg[] = {
		{ "eax", r->rax }, { "ebx", r->rbx }, { "ecx", r->rcx }, { "edx", r->rdx },
		{ "esi", r->rsi }, { "edi", r->rdi }, { "ebp", r->rbp }, { "esp", r->rsp },
		{ "eip", s->cs.base + r->rip }, { "pc", s->cs.base + r->rip },
		{ "cr3", s->cr3 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reg); i++) {
		if (!strcmp(reg[i].name, name)) {
			*val = reg[i].val;
			return true;
		}
	}
	return false;
}

static bool parse_address(struct call *c, const struct kvm_regs *r, const struct kvm_sregs *s,
			  u64 *addr)
{
	const char *text = call_string(c, "addr");
	char *end;

	if (*text == '$' && parse_register(text + 1, r, s, addr))
		return true;
	*addr = strtoull(text, &end, 0);
	if (end == text || *end)
		call_fail(c, ERROR_GENERIC, "'%s' is neither a number nor a register like $esp",
			  text);
	return !c->class;
}

static void print_item(FILE *f, const struct format *fmt, u64 val)
{
	s64 as_signed = (s64)(val << (64 - 8 * fmt->size)) >> (64 - 8 * fmt->size);

	switch (fmt->kind) {
	case 'd':
		fprintf(f, " %lld", as_signed);
		break;
	case 'u':
		fprintf(f, " %llu", val);
		break;
	case 'o':
		fprintf(f, " 0%llo", val);
		break;
	case 'c':
		fprintf(f, val >= 0x20 && val < 0x7f ? " '%c'" : " '\\x%02x'", (int)val);
		break;
	default:
		fprintf(f, " 0x%0*llx", 2 * fmt->size, val);
		break;
	}
}

static void examine(struct call *c, bool physical)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	struct format fmt;
	char *text = NULL;
	size_t size;
	u64 addr, val;
	bool ok = true;
	FILE *f;
	u32 i;

	if (!parse_format(c, &fmt) || !registers(c, &r, &s) || !parse_address(c, &r, &s, &addr))
		return;
	f = open_memstream(&text, &size);
	if (!f) {
		call_fail(c, ERROR_GENERIC, "out of memory");
		return;
	}
	for (i = 0; i < fmt.count && ok; i++, addr += fmt.size) {
		val = 0;
		if (physical)
			read_physical(c->m, addr, (u8 *)&val, fmt.size);
		else
			ok = read_linear(c->m, &s, addr, (u8 *)&val, fmt.size);
		if (i % (16 / fmt.size) == 0)
			fprintf(f, physical ? "%s%016llx:" : "%s%08llx:", i ? "\n" : "",
				physical ? addr : addr & 0xffffffff);
		if (ok)
			print_item(f, &fmt, val);
		else
			fputs(" Cannot access memory", f);
	}
	fputc('\n', f);
	fclose(f);
	c->result = json_string(text);
	free(text);
}

/**
 * cmd_x() - memory at a linear address
 * @c: the call
 */
void cmd_x(struct call *c)
{
	examine(c, false);
}

/**
 * cmd_xp() - memory at a physical address
 * @c: the call
 */
void cmd_xp(struct call *c)
{
	examine(c, true);
}

static void save(struct call *c, const struct kvm_sregs *s)
{
	u64 addr = call_int(c, "val", 0), size = call_int(c, "size", 0), left = size;
	const char *path = call_string(c, "filename");
	u8 page[PAGE];
	size_t n;
	FILE *f;
	int fd;

	if (size > SAVE_MAX) {
		call_fail(c, ERROR_GENERIC, "Invalid addr 0x%016llx/size %lld specified", addr,
			  size);
		return;
	}
	fd = fdset_open(&c->m->monitors.fds, path, O_WRONLY | O_CREAT | O_TRUNC);
	f = fd < 0 ? NULL : fdopen(fd, "wb");
	if (!f) {
		call_fail(c, ERROR_GENERIC, "Could not open '%s': %s", path, strerror(errno));
		return;
	}
	for (; left && !c->class; left -= n, addr += n) {
		n = left < PAGE ? left : PAGE;
		if (!s)
			read_physical(c->m, addr, page, n);
		else if (addr >= FOUR_GIB || !read_linear(c->m, s, addr, page, n))
			call_fail(c, ERROR_GENERIC, "Invalid addr 0x%016llx/size %lld specified",
				  addr, size);
		if (!c->class && fwrite(page, n, 1, f) != 1)
			call_fail(c, ERROR_GENERIC, "%s: %s", path, strerror(errno));
	}
	if (fclose(f))
		call_fail(c, ERROR_GENERIC, "%s: %s", path, strerror(errno));
}

/**
 * cmd_memsave() - write memory at a linear address to a file
 * @c: the call
 */
void cmd_memsave(struct call *c)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	if (call_int(c, "cpu-index", 0))
		call_fail(c, ERROR_GENERIC, "Parameter 'cpu-index' expects a CPU number");
	else if (registers(c, &r, &s))
		save(c, &s);
}

/**
 * cmd_pmemsave() - write memory at a physical address to a file
 * @c: the call
 */
void cmd_pmemsave(struct call *c)
{
	save(c, NULL);
}
