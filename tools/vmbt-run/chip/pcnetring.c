// SPDX-License-Identifier: GPL-2.0
/*
 * What the PCnet-PCI II does in memory: initialization block and descriptor rings.
 *
 * From the data sheet of the Am79C970A (publication 19436), chapters "Buffer
 * Management" and "Initialization Block". Descriptors come in the formats of four
 * software styles; here they are one: the word with OWN, the address and the number
 * of bytes. All of it is the guest's: each descriptor is read once, a frame has
 * at most as many as fit into its bytes, and how far one call goes is bounded.
 *
 * What came is the guest's when its descriptors are: they are given back for several
 * frames at once, since the VMM has to be told of what was written before that.
 *
 * A frame of which the guest has not handed over all descriptors yet waits; the
 * chip would wait as well, but only as long as the wire takes for what it has.
 *
 * The chip also looks by itself, each 1.966 ms unless told otherwise (CSR47). Here it
 * does so for drivers that rely on it: as long as that finds frames which the guest did
 * not demand the sending of. It is seldom else, so that an idle guest costs nothing.
 */
#include "pcnet.h"

#define OWN		0x80000000
#define ERR		0x40000000
#define ADD_FCS		0x20000000
#define LTINT		0x10000000	/* with LTINTEN; else MORE */
#define BUFF		0x04000000	/* receive descriptors */
#define STP		0x02000000
#define ENP		0x01000000
#define RX_CLEARED	0x7fff0000	/* written anew when a frame came */
#define RX_CLEARED_16	0x7f000000	/* where the low byte is the address */
#define RX_PAM		0x00400000
#define RX_LAFM		0x00200000
#define RX_BAM		0x00100000
#define TX_CLEARED	0xdc000000
#define TX_CLEARED_LT	0xcc000000
#define TX_BUFF		0x80000000	/* in the other word */
#define TX_UFLO		0x40000000

#define STYLE_ILACC	1
#define STYLE_SWAPPED	3

#define BCLK_NS		30		/* 33 MHz */
#define POLL_MIN	250000ULL	/* what a host can keep up with */
#define POLL_SELDOM	20000000ULL
#define POLL_TRUST	100000000ULL	/* after a frame that polling found */

#define TX_BYTES	4096		/* of a frame; more is babble anyway */
#define TX_DESCRIPTORS	64		/* of a frame */
#define TX_BUDGET	64		/* frames a call */
#define MIN_FRAME	60

/**
 * struct desc - a descriptor
 * @at: its place
 * @raw: the word with OWN above and the count of bytes below
 * @addr: of the buffer
 * @len: bytes of it
 */
struct desc {
	u32 at;
	u32 raw;
	u32 addr;
	u32 len;
};

static unsigned int style(const struct pcnet *p)
{
	return p->bcr[BCR_SWS] & SWS_STYLE;
}

static bool wide(const struct pcnet *p)
{
	return p->bcr[BCR_SWS] & SWS_32BIT;
}

static u32 le16(const u8 *d)
{
	return d[0] | d[1] << 8;
}

static u32 le32(const u8 *d)
{
	return le16(d) | le16(d + 2) << 16;
}

static void put16(u8 *d, u16 val)
{
	d[0] = val;
	d[1] = val >> 8;
}

static void put32(u8 *d, u32 val)
{
	put16(d, val);
	put16(d + 2, val >> 16);
}

static u32 pair(const struct pcnet *p, unsigned int n)
{
	return p->csr[n] | (u32)p->csr[n + 1] << 16;
}

static void set_pair(struct pcnet *p, unsigned int n, u32 val)
{
	p->csr[n] = val;
	p->csr[n + 1] = val >> 16;
}

/* With 16-bit structures, where bits 31 to 24 of all addresses come from. */
static u32 high_byte(const struct pcnet *p)
{
	return (u32)(p->csr[CSR_IADR + 1] & 0xff00) << 16;
}

/* A ring's length as the registers code it, from that of the initialization block. */
static u16 ring_length(unsigned int code, unsigned int max)
{
	return -(1U << (code > max ? max : code));
}

