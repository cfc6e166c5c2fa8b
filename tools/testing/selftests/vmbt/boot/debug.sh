#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# On the kernel that looks for defects itself (scripts/debug-kernel: KASAN,
# lockdep, KMEMLEAK and more), which is also the in-tree build of the series:
# the tests of the interface on the module's double and on the module, the
# world switch, boots, and vmbt-run killed at random moments. scripts/testhost
# makes any report of the kernel's a failure, leaks found at its end included.
#
#   debug.sh BOOTS KILLS
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
D=$top/build/debug
status=0
"$top/scripts/debug-kernel" || { echo "not ok debug-kernel: does not build"; exit 1; }
echo "ok debug-kernel"
# KASAN's shadow and quarantine take their share.
export KERNEL=debug MEM=2048 TIMEOUT=6000

# step NAME COMMAND...: its test lines, and its status as one more.
step() {
	local name=$1
	"${@:2}" > "$D/$name.out" 2>&1
	local s=$?
	grep -aE '^(ok|not ok|skip) ' "$D/$name.out"
	if [ $s -eq 0 ]; then
		echo "ok debug-$name"
	else
		echo "not ok debug-$name: status $s; the end of build/debug/$name.out:"
		tail -n 60 "$D/$name.out"
		status=1
	fi
}
# In the environment: on the command line kbuild would take O for its own.
export O=$D/api KDIR=$D/tree
step fake make -C "$here/../api" check-fake
step real make -C "$here/../api" check-real
step trips "$top/scripts/testhost" "$here/../api/switch/trips.sh 2000"
step kills "$here/kills.sh" "$1" "$2"
exit $status
