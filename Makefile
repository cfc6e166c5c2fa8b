# SPDX-License-Identifier: GPL-2.0
#
# The entry to everything a person or a machine does here: build, run, check.
# Kernels, downloads and output live under build/; `make help` lists the
# targets. The work itself is in scripts/ and in the Makefiles of the parts.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
B := $(CURDIR)/build
# HEADERS=/lib/modules/$(uname -r)/build builds for this machine's own kernel,
# and then neither installs packages nor downloads anything.
HEADERS := $(B)/headers/build
STOCK := $(filter file,$(origin HEADERS))

# Test data beside the repository; tests that need it skip where it is absent.
DATA ?= ../shared
override DATA := $(abspath $(DATA))
GUEST ?= debian-686
HOST ?= qemu
KERNEL ?= stock
export DATA HOST KERNEL

all: module tools

deps:
	@mkdir -p $(B)
	@$(if $(STOCK),scripts/deps.sh,:)

# What the tests need beyond that, asked for before anything is built.
deps-check:
	@scripts/deps.sh --check

fetch: deps
	@scripts/fetch.sh host headers guest

# kbuild puts objects beside the sources: give it a tree of links of its own.
module: deps
	@$(if $(STOCK),scripts/fetch.sh host headers,:)
	@flock $(B)/.module.lock $(MAKE) module-locked

# Two makes at once would pull each other's objects away.
module-locked:
	@scripts/mirror.sh $(B)/module
	@$(MAKE) -C $(HEADERS) M=$(B)/module CONFIG_DEBUG_INFO_BTF_MODULES= \
		$(if $(V),,-s) modules
	@scripts/install-module.sh $(B)/module $(B)

tools: deps
	@flock $(B)/.tools.lock $(MAKE) -C tools/vmbt-run O=$(B) $(if $(V),,-s)

# What make itself ends with is 2 whatever failed: name the status.
say = || { s=$$?; echo "make $@: ended with status $$s" >&2; exit $$s; }

run: module tools kernel
	@scripts/fetch.sh guest
	@scripts/run $(GUEST) $(say)

host: module tools kernel
	@scripts/testhost "$$EXEC" $(say)

guest-native: deps
	@scripts/guest-native $(GUEST) "$$EXEC" $(say)

# The kernel of the test host, where it is not Debian's.
kernel: deps
	@$(if $(filter debug,$(KERNEL)),scripts/debug-kernel,:)

check: deps-check module tools
	@scripts/fetch.sh guest checkpatch
	@tools/testing/selftests/vmbt/run.sh $(PARTS)

check-guests: deps-check module tools
	@scripts/fetch.sh guest
	@tools/testing/selftests/vmbt/boot/long.sh $(ITEM)

check-deep: deps-check module tools
	@scripts/fetch.sh guest
	@tools/testing/selftests/vmbt/run.sh deep $(ITEM)

# What operations of a guest cost: Documentation/vmbt/performance.rst.
bench: deps-check module tools
	@scripts/fetch.sh guest
	@$(MAKE) -s -C tools/testing/selftests/vmbt/bench bench ROW='$(ROW)' $(say)

lint: deps
	@scripts/fetch.sh checkpatch
	@scripts/lint.sh

series: deps
	@scripts/series.sh

install: module
	@scripts/install-module.sh --system $(B)

clean:
	rm -rf build/module build/vmbt.ko build/vmbt-run build/check

help:
	@scripts/help.sh

.PHONY: all deps deps-check fetch module module-locked tools kernel run host \
	guest-native check check-guests check-deep bench lint series install clean help
