#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# `make -C tools/testing/selftests TARGETS=vmbt run_tests` in a Linux tree that
# the series was applied to, by kselftest's own Makefiles and runner: where there
# is no /dev/vmbt each test of the interface must be skipped and say why; in the
# test host each must run and pass. And what they print must be KTAP.
#
#   kselftest.sh DIR
set -uo pipefail
top=$(cd "$(dirname "$(readlink -f "$0")")/../../../../.." && pwd)
O=$1
mkdir -p "$O"
status=0
ok() { echo "ok kselftest-$1"; }
bad() { echo "not ok kselftest-$1"; status=1; }
run="make -s -C $top/build/linux/tree/tools/testing/selftests TARGETS=vmbt"

# ktap LOG: the plan kept, numbers in order, each test's own output as well.
ktap() {
	awk '
	function start(level) { plan[level] = -1; n[level] = 0; open[level] = 1 }
	function fault(why) { print "line " NR ": " why; bad = 1 }
	function end(level) {
		if (!open[level])
			return
		if (plan[level] != n[level])
			fault("planned " plan[level] " tests, saw " n[level])
		open[level] = 0
	}
	{ level = 0; line = $0 }
	/^# / { level = 1; line = substr($0, 3) }
	line == "TAP version 13" { end(level); start(level); next }
	!open[level] { next }
	line ~ /^1\.\.[0-9]+/ { plan[level] = substr(line, 4) + 0; next }
	line ~ /^(not )?ok / {
		split(line, w, " ")
		if ((w[1] == "ok" ? w[2] : w[3]) != ++n[level])
			fault("number out of order: " line)
		if (level == 0)
			end(1)
	}
	END { end(0); exit bad || !NR }' "$1"
}

"$top/scripts/linux-tree" || { bad "tree: the series does not apply"; exit 1; }
if ! $run ONLY="api unit/cpu" all > "$O/build.log" 2>&1; then
	tail -5 "$O/build.log" | sed 's/^/    /'
	bad build
	exit 1
fi
ok build

$run ONLY="api unit/cpu" run_tests > "$O/here.log" 2>&1
if why=$(ktap "$O/here.log"); then ok ktap; else bad "ktap: $(head -1 <<< "$why")"; fi
if ! grep -q '^ok [0-9]* selftests: vmbt: unit-cpu-far$' "$O/here.log" ||
   grep '^not ok' "$O/here.log"; then
	bad "unit: kselftest/here.log"
else
	ok unit
fi
if [ -e /dev/vmbt ]; then
	echo "skip kselftest-skip: this machine has a /dev/vmbt"
elif grep -q '^ok [0-9]* selftests: vmbt: api-run # SKIP$' "$O/here.log" &&
     grep -q '^# 1\.\.0 # SKIP no /dev/vmbt' "$O/here.log" &&
     ! grep '^ok.*vmbt: api-[a-z]*$' "$O/here.log"; then
	ok skip
else
	bad "skip: without /dev/vmbt: kselftest/here.log"
fi

"$top/scripts/testhost" "$run ONLY=api run_tests" > "$O/host.log" 2>&1
if why=$(ktap "$O/host.log"); then ok ktap-host; else bad "ktap-host: $(head -1 <<< "$why")"; fi
# The programs' own lines must be there, or the check above saw only the list.
if ! grep -q '^ok [0-9]* selftests: vmbt: api-run$' "$O/host.log" ||
   ! grep -q '^# ok 1 ' "$O/host.log" ||
   grep '^not ok\|^ok .*SKIP' "$O/host.log"; then
	grep '^# not ok' "$O/host.log" | head -5
	# From what the test host says itself on, a panic's first lines among it.
	sed -n '/^testhost: /,$p' "$O/host.log" | head -60 | sed 's/^/    /'
	tail -3 "$O/host.log" | sed 's/^/    /'
	bad "host: kselftest/host.log"
else
	ok host
fi
exit $status
