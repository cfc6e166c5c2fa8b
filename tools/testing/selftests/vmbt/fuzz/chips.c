// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile guest against the chips of vmbt-run.
 *
 * The input is a guest's accesses: ports of every device, configuration space,
 * display memory, in any order and size, with requests of the drives done at any
 * time. Devices reach a little RAM, which has the input as well, so that it can
 * be descriptors. The sanitizers watch; state that was saved in the middle is put
 * back, and so is state that is the input itself.
 */
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "../unit/runner/fakedisk.h"

#include "board.h"
#include "dma.h"
#include "fdc.h"
#include "fwcfg.h"
#include "i440fx.h"
#include "i8042.h"
#include "ide.h"
#include "pci.h"
#include "pcnet.h"
#include "piix.h"
#include "vga.h"

#define RAM	0x10000

static u8 ram[RAM], vga_ram[VGA_RAM], text[VGA_TEXT_SIZE], ide_buffer[IDE_CHUNK];
static u8 kept[IDE_CHUNK + 8192];
static struct disk disk = { .sectors = 2880, .overlay = -1 };
static struct disk cd = { .sectors = 4096, .readonly = true, .overlay = -1 };
static struct disk floppy = { .sectors = 2880, .overlay = -1 };
static struct pci pci;
static struct i440fx host;
static struct piix piix;
static struct board board;
static struct dma dma;
static struct ide ide;
static struct fdc fdc;
static struct vga vga;
static struct i8042 kbd;
static struct fwcfg fwcfg;
static struct pcnet pcnet;

static void set_irq(void *arg, unsigned int irq, bool level)
{
	(void)arg;
	(void)level;
	if (irq > 15)
		abort();
}

static void set_level(void *arg, bool level)
{
	(void)arg;
	(void)level;
}

static void nothing(void *arg)
{
	(void)arg;
}

static void map_window(void *arg, u32 gpa, u8 *where, u32 size)
{
	(void)arg;
	if (where && gpa != 0xa0000 && gpa != 0xb8000)
		abort();
	/* All of it must be there. */
	if (where && !(where >= vga_ram && size <= VGA_RAM - (size_t)(where - vga_ram)) &&
	    !(where == text && size == VGA_TEXT_SIZE))
		abort();
}

static void moved(void *arg, u16 from, u16 to)
{
	(void)arg;
	(void)from;
	(void)to;
}

static bool memory(void *arg, u64 gpa, void *buf, u32 len, bool write)
{
	(void)arg;
	if (gpa >= RAM || len > RAM - gpa)
		return false;
	if (write)
		memcpy(ram + gpa, buf, len);
	else
		memcpy(buf, ram + gpa, len);
	return true;
}

static u32 fdc_dma(void *arg, u8 *buf, u32 len, bool to_memory, bool *tc)
{
	(void)arg;
	return dma_run(&dma, FDC_DMA, buf, len, to_memory, tc);
}

static void settle(void *arg)
{
	(void)arg;
}

static bool send_frame(void *arg, const u8 *frame, u32 len)
{
	u8 copy[PCNET_FRAME_MAX + PCNET_FCS];

	(void)arg;
	memcpy(copy, frame, len);
	return copy[len - 1] != 0x55;
}

static void card(u8 reg, u32 val, unsigned int wide)
{
	static u8 frame[PCNET_FRAME_MAX + 2];
	unsigned int n;

	if (reg < 0x80) {
		pcnet_write(&pcnet, reg & 31, val, wide);
	} else if (reg < 0xa0) {
		pcnet_read(&pcnet, reg & 31, wide);
	} else if (reg < 0xc0) {
		pcnet_transmit(&pcnet);
	} else {
		memcpy(frame, ram, sizeof(frame));
		for (n = 0; n <= reg % 4U; n++)
			if (!pcnet_receive(&pcnet, frame, val % (sizeof(frame) + 1)))
				pcnet_miss(&pcnet);
		pcnet_received(&pcnet);
		if (pcnet.filled)
			abort();
	}
}

