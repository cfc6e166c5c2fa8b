#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# packets.py in the test host: world switches for each packet that a guest sends.
# An instruction is a nanosecond (ICOUNT), so that clock ticks have their share and
# a busy machine none. Environment: PACKETS, the guest's program; COUNT, packets a round.
#
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
mkdir -p "$top/build/run"
work=$(mktemp -d "$top/build/run/packets.XXXXXX")
trap 'rm -rf "$work"' EXIT
MODULES=pcnet32 FILES=${PACKETS:-$top/build/boot/packets} "$top/scripts/guest-initrd" \
	"$work/initrd" "$(< "$here/net_guest.sh")" || exit 1
export GUEST_KERNEL=$top/build/guest/debian-686/vmlinuz INITRD=$work/initrd
SMP=${SMP:-1} ICOUNT=${ICOUNT-1} MEM=${MEM:-1024} TIMEOUT=${TIMEOUT:-1500} PASSENV="GUEST_KERNEL INITRD COUNT" \
	"$top/scripts/testhost" "mount -t debugfs none /sys/kernel/debug 2> /dev/null;
		python3 $(printf '%q ' "$here/packets.py")"
