// SPDX-License-Identifier: GPL-2.0
/*
 * A VGA with the VBE extension of Bochs: registers and display memory.
 *
 * From IBM's PS/2 hardware interface technical reference (video subsystem), and
 * the interface that Bochs published for its VBE (ports 1CEh and 1CFh), which
 * the VGA BIOS in Debian's seabios drives. What the screen shows is vgadraw.c's.
 *
 * In the text modes that everybody uses, with characters in plane 0 and
 * attributes in plane 1, the bytes at B8000h behave like plain memory. Then they
 * are: the machine maps v->text there, and text costs the guest no exits. As
 * soon as a register says otherwise (a font is loaded, a graphics mode set) the
 * planes get what is in it, and the window is ours again. Where a byte is a pixel,
 * in mode 13h and through the window of a VBE mode, display memory itself is mapped
 * at A0000h.
 */
#include "vga.h"

#define ID		0x11111234
#define CLASS_REV	0x03000002
#define SUBSYSTEM	0x11001af4
#define MMIO_SIZE	4096

#define MISC_COLOUR	0x01
#define MISC_RAM	0x02

#define SEQ_MAP_MASK	2
#define SEQ_MODE	4
#define SEQ_MODE_SEQ	0x04	/* no odd/even */
#define SEQ_MODE_CHAIN4	0x08

#define GFX_SET_RESET	0
#define GFX_ENABLE	1
#define GFX_COMPARE	2
#define GFX_ROTATE	3
#define GFX_READ_MAP	4
#define GFX_MODE	5
#define GFX_MISC	6
#define GFX_DONT_CARE	7
#define GFX_BIT_MASK	8

#define CRTC_OVERFLOW	0x07
#define CRTC_VSYNC_END	0x11
#define CRTC_PROTECT	0x80

#define ST1_NO_DISPLAY	0x01
#define ST1_VSYNC	0x08

#define VBE_ID_FIRST	0xb0c0
#define VBE_ID_LAST	0xb0c5
#define VBE_ID		0
#define VBE_BANK	5
#define VBE_VIRT_HEIGHT	7
#define VBE_MEMORY	10
#define VBE_ENABLED	0x01
#define VBE_GETCAPS	0x02
#define VBE_DAC8	0x20
#define VBE_NOCLEAR	0x80
#define VBE_MAX_X	2560
#define VBE_MAX_Y	1600
#define VBE_MAX_BPP	32

#define FRAME_NS	16683333ULL	/* 59.94 Hz */
#define LINES		525
#define LINES_SHOWN	480

static const u8 crtc_mask[25] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0x3f, 0x7f, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xef, 0xff,
};

static const u8 gfx_mask[9] = { 0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff };
static const u8 seq_mask[5] = { 0x03, 0x3d, 0x0f, 0x3f, 0x0e };

static bool vbe_on(const struct vga *v)
{
	return v->vbe[VBE_ENABLE] & VBE_ENABLED;
}

/* Is the window at B8000h what plain memory would be? */
static bool plain_text(const struct vga *v)
{
	return v->misc & MISC_RAM && !vbe_on(v) &&
	       !(v->seq[SEQ_MODE] & (SEQ_MODE_SEQ | SEQ_MODE_CHAIN4)) &&
	       (v->seq[SEQ_MAP_MASK] & 3) == 3 &&
	       (v->gfx[GFX_MISC] & 0x0f) == 0x0e &&	/* text, odd/even, B8000h */
	       (v->gfx[GFX_MODE] & 0x1b) == 0x10 &&	/* write mode 0, read mode 0 */
	       !v->gfx[GFX_ENABLE] && !v->gfx[GFX_ROTATE] &&
	       !(v->gfx[GFX_READ_MAP] & 2) && v->gfx[GFX_BIT_MASK] == 0xff;
}

static u32 text_index(u32 offset)
{
	return (offset & ~1U) * 4 + (offset & 1);
}

/* Is the window at A0000h display memory, byte by byte? */
static bool plain_linear(const struct vga *v)
{
	if (!(v->misc & MISC_RAM) || (v->gfx[GFX_MISC] >> 2 & 3) != 1)
		return false;
	if (v->seq[SEQ_MODE] & SEQ_MODE_CHAIN4)
		return vbe_on(v) || (v->seq[SEQ_MAP_MASK] & 15) == 15;
	return vbe_on(v) && v->vbe[VBE_BPP] > 4;
}

