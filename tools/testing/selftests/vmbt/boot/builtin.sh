#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The series built in, CONFIG_VMBT=y, in the kernel that looks for defects itself:
# it boots, has /dev/vmbt, passes the tests of the interface and boots debian-686.
# The same as a module is debug.sh's.
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
D=$top/build/debug
status=0
{ "$top/scripts/debug-kernel" && "$top/scripts/debug-kernel" builtin; } ||
	{ echo "not ok builtin-kernel: does not build"; exit 1; }
echo "ok builtin-kernel"
export KERNEL=debug-builtin MEM=2048 TIMEOUT=3000

# step NAME COMMAND...: its test lines, and its status as one more.
step() {
	local name=$1
	"${@:2}" > "$D/$name.out" 2>&1
	local s=$?
	grep -aE '^(ok|not ok|skip) ' "$D/$name.out"
	if [ $s -eq 0 ]; then
		echo "ok builtin-$name"
	else
		echo "not ok builtin-$name: status $s; the end of build/debug/$name.out:"
		tail -n 40 "$D/$name.out"
		status=1
	fi
}
step device "$top/scripts/testhost" 'grep " vmbt" /proc/misc && ! grep "^vmbt" /proc/modules'
EXEC='uname -r | grep 686' step boot "$top/scripts/run" debian-686
export O=$D/api KDIR=$D/tree
step api make -C "$here/../api" check-real
exit $status
