#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The guest's clock against the test host's: first DURATION seconds (default
# 600) idle, then as long under load. The guest says its uptime at both ends of
# each stretch, the test host notes its own clock when the line arrives. Less
# than 0.5 % may be between them.
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
guest=${1:-debian-686}
duration=${DURATION:-600}
mkdir -p "$out"
"$top/scripts/guest-initrd" "$out/clock.initrd" '
say() { echo "clock $1 $(cut -d" " -f1 /proc/uptime)"; }
sleep 3
say idle-begin
sleep '$duration'
say idle-end
awk "BEGIN { while (1) s += 1 }" &
(while :; do ls -l /bin /sys > /dev/null; done) &
say load-begin
sleep '$duration'
say load-end
cat /sys/devices/system/clocksource/clocksource0/current_clocksource
' || exit 1

inner='
. '$here'/inhost.sh
K='$top/build/guest/$guest/vmlinuz' I='$out/clock.initrd'
(guest) | while IFS= read -r line; do
	case $line in
	"clock "*)	echo "$(now) $line" ;;
	*)		echo "$line" ;;
	esac
done
'
TIMEOUT=$((2 * duration + 300)) "$top/scripts/testhost" "$inner" > "$out/clock.log" 2>&1
status=0
tr -d '\r' < "$out/clock.log" | awk '
$2 == "clock" { split($3, n, "-"); host[n[1], n[2]] = $1; own[n[1], n[2]] = 1000 * $4 }
END {
	split("idle load", which, " ")
	for (i = 1; i <= 2; i++) {
		w = which[i]
		h = host[w, "end"] - host[w, "begin"]
		g = own[w, "end"] - own[w, "begin"]
		if (h <= 0 || g <= 0) {
			print "not ok clock-" w ": no result"
			bad = 1
			continue
		}
		printf "%s: %.1f s of the host are %.1f s of the guest: %+.3f %%\n",
			w, h / 1000, g / 1000, 100 * (g - h) / h
		off = (g - h) / h
		if (off < 0)
			off = -off
		if (off < 0.005) {
			print "ok clock-" w
		} else {
			print "not ok clock-" w ": 0.5 % or more"
			bad = 1
		}
	}
	exit bad
}' || status=1
[ $status -eq 0 ] || tail -n 8 "$out/clock.log" | sed 's/^/    /'
exit $status
