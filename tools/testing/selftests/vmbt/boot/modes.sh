#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A disk that shows a pattern in every mode of the VGA BIOS, under vmbt in the test host
# and on qemu-system-i386: what the screens show must be the same (modes.py).
#
#   modes.sh [PROGRAM]	with a PROGRAM, a vmbt-run that needs no test host
#
# KEEP=DIRECTORY keeps the pictures. MODES: the disk, which the Makefile makes.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
MODES=${MODES:-$top/build/boot/modes.img}
[ -e /usr/share/seabios/vgabios-stdvga.bin ] || {
	echo "skip modes: no VGA BIOS (Debian package seabios)"
	exit 0
}
mkdir -p "$top/build/run"
work=${KEEP:-$(mktemp -d "$top/build/run/modes.XXXXXX")}
[ -n "${KEEP:-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work/ours" "$work/qemu"
timeout 600 python3 "$here/modes.py" show qemu-system-i386 "$MODES" "$work/qemu" || exit 1
if [ $# -gt 0 ]; then
	python3 "$here/modes.py" show "$1" "$MODES" "$work/ours" || exit 1
else
	MEM=${MEM:-768} TIMEOUT=${TIMEOUT:-900} "$top/scripts/testhost" \
		"python3 $here/modes.py show vmbt-run $MODES -" |
		python3 "$here/modes.py" unpack "$work/ours"
fi
python3 "$here/modes.py" compare "$work/ours" "$work/qemu"
