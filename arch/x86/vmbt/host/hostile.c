// SPDX-License-Identifier: GPL-2.0
/*
 * What the hostile-guest test compares after each program.
 *
 * The CPU's state is compared around every trip, as the switch's own selftest
 * does. Here is what lies in memory: the VMM's text and constants (its IDT and
 * TSS among them), the home GDT, the cross pages, the host's GDT and IDT, and
 * two canaries of the host's, a page and the scratch registers of its serial
 * ports, for a guest that gets to pages or ports.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/vmbt.h>
#include <asm/desc.h>

#include "host_int.h"

#define CROSS_TEXT_PAGES	2
/* Offset 7 of a 16450: a byte that means nothing to it. */
static const u16 scratch[] = { 0x3ff, 0x2ff, 0x3ef, 0x2ef };

/*
 * struct vmbt_hostile_watch - how all was before
 * @image: text and read-only data of the VMM
 * @nimage: its pages
 * @page: a page of the host's that no guest has anything to do with
 * @has_port: bit per entry of scratch[]
 * @cpu: whose GDT @gdt is
 */
struct vmbt_hostile_watch {
	u8 *image;
	u32 nimage;
	u8 *page;
	u32 has_port;
	int cpu;
	u8 home_gdt[PAGE_SIZE];
	u8 cross_text[CROSS_TEXT_PAGES][PAGE_SIZE];
	u64 cross_idt[VMBT_X_IDT_ENTRIES * 2];
	u64 cross_gdt[VMBT_X_GDT_ENTRIES];
	u64 gdt[GDT_ENTRIES];
	u8 idt[PAGE_SIZE];
};

static const void *cross_text(u32 i)
{
	return (const void *)((u64)(i ? (void *)vmbt_cross_nmi :
				   (void *)vmbt_cross_enter) & PAGE_MASK);
}

/* LTR marks a TSS busy, in the copies that the switch loads from. */
static void read_cross_gdt(const struct vmbt_hv_vcpu *v, u64 *gdt)
{
	memcpy(gdt, v->cross->gdt, VMBT_X_GDT_ENTRIES * sizeof(u64));
	gdt[VMBT_X_SEL_HOST_TSS / 8] = 0;
	gdt[VMBT_X_SEL_HOST_TSS / 8 + 1] = 0;
	gdt[VMBT_X_SEL_VMM_TSS / 8] &= ~(2ULL << 40);
}

static void read_host_tables(u64 *gdt, u8 *idt, int *cpu)
{
	struct desc_ptr gdtr, idtr;

	preempt_disable();
	*cpu = smp_processor_id();
	asm volatile("sgdt %0" : "=m" (gdtr));
	asm volatile("sidt %0" : "=m" (idtr));
	memcpy(gdt, (void *)gdtr.address, GDT_ENTRIES * sizeof(u64));
	memcpy(idt, (void *)idtr.address, PAGE_SIZE);
	preempt_enable();
}

static u8 page_byte(u32 i)
{
	return 0x5a ^ i ^ i >> 8;
}

/* Once for a vCPU, before it has run. */
static struct vmbt_hostile_watch *make(struct vmbt_hv_vcpu *v)
{
	struct vmbt_hostile_watch *w = vzalloc(sizeof(*w));
	u32 i;

	if (!w)
		return NULL;
	w->nimage = v->space->hdr->rodata_end / PAGE_SIZE;
	w->image = vmalloc(w->nimage * PAGE_SIZE);
	w->page = (u8 *)__get_free_page(GFP_KERNEL);
	if (!w->image || !w->page) {
		vfree(w->image);
		free_page((unsigned long)w->page);
		vfree(w);
		return NULL;
	}
	for (i = 0; i < w->nimage; i++)
		memcpy(w->image + i * PAGE_SIZE,
		       page_address(v->space->image[i]), PAGE_SIZE);
	for (i = 0; i < PAGE_SIZE; i++)
		w->page[i] = page_byte(i);
	memcpy(w->home_gdt, page_address(v->space->gdt), PAGE_SIZE);
	for (i = 0; i < CROSS_TEXT_PAGES; i++)
		memcpy(w->cross_text[i], cross_text(i), PAGE_SIZE);
	memcpy(w->cross_idt, v->cross->idt, sizeof(w->cross_idt));
	for (i = 0; i < ARRAY_SIZE(scratch); i++) {
		outb(0x69, scratch[i]);
		if (inb(scratch[i]) == 0x69)
			w->has_port |= BIT(i);
	}
	return w;
}