static void start(void)
{
	fake_req = NULL;
	fake_error = 0;
	memset(&pci, 0, sizeof(pci));
	host.pam_changed = nothing;
	i440fx_reset(&host);
	piix = (struct piix){ .set_irq = set_irq, .pm_moved = moved, .power_off = nothing };
	piix_reset(&piix);
	board = (struct board){ .reset = nothing, .a20 = set_level };
	board_reset(&board);
	dma = (struct dma){ .memory = memory };
	dma_reset(&dma);
	ide = (struct ide){ .buffer = ide_buffer, .set_irq = set_level, .memory = memory };
	ide_reset(&ide);
	ide_attach(&ide, 0, IDE_DISK, &disk);
	ide_attach(&ide, 1, IDE_CD, &cd);
	fdc = (struct fdc){ .set_irq = set_level, .dma = fdc_dma };
	fdc_reset(&fdc);
	fdc_attach(&fdc, 0, &floppy);
	fdc_write(&fdc, FDC_DIR, 0);	/* the medium's rate */
	vga = (struct vga){ .ram = vga_ram, .text = text, .map_window = map_window,
			    .lfb_moved = nothing };
	/* Memory as large as it is would be all the time there is. */
	pci_func_init(&vga.pci, 0, 0);
	vga.dac_mask = 0xff;
	kbd = (struct i8042){ .set_irq = set_irq, .reset = nothing, .a20 = set_level };
	i8042_reset(&kbd);
	fwcfg_reset(&fwcfg);
	pcnet = (struct pcnet){ .set_irq = set_level, .memory = memory,
				 .settle = settle, .send = send_frame };
	pcnet_reset(&pcnet, (const u8 *)"\x52\x54\x00\x12\x34\x56");
	pci.func[24] = &pcnet.pci;
	pci.func[0] = &host.pci;
	pci.func[8] = &piix.isa;
	pci.func[11] = &piix.pm;
}

/* Rows at the edges of the picture, and one that the input chooses. */
static void picture(u32 val)
{
	static u32 row[VGA_MAX_WIDTH + 1];
	static struct vga_text t;
	struct vga_view w;
	u32 at, len;

	vga_view(&vga, &w);
	vga_view_blink(&w, val & 1, val & 2);
	if (!w.width || !w.height || w.width > VGA_MAX_WIDTH || w.height > VGA_MAX_HEIGHT)
		abort();
	if (vga_view_text(&w, &t) && (t.columns > VGA_COLUMNS || t.rows > VGA_ROWS ||
				      t.cursor >= (int)(t.columns * t.rows)))
		abort();
	row[w.width] = 0x5a5a5a5a;
	vga_view_row(&w, 0, row);
	vga_view_row(&w, w.height - 1, row);
	vga_view_row(&w, val % w.height, row);
	len = vga_view_source(&w, val % w.height, &at);
	if (row[w.width] != 0x5a5a5a5a || (len && (at >= VGA_RAM || len > VGA_RAM)))
		abort();
}

static void save_and_restore(bool from_input, const u8 *data, size_t size)
{
	struct state s = { .data = kept, .size = sizeof(kept) };

	if (ide.req.busy || fdc.req.busy)
		return;
	ide_state(&ide, &s);
	fdc_state(&fdc, &s);
	dma_state(&dma, &s);
	piix_state(&piix, &s);
	i8042_state(&kbd, &s);
	fwcfg_state(&fwcfg, &s);
	pci_state(&pci, &s);
	pcnet_state(&pcnet, &s);
	if (s.bad)
		abort();
	s.load = true;
	s.size = s.pos;
	s.pos = 0;
	if (from_input)
		memcpy(kept, data, size < s.size ? size : s.size);
	ide_state(&ide, &s);
	fdc_state(&fdc, &s);
	dma_state(&dma, &s);
	piix_state(&piix, &s);
	i8042_state(&kbd, &s);
	fwcfg_state(&fwcfg, &s);
	pci_state(&pci, &s);
	pcnet_state(&pcnet, &s);
	if (s.bad && !from_input)
		abort();
}

/* What the user does to the drives. */
static void media(u32 how)
{
	static struct disk other = { .sectors = 1440, .fd = -1, .overlay = -1 };

	switch (how & 7) {
	case 0:
	case 1:
		ide_tray(&ide, 1, how & 1);
		break;
	case 2:
	case 3:
		ide_medium(&ide, 1, how & 1 ? &cd : NULL);
		break;
	case 4:
		ide_eject_wanted(&ide, 1);
		break;
	default:
		fdc_medium(&fdc, 0, (how & 7) == 5 ? NULL : how & 1 ? &other : &floppy);
		break;
	}
}

/* A command that moves data, with DMA or through the FIFO, most of it right. */
static void floppy_command(u8 reg, u32 val)
{
	static const u8 ops[] = { 0x46, 0x45, 0x42, 0x56, 0x51, 0x59, 0x5d, 0x4d };
	const u8 cmd[] = { ops[reg & 7] | (val & 0x80), 0, 0, 0, 1 + (val & 15), 2,
			   1 + (val >> 8 & 31), 0x1b, val >> 16 & 3 };
	unsigned int i;

	fdc_write(&fdc, 0x3f2, 0x1c);
	fdc_write(&fdc, 0x3f5, 0x03);
	fdc_write(&fdc, 0x3f5, 0xaf);
	fdc_write(&fdc, 0x3f5, reg >> 3 & 1);
	for (i = 0; i < sizeof(cmd); i++)
		fdc_write(&fdc, 0x3f5, cmd[i]);
	fake_done();
	for (i = 0; i < (val >> 20); i++) {
		if (reg & 0x10)
			fdc_write(&fdc, 0x3f5, val >> 24);
		else
			fdc_read(&fdc, 0x3f5);
	}
}

