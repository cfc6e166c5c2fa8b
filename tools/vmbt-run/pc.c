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

#include "machine.h"
#include "util.h"

#define FIRMWARE_DIR	"/usr/share/seabios"
#define FIRMWARE	"bios-256k.bin"
#define VGABIOS		FIRMWARE_DIR "/vgabios-stdvga.bin"
#define VGABIOS_MAX	0x10000

#define DEV_HOST	0
#define DEV_PIIX	1
#define DEV_VGA		2

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
	m->pc.piix.apm[port & 1] = val;
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

static void text_switch(void *arg, bool direct)
{
	struct machine *m = arg;

	pcmem_set_text(&m->pc.mem, direct ? m->pc.vga.text : NULL);
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
	if (!m->pc.on)
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

/* What firmware finds in CMOS memory, besides the size of memory. */
static void fill_cmos(struct machine *m)
{
	u32 order = boot_order(m->o->boot_order);
	u8 *ram = m->rtc.ram;

	ram[0x14] |= 0x04;			/* a PS/2 mouse */
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
	pcmem_set_pam(&pc->mem, &pc->host);
	pc->piix = (struct piix){
		.set_irq = piix_irq, .pm_moved = pm_moved, .power_off = power_off, .arg = m };
	piix_reset(&pc->piix);
	pc->pci.func[PCI_DEVFN(DEV_PIIX, 0)] = &pc->piix.isa;
	pc->pci.func[PCI_DEVFN(DEV_PIIX, 3)] = &pc->piix.pm;
	pc->pm_dev = add(m, "pm", 0, 0, true, pm_read, pm_write);
	add(m, "apm", PORT_APM, 2, false, apm_read, apm_write);

	tell_firmware(m);
	add(m, "fw_cfg", FWCFG_SELECTOR, 2, true, fwcfg_port_read, fwcfg_port_write);

	pc->vga.text_switch = text_switch;
	pc->vga.lfb_moved = lfb_moved;
	pc->vga.arg = m;
	vga_reset(&pc->vga);
	pc->pci.func[PCI_DEVFN(DEV_VGA, 0)] = &pc->vga.pci;
	add(m, "vga", 0x3b0, 0x30, false, vga_port_read, vga_port_write);
	add(m, "vbe", VGA_VBE_INDEX, 3, true, vbe_port_read, vbe_port_write);
	fill_cmos(m);
}

/* The VGA BIOS; without it there is a display that nobody switches on. */
static void load_vgabios(struct pc *pc)
{
	struct stat st;
	int fd = open(VGABIOS, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) || st.st_size <= 0 || st.st_size > VGABIOS_MAX) {
		warn("%s: no VGA BIOS, the screen stays dark (Debian package seabios)", VGABIOS);
		if (fd >= 0)
			close(fd);
		return;
	}
	pc->vgabios = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (pc->vgabios == MAP_FAILED)
		die("%s: %s", VGABIOS, strerror(errno));
	pc->vgabios_size = st.st_size;
	close(fd);
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

/**
 * pc_init() - what lives as long as the program
 * @m: the machine
 */
void pc_init(struct machine *m)
{
	struct pc *pc = &m->pc;

	pc->on = !m->o->kernel;
	if (!pc->on)
		return;
	load_firmware(m);
	load_vgabios(pc);
	pc->vga.ram = pages(VGA_RAM);
	pc->vga.text = pages(VGA_TEXT_SIZE);
}

/**
 * pc_attach() - give memory to a new VM
 * @m: the machine
 */
void pc_attach(struct machine *m)
{
	pcmem_attach(&m->pc.mem, &m->memory, &m->vmm);
}
