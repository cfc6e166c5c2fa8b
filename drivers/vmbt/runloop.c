// SPDX-License-Identifier: GPL-2.0
/*
 * KVM_RUN: rounds between the host and the VMM.
 *
 * The VMM is a coroutine. Each round enters it and comes back with a host call
 * in vmbt_shared; most are answered here and the next round begins, and some
 * end in user space. Between rounds this is ordinary kernel code in process
 * context: it may sleep, be preempted, take signals.
 *
 * The VMM has a stack of its own, so it can be suspended in the middle of a
 * guest instruction. vcpu->state remembers whether it is; a signal never drops
 * such an instruction: VMBT_REQ_EXIT asks the VMM to finish it and leave with
 * VMBT_EXIT_INTR at the next clean point.
 *
 * Everything the VMM says is checked before use, like a system call's
 * arguments.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>

#include "vmbt.h"

#define VMBT_AGAIN	1

/* vmbt_shared.text as a printable string. */
void vmbt_copy_text(struct vmbt_vcpu *vcpu, char *to, size_t size)
{
	const char *from = vcpu->vm->shared->text;
	size_t i, n = strnlen(from, sizeof(vcpu->vm->shared->text));

	while (n && from[n - 1] == '\n')
		n--;
	n = min(n, size - 1);
	for (i = 0; i < n; i++)
		to[i] = isascii(from[i]) && isprint(from[i]) ? from[i] : '?';
	to[n] = '\0';
}

static void vmbt_log(struct vmbt_vcpu *vcpu)
{
	char text[VMBT_TEXT_MAX];

	vmbt_copy_text(vcpu, text, sizeof(text));
	pr_info_ratelimited("%s[%d]: %s\n", current->comm, current->tgid, text);
}

/* The reason of an exit in words, on the third page. */
static void vmbt_exit_text(struct vmbt_vcpu *vcpu, u32 suberror)
{
	char text[VMBT_TEXT_MAX] = { };

	vmbt_copy_text(vcpu, text, sizeof(text));
	vcpu->ext->suberror = suberror;
	vcpu->ext->text_len = strlen(text);
	memcpy(vcpu->ext->text, text, sizeof(text));
}

/* KVM_EXIT_INTERNAL_ERROR; api.rst lists what data[] holds. */
static void vmbt_exit_internal(struct vmbt_vcpu *vcpu, u32 suberror)
{
	const struct vmbt_guest *g = &vcpu->vm->shared->guest;
	struct kvm_run *run = vcpu->run;
	unsigned int n = 0;

	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->internal.suberror = suberror;
	run->internal.data[n++] = g->eip;
	run->internal.data[n++] = g->seg[VMBT_CS].sel;
	run->internal.data[n++] = g->seg[VMBT_CS].base;
	run->internal.data[n++] = g->eflags;
	run->internal.data[n++] = g->cr0;
	run->internal.data[n++] = g->cr2;
	run->internal.data[n++] = g->cr3;
	run->internal.data[n++] = g->cr4;
	run->internal.data[n++] = g->gpr[VMBT_ESP];
	run->internal.data[n++] = g->seg[VMBT_SS].sel;
	run->internal.data[n++] = (g->seg[VMBT_SS].attr & VMBT_ATTR_DPL) >>
				  VMBT_ATTR_DPL_SHIFT;
	run->internal.ndata = n;
	vmbt_exit_text(vcpu, suberror);
}

static int vmbt_broken(struct vmbt_vcpu *vcpu)
{
	char text[VMBT_TEXT_MAX];

	vmbt_copy_text(vcpu, text, sizeof(text));
	pr_err_ratelimited("%s[%d]: the VMM is broken: %s\n", current->comm,
			   current->tgid, text);
	vcpu->state = VMBT_VCPU_BROKEN;
	vmbt_exit_internal(vcpu, VMBT_INTERNAL_ERROR_BROKEN);
	return 0;
}

static int vmbt_bad_call(struct vmbt_vcpu *vcpu, const char *what)
{
	snprintf(vcpu->vm->shared->text, sizeof(vcpu->vm->shared->text),
		 "bad host call %u: %s", vcpu->vm->shared->hc_nr, what);
	return vmbt_broken(vcpu);
}

