// SPDX-License-Identifier: GPL-2.0
/*
 * What a PC with firmware has beyond the machine that a kernel boots without:
 * how its devices are wired.
 */
#include "pc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disknbd.h"
#include "machine.h"
#include "media.h"
#include "pcsetup.h"
#include "util.h"

#define FIRMWARE_DIR	"/usr/share/seabios"
#define FIRMWARE	"bios-256k.bin"
#define VGABIOS		FIRMWARE_DIR "/vgabios-stdvga.bin"
#define VGABIOS_MAX	0x10000
#define NICROM		"/usr/lib/ipxe/qemu/pxe-pcnet.rom"
#define NICROM_MAX	0x20000		/* what is left from C0000h to EFFFFh */

#define DEV_HOST	0
#define DEV_PIIX	1
#define DEV_VGA		2

#define IDE_ID		0x70108086
#define IDE_CLASS_REV	0x01018000

#define PORT_APM	0xb2

#define FWCFG_RAM_SIZE	0x03
#define FWCFG_BOOT_MENU	0x0e
#define FWCFG_MAX_CPUS	0x0f

/* Board, PCI: CF8h to CFFh */

static u32 config_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	if (port == BOARD_CF9 && size == 1)
		return board_read(&m->board, port);
	return pci_read(&m->pc.pci, port, size);
}

static void config_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	if (port == BOARD_CF9 && size == 1)
		board_write(&m->board, port, val);
	else
		pci_write(&m->pc.pci, port, val, size);
}

static void pam_changed(void *arg)
{
	struct machine *m = arg;

	if (m->pc.on)
		pcmem_set_pam(&m->pc.mem, &m->pc.host);
}

/* PIIX */

static void piix_irq(void *arg, unsigned int irq, bool level)
{
	irq_set(arg, irq, level);
}

static void power_off(void *arg)
{
	machine_end(arg, POWER_OFF);
}

static u32 pm_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	return piix_pm_read(&m->pc.piix, port - m->pc.piix.pm_base, size, now_ns());
}

static void pm_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	piix_pm_write(&m->pc.piix, port - m->pc.piix.pm_base, val, size);
}

static void pm_moved(void *arg, u16 from, u16 to)
{
	struct machine *m = arg;

	if (from)
		bus_release(&m->bus, m->pc.pm_dev, from, PM_PORTS);
	if (to)
		bus_claim_free(&m->bus, m->pc.pm_dev, to, PM_PORTS);
}

static u32 apm_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	return m->pc.piix.apm[port & 1];
}

static void apm_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	piix_apm_write(&m->pc.piix, port & 1, val);
}

static u32 gpe_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	return piix_gpe_read(&m->pc.piix, port - PIIX_GPE);
}

static void gpe_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	piix_gpe_write(&m->pc.piix, port - PIIX_GPE, val);
}

/* Firmware's configuration device */

static u32 fwcfg_port_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	return port == FWCFG_DATA ? fwcfg_read(&m->pc.fwcfg) : 0xff;
}

static void fwcfg_port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	if (port == FWCFG_SELECTOR && size == 2)
		fwcfg_select(&m->pc.fwcfg, val);
}

/* Memory, as devices reach it */

/**
 * pc_written() - a device has written RAM
 * @m: the machine
 * @gpa: guest physical address
 * @len: how many bytes; what the VMM made of the old ones is gone when it returns
 */
void pc_written(struct machine *m, u64 gpa, u64 len)
{
	int rc = vmm_memory_written(&m->vmm, gpa, len);

	if (rc) {
		warn("%s: DMA: %s", m->vmm.device, strerror(-rc));
		machine_end(m, FAILED);
	}
}

/**
 * pc_memory() - a device reads or writes the guest's memory
 * @arg: the machine
 * @gpa: guest physical address
 * @buf: the bytes, or room for them
 * @len: how many
 * @write: a write, of which the VMM is told
 *
 * Return: false if any byte of it is not RAM that devices reach.
 */