/* Read the initialization block; false if it is not in memory. */
bool pcnet_init_block(struct pcnet *p)
{
	u32 at = pair(p, CSR_IADR), high = high_byte(p);
	unsigned int i;
	u8 b[28];

	if (!p->memory(p->arg, at, b, wide(p) ? 28 : 24, false))
		return false;
	p->csr[CSR_MODE] = le16(b);
	for (i = 0; i < 3; i++)
		p->csr[CSR_PADR + i] = le16(b + (wide(p) ? 4 : 2) + 2 * i);
	for (i = 0; i < 4; i++)
		p->csr[CSR_LADRF + i] = le16(b + (wide(p) ? 12 : 8) + 2 * i);
	if (wide(p)) {
		p->csr[CSR_RX_LEN] = ring_length(b[2] >> 4, 9);
		p->csr[CSR_TX_LEN] = ring_length(b[3] >> 4, 9);
		set_pair(p, CSR_RX_BASE, le32(b + 20));
		set_pair(p, CSR_TX_BASE, le32(b + 24));
	} else {
		p->csr[CSR_RX_LEN] = ring_length(b[19] >> 5, 7);
		p->csr[CSR_TX_LEN] = ring_length(b[23] >> 5, 7);
		set_pair(p, CSR_RX_BASE, (le32(b + 16) & 0xffffff) | high);
		set_pair(p, CSR_TX_BASE, (le32(b + 20) & 0xffffff) | high);
	}
	p->csr[CSR_RX_AT] = p->csr[CSR_RX_LEN];
	p->csr[CSR_TX_AT] = p->csr[CSR_TX_LEN];
	p->csr[CSR_POLLINT] = 0;
	return true;
}

/* A ring's counter, one descriptor on: it counts up to zero. */
static u16 step(const struct pcnet *p, unsigned int len, u16 counter)
{
	return ++counter ? counter : p->csr[len];
}

static bool fetch(const struct pcnet *p, unsigned int base, unsigned int len, u16 counter,
		  struct desc *d)
{
	u32 index = (u16)(counter - p->csr[len]);
	u8 b[16];

	d->at = pair(p, base) + index * (wide(p) ? 16 : 8);
	if (!p->memory(p->arg, d->at, b, wide(p) ? 16 : 8, false))
		return false;
	if (!wide(p)) {
		d->raw = le16(b + 2) << 16 | le16(b + 4);
		d->addr = le16(b) | b[2] << 16 | high_byte(p);
	} else {
		d->raw = le32(b + 4);
		d->addr = le32(b + (style(p) == STYLE_SWAPPED ? 8 : 0));
	}
	d->len = 4096 - (d->raw & 0xfff);
	return true;
}

/* Give a descriptor back: the other word first, the one with OWN last. */
static bool give_back(const struct pcnet *p, const struct desc *d, u32 other, bool both)
{
	u8 b[4];

	if (!wide(p)) {
		put16(b, other);
		if (both && !p->memory(p->arg, d->at + 6, b, 2, true))
			return false;
		put16(b, d->raw >> 16);
		return p->memory(p->arg, d->at + 2, b, 2, true);
	}
	put32(b, other);
	if (both && !p->memory(p->arg, d->at + (style(p) == STYLE_SWAPPED ? 0 : 8), b, 4, true))
		return false;
	put32(b, d->raw);
	return p->memory(p->arg, d->at + 4, b, 4, true);
}

