// SPDX-License-Identifier: GPL-2.0
/*
 * The interrupt controllers against their data sheet.
 *
 * Each test writes the port sequences that the 8259A's data sheet (Intel
 * 231468) describes and expects what it promises; the comments name the
 * section. Nothing expected here was taken from the code under test.
 */
#include "check.h"
#include "pic.h"

static struct pic pic;

static void init(u8 icw1, u8 icw4_master)
{
	pic_reset(&pic);
	pic_write(&pic, 0x20, icw1);
	pic_write(&pic, 0x21, 0x20);
	pic_write(&pic, 0x21, 0x04);
	pic_write(&pic, 0x21, icw4_master);
	pic_write(&pic, 0xa0, icw1);
	pic_write(&pic, 0xa1, 0x28);
	pic_write(&pic, 0xa1, 0x02);
	pic_write(&pic, 0xa1, 0x01);
	pic_write(&pic, 0x21, 0x00);
	pic_write(&pic, 0xa1, 0x00);
}

static void pc(void)
{
	init(0x11, 0x01);
}

static void edge(unsigned int irq)
{
	pic_set_line(&pic, irq, false);
	pic_set_line(&pic, irq, true);
}

static u8 isr(u16 port)
{
	pic_write(&pic, port, 0x0b);
	return pic_read(&pic, port);
}

static u8 irr(u16 port)
{
	pic_write(&pic, port, 0x0a);
	return pic_read(&pic, port);
}

static void masked_at_power_on(void)
{
	unsigned int i;

	pic_reset(&pic);
	for (i = 0; i < 16; i++)
		edge(i);
	EXPECT(!pic_intr(&pic));
}

static void mask_register_reads_back(void)
{
	pc();
	pic_write(&pic, 0xa1, 0xff);
	pic_write(&pic, 0x21, 0xfb);
	EXPECT_EQ(pic_read(&pic, 0x21), 0xfb);
	EXPECT_EQ(pic_read(&pic, 0xa1), 0xff);
}

/* "Initialization Command Words 1 and 2": T7-T3 of the vector are ICW2's. */
static void vectors(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (i == 2)
			continue;
		pc();
		edge(i);
		EXPECT(pic_intr(&pic));
		EXPECT_EQ(pic_ack(&pic), 0x20 + i);
		EXPECT(!pic_intr(&pic));
		EXPECT_EQ(isr(0x20), i < 8 ? 1u << i : 4);
		EXPECT_EQ(isr(0xa0), i < 8 ? 0 : 1u << (i - 8));
	}
	/* The low three bits of ICW2 are the chip's own. */
	pic_write(&pic, 0x20, 0x11);
	pic_write(&pic, 0x21, 0x4f);
	pic_write(&pic, 0x21, 0x04);
	pic_write(&pic, 0x21, 0x01);
	edge(1);
	EXPECT_EQ(pic_ack(&pic), 0x49);
}

/* Without ICW4 (IC4 = 0) and with SNGL the sequence is shorter. */
static void short_initialisation(void)
{
	pic_reset(&pic);
	pic_write(&pic, 0x20, 0x10 | 0x02);
	pic_write(&pic, 0x21, 0x60);
	pic_write(&pic, 0x21, 0xfe);		/* already the mask */
	EXPECT_EQ(pic_read(&pic, 0x21), 0xfe);
	edge(0);
	EXPECT_EQ(pic_ack(&pic), 0x60);

	pic_write(&pic, 0x20, 0x10);		/* cascade, no ICW4 */
	pic_write(&pic, 0x21, 0x60);
	pic_write(&pic, 0x21, 0x04);
	pic_write(&pic, 0x21, 0xfd);
	EXPECT_EQ(pic_read(&pic, 0x21), 0xfd);
}