bool pc_memory(void *arg, u64 gpa, void *buf, u32 len, bool write)
{
	struct machine *m = arg;

	if (!pcmem_copy(&m->pc.mem, gpa, buf, len, write))
		return false;
	if (write)
		pc_written(m, gpa, len);
	return true;
}

static u32 dma_port_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	return dma_read(&m->pc.dma, port);
}

static void dma_port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	dma_write(&m->pc.dma, port, val);
}

/* IDE: 1F0h, 3F6h, IRQ 14; 170h, 376h, IRQ 15; bus masters in BAR 4 */

static const u16 ide_port[IDE_CHANNELS] = { 0x1f0, 0x170 };
static const u16 ide_control_port[IDE_CHANNELS] = { 0x3f6, 0x376 };
static const u8 ide_irq[IDE_CHANNELS] = { 14, 15 };

static void ide_set_irq(void *arg, bool level)
{
	struct pc_ide *i = arg;

	irq_set(i->machine, ide_irq[i->n], level);
}

static bool ide_memory(void *arg, u64 gpa, void *buf, u32 len, bool write)
{
	struct pc_ide *i = arg;

	/* The guest forbids it with the bus master bit of the command register. */
	return i->machine->pc.ide_pci.config[PCI_COMMAND] & PCI_CMD_MASTER &&
	       pc_memory(i->machine, gpa, buf, len, write);
}

static void ide_tray_moved(void *arg, unsigned int n, bool open)
{
	struct pc_ide *i = arg;

	media_moved(i->machine, 2 * i->n + n, open);
}

static void ide_locked(void *arg, unsigned int n, bool locked)
{
	struct pc_ide *i = arg;
	struct disk *d = &i->machine->pc.disk[2 * i->n + n];

	if (d->host)
		hostdrive_lock(d->host, locked);
}

static u32 ide_port_read(void *arg, u16 port, unsigned int size)
{
	struct pc_ide *i = arg;

	if (port == ide_port[i->n])
		return ide_data_read(&i->chip, size);
	return ide_read(&i->chip, port & 7);
}

static void ide_port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct pc_ide *i = arg;

	if (port == ide_port[i->n])
		ide_data_write(&i->chip, val, size);
	else
		ide_write(&i->chip, port & 7, val);
}

static u32 ide_control_read(void *arg, u16 port, unsigned int size)
{
	struct pc_ide *i = arg;

	(void)port;
	(void)size;
	return ide_alt_status(&i->chip);
}

static void ide_control_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct pc_ide *i = arg;

	(void)port;
	(void)size;
	ide_control(&i->chip, val);
}

static u32 bm_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;
	u16 at = port - m->pc.bm_base;

	(void)size;
	return ide_bm_read(&m->pc.ide[at >> 3 & 1].chip, at & 7);
}

static void bm_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;
	u16 at = port - m->pc.bm_base;

	(void)size;
	ide_bm_write(&m->pc.ide[at >> 3 & 1].chip, at & 7, val);
}

static void ide_moved(void *arg, unsigned int reg, unsigned int len)
{
	struct machine *m = arg;
	struct pc *pc = &m->pc;
	u32 base;

	(void)reg;
	(void)len;
	if (!pci_func_bar_at(&pc->ide_pci, 4, &base) || base > 0xfff0)
		base = 0;
	if (base == pc->bm_base)
		return;
	if (pc->bm_base)
		bus_release(&m->bus, pc->bm_dev, pc->bm_base, IDE_CHANNELS * IDE_BM_REGS);
	pc->bm_base = base;
	if (base)
		bus_claim_free(&m->bus, pc->bm_dev, base, IDE_CHANNELS * IDE_BM_REGS);
}

/* Floppy */

static void fdc_set_irq(void *arg, bool level)
{
	irq_set(arg, FDC_IRQ, level);
}

