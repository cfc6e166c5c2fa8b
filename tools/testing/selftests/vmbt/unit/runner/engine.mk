# SPDX-License-Identifier: GPL-2.0
# $(O)/vmbt-run-engine: vmbt-run on lib/engine.c. Too slow for a check, good for
# finding out what a guest wants from a device, under a debugger. Not built with
# the sanitizers, which would make it slower still.

TOP := $(abspath ../../../../../..)
O ?= $(TOP)/build/runner/engine
RUN := $(TOP)/tools/vmbt-run
CHIP := $(TOP)/arch/x86/vmbt/vmm/chip
SANITIZE :=

all: $(O)/vmbt-run-engine

include ../../lib/pure.mk

include $(RUN)/sources.mk
SRCS := $(filter-out vmm,$(VMBT_RUN_SRCS:.c=))

$(O)/vmbt-run-engine: $(SRCS:%=$(RUN)/%.c) engine_vmm.c $(PURE_OBJS) $(O)/engine.o
	$(CC) $(PURE_CFLAGS) -D_GNU_SOURCE -DSANDBOX_DEFAULT=false -pthread -I$(RUN) -I$(RUN)/chip -I$(RUN)/backend -I$(RUN)/display -I$(RUN)/frontend \
		-I$(CHIP) -I$(TOP)/arch/x86/vmbt/include -idirafter $(TOP)/include/uapi \
		-o $@ $^ -Wl,--wrap=interp_step $(VMBT_RUN_LIBS)

.PHONY: all