static void leave_text(struct vga *v)
{
	u32 i;

	v->text_direct = false;
	for (i = 0; i < VGA_TEXT_SIZE; i++)
		v->ram[text_index(i)] = v->text[i];
}

static void enter_text(struct vga *v)
{
	u32 i;

	for (i = 0; i < VGA_TEXT_SIZE; i++)
		v->text[i] = v->ram[text_index(i)];
	v->text_direct = true;
}

/* After a register was written: what of the window is the guest's own memory? */
static void check_window(struct vga *v)
{
	u8 *where = NULL;

	if (plain_text(v))
		where = v->text;
	else if (plain_linear(v))
		where = v->ram + ((u32)v->vbe[VBE_BANK] << 16);
	if (where == v->window)
		return;
	/* Nobody else writes while what was written changes its place. */
	if (v->window)
		v->map_window(v->arg, 0, NULL, 0);
	if (v->text_direct)
		leave_text(v);
	v->window = where;
	if (where == v->text)
		enter_text(v);
	if (where)
		v->map_window(v->arg, where == v->text ? VGA_TEXT : VGA_WINDOW, where,
			      where == v->text ? VGA_TEXT_SIZE : VGA_BANK);
}

static void pci_changed(void *arg, unsigned int reg, unsigned int len)
{
	struct vga *v = arg;

	(void)reg;
	(void)len;
	v->lfb_moved(v->arg);
}

/**
 * vga_reset() - power-on state
 * @v: the adapter, with memory and functions filled in
 */
void vga_reset(struct vga *v)
{
	struct pci_func *f = &v->pci;
	unsigned int i;

	*v = (struct vga){
		.ram = v->ram,
		.text = v->text,
		.dac_mask = 0xff,
		.map_window = v->map_window,
		.lfb_moved = v->lfb_moved,
		.arg = v->arg,
	};
	memset(v->ram, 0, VGA_RAM);
	memset(v->text, 0, VGA_TEXT_SIZE);
	v->vbe[VBE_ID] = VBE_ID_LAST;
	v->vbe[VBE_MEMORY] = VGA_RAM >> 16;
	f->changed = pci_changed;
	f->arg = v;
	pci_func_init(f, ID, CLASS_REV);
	pci_func_bar(f, 0, VGA_RAM, PCI_BAR_PREFETCH);
	pci_func_bar(f, 2, MMIO_SIZE, 0);
	for (i = 0; i < 4; i++)
		f->config[PCI_SUBSYSTEM + i] = (u32)SUBSYSTEM >> 8 * i;
}

/* Registers */

/* The beam moves with the host's clock. */
static u8 status1(struct vga *v, u64 now)
{
	u64 line = now % FRAME_NS * LINES / FRAME_NS;
	u64 dot = now % FRAME_NS * LINES % FRAME_NS * 5 / FRAME_NS;
	u8 val = 0;

	v->attr_data = false;
	if (line >= LINES_SHOWN || dot == 4)
		val |= ST1_NO_DISPLAY;
	/* Longer than a real one: who looks rarely must meet it. */
	if (line >= LINES_SHOWN)
		val |= ST1_VSYNC;
	return val;
}

static bool is_colour(const struct vga *v)
{
	return v->misc & MISC_COLOUR;
}

/* The CRT controller and status 1 are at 3Bxh or 3Dxh. */
static u16 canonical(const struct vga *v, u16 port)
{
	if (port >= 0x3b0 && port < 0x3c0)
		return is_colour(v) ? 0 : port + 0x20;
	if (port >= 0x3d0)
		return is_colour(v) ? port : 0;
	return port;
}

static u8 dac_read_data(struct vga *v)
{
	u8 val = v->dac[v->dac_read % sizeof(v->dac)];

	v->dac_read = (v->dac_read + 1) % sizeof(v->dac);
	return val;
}

static void dac_write_data(struct vga *v, u8 val)
{
	unsigned int third = v->dac_write % 3, at = v->dac_write - third;

	v->dac_temp[third] = v->vbe[VBE_ENABLE] & VBE_DAC8 ? val : val & 0x3f;
	v->dac_write = (v->dac_write + 1) % sizeof(v->dac);
	if (third == 2)
		memcpy(v->dac + at, v->dac_temp, 3);
}

