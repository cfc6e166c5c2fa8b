// SPDX-License-Identifier: GPL-2.0
/*
 * Reads, writes and fetches of the guest, done by the VMM on its behalf.
 *
 * Everything goes through a walk of the guest's tables with the guest's
 * rights, then through the window or, where there is no memory, to the
 * devices. An access may cross a page; all of it is translated before any of
 * it is done. Window addresses are used at once and never kept: the next host
 * call may take them away.
 */
#include "mmu_int.h"

#define PAGE		4096u
/* How often a write waits for a frame that the host is moving. */
#define MAP_TRIES	1000

struct piece {
	u64 gpa;
	u32 len;
};

/* Translate [lin, lin + len) into at most two pieces. */
static int pieces_get(struct vcpu *v, u32 lin, u32 len, u32 access,
		      struct piece *p, u32 *n)
{
	struct walk w;
	u32 part;
	int r;

	if (len > PAGE)
		plat_panic("mmu: access of %u bytes", len);
	for (*n = 0; len; (*n)++) {
		part = PAGE - (lin & (PAGE - 1));
		if (part > len)
			part = len;
		r = walk_guest(v, lin, access, &w);
		if (r != X_OK)
			return r;
		p[*n].gpa = (u64)w.gfn << 12 | (lin & (PAGE - 1));
		p[*n].len = part;
		lin += part;
		len -= part;
	}
	return X_OK;
}

static void mmio(struct vcpu *v, u64 gpa, u8 *buf, u32 len, bool write)
{
	u32 part;

	v->special++;
	for (; len; len -= part, gpa += part, buf += part) {
		part = len < 8 ? len : 8;
		plat_mmio(gpa, buf, part, write);
	}
}

static int piece_read(struct vcpu *v, const struct piece *p, u8 *buf)
{
	struct plat_page page;
	int kind;

	kind = plat_gfn_map(p->gpa >> 12, false, &page);
	if (likely(kind == VMBT_PAGE_RAM || kind == VMBT_PAGE_ROM)) {
		__builtin_memcpy(buf, (u8 *)page.virt + (p->gpa & (PAGE - 1)),
				 p->len);
		return X_OK;
	}
	if (kind != VMBT_PAGE_NONE)
		return gfn_map_error(v, kind, p->gpa >> 12);
	mmio(v, p->gpa, buf, p->len, false);
	return X_OK;
}

static void ram_write(void *dst, const void *src, u32 len)
{
	u32 val;

	/* User space's devices count on aligned writes being single. */
	if (len == 4 && !((u64)dst & 3)) {
		__builtin_memcpy(&val, src, 4);
		WRITE_ONCE(*(u32 *)dst, val);
	} else {
		__builtin_memcpy(dst, src, len);
	}
}

/* Can the piece be written: RAM with a write grant, or a device? */
static int piece_prepare(struct vcpu *v, const struct piece *p)
{
	struct plat_page page;
	int kind;

	kind = plat_gfn_map(p->gpa >> 12, true, &page);
	if (kind == VMBT_PAGE_NONE || kind == VMBT_PAGE_ROM ||
	    (kind == VMBT_PAGE_RAM && page.writable))
		return X_OK;
	return gfn_map_error(v, kind, p->gpa >> 12);
}

static int piece_write(struct vcpu *v, const struct piece *p, const u8 *buf)
{
	u64 gfn = p->gpa >> 12;
	struct plat_page page;
	u8 copy[8];
	u32 tries, part, off;
	int kind;

	trace_tell(v, p->gpa, p->len, 0);
	for (tries = 0;; tries++) {
		kind = plat_gfn_map(gfn, true, &page);
		if (likely(kind == VMBT_PAGE_RAM && page.writable)) {
			ram_write((u8 *)page.virt + (p->gpa & (PAGE - 1)), buf,
				  p->len);
			trace_done(v, p->gpa, p->len);
			return X_OK;
		}
		if (kind == VMBT_PAGE_NONE || kind == VMBT_PAGE_ROM)
			break;
		/* Prepared before, so the host only just took it. */
		if (kind != VMBT_PAGE_RETRY || tries == MAP_TRIES)
			return gfn_map_error(v, VMBT_PAGE_ERROR, gfn);
		plat_yield();
	}
	for (off = 0; off < p->len; off += part) {
		part = p->len - off < 8 ? p->len - off : 8;
		__builtin_memcpy(copy, buf + off, part);
		mmio(v, p->gpa + off, copy, part, true);
	}
	return X_OK;
}

/* The VMM reads words, mostly: those without a loop. */
static void copy_out(u8 *buf, const u8 *from, u32 len)
{
	if (len == 4)
		__builtin_memcpy(buf, from, 4);
	else if (len == 8)
		__builtin_memcpy(buf, from, 8);
	else
		__builtin_memcpy(buf, from, len);
}

/* A read within a page, which is remembered. */
static int page_read(struct vcpu *v, u32 lin, u8 *buf, u32 len, u32 access)
{
	const u8 *known = reads_find(v->mmu, lin, access);
	struct plat_page page;
	struct piece p;
	struct walk w;
	int r;

	if (known) {
		copy_out(buf, known, len);
		return X_OK;
	}
	r = walk_guest(v, lin, access, &w);
	if (r != X_OK)
		return r;
	p.gpa = (u64)w.gfn << 12 | (lin & (PAGE - 1));
	p.len = len;
	r = piece_read(v, &p, buf);
	/* Asked again: a host call on the way may have taken the page away. */
	if (r == X_OK && plat_gfn_map(w.gfn, false, &page) == VMBT_PAGE_RAM)
		reads_keep(v, &w, &page);
	return r;
}