static int vmbt_exit_io(struct vmbt_vcpu *vcpu)
{
	const struct vmbt_exit *e = &vcpu->pending;
	struct kvm_run *run = vcpu->run;

	if ((e->size != 1 && e->size != 2 && e->size != 4) || !e->count ||
	    e->count > VMBT_IO_DATA / e->size || e->dir > VMBT_IO_OUT)
		return vmbt_bad_call(vcpu, "port access");

	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = e->dir == VMBT_IO_OUT ? KVM_EXIT_IO_OUT :
						    KVM_EXIT_IO_IN;
	run->io.size = e->size;
	run->io.port = e->port;
	run->io.count = e->count;
	run->io.data_offset = PAGE_SIZE;
	if (e->dir == VMBT_IO_OUT)
		memcpy(vcpu->pio, vcpu->vm->shared->io_data,
		       e->size * e->count);
	vcpu->state = VMBT_VCPU_IO;
	return 0;
}

static int vmbt_exit_mmio(struct vmbt_vcpu *vcpu)
{
	const struct vmbt_exit *e = &vcpu->pending;
	struct kvm_run *run = vcpu->run;

	if (!e->len || e->len > sizeof(e->mmio_data))
		return vmbt_bad_call(vcpu, "MMIO length");

	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = e->gpa;
	run->mmio.len = e->len;
	run->mmio.is_write = !!e->is_write;
	memset(run->mmio.data, 0, sizeof(run->mmio.data));
	if (e->is_write)
		memcpy(run->mmio.data, e->mmio_data, e->len);
	vcpu->state = VMBT_VCPU_MMIO;
	return 0;
}

/* VMBT_HC_EXIT: to user space. */
static int vmbt_exit_user(struct vmbt_vcpu *vcpu)
{
	struct vmbt_vm *vm = vcpu->vm;
	struct kvm_run *run = vcpu->run;

	/* A copy: checked once, used from here even after user space. */
	vcpu->pending = vm->shared->exit;
	vcpu->state = VMBT_VCPU_CLEAN;
	if (unlikely(vcpu->hostile))
		return vmbt_hostile_left(vcpu);

	switch (vcpu->pending.kind) {
	case VMBT_EXIT_IO:
		return vmbt_exit_io(vcpu);
	case VMBT_EXIT_MMIO:
		return vmbt_exit_mmio(vcpu);
	case VMBT_EXIT_HLT:
		if (vm->chips && vm->shared->guest.eflags & VMBT_X86_EFLAGS_IF) {
			vcpu->halted = true;
			/* The device that waits for the guest's writes may wake it. */
			if (vm->shared->coalesced.count)
				return -EINTR;
			return VMBT_AGAIN;
		}
		run->exit_reason = KVM_EXIT_HLT;
		return 0;
	case VMBT_EXIT_IRQ_WINDOW:
		run->exit_reason = KVM_EXIT_IRQ_WINDOW_OPEN;
		return 0;
	case VMBT_EXIT_INTR:
		run->exit_reason = KVM_EXIT_INTR;
		return -EINTR;
	case VMBT_EXIT_SHUTDOWN:
		run->exit_reason = KVM_EXIT_SHUTDOWN;
		vmbt_exit_text(vcpu, 0);
		return 0;
	case VMBT_EXIT_UNSUPPORTED:
	case VMBT_EXIT_INTERNAL:
		if (vm->mem_error)
			vmbt_exit_internal(vcpu, VMBT_INTERNAL_ERROR_MEMORY);
		else if (vcpu->pending.kind == VMBT_EXIT_UNSUPPORTED)
			vmbt_exit_internal(vcpu,
					   VMBT_INTERNAL_ERROR_UNSUPPORTED);
		else
			return vmbt_broken(vcpu);
		vm->mem_error = false;
		return 0;
	default:
		return vmbt_bad_call(vcpu, "exit kind");
	}
}

static void vmbt_get_page(struct vmbt_vm *vm)
{
	struct vmbt_shared *sh = vm->shared;
	u64 phys = 0;
	bool writable = false, large = false;

	sh->hc_ret = vmbt_mem_get_page(vm, sh->hc_arg[0], sh->hc_arg[1], &phys,
				       &writable, &large);
	sh->hc_out[0] = phys;
	sh->hc_out[1] = writable;
	sh->hc_out[2] = large;
}

