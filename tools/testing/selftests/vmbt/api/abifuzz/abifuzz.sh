#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The interface attacked on the kernel that looks for defects itself
# (scripts/debug-kernel), all in one boot: the fuzzer as a 64-bit program, as a
# 32-bit one, and with faults injected at random, then each allocation failing in
# turn. A report of the kernel's, leaks included, is a failure of the run, by
# scripts/testhost. With max_vms and user_kb the fuzzer's lives without privileges
# meet their limits.
#
#   abifuzz.sh SECONDS [SEED]
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../../.." && pwd)
O=${O:-$top/build/abifuzz}
seconds=$1 seed=${2:-$(date +%s)}
out=$O/deep.out
"$top/scripts/debug-kernel" || { echo "not ok abifuzz-kernel: does not build"; exit 1; }
KERNEL=debug MEM=${MEM:-3072} TIMEOUT=$((seconds * 3 / 2 + 3000)) LOG=$O/deep.log \
MODPARAMS="force=1 hostile=1 max_vms=6 user_kb=40960" \
	"$top/scripts/testhost" "
s=0
NAME=abifuzz $O/abifuzz $((seconds * 45 / 100)) $seed || s=1
NAME=abifuzz32 $O/abifuzz32 $((seconds * 15 / 100)) $((seed + 1)) || s=1
export FAIL=1
NAME=abifuzz-module-faults $here/faults.sh $O/abifuzz $((seconds * 20 / 100)) $((seed + 2)) || s=1
export NAME=abifuzz-faults
$here/faults.sh -a $O/abifuzz $((seconds * 20 / 100)) $((seed + 3)) || s=1
$here/faults.sh $O/failnth 101 || s=1
exit \$s" > "$out" 2>&1
status=$?
grep -aE '^(ok|not ok|skip) |^#' "$out"
if [ $status -eq 0 ]; then
	echo "ok abifuzz-debug-kernel"
else
	echo "not ok abifuzz-debug-kernel: status $status, seed $seed; the end of $out:"
	grep -avE '^(ok|not ok|skip) |^#' "$out" | tail -n 120
fi
exit $status