static u32 fdc_dma(void *arg, u8 *buf, u32 len, bool to_memory, bool *tc)
{
	struct machine *m = arg;

	return dma_run(&m->pc.dma, FDC_DMA, buf, len, to_memory, tc);
}

static void fdc_motor(void *arg, unsigned int n, bool on)
{
	struct machine *m = arg;

	if (m->pc.floppy[n].host)
		hostdrive_motor(m->pc.floppy[n].host, on);
}

static u64 fdc_now(void *arg)
{
	(void)arg;
	return now_ns();
}

static u32 fdc_port_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	return fdc_read(&m->pc.fdc, port);
}

static void fdc_port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	fdc_write(&m->pc.fdc, port, val);
}

/* Display */

static u32 vga_port_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	return vga_read(&m->pc.vga, port, now_ns());
}

static void vga_port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	vga_write(&m->pc.vga, port, val);
}

static u32 vbe_port_read(void *arg, u16 port, unsigned int size)
{
	struct machine *m = arg;

	(void)size;
	return vga_vbe_read(&m->pc.vga, port);
}

static void vbe_port_write(void *arg, u16 port, u32 val, unsigned int size)
{
	struct machine *m = arg;

	if (size == 2)
		vga_vbe_write(&m->pc.vga, port, val);
}

/*
 * Where memory in the window is not plain, what is written there is told in batches. So
 * is what is written to the sequencer and the graphics controller in between, but only
 * then: it may make the memory plain, whose next write is nobody's to order.
 */
static void tell_late(struct machine *m, bool late)
{
	static const u16 ports[] = { 0x3c4, 0x3ce };
	unsigned int i;

	if (late == m->pc.vga_late)
		return;
	m->pc.vga_late = late;
	for (i = 0; i < ARRAY_SIZE(ports); i++)
		vmm_zone(&m->vmm, ports[i], 2, true, late);
}

static void map_window(void *arg, u32 gpa, u8 *where, u32 size)
{
	struct machine *m = arg;

	pcmem_set_window(&m->pc.mem, gpa, where, size);
	tell_late(m, !where);
}

static void lfb_moved(void *arg)
{
	struct machine *m = arg;
	u32 base;

	if (!pci_func_bar_at(&m->pc.vga.pci, 0, &base))
		base = 0;
	pcmem_set_lfb(&m->pc.mem, base, m->pc.vga.ram);
}

/**
 * pc_mmio() - the guest accesses an address where no memory is mapped
 * @m: the machine
 * @gpa: guest physical address
 * @data: the bytes, or room for them
 * @len: how many, 1 to 8
 * @write: a write
 */
void pc_mmio(struct machine *m, u64 gpa, u8 *data, unsigned int len, bool write)
{
	struct vga *v = &m->pc.vga;
	u32 base, val = 0;
	unsigned int i;

	if (!write)
		memset(data, 0xff, len);
	if (nics_mmio(&m->pc.nics, gpa, data, len, write) || !m->pc.firmware)
		return;
	if (gpa >= VGA_WINDOW && gpa + len <= VGA_WINDOW_END) {
		for (i = 0; i < len; i++) {
			if (write)
				vga_mem_write(v, gpa + i, data[i]);
			else
				data[i] = vga_mem_read(v, gpa + i);
		}
	} else if (pci_func_bar_at(&v->pci, 2, &base) && gpa >= base && len <= 4 &&
		   gpa + len <= base + (u64)v->pci.bar_size[2]) {
		if (write) {
			memcpy(&val, data, len);
			vga_mmio_write(v, gpa - base, val, len);
		} else {
			val = vga_mmio_read(v, gpa - base, len, now_ns());
			memcpy(data, &val, len);
		}
	} else if (write) {
		pcmem_rom_write(&m->pc.mem, gpa, data, len);
	}
}