/**
 * vga_read() - the guest reads a register
 * @v: the adapter
 * @port: 3B0h to 3DFh
 * @now: time in nanoseconds
 *
 * Return: the byte.
 */
u8 vga_read(struct vga *v, u16 port, u64 now)
{
	switch (canonical(v, port)) {
	case 0x3c0:
		return v->attr_index;
	case 0x3c1:
		return v->attr[v->attr_index & 0x1f];
	case 0x3c2:	/* input status 0: a monitor is there */
		return 0x10;
	case 0x3c3:
		return 0x01;
	case 0x3c4:
		return v->seq_index;
	case 0x3c5:
		return v->seq[v->seq_index & 7];
	case 0x3c6:
		return v->dac_mask;
	case 0x3c7:
		return v->dac_reading ? 3 : 0;
	case 0x3c8:
		return v->dac_write / 3;
	case 0x3c9:
		return dac_read_data(v);
	case 0x3ca:
		return 0;
	case 0x3cc:
		return v->misc;
	case 0x3ce:
		return v->gfx_index;
	case 0x3cf:
		return v->gfx[v->gfx_index & 15];
	case 0x3d4:
		return v->crtc_index;
	case 0x3d5:
		return v->crtc[v->crtc_index & 31];
	case 0x3da:
		return status1(v, now);
	default:
		return 0xff;
	}
}

static void attr_write(struct vga *v, u8 val)
{
	u8 index = v->attr_index & 0x1f;

	v->attr_data = !v->attr_data;
	if (v->attr_data)
		v->attr_index = val & 0x3f;
	else if (index <= 0x14)
		v->attr[index] = index < 0x10 || index == 0x12 ? val & 0x3f : val;
}

static void crtc_write(struct vga *v, u8 val)
{
	u8 index = v->crtc_index;

	if (index >= ARRAY_SIZE(crtc_mask))
		return;
	/* Registers 0 to 7 can be protected, all but one bit of them. */
	if (index <= CRTC_OVERFLOW && v->crtc[CRTC_VSYNC_END] & CRTC_PROTECT) {
		if (index == CRTC_OVERFLOW)
			v->crtc[index] = (v->crtc[index] & ~0x10) | (val & 0x10);
		return;
	}
	v->crtc[index] = val & crtc_mask[index];
}

/**
 * vga_write() - the guest writes a register
 * @v: the adapter
 * @port: 3B0h to 3DFh
 * @val: the byte
 */
void vga_write(struct vga *v, u16 port, u8 val)
{
	switch (canonical(v, port)) {
	case 0x3c0:
		attr_write(v, val);
		break;
	case 0x3c2:
		v->misc = val & 0xef;
		break;
	case 0x3c4:
		v->seq_index = val & 7;
		break;
	case 0x3c5:
		if (v->seq_index < ARRAY_SIZE(seq_mask))
			v->seq[v->seq_index] = val & seq_mask[v->seq_index];
		break;
	case 0x3c6:
		v->dac_mask = val;
		break;
	case 0x3c7:
		v->dac_read = val * 3;
		v->dac_reading = true;
		break;
	case 0x3c8:
		v->dac_write = val * 3;
		v->dac_reading = false;
		break;
	case 0x3c9:
		dac_write_data(v, val);
		break;
	case 0x3ce:
		v->gfx_index = val & 15;
		break;
	case 0x3cf:
		if (v->gfx_index < ARRAY_SIZE(gfx_mask))
			v->gfx[v->gfx_index] = val & gfx_mask[v->gfx_index];
		break;
	case 0x3d4:
		v->crtc_index = val & 0x1f;
		break;
	case 0x3d5:
		crtc_write(v, val);
		break;
	}
	check_window(v);
}

/* VBE */

static u16 vbe_capability(unsigned int index)
{
	switch (index) {
	case VBE_XRES:
		return VBE_MAX_X;
	case VBE_YRES:
		return VBE_MAX_Y;
	default:
		return VBE_MAX_BPP;
	}
}

/**
 * vga_vbe_read() - the guest reads a register of VBE
 * @v: the adapter
 * @port: VGA_VBE_INDEX, or VGA_VBE_DATA and behind
 *
 * Return: the word.
 */
