#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# net.py in the test host: a Debian guest and network cards.
#
#   net.sh [NAME...]	the tests of those names
#
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
mkdir -p "$top/build/run"
work=$(mktemp -d "$top/build/run/net.XXXXXX")
trap 'rm -rf "$work"' EXIT
MODULES=pcnet32 "$top/scripts/guest-initrd" "$work/initrd" \
	"$(< "$here/net_guest.sh")" || exit 1
export GUEST_KERNEL=$top/build/guest/debian-686/vmlinuz INITRD=$work/initrd
MEM=${MEM:-1024} TIMEOUT=${TIMEOUT:-1200} PASSENV="GUEST_KERNEL INITRD MB" \
	"$top/scripts/testhost" "python3 $(printf '%q ' "$here/net.py" "$@")"