static unsigned int add(struct machine *m, const char *name, u16 port, unsigned int count,
			bool wide, u32 (*read)(void *, u16, unsigned int),
			void (*write)(void *, u16, u32, unsigned int))
{
	unsigned int dev = bus_add(&m->bus, &(struct bus_dev){
		.name = name, .read = read, .write = write, .arg = m, .wide = wide });

	if (count)
		bus_claim(&m->bus, dev, port, count);
	return dev;
}

static void le(u8 *p, u64 val, unsigned int n)
{
	for (; n; n--, val >>= 8)
		*p++ = val;
}

/* What firmware is told. */
static void tell_firmware(struct machine *m)
{
	struct fwcfg *f = &m->pc.fwcfg;
	u8 *e = m->pc.e820;
	bool ok = true;

	le(e, 0, 8);
	le(e + 8, m->memory.size, 8);
	le(e + 16, 1, 4);
	fwcfg_reset(f);
	ok &= fwcfg_add_number(f, FWCFG_RAM_SIZE, "", m->memory.size, 8);
	ok &= fwcfg_add_number(f, FWCFG_MAX_CPUS, "", 1, 2);
	ok &= fwcfg_add_number(f, FWCFG_BOOT_MENU, "", m->o->boot_menu, 2);
	ok &= fwcfg_add_file(f, "etc/e820", e, 20);
	if (m->pc.vgabios)
		ok &= fwcfg_add_file(f, "pci1234,1111.rom", m->pc.vgabios, m->pc.vgabios_size);
	/* By this name SeaBIOS finds the ROM of each card, as if it were on it. */
	if (m->pc.nicrom)
		ok &= fwcfg_add_file(f, "pci1022,2000.rom", m->pc.nicrom, m->pc.nicrom_size);
	if (!ok)
		die("the firmware's configuration is too large");
}

/* Nibbles, first one first: 1 floppy, 2 disk, 3 CD, 4 network. */
static u32 boot_order(const char *order)
{
	static const char letters[] = "acdn";
	unsigned int shift;
	u32 val = 0;

	for (shift = 0; *order && shift < 12; order++, shift += 4)
		val |= (u32)(strchr(letters, *order) - letters + 1) << shift;
	return val;
}

/*
 * How SeaBIOS shall translate a disk's geometry for its INT 13h: not at all up to
 * 1024 cylinders, else by LBA assist. Two bits a drive.
 */
static u8 translation(const struct machine *m)
{
	unsigned int i;
	u8 val = 0;

	for (i = 0; i < MAX_IDE; i++)
		if (m->pc.disk[i].io && m->pc.disk[i].sectors > 1024 * 16 * 63)
			val |= 1 << 2 * i;
	return val;
}

/* What firmware finds in CMOS memory, besides the size of memory. */
static void fill_cmos(struct machine *m)
{
	const struct fdc_drive *fd = m->pc.fdc.drive;
	u32 order = boot_order(m->o->boot_order);
	u8 *ram = m->rtc.ram;

	ram[0x10] = fd[0].type << 4 | fd[1].type;
	ram[0x14] |= 0x04;			/* a PS/2 mouse */
	if (fd[0].type || fd[1].type)
		ram[0x14] |= fd[0].type && fd[1].type ? 0x41 : 0x01;
	ram[0x39] = translation(m);
	ram[0x38] = order >> 4 & 0xf0;
	ram[0x3d] = order;
}

static void power_on_pci(struct machine *m)
{
	struct pc *pc = &m->pc;

	memset(&pc->pci, 0, sizeof(pc->pci));
	pci_reset(&pc->pci);
	pc->host.pam_changed = pam_changed;
	pc->host.arg = m;
	i440fx_reset(&pc->host);
	pc->pci.func[PCI_DEVFN(DEV_HOST, 0)] = &pc->host.pci;
	add(m, "pci", PCI_ADDRESS, 8, true, config_read, config_write);
}