u16 vga_vbe_read(const struct vga *v, u16 port)
{
	if (port == VGA_VBE_INDEX)
		return v->vbe_index;
	if (v->vbe_index >= VGA_VBE_REGS)
		return 0;
	if (v->vbe[VBE_ENABLE] & VBE_GETCAPS && v->vbe_index >= VBE_XRES &&
	    v->vbe_index <= VBE_BPP)
		return vbe_capability(v->vbe_index);
	return v->vbe[v->vbe_index];
}

static u32 vbe_line(const struct vga *v, unsigned int width)
{
	unsigned int bpp = v->vbe[VBE_BPP];

	return bpp == 4 ? width / 2 : width * ((bpp + 7) / 8);
}

/* The mode's registers fit each other and the memory, or are made to. */
static void vbe_fit(struct vga *v)
{
	u16 *r = v->vbe;
	u32 line;

	if (r[VBE_VIRT_WIDTH] < r[VBE_XRES])
		r[VBE_VIRT_WIDTH] = r[VBE_XRES];
	line = vbe_line(v, r[VBE_VIRT_WIDTH]);
	r[VBE_VIRT_HEIGHT] = !line ? 0 : VGA_RAM / line < 0xffff ? VGA_RAM / line : 0xffff;
}

static void vbe_enable(struct vga *v, u16 val)
{
	u16 *r = v->vbe;
	u32 bytes;

	if (val & VBE_ENABLED && !vbe_on(v)) {
		r[VBE_VIRT_WIDTH] = r[VBE_XRES];
		r[VBE_X_OFFSET] = 0;
		r[VBE_Y_OFFSET] = 0;
		r[VBE_ENABLE] = val;
		check_window(v);
		vbe_fit(v);
		bytes = vbe_line(v, r[VBE_XRES]) * r[VBE_YRES];
		if (!(val & VBE_NOCLEAR) && bytes <= VGA_RAM)
			memset(v->ram, 0, bytes);
	}
	/* The meaning of the palette's bytes changes with their width. */
	r[VBE_ENABLE] = val;
	r[VBE_BANK] = 0;
}

static bool known_bpp(u16 bpp)
{
	return bpp == 4 || bpp == 8 || bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32;
}

/**
 * vga_vbe_write() - the guest writes a register of VBE
 * @v: the adapter
 * @port: VGA_VBE_INDEX, or VGA_VBE_DATA and behind
 * @val: the word
 */
void vga_vbe_write(struct vga *v, u16 port, u16 val)
{
	u16 *r = v->vbe;

	if (port == VGA_VBE_INDEX) {
		v->vbe_index = val;
		return;
	}
	switch (v->vbe_index) {
	case VBE_ID:
		if (val >= VBE_ID_FIRST && val <= VBE_ID_LAST)
			r[VBE_ID] = val;
		break;
	case VBE_XRES:
		if (!vbe_on(v) && val <= VBE_MAX_X && !(val & 7))
			r[VBE_XRES] = val;
		break;
	case VBE_YRES:
		if (!vbe_on(v) && val <= VBE_MAX_Y)
			r[VBE_YRES] = val;
		break;
	case VBE_BPP:
		if (!vbe_on(v) && (!val || known_bpp(val)))
			r[VBE_BPP] = val ? val : 8;
		break;
	case VBE_ENABLE:
		vbe_enable(v, val);
		break;
	case VBE_BANK:
		if (val < VGA_RAM >> 16)
			r[VBE_BANK] = val;
		break;
	case VBE_VIRT_WIDTH:
		r[VBE_VIRT_WIDTH] = val;
		vbe_fit(v);
		break;
	case VBE_X_OFFSET:
		if (val <= r[VBE_VIRT_WIDTH])
			r[VBE_X_OFFSET] = val;
		break;
	case VBE_Y_OFFSET:
		if (val <= r[VBE_VIRT_HEIGHT])
			r[VBE_Y_OFFSET] = val;
		break;
	}
	check_window(v);
}

/* Memory */