/* ICW1: mask cleared, edge sense reset, IR7 lowest, status reads IRR. */
static void icw1_resets(void)
{
	pc();
	pic_write(&pic, 0x20, 0xc3);		/* IR3 lowest */
	pic_write(&pic, 0x21, 0xff);
	pic_write(&pic, 0x20, 0x0b);
	edge(5);
	pic_write(&pic, 0x20, 0x11);
	EXPECT_EQ(pic_read(&pic, 0x20), 0);	/* IRR, and IR5's edge is gone */
	pic_write(&pic, 0x21, 0x20);
	pic_write(&pic, 0x21, 0x04);
	pic_write(&pic, 0x21, 0x01);
	EXPECT_EQ(pic_read(&pic, 0x21), 0);
	EXPECT(!pic_intr(&pic));
	edge(4);
	edge(0);
	EXPECT_EQ(pic_ack(&pic), 0x20);		/* IR0 is the highest again */
}

/* "Fully nested mode": higher inputs interrupt, equal and lower ones wait. */
static void fully_nested(void)
{
	pc();
	edge(4);
	EXPECT_EQ(pic_ack(&pic), 0x24);
	edge(5);
	edge(4);
	EXPECT(!pic_intr(&pic));
	edge(1);
	EXPECT(pic_intr(&pic));
	EXPECT_EQ(pic_ack(&pic), 0x21);
	EXPECT_EQ(isr(0x20), 0x12);
	pic_write(&pic, 0x20, 0x20);		/* ends the highest: IR1 */
	EXPECT_EQ(isr(0x20), 0x10);
	EXPECT(!pic_intr(&pic));
	pic_write(&pic, 0x20, 0x20);
	EXPECT_EQ(pic_ack(&pic), 0x24);		/* the second edge of IR4 */
	pic_write(&pic, 0x20, 0x64);		/* specific end of IR4 */
	EXPECT_EQ(pic_ack(&pic), 0x25);
	EXPECT_EQ(isr(0x20), 0x20);
	EXPECT_EQ(irr(0x20), 0);
}

/* Slave inputs rank between the master's 1 and 3. */
static void cascade_priority(void)
{
	pc();
	edge(3);
	edge(15);
	edge(8);
	EXPECT_EQ(pic_ack(&pic), 0x28);
	pic_write(&pic, 0xa0, 0x20);
	EXPECT(!pic_intr(&pic));		/* master still serves input 2 */
	pic_write(&pic, 0x20, 0x62);
	EXPECT(pic_intr(&pic));
	EXPECT_EQ(pic_ack(&pic), 0x2f);
	pic_write(&pic, 0xa0, 0x20);
	pic_write(&pic, 0x20, 0x20);
	EXPECT_EQ(pic_ack(&pic), 0x23);
}

/* "Special fully nested mode": the slave's higher inputs are not locked out. */
static void special_fully_nested(void)
{
	init(0x11, 0x11);
	edge(12);
	EXPECT_EQ(pic_ack(&pic), 0x2c);
	edge(9);
	EXPECT(pic_intr(&pic));
	EXPECT_EQ(pic_ack(&pic), 0x29);
	edge(13);
	EXPECT(!pic_intr(&pic));

	pc();					/* and without it they are */
	edge(12);
	EXPECT_EQ(pic_ack(&pic), 0x2c);
	edge(9);
	EXPECT(!pic_intr(&pic));
}

/* "Interrupt sequence": a request that went away yields level 7, not in service. */
static void spurious(void)
{
	pc();
	edge(3);
	EXPECT(pic_intr(&pic));
	pic_set_line(&pic, 3, false);
	EXPECT(!pic_intr(&pic));
	EXPECT_EQ(pic_ack(&pic), 0x27);
	EXPECT_EQ(isr(0x20), 0);

	/* The slave's: the master has accepted input 2 and must be ended. */
	pc();
	pic.chip[0].irr |= 4;
	pic.chip[0].lines |= 4;
	EXPECT_EQ(pic_ack(&pic), 0x2f);
	EXPECT_EQ(isr(0xa0), 0);
	EXPECT_EQ(isr(0x20), 4);
}