static void power_on_ide(struct machine *m, unsigned int n)
{
	static const char *const name[IDE_CHANNELS] = { "ide0", "ide1" };
	struct pc_ide *i = &m->pc.ide[n];
	const bool open[2] = { i->chip.drive[0].tray_open, i->chip.drive[1].tray_open };
	unsigned int k, drive;
	struct disk *d;

	i->machine = m;
	i->n = n;
	i->chip.set_irq = ide_set_irq;
	i->chip.memory = ide_memory;
	i->chip.tray = ide_tray_moved;
	i->chip.lock = ide_locked;
	i->chip.arg = i;
	ide_reset(&i->chip);
	for (k = 0; k < 2; k++) {
		drive = 2 * n + k;
		d = &m->pc.disk[drive];
		if (!m->o->ide[drive].file)
			continue;
		ide_attach(&i->chip, k, m->o->ide[drive].cd ? IDE_CD : IDE_DISK,
			   disk_loaded(d) ? d : NULL);
		i->chip.drive[k].tray_open = d->host ? d->host->tray_open : open[k];
	}
	bus_claim(&m->bus, bus_add(&m->bus, &(struct bus_dev){
		.name = name[n], .read = ide_port_read, .write = ide_port_write, .arg = i,
		.wide = true }), ide_port[n], IDE_REGS);
	bus_claim(&m->bus, bus_add(&m->bus, &(struct bus_dev){
		.name = name[n], .read = ide_control_read, .write = ide_control_write,
		.arg = i }), ide_control_port[n], 1);
}

/* An image says which kind of drive it wants; one of the host's is what it is. */
static void attach_floppy(struct pc *pc, unsigned int n, struct disk *d)
{
	struct disk *medium = disk_loaded(d) ? d : NULL;

	fdc_attach(&pc->fdc, n, d->host ? NULL : medium);
	if (!d->host)
		return;
	pc->fdc.drive[n].type = d->host->type;
	fdc_medium(&pc->fdc, n, medium);
}

static void power_on_host_drives(struct machine *m)
{
	struct hostdrive *h = m->pc.host_drive;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(m->pc.host_drive); i++, h++) {
		if (!h->disk)
			continue;
		h->changed = media_host_changed;
		h->arg = m;
		hostdrive_power_on(h);
	}
}

static void power_on_drives(struct machine *m)
{
	struct pc *pc = &m->pc;
	unsigned int i;

	pc->dma.memory = pc_memory;
	pc->dma.arg = m;
	dma_reset(&pc->dma);
	i = add(m, "dma", DMA_LOW, 16, false, dma_port_read, dma_port_write);
	bus_claim(&m->bus, i, DMA_PAGE, 15);
	bus_claim(&m->bus, i, DMA_HIGH, 32);

	pci_func_init(&pc->ide_pci, IDE_ID, IDE_CLASS_REV);
	pci_func_bar(&pc->ide_pci, 4, IDE_CHANNELS * IDE_BM_REGS, PCI_BAR_IO);
	for (i = 0x40; i < 0x44; i++)
		pc->ide_pci.writable[i] = 0xff;		/* timing, which matters to nobody */
	pc->ide_pci.changed = ide_moved;
	pc->ide_pci.arg = m;
	pc->bm_base = 0;
	pc->bm_dev = add(m, "ide-bm", 0, 0, false, bm_read, bm_write);
	pc->pci.func[PCI_DEVFN(DEV_PIIX, 1)] = &pc->ide_pci;
	for (i = 0; i < IDE_CHANNELS; i++)
		power_on_ide(m, i);

	pc->fdc.set_irq = fdc_set_irq;
	pc->fdc.dma = fdc_dma;
	pc->fdc.motor = fdc_motor;
	pc->fdc.now = fdc_now;
	pc->fdc.arg = m;
	fdc_reset(&pc->fdc);
	for (i = 0; i < MAX_FLOPPY; i++)
		if (m->o->floppy[i].file)
			attach_floppy(pc, i, &pc->floppy[i]);
	i = add(m, "fdc", FDC_PORT, 6, false, fdc_port_read, fdc_port_write);
	bus_claim(&m->bus, i, FDC_DIR, 1);
}

