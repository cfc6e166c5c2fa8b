// SPDX-License-Identifier: GPL-2.0
/*
 * The rules of memory slots, which are KVM's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/vm.h"

#define PAGE	4096ul
#define MB	0x100000ul

int main(void)
{
	struct vm vm;
	uint8_t *a;
	int i, n;

	vm_create(&vm, 0);
	a = mmap(NULL, 4 * MB, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (a == MAP_FAILED)
		die("memory");

	EXPECT_ERRNO("unknown-flag", vm_set_slot(&vm, 0, 4, 0, MB, a), EINVAL);
	EXPECT_ERRNO("high-flag", vm_set_slot(&vm, 0, 1u << 31, 0, MB, a), EINVAL);
	EXPECT_ERRNO("odd-size", vm_set_slot(&vm, 0, 0, 0, MB + 1, a), EINVAL);
	EXPECT_ERRNO("odd-gpa", vm_set_slot(&vm, 0, 0, 0x10, MB, a), EINVAL);
	EXPECT_ERRNO("odd-hva", vm_set_slot(&vm, 0, 0, 0, MB, a + 8), EINVAL);
	EXPECT_ERRNO("slot-number", vm_set_slot(&vm, 0xffff, 0, 0, MB, a), EINVAL);
	EXPECT_ERRNO("address-space", vm_set_slot(&vm, 1 << 16, 0, 0, MB, a),
		     EINVAL);
	EXPECT_ERRNO("gpa-wraps",
		     vm_set_slot(&vm, 0, 0, ~0xfffull, 2 * PAGE, a), EINVAL);
	EXPECT_ERRNO("gpa-beyond-64G",
		     vm_set_slot(&vm, 0, 0, 64ull << 30, PAGE, a), EINVAL);
	EXPECT_ERRNO("gpa-across-64G",
		     vm_set_slot(&vm, 0, 0, (64ull << 30) - PAGE, 2 * PAGE, a),
		     EINVAL);
	EXPECT_ERRNO("hva-kernel",
		     vm_set_slot(&vm, 0, 0, 0, PAGE,
				 (void *)0xffff888000000000ul), EINVAL);
	EXPECT_ERRNO("hva-tagged",
		     vm_set_slot(&vm, 0, 0, 0, PAGE,
				 (void *)((uintptr_t)a | 1ul << 58)), EINVAL);
	EXPECT_ERRNO("hva-wraps",
		     vm_set_slot(&vm, 0, 0, 0, MB, (void *)0x7ffffffff000ul),
		     EINVAL);
	EXPECT_ERRNO("delete-none", vm_set_slot(&vm, 0, 0, 0, 0, a), EINVAL);

	EXPECT_ERRNO("create", vm_set_slot(&vm, 0, 0, 0, MB, a), 0);
	EXPECT_ERRNO("create-again", vm_set_slot(&vm, 0, 0, 0, MB, a), 0);
	EXPECT_ERRNO("overlap", vm_set_slot(&vm, 1, 0, MB - PAGE, MB, a + MB),
		     EEXIST);
	EXPECT_ERRNO("adjacent", vm_set_slot(&vm, 1, 0, MB, MB, a + MB), 0);
	EXPECT_ERRNO("overlap-inside",
		     vm_set_slot(&vm, 2, 0, MB + PAGE, PAGE, a), EEXIST);
	EXPECT_ERRNO("overlap-around", vm_set_slot(&vm, 2, 0, 0, 4 * MB, a),
		     EEXIST);
	EXPECT_ERRNO("resize", vm_set_slot(&vm, 1, 0, MB, 2 * MB, a + MB), EINVAL);
	EXPECT_ERRNO("other-memory", vm_set_slot(&vm, 1, 0, MB, MB, a), EINVAL);
	EXPECT_ERRNO("move-onto", vm_set_slot(&vm, 1, 0, MB / 2, MB, a + MB),
		     EEXIST);
	EXPECT_ERRNO("move", vm_set_slot(&vm, 1, 0, MB + MB / 2, MB, a + MB), 0);
	EXPECT_ERRNO("move-on-itself",
		     vm_set_slot(&vm, 1, 0, MB + PAGE, MB, a + MB), 0);
	EXPECT_ERRNO("to-readonly",
		     vm_set_slot(&vm, 1, KVM_MEM_READONLY, MB + PAGE, MB, a + MB),
		     EINVAL);
	EXPECT_ERRNO("dirty-log-off",
		     ioctl(vm.fd, KVM_GET_DIRTY_LOG,
			   &(struct kvm_dirty_log){ .slot = 1,
						    .dirty_bitmap = a }), ENOENT);
	EXPECT_ERRNO("dirty-log-on",
		     vm_set_slot(&vm, 1, KVM_MEM_LOG_DIRTY_PAGES, MB + PAGE, MB,
				 a + MB), 0);
	EXPECT_ERRNO("dirty-log-get",
		     ioctl(vm.fd, KVM_GET_DIRTY_LOG,
			   &(struct kvm_dirty_log){ .slot = 1,
						    .dirty_bitmap = a }), 0);
	EXPECT_ERRNO("delete", vm_set_slot(&vm, 1, 0, 0, 0, NULL), 0);
	EXPECT_ERRNO("readonly",
		     vm_set_slot(&vm, 1, KVM_MEM_READONLY, 4 * MB, MB, a + MB), 0);

	n = ioctl(vm.dev, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS);
	for (i = 2; i < n; i++)
		if (vm_set_slot(&vm, i, 0, (64ull << 20) + i * 2 * PAGE, PAGE, a))
			break;
	EXPECT_EQ("all-slots", i, n);
	EXPECT_ERRNO("one-more",
		     vm_set_slot(&vm, i, 0, 128ull << 20, PAGE, a), EINVAL);
	vm_destroy(&vm);
	return test_exit();
}
