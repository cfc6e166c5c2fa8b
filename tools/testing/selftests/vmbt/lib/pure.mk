# SPDX-License-Identifier: GPL-2.0
#
# The image's pure sources as objects for a user-space test, with sanitizers.
# A test's Makefile sets TOP and O, includes this, and links $(PURE_OBJS) (all
# folders) or $(call pure,cpu desc mmu ...).

PURE_CFLAGS := -std=gnu11 -g -O2 -mno-red-zone -Wall -Wextra -Werror \
	-fno-omit-frame-pointer -I$(TOP)/arch/x86/vmbt/include
SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=undefined
VMM := $(TOP)/arch/x86/vmbt/vmm
PURE_DIRS := core cpu decode desc direct interp lib mmu bt chip ring1
PURE_HDRS := $(wildcard $(VMM)/*.h $(VMM)/*/*.h $(TOP)/arch/x86/vmbt/include/*.h)

pure = $(foreach d,$(1),$(patsubst $(VMM)/%,$(O)/vmm/%.o,$(basename $(wildcard $(VMM)/$(d)/*.c $(VMM)/$(d)/*.S))))
PURE_OBJS = $(call pure,$(PURE_DIRS))

$(O)/vmm/%.o: $(VMM)/%.c $(PURE_HDRS)
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) $(SANITIZE) -c -o $@ $<

# The ring-1 runtime: 32-bit code, which is data to the process.
$(O)/vmm/%.o: $(VMM)/%.S $(PURE_HDRS)
	@mkdir -p $(@D)
	$(CC) -c -o $@ $<

$(O)/engine.o: $(TOP)/tools/testing/selftests/vmbt/lib/engine.c $(PURE_HDRS)
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) $(SANITIZE) -c -o $@ $<
