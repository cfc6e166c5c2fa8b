#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A busy guest and a busy process of the host on one CPU: each must get half of
# it within 5 %. What is measured is not only what the scheduler thinks, but
# how far the process comes, against how far it comes alone: time that the VMM
# took with interrupts off would not be on anybody's account.
#
# The test host has one CPU here, since another that is busy would take its
# share of the machine that emulates both.
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
guest=${1:-debian-686}
mkdir -p "$out"
"$top/scripts/guest-initrd" "$out/fair.initrd" '
echo now-busy
awk "BEGIN { while (1) s += 1 }"' || exit 1

inner='
. '$here'/inhost.sh
K='$top/build/guest/$guest/vmlinuz' I='$out/fair.initrd' D='${DURATION:-20}'
# Counts in a file until killed, a hundred thousand loops at a time.
(awk "BEGIN { while (1) { for (i = 0; i < 20000; i++) s += i; print ++n; fflush() } }" \
	> /tmp/count) & busy=$!
far() { tail -n 1 /tmp/count; }
sleep 3
c0=$(far) t0=$(now); sleep $D; c1=$(far) t1=$(now)
echo "alone $((c1 - c0)) in $((t1 - t0))"
kill -STOP $busy
(guest > /tmp/out) & pid=$!
until_line /tmp/out now-busy 120 || exit 1
sleep 3
kill -CONT $busy
sleep 3
c0=$(far) t0=$(now) b0=$(used $busy) v0=$(used $pid)
sleep $D
c1=$(far) t1=$(now) b1=$(used $busy) v1=$(used $pid)
echo "together $((c1 - c0)) in $((t1 - t0))"
echo "account $((b1 - b0)) $((v1 - v0))"
kill $pid $busy
'
SMP=1 TIMEOUT=600 "$top/scripts/testhost" "$inner" > "$out/fair.log" 2>&1
awk '
$1 == "alone" { alone = $2 / $4 }
$1 == "together" { together = $2 / $4; wall = $4 }
$1 == "account" { process = $2; vm = $3 }
END {
	if (!alone || !together || !process || !vm) {
		print "not ok fair: no result"
		exit 1
	}
	share = 100 * process / (process + vm)
	came = 100 * together / alone
	printf "beside a busy guest a process of the host has %.1f %% of the CPU by the " \
		"account, and comes %.1f %% as far as alone\n", share, came
	if (share < 45 || share > 55) {
		print "not ok fair-account: not half within 5 %"
		bad = 1
	} else {
		print "ok fair-account"
	}
	if (came < 45 || came > 55) {
		print "not ok fair-progress: not half within 5 %"
		bad = 1
	} else {
		print "ok fair-progress"
	}
	exit bad
}' "$out/fair.log"
status=$?
[ $status -eq 0 ] || tail -n 8 "$out/fair.log" | sed 's/^/    /'
exit $status