/* Ethernet's CRC, IEEE 802.3, 3.2.8: as it is sent, not inverted. */
static u32 crc32(const u8 *data, u32 len)
{
	static const u32 nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	u32 crc = ~0U;

	while (len--) {
		crc ^= *data++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return crc;
}

/* Which filter lets a frame in; 0: none. In the descriptor's bits. */
static u32 match(const struct pcnet *p, const u8 *frame)
{
	static const u8 all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	u16 mode = p->csr[CSR_MODE];
	unsigned int i, hash;

	if (!memcmp(frame, all, 6)) {
		if (!(mode & MODE_DRCVBC))
			return RX_BAM;
	} else if (frame[0] & 1) {
		hash = crc32(frame, 6) >> 26;
		if (p->csr[CSR_LADRF + hash / 16] & BIT(hash % 16))
			return RX_LAFM;
	} else if (!(mode & MODE_DRCVPA)) {
		for (i = 0; i < 3; i++)
			if (le16(frame + 2 * i) != p->csr[CSR_PADR + i])
				break;
		if (i == 3)
			return RX_PAM;
	}
	/* Without a bit of its own. */
	return mode & MODE_PROM ? ERR : 0;
}

/* Pad the frame and append its FCS, unless both shall be taken off. */
static u32 complete(const struct pcnet *p, u8 *b, u32 len)
{
	u32 crc, length = b[12] << 8 | b[13];

	if (p->csr[4] & CSR4_ASTRP && length < 46 && len >= 14 + length)
		return 14 + length;
	if (len < MIN_FRAME) {
		memset(b + len, 0, MIN_FRAME - len);
		len = MIN_FRAME;
	}
	crc = ~crc32(b, len);
	put32(b + len, crc);
	return len + PCNET_FCS;
}

/* Descriptors that may be filled before they are given back: never all of the ring. */
static unsigned int batch(const struct pcnet *p)
{
	unsigned int len = (u16)-p->csr[CSR_RX_LEN];

	return len - 1 < PCNET_BATCH ? len - 1 : PCNET_BATCH;
}

/**
 * pcnet_received() - the guest gets the frames that came
 * @p: the chip
 *
 * To be called behind pcnet_receive(), once for all frames there are.
 */
void pcnet_received(struct pcnet *p)
{
	unsigned int i, n = p->filled;
	struct desc d = { 0 };

	p->filled = 0;
	if (!n)
		return;
	p->settle(p->arg);
	for (i = 0; i < n; i++) {
		d.at = p->fill[i].at;
		d.raw = p->fill[i].raw;
		if (!give_back(p, &d, p->fill[i].total, p->fill[i].last)) {
			pcnet_abort(p);
			return;
		}
	}
	p->settle(p->arg);
	p->csr[0] |= CSR0_RINT;
	pcnet_update(p);
}

/* A descriptor is filled; @total bytes has the frame if it is its last. */
static void filled(struct pcnet *p, const struct desc *d, u32 total, bool last)
{
	p->fill[p->filled++] = (struct pcnet_fill){ d->at, d->raw, total, last };
	if (p->filled >= batch(p))
		pcnet_received(p);
}

/* Fill buffers with a frame. False if the ring has none for its first byte. */
static bool scatter(struct pcnet *p, const u8 *data, u32 total, u32 matched)
{
	u32 done = 0, n, flags, cleared = wide(p) ? RX_CLEARED : RX_CLEARED_16;
	struct desc d, next;
	u16 after;
	bool last;

	for (;; done += n) {
		if (!fetch(p, CSR_RX_BASE, CSR_RX_LEN, p->csr[CSR_RX_AT], &d))
			goto abort;
		if (!(d.raw & OWN))
			return done != 0;
		after = step(p, CSR_RX_LEN, p->csr[CSR_RX_AT]);
		n = total - done < d.len ? total - done : d.len;
		last = done + n == total;
		if (!p->memory(p->arg, d.addr, (void *)(data + done), n, true))
			goto abort;
		flags = done ? 0 : STP;
		if (last)
			flags |= ENP | (wide(p) ? matched & ~ERR : 0);
		else if (!fetch(p, CSR_RX_BASE, CSR_RX_LEN, after, &next))
			goto abort;
		else if (!(next.raw & OWN))
			flags |= ERR | BUFF;
		d.raw = (d.raw & ~(OWN | cleared)) | flags;
		p->csr[CSR_RX_AT] = after;
		filled(p, &d, total, last);
		/* Giving it back may have stopped the chip. */
		if (last || flags & ERR || !(p->csr[0] & CSR0_RXON))
			return true;
	}
abort:
	pcnet_received(p);
	pcnet_abort(p);
	return true;
}

/**
 * pcnet_receive() - a frame comes from the network
 * @p: the chip
 * @frame: the frame, without FCS
 * @len: bytes of it
 *
 * The guest gets it with pcnet_received().
 *
 * Return: false if the guest's ring has no room for it now. Frames that the chip
 * does not want are taken.
 */
bool pcnet_receive(struct pcnet *p, const u8 *frame, u32 len)
{
	u8 b[PCNET_FRAME_MAX + PCNET_FCS];
	u32 matched;

	if (!(p->csr[0] & CSR0_RXON) || len < 14 || len > PCNET_FRAME_MAX)
		return true;
	if (p->csr[5] & CSR5_SPND)
		return false;
	matched = match(p, frame);
	if (!matched)
		return true;
	memcpy(b, frame, len);
	return scatter(p, b, complete(p, b, len), matched);
}

/**
 * pcnet_miss() - a frame is lost because the guest had no buffer for it
 * @p: the chip
 */
void pcnet_miss(struct pcnet *p)
{
	if (!(p->csr[0] & CSR0_RXON))
		return;
	p->csr[0] |= CSR0_MISS;
	if (!++p->csr[CSR_MISSED])
		p->csr[4] |= CSR4_MFCO;
	pcnet_update(p);
}

/* To the wire, or back. The network adds the FCS; a guest's own is taken off. */
static bool emit(struct pcnet *p, u8 *b, u32 len, u32 first)
{
	bool fcs = !(p->csr[CSR_MODE] & MODE_DXMTFCS) || first & ADD_FCS;

	if (!fcs)
		len = len > PCNET_FCS ? len - PCNET_FCS : 0;
	if (p->csr[4] & CSR4_APAD && len < MIN_FRAME) {
		memset(b + len, 0, MIN_FRAME - len);
		len = MIN_FRAME;
	}
	if (len < 14)
		return true;
	if (!(p->csr[CSR_MODE] & MODE_LOOP))
		return p->send(p->arg, b, len);
	if (!pcnet_receive(p, b, len))
		pcnet_miss(p);
	pcnet_received(p);
	return true;
}

enum tx { TX_NOTHING, TX_SENT, TX_NO_ROOM, TX_FAILED };

/* Send one frame: read all its descriptors, then give all of them back. */
static enum tx send_one(struct pcnet *p)
{
	u16 at = p->csr[CSR_TX_AT];
	u32 len = 0, n, i, count = 0, flags = 0, other = 0;
	struct desc d[TX_DESCRIPTORS];
	u8 b[TX_BYTES];
	bool lt, ok;

	for (;;) {
		if (!fetch(p, CSR_TX_BASE, CSR_TX_LEN, at, &d[count]))
			return TX_FAILED;
		if (!(d[count].raw & OWN))
			return TX_NOTHING;
		n = d[count].len;
		if (n > TX_BYTES - len)
			n = TX_BYTES - len;
		if (n && !p->memory(p->arg, d[count].addr, b + len, n, false))
			return TX_FAILED;
		len += n;
		at = step(p, CSR_TX_LEN, at);
		if (d[count++].raw & ENP)
			break;
		if (count == TX_DESCRIPTORS || at == p->csr[CSR_TX_AT])
			break;
	}
	ok = d[count - 1].raw & ENP && d[0].raw & STP;
	if (ok && len > PCNET_FRAME_MAX + PCNET_FCS) {
		p->csr[0] |= CSR0_BABL;
	} else if (ok) {
		if (!emit(p, b, len, d[0].raw))
			return TX_NO_ROOM;
		/* A frame that came back to the guest may have stopped the chip. */
		if (!(p->csr[0] & CSR0_TXON))
			return TX_SENT;
	} else if (!(d[count - 1].raw & ENP)) {
		flags = ERR;
		other = TX_BUFF | TX_UFLO;
		if (!(p->csr[3] & CSR3_DXSUFLO))
			p->csr[0] &= ~CSR0_TXON;
	}
	lt = p->csr[5] & CSR5_LTINTEN;
	for (i = 0; i < count; i++) {
		d[i].raw = (d[i].raw & ~(lt ? TX_CLEARED_LT : TX_CLEARED)) | flags;
		if (!give_back(p, &d[i], wide(p) ? other : other >> 16, true))
			return TX_FAILED;
	}
	p->csr[CSR_TX_AT] = at;
	if (flags || (!(p->csr[5] & CSR5_TOKINTD) && (!lt || d[count - 1].raw & LTINT)))
		p->csr[0] |= CSR0_TINT;
	p->csr[4] |= CSR4_TXSTRT;
	return TX_SENT;
}

/**
 * pcnet_transmit() - send what the guest has put into the ring
 * @p: the chip
 *
 * Sets @more if it shall be called again.
 */
void pcnet_transmit(struct pcnet *p)
{
	unsigned int n;
	enum tx done;

	p->more = false;
	for (n = 0; p->csr[0] & CSR0_TXON && !(p->csr[5] & CSR5_SPND); n++) {
		if (n == TX_BUDGET) {
			p->more = true;
			break;
		}
		done = send_one(p);
		if (done == TX_FAILED) {
			pcnet_abort(p);
			return;
		}
		if (done == TX_NO_ROOM)
			p->more = true;
		if (done != TX_SENT)
			break;
	}
	p->settle(p->arg);
	pcnet_update(p);
}

/* Two's complement of clocks, whose lowest four bits are ignored; 0: 65,536 clocks. */
static u64 poll_interval(const struct pcnet *p, u64 now)
{
	u64 interval = (0x10000 - (p->csr[CSR_POLLINT] & 0xfff0)) * BCLK_NS;

	if (!p->polled || now - p->polled >= POLL_TRUST)
		return POLL_SELDOM;
	return interval > POLL_MIN ? interval : POLL_MIN;
}

/**
 * pcnet_poll() - send what the guest did not demand the sending of, if it is time
 * @p: the chip
 * @now: time in nanoseconds
 *
 * Return: when to call again, PCNET_NEVER if something else has to come first.
 */
u64 pcnet_poll(struct pcnet *p, u64 now)
{
	u16 at = p->csr[CSR_TX_AT];

	if (!(p->csr[0] & CSR0_TXON) || p->csr[5] & CSR5_SPND || p->csr[4] & CSR4_DPOLL) {
		p->poll = PCNET_NEVER;
		return PCNET_NEVER;
	}
	if (p->poll == PCNET_NEVER) {
		p->poll = now + POLL_SELDOM;
	} else if (now >= p->poll) {
		pcnet_transmit(p);
		if (p->csr[CSR_TX_AT] != at && !p->demanded)
			p->polled = now;
		p->demanded = false;
		p->poll = now + poll_interval(p, now);
	}
	return p->poll;
}
