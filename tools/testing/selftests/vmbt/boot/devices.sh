#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# devices.py in the test host: a Debian guest and devices of which a PC may have some.
#
#   devices.sh [NAME...]	the tests of those names
#
# TONE: tone.c as a program for i386, which the Makefile makes. MB: how many megabytes
# each network card carries in the test of everything at once.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
mkdir -p "$top/build/run"
work=$(mktemp -d "$top/build/run/devices.XXXXXX")
trap 'rm -rf "$work"' EXIT
FILES=$TONE MODULES="BusLogic sd_mod sr_mod ata_piix pcnet32 floppy snd-sb16 snd-pcm-oss
	snd-mixer-oss parport_pc lp" "$top/scripts/guest-initrd" "$work/initrd" \
	"$(< "$here/devices_guest.sh")" || exit 1
export GUEST_KERNEL=$top/build/guest/debian-686/vmlinuz INITRD=$work/initrd
MEM=${MEM:-1024} TIMEOUT=${TIMEOUT:-2400} PASSENV="GUEST_KERNEL INITRD MB" \
	"$top/scripts/testhost" "python3 $(printf '%q ' "$here/devices.py" "$@")"