/* Where in the window an address is, or ~0 if that part is not decoded. */
static u32 window(const struct vga *v, u32 addr)
{
	if (!(v->misc & MISC_RAM) || addr < VGA_WINDOW || addr >= VGA_WINDOW_END)
		return ~0U;
	switch (v->gfx[GFX_MISC] >> 2 & 3) {
	case 0:
		return addr - 0xa0000;
	case 1:
		return addr < 0xb0000 ? addr - 0xa0000 : ~0U;
	case 2:
		return addr >= 0xb0000 && addr < 0xb8000 ? addr - 0xb0000 : ~0U;
	default:
		return addr >= 0xb8000 ? addr - 0xb8000 : ~0U;
	}
}

/* A byte's four planes; VGA's own memory is the first 256 KiB. */
static u8 *planes(struct vga *v, u32 offset)
{
	return v->ram + (offset & 0xffff) * 4;
}

static bool linear(const struct vga *v)
{
	return v->seq[SEQ_MODE] & SEQ_MODE_CHAIN4 || (vbe_on(v) && v->vbe[VBE_BPP] > 4);
}

static u32 linear_index(const struct vga *v, u32 offset)
{
	return (offset + ((u32)v->vbe[VBE_BANK] << 16)) & (VGA_RAM - 1);
}

/**
 * vga_mem_read() - the guest reads display memory
 * @v: the adapter
 * @addr: A0000h to BFFFFh
 *
 * Return: the byte.
 */
u8 vga_mem_read(struct vga *v, u32 addr)
{
	u32 offset = window(v, addr);
	u8 map = v->gfx[GFX_READ_MAP], val, *p;
	unsigned int i;

	if (offset == ~0U)
		return 0xff;
	if (linear(v))
		return v->ram[linear_index(v, offset)];
	if (!(v->seq[SEQ_MODE] & SEQ_MODE_SEQ) || v->gfx[GFX_MODE] & 0x10) {
		map = (map & 2) | (offset & 1);
		offset &= ~1U;
	}
	p = planes(v, offset);
	memcpy(v->latch, p, 4);
	if (!(v->gfx[GFX_MODE] & 0x08))
		return p[map];
	/* Read mode 1: which pixels have the colour that is compared with? */
	val = 0xff;
	for (i = 0; i < 4; i++)
		if (v->gfx[GFX_DONT_CARE] & BIT(i))
			val &= ~(p[i] ^ (v->gfx[GFX_COMPARE] & BIT(i) ? 0xff : 0));
	return val;
}

static u8 rotate(const struct vga *v, u8 val)
{
	unsigned int n = v->gfx[GFX_ROTATE] & 7;

	return val >> n | val << (8 - n);
}

static u8 combine(const struct vga *v, u8 val, u8 latch)
{
	switch (v->gfx[GFX_ROTATE] >> 3 & 3) {
	case 1:
		return val & latch;
	case 2:
		return val | latch;
	case 3:
		return val ^ latch;
	default:
		return val;
	}
}

static void planar_write(struct vga *v, u8 *p, u8 plane_mask, u8 val)
{
	u8 mask = v->gfx[GFX_BIT_MASK], set, data;
	unsigned int mode = v->gfx[GFX_MODE] & 3, i;

	if (mode == 0 || mode == 3)
		val = rotate(v, val);
	if (mode == 3)
		mask &= val;
	for (i = 0; i < 4; i++) {
		if (!(plane_mask & BIT(i)))
			continue;
		set = v->gfx[GFX_SET_RESET] & BIT(i) ? 0xff : 0;
		switch (mode) {
		case 0:
			data = combine(v, v->gfx[GFX_ENABLE] & BIT(i) ? set : val, v->latch[i]);
			break;
		case 1:
			p[i] = v->latch[i];
			continue;
		case 2:
			data = combine(v, val & BIT(i) ? 0xff : 0, v->latch[i]);
			break;
		default:
			data = combine(v, set, v->latch[i]);
			break;
		}
		p[i] = (data & mask) | (v->latch[i] & ~mask);
	}
}

/**
 * vga_mem_write() - the guest writes display memory
 * @v: the adapter
 * @addr: A0000h to BFFFFh
 * @val: the byte
 */