/* Answer the host call of a round: VMBT_AGAIN, or what KVM_RUN returns. */
static int vmbt_serve(struct vmbt_vcpu *vcpu)
{
	struct vmbt_vm *vm = vcpu->vm;
	struct vmbt_shared *sh = vm->shared;

	switch (sh->hc_nr) {
	case VMBT_HC_INTR:
	case VMBT_HC_NMI:
	case VMBT_HC_MCE:
		/* Replayed by vmbt_world_run() where it had to be. */
	case VMBT_HC_YIELD:
		sh->hc_ret = 0;
		return VMBT_AGAIN;
	case VMBT_HC_GET_PAGE:
		vmbt_get_page(vm);
		return VMBT_AGAIN;
	case VMBT_HC_POOL_GROW:
		vmbt_pool_grow(vm);
		sh->hc_ret = 0;
		return VMBT_AGAIN;
	case VMBT_HC_POOL_SHRINK:
		sh->hc_ret = 0;
		if (!vmbt_pool_shrink(vm))
			return vmbt_bad_call(vcpu, "pool page");
		return VMBT_AGAIN;
	case VMBT_HC_LOG:
		vmbt_log(vcpu);
		sh->hc_ret = 0;
		return VMBT_AGAIN;
	case VMBT_HC_EXIT:
		sh->hc_ret = 0;
		return vmbt_exit_user(vcpu);
	case VMBT_HC_PANIC:
		return vmbt_broken(vcpu);
	default:
		return vmbt_bad_call(vcpu, "number");
	}
}

/**
 * vmbt_vcpu_ready() - the last look before the switch, interrupts off
 * @data: the vCPU
 *
 * From here on whoever wants something from the vCPU kicks it out, so what is
 * not seen here is seen next time.
 *
 * Return: false if something came up that has to be handed over before.
 */
bool vmbt_vcpu_ready(void *data)
{
	struct vmbt_vcpu *vcpu = data;
	struct vmbt_shared *sh = vcpu->vm->shared;

	if (!vmbt_mem_current(vcpu->vm, vcpu->mem_seq) || need_resched() ||
	    READ_ONCE(vmbt_stopping))
		return false;
	if (signal_pending(current) && !(sh->requests & VMBT_REQ_EXIT))
		return false;
	if (vcpu->last_cpu != smp_processor_id()) {
		vcpu->last_cpu = smp_processor_id();
		sh->requests |= VMBT_REQ_FLUSH_TLB;
	}
	if (vmbt_pool_wanted(vcpu->vm))
		vmbt_pool_request(vcpu->vm);
	if (vcpu->vm->chips)
		vmbt_chips_arm(vcpu);
	vmbt_coalesced_ready(vcpu);
	return true;
}

/* The answer of user space to the last exit, for the VMM to go on with. */
static void vmbt_complete(struct vmbt_vcpu *vcpu)
{
	struct vmbt_shared *sh = vcpu->vm->shared;
	const struct vmbt_exit *e = &vcpu->pending;

	if (vcpu->state == VMBT_VCPU_IO && e->dir == VMBT_IO_IN)
		memcpy(sh->io_data, vcpu->pio, e->size * e->count);
	if (vcpu->state == VMBT_VCPU_MMIO && !e->is_write)
		memcpy(sh->exit.mmio_data, vcpu->run->mmio.data, e->len);
	if (vcpu->state != VMBT_VCPU_CLEAN)
		vcpu->state = VMBT_VCPU_MIDWAY;
}

/* The PC's gate belongs to user space, whose chips open and close it. */
static void vmbt_a20_gate(struct vmbt_vcpu *vcpu)
{
	struct vmbt_shared *sh = vcpu->vm->shared;
	u8 masked = !!READ_ONCE(vcpu->ext->a20_masked);

	if (likely(masked == sh->guest.a20_masked))
		return;
	sh->guest.a20_masked = masked;
	sh->requests |= VMBT_REQ_STATE;
}

/*
 * Task work that is no signal (the scheduler's housekeeping, io_uring, live
 * patching) runs on the way to user space. What Linux has for this on the way
 * into a guest is for KVM's vCPUs only, so go that way: see vmbt_restart().
 */