static void masking_keeps_the_request(void)
{
	pc();
	pic_write(&pic, 0x21, 0x10);
	edge(4);
	EXPECT(!pic_intr(&pic));
	EXPECT_EQ(irr(0x20), 0x10);
	EXPECT(pic_masked(&pic, 4));
	EXPECT(!pic_masked(&pic, 3));
	pic_write(&pic, 0x21, 0x00);
	EXPECT_EQ(pic_ack(&pic), 0x24);
	pic_write(&pic, 0x21, 0x04);
	EXPECT(pic_masked(&pic, 9));		/* by way of the cascade */
}

/* Edge mode: no second interrupt from a line that stays high. */
static void edge_triggered(void)
{
	pc();
	edge(5);
	EXPECT_EQ(pic_ack(&pic), 0x25);
	pic_write(&pic, 0x20, 0x20);
	pic_set_line(&pic, 5, true);
	EXPECT(!pic_intr(&pic));
	edge(5);
	EXPECT(pic_intr(&pic));
}

/* Level mode, by LTIM and by the ELCR: again until the line goes low. */
static void level_triggered(void)
{
	init(0x19, 0x01);
	pic_set_line(&pic, 5, true);
	EXPECT_EQ(pic_ack(&pic), 0x25);
	pic_write(&pic, 0x20, 0x20);
	EXPECT(pic_intr(&pic));
	EXPECT_EQ(pic_ack(&pic), 0x25);
	pic_set_line(&pic, 5, false);
	pic_write(&pic, 0x20, 0x20);
	EXPECT(!pic_intr(&pic));

	pc();
	pic_write(&pic, 0x4d1, 0x08);
	EXPECT_EQ(pic_read(&pic, 0x4d1), 0x08);
	pic_set_line(&pic, 11, true);
	EXPECT_EQ(pic_ack(&pic), 0x2b);
	pic_write(&pic, 0xa0, 0x20);
	pic_write(&pic, 0x20, 0x20);
	EXPECT(pic_intr(&pic));
	EXPECT_EQ(pic_ack(&pic), 0x2b);
	pic_set_line(&pic, 11, false);
	pic_write(&pic, 0xa0, 0x20);
	pic_write(&pic, 0x20, 0x20);
	EXPECT(!pic_intr(&pic));
}

/* 82371AB, ELCR1 and ELCR2: inputs 0, 1, 2, 8 and 13 are always edge triggered. */
static void elcr_reserved_bits(void)
{
	pc();
	pic_write(&pic, 0x4d0, 0xff);
	pic_write(&pic, 0x4d1, 0xff);
	EXPECT_EQ(pic_read(&pic, 0x4d0), 0xf8);
	EXPECT_EQ(pic_read(&pic, 0x4d1), 0xde);
	/* Initialisation does not touch the register: it is not the 8259's. */
	pic_write(&pic, 0x20, 0x11);
	EXPECT_EQ(pic_read(&pic, 0x4d0), 0xf8);
}

/* "Automatic end of interrupt": no in-service bit after the acknowledge. */
static void automatic_eoi(void)
{
	init(0x11, 0x03);
	edge(1);
	EXPECT_EQ(pic_ack(&pic), 0x21);
	EXPECT_EQ(isr(0x20), 0);
	edge(6);
	EXPECT(pic_intr(&pic));

	/* "Rotate in automatic EOI mode (set)": the served input becomes lowest. */
	init(0x11, 0x03);
	pic_write(&pic, 0x20, 0x80);
	edge(1);
	EXPECT_EQ(pic_ack(&pic), 0x21);
	edge(0);
	edge(3);
	EXPECT_EQ(pic_ack(&pic), 0x23);
	pic_write(&pic, 0x20, 0x00);		/* and off: no rotation after IR0 */
	EXPECT_EQ(pic_ack(&pic), 0x20);
	edge(1);
	edge(5);
	EXPECT_EQ(pic_ack(&pic), 0x25);		/* IR3 is still the lowest */
}

