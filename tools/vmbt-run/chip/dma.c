// SPDX-License-Identifier: GPL-2.0
/*
 * The two 8237A DMA controllers of a PC, with their page registers.
 *
 * From Intel's 8237A data sheet (231466) and the IBM PC AT's technical reference.
 * The first moves bytes, the second words, from an address whose upper bits are
 * in a page register and do not count. A device that has data calls dma_run(),
 * which moves what channel and device agree on. Memory to memory transfers, which
 * no PC can do, and the requests of software are not there.
 */
#include "dma.h"

#define CMD_DISABLE	0x04

#define MODE_AUTO	0x10
#define MODE_DOWN	0x20
#define MODE_TRANSFER	0x0c
#define MODE_VERIFY	0x00
#define MODE_WRITE	0x04	/* to memory */
#define MODE_READ	0x08

#define REG_COMMAND	0x8
#define REG_REQUEST	0x9
#define REG_MASK	0xa
#define REG_MODE	0xb
#define REG_CLEAR_FLIP	0xc
#define REG_CLEAR	0xd
#define REG_CLEAR_MASK	0xe
#define REG_ALL_MASK	0xf

/* Which channel's a page register is: ports 80h to 8Fh. */
static const u8 page_of[16] = {
	0xff, 2, 3, 1, 0xff, 0xff, 0xff, 0, 0xff, 6, 7, 5, 0xff, 0xff, 0xff, 4,
};

static void clear(struct dma *d, unsigned int unit)
{
	unsigned int i;

	d->command[unit] = 0;
	d->flip[unit] = false;
	for (i = 0; i < 4; i++) {
		d->ch[unit * 4 + i].masked = true;
		d->ch[unit * 4 + i].tc = false;
	}
}

/**
 * dma_reset() - power-on state: all channels masked
 * @d: the controllers, with @memory and @arg filled in
 */
void dma_reset(struct dma *d)
{
	*d = (struct dma){ .memory = d->memory, .arg = d->arg };
	clear(d, 0);
	clear(d, 1);
}

static bool is_page(u16 port)
{
	return (port & 0xf0) == 0x80;
}

/* Which controller and register a port is. */
static unsigned int decode(u16 port, unsigned int *unit)
{
	*unit = port >= DMA_HIGH;
	return *unit ? (port - DMA_HIGH) >> 1 & 15 : port & 15;
}

/**
 * dma_read() - the guest reads a register
 * @d: the controllers
 * @port: the port
 *
 * Return: the byte.
 */
u8 dma_read(struct dma *d, u16 port)
{
	unsigned int unit, reg, i;
	struct dma_channel *c;
	u8 val = 0;
	u16 word;

	if (is_page(port))
		return page_of[port & 15] < DMA_CHANNELS ? d->ch[page_of[port & 15]].page :
		       d->temp[port & 15];
	reg = decode(port, &unit);
	if (reg < 8) {
		c = &d->ch[unit * 4 + reg / 2];
		word = reg & 1 ? c->count : c->addr;
		d->flip[unit] = !d->flip[unit];
		return d->flip[unit] ? word : word >> 8;
	}
	switch (reg) {
	case REG_COMMAND:	/* status: reading clears terminal count */
		for (i = 0; i < 4; i++) {
			val |= d->ch[unit * 4 + i].tc ? BIT(i) : 0;
			d->ch[unit * 4 + i].tc = false;
		}
		return val;
	case REG_ALL_MASK:
		for (i = 0; i < 4; i++)
			val |= d->ch[unit * 4 + i].masked ? BIT(i) : 0;
		return val | 0xf0;
	default:
		return 0;
	}
}

static void set_byte(u16 *word, bool high, u8 val)
{
	*word = high ? (*word & 0x00ff) | val << 8 : (*word & 0xff00) | val;
}

static void write_channel(struct dma *d, unsigned int unit, unsigned int reg, u8 val)
{
	struct dma_channel *c = &d->ch[unit * 4 + reg / 2];
	bool high = d->flip[unit];

	d->flip[unit] = !high;
	if (reg & 1) {
		set_byte(&c->base_count, high, val);
		c->count = c->base_count;
	} else {
		set_byte(&c->base_addr, high, val);
		c->addr = c->base_addr;
	}
}

/**
 * dma_write() - the guest writes a register
 * @d: the controllers
 * @port: the port
 * @val: the byte
 */