static bool vmbt_work_pending(void)
{
	return test_thread_flag(TIF_NOTIFY_RESUME) && task_work_pending(current);
}

/*
 * Leave KVM_RUN so that task work runs, and come back without user space
 * seeing it; should a signal's handler run as well, KVM_RUN fails with EINTR
 * as it would have anyway. The flag makes the way out look at restarts.
 */
static int vmbt_restart(void)
{
	set_thread_flag(TIF_SIGPENDING);
	return -ERESTARTNOHAND;
}

int vmbt_rounds(struct vmbt_vcpu *vcpu)
{
	struct vmbt_shared *sh = vcpu->vm->shared;
	int r;

	for (;;) {
		cond_resched();
		if (READ_ONCE(vmbt_stopping) || fatal_signal_pending(current))
			return -EINTR;
		if (signal_pending(current) || vmbt_work_pending()) {
			if (vcpu->state == VMBT_VCPU_CLEAN)
				return -EINTR;
			/* First to the end of the instruction. */
			sh->requests |= VMBT_REQ_EXIT;
		}
		if (vcpu->halted) {
			if (vmbt_chips_wait(vcpu))
				continue;
			vcpu->halted = false;
		}
		vcpu->mem_seq = vmbt_mem_entry(vcpu->vm);
		sh->tsc_base = vmbt_clock_base(vcpu->vm);
		r = vmbt_world_run(vcpu->hv);
		if (!r)
			continue;
		if (r < 0) {
			strscpy(sh->text, "the world switch failed, see the host's log",
				sizeof(sh->text));
			return vmbt_broken(vcpu);
		}
		vcpu->state = VMBT_VCPU_MIDWAY;
		r = vmbt_serve(vcpu);
		if (r != VMBT_AGAIN)
			return r;
		vmbt_coalesced_round(vcpu);
	}
}

/**
 * vmbt_vcpu_run() - KVM_RUN
 * @vcpu: the vCPU, its mutex held
 * Return: 0 with kvm_run.exit_reason set, -EINTR, or another error.
 */
int vmbt_vcpu_run(struct vmbt_vcpu *vcpu)
{
	struct vmbt_shared *sh = vcpu->vm->shared;
	struct kvm_run *run = vcpu->run;
	bool leave = READ_ONCE(run->immediate_exit__unsafe);
	bool restart = false;
	int r;

	if (vcpu->state == VMBT_VCPU_BROKEN || READ_ONCE(vmbt_stopping))
		return -EIO;
	if (run->kvm_valid_regs || run->kvm_dirty_regs || sh->hostile.on)
		return -EINVAL;

	if (vcpu->sigset_active)
		sigprocmask(SIG_SETMASK, &vcpu->sigset, &current->real_blocked);

	run->exit_reason = KVM_EXIT_INTR;
	run->flags = 0;
	if (leave && vcpu->state == VMBT_VCPU_CLEAN) {
		r = -EINTR;
	} else {
		vmbt_complete(vcpu);
		vmbt_a20_gate(vcpu);
		if (vcpu->state_set) {
			vcpu->state_set = false;
			vcpu->halted = false;
			sh->requests |= VMBT_REQ_STATE;
		}
		/* One that the last run did not get to see is stale. */
		sh->requests &= ~VMBT_REQ_EXIT;
		if (leave)
			sh->requests |= VMBT_REQ_EXIT;
		sh->wall_ns = ktime_get_real_ns();
		sh->wall_tsc = vmbt_clock_now(vcpu->vm);
		vmbt_irq_before_run(vcpu);
		vmbt_coalesced_begin(vcpu);
		r = vmbt_rounds(vcpu);
		restart = r == -EINTR && !leave && !signal_pending(current) &&
			  !sh->coalesced.count && !READ_ONCE(vmbt_stopping);
		vmbt_coalesced_end(vcpu);
		vmbt_irq_after_run(vcpu);
	}

	if (vcpu->sigset_active) {
		sigprocmask(SIG_SETMASK, &current->real_blocked, NULL);
		sigemptyset(&current->real_blocked);
	}
	/* After the mask: changing that looks for signals anew. */
	return restart ? vmbt_restart() : r;
}