/* The slave's INT goes low while it is acknowledged: a new edge for the next. */
static void slave_edges(void)
{
	init(0x11, 0x03);
	pic_write(&pic, 0xa0, 0x11);
	pic_write(&pic, 0xa1, 0x28);
	pic_write(&pic, 0xa1, 0x02);
	pic_write(&pic, 0xa1, 0x03);
	edge(9);
	edge(8);
	EXPECT_EQ(pic_ack(&pic), 0x28);
	EXPECT(pic_intr(&pic));
	EXPECT_EQ(pic_ack(&pic), 0x29);
	EXPECT(!pic_intr(&pic));
}

/* An input that is high already becomes a request when made level triggered. */
static void elcr_while_high(void)
{
	pc();
	pic_set_line(&pic, 10, true);
	EXPECT_EQ(pic_ack(&pic), 0x2a);
	pic_write(&pic, 0xa0, 0x20);
	pic_write(&pic, 0x20, 0x20);
	EXPECT(!pic_intr(&pic));
	pic_write(&pic, 0x4d1, 0x14);		/* 10 is high, 12 is low */
	EXPECT(pic_intr(&pic));
	EXPECT_EQ(irr(0xa0), 0x04);
}

static void other_ports(void)
{
	pc();
	EXPECT_EQ(pic_read(&pic, 0x22), 0xff);
	pic_write(&pic, 0x22, 0x11);
	pic_set_line(&pic, 16, true);
	pic_set_line(&pic, 2, true);
	EXPECT(!pic_intr(&pic));
	EXPECT_EQ(irr(0x20), 0);
}

/* "Automatic rotation", the data sheet's own example: IR4 before and after. */
static void rotate_on_eoi(void)
{
	pc();
	edge(4);
	edge(6);
	EXPECT_EQ(pic_ack(&pic), 0x24);
	pic_write(&pic, 0x20, 0xa0);		/* rotate on non-specific end */
	/* now IR5 is the highest and IR4 the lowest */
	edge(4);
	EXPECT_EQ(pic_ack(&pic), 0x26);
	edge(5);
	EXPECT_EQ(pic_ack(&pic), 0x25);
	EXPECT_EQ(isr(0x20), 0x60);
}

/* "Specific rotation": set priority, with and without end of interrupt. */
static void specific_rotation(void)
{
	pc();
	pic_write(&pic, 0x20, 0xc5);		/* IR5 lowest: IR6 is the highest */
	edge(0);
	edge(5);
	edge(6);
	EXPECT_EQ(pic_ack(&pic), 0x26);
	pic_write(&pic, 0x20, 0xe6);		/* end IR6, make it the lowest */
	EXPECT_EQ(isr(0x20), 0);
	EXPECT_EQ(pic_ack(&pic), 0x20);
	pic_write(&pic, 0x20, 0x40);		/* no operation */
	EXPECT_EQ(isr(0x20), 0x01);
}

/* "Special mask mode": a masked input in service inhibits nobody. */
static void special_mask(void)
{
	pc();
	edge(4);
	EXPECT_EQ(pic_ack(&pic), 0x24);
	pic_write(&pic, 0x21, 0x10);
	edge(6);
	EXPECT(!pic_intr(&pic));
	pic_write(&pic, 0x20, 0x68);		/* set special mask */
	EXPECT(pic_intr(&pic));
	EXPECT_EQ(pic_ack(&pic), 0x26);
	/* a non-specific end leaves the masked bit alone */
	pic_write(&pic, 0x20, 0x20);
	EXPECT_EQ(isr(0x20), 0x10);
	pic_write(&pic, 0x20, 0x20);
	EXPECT_EQ(isr(0x20), 0x10);
	pic_write(&pic, 0x20, 0x64);
	EXPECT_EQ(isr(0x20), 0);
	pic_write(&pic, 0x20, 0x48);		/* reset special mask */
	pic_write(&pic, 0x21, 0x00);
	edge(2 + 1);
	EXPECT_EQ(pic_ack(&pic), 0x23);
	pic_write(&pic, 0x21, 0x08);
	edge(6);
	EXPECT(!pic_intr(&pic));
}