/* One access: which device, which register, a value, how wide. */
static void access(u8 op, u8 reg, u32 val, const u8 *data, size_t size)
{
	unsigned int wide = 1 << (op >> 6) % 3, i;

	switch (op & 31) {
	case 0:
		ide_write(&ide, 1 + reg % 7, val);
		break;
	case 1:
		ide_read(&ide, 1 + reg % 7);
		break;
	case 2:
		for (i = 0; i <= reg * 2U; i++)
			ide_data_write(&ide, val, wide);
		break;
	case 3:
		for (i = 0; i <= reg * 2U; i++)
			ide_data_read(&ide, wide);
		break;
	case 4:
		ide_control(&ide, val);
		break;
	case 5:
		ide_bm_write(&ide, reg & 7, val);
		break;
	case 6:
		ide_bm_read(&ide, reg & 7);
		break;
	case 7:
		fake_error = val & 0x80 ? -EIO : 0;
		fake_done();
		break;
	case 8:
		if (reg & 0x80)
			floppy_command(reg, val);
		else
			fdc_write(&fdc, 0x3f0 + (reg & 7), val);
		break;
	case 9:
		fdc_read(&fdc, 0x3f0 + (reg & 7));
		break;
	case 10:
		dma_write(&dma, reg < 0x40 ? reg & 15 : reg < 0x80 ? 0x80 + (reg & 15) :
			  0xc0 + (reg & 31), val);
		break;
	case 11:
		dma_read(&dma, reg < 0x40 ? reg & 15 : reg < 0x80 ? 0x80 + (reg & 15) :
			 0xc0 + (reg & 31));
		break;
	case 12:
		pci_write(&pci, 0xcf8 + (reg & 7), val, wide);
		break;
	case 13:
		pci_read(&pci, 0xcf8 + (reg & 7), wide);
		break;
	case 14:
		piix_pm_write(&piix, reg & 63, val, wide);
		break;
	case 15:
		piix_pm_read(&piix, reg & 63, wide, val);
		break;
	case 16:
		piix_set_pin(&piix, reg & 31, val & 3, val & 4);
		break;
	case 17:
		vga_write(&vga, 0x3b0 + reg % 48, val);
		break;
	case 18:
		vga_read(&vga, 0x3b0 + reg % 48, val);
		break;
	case 19:
		vga_vbe_write(&vga, 0x1ce, reg % 12);
		vga_vbe_write(&vga, 0x1cf, val & ~0x41U);
		break;
	case 20:
		vga_mem_write(&vga, 0xa0000 + (val & 0x1ffff), reg);
		break;
	case 21:
		vga_mem_read(&vga, 0xa0000 + (val & 0x1ffff));
		break;
	case 22:
		vga_mmio_write(&vga, val & 0xfff, reg, wide);
		vga_mmio_read(&vga, val & 0xfff, wide, reg);
		break;
	case 23:
		picture(val);
		break;
	case 24:
		i8042_write(&kbd, reg & 1 ? 0x64 : 0x60, val);
		break;
	case 25:
		i8042_read(&kbd, reg & 1 ? 0x64 : 0x60);
		break;
	case 26:
		if (val & 4)
			i8042_move(&kbd, (int)val >> 8, (s8)val, (s8)(val >> 4), reg);
		else
			i8042_key(&kbd, reg, val & 1, val & 2);
		break;
	case 27:
		fwcfg_select(&fwcfg, val);
		for (i = 0; i < reg; i++)
			fwcfg_read(&fwcfg);
		break;
	case 28:
		if (reg & 0x80)
			media(val);
		else
			board_write(&board, reg & 1 ? BOARD_CF9 : BOARD_PORT92, val);
		break;
	case 29:
		save_and_restore(reg & 1, data, size);
		break;
	case 30:
		card(reg, val, wide);
		break;
	default:
		ram[val & (RAM - 1)] = reg;
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t at;
	u32 val;

	start();
	memset(ram, 0, sizeof(ram));
	memcpy(ram, data, size < RAM ? size : RAM);
	for (at = 0; at + 6 <= size; at += 6) {
		memcpy(&val, data + at + 2, 4);
		access(data[at], data[at + 1], val, data, size);
	}
	return 0;
}