void vga_mem_write(struct vga *v, u32 addr, u8 val)
{
	u32 offset = window(v, addr);
	u8 mask = v->seq[SEQ_MAP_MASK];

	if (offset == ~0U)
		return;
	/* Written while it was not plain memory yet, and told later than a register was. */
	if (v->text_direct && addr >= VGA_TEXT && addr < VGA_TEXT + VGA_TEXT_SIZE) {
		v->text[addr - VGA_TEXT] = val;
		return;
	}
	if (v->seq[SEQ_MODE] & SEQ_MODE_CHAIN4) {
		if (vbe_on(v) || mask & BIT(offset & 3))
			v->ram[linear_index(v, offset)] = val;
		return;
	}
	if (linear(v)) {
		v->ram[linear_index(v, offset)] = val;
		return;
	}
	if (!(v->seq[SEQ_MODE] & SEQ_MODE_SEQ)) {
		mask &= offset & 1 ? 0x0a : 0x05;
		offset &= ~1U;
	}
	planar_write(v, planes(v, offset), mask, val);
}

/**
 * vga_mmio_read() - the guest reads BAR 2
 * @v: the adapter
 * @offset: in it: 400h the VGA registers, 500h those of VBE
 * @size: 1, 2 or 4 bytes
 * @now: time in nanoseconds
 *
 * Return: the value.
 */
u32 vga_mmio_read(struct vga *v, u32 offset, unsigned int size, u64 now)
{
	struct vga copy;
	unsigned int i;
	u32 val = 0;

	if (offset >= 0x400 && offset < 0x420) {
		for (i = 0; i < size; i++)
			val |= (u32)vga_read(v, offset - 0x400 + VGA_ATTR + i, now) << 8 * i;
		return val;
	}
	if (offset >= 0x500 && offset < 0x500 + 2 * VGA_VBE_REGS && size == 2) {
		copy = *v;
		copy.vbe_index = (offset - 0x500) / 2;
		return vga_vbe_read(&copy, VGA_VBE_DATA);
	}
	return size == 4 ? ~0U : (1U << 8 * size) - 1;
}

/**
 * vga_mmio_write() - the guest writes BAR 2
 * @v: the adapter
 * @offset: in it
 * @val: the value
 * @size: 1, 2 or 4 bytes
 */
void vga_mmio_write(struct vga *v, u32 offset, u32 val, unsigned int size)
{
	unsigned int i;
	u16 index;

	if (offset >= 0x400 && offset < 0x420) {
		for (i = 0; i < size; i++)
			vga_write(v, offset - 0x400 + VGA_ATTR + i, val >> 8 * i);
	} else if (offset >= 0x500 && offset < 0x500 + 2 * VGA_VBE_REGS && size == 2) {
		index = v->vbe_index;
		v->vbe_index = (offset - 0x500) / 2;
		vga_vbe_write(v, VGA_VBE_DATA, val);
		v->vbe_index = index;
	}
}

/**
 * vga_state() - save or restore all but the configuration space
 * @v: the adapter
 * @s: where to
 */
void vga_state(struct vga *v, struct state *s)
{
	u8 ram = v->misc & MISC_RAM;

	/* Memory is saved as planes, and given back to text afterwards. */
	v->misc &= ~MISC_RAM;
	check_window(v);
	v->misc |= ram;
	state_bytes(s, v->ram, VGA_RAM);
	STATE(s, v->misc);
	STATE(s, v->seq_index);
	STATE(s, v->seq);
	STATE(s, v->crtc_index);
	STATE(s, v->crtc);
	STATE(s, v->gfx_index);
	STATE(s, v->gfx);
	STATE(s, v->attr_index);
	state_bool(s, &v->attr_data);
	STATE(s, v->attr);
	STATE(s, v->dac);
	STATE(s, v->dac_mask);
	STATE(s, v->dac_read);
	STATE(s, v->dac_write);
	state_bool(s, &v->dac_reading);
	STATE(s, v->dac_temp);
	STATE(s, v->latch);
	STATE(s, v->vbe_index);
	STATE(s, v->vbe);
	state_sane(s, v->seq_index < ARRAY_SIZE(v->seq) && v->crtc_index < ARRAY_SIZE(v->crtc) &&
		   v->gfx_index < ARRAY_SIZE(v->gfx) && v->gfx[GFX_READ_MAP] < 4 &&
		   v->dac_read < sizeof(v->dac) && v->dac_write < sizeof(v->dac) &&
		   v->vbe[VBE_XRES] <= VBE_MAX_X && v->vbe[VBE_YRES] <= VBE_MAX_Y &&
		   v->vbe[VBE_BANK] < VGA_RAM >> 16);
	if (s->bad)
		vga_reset(v);
	check_window(v);
}
