// SPDX-License-Identifier: GPL-2.0
/*
 * The one place that knows how to talk to /dev/vmbt.
 *
 * The interface is KVM's wherever the semantics match, so what is spelled
 * KVM_ here is the kernel's <linux/kvm.h>; <linux/vmbt.h> has the rest.
 */
#include "vmm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vmbt.h>

#include "broker.h"
#include "util.h"

#define CPUID_ENTRIES	128
#define PAGE		4096

static int do_ioctl(int fd, unsigned long request, void *arg)
{
	int rc = ioctl(fd, request, arg);

	return rc < 0 ? -errno : rc;
}

static void open_device(struct vmm *vmm)
{
	int version;

	vmm->sys = broker_open(vmm->device, O_RDWR);
	if (vmm->sys < 0) {
		switch (errno) {
		case ENOENT:
			die("%s: not there: load the module vmbt", vmm->device);
		case EACCES:
		case EPERM:
			die("%s: no permission", vmm->device);
		case ENODEV:
		case ENXIO:
		case EOPNOTSUPP:
			die("%s: this host's CPU or kernel is not supported (see dmesg)",
			    vmm->device);
		default:
			die("%s: %s", vmm->device, strerror(errno));
		}
	}
	version = do_ioctl(vmm->sys, KVM_GET_API_VERSION, NULL);
	if (version != KVM_API_VERSION ||
	    do_ioctl(vmm->sys, KVM_CHECK_EXTENSION, (void *)VMBT_CAP_ABI) != VMBT_ABI)
		die("%s: not a vmbt device, or one of another version", vmm->device);
}

/* The guest sees every feature that the driver offers. */
static void set_cpuid(struct vmm *vmm)
{
	struct kvm_cpuid2 *cpuid;
	int rc;

	cpuid = calloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		die("out of memory");
	cpuid->nent = CPUID_ENTRIES;
	rc = do_ioctl(vmm->sys, KVM_GET_SUPPORTED_CPUID, cpuid);
	if (!rc)
		rc = do_ioctl(vmm->vcpu, KVM_SET_CPUID2, cpuid);
	if (rc < 0)
		die("%s: CPUID: %s", vmm->device, strerror(-rc));
	free(cpuid);
}

/* Where the guest's writes are that do not exit, if the driver has such. */
static void open_ring(struct vmm *vmm)
{
	int page = do_ioctl(vmm->sys, KVM_CHECK_EXTENSION, (void *)KVM_CAP_COALESCED_MMIO);
	int pairs = do_ioctl(vmm->sys, KVM_CHECK_EXTENSION, (void *)VMBT_CAP_PAIRS);

	if (page <= 0 || (size_t)(page + 1) * PAGE > vmm->run_size ||
	    do_ioctl(vmm->sys, KVM_CHECK_EXTENSION, (void *)KVM_CAP_COALESCED_PIO) != 1)
		return;
	vmm->ring = (void *)((u8 *)vmm->run + page * PAGE);
	vmm->pairs = pairs > 0 ? pairs : 0;
}

/**
 * vmm_create() - open the device and create a VM with one vCPU
 * @vmm: filled
 * @device: path of the device
 * @chips: have interrupt controllers and timer in the VMM, if it can
 *
 * Ends the program with a message if that is not possible.
 */
void vmm_create(struct vmm *vmm, const char *device, bool chips)
{
	int size;

	*vmm = (struct vmm){ .device = device, .sys = -1, .vm = -1, .vcpu = -1 };
	open_device(vmm);

	vmm->vm = do_ioctl(vmm->sys, KVM_CREATE_VM, NULL);
	if (vmm->vm == -EOPNOTSUPP || vmm->vm == -ENODEV)
		die("%s: this host's CPU or kernel is not supported (see dmesg)", device);
	if (vmm->vm < 0)
		die("%s: can't create a VM: %s", device, strerror(-vmm->vm));
	vmm->chips = chips && !do_ioctl(vmm->vm, VMBT_CREATE_CHIPS, NULL);
	vmm->vcpu = do_ioctl(vmm->vm, KVM_CREATE_VCPU, NULL);
	if (vmm->vcpu < 0)
		die("%s: can't create a vCPU: %s", device, strerror(-vmm->vcpu));

	size = do_ioctl(vmm->sys, KVM_GET_VCPU_MMAP_SIZE, NULL);
	if (size < (VMBT_RUN_EXT_PAGE + 1) * PAGE)
		die("%s: the run page has a wrong size: %d", device, size);
	vmm->run_size = size;
	vmm->run = mmap(NULL, vmm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vmm->vcpu, 0);
	if (vmm->run == MAP_FAILED)
		die("%s: can't map the run page: %s", device, strerror(errno));
	open_ring(vmm);
	set_cpuid(vmm);
}

