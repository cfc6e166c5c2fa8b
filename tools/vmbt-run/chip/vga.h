/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VGA with the VBE extension of Bochs.
 */
#ifndef VMBT_RUN_VGA_H
#define VMBT_RUN_VGA_H

#include "pci.h"

#define VGA_RAM		(16U << 20)
#define VGA_WINDOW	0xa0000
#define VGA_WINDOW_END	0xc0000
#define VGA_TEXT	0xb8000
#define VGA_TEXT_SIZE	0x8000
#define VGA_BANK	0x10000

#define VGA_ATTR	0x3c0
#define VGA_PORTS_END	0x3df
#define VGA_VBE_INDEX	0x1ce
#define VGA_VBE_DATA	0x1cf

#define VGA_VBE_REGS	11
#define VBE_XRES	1
#define VBE_YRES	2
#define VBE_BPP		3
#define VBE_ENABLE	4
#define VBE_VIRT_WIDTH	6
#define VBE_X_OFFSET	8
#define VBE_Y_OFFSET	9

#define VGA_MAX_WIDTH	(256 * 9 * 2)	/* of a picture */
#define VGA_MAX_HEIGHT	1600
#define VGA_COLUMNS	160	/* of text, at most */
#define VGA_ROWS	100

/**
 * struct vga - the adapter
 * @pci: its configuration space: frame buffer in BAR 0, registers in BAR 2
 * @ram: display memory, VGA_RAM bytes; plane n of byte a at a * 4 + n
 * @text: what is at B8000h to BFFFFh while @text_direct, VGA_TEXT_SIZE bytes
 * @text_direct: text memory is RAM of the guest
 * @window: what the guest's accesses to the window reach by themselves, or NULL
 * @misc: miscellaneous output register
 * @seq_index: sequencer's
 * @seq: its registers
 * @crtc_index: CRT controller's
 * @crtc: its registers
 * @gfx_index: graphics controller's
 * @gfx: its registers
 * @attr_index: attribute controller's, with the bit that shows the picture
 * @attr_data: the next write to 3C0h is data
 * @attr: its registers
 * @dac: palette, 6 or 8 bits a colour
 * @dac_mask: pixel mask
 * @dac_read: next colour that is read, in thirds
 * @dac_write: next colour that is written, in thirds
 * @dac_reading: 3C7h was written last
 * @dac_temp: parts of the colour that is being written
 * @latch: the four planes' bytes read last
 * @vbe_index: VBE's
 * @vbe: its registers
 * @map_window: maps so many bytes at an address in the window, or with 0 nothing
 * @lfb_moved: called when the frame buffer's address changed
 * @arg: first argument of these
 */
struct vga {
	struct pci_func pci;
	u8 *ram;
	u8 *text;
	bool text_direct;
	u8 *window;
	u8 misc;
	u8 seq_index;
	u8 seq[8];
	u8 crtc_index;
	u8 crtc[32];
	u8 gfx_index;
	u8 gfx[16];
	u8 attr_index;
	bool attr_data;
	u8 attr[32];
	u8 dac[768];
	u8 dac_mask;
	u16 dac_read;
	u16 dac_write;
	bool dac_reading;
	u8 dac_temp[3];
	u8 latch[4];
	u16 vbe_index;
	u16 vbe[VGA_VBE_REGS];
	void (*map_window)(void *arg, u32 gpa, u8 *where, u32 size);
	void (*lfb_moved)(void *arg);
	void *arg;
};

/**
 * struct vga_text - a screen of text
 * @columns: of the screen
 * @rows: of it
 * @cell: character and attribute, row by row
 * @cursor: cell of the cursor, or -1
 * @blink: the highest bit of a cell makes it blink, and is not a bright background
 */
struct vga_text {
	unsigned int columns;
	unsigned int rows;
	u16 cell[VGA_COLUMNS * VGA_ROWS];
	int cursor;
	bool blink;
};

/**
 * struct vga_view - all that the picture depends on, but for display memory
 * @ram: display memory
 * @text: text memory, where it is not a part of that, or NULL
 * @width: of the picture
 * @height: of it
 * @seq: the sequencer's registers
 * @crtc: the CRT controller's
 * @gfx: the graphics controller's
 * @attr_index: of the attribute controller: the picture is on
 * @attr_mode: its mode
 * @pan: its panning
 * @vbe: VBE's registers
 * @colour: of a byte: red, above it green, above it blue
 * @pen: of 4 bits
 * @cursor: the cursor is to be seen
 * @blink: characters that blink are
 */
struct vga_view {
	const u8 *ram;
	const u8 *text;
	unsigned int width;
	unsigned int height;
	u8 seq[8];
	u8 crtc[32];
	u8 gfx[16];
	u8 attr_index;
	u8 attr_mode;
	u8 pan;
	u16 vbe[VGA_VBE_REGS];
	u32 colour[256];
	u32 pen[16];
	bool cursor;
	bool blink;
};

void vga_reset(struct vga *v);
u8 vga_read(struct vga *v, u16 port, u64 now);
void vga_write(struct vga *v, u16 port, u8 val);
u16 vga_vbe_read(const struct vga *v, u16 port);
void vga_vbe_write(struct vga *v, u16 port, u16 val);
u8 vga_mem_read(struct vga *v, u32 addr);
void vga_mem_write(struct vga *v, u32 addr, u8 val);
u32 vga_mmio_read(struct vga *v, u32 offset, unsigned int size, u64 now);
void vga_mmio_write(struct vga *v, u32 offset, u32 val, unsigned int size);
void vga_state(struct vga *v, struct state *s);

/* vgadraw.c */
void vga_view(const struct vga *v, struct vga_view *w);
void vga_view_blink(struct vga_view *w, bool cursor, bool blink);
void vga_view_row(const struct vga_view *w, unsigned int y, u32 *row);
bool vga_view_text(const struct vga_view *w, struct vga_text *t);
u32 vga_view_source(const struct vga_view *w, unsigned int y, u32 *at);
bool vga_get_text(const struct vga *v, struct vga_text *t);
void vga_size(const struct vga *v, unsigned int *width, unsigned int *height);
void vga_draw(const struct vga *v, u8 *to, unsigned int width, unsigned int height);

#endif
