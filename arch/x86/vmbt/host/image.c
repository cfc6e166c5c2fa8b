// SPDX-License-Identifier: GPL-2.0
/*
 * Is the embedded image one that this host half can load?
 *
 * It was built with the module, so a mismatch means a broken build; what is
 * checked here is what space.c relies on when it maps the parts.
 */
#include <linux/printk.h>

#include "host_int.h"

static bool in(u64 addr, u32 start, u32 end)
{
	return addr >= VMBT_IMAGE_BASE + start && addr < VMBT_IMAGE_BASE + end;
}

int vmbt_image_check(void)
{
	const struct vmbt_image_header *h = (const void *)vmbt_image_start;
	size_t size = vmbt_image_end - vmbt_image_start;

	if (size < PAGE_SIZE || h->magic != VMBT_IMAGE_MAGIC ||
	    h->version != VMBT_IMAGE_VERSION || h->base != VMBT_IMAGE_BASE) {
		pr_err("vmbt: the embedded image is not one of this version\n");
		return -ENOEXEC;
	}
	if (!h->text_end || h->text_end > h->rodata_end ||
	    h->rodata_end > h->data_end || h->data_end > h->bss_end ||
	    h->bss_end > VMBT_IMAGE_MAX || size > h->data_end ||
	    (h->text_end | h->rodata_end | h->data_end | h->bss_end) % PAGE_SIZE ||
	    !in(h->entry, VMBT_HEADER_SIZE, h->text_end) ||
	    !in(h->sysenter, VMBT_HEADER_SIZE, h->text_end) ||
	    !in(h->idt, h->text_end, h->rodata_end) ||
	    !in(h->tss, h->text_end, h->rodata_end)) {
		pr_err("vmbt: the embedded image's header is wrong\n");
		return -ENOEXEC;
	}
	return 0;
}