/**
 * mmu_read() - a data read of the guest
 * @v: the vCPU
 * @lin: linear address
 * @buf: where to
 * @len: 1 to 4096 bytes
 * @access: MMU_USER or 0
 * Return: enum x_result
 */
int mmu_read(struct vcpu *v, u32 lin, void *buf, u32 len, u32 access)
{
	struct piece p[2];
	u32 n, i;
	u8 *dst = buf;
	int r;

	if (likely(len <= PAGE - (lin & (PAGE - 1)))) {
		r = page_read(v, lin, buf, len, access & MMU_USER);
	} else {
		r = pieces_get(v, lin, len, access & MMU_USER, p, &n);
		for (i = 0; r == X_OK && i < n; dst += p[i++].len)
			r = piece_read(v, &p[i], dst);
	}
	if (r == X_OK && !(access & MMU_PEEK))
		watch(v, lin, len, false);
	return r;
}

/**
 * mmu_write() - a data write of the guest
 * @v: the vCPU
 * @lin: linear address
 * @buf: what
 * @len: 1 to 4096 bytes
 * @access: MMU_USER or 0
 * Return: enum x_result; nothing was written unless X_OK
 */
int mmu_write(struct vcpu *v, u32 lin, const void *buf, u32 len, u32 access)
{
	struct piece p[2];
	const u8 *src = buf;
	u32 n, i;
	int r;

	r = pieces_get(v, lin, len, (access & MMU_USER) | MMU_WRITE, p, &n);
	for (i = 0; r == X_OK && i < n; i++)
		r = piece_prepare(v, &p[i]);
	for (i = 0; r == X_OK && i < n; src += p[i++].len)
		r = piece_write(v, &p[i], src);
	if (r == X_OK)
		watch(v, lin, len, true);
	tlb_sync(v);
	return r;
}

/**
 * mmu_probe_write() - would a write succeed?
 * @v: the vCPU
 * @lin: linear address
 * @len: 1 to 4096 bytes
 * @access: MMU_USER or 0
 *
 * For read-modify-write instructions, which fault as writes. Sets the
 * accessed and dirty flags.
 */
int mmu_probe_write(struct vcpu *v, u32 lin, u32 len, u32 access)
{
	struct piece p[2];
	u32 n;

	return pieces_get(v, lin, len, (access & MMU_USER) | MMU_WRITE, p, &n);
}

/**
 * mmu_fetch() - read instruction bytes
 * @v: the vCPU
 * @lin: linear address
 * @buf: where to
 * @len: bytes wanted
 * @access: MMU_USER or 0
 * @got: bytes there are before a fault
 *
 * Return: X_OK when all are there; else why the next one is not
 */
int mmu_fetch(struct vcpu *v, u32 lin, void *buf, u32 len, u32 access, u32 *got)
{
	struct piece p;
	u32 n, part;
	u8 *dst = buf;
	int r;

	for (*got = 0; *got < len; *got += part) {
		part = PAGE - (lin & (PAGE - 1));
		if (part > len - *got)
			part = len - *got;
		r = pieces_get(v, lin, part, (access & MMU_USER) | MMU_EXEC,
			       &p, &n);
		if (r == X_OK)
			r = piece_read(v, &p, dst + *got);
		if (r != X_OK)
			return r;
		lin += part;
	}
	return X_OK;
}

/**
 * mmu_read_phys() - read guest physical memory
 * @v: the vCPU
 * @gpa: A20 applied
 * @buf: where to
 * @len: bytes
 * Return: false where there is no memory
 */
bool mmu_read_phys(struct vcpu *v, u64 gpa, void *buf, u32 len)
{
	struct plat_page page;
	u8 *dst = buf;
	u32 part;
	int kind;

	(void)v;
	for (; len; len -= part, gpa += part, dst += part) {
		part = PAGE - (u32)(gpa & (PAGE - 1));
		if (part > len)
			part = len;
		kind = plat_gfn_map(gpa >> 12, false, &page);
		if (kind != VMBT_PAGE_RAM && kind != VMBT_PAGE_ROM)
			return false;
		__builtin_memcpy(dst, (u8 *)page.virt + (gpa & (PAGE - 1)), part);
	}
	return true;
}

/**
 * mmu_write_phys() - write guest physical memory
 * @v: the vCPU
 * @gpa: A20 applied
 * @buf: what
 * @len: bytes
 * Return: false where there is no RAM
 */
bool mmu_write_phys(struct vcpu *v, u64 gpa, const void *buf, u32 len)
{
	struct plat_page page;
	const u8 *src = buf;
	struct piece p;
	bool ok = true;

	for (; ok && len; len -= p.len, gpa += p.len, src += p.len) {
		p.gpa = gpa;
		p.len = PAGE - (u32)(gpa & (PAGE - 1));
		if (p.len > len)
			p.len = len;
		ok = plat_gfn_map(gpa >> 12, true, &page) == VMBT_PAGE_RAM &&
		     piece_write(v, &p, src) == X_OK;
	}
	tlb_sync(v);
	return ok;
}