/**
 * vmm_destroy() - close all of it
 * @vmm: the VM
 */
void vmm_destroy(struct vmm *vmm)
{
	munmap(vmm->run, vmm->run_size);
	close(vmm->vcpu);
	close(vmm->vm);
	close(vmm->sys);
}

/**
 * vmm_set_memory() - map memory of this process into the guest
 * @vmm: the VM
 * @slot: number of the slot
 * @gpa: guest physical address
 * @size: bytes
 * @where: the memory
 * @readonly: the guest can't write it; its writes are KVM_EXIT_MMIO
 *
 * A size of 0 takes the slot away. Neither its size, its memory nor @readonly
 * can be changed otherwise.
 *
 * Return: 0 or a negative error number.
 */
int vmm_set_memory(struct vmm *vmm, u32 slot, u64 gpa, u64 size, void *where, bool readonly)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = readonly ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (unsigned long)where,
	};

	return do_ioctl(vmm->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/**
 * vmm_memory_written() - a device has written guest memory
 * @vmm: the VM
 * @gpa: guest physical address
 * @size: bytes
 *
 * Called before the guest can learn that the device is done: what the VMM made
 * of the old contents (translated code, shadow tables) is gone when the guest
 * runs its next instruction.
 *
 * Return: 0 or a negative error number.
 */
int vmm_memory_written(struct vmm *vmm, u64 gpa, u64 size)
{
	struct vmbt_written written = { .gpa = gpa, .size = size };

	return do_ioctl(vmm->vm, VMBT_MEMORY_WRITTEN, &written);
}

/**
 * vmm_run() - run the guest until it needs somebody
 * @vmm: the VM
 *
 * Return: 0 with the reason in the run page, or a negative error number;
 * -EINTR if a signal or immediate_exit interrupted it.
 */
int vmm_run(struct vmm *vmm)
{
	return do_ioctl(vmm->vcpu, KVM_RUN, NULL);
}

/**
 * vmm_irq_line() - drive an input of the VMM's interrupt controllers
 * @vmm: the VM, with chips
 * @irq: the input
 * @level: its level
 */
void vmm_irq_line(struct vmm *vmm, unsigned int irq, bool level)
{
	struct kvm_irq_level line = { .irq = irq, .level = level };
	int rc = do_ioctl(vmm->vm, KVM_IRQ_LINE, &line);

	if (rc)
		warn("interrupt line %u: %s", irq, strerror(-rc));
}

/**
 * vmm_interrupt() - deliver an external interrupt
 * @vmm: the VM, whose run page says ready_for_interrupt_injection
 * @vector: what the interrupt controller answered
 *
 * Return: 0 or a negative error number.
 */
int vmm_interrupt(struct vmm *vmm, u8 vector)
{
	struct kvm_interrupt irq = { .irq = vector };

	return do_ioctl(vmm->vcpu, KVM_INTERRUPT, &irq);
}

/**
 * vmm_get_regs() - read the guest's registers
 * @vmm: the VM
 * @regs: filled
 * @sregs: filled
 *
 * Return: 0 or a negative error number.
 */
int vmm_get_regs(struct vmm *vmm, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	int rc = do_ioctl(vmm->vcpu, KVM_GET_REGS, regs);

	return rc ? rc : do_ioctl(vmm->vcpu, KVM_GET_SREGS, sregs);
}

/**
 * vmm_set_regs() - write the guest's registers
 * @vmm: the VM
 * @regs: new values
 * @sregs: new values
 *
 * Return: 0 or a negative error number.
 */
int vmm_set_regs(struct vmm *vmm, const struct kvm_regs *regs, const struct kvm_sregs *sregs)
{
	int rc = do_ioctl(vmm->vcpu, KVM_SET_SREGS, (void *)sregs);

	return rc ? rc : do_ioctl(vmm->vcpu, KVM_SET_REGS, (void *)regs);
}

/**
 * vmm_zone() - a range whose writes need not be known at once
 * @vmm: the VM
 * @addr: the first address or port
 * @size: how many
 * @pio: ports
 * @add: or no more
 *
 * Return: false if the driver has no room for it.
 */
bool vmm_zone(struct vmm *vmm, u64 addr, u32 size, bool pio, bool add)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = addr, .size = size, .pio = pio };

	return vmm->ring && !do_ioctl(vmm->vm, add ? KVM_REGISTER_COALESCED_MMIO :
				      KVM_UNREGISTER_COALESCED_MMIO, &zone);
}

