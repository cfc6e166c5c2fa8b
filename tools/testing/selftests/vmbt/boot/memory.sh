#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a VM costs the host beside its guest's RAM: memory.py in a test host that has
# room for the largest guest.
#
# The guest says when it idles, is let go on by a byte in its serial port, and writes
# to most of what it has free.
#
#   memory.sh [MEGABYTES...]
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
[ $# -ne 0 ] || set -- 128 512 1024 2048
mkdir -p "$out"
"$top/scripts/guest-initrd" "$out/memory.initrd" '
stty -echo < /dev/ttyS0
echo idle
read line < /dev/ttyS0
free=$(awk "/^MemFree/ { print \$2 }" /proc/meminfo)
mount -o remount,size=100% /tmp
dd if=/dev/zero of=/tmp/z bs=64k count=$((free * 9 / 10 / 64)) 2> /dev/null
echo written
sleep 10000' || exit 1
export GUEST_KERNEL=$top/build/guest/debian-686/vmlinuz INITRD=$out/memory.initrd
ICOUNT=1 MEM=${MEM:-4096} TIMEOUT=${TIMEOUT:-1800} PASSENV="GUEST_KERNEL INITRD" \
	"$top/scripts/testhost" "python3 -B '$here/memory.py' $*"
