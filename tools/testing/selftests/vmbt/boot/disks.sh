#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# disks.py in the test host: a Debian guest on IDE disks.
#
#   disks.sh [NAME...]	the tests of those names
#
# LOSSY: lossy.c as a shared object, which the Makefile makes.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
mkdir -p "$top/build/run"
work=$(mktemp -d "$top/build/run/disks.XXXXXX")
trap 'rm -rf "$work"' EXIT
MODULES="crc32c_generic ata_piix sd_mod ext4" "$top/scripts/guest-initrd" "$work/initrd" \
	"$(< "$here/disks_guest.sh")" || exit 1
export GUEST_KERNEL=$top/build/guest/debian-686/vmlinuz INITRD=$work/initrd LOSSY
MEM=${MEM:-1024} TIMEOUT=${TIMEOUT:-1200} PASSENV="GUEST_KERNEL INITRD LOSSY" \
	"$top/scripts/testhost" "python3 $(printf '%q ' "$here/disks.py" "$@")"
