#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Copies what the build of the module made to where everything looks for it:
# DIR/vmbt.ko, and the image with debug information as DIR/vmm/vmm.elf. Only
# a changed file is touched. With --system, for a real machine: into the
# modules of the running kernel.
#
#   scripts/install-module.sh TREE DIR
#   scripts/install-module.sh --system DIR
set -euo pipefail
if [ "$1" = --system ]; then
	d=/lib/modules/$(uname -r)/updates
	mkdir -p "$d"
	install -m 644 "$2/vmbt.ko" "$d/vmbt.ko"
	depmod -a
	echo "installed $d/vmbt.ko; now: modprobe vmbt"
	exit 0
fi
put() {
	cmp -s "$1" "$2" && return 0
	mkdir -p "$(dirname "$2")"
	cp "$1" "$2.new.$$"
	mv "$2.new.$$" "$2"
}
put "$1/arch/x86/vmbt/vmbt.ko" "$2/vmbt.ko"
put "$1/arch/x86/vmbt/vmm-build/vmm.elf" "$2/vmm/vmm.elf"
