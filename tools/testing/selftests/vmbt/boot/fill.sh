#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fill.py in the test host: trips out of the VMM to fill a screen with planes.
# Environment: FILL, the disk, which the Makefile makes.
#
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
[ -e /usr/share/seabios/vgabios-stdvga.bin ] || {
	echo "skip fill: no VGA BIOS (Debian package seabios)"
	exit 0
}
export FILL=${FILL:-$top/build/boot/fill.img}
MEM=${MEM:-768} TIMEOUT=${TIMEOUT:-600} PASSENV=FILL "$top/scripts/testhost" \
	"mount -t debugfs none /sys/kernel/debug 2> /dev/null; python3 $here/fill.py"