static void power_on_display(struct machine *m)
{
	struct pc *pc = &m->pc;

	tell_firmware(m);
	add(m, "fw_cfg", FWCFG_SELECTOR, 2, true, fwcfg_port_read, fwcfg_port_write);
	pc->vga.map_window = map_window;
	pc->vga.lfb_moved = lfb_moved;
	pc->vga.arg = m;
	pc->vga_late = false;
	vmm_zone(&m->vmm, VGA_WINDOW, VGA_WINDOW_END - VGA_WINDOW, false, true);
	vga_reset(&pc->vga);
	tell_late(m, !pc->vga.window);
	pc->pci.func[PCI_DEVFN(DEV_VGA, 0)] = &pc->vga.pci;
	add(m, "vga", 0x3b0, 0x30, false, vga_port_read, vga_port_write);
	add(m, "vbe", VGA_VBE_INDEX, 3, true, vbe_port_read, vbe_port_write);
}

/**
 * pc_power_on() - what a reset resets
 * @m: the machine, its bus empty of these devices
 */
void pc_power_on(struct machine *m)
{
	struct pc *pc = &m->pc;

	power_on_pci(m);
	if (!pc->on)
		return;
	power_on_host_drives(m);
	pcmem_set_pam(&pc->mem, &pc->host);
	pc->piix = (struct piix){
		.set_irq = piix_irq, .pm_moved = pm_moved, .power_off = power_off, .arg = m };
	piix_reset(&pc->piix);
	pc->pci.func[PCI_DEVFN(DEV_PIIX, 0)] = &pc->piix.isa;
	pc->pci.func[PCI_DEVFN(DEV_PIIX, 3)] = &pc->piix.pm;
	pc->pm_dev = add(m, "pm", 0, 0, true, pm_read, pm_write);
	add(m, "apm", PORT_APM, 2, false, apm_read, apm_write);
	add(m, "gpe", PIIX_GPE, PIIX_GPES, false, gpe_read, gpe_write);

	if (pc->firmware)
		power_on_display(m);
	power_on_drives(m);
	fill_cmos(m);
	nics_power_on(m);
	scsi_power_on(m);
	sound_power_on(m);
	parallel_power_on(m);
	if (!pc->firmware)
		pc_setup(&pc->pci);
}

/**
 * pc_off() - the machine stops: nobody may touch its memory any more
 * @m: the machine
 */
void pc_off(struct machine *m)
{
	unsigned int i;

	if (!m->pc.on)
		return;
	disk_io_drain(&m->pc.io);
	for (i = 0; i < ARRAY_SIZE(m->pc.host_drive); i++)
		if (m->pc.host_drive[i].disk)
			disk_io_drain(&m->pc.host_drive[i].io);
}

/**
 * pc_fini() - give back what pc_init() took
 * @m: the machine, off
 */
void pc_fini(struct machine *m)
{
	unsigned int i;

	if (!m->pc.on)
		return;
	nics_fini(&m->pc.nics);
	disk_io_fini(&m->pc.io);
	scsi_fini(&m->pc.scsi);
	sound_fini(&m->pc.sound);
	parallel_fini(&m->pc.parallel);
	for (i = 0; i < MAX_IDE; i++)
		disk_close(&m->pc.disk[i]);
	for (i = 0; i < MAX_FLOPPY; i++)
		disk_close(&m->pc.floppy[i]);
}

/* An option ROM; NULL if there is none of that name. */
static u8 *load_rom(const char *path, u32 max, u32 *size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *rom;

	if (fd < 0 || fstat(fd, &st) || st.st_size <= 0 || st.st_size > max) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	rom = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (rom == MAP_FAILED)
		die("%s: %s", path, strerror(errno));
	*size = st.st_size;
	close(fd);
	return rom;
}

