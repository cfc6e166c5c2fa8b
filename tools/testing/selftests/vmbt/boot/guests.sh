#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Guests that boot through firmware from floppy, disk and CD, in the test host:
# guests.py with what it is given. What it runs comes from Debian's packages and
# from DATA; what is not there is skipped by name.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$(cd "$here/../../../../.." && pwd)
export DATA=${DATA:-$top/../shared}
MEM=${MEM:-768} TIMEOUT=${TIMEOUT:-900} \
	"$top/scripts/testhost" "python3 $(printf '%q ' "$here/guests.py" "$@")"