void dma_write(struct dma *d, u16 port, u8 val)
{
	unsigned int unit, reg, i;

	if (is_page(port)) {
		if (page_of[port & 15] < DMA_CHANNELS)
			d->ch[page_of[port & 15]].page = val;
		else
			d->temp[port & 15] = val;
		return;
	}
	reg = decode(port, &unit);
	if (reg < 8) {
		write_channel(d, unit, reg, val);
		return;
	}
	switch (reg) {
	case REG_COMMAND:
		d->command[unit] = val;
		break;
	case REG_MASK:
		d->ch[unit * 4 + (val & 3)].masked = val & 4;
		break;
	case REG_MODE:
		d->ch[unit * 4 + (val & 3)].mode = val;
		break;
	case REG_CLEAR_FLIP:
		d->flip[unit] = false;
		break;
	case REG_CLEAR:
		clear(d, unit);
		break;
	case REG_CLEAR_MASK:
		for (i = 0; i < 4; i++)
			d->ch[unit * 4 + i].masked = false;
		break;
	case REG_ALL_MASK:
		for (i = 0; i < 4; i++)
			d->ch[unit * 4 + i].masked = val & BIT(i);
		break;
	}
}

/* Bytes up to the channel's end, or to where its address wraps. */
static u32 run_length(const struct dma_channel *c, u32 unit)
{
	u32 left = c->count + 1, wrap = 0x10000 - c->addr;

	return (left < wrap ? left : wrap) * unit;
}

static u64 address(const struct dma_channel *c, u32 unit)
{
	/* The second controller's address is of words: bit 0 of its page is not used. */
	if (unit == 2)
		return (u64)(c->page & 0xfe) << 16 | (u32)c->addr << 1;
	return (u64)c->page << 16 | c->addr;
}

/**
 * dma_run() - a device moves data
 * @d: the controllers
 * @n: the channel
 * @buf: the data, or room for them
 * @len: bytes that the device has, or wants
 * @to_memory: which way
 * @tc: set when the channel's count is over
 *
 * Addresses that count down are moved byte by byte, others in one piece.
 *
 * Return: bytes moved; 0 if the channel does not serve the device. Where there is
 * no RAM, writes go nowhere and reads find ones, as on the bus.
 */
u32 dma_run(struct dma *d, unsigned int n, u8 *buf, u32 len, bool to_memory, bool *tc)
{
	struct dma_channel *c = &d->ch[n];
	u32 unit = n >= 4 ? 2 : 1, done = 0, part;
	u8 way = c->mode & MODE_TRANSFER;

	*tc = false;
	if (c->masked || d->command[n / 4] & CMD_DISABLE ||
	    (way != MODE_VERIFY && way != (to_memory ? MODE_WRITE : MODE_READ)))
		return 0;
	while (done + unit <= len && !*tc) {
		part = c->mode & MODE_DOWN ? unit : run_length(c, unit);
		if (part > len - done)
			part = (len - done) / unit * unit;
		if (way != MODE_VERIFY &&
		    !d->memory(d->arg, address(c, unit), buf + done, part, to_memory) && !to_memory)
			memset(buf + done, 0xff, part);
		done += part;
		c->addr += c->mode & MODE_DOWN ? -1 : (int)(part / unit);
		*tc = c->count < part / unit;
		c->count -= part / unit;
	}
	if (*tc) {
		c->tc = true;
		if (c->mode & MODE_AUTO) {
			c->addr = c->base_addr;
			c->count = c->base_count;
		} else {
			c->masked = true;
		}
	}
	return done;
}

/**
 * dma_state() - save or restore
 * @d: the controllers
 * @s: where to
 */
void dma_state(struct dma *d, struct state *s)
{
	unsigned int i;

	for (i = 0; i < DMA_CHANNELS; i++) {
		STATE(s, d->ch[i].base_addr);
		STATE(s, d->ch[i].base_count);
		STATE(s, d->ch[i].addr);
		STATE(s, d->ch[i].count);
		STATE(s, d->ch[i].page);
		STATE(s, d->ch[i].mode);
		state_bool(s, &d->ch[i].masked);
		state_bool(s, &d->ch[i].tc);
	}
	STATE(s, d->command);
	state_bool(s, &d->flip[0]);
	state_bool(s, &d->flip[1]);
	STATE(s, d->temp);
}
