/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM in a few lines, and how tests say what they found.
 *
 * Programs that use this run in the test host, where /dev/vmbt is. Each line of
 * output is `ok NAME`, `not ok NAME: why` or `skip NAME: why`; test_exit()
 * gives the status.
 */
#ifndef VMBT_TEST_VM_H
#define VMBT_TEST_VM_H

#include <linux/kvm.h>
#include <linux/vmbt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1ul << (n))
/* For what another thread, the guest or the kernel changes meanwhile. */
#define READ_ONCE(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELAXED)

void sleep_ms(unsigned int us);

/* Report one test; the format says why it failed. Returns @good. */
bool test_result(const char *name, bool good, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void test_skip(const char *name, const char *why);
int test_exit(void);

/* One test of an errno: the call must fail with @err (0: succeed). */
#define EXPECT_ERRNO(name, call, err) ({				\
	errno = 0;							\
	long r_ = (call);						\
	test_result(name, (err) ? r_ < 0 && errno == (err) : r_ >= 0,	\
		    "returned %ld, errno %d, expected %d", r_, errno,	\
		    (err)); })

#define EXPECT_EQ(name, got, want) ({					\
	unsigned long long g_ = (got), w_ = (want);			\
	test_result(name, g_ == w_, "got %#llx, expected %#llx", g_, w_); })

/* Give up: the test can't go on, and that is a failure. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/*
 * struct vm - a VM with one vCPU and memory from guest physical 0
 * @mem: where the memory is mapped here
 * @run_size: what is mapped at @run, KVM_GET_VCPU_MMAP_SIZE
 */
struct vm {
	int dev, fd, cpu;
	struct kvm_run *run;
	size_t run_size;
	void *pio;
	struct vmbt_run_ext *ext;
	uint8_t *mem;
	size_t size;
};

int vm_dev(void);			/* opens /dev/vmbt or dies */
bool vm_is_fake(int dev);		/* the scripted VMM of api/fakehost */
void vm_create_empty(struct vm *vm);	/* the VM, and nothing in it */
void vm_fill(struct vm *vm, size_t size);	/* a vCPU and memory */
void vm_create(struct vm *vm, size_t size);	/* all of it */
void vm_create_with_chips(struct vm *vm, size_t size);	/* VMBT_CREATE_CHIPS */
void vm_destroy(struct vm *vm);
int vm_set_slot(struct vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa,
		uint64_t size, void *mem);

void vm_get_regs(struct vm *vm, struct kvm_regs *regs);
void vm_set_regs(struct vm *vm, const struct kvm_regs *regs);
/* Flat segments; @bits 16: real mode at CS base 0, 32: protected mode. */
void vm_set_mode(struct vm *vm, int bits);
/* KVM_RUN; the return value is 0 or -errno. */
int vm_run(struct vm *vm);
/*
 * The same, but a signal ends it after @us microseconds (less than a second)
 * or a multiple of that: -EINTR then. Takes SIGALRM.
 */
int vm_run_for(struct vm *vm, unsigned int us);
int vm_interrupt(struct vm *vm, uint32_t vector);	/* KVM_INTERRUPT */
uint64_t vm_stat(struct vm *vm, const char *name);
const char *vm_exit_name(uint32_t reason);
/* Describe the last exit, for messages. */
const char *vm_exit_text(struct vm *vm);

#endif