/* "Poll command": the read acknowledges, and tells the level. */
static void poll(void)
{
	pc();
	edge(3);
	pic_write(&pic, 0x20, 0x0c);
	EXPECT_EQ(pic_read(&pic, 0x20), 0x83);
	EXPECT(!pic_intr(&pic));
	EXPECT_EQ(isr(0x20), 0x08);
	pic_write(&pic, 0x20, 0x20);
	pic_write(&pic, 0x20, 0x0c);
	EXPECT_EQ(pic_read(&pic, 0x20) & 0x80, 0);
	EXPECT_EQ(isr(0x20), 0);

	edge(14);
	pic_write(&pic, 0xa0, 0x0c);
	EXPECT_EQ(pic_read(&pic, 0xa0), 0x86);
	EXPECT_EQ(isr(0xa0), 0x40);
	EXPECT(!pic_intr(&pic));		/* the slave took its INT away */
}

static void status_selection_sticks(void)
{
	pc();
	edge(1);
	EXPECT_EQ(pic_read(&pic, 0x20), 0x02);	/* IRR by default */
	pic_ack(&pic);
	pic_write(&pic, 0x20, 0x0b);
	EXPECT_EQ(pic_read(&pic, 0x20), 0x02);
	EXPECT_EQ(pic_read(&pic, 0x20), 0x02);
	pic_write(&pic, 0x20, 0x08);		/* no read register command */
	EXPECT_EQ(pic_read(&pic, 0x20), 0x02);
	pic_write(&pic, 0x20, 0x0a);
	EXPECT_EQ(pic_read(&pic, 0x20), 0x00);
}

/* Lines that moved while nobody looked; the timer's and the cascade's do not. */
static void lines_at_once(void)
{
	pc();
	pic_move_lines(&pic, 0x0012, 0x0012);
	EXPECT_EQ(pic.chip[0].lines, 0x12);
	EXPECT_EQ(pic.chip[0].irr, 0x12);
	pic_move_lines(&pic, 0x0002, 0x0010);	/* 1 went up and down again */
	EXPECT_EQ(pic.chip[0].irr, 0x10);
	pic_move_lines(&pic, 0x9005, 0x9005);
	EXPECT_EQ(pic.chip[0].lines & 5, 4);	/* the slave's doing */
	EXPECT_EQ(pic.chip[1].irr, 0x90);
}

static void validity(void)
{
	struct pic good;

	pc();
	EXPECT(pic_valid(&pic));
	good = pic;
	pic.chip[0].lowest = 8;
	EXPECT(!pic_valid(&pic));
	pic = good;
	pic.chip[1].base = 0x71;
	EXPECT(!pic_valid(&pic));
	pic = good;
	pic.chip[0].icw = 1;
	EXPECT(!pic_valid(&pic));
	pic = good;
	pic.chip[1].elcr = 0x01;
	EXPECT(!pic_valid(&pic));
	pic = good;
	*(u8 *)&pic.chip[0].poll = 2;
	EXPECT(!pic_valid(&pic));
	/* The outputs follow from the rest. */
	pic = good;
	pic.chip[1].irr = 0x10;
	pic.chip[1].lines = 0x10;
	pic_settle(&pic);
	EXPECT(pic_intr(&pic));
}

int main(void)
{
	CASE(masked_at_power_on);
	CASE(mask_register_reads_back);
	CASE(vectors);
	CASE(short_initialisation);
	CASE(icw1_resets);
	CASE(fully_nested);
	CASE(cascade_priority);
	CASE(special_fully_nested);
	CASE(spurious);
	CASE(masking_keeps_the_request);
	CASE(edge_triggered);
	CASE(level_triggered);
	CASE(elcr_reserved_bits);
	CASE(automatic_eoi);
	CASE(slave_edges);
	CASE(elcr_while_high);
	CASE(other_ports);
	CASE(rotate_on_eoi);
	CASE(specific_rotation);
	CASE(special_mask);
	CASE(poll);
	CASE(status_selection_sticks);
	CASE(lines_at_once);
	CASE(validity);
	return check_failed != 0;
}