/**
 * vmm_set_pair() - an index and a data port of which the VMM knows some registers
 * @vmm: the VM
 * @pair: see <linux/vmbt.h>
 *
 * Called while the vCPU is outside, or waits until it is.
 *
 * Return: false if the driver has no room for it.
 */
bool vmm_set_pair(struct vmm *vmm, const struct vmbt_pair *pair)
{
	return vmm->ring && pair->pair < vmm->pairs &&
	       !do_ioctl(vmm->vcpu, VMBT_SET_PAIR, (void *)pair);
}

/**
 * vmm_set_live() - what the guest reads from the pair's live register
 * @vmm: the VM
 * @pair: its number
 * @value: the value
 *
 * Told by memory: who drives an interrupt line behind this has the guest see it.
 */
void vmm_set_live(struct vmm *vmm, unsigned int pair, u32 value)
{
	struct vmbt_run_ext *ext = (void *)((u8 *)vmm->run + VMBT_RUN_EXT_PAGE * PAGE);

	if (pair < vmm->pairs && pair < VMBT_MAX_PAIRS)
		__atomic_store_n(&ext->live[pair], value, __ATOMIC_RELEASE);
}

/**
 * vmm_late() - the next of the writes that did not exit
 * @vmm: the VM; KVM_RUN has returned
 * @write: filled
 *
 * To be asked before the exit itself is looked at: these came before it.
 *
 * Return: false if there is none.
 */
bool vmm_late(struct vmm *vmm, struct kvm_coalesced_mmio *write)
{
	const u32 entries = (PAGE - sizeof(*vmm->ring)) / sizeof(vmm->ring->coalesced_mmio[0]);
	struct kvm_coalesced_mmio_ring *ring = vmm->ring;
	u32 first;

	if (!ring)
		return false;
	first = ring->first;
	if (first >= entries || first == __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE))
		return false;
	*write = ring->coalesced_mmio[first];
	__atomic_store_n(&ring->first, (first + 1) % entries, __ATOMIC_RELEASE);
	return true;
}

/**
 * vmm_io_data() - the data of a KVM_EXIT_IO
 * @vmm: the VM
 *
 * Return: where it is, or NULL if it would reach out of the mapping.
 */
void *vmm_io_data(struct vmm *vmm)
{
	const struct kvm_run *run = vmm->run;
	u64 len = (u64)run->io.size * run->io.count;

	if (run->io.data_offset > vmm->run_size || len > vmm->run_size - run->io.data_offset)
		return NULL;
	return (u8 *)vmm->run + run->io.data_offset;
}

/**
 * vmm_set_a20() - open or close the A20 gate
 * @vmm: the VM
 * @open: address line 20 is the guest's
 *
 * Takes effect with the next vmm_run().
 */
void vmm_set_a20(struct vmm *vmm, bool open)
{
	struct vmbt_run_ext *ext = (void *)((u8 *)vmm->run + VMBT_RUN_EXT_PAGE * PAGE);

	ext->a20_masked = !open;
}

/**
 * vmm_error_text() - what an internal error was, in words
 * @vmm: the VM, after KVM_EXIT_INTERNAL_ERROR
 *
 * Return: one line.
 */
const char *vmm_error_text(struct vmm *vmm)
{
	struct vmbt_run_ext *ext = (void *)((u8 *)vmm->run + VMBT_RUN_EXT_PAGE * PAGE);

	ext->text[VMBT_TEXT_MAX - 1] = 0;
	return ext->text[0] ? ext->text : "the driver gave no reason";
}

/**
 * vmm_each_stat() - all statistics the driver keeps for this VM
 * @vmm: the VM
 * @fn: called for each
 * @arg: its first argument
 */
void vmm_each_stat(struct vmm *vmm, void (*fn)(void *arg, const char *name, u64 value), void *arg)
{
	struct vmbt_stats *stats = NULL, *more;
	u32 i, room = 64;
	int rc;

	do {
		more = realloc(stats, sizeof(*stats) + room * sizeof(stats->stats[0]));
		if (!more)
			break;
		stats = more;
		stats->nstats = room;
		stats->flags = 0;
		rc = do_ioctl(vmm->vm, VMBT_GET_STATS, stats);
		if (rc == -E2BIG && stats->nstats > room)
			room = stats->nstats;
		else if (rc)
			break;
		for (i = 0; !rc && i < stats->nstats && i < room; i++) {
			stats->stats[i].name[sizeof(stats->stats[i].name) - 1] = 0;
			fn(arg, stats->stats[i].name, stats->stats[i].value);
		}
	} while (rc);
	free(stats);
}
