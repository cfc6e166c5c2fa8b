#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# media.py in the test host: a Debian guest whose CDs and floppies change.
#
#   media.sh [NAME...]	the tests of those names
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
mkdir -p "$top/build/run"
work=$(mktemp -d "$top/build/run/media.XXXXXX")
trap 'rm -rf "$work"' EXIT
MODULES="ata_piix sr_mod floppy" "$top/scripts/guest-initrd" "$work/initrd" \
	"$(< "$here/media_guest.sh")" || exit 1
export GUEST_KERNEL=$top/build/guest/debian-686/vmlinuz INITRD=$work/initrd
MEM=${MEM:-1024} TIMEOUT=${TIMEOUT:-900} PASSENV="GUEST_KERNEL INITRD" \
	"$top/scripts/testhost" "python3 $(printf '%q ' "$here/media.py" "$@")"
