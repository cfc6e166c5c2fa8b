#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many guests at once: scale.py in a test host with one CPU under -icount, where a
# second is a thousand million instructions, whatever else the machine does.
# 40 MB is little more than debian-686 boots with; its kernel is unpacked beforehand.
#
# The usual limit of a user's locked memory (user_kb, api.rst) has room for 25 VMs, and
# vmbt-run gives up the capability to exceed it: so it is lifted here.
#
# Environment: GUESTS=32, TIMEOUT.
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
mkdir -p "$out"
FILES=${ROUNDS:-$top/build/boot/rounds} "$top/scripts/guest-initrd" "$out/scale.initrd" \
	'exec rounds' || exit 1
"$here/unpacked.py" "$top/build/guest/debian-686/vmlinuz" "$out/unpacked" || exit 1
export GUEST_KERNEL=$out/unpacked INITRD=$out/scale.initrd
ICOUNT=1 MEM=${MEM:-3072} TIMEOUT=${TIMEOUT:-6000} PASSENV="GUEST_KERNEL INITRD" \
	"$top/scripts/testhost" "ulimit -l unlimited; python3 -B '$here/scale.py' ${GUESTS:-32} 40"
