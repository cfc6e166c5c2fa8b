#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An idle guest must use less than 3 % of a CPU. The test host has one CPU and
# runs under -icount, so that a CPU is a thousand instructions a microsecond
# whatever else the machine does: what a process of the lowest priority gets
# done beside the idle guest is held against what it gets done alone. (In an
# emulator's own time a world switch is dear, since it empties the emulator's
# caches of translated code; that would be measured otherwise.)
set -u
here=$(dirname "$(readlink -f "$0")")
top=$(cd "$here/../../../../.." && pwd)
out=$top/build/check/boot
guest=${1:-debian-686}
load=${HOSTLOAD:-$top/build/boot/hostload}
mkdir -p "$out"
"$top/scripts/guest-initrd" "$out/idle.initrd" 'echo now-idle; sleep 10000' || exit 1

inner='
. '$here'/inhost.sh
K='$top/build/guest/$guest/vmlinuz' I='$out/idle.initrd'
echo alone $('$load' spin 3)
(guest > /tmp/out) & pid=$!
until_line /tmp/out now-idle 120 || exit 1
sleep 2
echo beside $('$load' spin '${DURATION:-10}')
kill $pid
'
ICOUNT=1 SMP=1 TIMEOUT=600 "$top/scripts/testhost" "$inner" > "$out/idle.log" 2>&1
share=$(awk '$2 == "rounds" { n[$1] = $3 }
	END {
		if (n["alone"] > 1000 && n["beside"] > 0)
			printf "%d", 10000 * (1 - n["beside"] / n["alone"])
	}' "$out/idle.log")
if [ -z "$share" ]; then
	echo "not ok idle-$guest: no result"
	tail -n 5 "$out/idle.log" | sed 's/^/    /'
	exit 1
fi
printf 'an idle %s uses %d.%02d %% of a CPU of 1,000 instructions a microsecond\n' \
	"$guest" $((share / 100)) $((share % 100))
if [ "$share" -gt 0 ] && [ "$share" -lt 300 ]; then
	echo "ok idle-$guest"
else
	echo "not ok idle-$guest: not between 0 and 3 %"
	exit 1
fi
