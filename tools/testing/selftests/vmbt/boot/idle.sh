#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An idle guest must use less than 3 % of a CPU of the test host: a guest that
# sleeps is watched for DURATION seconds (default 30).
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
guest=${1:-debian-686}
mkdir -p "$out"
"$top/scripts/guest-initrd" "$out/idle.initrd" 'echo now-idle; sleep 10000' || exit 1

inner='
. '$here'/inhost.sh
K='$top/build/guest/$guest/vmlinuz' I='$out/idle.initrd'
(guest > /tmp/out) & pid=$!
until_line /tmp/out now-idle 120 || exit 1
sleep 8
u0=$(used $pid) t0=$(now) s0=$(cut -d" " -f14,15 /proc/$pid/stat)
sleep '${DURATION:-30}'
u1=$(used $pid) t1=$(now) s1=$(cut -d" " -f14,15 /proc/$pid/stat)
echo "used $((u1 - u0)) of $((t1 - t0))"
echo "by ticks (user, system): before $s0, after $s1"
cat /sys/kernel/debug/vmbt/*/stats
kill $pid
'
TIMEOUT=600 "$top/scripts/testhost" "$inner" > "$out/idle.log" 2>&1
read -r used of < <(sed -n 's/^used \([0-9]*\) of \([0-9]*\)$/\1 \2/p' "$out/idle.log")
if [ -z "${of:-}" ]; then
	echo "not ok idle-$guest: no result"
	tail -n 5 "$out/idle.log" | sed 's/^/    /'
	exit 1
fi
share=$((10000 * used / of))
printf 'an idle %s uses %d.%02d %% of a CPU of the test host\n' "$guest" \
	$((share / 100)) $((share % 100))
if [ "$share" -lt 300 ]; then
	echo "ok idle-$guest"
else
	echo "not ok idle-$guest: not under 3 %"
	exit 1
fi