int vmbt_hostile_watch(struct vmbt_hv_vcpu *v)
{
	if (!v->check)
		v->check = vmbt_snapshot_new();
	if (!v->watch)
		v->watch = make(v);
	if (!v->check || !v->watch)
		return -ENOMEM;
	read_cross_gdt(v, v->watch->cross_gdt);
	read_host_tables(v->watch->gdt, v->watch->idt, &v->watch->cpu);
	return 0;
}

static u32 compare_host(struct vmbt_hostile_watch *w, u64 *what)
{
	u64 gdt[GDT_ENTRIES];
	u32 i, bad = 0;
	int cpu;
	u8 *idt;

	for (i = 0; i < PAGE_SIZE; i++) {
		if (w->page[i] == page_byte(i))
			continue;
		what[0] = i;
		what[1] = w->page[i];
		w->page[i] = page_byte(i);
		bad = VMBT_HOSTILE_BAD_HOST;
	}
	for (i = 0; i < ARRAY_SIZE(scratch); i++) {
		if (!(w->has_port & BIT(i)) || inb(scratch[i]) == 0x69)
			continue;
		what[0] = scratch[i];
		what[1] = inb(scratch[i]);
		outb(0x69, scratch[i]);
		bad = VMBT_HOSTILE_BAD_HOST;
	}
	idt = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!idt)
		return bad;
	read_host_tables(gdt, idt, &cpu);
	if (memcmp(idt, w->idt, PAGE_SIZE) ||
	    (cpu == w->cpu && memcmp(gdt, w->gdt, sizeof(gdt))))
		bad = VMBT_HOSTILE_BAD_HOST;
	kfree(idt);
	return bad;
}

/* The VMM's pages. @off: offset of the part of the header that the host fills. */
static u32 compare_image(struct vmbt_hv_vcpu *v, u64 *what)
{
	struct vmbt_hostile_watch *w = v->watch;
	u32 i;

	for (i = 0; i < w->nimage; i++) {
		if (!memcmp(w->image + i * PAGE_SIZE,
			    page_address(v->space->image[i]), PAGE_SIZE))
			continue;
		what[0] = VMBT_IMAGE_BASE + i * PAGE_SIZE;
		what[1] = 0;
		return VMBT_HOSTILE_BAD_TEXT;
	}
	if (memcmp(w->home_gdt, page_address(v->space->gdt), PAGE_SIZE)) {
		what[0] = VMBT_GDT_BASE;
		return VMBT_HOSTILE_BAD_TEXT;
	}
	return 0;
}

static u32 compare_cross(struct vmbt_hv_vcpu *v, u64 *what)
{
	struct vmbt_hostile_watch *w = v->watch;
	u64 gdt[VMBT_X_GDT_ENTRIES];
	bool same;
	u32 i;

	read_cross_gdt(v, gdt);
	same = !memcmp(w->cross_idt, v->cross->idt, sizeof(w->cross_idt)) &&
	       !memcmp(w->cross_gdt, gdt, sizeof(gdt));
	for (i = 0; i < CROSS_TEXT_PAGES; i++)
		same = same && !memcmp(w->cross_text[i], cross_text(i), PAGE_SIZE);
	if (same)
		return 0;
	what[0] = (u64)v->cross;
	return VMBT_HOSTILE_BAD_CROSS;
}

u32 vmbt_hostile_compare(struct vmbt_hv_vcpu *v, u64 *what)
{
	u32 bad;

	what[0] = 0;
	what[1] = 0;
	bad = compare_image(v, what);
	bad |= compare_cross(v, what);
	bad |= compare_host(v->watch, what);
	if (vmbt_snapshot_differed(v->check))
		bad |= VMBT_HOSTILE_BAD_STATE;
	return bad;
}

void vmbt_hostile_unwatch(struct vmbt_hv_vcpu *v)
{
	if (!v->watch)
		return;
	kfree(v->check);
	vfree(v->watch->image);
	free_page((unsigned long)v->watch->page);
	vfree(v->watch);
}
