#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A Debian i386 guest with an X server, under vmbt in the test host and on
# qemu-system-i386: used the same way, both must show the same (xorg.py). Makes the
# guest's disk (scripts/guest-disk), if it is not there.
#
#   xorg.sh [PROGRAM]	with a PROGRAM, a vmbt-run that needs no test host
#
# KEEP=DIRECTORY keeps the pictures, but those that the test host takes with it.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap > /dev/null; then
	echo "skip xorg: needs root and mmdebstrap to make the disk"
	exit 0
fi
"$top/scripts/guest-disk" xorg-disk || { echo "not ok xorg: no disk"; exit 1; }
disk=$top/build/guest/xorg-disk/disk.img
mkdir -p "$top/build/run"
work=${KEEP:-$(mktemp -d "$top/build/run/xorg.XXXXXX")}
[ -n "${KEEP:-}" ] || trap 'rm -rf "$work"' EXIT
"$here/xorg.py" qemu-system-i386 "$disk" "$work/qemu" || exit 1
if [ $# -gt 0 ]; then
	"$here/xorg.py" "$1" "$disk" "$work/ours" "$work/qemu"
else
	MEM=${MEM:-1024} TIMEOUT=${TIMEOUT:-7200} PASSENV=SHOW \
		"$top/scripts/testhost" "$here/xorg.py vmbt-run $disk /tmp/xorg $work/qemu"
fi