/*
 * Without the VGA BIOS there is a display that nobody switches on. That of the network
 * card takes time at each start, so only who wants to boot from the network has it.
 */
static void load_roms(struct machine *m)
{
	struct pc *pc = &m->pc;

	pc->vgabios = load_rom(VGABIOS, VGABIOS_MAX, &pc->vgabios_size);
	if (!pc->vgabios)
		warn("%s: no VGA BIOS, the screen stays dark (Debian package seabios)", VGABIOS);
	if (!strchr(m->o->boot_order, 'n'))
		return;
	pc->nicrom = load_rom(NICROM, NICROM_MAX, &pc->nicrom_size);
	if (!pc->nicrom)
		die("-boot %s: no ROM for the network card: install the package ipxe-qemu (%s)",
		    m->o->boot_order, NICROM);
}

/* A file, or the name of one of Debian's. */
static void load_firmware(struct machine *m)
{
	const char *path = m->o->bios ? m->o->bios : FIRMWARE;
	char installed[512];

	if (strchr(path, '/') || !access(path, F_OK)) {
		pcmem_load(&m->pc.mem, path);
		return;
	}
	snprintf(installed, sizeof(installed), FIRMWARE_DIR "/%s", path);
	if (access(installed, R_OK))
		die("%s: no firmware: install the package seabios, or name a file with -bios",
		    installed);
	pcmem_load(&m->pc.mem, installed);
}

static u8 *pages(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("no memory for the display: %s", strerror(errno));
	return p;
}

static void open_drive(struct machine *m, unsigned int place, struct disk *disk,
		       const struct drive *d)
{
	struct disk_how how = { .format = d->format, .readonly = d->cd || d->readonly,
				.snapshot = m->o->snapshot || d->snapshot };
	enum disk_drive kind = place >= MAX_IDE ? DISK_FLOPPY : d->cd ? DISK_CD : DISK_FIXED;

	if (!d->file)
		return;
	if (kind != DISK_FIXED && m->o->nmonitors)
		disknbd_prepare();
	if (!*d->file)
		return;
	if (d->format || !hostdrive_is(d->file, kind)) {
		disk_open(disk, &m->pc.io, d->file, &how);
		return;
	}
	if (how.snapshot && !how.readonly)
		die("%s: no -snapshot of a drive whose disks change (readonly=on)", d->file);
	hostdrive_open(&m->pc.host_drive[place], disk, &m->loop, d->file, kind, how.readonly);
}

/**
 * pc_init() - what lives as long as the program
 * @m: the machine
 */
void pc_init(struct machine *m)
{
	struct pc *pc = &m->pc;
	unsigned int i;

	pc->firmware = !m->o->kernel;
	pc->on = pc->firmware || options_devices(m->o);
	if (!pc->on)
		return;
	if (pc->firmware) {
		load_firmware(m);
		load_roms(m);
		pc->vga.ram = pages(VGA_RAM);
		pc->vga.text = pages(VGA_TEXT_SIZE);
	}
	disk_io_init(&pc->io, &m->loop, SANDBOX_DISK);
	for (i = 0; i < IDE_CHANNELS; i++)
		pc->ide[i].chip.buffer = pages(IDE_CHUNK);
	for (i = 0; i < MAX_IDE; i++)
		open_drive(m, i, &pc->disk[i], &m->o->ide[i]);
	for (i = 0; i < MAX_FLOPPY; i++)
		open_drive(m, MAX_IDE + i, &pc->floppy[i], &m->o->floppy[i]);
	nics_init(m);
	scsi_init(m);
	sound_init(m);
	parallel_init(m);
}

/**
 * pc_attach() - give memory to a new VM
 * @m: the machine
 */
void pc_attach(struct machine *m)
{
	pcmem_attach(&m->pc.mem, &m->memory, &m->vmm);
}
